"""landproof nightly: one night at a time and within its time; heard when it is over, whatever ended it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.adobe_server import CLIENT_SECRET
from support.flow_server import Fault, FlowServer, flow_server, without_waits
from support.landproof import Answer, finished, landproof, started
from support.ping_server import PingServer, ping_server
from support.proxy import Proxy, Rule, faulty_proxy
from support.receivers import Hook, webhook
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, digits, some_json

from catalog.nights.lock import only_night
from catalog.store.database import Catalog
from catalog.store.metrics import last_nights
from fixtures.content import json_part
from verifier.errors import CatalogError

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DUE = [NOW - timedelta(days=days, hours=6) for days in (2, 1, 0)]
"""When three daily exports were due; the grace of the last is over."""


def schedule(dataset: str = ALPHA, *lines: str) -> str:
    return daily(dataset, *lines, starts_at=f"{DUE[0]:%Y-%m-%dT%H:%M:%SZ}")


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Three exports that came in time."""
    zone = Zone(tmp_path)
    for due in DUE:
        zone.export(time=digits(due), landed=due + timedelta(minutes=7))
    zone.settings(schedule(ALPHA, 'name = "Orders"'))
    return zone


def night(zone: Zone, *words: object) -> Answer:
    return landproof("nightly", "--config", zone.config, "--workers", 0, *words)


class TestOneAtATime:
    def test_a_second_run_says_who_holds_the_lock_and_leaves_the_catalog_alone(self, zone: Zone) -> None:
        with only_night(zone.catalog, datetime(2026, 11, 1, 3, tzinfo=UTC)):
            second = finished(started("nightly", "--config", zone.config, "--json"))
        assert second.status == 4
        assert "another nightly run is at work: PID " in second.error["message"]
        assert "since 2026-11-01T03:00:00Z" in second.error["message"]
        assert not zone.catalog.exists()
        assert night(zone).status == 0

    def test_the_lock_of_a_run_that_was_killed_is_free(self, zone: Zone, ping: PingServer) -> None:
        ping.slow_seconds = 30
        zone.settings(f'[nightly]\nping_url = "{ping.url}"', schedule())
        killed = started("nightly", "--config", zone.config)
        wait_for(lambda: bool(ping.pings))
        with pytest.raises(CatalogError, match="PID "), only_night(zone.catalog, NOW):
            """Held by the other."""
        killed.kill()
        killed.communicate()
        zone.settings(schedule())
        assert night(zone).status == 0


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def ping() -> Iterator[PingServer]:
    with ping_server() as server:
        yield server


class TestPings:
    def test_a_good_night_is_told_at_its_start_and_its_end_with_the_gist(self, zone: Zone, ping: PingServer) -> None:
        zone.settings(f'[nightly]\nping_url = "{ping.url}"', schedule())
        answer = night(zone)
        start, end = ping.pings
        assert answer.status == 0
        assert start.target.startswith("/ping/a-secret-key/start?rid=")
        assert end.target.startswith("/ping/a-secret-key?rid=")
        assert b"nothing wrong; nothing new; 1 of 1 dataset ok" in end.body
        assert "a-secret-key" not in answer.out + answer.err.replace("a literal secret", "")

    def test_a_bad_one_fails_with_its_exit_status(self, zone: Zone, ping: PingServer) -> None:
        zone.remove(f"{ALPHA}/exportTime={digits(DUE[-1])}")
        zone.settings(f'[nightly]\nping_url = "{ping.url}"', schedule())
        assert night(zone).status == 2
        assert ping.pings[-1].target.startswith("/ping/a-secret-key/fail?rid=")
        assert ping.pings[-1].body.startswith(b"exit status 2\n")

    def test_one_that_cannot_even_begin_fails_with_the_reason(self, zone: Zone, ping: PingServer) -> None:
        zone.settings(f'[nightly]\nping_url = "{ping.url}"', schedule())
        zone.catalog.write_bytes(b"no catalog at all, but something else" * 100)
        assert night(zone).status == 4
        assert ping.pings[-1].body.startswith(b"exit status 4\ncatalog ")

    def test_one_that_is_interrupted_fails_with_130(self, zone: Zone, ping: PingServer) -> None:
        with stalled(zone.folder) as stall:
            stall.settings(f'[nightly]\nping_url = "{ping.url}"', schedule())
            running = started("nightly", "--config", stall.config, "--workers", "0")
            wait_for(stall.is_reached)
            running.send_signal(signal.SIGTERM)
            assert finished(running).status == 130
        assert ping.pings[-1].body == b"exit status 130\ninterrupted"

    def test_a_server_of_pings_that_is_down_changes_no_status(self, zone: Zone) -> None:
        zone.settings('[nightly]\nping_url = "http://127.0.0.1:9/ping/hush"', schedule())
        answer = night(zone)
        assert answer.status == 0
        assert "ping start: not sent" in answer.err
        assert "hush" not in answer.err


