"""What comparing runs with snapshots works with: flows as the catalog knows them go in, verdicts come out; no rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.adobe.model import Run
from catalog.adobe.noticed import Noticed
from catalog.schedule import Schedule
from verifier.model import Presence, SnapshotId, Verdict
from verifier.zone_model import Trouble

Slot = tuple[str, str, datetime]
"""A slot: zone, dataset id and when it is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One snapshot as it is held against a run: what is there and what its manifests say.

    `data_bytes` and `rows` are None where they are not known; `run_ids`, in lower case, are those in its manifests'
    names. `listed_files` is how many data files its manifests list, None where there is none that can be read.
    """

    id: SnapshotId
    verdict: Verdict
    presence: Presence = Presence.PRESENT
    data_files: int = 0
    data_bytes: int | None = None
    rows: int | None = None
    has_manifest: bool = False
    listed_files: int | None = None
    run_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One dataset of a flow at the place it goes to, and what the catalog has of it.

    `exports` are those around the time that is asked about, `first_export_at` is the first of all. `looks` are the
    starts of all complete listings that cover it, in order; `quiet` is how long a snapshot takes to settle, `lifetime`
    how long after landing its zone deletes it. `source_id` is its id at Adobe, where that is not its folder's.
    """

    zone: str
    dataset_id: str
    name: str | None = None
    source_id: str | None = None
    schedule: Schedule | None = None
    exports: tuple[Export, ...] = ()
    first_export_at: datetime | None = None
    looks: tuple[datetime, ...] = ()
    quiet: timedelta = timedelta(minutes=30)
    lifetime: timedelta | None = None

    @property
    def adobe_id(self) -> str:
        """Its id at Adobe."""
        return self.source_id or self.dataset_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowScope:
    """A flow with its datasets; `missing` says why not all of them can be compared, None where they can.

    `assumed` says what was taken for granted where nobody tells its datasets, `trouble` why Adobe could not be asked
    for its runs.

    `runs` are those that are known, each once. No run is known that began before `since` or after `until`; None where
    that cannot be told.
    """

    flow_id: str
    name: str | None = None
    streams: tuple[Stream, ...] = ()
    runs: tuple[Run, ...] = ()
    missing: str | None = None
    assumed: str | None = None
    trouble: Trouble | None = None
    schedule: Schedule | None = None
    since: datetime | None = None
    until: datetime | None = None
    shared: frozenset[tuple[str, str]] = frozenset()
    """The datasets, by zone and id, that another flow exports to the same place."""


class Equality(StrEnum):
    """Whether a number of Adobe's is ours; unknown where one of the two has none."""

    EQUAL = "equal"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A number of Adobe's against ours; `reason` says why that is not known, or what explains a difference."""

    verdict: Equality
    adobe: int | None = None
    ours: int | None = None
    reason: str | None = None


class Way(StrEnum):
    """By what a snapshot was found to be a run's."""

    MANIFEST = "manifest"
    TIME = "time"
    SLOT = "slot"


class Sight(StrEnum):
    """Whether the snapshot of a run is there."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A run and one dataset of its flow: the snapshot, where there is one, and the numbers that are of it alone."""

    zone: str
    dataset_id: str
    name: str | None
    state: Sight
    due_at: datetime | None = None
    export: Export | None = None
    way: Way | None = None
    rows: Comparison | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """A run, its snapshots, and what its numbers come to against theirs."""

    run: Run
    pairs: tuple[Pair, ...]
    files: Comparison
    rows: Comparison
    bytes: Comparison

    @property
    def due_at(self) -> datetime | None:
        """When the slot that it fills was due, None where no schedule tells."""
        return next((p.due_at for p in self.pairs if p.due_at is not None), None)

    @property
    def is_compared(self) -> bool:
        """Whether anything of it was held against something of ours."""
        numbers = (self.files, self.rows, self.bytes)
        looked = any(pair.state is not Sight.UNKNOWN for pair in self.pairs)
        return looked or any(number.verdict is not Equality.UNKNOWN for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedFlow:
    """A flow, its runs in the order they began, and the snapshots in none of them."""

    scope: FlowScope
    runs: tuple[ComparedRun, ...]
    unclaimed: tuple[Export, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What runs and snapshots come to against each other, as of `at`.

    `proven_empty` are slots of which a run says that there was nothing to export, with the id of that run.
    """

    at: datetime
    flows: tuple[ComparedFlow, ...]
    findings: tuple[Noticed, ...] = ()
    proven_empty: tuple[Slot, ...] = ()
    proofs: dict[Slot, str] = field(default_factory=dict)

    @property
    def is_compared(self) -> bool:
        """Whether anything could be compared at all."""
        return any(run.is_compared for flow in self.flows for run in flow.runs)


def wrote(run: Run) -> bool | None:
    """Tell whether a run says that it wrote something; None where it does not say."""
    numbers = [n for n in (run.rows, run.files) if n is not None]
    if any(numbers):
        return True
    return False if numbers else None
