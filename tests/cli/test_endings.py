"""How the installed command ends when it is not left to itself: signals, closed pipes, locks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.landproof import COMMAND, Answer, finished, landproof, started
from support.zones import ALPHA, Zone, days_before, some_json

from catalog.store.database import Catalog
from fixtures.content import TIME, events, gz, json_part, lines


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Sixty exports of which the thirtieth takes long to read."""
    zone = Zone(tmp_path)
    slow = gz(lines(events(1, 20_000))) * 40
    for number, time_ in enumerate(days_before(TIME, 60)):
        zone.export(ALPHA, time_, {json_part(): slow if number == 30 else some_json()})
    return zone


def scanning(zone: Zone, workers: int) -> subprocess.Popen[bytes]:
    """Start a scan and return once it has told of a snapshot; it is then in the middle of the rest."""
    process = started(
        "scan", zone.root, "--catalog", zone.catalog, "--jsonl", "--workers", workers, PYTHONUNBUFFERED="1"
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def files_of(process: subprocess.Popen[bytes]) -> set[Path]:
    """Return what a process has open."""
    found = set()
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            found.add(descriptor.readlink())
    return found


def recorded(zone: Zone) -> int:
    rows = landproof("sql", "SELECT count(*) FROM snapshots", "--catalog", zone.catalog, "--json").document["rows"]
    return int(rows[0][0])


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, 2), (signal.SIGTERM, 0)])
def test_an_interrupted_scan_is_130_and_keeps_what_was_finished(zone: Zone, number: int, workers: int) -> None:
    process = scanning(zone, workers)
    began = time.monotonic()
    os.kill(process.pid, number)
    answer = finished(process)
    assert time.monotonic() - began < 10
    assert (answer.status, "interrupted" in answer.err, "Traceback" in answer.err) == (130, True, False)
    kept = recorded(zone)
    assert len(answer.out.splitlines()) <= kept < 60
    rest = zone.scan()
    assert rest.counts["snapshots"] == 60
    assert (rest.counts["files_unchanged"], rest.counts["files_read"]) == (kept, 60 - kept)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="tells by /proc whether the catalog is open")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_the_middle_of_a_query_is_130(tmp_path: Path, number: int) -> None:
    with (catalog := Catalog(tmp_path / "c.duckdb")).write():
        """Made."""
    endless = "SELECT a FROM range(3000000000) t(a) ORDER BY hash(a) LIMIT 5"
    process = started("sql", endless, "--catalog", catalog.path)
    patience = time.monotonic() + 60
    while catalog.path not in files_of(process):
        assert time.monotonic() < patience
        time.sleep(0.01)
    time.sleep(0.3)  # opened, and now asked
    os.kill(process.pid, number)
    answer = finished(process)
    assert (answer.status, answer.out) == (130, "")
    assert answer.err.startswith("landproof: interrupted")


def test_what_was_recorded_before_a_kill_is_not_read_again(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    slow = gz(lines(events(1, 20_000))) * 40
    for number, time_ in enumerate(days_before(TIME, 280)):
        zone.export(ALPHA, time_, {json_part(): slow if number == 270 else some_json()})
    process = scanning(zone, 0)
    assert process.stdout is not None
    for _ in range(260):
        process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    finished(process)
    kept = recorded(zone)
    assert 256 <= kept < 280
    rest = zone.scan()
    assert (rest.counts["files_unchanged"], rest.counts["files_read"]) == (kept, 280 - kept)


def test_a_killed_scan_leaves_a_catalog_that_the_next_one_completes(zone: Zone) -> None:
    process = scanning(zone, 0)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    finished(process)
    rest = zone.scan()
    assert rest.counts["snapshots"] == 60
    assert recorded(zone) == 60
    assert zone.scan().counts["files_read"] == 0
    states = zone.run("sql", "SELECT state FROM scans ORDER BY started_at").document["rows"]
    assert states == [["unfinished"], ["complete"], ["complete"]]


class TestASmallZone:
    """Where a scan is over at once."""

    @pytest.fixture
    def zone(self, tmp_path: Path) -> Zone:
        zone = Zone(tmp_path)
        zone.exports(3)
        zone.scan()
        return zone

    @pytest.mark.parametrize("words", [["snapshots", "--json"], ["sql", "SELECT range FROM range(9000)"], ["--help"]])
    def test_a_reader_that_goes_away_is_no_mistake(self, zone: Zone, words: list[str]) -> None:
        where = ["--catalog", str(zone.catalog)] if words != ["--help"] else []
        process = started(*words, *where)
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        answer = finished(process)
        assert (answer.status, answer.err) == (141, "")

    @pytest.mark.parametrize("closed", [">&- 2>&-", "<&-"])
    def test_closed_streams_change_no_status_and_no_catalog(self, zone: Zone, closed: str) -> None:
        line = f"{COMMAND} scan {zone.root} --catalog {zone.catalog} --workers 0 {closed}"
        done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        assert zone.scan().status == 0

    def test_a_full_disk_under_stdout_is_told_and_is_no_success(self, zone: Zone) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [COMMAND, "snapshots", "--catalog", zone.catalog], stdout=full, stderr=subprocess.PIPE, timeout=60
            )
        assert done.returncode == 3
        assert done.stderr.decode() == "landproof: the answer cannot be written: no space left on device\n"

    def test_another_writer_is_waited_for(self, zone: Zone) -> None:
        with Catalog(zone.catalog).write():
            process = started("scan", zone.root, "--catalog", zone.catalog, "--json", "--workers", 0)
            time.sleep(1.5)
            assert process.poll() is None
        assert finished(process).status == 0

    def test_a_failed_command_tells_it_in_a_document_where_one_was_asked_for(self, zone: Zone) -> None:
        words = ["show", f"zone/{ALPHA}/202001010000", "--catalog", zone.catalog]
        plain, document = finished(started(*words)), finished(started(*words, "--json"))
        assert (plain.status, document.status, plain.out, document.out) == (64, 64, "", "")
        assert plain.err.splitlines()[0] == f"landproof: {document.error['message']}"
        assert plain.err.splitlines()[1] == f"hint: {document.error['hint']}"

    def test_the_version_and_the_help_need_nothing(self, tmp_path: Path) -> None:
        assert finished(started("--version", cwd=tmp_path)).out.startswith("landproof ")
        shown: Answer = finished(started("--help", cwd=tmp_path))
        assert shown.status == 0
        assert all(word in shown.out for word in ("scan", "check", "nightly", "init", "doctor"))
        assert finished(started(cwd=tmp_path)).status in (0, 64)
        assert finished(started("scann", cwd=tmp_path)).status == 64
