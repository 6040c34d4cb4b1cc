"""The documents of findings and audits as JSON schemas, for the description of the API; no answer is held to them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from catalog.service.api.documents import Dated
from catalog.service.api.objects import Facts, Finding, Moment, RecordedSnapshot, Thing
from verifier.findings import Effect
from verifier.model import Presence, Verdict


class FoundFinding(Finding):
    """A finding as it was last seen."""

    id: str
    """What it is known by in every catalog: the end of the address of its story."""
    snapshot_id: str
    zone: str
    dataset_id: str
    name: str | None
    export_at: Moment
    presence: Presence
    """Of its snapshot."""
    effect: Effect
    alike: int
    """How many findings of this code there are at this place; this is the first."""
    state: Literal["open", "gone"]
    """Open while the newest recorded state of its snapshot has it."""
    first_seen_at: Moment
    last_seen_at: Moment
    """Of the newest recorded state that has it."""
    gone_at: Moment | None
    """Of the first recorded state after that."""
    hint: str | None
    """What to do about it."""


class Counts(Thing):
    """How many findings there are of something."""

    findings: int
    snapshots: int
    errors: int
    warnings: int
    infos: int
    accepted: int
    open: int
    first_seen_at: Moment | None
    last_seen_at: Moment | None


class FindingsDocument(Dated):
    """What was found, newest export first, counted in groups."""

    schema_: Literal["landproof/findings/1"] = Field(alias="schema")
    at: Moment
    asked: Facts
    counts: Counts
    group: Literal["code", "dataset", "zone", "day"]
    groups: list[Counts]
    groups_more: int
    findings: list[FoundFinding]
    next: str | None
    codes: dict[str, Facts]
    covered: list[str]
    beside: Facts


class Event(Thing):
    """A recorded state of the snapshot, or a word that somebody said of the finding."""

    kind: Literal["state", "accepted", "taken_back"]
    at: Moment
    became: Literal["not_yet", "first_seen", "still_there", "changed", "gone", "still_gone", "back"] | None = None
    """Of a state: whether the finding was there."""
    scan_id: str | None = None
    verdict: Verdict | None = None
    findings: list[Finding] | None = None
    by: str | None = None
    """Of a word: who said it."""
    reason: str | None = None


class FindingDocument(Dated):
    """One finding over time, oldest event first."""

    schema_: Literal["landproof/finding/1"] = Field(alias="schema")
    at: Moment
    id: str
    snapshot: RecordedSnapshot
    finding: Finding
    state: Literal["open", "gone"]
    first_seen_at: Moment
    last_seen_at: Moment
    gone_at: Moment | None
    events: list[Event]


class AuditDocument(Dated):
    """A period in figures, as recorded; the report judges it anew."""

    schema_: Literal["landproof/audit/1"] = Field(alias="schema")
    at: Moment
    period: Facts
    presets: list[Facts]
    slots: Facts
    """Slots by how they stand: each is in one of good, bad, missing, paused, and neither."""
    full_reads: Facts
    scans: dict[str, int]
    drills: dict[str, int]
    restores: dict[str, int]
    copies: dict[str, int]
    control_tests: dict[str, int]
    decisions: dict[str, int]
    ledger: Facts
    limits: list[Facts]
