"""Copies of snapshots in the catalog: recorded, read back from either side, joined over several places."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from support.old_catalogs import older_copy
from support.recording import begin_scan, record_copies, record_snapshots

from catalog.store import migrate
from catalog.store.copies import CopyRecord, copies_of
from catalog.store.database import Catalog
from catalog.store.places import places_elsewhere
from catalog.store.queries import SnapshotFilter, list_snapshots
from verifier.model import Presence, SnapshotId, Verdict

TIME = "202609200100"


def at(zone: str, samples: ModuleType) -> SnapshotId:
    return SnapshotId(zone, samples.DATASET, TIME)


def seen(catalog: Catalog, samples: ModuleType, *zones: str) -> None:
    """Record the same snapshot in each zone."""
    for zone in zones:
        begin_scan(catalog, samples.start(zone=zone))
        record_snapshots(catalog, "scan-1", [samples.change(TIME, zone=zone)], samples.NOW)


def record(samples: ModuleType, source: str, target: str, minutes: int = 1, **more: Any) -> CopyRecord:
    values: dict[str, Any] = {
        "source": at(source, samples),
        "target": at(target, samples),
        "target_url": f"s3://bucket/{target}",
        "is_complete": True,
        "files": 3,
        "bytes": 3003,
        "copied": 2,
        "already_there": 1,
        "started_at": samples.NOW,
        "finished_at": samples.NOW + timedelta(minutes=minutes),
        "tool_version": "0.1.0",
    }
    return CopyRecord(**values | more)


def test_each_side_names_the_other_as_it_is_now(catalog: Catalog, samples: ModuleType) -> None:
    seen(catalog, samples, "a", "b")
    record_copies(catalog, [record(samples, "a", "b")])
    (of_source,), (of_copy,) = (copies_of(catalog, at(zone, samples)) for zone in ("a", "b"))
    assert (of_source.id, of_source.is_original, of_source.url) == (at("b", samples), False, "s3://bucket/b")
    assert (of_copy.id, of_copy.is_original, of_copy.url) == (at("a", samples), True, "s3://bucket/a")
    for side in (of_source, of_copy):
        assert (side.is_complete, side.verdict, side.presence) == (True, Verdict.GOOD, Presence.PRESENT)
        assert side.copied_at == samples.NOW + timedelta(minutes=1)
    assert copies_of(catalog, at("c", samples)) == []


def test_a_complete_copy_is_told_of_before_a_later_try_that_failed(catalog: Catalog, samples: ModuleType) -> None:
    seen(catalog, samples, "a", "b")
    record_copies(catalog, [record(samples, "a", "b"), record(samples, "a", "b", 9, is_complete=False)])
    (one,) = copies_of(catalog, at("a", samples))
    assert (one.is_complete, one.copied_at) == (True, samples.NOW + timedelta(minutes=1))


def test_an_incomplete_copy_and_one_that_nobody_has_seen_since_are_no_places(
    catalog: Catalog, samples: ModuleType
) -> None:
    seen(catalog, samples, "a", "b")
    record_copies(catalog, [record(samples, "a", "b", is_complete=False), record(samples, "a", "c")])
    assert places_elsewhere(catalog) == {at("a", samples): []}
    states = [(one.id.zone, one.is_complete, one.verdict) for one in copies_of(catalog, at("a", samples))]
    assert states == [("b", False, Verdict.GOOD), ("c", True, None)]


def test_copies_of_copies_are_places_of_one_backup(catalog: Catalog, samples: ModuleType) -> None:
    seen(catalog, samples, "a", "b", "c", "d")
    record_copies(catalog, [record(samples, "a", "b"), record(samples, "b", "c")])
    record_copies(catalog, [])
    places = places_elsewhere(catalog)
    found = {snapshot.zone: [place.id.zone for place in elsewhere] for snapshot, elsewhere in places.items()}
    assert found == {"a": ["b", "c"], "b": ["a", "c"], "c": ["a", "b"]}
    place = places[at("a", samples)][0]
    assert (place.verdict, place.presence, place.files) == (Verdict.GOOD, Presence.PRESENT, 3)


def test_a_catalog_from_before_there_were_copies_is_brought_up_to_date(
    catalog: Catalog, samples: ModuleType, tmp_path: Path
) -> None:
    assert migrate.migrations()[2].name == "0003_copies"
    seen(catalog, samples, "a", "b")
    catalog = older_copy(catalog, tmp_path / "older.duckdb", 2)
    kept = list_snapshots(catalog, SnapshotFilter())
    assert [snapshot.report.id for snapshot in kept] == [at("a", samples), at("b", samples)]
    assert places_elsewhere(catalog) == {}
    record_copies(catalog, [record(samples, "a", "b")])
    assert len(places_elsewhere(catalog)) == 2
