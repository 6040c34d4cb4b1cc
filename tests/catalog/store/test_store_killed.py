"""A recording that is killed at any moment leaves a catalog that opens, with every acknowledged batch and none half.

KILLS=300 makes it more than the few of every day.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.segments.shelf import open_shelf
from catalog.store import recovery
from catalog.store.compare import sums
from catalog.store.database import Catalog
from catalog.store.examine import examine
from catalog.store.ingest import ingest
from catalog.store.ledger import Telling
from catalog.store.rebuild import rebuild
from verifier.backends.urls import parse_location

PAIRS = int(os.environ.get("KILLS", "20")) // 2
SAMPLES = Path(__file__).with_name("samples.py")


@pytest.fixture
def kept(catalog: Catalog) -> Catalog:
    return replace(catalog, segments=parse_location(str(catalog.path.with_suffix(".segments"))))


def record(catalog: Catalog, zone: str) -> subprocess.Popen[str]:
    assert catalog.segments is not None
    command = [sys.executable, str(SAMPLES), str(catalog.path), catalog.segments.url, zone]
    path = {**os.environ, "PYTHONPATH": str(SAMPLES.parents[2])}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=path)


def kill(recorder: subprocess.Popen[str], seconds: float) -> list[list[str]]:
    """Kill a recorder so many seconds after its first scan was acknowledged, and return what was."""
    assert recorder.stdout is not None
    first = recorder.stdout.readline()
    time.sleep(seconds)
    recorder.kill()
    rest = recorder.stdout.read()
    recorder.wait()
    recorder.stdout.close()
    return [line.split() for line in (first + rest).splitlines()]


def check(catalog: Catalog, zone: str, said: list[list[str]]) -> None:
    """Every acknowledged batch is there, at most one more a scan that was about to be, and none is half."""
    with catalog.read() as connection:
        assert recovery.contradictions(connection) == []
        scans = dict(connection.execute("SELECT scan_id, state FROM scans WHERE zone = ?", [zone]).fetchall())
        query = "SELECT scan_id, count(*) FROM batch JOIN scan USING (scan_key) WHERE zone = ? AND files > 0 GROUP BY 1"
        batches = dict(connection.execute(query, [zone]).fetchall())
        files = connection.execute("SELECT count(*) FROM files WHERE zone = ?", [zone]).fetchall()
    assert said, "the recorder said nothing"
    for scan in {name for _, name in said}:
        told = said.count(["batch", scan])
        assert told <= batches.get(scan, 0) <= told + 1
    assert {name for kind, name in said if kind == "begun"} <= set(scans)
    assert all(scans[name] == "complete" for kind, name in said if kind == "ended")
    assert files == [(40 * sum(batches.values()),)]


def check_segments(catalog: Catalog, folder: Path, kills: int) -> None:
    """Segments are whole; they have all that the catalog has, and make it again."""
    assert catalog.segments is not None
    with closing(open_shelf(catalog.segments)) as shelf:
        ahead = examine(catalog, shelf).mismatches
        assert {m.kind for m in ahead} <= {"not-taken-in"}, ahead
        assert len(ahead) <= kills
        assert ingest(catalog, shelf).taken == len(ahead)
        assert examine(catalog, shelf).mismatches == ()
        again = Catalog(folder / "again.duckdb")
        assert rebuild(again, shelf, Telling(datetime.now(UTC), "1")).aside is None
    assert sums(again) == sums(catalog)


@pytest.mark.parametrize("seed", [20261121])
def test_many_kills_of_two_recorders_lose_nothing_that_was_acknowledged(kept: Catalog, tmp_path: Path, seed: int):
    moments = random.Random(seed)
    for number in range(PAIRS):
        zones = [f"zone-{number:02d}-a", f"zone-{number:02d}-b"]
        recorders = [record(kept, zone) for zone in zones]
        acknowledged = [kill(recorder, moments.uniform(0, 0.3)) for recorder in recorders]
        for zone, said in zip(zones, acknowledged, strict=True):
            check(kept, zone, said)
    check_segments(kept, tmp_path, 2 * PAIRS)