class Stalled:
    """A zone in S3 whose reads wait until the test ends."""

    def __init__(self, zone: Zone, proxy: Proxy, rule: Rule) -> None:
        self.zone, self.proxy, self.rule = zone, proxy, rule
        self.config = zone.config

    def settings(self, *tables: str) -> None:
        self.config.write_text(
            f'[catalog]\npath = "stalled.duckdb"\n[zones.zone]\nurl = "s3://landing/zone"\n[zones.zone.options]\n'
            f'endpoint_url = "{self.proxy.url}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
            + "\n".join(tables)
        )

    def is_reached(self) -> bool:
        return self.rule.seen > 0


@contextmanager
def stalled(folder: Path) -> Iterator[Stalled]:
    """Serve one export of which nothing can be read for a minute."""
    zone = Zone(folder / "stalled")
    rule = Rule(lambda r: r.method == "GET" and "part-" in r.target, lambda _: time.sleep(6))
    with moto_s3(folder) as server, faulty_proxy(server.url, rule) as proxy:
        store = S3Store(server, "landing")
        store.put(f"zone/{ALPHA}/exportTime={digits(DUE[-1])}/{json_part(0)}", some_json())
        yield Stalled(zone, proxy, rule)


class TestATimeLimit:
    def test_what_it_cuts_off_is_said_and_the_rest_of_the_night_is_done(self, tmp_path: Path) -> None:
        with stalled(tmp_path) as stall:
            stall.settings(schedule())
            answer = landproof("nightly", "--config", stall.config, "--workers", 0, "--time-limit", "2s", "--json")
        (one,) = answer.document["scan"]["zones"]
        assert answer.status == 3
        assert (one["complete"], one["error"]["kind"]) == (False, "cut-short")
        assert "the time limit of 2s was over" in one["error"]["message"]
        assert [s["status"] for s in answer.document["check"]["datasets"][0]["slots"]] == ["unknown"] * 3 + ["not_due"]

    @pytest.mark.parametrize("text", ["soon", "0", "-1h"])
    def test_one_that_is_none_is_refused(self, zone: Zone, text: str) -> None:
        assert night(zone, "--time-limit", text).status == 64


class TestWhatIsLeftBehind:
    def test_the_night_is_on_record_and_its_metrics_are_written(self, zone: Zone) -> None:
        zone.settings('[nightly]\nmetrics_file = "watch.prom"\nevery = "12h"', schedule())
        night(zone)
        last = last_nights(Catalog(zone.catalog)).last
        assert last is not None
        assert (last.exit_status, last.errors, last.has_looked) == (0, 0, True)
        text = (zone.folder / "watch.prom").read_text()
        assert "landproof_night_expected_interval_seconds 43200.0" in text
        assert zone.run("catalog", "verify").status == 0

    def test_metrics_that_cannot_be_written_are_told_and_change_no_status(self, zone: Zone) -> None:
        zone.settings('[nightly]\nmetrics_file = "nowhere/watch.prom"', schedule())
        answer = night(zone, "--json")
        assert answer.status == 0
        assert "metrics not written" in answer.err
        assert len(answer.document["troubles"]) == 1


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as running:
        yield running


class TestNotices:
    def test_what_turned_since_the_last_night_is_told_once(self, zone: Zone, hook: Hook) -> None:
        zone.settings(f'[notify]\nurls = ["{hook.url()}"]', schedule(ALPHA, 'name = "Orders"'))
        night(zone)
        assert hook.titles() == []
        zone.flip(f"{ALPHA}/exportTime={digits(DUE[-1])}")
        answer = night(zone, "--reverify", "all")
        assert answer.status == 2
        assert "new: error" in answer.out
        assert "told notify: 1 notice sent" in answer.out
        assert len(hook.titles()) == 1
        assert night(zone).status == 2
        assert len(hook.titles()) == 1

    def test_a_zone_that_cannot_be_read_does_not_keep_the_others_from_being_judged(self, zone: Zone) -> None:
        zone.settings(f'[zones.gone]\nurl = "{zone.folder}/gone"', schedule(ALPHA, 'name = "Orders"'))
        answer = night(zone)
        assert answer.status == 3
        assert answer.out.startswith(f"{datetime.now(UTC):%Y-%m-%d}")
        assert "could not look at gone" in answer.out.splitlines()[0]
        assert "1 of 1 dataset ok" in answer.out.splitlines()[0]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowServer]:
    without_waits(monkeypatch)
    monkeypatch.setenv("ADOBE_CLIENT_SECRET", CLIENT_SECRET)
    with flow_server() as running:
        yield running


