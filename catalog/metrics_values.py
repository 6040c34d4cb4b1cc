"""The facts that metrics are made of, as plain values; made by `metrics.facts`, named by `metrics.families`.

None, or an entry that is not there, is a fact that could not be had: there is no metric of it then, and never a zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Night:
    """One nightly run that came to its end; `exit_status` before warnings are forgiven."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    exit_status: int
    errors: int
    warnings: int

    @property
    def has_looked(self) -> bool:
        """True where it could look at everything, whatever it found: then the watch is awake."""
        return self.exit_status in (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Nights:
    """The newest nightly run, and the newest that could look at everything."""

    last: Night | None = None
    last_success: Night | None = None


@dataclass(frozen=True, slots=True, order=True)
class DatasetKey:
    """A dataset, with its name where it has one."""

    zone: str
    dataset_id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFacts:
    """What the catalog has of a dataset: snapshots that are there, by verdict, and the newest that can be relied on.

    `unread_since` is since when the data file that was read longest ago was not read in full: since its last full read,
    or since it was first seen; `never_read` counts the data files that never were.
    """

    newest_good_at: datetime | None = None
    newest_good_bytes: int | None = None
    newest_good_rows: int | None = None
    unread_since: datetime | None = None
    never_read: int | None = None
    snapshots: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFacts:
    """What judging a dataset came to: its status, its slots by status, its open findings and accepted ones by level."""

    status: str
    slots: Mapping[str, int]
    findings: Mapping[str, int]
    accepted: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Allowed:
    """How old the newest good snapshot of a dataset may be, and how long a file may go unread; None for no limit."""

    age: timedelta | None = None
    unread: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is told of the watch at one moment; `interval` is how often a nightly run is expected."""

    at: datetime
    version: str
    interval: timedelta
    nights: Nights = Nights()
    listed: Mapping[str, datetime] = field(default_factory=dict)
    recorded: Mapping[DatasetKey, RecordedFacts] = field(default_factory=dict)
    judged: Mapping[DatasetKey, JudgedFacts] = field(default_factory=dict)
    allowed: Mapping[DatasetKey, Allowed] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    """Of the watch and its zones, by level: those that are about no dataset."""
