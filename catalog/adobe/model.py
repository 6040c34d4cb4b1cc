"""What Flow Service tells, as values: flows, their connections, runs, datasets; how they are read is `parse`.

Whatever Adobe may leave out is None here. Moments are aware and in UTC. `raw` is the JSON text of an object as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from catalog.adobe.kinds import Kind
from catalog.schedule import Cadence, Every, Once, format_duration

Mode = Literal["full-then-incremental", "full"]
Format = Literal["parquet", "json"]


class RunStatus(StrEnum):
    """What became of a run, whatever its spelling was; unknown where it is one that nobody has seen."""

    SUCCESS = "success"
    PARTIAL = "partial_success"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A dataset as a connection names it."""

    id: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSchedule:
    """When a flow exports: as Adobe has it (`export_mode`, `unit`, `interval`), and what that means."""

    export_mode: str | None = None
    unit: str | None = None
    interval: int | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    template: str | None = None

    @property
    def mode(self) -> Mode | None:
        """What each export holds, None where that is not told."""
        match (self.export_mode or "").upper():
            case "FIRST_FULL_THEN_INCREMENTAL":
                return "full-then-incremental"
            case "DAILY_FULL_EXPORT":
                return "full"
        return None

    @property
    def is_once(self) -> bool:
        """Whether there is a single export: interval 0, or full exports, of which Adobe makes but one."""
        return self.interval == 0 or (self.interval is None and self.mode == "full")

    @property
    def every(self) -> timedelta | None:
        """The time between exports; None for a single one, and where unit or interval are not told or not known."""
        units = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
        unit = units.get(self.unit or "")
        return unit * self.interval if unit and self.interval and self.interval <= 10_000 else None

    def cadence(self) -> Cadence | None:
        """Return when exports are due, None where Adobe does not tell enough."""
        if self.start_at is None:
            return None
        if self.is_once:
            return Once(self.start_at)
        return Every(self.every, self.start_at) if self.every else None

    def words(self) -> str | None:
        """Return how often it exports, as in `every 3h` or `once`; None where that is not told."""
        if self.is_once:
            return "once"
        return f"every {format_duration(self.every)}" if self.every else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """What a flow tells of its last run."""

    id: str | None = None
    status: RunStatus = RunStatus.UNKNOWN
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A dataflow. `state` is in lower case, `enabled` and `disabled` among others; `kind` None: none of the six."""

    id: str
    name: str
    description: str = ""
    state: str | None = None
    flow_spec_id: str | None = None
    kind: Kind | None = None
    exports_datasets: bool = False
    source_connection_ids: tuple[str, ...] = ()
    target_connection_ids: tuple[str, ...] = ()
    schedule: FlowSchedule = FlowSchedule()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    etag: str | None = None
    last_run: LastRun | None = None
    raw: str = field(repr=False)

    @property
    def is_enabled(self) -> bool:
        """Whether Adobe calls it enabled, which it may be with its end date long past."""
        return self.state == "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConnection:
    """What is exported. Its datasets are fixed: others make another connection."""

    id: str
    name: str = ""
    description: str = ""
    spec_id: str | None = None
    state: str | None = None
    datasets: tuple[DatasetRef, ...] = ()
    updated_at: datetime | None = None
    etag: str | None = None
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetConnection:
    """Where exports go and how they are written. `path` is the folder, spelled `remotePath` for SFTP."""

    id: str
    name: str = ""
    description: str = ""
    base_connection_id: str | None = None
    kind: Kind | None = None
    state: str | None = None
    bucket: str | None = None
    container: str | None = None
    path: str | None = None
    format: Format | None = None
    compressed: bool | None = None
    manifest: bool | None = None
    updated_at: datetime | None = None
    etag: str | None = None
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseConnection:
    """How Adobe logs in where it writes. Its secrets do not come; `login` is what of it is shown, by Adobe's names."""

    id: str
    name: str = ""
    description: str = ""
    kind: Kind | None = None
    state: str | None = None
    auth_spec: str | None = None
    url: str | None = None
    domain: str | None = None
    port: int | None = None
    username: str | None = None
    login: Mapping[str, str] = field(default_factory=dict)
    encrypts: bool = False
    updated_at: datetime | None = None
    etag: str | None = None
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunError:
    """What Adobe says went wrong in a run, in its words; `count` of how many rows, where it counts them."""

    code: str | None
    message: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class EntityRows:
    """Rows written for one entity of a run; `id` is what stands behind the colon, a dataset's at times."""

    id: str
    rows: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. Its numbers are Adobe's own and advisory: `rows`, `files` and `bytes` written."""

    id: str
    flow_id: str | None = None
    flow_spec_id: str | None = None
    status: RunStatus = RunStatus.UNKNOWN
    started_at: datetime | None = None
    completed_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    rows: int | None = None
    rows_skipped: int | None = None
    rows_failed: int | None = None
    files: int | None = None
    bytes: int | None = None
    entities: tuple[EntityRows, ...] = ()
    errors: tuple[RunError, ...] = ()
    skipped: tuple[RunError, ...] = ()
    raw: str = field(repr=False)

    @property
    def took(self) -> timedelta | None:
        """How long it ran, None while it runs and where Adobe does not tell."""
        if self.started_at is None or self.completed_at is None:
            return None
        return self.completed_at - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibleDataset:
    """A dataset that may be exported; `schema_id` and `updated_at` where Adobe was asked for all of it."""

    id: str
    name: str | None = None
    state: str | None = None
    description: str | None = None
    schema_id: str | None = None
    updated_at: datetime | None = None
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The items of one page and what to ask for the next one with, None where it is the last."""

    items: tuple[dict[str, object], ...]
    token: str | None = None
    count: int | None = None
