"""What a report says, as values; nothing of how they are counted or shown.

The document `landproof/audit-report/1` is these values under the same names: moments RFC 3339, lengths in whole
milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ExceptionState(StrEnum):
    """What became of something that was not as it should be.

    `accepted`: somebody took it as it is, with a reason. `waived`: nothing was asked of the slot. `expected`: the
    settings say that nobody can look into it.
    """

    OPEN = "open"
    CLOSED = "closed"
    ACCEPTED = "accepted"
    WAIVED = "waived"
    EXPECTED = "expected"


class ExceptionKind(StrEnum):
    """What was not as it should be, the worst first; also what the exceptions are grouped by."""

    MISSING = "missing"
    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    VANISHED = "vanished"
    UNKNOWN = "unknown"
    UNVERIFIABLE = "unverifiable"
    RESTORE_TEST = "restore-test"
    CONTROL = "control"
    SCAN = "scan"
    OTHER = "other"
    LATE = "late"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the report is about, and what it is made of."""

    period_from: datetime
    period_to: datetime
    judged_at: datetime
    known_at: datetime | None
    datasets: tuple[str, ...] | None
    origin: str | None
    ledger_size: int | None
    ledger_root: str | None
    signed_by: str | None
    previous_size: int | None
    settings_sha256: str | None
    tool_version: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: its name, what it is called, where it comes from, and the unit where it is not a count."""

    key: str
    value: int | None
    label: str
    source: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """One thing that was not as it should be, and how it ended; `about` is a slot, a snapshot or a scan."""

    kind: ExceptionKind
    state: ExceptionState
    zone: str
    dataset_id: str | None
    name: str | None
    about: str
    what: str
    count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    closed_at: datetime | None
    closure: str | None
    path: str | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a calendar: a sign for each day, a space where nothing was due; how many of its slots are fine."""

    month: str
    days: str
    slots: int
    fine: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a chain was young enough, was not, or nobody knows."""

    state: str
    starts_at: datetime
    ends_at: datetime
    cause: str | None
    due_at: datetime | None
    snapshot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """For how long a complete chain of a dataset was no older than its objective.

    `worst_ms` is the greatest proven age, None where for a time nothing at all could be recovered or nothing is known.
    """

    objective_ms: int
    starts_at: datetime
    ends_at: datetime
    met_ms: int
    missed_ms: int
    unknown_ms: int
    worst_from: datetime | None
    worst_to: datetime | None
    worst_ms: int | None
    worst_is_total: bool
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How all snapshots of a dataset, not of the period alone, stand by its policy: what is needed, and still there.

    `needed` and `held` are there; `verified` of them can be restored whole, every byte read. `gone_early` are needed or
    held, and at no place any more. `oldest_needed_at` is the export time of the oldest that is needed or held.
    """

    retain_ms: int
    needed: int
    held: int
    superseded: int
    expired: int
    verified: int
    gone_early: tuple[str, ...]
    oldest_needed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How hard the snapshots of a dataset were looked at, and when last; `overdue` where a policy asks for more."""

    full: int
    structure: int
    list: int
    never_in_full: int
    reads: int
    oldest_full_read_at: datetime | None
    newest_full_read_at: datetime | None
    verify_every_ms: int | None
    overdue: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPart:
    """All of one dataset; `slots` and `snapshots` are counts by status and verdict."""

    zone: str
    dataset_id: str
    name: str | None
    slots: dict[str, int]
    snapshots: dict[str, int]
    calendar: tuple[Month, ...]
    looked: Looked
    recovery: Recovery | None
    retention: Retention | None
    exceptions: int
    open_exceptions: int
    last_restore_test_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTest:
    """A restore that was tried (`drill`) or made (`restore`), with the times it took."""

    kind: str
    id: str
    zone: str
    dataset_id: str
    name: str | None
    state: str
    passed: bool
    as_of: datetime | None
    recovers_to: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    took_ms: int | None
    files: int
    bytes: int
    rows: int | None
    accepts_gaps: bool
    message: str | None
    run_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTest:
    """A way in which a copy was damaged on purpose, and whether that was noticed."""

    damage: str
    expected: str
    found: str
    passed: bool
    snapshot: str
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLooks:
    """How often a zone was looked at; `longest_gap_ms` is the longest time without the start of a complete scan."""

    zone: str
    scans: int
    complete: int
    last_complete_at: datetime | None
    longest_gap_ms: int
    identities: tuple[str, ...]
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided, with the reason."""

    kind: str
    about: str
    said_by: str | None
    said_at: datetime | None
    until: datetime | None
    reason: str | None
    lifted: bool
    entry: int | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One control of a framework: what it asks, the figures here that speak to it, what is not covered."""

    framework: str
    control: str
    asks: str
    figures: tuple[str, ...]
    not_covered: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Something this report does not prove."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole report, in the order in which it is read."""

    about: About
    figures: tuple[Figure, ...]
    exceptions: tuple[Irregularity, ...]
    zones: tuple[ZoneLooks, ...]
    restore_tests: tuple[RestoreTest, ...]
    control_tests: tuple[ControlTest, ...]
    decisions: tuple[Decision, ...]
    requirements: tuple[Requirement, ...]
    limits: tuple[Limit, ...]
    datasets: tuple[DatasetPart, ...]

    def figure(self, key: str) -> Figure:
        """Return the figure of that name."""
        return next(f for f in self.figures if f.key == key)
