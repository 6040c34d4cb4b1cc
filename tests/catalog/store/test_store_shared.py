"""Many processes use one catalog at once and none of them sees an error."""

from __future__ import annotations

import subprocess
import sys
import time

from catalog.store import recovery
from catalog.store.database import Catalog

SECONDS = 4

WRITER = """
import sys, time
sys.path[:0] = [sys.argv[3], sys.argv[3].removesuffix("/catalog/store")]
import samples
from support.recording import begin_scan, record_snapshots
from catalog.store.database import Catalog
from pathlib import Path
catalog, zone, done, until = Catalog(Path(sys.argv[1])), sys.argv[2], 0, time.monotonic() + float(sys.argv[4])
begin_scan(catalog, samples.start(zone, zone=zone))
while time.monotonic() < until:
    changes = [samples.change(t, zone=zone) for t in samples.export_times(done * 5, 5)]
    record_snapshots(catalog, zone, changes, samples.NOW)
    done += 1
print(done)
"""
READER = """
import sys, time
from catalog.store import known, queries
from catalog.store.database import Catalog
from pathlib import Path
catalog, done, until, seen = Catalog(Path(sys.argv[1])), 0, time.monotonic() + float(sys.argv[4]), 0
while time.monotonic() < until:
    snapshots = known.known_snapshots(catalog, sys.argv[2])
    assert len(snapshots) % 5 == 0 and len(snapshots) >= seen, (len(snapshots), seen)
    assert all(len(s.file_findings) == 3 for s in snapshots.values())
    queries.list_datasets(catalog)
    done, seen = done + 1, len(snapshots)
print(done)
"""


def test_two_writers_and_three_readers_at_once(catalog: Catalog):
    with catalog.write():
        """Makes the file."""
    folder = str(__file__).rpartition("/")[0]
    jobs = [(WRITER, "a"), (WRITER, "b"), (READER, "a"), (READER, "a"), (READER, "b")]
    started = time.monotonic()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(catalog.path), zone, folder, str(SECONDS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for code, zone in jobs
    ]
    ended = [process.communicate(timeout=60) for process in running]
    assert [stderr for _, stderr in ended] == [""] * len(jobs)
    counts = [int(stdout) for stdout, _ in ended]
    assert min(counts) > 0, f"somebody had no turn in {time.monotonic() - started:.1f} s: {counts}"
    with catalog.read() as connection:
        assert recovery.contradictions(connection) == []
        recorded = connection.execute("SELECT zone, count(*) FROM snapshots GROUP BY zone ORDER BY zone").fetchall()
    assert recorded == [("a", 5 * counts[0]), ("b", 5 * counts[1])]
