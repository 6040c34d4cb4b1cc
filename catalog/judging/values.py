"""The values judging works with: promises, arrivals and looks go in, slots and judgements come out; no rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.schedule import Schedule
from verifier.findings import Level
from verifier.model import Depth, Finding, Presence, SnapshotId, Verdict
from verifier.verdict import apply_levels


class SlotStatus(StrEnum):
    """What became of one export that a schedule promised."""

    NOT_DUE = "not_due"
    WAITING = "waiting"
    ON_TIME = "on_time"
    ARRIVED_LATE = "arrived_late"
    MISSING = "missing"
    UNKNOWN = "unknown"
    PAUSED = "paused"

    @property
    def is_filled(self) -> bool:
        """True where the export came."""
        return self in (SlotStatus.ON_TIME, SlotStatus.ARRIVED_LATE)


class DatasetStatus(StrEnum):
    """What a dataset's slots and findings come to."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long after landing a zone deletes by itself, and how long before that it is time to warn."""

    length: timedelta
    warning: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Pause:
    """A waiver of the slots due from `starts_at` to `ends_at`, both included."""

    starts_at: datetime
    ends_at: datetime
    reason: str

    def covers(self, due_at: datetime) -> bool:
        """Tell whether a slot due then is waived."""
        return self.starts_at <= due_at <= self.ends_at


@dataclass(frozen=True, slots=True)
class Drills:
    """When a restore of a dataset was last tried and worked, and when one last did not; None where there was none."""

    passed_at: datetime | None = None
    not_passed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is expected of one dataset.

    `recorded_schedule` is the description recorded at the last check ("none" for a dataset without one), None when it
    was never checked. `encrypted` says that snapshots nobody can look into are what is wanted. `min_good_copies` is how
    many good places, the snapshot's own included, are to hold the newest one, `verify_every` how old the last full read
    of any may be, `drill_every` how old the last restore that was tried and worked; `drills` are those there were.
    """

    zone: str
    dataset_id: str
    name: str | None = None
    schedule: Schedule | None = None
    enabled: bool = True
    flow: str | None = None
    encrypted: bool = False
    lifetime: Lifetime | None = None
    min_good_copies: int | None = None
    verify_every: timedelta | None = None
    drill_every: timedelta | None = None
    drills: Drills = Drills()
    pauses: tuple[Pause, ...] = ()
    recorded_schedule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One snapshot as the catalog knows it.

    `landed_at` is when its newest data file landed by the storage's clock, or was first seen where the storage keeps
    none; None only where neither is known. `preserved` tells that a copy elsewhere is recorded, `good_places` at how
    many places, its own included, it is there and good. `read_at` is when every byte of it was last read, None where
    that never was.
    """

    id: SnapshotId
    verdict: Verdict
    landed_at: datetime | None
    data_files: int
    presence: Presence = Presence.PRESENT
    preserved: bool = False
    good_places: int = 1
    read_at: datetime | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Another place where a snapshot is, as known now, by a look at it this hard.

    `files` and `bytes` are those of data and manifests there.
    """

    id: SnapshotId
    verdict: Verdict
    presence: Presence
    files: int
    bytes: int
    depth: Depth


@dataclass(frozen=True, slots=True)
class Look:
    """A complete listing."""

    started_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """The slots asked about: due from `since` to `at`, both included, and judged as of `at`."""

    since: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Slot:
    """One export that a schedule promises and what became of it; `deadline` is the end of its grace.

    `reason` is that of the waiver where the slot is waived. Findings are the slot's own and, where a bad snapshot fills
    it, that snapshot's errors and warnings.
    """

    due_at: datetime
    deadline: datetime
    status: SlotStatus
    snapshot: SnapshotId | None = None
    verdict: Verdict | None = None
    landed_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetJudgement:
    """What judging one dataset came to.

    Of the snapshots that count, `arriving` are not settled yet and `opaque` cannot be looked into though they should.
    """

    zone: str
    dataset_id: str
    name: str | None
    slots: tuple[Slot, ...]
    findings: tuple[Finding, ...]
    arriving: tuple[SnapshotId, ...] = ()
    opaque: tuple[SnapshotId, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings of the dataset and of its slots."""
        return (*self.findings, *(f for s in self.slots for f in s.findings))

    @property
    def status(self) -> DatasetStatus:
        """The worst that holds: an error; a slot nobody knows about; a warning, or a snapshot nobody can look into."""
        levels = {f.level for f in self.all_findings if f.accepted is None}
        if Level.ERROR in levels:
            return DatasetStatus.FAILING
        if any(s.status is SlotStatus.UNKNOWN for s in self.slots):
            return DatasetStatus.UNKNOWN
        return DatasetStatus.DEGRADED if Level.WARN in levels or self.opaque else DatasetStatus.OK

    def with_levels(self, levels: Mapping[str, Level]) -> DatasetJudgement:
        """Return the same judgement with the levels that the settings want."""
        slots = tuple(replace(s, findings=apply_levels(s.findings, levels)) for s in self.slots)
        return replace(self, slots=slots, findings=apply_levels(self.findings, levels))
