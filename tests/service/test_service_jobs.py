"""Jobs: commands that the service runs for people, one a zone, each to an end that is told, whatever happens."""

from __future__ import annotations

import json
import os
import secrets
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from support import jobs
from support.jobs import ask, ended, reading, slow_zone, when
from support.landproof import landproof
from support.processes import marked, until
from support.service import Served, serving
from support.zones import ALPHA, Zone, daily

ROLES = ("viewer", "auditor", "operator")
_ENDED_SECONDS = 30


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone of three exports that are scanned in no time."""
    zone = Zone(tmp_path)
    zone.exports(3)
    zone.settings(daily())
    return zone


def jobs_of(client: httpx.Client) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = client.get("/api/v1/jobs").raise_for_status().json()["jobs"]
    return listed


def test_a_scan_makes_the_catalog_and_carries_who_asked_for_it(zone: Zone) -> None:
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ended(client, ask(client, "scan", zone="zone"))
        assert (job["state"], job["exit_status"], job["asked_by"]) == ("succeeded", 0, "operator")
        document = client.get(f"/api/v1/jobs/{job['id']}/document").json()
        assert document["schema"] == "landproof/scan/1"
        assert job["recorded_id"] == document["scan_id"]
        assert job["document_bytes"] == len(client.get(f"/api/v1/jobs/{job['id']}/document").content)
        scan = client.get(f"/api/v1/scans/{job['recorded_id']}").json()["scan"]
        assert scan["run_by"].startswith("operator (token) via ")
    said = zone.run("sql", "SELECT DISTINCT run_by FROM scans").out
    assert "operator (token) via " in said


def test_what_a_job_answers_is_what_the_command_answers_byte_for_byte(zone: Zone) -> None:
    zone.scan()
    with serving(zone.config, roles=ROLES) as served, served.client("auditor") as client:
        for command in ("ledger verify", "catalog verify"):
            job = ended(client, ask(client, command))
            assert job["state"] == "succeeded"
            told = client.get(f"/api/v1/jobs/{job['id']}/document").content
            assert told.decode() == landproof(*command.split(), "--json", "--config", zone.config).out


def test_evidence_is_saved_under_a_name_of_its_period(zone: Zone) -> None:
    zone.scan()
    period = {"from": "2026-09-01", "to": "2026-09-20"}
    with serving(zone.config, roles=ROLES) as served, served.client("auditor") as client:
        bundle = ended(client, ask(client, "audit bundle", **period))
        report = ended(client, ask(client, "audit report", format="csv", **period))
        assert (bundle["state"], report["state"]) == ("succeeded", "succeeded")
        file = client.get(f"/api/v1/jobs/{bundle['id']}/file")
        assert file.headers["content-disposition"] == (
            'attachment; filename="landproof-evidence-20260901-20260920.zip"'
        )
        kept = zone.folder / "saved.zip"
        kept.write_bytes(file.content)
        assert landproof("audit", "verify", kept).status in (0, 1)
        rows = client.get(f"/api/v1/jobs/{report['id']}/file")
        assert rows.headers["content-type"].startswith("text/csv")
        assert rows.headers["content-security-policy"] == "default-src 'none'; sandbox"
        words = ("audit", "report", "--from", "2026-09-01", "--to", "2026-09-20", "--format", "csv")
        assert rows.content.decode("utf-8") == landproof(*words, "--config", zone.config).out
        assert client.get(f"/api/v1/jobs/{report['id']}/document").json()["schema"] == "landproof/audit-report/1"


def test_two_scans_of_one_zone_run_one_after_the_other_and_the_second_says_for_whom_it_waits(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 60)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        first = ask(client, "scan", zone="zone")
        second = ask(client, "scan", dataset=f"zone/{ALPHA}")
        assert second["state"] == "queued"
        assert second["waits_for"] == "the scan that has zone zone, asked for by operator"
        other = ended(client, ask(client, "ledger verify"))  # which wants no zone, and overtakes
        assert other["state"] in ("succeeded", "failed")
        assert jobs.get(client, second)["state"] == "queued"
        before, after = ended(client, first), ended(client, second)
        assert before["state"] == after["state"] == "succeeded"
        assert before["finished_at"] <= after["started_at"]


def test_a_job_that_is_cancelled_records_what_it_finished_and_leaves_no_process(tmp_path: Path) -> None:
    zone, mark = slow_zone(tmp_path, 900), secrets.token_hex(8)
    with (
        serving(zone.config, roles=ROLES, environment={"LANDPROOF_TEST_MARK": mark}) as served,
        served.client("operator") as client,
    ):
        job, waiting = ask(client, "scan"), ask(client, "check")
        behind = ask(client, "scan")
        ended(client, waiting)
        reading(client, job)
        assert client.post(f"/api/v1/jobs/{behind['id']}/cancel").json()["state"] == "cancelled"
        assert client.post(f"/api/v1/jobs/{job['id']}/cancel").json()["is_being_ended"]
        over = ended(client, job, _ENDED_SECONDS)
        assert (over["state"], over["exit_status"]) == ("cancelled", 130)
        assert over["message"] == "interrupted; what was finished is recorded"
        assert until(lambda: marked(mark) == {served.process.pid}, 5)
        scans = client.get("/api/v1/scans").json()["scans"]
        assert [scan["state"] for scan in scans] == ["unfinished"]
    assert zone.run("ledger", "verify").status in (0, 1)


def test_a_command_that_is_killed_is_told_and_what_it_began_goes_with_it(tmp_path: Path) -> None:
    zone, mark = slow_zone(tmp_path, 900), secrets.token_hex(8)
    with (
        serving(zone.config, roles=ROLES, environment={"LANDPROOF_TEST_MARK": mark}) as served,
        served.client("operator") as client,
    ):
        job = ask(client, "scan")
        reading(client, job)
        record = json.loads(next((tmp_path / "landproof.service" / "jobs").glob("*.job.json")).read_text())
        os.kill(record["process"][0], signal.SIGKILL)
        over = ended(client, job, _ENDED_SECONDS)
        assert (over["state"], over["exit_status"]) == ("failed", -9)
        assert over["message"] == "the command was killed by signal 9"
        assert until(lambda: marked(mark) == {served.process.pid}, 5)
        assert ended(client, ask(client, "check"))["state"] == "succeeded"


def test_a_stop_interrupts_what_runs_and_what_waits_and_the_next_start_knows_both(tmp_path: Path) -> None:
    zone, mark = slow_zone(tmp_path, 900), secrets.token_hex(8)
    environment = {"LANDPROOF_TEST_MARK": mark}
    with serving(zone.config, roles=ROLES, environment=environment) as served, served.client("operator") as client:
        running, waiting = ask(client, "scan"), ask(client, "scan")
        reading(client, running)
    assert marked(mark) == set()
    with serving(zone.config) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {served.token('viewer', 'another')}"
        first, second = jobs.get(client, running), jobs.get(client, waiting)
        assert (first["state"], second["state"]) == ("interrupted", "interrupted")
        assert first["message"] == "interrupted; what was finished is recorded"
        assert second["message"] == "the service stopped before this began"


def test_a_service_that_was_killed_ends_at_its_next_start_what_it_left_running(tmp_path: Path) -> None:
    zone, mark = slow_zone(tmp_path, 900), secrets.token_hex(8)
    killed: list[dict[str, Any]] = []

    def kill_in_the_middle() -> None:
        with serving(zone.config, roles=ROLES, environment={"LANDPROOF_TEST_MARK": mark}) as served:
            with served.client("operator") as client:
                killed.append(ask(client, "scan"))
                reading(client, killed[0])
            served.process.kill()
            served.process.wait()

    with pytest.raises(AssertionError):  # it did not end as a service should
        kill_in_the_middle()
    with serving(zone.config) as served, httpx.Client(base_url=served.url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {served.token('viewer', 'another')}"
        job = jobs.get(client, killed[0])
        assert (job["state"], job["message"]) == ("interrupted", "the service stopped while this ran")
        assert until(lambda: marked(mark) == set(), 5)


def test_only_one_service_keeps_jobs_in_a_folder_and_the_other_says_so(zone: Zone) -> None:
    with (
        serving(zone.config, roles=ROLES) as first,
        serving(zone.config) as second,
        httpx.Client(base_url=second.url, trust_env=False) as client,
    ):
        client.headers["Authorization"] = f"Bearer {first.token('operator')}"
        answer = client.post("/api/v1/jobs", json={"command": "scan"})
        assert answer.status_code == 503
        assert answer.json()["detail"].startswith("another service keeps its jobs in ")
        assert client.get("/api/v1/jobs").json()["trouble"]["message"] == answer.json()["detail"]


def test_twenty_wait_at_most(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 900)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        taken = [ask(client, "scan") for _ in range(21)]
        answer = client.post("/api/v1/jobs", json={"command": "scan"})
        assert (answer.status_code, answer.json()["detail"]) == (429, "20 jobs wait already")
        assert answer.headers["retry-after"] == "60"
        when(client, taken[0], ("running",))
        for job in reversed(taken):
            client.post(f"/api/v1/jobs/{job['id']}/cancel").raise_for_status()
        assert ended(client, taken[0], _ENDED_SECONDS)["state"] == "cancelled"
        assert {job["state"] for job in jobs_of(client)} == {"cancelled"}


@pytest.mark.parametrize(
    ("role", "command", "status"),
    [
        ("viewer", {"command": "ledger verify"}, 403),
        ("viewer", {"command": "scan"}, 403),
        ("auditor", {"command": "scan"}, 403),
        ("auditor", {"command": "check"}, 403),
        ("auditor", {"command": "drill", "dataset": ALPHA}, 403),
        ("auditor", {"command": "audit selftest"}, 403),
        ("auditor", {"command": "restore plan", "dataset": ALPHA, "reason": "why"}, 403),
        ("auditor", {"command": "ledger verify"}, 202),
        ("operator", {"command": "check"}, 202),
        (None, {"command": "ledger verify"}, 401),
    ],
)
def test_who_may_have_what_run(closed: Served, role: str | None, command: dict[str, str], status: int) -> None:
    with closed.client(role) as client:
        answer = client.post("/api/v1/jobs", json=command)
        assert answer.status_code == status, answer.text


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service by token over a small zone that was scanned."""
    zone = Zone(tmp_path_factory.mktemp("closed"))
    zone.exports(3)
    zone.settings(daily())
    zone.scan()
    with serving(zone.config, roles=ROLES) as served:
        yield served


