"""A scan whose workers are killed or starved of memory in mid-file: it goes on, and says nothing false of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import Answer, finished, started
from support.processes import Killer, Starver
from support.sparse_parquet import write_sparse_parquet
from support.zones import ALPHA, BETA, Zone, days_before, some_json

from fixtures.case import LANDS_AFTER
from fixtures.content import TIME, json_part, moment, parquet, part

MIB = 1 << 20
BEFORE, LAST = days_before(TIME, 2)
FAT = f"{ALPHA}/exportTime={LAST}/{part(1, 'parquet')}"

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="watches processes in /proc")


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Three exports, one corrupt and two good, of which one is to get a part that nobody gets to the end of."""
    zone = Zone(tmp_path)
    zone.export(ALPHA, BEFORE)
    zone.export(ALPHA, LAST, {part(0, "parquet"): parquet()})
    zone.export(BETA, LAST, {json_part(): some_json()[:-9]})
    return zone


def fat(zone: Zone, groups: int, value_bytes: int) -> Path:
    """Add a sound part of hardly any size on the disk."""
    path = zone.root / FAT
    write_sparse_parquet(path, groups, value_bytes)
    zone.touch(FAT, moment(LAST) + LANDS_AFTER)
    return path


def scanned(zone: Zone, workers: int = 2) -> Answer:
    return finished(started("scan", zone.root, "--catalog", zone.catalog, "--json", "--workers", workers))


def judged_but_for(answer: Answer) -> None:
    """Check that the file is told of as not looked at, and that all else came out right."""
    found = answer.only("file.unreadable")
    assert (found["path"], found["level"], found["where"]) == (FAT, "error", {})
    assert {code for code in answer.codes if code.startswith(("parquet.", "gzip."))} == {"gzip.truncated"}
    assert answer.verdicts == {f"{ALPHA}/{BEFORE}": "good", f"{ALPHA}/{LAST}": "unknown", f"{BETA}/{LAST}": "corrupt"}
    unknown = next(s for s in answer.document["snapshots"] if s["verdict"] == "unknown")
    assert (unknown["checked"], unknown["files"], unknown["rows"]) == (1, 2, None)
    assert answer.status == 3


def test_a_file_whose_worker_is_killed_twice_is_unreadable_and_all_else_is_judged(zone: Zone) -> None:
    path = fat(zone, groups=500, value_bytes=32 * MIB)
    with Killer(path, times=2) as killer:
        answer = scanned(zone)
    assert len(killer.killed) == 2
    judged_but_for(answer)
    assert "Traceback" not in answer.err


def test_a_file_that_memory_runs_out_on_is_unreadable_and_is_good_where_there_is_enough(zone: Zone) -> None:
    path = fat(zone, groups=1, value_bytes=256 * MIB)
    with Starver(path, spare_bytes=160 * MIB) as starver:
        answer = scanned(zone)
    assert starver.starved
    judged_but_for(answer)
    write_sparse_parquet(path, groups=1, value_bytes=MIB)
    zone.touch(FAT, moment(LAST) + LANDS_AFTER)
    assert scanned(zone, workers=0).verdicts[f"{ALPHA}/{LAST}"] == "good"
