"""The values of a drill: how it is to be done goes in, what came of it comes out; no rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from catalog.judging.chain_values import Member
from catalog.progress import Progress
from catalog.restores.plan import RestorePlan
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from verifier.model import SnapshotId


class DrillState(StrEnum):
    """Whether a restore would have worked; `unknown` where that could not be found out."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRun:
    """How a drill is done: `workers` files are fetched at once, below the folder `scratch`.

    `clock` gives now, aware, in UTC.
    """

    drill_id: str
    catalog: Catalog
    settings: Settings
    progress: Progress
    clock: Callable[[], datetime]
    tool_version: str
    workers: int
    scratch: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class DrilledSnapshot:
    """What came of one snapshot: so many data files were fetched, from these places, and so many rows loaded.

    `rows_loaded` is None where nothing was loaded, `message` what went wrong or is worth knowing.
    """

    member: Member
    state: DrillState
    message: str | None = None
    places: tuple[SnapshotId, ...] = ()
    files: int = 0
    bytes: int = 0
    rows_loaded: int | None = None
    fetch_seconds: float = 0.0
    load_seconds: float = 0.0

    @property
    def rows(self) -> int | None:
        """The rows that are recorded of it."""
        return self.member.source.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """What a drill came to; `message` says why it did not pass, where that is not about single snapshots."""

    drill_id: str
    plan: RestorePlan
    state: DrillState
    message: str | None
    snapshots: tuple[DrilledSnapshot, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def is_blind(self) -> bool:
        """True where something could not be looked at."""
        return self.state is DrillState.UNKNOWN or any(s.state is DrillState.UNKNOWN for s in self.snapshots)

    @property
    def files(self) -> int:
        """How many data files were fetched."""
        return sum(s.files for s in self.snapshots)

    @property
    def bytes(self) -> int:
        """The size of all of them."""
        return sum(s.bytes for s in self.snapshots)

    @property
    def rows_loaded(self) -> int:
        """How many rows were counted."""
        return sum(s.rows_loaded or 0 for s in self.snapshots)

    @property
    def fetch_seconds(self) -> float:
        """How long fetching took."""
        return sum(s.fetch_seconds for s in self.snapshots)

    @property
    def load_seconds(self) -> float:
        """How long loading and counting took."""
        return sum(s.load_seconds for s in self.snapshots)
