"""The views against plain definitions of the same: windows over all rows, and a loop over the history of a slot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.store import migrate

FIRST = datetime.fromisoformat("2026-11-01")  # as stored: UTC, without a zone
DATASETS = (("cja", "aaa"), ("cja", "bbb"), ("other", "aaa"))
FILES = ("part-1", "part-2", "/elsewhere/part-1")

_NEWEST = "ORDER BY r.recorded_at DESC, k.started_at DESC, k.scan_id DESC, k.zone DESC"
# As plain as can be, and slow on years.
PLAIN_SNAPSHOTS = f"""
SELECT s.zone, s.dataset_id, s.export_time, r.verdict, r.presence, r.files_read, k.scan_id, r.recorded_at AS judged_at,
       min(r.recorded_at) OVER (PARTITION BY snapshot_key) AS first_seen_at,
       max(r.recorded_at) FILTER (r.files_read > 0) OVER (PARTITION BY snapshot_key) AS verified_at
FROM snapshot s JOIN snapshot_revision r USING (snapshot_key) JOIN scan k USING (scan_key)
QUALIFY row_number() OVER (PARTITION BY snapshot_key {_NEWEST}) = 1
"""
SNAPSHOTS = """
SELECT s.zone, s.dataset_id, s.export_time, s.verdict, s.presence, r.files_read, k.scan_id, judged_at, first_seen_at,
       verified_at
FROM snapshots s JOIN scan k USING (scan_key) JOIN snapshot_revision r USING (scan_key, snapshot_key)
"""
PLAIN_FILES = f"""
SELECT s.zone, s.dataset_id, s.export_time, to_path(r.name, s.folder, s.writer) AS path, r.size, r.sha256, r.presence,
       k.scan_id, r.recorded_at, min(r.seen_at) OVER (PARTITION BY snapshot_key, r.name) AS first_seen_at,
       CASE WHEN r.presence = 'present' THEN r.recorded_at END AS last_seen_at
FROM snapshot s JOIN file_revision r USING (snapshot_key) JOIN scan k USING (scan_key)
QUALIFY row_number() OVER (PARTITION BY snapshot_key, r.name {_NEWEST}) = 1
"""
COLUMNS_OF_FILES = "path, size, sha256, presence, scan_id, recorded_at, first_seen_at, last_seen_at"
FILES_NOW = f"SELECT f.zone, dataset_id, export_time, {COLUMNS_OF_FILES} FROM files f JOIN scan k USING (scan_key)"
PLAIN_READS = f"""
SELECT f.zone, f.dataset_id, f.export_time, f.path,
       CASE WHEN f.sha256 IS NOT NULL THEN (
           SELECT max(r.read_at) FROM full_read r JOIN snapshot s USING (snapshot_key)
           WHERE s.zone = f.zone AND s.dataset_id = f.dataset_id AND s.export_time = f.export_time
                 AND (r.name IS NULL OR to_path(r.name, s.folder, s.writer) = f.path)) END
FROM ({PLAIN_FILES}) f WHERE presence = 'present'
"""
READS = "SELECT zone, dataset_id, export_time, path, last_full_read_at FROM last_full_reads"

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What was recorded, by the names of things instead of by keys: of each snapshot what which scan saw of it."""

    scans: tuple[tuple[str, int], ...]
    seen: tuple[tuple[int, int, int, int, tuple[tuple[str, int], ...]], ...]
    reads: tuple[tuple[int, int, str | None, int], ...]
    slots: tuple[tuple[int, int, int, int, str, str | None, str | None], ...]
    schedules: tuple[tuple[int, int, str | None, str], ...]


