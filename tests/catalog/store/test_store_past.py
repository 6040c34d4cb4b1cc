"""A catalog as it was known at a moment: no table is left out, and nothing is changed by asking it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.old_catalogs import older_copy
from support.recording import begin_scan, end_scan, record_snapshots

from catalog.store.database import OPTIONS, Catalog
from catalog.store.known import known_zones, looks
from catalog.store.past import MOMENTS, OWNERS, TIMELESS
from catalog.store.queries import SnapshotFilter, list_datasets, list_snapshots
from catalog.store.scans import list_scans
from catalog.store.sql import run_sql
from verifier.backends.urls import parse_location
from verifier.errors import CatalogError, UsageError
from verifier.model import Verdict

HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)


def verdicts(catalog):
    return [s.report.verdict.value for s in list_snapshots(catalog, SnapshotFilter())]


@pytest.fixture
def turned(catalog, samples):
    """A catalog of a snapshot that was good first, and corrupt an hour later."""
    good = samples.change("202611010100")
    bad = replace(good, report=replace(good.report, verdict=Verdict.CORRUPT), files=())
    for number, change in enumerate((good, bad)):
        at = samples.NOW + number * HOUR
        begin_scan(catalog, samples.start(f"scan-{number}", at=at))
        record_snapshots(catalog, f"scan-{number}", [change], at)
        end_scan(catalog, f"scan-{number}", samples.end(at))
    return catalog


def test_of_every_table_it_is_told_when_its_rows_were_recorded(turned):
    with turned.read() as connection:
        rows = connection.execute(
            """SELECT table_name, column_name, data_type FROM duckdb_columns() SEMI JOIN duckdb_tables()
                   USING (database_name, table_name) WHERE NOT internal"""
        ).fetchall()
    kinds = {(table, column): kind for table, column, kind in rows}
    assert sorted({table for table, _ in kinds}) == sorted([*MOMENTS, *OWNERS, *TIMELESS])
    assert {table: kinds[table, column] for table, column in MOMENTS.items()} == dict.fromkeys(MOMENTS, "TIMESTAMP")
    for table, (owner, names) in OWNERS.items():
        assert {(one, name) for one in (table, owner) for name in names.split(", ")} <= kinds.keys()
    assert all(owner in MOMENTS for owner, _ in OWNERS.values())


def test_what_was_recorded_at_the_moment_itself_was_known(turned, samples):
    moments = (samples.NOW - INSTANT, samples.NOW, samples.NOW + HOUR - INSTANT, samples.NOW + HOUR)
    assert [verdicts(turned.as_known_at(at)) for at in moments] == [[], ["good"], ["good"], ["corrupt"]]
    assert [len(list_scans(turned.as_known_at(at))) for at in moments] == [0, 1, 1, 2]
    assert [known_zones(turned.as_known_at(at)) for at in moments[:2]] == [{}, {"cja": "s3://bucket/cja"}]
    assert verdicts(turned.as_known_at(None)) == ["corrupt"]


def test_a_scan_that_ran_then_had_not_ended(catalog, samples):
    begin_scan(catalog, samples.start())
    end_scan(catalog, "scan-1", samples.end(samples.NOW + HOUR))
    assert looks(catalog.as_known_at(samples.NOW + HOUR - INSTANT), "cja") == []
    assert [look.started_at for look in looks(catalog.as_known_at(samples.NOW + HOUR), "cja")] == [samples.NOW]


def test_what_was_taken_in_later_counts_by_when_it_was_recorded(catalog, samples):
    """Another machine saw the snapshot first; what it recorded came second."""
    for number, hours in ((0, 2), (1, 1)):
        at = samples.NOW + hours * HOUR
        begin_scan(catalog, samples.start(f"scan-{number}", at=at))
        record_snapshots(catalog, f"scan-{number}", [samples.change("202611010100")], at)
    then = catalog.as_known_at(samples.NOW + HOUR)
    assert [s.first_seen_at for s in list_snapshots(then, SnapshotFilter())] == [samples.NOW + HOUR]
    assert [d.snapshots for d in list_datasets(then)] == [1]
    assert known_zones(then) == {"cja": "s3://bucket/cja"}


def test_its_clocks_stand_still(turned, samples):
    clocks = ("now()", "current_timestamp", "transaction_timestamp()", "localtimestamp", "today()", "current_date")
    (row,) = run_sql(turned.as_known_at(samples.NOW), f"SELECT {', '.join(clocks)}").rows
    plain = samples.NOW.replace(tzinfo=None)
    assert [value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in row] == [
        *([plain] * 4),
        *([plain.date()] * 2),
    ]


@pytest.mark.parametrize("name", ["snapshot", "snapshots", "finding", "zone"])
def test_a_question_in_sql_sees_no_more(turned, samples, name):
    before = turned.as_known_at(samples.NOW - HOUR)
    assert run_sql(before, f"SELECT count(*) FROM {name}").rows == [(0,)]
    assert run_sql(before, f"WITH mine AS (FROM {name}) SELECT count(*) FROM mine").rows == [(0,)]
    for schema in ("main", "landproof.main", '"MAIN"'):
        with pytest.raises(UsageError, match="without a schema"):
            run_sql(before, f"SELECT (SELECT count(*) FROM {schema}.{name})")


def test_macros_of_what_was_known_earlier_still_see_no_more(turned, samples):
    question = f"SELECT verdict FROM snapshots_as_known_at('{samples.NOW.replace(tzinfo=None) + 2 * HOUR}')"
    assert run_sql(turned, question).rows == [("corrupt",)]
    assert run_sql(turned.as_known_at(samples.NOW), question).rows == [("good",)]


def test_nothing_can_be_recorded_in_it_and_no_segment_is_written(turned, samples, tmp_path):
    kept = replace(turned, segments=parse_location(str(tmp_path / "segments")))
    then = kept.as_known_at(samples.NOW)
    with pytest.raises(CatalogError, match=r"known at 2026-11-20T06:00:00Z: is for reading only"):
        record_snapshots(then, "scan-0", [samples.change("202611020100")], samples.NOW + 2 * HOUR)
    assert not (tmp_path / "segments").exists()
    assert verdicts(turned) == ["corrupt"]


def test_asking_leaves_the_file_as_it_is_and_no_table_behind(turned, samples):
    before = turned.path.read_bytes()
    assert verdicts(turned.as_known_at(samples.NOW)) == ["good"]
    assert turned.path.read_bytes() == before
    assert verdicts(turned) == ["corrupt"]


def test_a_catalog_whose_name_is_no_plain_word(turned, samples, tmp_path):
    path = tmp_path / 'a "quoted" main.snapshot.duckdb'
    turned.path.rename(path)
    assert verdicts(Catalog(path).as_known_at(samples.NOW)) == ["good"]


def test_an_older_catalog_is_brought_up_to_date_first(turned, samples, tmp_path):
    for steps in (1, 6, 11):
        older = older_copy(turned, tmp_path / f"older-{steps}.duckdb", steps)
        assert verdicts(older.as_known_at(samples.NOW)) == ["good"]


def test_where_there_is_no_catalog_there_was_none_then(catalog):
    with pytest.raises(CatalogError, match="does not exist"), catalog.as_known_at(datetime.now(UTC)).read(OPTIONS):
        pass
    assert known_zones(catalog.as_known_at(datetime.now(UTC))) == {}
