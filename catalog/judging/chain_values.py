"""The values a chain is judged from, and the chain that comes of them; no rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, SnapshotId, Verdict


class Mode(StrEnum):
    """How a dataset is exported: everything each time, or everything once and then what was added."""

    FULL = "full"
    FULL_THEN_INCREMENTAL = "full-then-incremental"


class Role(StrEnum):
    """What a snapshot is to its chain."""

    FULL = "full"
    INCREMENT = "increment"


class ChainState(StrEnum):
    """Whether a restore to the moment asked about is possible: yes, up to a gap only, not at all."""

    COMPLETE = "complete"
    GAP = "gap"
    BROKEN = "broken"


class GapReason(StrEnum):
    """Why an export does not count: `shallow` was not looked at hard enough, `gone` is at no place any more."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    PAUSED = "paused"
    BAD = "bad"
    SHALLOW = "shallow"
    GONE = "gone"


class DoubtKind(StrEnum):
    """What about a chain is taken for granted without proof.

    `gaps-unknown`: no slots tell what should have come since its full. `full-assumed`: nothing says that its first
    snapshot is a full. `full-smaller`: the full has fewer rows than an earlier one. `perhaps-full`: an increment
    looks like the full of a new flow. `attempts-differ`: another usable attempt at the same slot, left out, does not
    hold the same. `overdue`: by its zone's lifetime every place of it should have been deleted by now. `accepted`: its
    bytes were judged otherwise, and somebody accepted that.
    """

    GAPS_UNKNOWN = "gaps-unknown"
    FULL_ASSUMED = "full-assumed"
    FULL_SMALLER = "full-smaller"
    PERHAPS_FULL = "perhaps-full"
    ATTEMPTS_DIFFER = "attempts-differ"
    OVERDUE = "overdue"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A snapshot at one place, as known now: `checked` of `files` were looked at to `depth`; sizes in bytes.

    `is_accepted` tells that its bytes were judged otherwise, and that was accepted; `rows` is None where unknown,
    `deleted_at` when its zone deletes it by itself, None where it does not.
    """

    id: SnapshotId
    verdict: Verdict
    depth: Depth
    checked: int
    files: int
    bytes: int
    rows: int | None = None
    presence: Presence = Presence.PRESENT
    is_accepted: bool = False
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A complete copy of a snapshot at another place; `was_good` tells that the original was good when it was made."""

    there: Holding
    was_good: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One snapshot of the dataset: what is known of it where it landed, its copies, and the slot it fills, if any.

    `events`, the least and greatest event time, is None where unknown.
    """

    here: Holding
    events: tuple[datetime, datetime] | None = None
    due_at: datetime | None = None
    copies: tuple[Copy, ...] = ()

    @property
    def export_at(self) -> datetime:
        """The export time."""
        return self.here.id.export_at

    @property
    def at(self) -> datetime:
        """When it was due, or else its export time."""
        return self.due_at or self.export_at


@dataclass(frozen=True, slots=True)
class ChainSlot:
    """A promised export and what became of it; proven empty where it is known that there was nothing to export."""

    due_at: datetime
    status: SlotStatus
    is_proven_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuestion:
    """What is to be restored, and what of it counts.

    `flow_starts` are the first slots of all flows there were: what fills one is a full. With `accepts_gaps` the chain
    goes on behind its gaps.
    """

    mode: Mode
    as_of: datetime
    now: datetime
    depth: Depth = Depth.FULL
    allow_empty: bool = True
    accepts_gaps: bool = False
    flow_starts: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A snapshot of a chain; `places` are all where it counts, where it landed first, and `expires_at` its last moment.

    `expires_at` is None where one of the places keeps it. `duplicates` are the other attempts at its slot, usable or
    not.
    """

    attempt: Attempt
    role: Role
    places: tuple[Holding, ...]
    expires_at: datetime | None = None
    duplicates: tuple[Attempt, ...] = ()

    @property
    def id(self) -> SnapshotId:
        """The snapshot's id where it landed."""
        return self.attempt.here.id

    @property
    def source(self) -> Holding:
        """The first of its places, whose files and sizes count."""
        return self.places[0]


@dataclass(frozen=True, slots=True)
class Gap:
    """An export that does not count.

    `status` is that of its slot and None without one, `snapshot` the best attempt, with its verdict, if there is any.
    """

    due_at: datetime
    reason: GapReason
    status: SlotStatus | None = None
    snapshot: SnapshotId | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something taken for granted, and of which snapshot."""

    kind: DoubtKind
    snapshot: SnapshotId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a restore takes, in order of export time, and how far it reaches.

    `recovers_to` is the newest moment covered without a gap, None where there is no full. `gaps` are all up to the
    moment asked about, `pending` what is still to come or came only after it. `lost` are the usable snapshots behind
    the first gap that the chain leaves out. `expires_at` is when the first of its members is deleted at its last place.
    """

    state: ChainState
    recovers_to: datetime | None
    members: tuple[Member, ...] = ()
    gaps: tuple[Gap, ...] = ()
    pending: tuple[Gap, ...] = ()
    lost: tuple[Member, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def files(self) -> int:
        """How many data files and manifests its members have."""
        return sum(m.source.files for m in self.members)

    @property
    def bytes(self) -> int:
        """The size of all of them."""
        return sum(m.source.bytes for m in self.members)

    @property
    def rows(self) -> int | None:
        """The rows of its members, None where those of one are unknown."""
        rows = [m.source.rows for m in self.members]
        known = [r for r in rows if r is not None]
        return sum(known) if len(known) == len(rows) else None

    @property
    def expires_at(self) -> datetime | None:
        """The earliest moment at which a member is deleted at its last place, None where none is."""
        return min((m.expires_at for m in self.members if m.expires_at is not None), default=None)
