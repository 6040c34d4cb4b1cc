"""Restores in the catalog: as they ended, with what was accepted for them, and how fast they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.store.database import Catalog
from catalog.store.restores import (
    Acceptance,
    AcceptedGap,
    RestoreRecord,
    RestoreState,
    bytes_per_second,
    known_restores,
    record_restores,
)

AT = datetime(2026, 11, 1, 3, tzinfo=UTC)
GAPS = (AcceptedGap(AT, "bad", "cja/64e0/202611010100"), AcceptedGap(AT + timedelta(days=1), "missing"))
ACCEPTED = Acceptance(gaps=GAPS, by="me@here", at=AT, reason="INC-1, 'größer'")


def restored(number: int = 0, seconds: float = 10, **more: Any) -> RestoreRecord:
    ended = RestoreRecord(
        restore_id=f"id-{number}",
        zone="cja",
        dataset_id="64e0",
        as_of=AT,
        recovers_to=AT,
        depth="full",
        target_url="s3://bucket/there",
        state=RestoreState.COMPLETE,
        snapshots=2,
        files=4,
        bytes=10_000_000,
        files_copied=4,
        bytes_copied=10_000_000,
        started_at=AT + timedelta(hours=number),
        finished_at=AT + timedelta(hours=number, seconds=seconds),
        tool_version="1",
    )
    return replace(ended, **more)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "landproof.duckdb")


def test_a_restore_is_known_as_it_ended_with_what_was_accepted_before(catalog: Catalog) -> None:
    begun = restored(state=RestoreState.RUNNING, finished_at=None, bytes_copied=0, files_copied=0, acceptance=ACCEPTED)
    record_restores(catalog, [begun])
    assert known_restores(catalog) == [begun]
    ended = restored(acceptance=ACCEPTED)
    record_restores(catalog, [ended])
    assert known_restores(catalog) == [ended]
    assert (ended.is_complete, ended.seconds, begun.seconds) == (True, 10, None)


def test_the_newest_come_first_and_those_of_other_zones_only_where_all_are_asked_for(catalog: Catalog) -> None:
    records = [restored(0), restored(2, zone="safe"), restored(1)]
    record_restores(catalog, records)
    assert [r.restore_id for r in known_restores(catalog)] == ["id-2", "id-1", "id-0"]
    assert [r.restore_id for r in known_restores(catalog, "cja")] == ["id-1", "id-0"]
    record_restores(catalog, [])


def test_speed_is_the_median_of_the_zone_else_of_all(catalog: Catalog) -> None:
    record_restores(catalog, [restored(n, seconds) for n, seconds in enumerate((1, 10, 100))])
    assert bytes_per_second(catalog, "cja") == 1_000_000
    assert bytes_per_second(catalog, "another") == 1_000_000
    record_restores(catalog, [restored(9, 2, zone="another")])
    assert bytes_per_second(catalog, "another") == 5_000_000


def test_speed_is_unknown_where_too_little_was_copied(catalog: Catalog) -> None:
    few = [restored(0, bytes_copied=999_999, bytes=999_999), restored(1, bytes_copied=1_000_000), restored(2, 0)]
    running = restored(3, state=RestoreState.RUNNING, finished_at=None)
    record_restores(catalog, [*few, running])
    assert bytes_per_second(catalog, "cja") is None
