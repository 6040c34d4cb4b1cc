"""A daily dataset to judge: promises, arrivals and looks in few words; asserts nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.judging.slots import judge_dataset
from catalog.judging.values import (
    Arrival,
    DatasetJudgement,
    Look,
    Period,
    Promise,
    Slot,
)
from catalog.schedule import Every, Schedule
from verifier.model import SnapshotId, Verdict, finding

DUE = datetime(2026, 9, 19, 1, tzinfo=UTC)
DAY, HOUR, INSTANT = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
GRACE = 3 * HOUR
OVER = DUE + GRACE
DAILY = Schedule(Every(DAY, DUE - 30 * DAY), grace=GRACE)
DATASET = "64e0c0ffee0123456789abcd"
PROMISE = Promise(zone="cja", dataset_id=DATASET, name="Web events", schedule=DAILY)
CORRUPT_PAGE = finding("parquet.corrupt-page", "a page is damaged", path="a.parquet")


def arrival(
    export_at: datetime = DUE,
    landed_at: datetime | None = DUE + HOUR,
    verdict: Verdict = Verdict.GOOD,
    **more: Any,
) -> Arrival:
    """A snapshot of the dataset, with one data file unless told otherwise."""
    snapshot = SnapshotId("cja", DATASET, f"{export_at:%Y%m%d%H%M%S}")
    return Arrival(id=snapshot, verdict=verdict, landed_at=landed_at, **{"data_files": 1, **more})


def judge(
    *arrivals: Arrival,
    at: datetime,
    look: datetime | None = None,
    since: datetime = DUE,
    promise: Promise = PROMISE,
) -> DatasetJudgement:
    """Judge the dataset; the look, if any, is given by its start."""
    return judge_dataset(promise, arrivals, None if look is None else Look(look), Period(since, at))


def slot(*arrivals: Arrival, at: datetime, look: datetime | None = None, promise: Promise = PROMISE) -> Slot:
    """Return the slot due first, judged."""
    return judge(*arrivals, at=at, look=look, promise=promise).slots[0]


def codes(judged: Slot | DatasetJudgement) -> list[str]:
    return [f.code for f in judged.findings]
