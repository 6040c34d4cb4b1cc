"""The values that recovery points are judged from, and what comes of them: times with and without a chain; no rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.judging.chain_values import Attempt, ChainQuestion, Copy, Holding
from verifier.model import SnapshotId


class State(StrEnum):
    """Whether a complete chain was no older than the objective: yes, no, or nobody knows."""

    MET = "met"
    MISSED = "missed"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why no newer state could be recovered: what was wrong with the export that a chain ends before.

    `unverified` was there, but nobody knows that it was good then. `unseen` is the time before the first look.
    `no-schedule`: nothing tells which increments should have come. `none-due`: no export was promised.
    """

    MISSING = "missing"
    WAITING = "waiting"
    BAD = "bad"
    GONE = "gone"
    PAUSED = "paused"
    UNKNOWN = "unknown"
    UNVERIFIED = "unverified"
    UNSEEN = "unseen"
    NO_SCHEDULE = "no-schedule"
    NONE_DUE = "none-due"


@dataclass(frozen=True, slots=True)
class Revision:
    """One recorded state of a snapshot: seen by a listing that began at `listed_at`, recorded when it was judged."""

    holding: Holding
    landed_at: datetime | None
    listed_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """What a snapshot was worth at one place for a time; `ends_at` is not included, None where there is no end.

    Where `is_known` is False it may have been there and good, and nobody knows.
    """

    holding: Holding
    starts_at: datetime
    ends_at: datetime | None
    is_known: bool = True

    def covers(self, moment: datetime) -> bool:
        """Tell whether a moment is in it."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)


@dataclass(frozen=True, slots=True)
class CopyLife:
    """A copy of a snapshot, and when it was there."""

    copy: Copy
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class Life:
    """A snapshot as known now, and when it was where; `stays` where it landed."""

    attempt: Attempt
    stays: tuple[Stay, ...]
    copies: tuple[CopyLife, ...] = ()

    @property
    def every_stay(self) -> tuple[Stay, ...]:
        """Those where it landed and those of its copies."""
        return (*self.stays, *(s for c in self.copies for s in c.stays))


@dataclass(frozen=True, slots=True, kw_only=True)
class RpoQuestion:
    """From when to when (not included) a chain was to be no older than `objective`.

    `looks` are the starts of all complete listings that show the dataset, in order; `lifetime` is how long its zone
    keeps what landed, `grace` how long an export may take. Of `chain` the moment is of no account.
    """

    chain: ChainQuestion
    since: datetime
    until: datetime
    objective: timedelta
    looks: tuple[datetime, ...] = ()
    grace: timedelta = timedelta()
    lifetime: timedelta | None = None
    has_schedule: bool = True


@dataclass(frozen=True, slots=True)
class Why:
    """The export that a chain ended before, and what was wrong with it; `landed_at` is when it came at last."""

    cause: Cause
    due_at: datetime | None = None
    snapshot: SnapshotId | None = None
    landed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time of one state; `recovers_to` is what could be recovered at its end, None where nothing could.

    Of unknown time that is what is certain. `why` is None where the objective was met.
    """

    starts_at: datetime
    ends_at: datetime
    state: State
    recovers_to: datetime | None
    why: Why | None = None

    @property
    def exposure(self) -> timedelta | None:
        """The age, at its end, of what could be recovered then."""
        return None if self.recovers_to is None else self.ends_at - self.recovers_to


@dataclass(frozen=True, slots=True)
class Worst:
    """The longest exposure that is proven: all after `starts_at` would have been lost at `ends_at`.

    `is_total` where there was no chain at all in that time, so that everything would have been lost.
    """

    starts_at: datetime
    ends_at: datetime
    is_total: bool
    why: Why | None


@dataclass(frozen=True, slots=True)
class RpoJudgement:
    """All stretches of the time asked about, in order and without a gap, and the worst exposure."""

    stretches: tuple[Stretch, ...]
    worst: Worst | None

    def length(self, state: State) -> timedelta:
        """How long that state held, all in all."""
        return sum((s.ends_at - s.starts_at for s in self.stretches if s.state is state), timedelta())