few = st.integers(0, 2)
files = st.lists(st.tuples(st.sampled_from(FILES), few), unique_by=lambda file: file[0], max_size=3).map(tuple)
slot = st.tuples(
    *(few, few, few, few),
    *(st.sampled_from(texts) for texts in (("missing", "on_time"), (None, "x"), (None, "good"))),
)
histories = st.builds(
    History,
    scans=st.permutations("pqr").flatmap(lambda names: st.tuples(*(st.tuples(st.just(n), few) for n in names))),
    seen=st.lists(st.tuples(few, few, few, few, files), unique_by=lambda one: one[:2], max_size=9).map(tuple),
    reads=st.lists(st.tuples(few, few, st.sampled_from((None, *FILES)), few), max_size=5).map(tuple),
    slots=st.lists(slot, max_size=8).map(tuple),
    schedules=st.lists(
        st.tuples(few, few, st.sampled_from((None, "Web")), st.sampled_from(("none", "every 3h"))), max_size=5
    ).map(tuple),
)
some = settings(max_examples=20, deadline=None)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        migrate.start(connection)
        migrate.apply(connection, migrate.migrations())
        yield connection


def at(number: int) -> datetime:
    return FIRST + timedelta(hours=number)


def fill(connection: duckdb.DuckDBPyConnection, history: History, order: Random) -> None:
    """Put a history into empty tables, its rows and its keys in an order drawn by lot."""
    tables = ("scan", "scan_end", "snapshot", "snapshot_revision", "file_revision", "full_read", "slot_transition")
    for table in (*tables, "schedule_seen"):
        connection.execute(f"DELETE FROM {table}")
    # A scan of three zones is three looks; only those at the zone of a snapshot see it.
    looks = [(scan, zone, started) for scan, started in history.scans for zone in ("cja", "other")]
    scan_keys = dict(zip([look[:2] for look in looks], order.sample(range(1, 100), len(looks)), strict=True))
    keys = order.sample(range(1, 100), len(DATASETS))
    rows: list[tuple[str, dict[str, Any]]] = []
    for scan, zone, started in looks:
        row = {"scan_key": scan_keys[scan, zone], "scan_id": scan, "zone": zone, "started_at": at(started)}
        rows.append(("scan", row | dict.fromkeys(("url", "kind", "depth", "scope", "tool_version", "basis"), "")))
    for number in {snapshot for snapshot, *_ in history.seen}:
        zone, dataset = DATASETS[number]
        row = {"snapshot_key": keys[number], "zone": zone, "dataset_id": dataset, "export_time": "202611010000"}
        places = {"export_at": FIRST, "folder": dataset, "writer": "", "recorded_at": at(order.randrange(3))}
        rows.append(("snapshot", row | places))
    for number, scan, recorded, state, files in history.seen:
        here = {"scan_key": scan_keys[history.scans[scan][0], DATASETS[number][0]], "snapshot_key": keys[number]}
        here |= {"recorded_at": at(recorded), "depth": "full"}
        revision = {
            "verdict": ("good", "corrupt", "good")[state],
            "presence": ("present", "present", "vanished")[state],
        }
        revision |= dict.fromkeys(("checked", "files", "data_files", "bytes", "bytes_read"), 0)
        revision |= {"listing_digest": "", "basis": "", "is_final": True, "files_changed": len(files)}
        rows.append(("snapshot_revision", here | revision | {"files_read": min(state, len(files))}))
        for name, version in files:
            kept = {"name": name, "size": version, "sha256": None if version == 0 else f"{version:064}", "kind": "json"}
            kept |= {"looked": True, "presence": "vanished" if version == 2 else "present", "seen_at": at(version)}
            rows.append(("file_revision", here | kept))
    known = {number for number, *_ in history.seen}
    for number, scan, name, read in history.reads:
        if number in known:
            key = scan_keys[history.scans[scan][0], DATASETS[number][0]]
            kept = {"scan_key": key, "snapshot_key": keys[number], "name": name, "read_at": at(read)}
            rows.append(("full_read", kept))
    for number, due, recorded, happened, after, snapshot, verdict in history.slots:
        slot = dict(zip(("zone", "dataset_id"), DATASETS[number], strict=True)) | {"due_at": at(due), "after": after}
        slot |= {"happened_at": at(happened), "snapshot": snapshot, "verdict": verdict, "recorded_at": at(recorded)}
        rows.append(("slot_transition", slot))
    for number, recorded, name, schedule in history.schedules:
        place = dict(zip(("zone", "dataset_id"), DATASETS[number], strict=True))
        rows.append(("schedule_seen", place | {"name": name, "schedule": schedule, "recorded_at": at(recorded)}))
    order.shuffle(rows)
    for table, row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def sorted_rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    return sorted(connection.execute(query).fetchall(), key=repr)


