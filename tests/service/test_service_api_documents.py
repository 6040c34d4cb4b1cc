"""The documents of the API over a served catalog: what the commands print, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from support.landproof import landproof
from support.service import Served, serving
from support.zones import ALPHA, BETA, Zone, daily, some_json

from fixtures.content import TIME, json_part, moment

_OLD = "202609190100"
_PATH = f"{BETA}/exportTime={TIME}/{json_part()}"
_AT = "2026-09-20T12:00:00Z"
_PAGED = ("next", "more")

QUESTIONS: dict[str, tuple[Sequence[str], str]] = {
    "datasets": (["datasets"], "datasets"),
    "datasets of a zone": (["datasets", "--zone", "zone"], "datasets?zone=zone"),
    "snapshots": (["snapshots"], "snapshots"),
    "snapshots of a dataset": (["snapshots", "--dataset", "Web events"], "snapshots?dataset=Web+events"),
    "snapshots of a verdict": (["snapshots", "--verdict", "corrupt"], "snapshots?verdict=corrupt"),
    "snapshots of a time": (
        ["snapshots", "--from", "2026-09-19", "--to", "2026-09-19"],
        "snapshots?from=2026-09-19&to=2026-09-19",
    ),
    "latest": (["snapshots", "--latest"], "snapshots?latest=true"),
    "latest good": (["snapshots", "--latest-good"], "snapshots?latest_good=true&latest=false"),
    "two snapshots": (["snapshots", "--limit", "2"], "snapshots?limit=2"),
    "snapshots as known": (["snapshots", "--as-known-at", "2026-01-01"], "snapshots?as_known_at=2026-01-01"),
    "show": (["show", f"zone/{BETA}/{TIME}"], f"show?snapshot=zone/{BETA}/{TIME}"),
    "show by its address": (["show", f"zone/{BETA}/{TIME}"], f"snapshots/zone/{BETA}/{TIME}"),
    "show by a shortcut": (["show", "Web events/latest-good"], "show?snapshot=Web%20events/latest-good"),
    "diff": (
        ["diff", f"zone/{BETA}/{_OLD}", f"zone/{BETA}/{TIME}"],
        f"diff?a=zone/{BETA}/{_OLD}&b=zone/{BETA}/{TIME}",
    ),
    "history of a snapshot": (["history", f"zone/{BETA}/{TIME}"], f"history?subject=zone/{BETA}/{TIME}"),
    "history of a path": (["history", _PATH, "--zone", "zone"], f"history?subject={_PATH}&zone=zone"),
    "find a name": (["find", "Web"], "find?text=Web"),
    "find a path": (["find", f"{BETA}/exp", "--limit", "1"], f"find?text={BETA}/exp&limit=1"),
    "check": (["check", "--at", _AT], f"check?at={_AT}"),
    "check of a time": (
        ["check", "zone", "--at", _AT, "--from", "2026-09-18"],
        f"check?zone=zone&at={_AT}&from=2026-09-18",
    ),
    "rpo": (
        ["rpo", "Web events", "--from", "2026-09-18", "--to", "2026-09-21", "--objective", "36h"],
        "rpo?dataset=Web events&from=2026-09-18&to=2026-09-21&objective=36h",
    ),
    "retention": (
        ["retention", "--policy", "keep-daily=2", "--at", _AT],
        f"retention?policy=keep-daily%3D2&at={_AT}",
    ),
    "restore plan": (
        ["restore", "plan", "Web events", "--as-of", _AT],
        f"restore/plan?dataset=Web events&as_of={_AT}",
    ),
    "restore plan of what is bad": (
        ["restore", "plan", BETA, "--as-of", _AT, "--depth", "list"],
        f"restore/plan?dataset={BETA}&as_of={_AT}&depth=list&format=json",
    ),
    "holds": (["hold", "list"], "hold"),
    "waivers": (["waive", "--list"], "waive"),
    "waivers of a dataset": (["waive", "Web events", "--list"], "waive?dataset=Web events"),
    "acceptances": (["accept", "--list"], "accept"),
    "keys": (["keys", "list"], "keys"),
    "sql": (
        ["sql", "SELECT id, export_at, bytes / 7 FROM snapshots ORDER BY ALL"],
        "sql?query=SELECT id, export_at, bytes / 7 FROM snapshots ORDER BY ALL",
    ),
}


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Three good exports of one dataset, of the other a good one and a newer corrupt one that was good once."""
    zone = Zone(tmp_path_factory.mktemp("api"))
    zone.settings(daily(ALPHA, 'name = "Web events"', 'mode = "full"'), daily(BETA, starts_at="2026-09-19T01:00:00Z"))
    zone.exports(3)
    zone.export(BETA, _OLD)
    folder = zone.export(BETA)
    zone.scan()
    zone.put(f"{folder}/{json_part()}", some_json(9), moment("202609210100"))
    zone.scan()
    assert zone.run("keys", "new").status == 0
    snapshot = f"zone/{BETA}/{TIME}"
    assert zone.run("hold", "add", snapshot, "--reason", "asked for").status == 0
    assert zone.run("accept", snapshot, "--code", "file.changed", "--reason", "known; 'quoted'").status == 0
    waived = zone.run("waive", "Web events", "--from", "2026-09-25", "--to", "2026-09-26", "--reason", "moving")
    assert waived.status == 0
    return zone


@pytest.fixture(scope="module")
def served(zone: Zone) -> Iterator[Served]:
    with serving(zone.config, roles=("viewer", "auditor")) as served:
        yield served


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client("auditor") as client:
        yield client


