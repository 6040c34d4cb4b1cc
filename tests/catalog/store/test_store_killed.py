"""A recording that is killed at any moment leaves a catalog that opens, with every acknowledged batch and none half."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog.store import recovery
from catalog.store.database import Catalog
from catalog.store.recording import begin_scan

KILLS = 20
SAMPLES = Path(__file__).with_name("samples.py")


def kill_one(catalog: Catalog, zone: str, seconds: float) -> list[str]:
    """Record until the first scan has begun and so many seconds more, kill, and return what was acknowledged."""
    recorder = subprocess.Popen(
        [sys.executable, str(SAMPLES), str(catalog.path), zone], stdout=subprocess.PIPE, text=True
    )
    assert recorder.stdout is not None
    first = recorder.stdout.readline()
    time.sleep(seconds)
    recorder.kill()
    rest = recorder.stdout.read()
    recorder.wait()
    recorder.stdout.close()
    return [line for line in (first + rest).splitlines(keepends=False) if line]


@pytest.mark.parametrize("seed", [20261121])
def test_twenty_kills_lose_nothing_that_was_acknowledged(catalog, samples, seed):
    moments, acknowledged = random.Random(seed), {}
    for number in range(KILLS):
        zone = f"zone-{number:02d}"
        acknowledged[zone] = kill_one(catalog, zone, moments.uniform(0, 0.4))
        with catalog.read() as connection:
            assert recovery.contradictions(connection) == []
            scans = dict(connection.execute("SELECT scan_id, state FROM scans WHERE zone = ?", [zone]).fetchall())
            batches = dict(
                connection.execute(
                    "SELECT scan_id, count(*) FROM batch JOIN scan USING (scan_key) WHERE zone = ? GROUP BY ALL", [zone]
                ).fetchall()
            )
            files = connection.execute("SELECT count(*) FROM files WHERE zone = ?", [zone]).fetchall()[0][0]
        said = [line.split() for line in acknowledged[zone]]
        assert said, "the recorder said nothing"
        for scan in {scan for _, scan in said}:
            told = sum(1 for kind, name in said if (kind, name) == ("batch", scan))
            assert told <= batches.get(scan, 0) <= told + 1
        assert {name for kind, name in said if kind == "begun"} <= set(scans)
        assert all(scans[name] == "complete" for kind, name in said if kind == "ended")
        assert files == 40 * sum(batches.values())
    begin_scan(catalog, samples.start("afterwards"))