def newest_runs(rows: list[tuple[Row, Row, Row]]) -> list[Row]:
    """Return, of each subject, the first row of its newest run of equal values; a row has subject, order and value."""
    found: dict[Row, tuple[Row, Row]] = {}
    for subject, order, value in sorted(rows, key=repr):
        if subject not in found or found[subject][1] != value:
            found[subject] = (order, value)
    return sorted(((*subject, *order, *value) for subject, (order, value) in found.items()), key=repr)


@some
@given(history=histories, seed=st.integers(0, 2**32))
def test_views_are_what_plain_windows_over_everything_give(
    connection: duckdb.DuckDBPyConnection, history: History, seed: int
) -> None:
    fill(connection, history, Random(seed))
    for view, plain in ((SNAPSHOTS, PLAIN_SNAPSHOTS), (FILES_NOW, PLAIN_FILES), (READS, PLAIN_READS)):
        assert sorted_rows(connection, view) == sorted_rows(connection, plain)
        narrowed = "SELECT * FROM ({}) WHERE zone = 'cja' AND dataset_id = 'aaa'"
        assert sorted_rows(connection, narrowed.format(view)) == sorted_rows(connection, narrowed.format(plain))


@some
@given(history=histories, seed=st.integers(0, 2**32))
def test_what_is_true_now_does_not_depend_on_the_order_in_which_it_was_recorded(
    connection: duckdb.DuckDBPyConnection, history: History, seed: int
) -> None:
    order, told = Random(seed), []
    for _ in range(2):
        fill(connection, history, order)
        queries = (SNAPSHOTS, FILES_NOW, READS, "FROM slots", "FROM schedules", "FROM datasets", "FROM looks")
        told.append([sorted_rows(connection, query) for query in queries])
    assert told[0] == told[1]


@some
@given(history=histories, seed=st.integers(0, 2**32))
def test_a_slot_and_a_schedule_are_the_first_of_the_newest_run_of_equals(
    connection: duckdb.DuckDBPyConnection, history: History, seed: int
) -> None:
    fill(connection, history, Random(seed))
    # A null stands behind every text, as it does for DuckDB; "~" does so for Python.
    slots = [
        ((*DATASETS[n], due), (recorded, happened), (after, snapshot or "~", verdict or "~"))
        for n, due, recorded, happened, after, snapshot, verdict in history.slots
    ]
    shown = connection.execute(
        "SELECT zone, dataset_id, due_at, recorded_at, happened_at, status, snapshot, verdict FROM slots"
    ).fetchall()
    told = [(z, d, *map(hours, row[:3]), *(v or "~" for v in row[3:])) for z, d, *row in shown]
    assert sorted(told, key=repr) == newest_runs(slots)

    schedules = [(DATASETS[n], (recorded,), (what, name or "~")) for n, recorded, name, what in history.schedules]
    shown = connection.execute("SELECT zone, dataset_id, recorded_at, schedule, name FROM schedules").fetchall()
    told = [(z, d, hours(recorded), what, name or "~") for z, d, recorded, what, name in shown]
    assert sorted(told, key=repr) == newest_runs(schedules)


def hours(moment: datetime) -> int:
    return round((moment - FIRST) / timedelta(hours=1))


def test_every_view_is_explained_in_the_catalog_and_in_the_docs(connection: duckdb.DuckDBPyConnection) -> None:
    views = dict(connection.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
    assert [name for name, comment in views.items() if not comment] == []
    text = (Path(__file__).parents[3] / "docs/catalog.md").read_text(encoding="utf-8")
    assert [name for name in views if f"`{name}`" not in text] == []