@pytest.mark.parametrize(
    "body",
    [
        {"command": "scan", "zone": "--config=/etc/passwd"},
        {"command": "scan", "zone": "-h"},
        {"command": "scan", "zone": "file:///etc"},
        {"command": "scan", "zone": "s3://somewhere/else"},
        {"command": "scan", "zone": "../zone"},
        {"command": "scan", "dataset": "--catalog=/tmp/x"},
        {"command": "scan", "dataset": "file:///etc/passwd"},
        {"command": "scan", "dataset": "zone/--help"},
        {"command": "scan", "dataset": "zone/\u0000"},
        {"command": "scan", "snapshot": "zone/../202609200100"},
        {"command": "scan", "depth": "full --config=x"},
        {"command": "scan", "reverify": "--config=/etc/passwd"},
        {"command": "scan", "config": "/etc/passwd"},
        {"command": "scan", "catalog": "/tmp/other.duckdb"},
        {"command": "scan", "places": ["s3://somewhere/else"]},
        {"command": "check", "zone": "--junit=/tmp/x"},
        {"command": "drill", "dataset": f"zone/{ALPHA}", "scratch": "/tmp"},
        {"command": "drill", "dataset": f"zone/{ALPHA}", "as_of": "--scratch=/tmp"},
        {"command": "audit report", "from": "2026-09-01", "to": "2026-09-20", "out": "/tmp/x"},
        {"command": "audit report", "from": "2026-09-01", "to": "2026-09-20", "format": "../../x"},
        {"command": "audit bundle", "from": "2026-09-01", "to": "--out=/tmp/x"},
        {"command": "audit bundle", "from": "2026-09-01", "to": "2026-09-20", "timestamp": "http://127.0.0.1:1"},
        {"command": "restore plan", "dataset": f"zone/{ALPHA}", "reason": "one\ntwo"},
        {"command": "restore run", "dataset": f"zone/{ALPHA}"},
        {"command": "sql", "query": "SELECT 1"},
        {"command": "scan --config=x"},
        {"command": ["scan"]},
        {},
        [],
    ],
    ids=str,
)
def test_nothing_of_a_request_becomes_an_option_a_place_or_a_file(closed: Served, body: object) -> None:
    with closed.client("operator") as client:
        before = len(jobs_of(client))
        answer = client.post("/api/v1/jobs", json=body)
        assert answer.status_code in (400, 404), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(jobs_of(client)) == before


