"""The objects that documents are made of, as JSON schemas for who writes a client; nothing is checked by them here.

Fields may be added to any of them: a client reads those that it knows.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, WithJsonSchema

from catalog.judging.values import SlotStatus
from verifier.findings import Level
from verifier.model import Depth, FileKind, Presence, Verdict

Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Facts = dict[str, Any]


class Thing(BaseModel):
    """What may get more fields."""

    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class Accepted(Thing):
    """Who accepted a finding, and why."""

    by: str
    at: Moment
    reason: str
    until: Moment | None


class Finding(Thing):
    """One thing seen and judged."""

    code: str
    level: Level
    path: str | None
    """Relative to the root of the zone; null where it is about more than a file."""
    message: str
    expected: str | None
    actual: str | None
    count: int
    """How many it stands for."""
    where: Facts
    accepted: Accepted | None


class Snapshot(Thing):
    """Everything that landed for one dataset at one export time."""

    id: str
    """ZONE/DATASET_ID/EXPORT_TIME."""
    zone: str
    dataset_id: str
    export_time: Moment
    verdict: Verdict
    depth: Depth
    checked: int
    """At how many of its files we looked."""
    files: int
    bytes: int
    rows: int | None
    presence: Presence
    landed_at: Moment | None
    settled: bool
    manifest: str | None
    events: list[Moment | None] | None
    unchecked_bytes: int | None
    accepted: int
    findings: list[Finding]


class RecordedSnapshot(Snapshot):
    """A snapshot with the moments that the catalog keeps of it."""

    first_seen_at: Moment
    judged_at: Moment
    verified_at: Moment | None
    last_full_read_at: Moment | None


class File(Thing):
    """One object of a snapshot: data, manifest or marker."""

    path: str
    kind: FileKind
    size: int
    modified_at: Moment | None
    etag: str | None
    sha256: str | None
    reference_sha256: str | None
    rows: int | None
    unchecked_bytes: int | None
    depth: Depth
    presence: Presence
    first_seen_at: Moment
    last_seen_at: Moment | None
    last_full_read_at: Moment | None
    facts: Facts
    findings: list[Finding]


class FoundFile(File):
    """A file with the snapshot that it is of."""

    snapshot_id: str


class Dataset(Thing):
    """What is present of a dataset."""

    zone: str
    dataset_id: str
    name: str | None
    snapshots: int
    bytes: int
    newest_at: Moment | None
    newest_good_at: Moment | None


class Column(Thing):
    """One column."""

    name: str
    type: str
    always: bool


class KnownCopy(Thing):
    """The same backup at another place."""

    id: str
    role: str
    url: str
    state: str
    copied_at: Moment
    verdict: Verdict | None
    presence: Presence | None


class Slot(Thing):
    """One export that a schedule promises."""

    due_at: Moment
    deadline: Moment
    status: SlotStatus
    snapshot: str | None
    verdict: Verdict | None
    landed_at: Moment | None
    reason: str | None
    findings: list[Finding]


class JudgedDataset(Thing):
    """What the slots of a dataset come to."""

    zone: str
    dataset_id: str
    name: str | None
    status: str
    slots: list[Slot]
    findings: list[Finding]


class Difference(Thing):
    """An amount of both snapshots."""

    before: Any
    after: Any


class Changed(Thing):
    """A column or a file that differs."""

    name: str
    change: str
    before: Facts | None
    after: Facts | None


class Revision(Thing):
    """One recorded state of a snapshot (`snapshot`) or of a file (`snapshot_id`, `path`, …)."""

    scan_id: str
    recorded_at: Moment
    changed: list[str]


class ScannedZone(Thing):
    """A zone as one scan looked at it."""

    zone: str
    url: str
    scope: str | None
    state: str
    suspect: bool
    started_at: Moment
    finished_at: Moment | None
    counts: dict[str, int]
    error: Facts | None
    endpoint: str | None
    identity: str | None
    requests: int | None


class Scan(Thing):
    """A scan with its zones."""

    scan_id: str
    state: str
    """complete, incomplete, or unfinished: it runs, or was killed."""
    depth: Depth
    started_at: Moment
    finished_at: Moment | None
    tool_version: str
    run_by: str | None
    counts: dict[str, int]
    zones: list[ScannedZone]


class Gap(Thing):
    """An export that a plan misses."""

    due_at: Moment
    status: SlotStatus | None
    reason: str
    snapshot: str | None
    verdict: Verdict | None


class Member(Thing):
    """A snapshot of a chain."""

    id: str
    role: str
    verdict: Verdict
    depth: Depth
    checked: int
    files: int
    bytes: int
    rows: int | None
    expires_at: Moment | None
    places: list[str]
    duplicates: list[str]


class PlannedFile(Thing):
    """A file that a restore needs."""

    url: str
    size: int
    sha256: str | None
    kind: FileKind