def _asked(client: httpx.Client, address: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{address}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_document_is_what_the_command_prints(zone: Zone, client: httpx.Client, name: str) -> None:
    words, address = QUESTIONS[name]
    printed = landproof(*words, "--config", zone.config, "--json").document
    found = _asked(client, address)
    if found["schema"] == "landproof/keys/1":  # where keys are kept is nobody's business
        assert found["folder"] is None
        printed["folder"] = None
    for field in _PAGED:
        if field not in printed:
            found.pop(field, None)
    assert found == printed


def test_lists_that_end_on_their_page_have_no_next(client: httpx.Client) -> None:
    answer = client.get("/api/v1/snapshots")
    assert (answer.json()["more"], answer.json()["next"], "link" in answer.headers) == (0, None, False)


def test_metrics_are_a_document_of_the_watch(zone: Zone, client: httpx.Client) -> None:
    printed = zone.run("metrics").document
    found = _asked(client, "metrics")
    assert [one["name"] for one in found["metrics"]] == [one["name"] for one in printed["metrics"]]


def test_the_ledger_tells_its_newest_signed_checkpoint(zone: Zone, client: httpx.Client) -> None:
    found, verified = _asked(client, "ledger"), zone.run("ledger", "verify").document
    assert (found["origin"], found["entries"]) == (verified["origin"], verified["entries"])
    assert found["checkpoint"]["size"] == verified["newest_checkpoint"]["size"]
    assert found["origin"] in found["checkpoint"]["note"]


def test_no_private_half_of_a_key_and_no_place_of_one_is_told(zone: Zone, client: httpx.Client) -> None:
    secret = next((zone.folder / "landproof.keys").glob("*.key")).read_text().strip()
    text = client.get("/api/v1/keys").text
    assert "verifier" in text
    assert secret not in text
    assert str(zone.folder) not in text


def test_scans_are_told_newest_first_with_what_they_recorded(zone: Zone, client: httpx.Client) -> None:
    found = _asked(client, "scans")["scans"]
    rows = zone.run("sql", "SELECT scan_id FROM scans ORDER BY started_at DESC").document["rows"]
    assert [one["scan_id"] for one in found] == [row[0] for row in rows]
    assert {one["state"] for one in found} == {"complete"}
    newest = _asked(client, f"scans/{found[0]['scan_id']}")
    assert newest["scan"] == found[0]
    assert (newest["verdicts"], [one["id"] for one in newest["snapshots"]]) == ({"corrupt": 1}, [f"zone/{BETA}/{TIME}"])
    assert len(_asked(client, f"scans/{found[1]['scan_id']}")["snapshots"]) == 5
    assert _asked(client, "scans?zone=elsewhere")["scans"] == []


@pytest.mark.parametrize("form", ["paths", "sql", "spark", "snowflake", "rclone", "azcopy"])
def test_a_plan_as_a_text_is_what_the_command_prints(zone: Zone, client: httpx.Client, form: str) -> None:
    printed = landproof("restore", "plan", "Web events", "--as-of", _AT, "--format", form, "--config", zone.config)
    answer = client.get("/api/v1/restore/plan", params={"dataset": "Web events", "as_of": _AT, "format": form})
    if printed.status == 0:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert (answer.text, answer.headers["landproof-state"]) == (printed.out, "complete")
    else:  # a folder on a disk is not what Snowflake reads
        assert (answer.status_code, answer.json()["detail"]) == (400, _message(printed.err))


def _message(said: str) -> str:
    return said.splitlines()[0].partition(": ")[2].removeprefix("error: ")


def test_a_plan_that_is_broken_gives_no_empty_list(client: httpx.Client) -> None:
    asked = {"dataset": "Web events", "as_of": "2026-01-01", "format": "paths"}
    answer = client.get("/api/v1/restore/plan", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert "broken" in answer.json()["detail"]
    assert client.get("/api/v1/restore/plan", params=asked | {"format": "json"}).json()["state"] == "broken"


def test_the_question_in_sql_may_come_as_a_body(client: httpx.Client) -> None:
    answer = client.post("/api/v1/sql", json={"query": "SELECT count(*) AS n FROM snapshots"})
    assert (answer.status_code, answer.json()["rows"]) == (200, [[5]])


def test_what_is_unchanged_is_not_sent_again(client: httpx.Client) -> None:
    for address in (
        "datasets",
        "show?snapshot=Web events/latest",
        "scans",
        "keys",
        "restore/plan?dataset=Web events&format=paths",
    ):
        first = client.get(f"/api/v1/{address}")
        again = client.get(f"/api/v1/{address}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers[name] == first.headers[name], name
        other = client.get(f"/api/v1/{address}", headers={"If-None-Match": '"another"'})
        assert other.status_code == 200


def test_nothing_is_recorded_by_asking(zone: Zone, client: httpx.Client) -> None:
    before = zone.run("ledger", "verify").document["entries"]
    for _words, address in QUESTIONS.values():
        client.get(f"/api/v1/{address}")
    client.get("/api/v1/restore/plan", params={"dataset": BETA, "as_of": _AT, "accept_gaps": "true"})
    assert zone.run("ledger", "verify").document["entries"] == before


@pytest.mark.parametrize("address", ["sql?query=SELECT+1", "keys", "ledger"])
def test_a_viewer_is_not_told_what_is_for_auditors(served: Served, address: str) -> None:
    answer = served.get(f"/api/v1/{address}", "viewer")
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")


def test_the_index_tells_who_asks_and_what_there_is(served: Served) -> None:
    found = served.document("/api/v1", "viewer")
    assert found["caller"] == {"name": "viewer", "role": "viewer", "may_change": True}
    roles = {(one["method"], one["path"]): one["role"] for one in found["addresses"]}
    assert roles["GET", "/api/v1/snapshots"] == "viewer"
    assert roles["POST", "/api/v1/sql"] == "auditor"
    assert roles["GET", "/healthz"] is None
