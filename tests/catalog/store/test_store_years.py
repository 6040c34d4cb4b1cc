"""A catalog of many nights, as the bench builds it: the program takes it for its own and records on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.catalog_builder import ZONE, Plan, build
from bench.catalog_nights import Timed, record_night
from catalog.store.database import Catalog
from catalog.store.queries import SnapshotFilter, list_files, list_snapshots
from verifier.model import Presence, SnapshotId, Verdict

PLAN = Plan(datasets=12, days=400, files=4)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return build(tmp_path_factory.mktemp("years") / "catalog.duckdb", PLAN)


def _counts(catalog: Catalog) -> list[tuple[int, ...]]:
    with catalog.read() as connection:
        return connection.execute(
            """SELECT (SELECT count(*) FROM snapshot_revision), (SELECT count(*) FROM file_revision),
                      (SELECT count(*) FROM finding), (SELECT count(*) FROM full_read)
               UNION ALL SELECT sum(snapshots), sum(files), sum(findings), sum(reads) FROM batch"""
        ).fetchall()


def test_batches_tell_how_many_rows_there_are(built: Catalog) -> None:
    held, told = _counts(built)
    assert held == told


def test_some_exports_are_missing_and_some_not_good(built: Catalog) -> None:
    snapshots = list_snapshots(built, SnapshotFilter())
    verdicts = {one.report.verdict for one in snapshots}
    assert PLAN.datasets * PLAN.days * 0.97 < len(snapshots) < PLAN.datasets * PLAN.days
    assert {Verdict.GOOD, Verdict.CORRUPT} <= verdicts
    # Read once more after a year, or, the younger ones, once.
    assert all(one.last_full_read_at for one in snapshots)


def test_files_have_paths_below_the_folder_of_their_snapshot(built: Catalog) -> None:
    newest = list_snapshots(built, SnapshotFilter(latest_good=True))
    assert len(newest) == PLAN.datasets
    of = newest[0].report.id
    paths = [file.known.report.file.path for file in list_files(built, of)]
    assert len(paths) == PLAN.files
    assert all(path.startswith(f"{of.dataset_id}/exportTime={of.export_time}/part-0") for path in paths)
    assert not any("\x01" in path for path in paths)


def test_the_same_seed_makes_the_same_catalog(tmp_path: Path) -> None:
    plan = Plan(datasets=2, days=3, files=2)
    rows = []
    for name in ("one", "two"):
        with build(tmp_path / name, plan).read() as connection:
            rows.append(connection.execute("FROM file_revisions ORDER BY ALL").fetchall())
    assert len(rows[0]) > 0
    assert rows[0] == rows[1]


def test_another_night_is_recorded_on_top(built: Catalog) -> None:
    catalog = Timed(built.path)
    record_night(catalog, PLAN, PLAN.days)
    night = SnapshotId(ZONE, PLAN.dataset_id(3), PLAN.export_time(PLAN.days))
    files = list_files(catalog, night)
    assert [file.presence for file in files] == [Presence.PRESENT] * PLAN.files
    assert (
        list_snapshots(catalog, SnapshotFilter(dataset_ids=(night.dataset_id,), latest_good=True))[0].report.id == night
    )
    held, told = _counts(catalog)
    assert held == told
    assert len(catalog.held) == 3, "the beginning, what was seen, the check"
