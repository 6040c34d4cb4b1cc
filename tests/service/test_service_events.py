"""Progress by server-sent events: everything that happens to a job reaches who listens, and nobody listens for ever."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import httpx
import pytest
from support.jobs import OVER, ask, ended, events_of, get, reading, slow_zone
from support.landproof import COMMAND
from support.processes import until
from support.service import serving
from support.zones import Zone, daily

ROLES = ("viewer", "operator")


def test_a_stream_tells_the_beginning_how_far_it_is_and_the_end(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 60)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ask(client, "scan")
        with served.client("viewer") as listener:
            answer = listener.get(f"/api/v1/jobs/{job['id']}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        events = events_of(answer.text)
        names = [name for name, _, _ in events]
        assert names[0] == names[-1] == "state"
        assert names.count("progress") >= 2
        numbers = [int(number) for _, number, _ in events]
        assert numbers == sorted(set(numbers))
        read = [told["read_files"] for name, _, told in events if name == "progress"]
        assert read == sorted(read)
        assert events[-1][2]["state"] == "succeeded"
        assert events[-1][2]["progress"]["read_files"] == 60
        assert events[-1][2] | {"seconds": None} == get(client, job) | {"seconds": None}


def test_who_comes_back_misses_nothing_and_who_comes_late_is_told_the_end(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 10)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ended(client, ask(client, "scan"))
        where = f"/api/v1/jobs/{job['id']}/events"
        late = events_of(client.get(where).text)
        assert [(name, told["state"]) for name, _, told in late] == [("state", "succeeded")]
        again = events_of(client.get(where, headers={"Last-Event-ID": "1"}).text)
        assert again == late
        odd = events_of(client.get(where, headers={"Last-Event-ID": "no number"}).text)
        assert odd == late


def test_a_stream_ends_when_the_service_does(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 900)
    with serving(zone.config, roles=ROLES) as served:
        with served.client("operator") as client:
            job = ask(client, "scan")
            reading(client, job)
        heard: list[str] = []
        token = served.token("viewer")

        def listen() -> None:
            with (
                httpx.Client(base_url=served.url, timeout=60, trust_env=False) as listener,
                listener.stream(
                    "GET", f"/api/v1/jobs/{job['id']}/events", headers={"Authorization": f"Bearer {token}"}
                ) as stream,
            ):
                heard.extend(stream.iter_text())

        listener = threading.Thread(target=listen)
        listener.start()
        assert until(lambda: heard, 20)
        served.process.terminate()
        listener.join(20)
        assert not listener.is_alive()


def test_a_stream_that_nobody_reads_any_more_is_let_go(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 4000)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ask(client, "scan")
        for _ in range(120):  # more than may listen at once
            with served.client("viewer") as listener, listener.stream("GET", f"/api/v1/jobs/{job['id']}/events") as one:
                assert one.status_code == 200
                next(one.iter_text())
        client.post(f"/api/v1/jobs/{job['id']}/cancel")
        ended(client, job)


def test_too_many_listeners_are_told_to_come_back(tmp_path: Path) -> None:
    zone = slow_zone(tmp_path, 4000)
    with serving(zone.config, roles=(*ROLES, "auditor")) as served, served.client("operator") as client:
        job = ask(client, "scan")
        where = f"/api/v1/jobs/{job['id']}/events"
        limits = httpx.Limits(max_connections=None)
        with httpx.Client(base_url=served.url, timeout=60, trust_env=False, limits=limits) as many:
            asked = {
                role: many.build_request("GET", where, headers={"Authorization": f"Bearer {served.token(role)}"})
                for role in ("viewer", "auditor", "operator")
            }
            streams: list[httpx.Response] = []

            def listen(role: str) -> tuple[int, str | None]:
                streams.append(many.send(asked[role], stream=True))
                return streams[-1].status_code, streams[-1].headers.get("retry-after")

            try:
                assert [listen("viewer") for _ in range(40)] == [(200, None)] * 40
                assert listen("viewer") == (429, "15")  # one's own
                assert [listen("auditor") for _ in range(40)] == [(200, None)] * 40
                assert [listen("operator") for _ in range(20)] == [(200, None)] * 20
                assert listen("operator") == (503, "15")  # those of all
                assert client.get(f"/api/v1/jobs/{job['id']}").status_code == 200
            finally:
                for one in streams:
                    one.close()
            assert until(lambda: listen("viewer")[0] == 200, 20)
            streams[-1].close()
        client.post(f"/api/v1/jobs/{job['id']}/cancel")
        ended(client, job)


@pytest.mark.parametrize("where", ["/scans/live", "/jobs/{id}/live"])
def test_pages_are_sent_their_pieces(tmp_path: Path, where: str) -> None:
    zone = slow_zone(tmp_path, 60)
    with serving(zone.config, roles=ROLES) as served, served.client("operator") as client:
        job = ask(client, "scan")
        heard, deadline = "", time.monotonic() + 60
        with client.stream("GET", where.format(id=job["id"])) as stream:
            for text in stream.iter_text():
                heard += text
                if "event: turned" in heard or time.monotonic() > deadline:
                    break
        assert "event: piece" in heard
        assert "<progress" in heard
        assert "event: turned" in heard
        assert ended(client, job)["state"] in OVER


def test_a_command_tells_programs_how_far_it_is_as_lines_of_json(tmp_path: Path) -> None:
    import os
    import subprocess

    zone = Zone(tmp_path)
    zone.exports(3)
    zone.settings(daily())
    words = [COMMAND, "scan", "--json", "--config", str(zone.config), "--workers", "0"]
    environment = dict(os.environ) | {"LANDPROOF_PROGRESS": "json", "LANDPROOF_RUN_BY": "Anna\n via x\u202e (token)"}
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {one["schema"] for one in told} == {"landproof/progress/1"}
    assert told[0] == {
        "schema": "landproof/progress/1",
        "zone": "zone",
        "listed_files": 0,
        "planned_files": 0,
        "planned_bytes": 0,
        "read_files": 0,
        "read_bytes": 0,
    }
    assert (told[-1]["listed_files"], told[-1]["planned_files"], told[-1]["read_files"]) == (3, 3, 3)
    assert told[-1]["read_bytes"] == told[-1]["planned_bytes"] > 0
    assert "Anna via x (token) via " in zone.run("sql", "SELECT run_by FROM scans").out
