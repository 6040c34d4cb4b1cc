"""Drills in the catalog: appended, and the last ones of each dataset read back as of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support.old_catalogs import older_copy

from catalog.judging.values import Drills
from catalog.store import migrate
from catalog.store.codec import to_stored
from catalog.store.database import Catalog
from catalog.store.drills import DrillRecord, last_drills, record_drills

AT = datetime(2026, 9, 20, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def drilled(hours: int, state: str = "passed", **more: Any) -> DrillRecord:
    values: dict[str, Any] = {
        "drill_id": f"drill-{hours}", "zone": "cja", "dataset_id": "a", "as_of": AT, "recovers_to": None,
        "depth": "full", "accepts_gaps": False, "state": state, "message": None, "snapshots": 1, "files": 2,
        "bytes": 3, "rows": None, "rows_loaded": 4, "fetch_seconds": 0.5, "load_seconds": 0.25, "started_at": AT,
        "finished_at": AT + hours * HOUR, "tool_version": "0.1.0",
    }  # fmt: skip
    return DrillRecord(**values | more)


def test_the_last_that_passed_and_the_last_that_did_not_are_known_for_any_moment(catalog: Catalog) -> None:
    record_drills(catalog, [drilled(1), drilled(2, "failed"), drilled(3), drilled(4, "unknown"), drilled(9)])
    record_drills(catalog, [drilled(2, "failed", dataset_id="b", drill_id="b"), drilled(1, zone="safe")])
    record_drills(catalog, [])
    key = ("cja", "a")
    assert last_drills(catalog, AT) == {}
    assert last_drills(catalog, AT + HOUR)[key] == Drills(AT + HOUR, None)
    assert last_drills(catalog, AT + 2 * HOUR)[key] == Drills(AT + HOUR, AT + 2 * HOUR)
    every = last_drills(catalog, AT + 5 * HOUR)
    assert every[key] == Drills(AT + 3 * HOUR, AT + 4 * HOUR)
    assert every["cja", "b"] == Drills(None, AT + 2 * HOUR)
    assert set(every) == {key, ("cja", "b"), ("safe", "a")}


def test_all_of_a_drill_is_kept(catalog: Catalog) -> None:
    record = drilled(1, message="a note", recovers_to=AT, rows=9)
    record_drills(catalog, [record])
    with catalog.read() as connection:
        result = connection.execute("SELECT * FROM drill")
        names = [column[0] for column in result.description or ()]
        (row,) = result.fetchall()
    kept = dict(zip(names, row, strict=True))
    assert kept.pop("recorded_at") == to_stored(record.finished_at)
    assert kept == record.row()


def test_a_catalog_from_before_there_were_drills_is_brought_up_to_date(catalog: Catalog, tmp_path: Path) -> None:
    steps = [step.name for step in migrate.migrations()].index("0007_drills")
    record_drills(catalog, [drilled(1)])
    older = older_copy(catalog, tmp_path / "older.duckdb", steps)
    assert last_drills(older, AT + HOUR) == {}
    record_drills(older, [drilled(1)])
    assert len(last_drills(older, AT + HOUR)) == 1
