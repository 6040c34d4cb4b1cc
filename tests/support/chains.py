"""A daily dataset to restore: exports and slots by their day, a chain as letters; asserts nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, Chain, ChainQuestion, ChainSlot, Copy, Holding, Mode
from catalog.judging.values import SlotStatus
from verifier.model import Depth, SnapshotId, Verdict

START = datetime(2026, 9, 1, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
INCREMENTAL = ChainQuestion(
    mode=Mode.FULL_THEN_INCREMENTAL, as_of=START + 30 * DAY, now=START + 30 * DAY, flow_starts=(START,)
)
FULL = replace(INCREMENTAL, mode=Mode.FULL, flow_starts=())


def day(number: float) -> datetime:
    """The moment an export is due; day 0 is the first."""
    return START + number * DAY


def holding(at: datetime = START, zone: str = "cja", **more: Any) -> Holding:
    """A snapshot at one place, good and read in full unless told otherwise."""
    known: dict[str, Any] = {
        "verdict": Verdict.GOOD, "depth": Depth.FULL, "checked": 3, "files": 3, "bytes": 100, "rows": 10,
    }  # fmt: skip
    return Holding(id=SnapshotId(zone, "64e0c0ffee0123456789abcd", f"{at:%Y%m%d%H%M%S}"), **(known | more))


def attempt(number: float, late: timedelta = timedelta(), **more: Any) -> Attempt:
    """An export at the slot of a day."""
    copies, events = more.pop("copies", ()), more.pop("events", None)
    due_at = more.pop("due_at", day(number))
    return Attempt(here=holding(day(number) + late, **more), due_at=due_at, copies=copies, events=events)


def copy(number: float, *, was_good: bool = True, **more: Any) -> Copy:
    """A copy in another zone of the export of a day."""
    return Copy(there=holding(day(number), "safe", **more), was_good=was_good)


def slots(*statuses: SlotStatus | None, proven_empty: Iterable[int] = ()) -> list[ChainSlot]:
    """Slots from day 0 on, filled in time where no status is given."""
    proven = set(proven_empty)
    return [ChainSlot(day(i), s or SlotStatus.ON_TIME, i in proven) for i, s in enumerate(statuses)]


def exports(*numbers: float) -> list[Attempt]:
    """Good exports of some days."""
    return [attempt(n) for n in numbers]


def chain_of(
    attempts: Iterable[Attempt], promised: Iterable[ChainSlot] = (), question: ChainQuestion = INCREMENTAL, **more: Any
) -> Chain:
    """Judge, with some of the question changed."""
    return judge_chain(replace(question, **more), attempts, promised)


def days(chain: Chain) -> list[float]:
    """The days whose exports are in a chain."""
    return [(m.attempt.at - START) / DAY for m in chain.members]


def gap_days(chain: Chain) -> list[tuple[float, str]]:
    """The days of its gaps, and why."""
    return [((g.due_at - START) / DAY, g.reason.value) for g in chain.gaps]