class TestAdobe:
    def flow(self, zone: Zone, server: FlowServer, *datasets: str) -> str:
        """Keep a flow with a good run for every export; the settings name it."""
        flow = server.add_flow("nightly", datasets=dict.fromkeys(datasets or (ALPHA,), "Orders"), starts_at=DUE[0])
        for due in DUE:
            server.add_run(flow, started_at=due + timedelta(seconds=4), rows=5, files=1)
        zone.settings(server.settings(), schedule(ALPHA, f'flow = "{flow}"'))
        return flow

    def test_runs_that_fit_what_landed_make_no_noise(self, zone: Zone, server: FlowServer) -> None:
        self.flow(zone, server)
        answer = night(zone, "--json")
        assert (answer.status, answer.document["adobe"]["findings"]) == (0, [])
        assert answer.document["adobe"]["reconcile"]["counts"]["with_snapshot"] == 3
        rows = zone.run("sql", "SELECT count(*), (SELECT count(*) FROM flows) FROM flow_runs").document["rows"]
        assert rows == [[3, 1]]

    def test_a_run_that_failed_is_an_error_of_the_night(self, zone: Zone, server: FlowServer, hook: Hook) -> None:
        flow = self.flow(zone, server)
        zone.settings(server.settings(), f'[notify]\nurls = ["{hook.url()}"]', schedule(ALPHA, f'flow = "{flow}"'))
        night(zone)
        began = DUE[-1] + timedelta(hours=1)
        server.add_run(flow, started_at=began, status="failed", errors=[("ACTIVATION-1", "Job aborted.")])
        answer = night(zone, "--json")
        assert answer.status == 2
        assert "run.failed" in answer.codes
        assert any("failed" in body for body in hook.bodies())

    def test_an_export_that_adobe_had_nothing_for_is_not_missing(self, zone: Zone, server: FlowServer) -> None:
        flow = self.flow(zone, server)
        newest = max(server.runs.values(), key=lambda run: run["metrics"]["durationSummary"]["startedAtUTC"])
        newest["metrics"]["recordSummary"] = {"inputRecordCount": 0, "outputRecordCount": 0}
        newest["metrics"]["fileSummary"] = {"outputFileCount": 0}
        newest["metrics"]["sizeSummary"] = {"outputBytes": 0}
        zone.remove(f"{ALPHA}/exportTime={digits(DUE[-1])}")
        answer = night(zone, "--json")
        slots = answer.document["check"]["datasets"][0]["slots"]
        assert (answer.status, slots[2]["status"]) == (0, "paused")
        assert "had nothing to export" in slots[2]["reason"]
        plan = zone.run("restore", "plan", ALPHA)
        assert (plan.status, plan.document["state"], flow != "") == (0, "complete", True)

    def test_adobe_being_down_is_said_and_what_landed_is_judged_all_the_same(
        self, zone: Zone, server: FlowServer
    ) -> None:
        self.flow(zone, server)
        server.faults.append(Fault("GET", "/flows", status=500, times=100))
        answer = night(zone, "--json")
        assert answer.status == 3
        assert answer.document["adobe"]["error"]["kind"]
        assert [f["code"] for f in answer.document["adobe"]["findings"]] == ["flow.unreachable"]
        assert answer.document["check"]["datasets"][0]["status"] == "ok"
        assert CLIENT_SECRET not in answer.out + answer.err

    def test_a_schedule_that_changed_since_last_night_is_told_and_over(
        self, zone: Zone, server: FlowServer, hook: Hook
    ) -> None:
        flow = self.flow(zone, server)
        zone.settings(server.settings(), f'[notify]\nurls = ["{hook.url()}"]', schedule(ALPHA, f'flow = "{flow}"'))
        night(zone)
        server.flows[flow]["scheduleParams"]["interval"] = 2
        answer = night(zone, "--json")
        assert "schedule.changed" in answer.codes
        assert answer.status == 1
        told = len(hook.titles())
        after = night(zone, "--json")
        assert "schedule.changed" not in after.codes
        assert (len(hook.titles()), after.document["notices"]) == (told, [])

    def test_a_flow_that_adobe_does_not_show_any_more_is_told(self, zone: Zone, server: FlowServer) -> None:
        flow = self.flow(zone, server)
        night(zone)
        del server.flows[flow]
        answer = night(zone, "--json")
        assert "schedule.disabled" in answer.codes
        assert answer.status == 1

    def test_a_dataset_that_may_not_be_exported_any_more_is_told(self, zone: Zone, server: FlowServer) -> None:
        self.flow(zone, server)
        server.add_dataset(ALPHA, "Orders")
        assert night(zone).status == 0
        server.datasets.clear()
        server.add_dataset(BETA, "Customers")
        answer = night(zone, "--json")
        assert [f["code"] for f in answer.document["adobe"]["findings"]] == ["dataset.no-longer-exportable"]
        assert answer.status == 1

    def test_without_a_flow_nobody_is_asked(self, zone: Zone, server: FlowServer) -> None:
        zone.settings(server.settings(), schedule())
        answer = night(zone, "--json")
        assert (answer.status, answer.document["adobe"], server.asks) == (0, None, [])


def test_every_zone_of_the_settings_is_looked_at(zone: Zone) -> None:
    zone.export(BETA, digits(DUE[-1]), landed=DUE[-1] + timedelta(minutes=7))
    answer = night(zone, "--json")
    assert answer.document["scan"]["counts"]["datasets"] == 2
    assert answer.document["counts"] == {"error": 0, "warn": 0}
    assert answer.document["finished_at"] >= answer.document["started_at"]