def test_names_that_look_like_options_are_only_names(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "--zone")
    zone.export("--config=x")
    zone.settings(daily("--config=x", zone="--zone"))
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        for options in ({"zone": "--zone"}, {"dataset": "--zone/--config=x"}, {"dataset": "--config=x"}):
            job = ended(client, ask(client, "scan", **options))
            assert (job["state"], job["exit_status"]) in (("succeeded", 0), ("succeeded", 1)), job
            document = client.get(f"/api/v1/jobs/{job['id']}/document").json()
            assert [s["dataset_id"] for s in document["snapshots"]] == ["--config=x"]
        assert ended(client, ask(client, "drill", dataset="--zone/--config=x"))["state"] == "succeeded"


def test_whom_nobody_knows_has_nothing_recorded_and_may_verify(zone: Zone) -> None:
    zone.scan()
    with serving(zone.config) as served, served.client() as client:
        answer = client.post("/api/v1/jobs", json={"command": "scan"})
        assert answer.status_code == 403
        job = ended(client, ask(client, "ledger verify"))
        assert (job["state"], job["way"]) == ("succeeded", "open")


def test_a_form_of_a_page_needs_its_secret_and_leads_to_the_job(closed: Served) -> None:
    closed.expect("login: operator")
    with httpx.Client(base_url=closed.url, trust_env=False, headers={"Accept": "text/html"}) as client:
        client.post("/login", data={"token": closed.token("operator")})
        form = {"command": "check", "zone": ""}
        refused = client.post("/api/v1/jobs", data=form)
        assert refused.status_code == 403
        assert refused.headers["content-type"].startswith("text/html")
        secret = client.get("/scans").text.partition('name="csrf" value="')[2].partition('"')[0]
        taken = client.post("/api/v1/jobs", data=form | {"csrf": secret})
        assert taken.status_code == 303
        assert client.get(taken.headers["location"]).status_code == 200
        for back, expected in (("/scans", "/scans"), ("//evil.example", None), ("https://evil.example/", None)):
            again = client.post("/api/v1/jobs", data=form | {"csrf": secret, "back": back})
            where = again.headers["location"]
            assert where == expected if expected else where.startswith("/jobs/")
        unknown = client.post("/api/v1/jobs", data={"command": "scan", "zone": "nowhere", "csrf": secret})
        assert (unknown.status_code, unknown.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_what_is_not_over_or_not_there_has_no_document(closed: Served) -> None:
    with closed.client("viewer") as client:
        for path in ("", "/document", "/file", "/events"):
            assert client.get(f"/api/v1/jobs/{'0' * 24}{path}").status_code == 404
            assert client.get(f"/api/v1/jobs/..%2f..%2ftokens{path}").status_code in (400, 404)
