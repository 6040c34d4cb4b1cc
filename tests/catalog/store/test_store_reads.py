"""When every byte was last read: few rows for many files, whole or not there, and known of catalogs from before."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from support.old_catalogs import older_copy
from support.recording import begin_scan, record_snapshots

from catalog.store import migrate
from catalog.store.database import Catalog
from catalog.store.queries import get_snapshot, list_files
from catalog.store.reads import SnapshotRead, dataset_reads
from catalog.store.recovery import contradictions
from verifier.model import SnapshotId

TIMES = ("202611010100", "202611020100")


def rows(catalog: Catalog, query: str) -> list[tuple[object, ...]]:
    with catalog.read() as connection:
        return connection.execute(query).fetchall()


def at(time: str, samples: ModuleType) -> SnapshotId:
    return SnapshotId("cja", samples.DATASET, time)


@pytest.fixture
def recorded(catalog: Catalog, samples: ModuleType) -> Catalog:
    """Two snapshots of three files, read in full when they were first seen."""
    begin_scan(catalog, samples.start())
    changes = [samples.change(time) for time in TIMES]
    record_snapshots(catalog, "scan-1", changes, samples.NOW, [SnapshotRead(c.report.id) for c in changes])
    return catalog


def test_a_snapshot_that_was_read_whole_takes_one_row(recorded: Catalog, samples: ModuleType) -> None:
    assert rows(recorded, "SELECT count(*), count(name) FROM full_read") == [(2, 0)]
    assert {f.last_full_read_at for f in list_files(recorded, at(TIMES[0], samples))} == {samples.NOW}
    found = get_snapshot(recorded, at(TIMES[0], samples))
    assert found is not None
    assert found.last_full_read_at == samples.NOW


def test_a_part_takes_a_row_a_file_and_the_oldest_counts(recorded: Catalog, samples: ModuleType) -> None:
    later = samples.NOW + timedelta(days=1)
    names = [f.known.report.file.path for f in list_files(recorded, at(TIMES[0], samples))]
    for number, path in enumerate(names):
        scan = f"again-{number}"
        begin_scan(recorded, samples.start(scan, at=later))
        record_snapshots(recorded, scan, [], later, [SnapshotRead(at(TIMES[0], samples), (path,))])
        found = get_snapshot(recorded, at(TIMES[0], samples))
        assert found is not None
        assert found.last_full_read_at == (later if number == 2 else samples.NOW)
    assert rows(recorded, "SELECT count(*) FROM full_read WHERE name IS NOT NULL") == [(3,)]
    assert rows(recorded, "SELECT count(*) FROM full_reads WHERE path LIKE '%/part-%'") == [(3,)]


def test_reads_are_known_as_of_a_moment(recorded: Catalog, samples: ModuleType) -> None:
    later, key = samples.NOW + timedelta(days=1), (samples.DATASET, TIMES[0])
    begin_scan(recorded, samples.start("again", at=later))
    record_snapshots(recorded, "again", [], later, [SnapshotRead(at(TIMES[0], samples))])
    by_then = {m: dataset_reads(recorded, "cja", [samples.DATASET], m).get(key)
               for m in (samples.NOW - timedelta(days=1), samples.NOW, later)}  # fmt: skip
    assert list(by_then.values()) == [None, samples.NOW, later]
    assert dataset_reads(recorded, "elsewhere", [samples.DATASET], later) == {}
    assert dataset_reads(recorded, "cja", [], later) == {}


def test_the_same_read_twice_is_recorded_once(recorded: Catalog, samples: ModuleType) -> None:
    record_snapshots(recorded, "scan-1", [], samples.NOW, [SnapshotRead(at(time, samples)) for time in TIMES])
    assert rows(recorded, "SELECT count(*) FROM full_read") == [(2,)]
    assert rows(recorded, "SELECT sum(reads) FROM batch") == [(2,)]


@pytest.mark.parametrize("lost", ["DELETE FROM full_read WHERE snapshot_key = 1", "DELETE FROM snapshot"])
def test_a_catalog_that_lost_a_read_contradicts_itself(recorded: Catalog, lost: str) -> None:
    with recorded.write() as connection:
        assert contradictions(connection) == []
        connection.execute(lost)
        assert any("read" in what for what in contradictions(connection))


def test_a_catalog_from_before_knows_when_bytes_were_first_read(
    recorded: Catalog, samples: ModuleType, tmp_path: Path
) -> None:
    before = [step.name for step in migrate.migrations()].index("0004_full_reads")
    older = older_copy(recorded, tmp_path / "older.duckdb", before)
    assert {f.last_full_read_at for f in list_files(older, at(TIMES[1], samples))} == {samples.NOW}
    assert rows(older, "SELECT count(*), count(name) FROM full_read") == [(2, 0)]
    with older.write() as connection:
        assert contradictions(connection) == []


def test_what_brings_an_old_catalog_up_to_date_has_the_memory_to_go_through_all_of_it(
    recorded: Catalog, tmp_path: Path
) -> None:
    older = older_copy(recorded, tmp_path / "older.duckdb", 3)
    asked = "SELECT current_setting('memory_limit')"
    with older.write() as connection:
        upgrading = connection.execute(asked).fetchall()
    with older.write() as connection:
        assert connection.execute(asked).fetchall() != upgrading == [("953.6 MiB",)]
