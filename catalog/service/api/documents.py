"""The documents of the API as JSON schemas, and how a route says which it answers with; no answer is held to them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from catalog.service.api.objects import (
    Changed,
    Column,
    Dataset,
    Difference,
    Facts,
    File,
    Finding,
    FoundFile,
    Gap,
    JudgedDataset,
    KnownCopy,
    Member,
    Moment,
    PlannedFile,
    RecordedSnapshot,
    Revision,
    Scan,
    Thing,
)
from verifier.model import Depth


class Dated(Thing):
    """What is answered as known at a moment."""

    as_known_at: Moment | None


class Page(Thing):
    """A page of a list."""

    more: int
    """How many come after this page."""
    next: str | None
    """The cursor of the next page; null on the last."""


class DatasetsDocument(Dated, Page):
    """Datasets with what is present of them."""

    schema_: Literal["landproof/datasets/1"] = Field(alias="schema")
    datasets: list[Dataset]


class SnapshotsDocument(Dated, Page):
    """A page of snapshots, the newest first."""

    schema_: Literal["landproof/snapshots/1"] = Field(alias="schema")
    snapshots: list[RecordedSnapshot]


class ShowDocument(Dated, Page):
    """One snapshot with its columns, files and copies."""

    schema_: Literal["landproof/show/1"] = Field(alias="schema")
    snapshot: RecordedSnapshot
    columns: list[Column] | None
    files: list[File]
    copies: list[KnownCopy]


class DiffDocument(Dated, Page):
    """What the second snapshot has that the first has not."""

    schema_: Literal["landproof/diff/1"] = Field(alias="schema")
    snapshots: list[RecordedSnapshot]
    counts: dict[str, int]
    bytes: Difference
    rows: Difference
    events: Difference
    columns: list[Changed] | None
    files: list[Changed]


class HistoryDocument(Dated, Page):
    """The recorded states of a snapshot or of a path."""

    schema_: Literal["landproof/history/1"] = Field(alias="schema")
    subject: str
    revisions: list[Revision]


class FindDocument(Dated):
    """What a text was found in."""

    schema_: Literal["landproof/find/1"] = Field(alias="schema")
    text: str
    datasets: list[Dataset]
    snapshots: list[RecordedSnapshot]
    files: list[FoundFile]
    more: dict[str, int]
    next: str | None


class ScansDocument(Dated, Page):
    """A page of scans, the newest first."""

    schema_: Literal["landproof/scans/1"] = Field(alias="schema")
    scans: list[Scan]


class RecordedScanDocument(Dated, Page):
    """One scan, and what it recorded."""

    schema_: Literal["landproof/recorded-scan/1"] = Field(alias="schema")
    scan: Scan
    verdicts: dict[str, int]
    snapshots: list[Facts]


class CheckDocument(Dated):
    """What the schedules come to."""

    schema_: Literal["landproof/check/1"] = Field(alias="schema")
    at: Moment
    counts: dict[str, int]
    datasets: list[JudgedDataset]
    findings: list[Finding]


class RpoDocument(Dated):
    """For how long a complete chain was young enough."""

    schema_: Literal["landproof/rpo/1"] = Field(alias="schema")
    zone: str
    dataset_id: str
    name: str | None
    mode: str
    from_: Moment = Field(alias="from")
    to: Moment
    cut_to_now: bool
    objective_seconds: float
    met_share: float | None
    seconds: float
    met_seconds: float
    missed_seconds: float
    unknown_seconds: float
    worst: Facts | None
    stretches: list[Facts]


class RetentionDocument(Dated):
    """Which snapshots are still needed, and why."""

    schema_: Literal["landproof/retention/1"] = Field(alias="schema")
    at: Moment
    counts: dict[str, int]
    datasets: list[Facts]
    notes: list[Facts]
    stores: None


class RestorePlanDocument(Dated):
    """What a restore to a moment needs."""

    schema_: Literal["landproof/restore-plan/1"] = Field(alias="schema")
    zone: str
    dataset_id: str
    as_of: Moment
    state: Literal["complete", "gap", "broken"]
    recovers_to: Moment | None
    mode: str
    depth: Depth
    accepts_gaps: bool
    accepted: Facts | None
    snapshots: list[Member]
    gaps: list[Gap]
    pending: list[Gap]
    lost: list[Member]
    doubts: list[Facts]
    files: list[PlannedFile]
    bytes: int
    rows: int | None
    estimated_seconds: float | None
    expires_at: Moment | None


class HoldDocument(Page):
    """Snapshots on hold."""

    schema_: Literal["landproof/hold/1"] = Field(alias="schema")
    state: str
    holds: list[Facts]


class WaiveDocument(Page):
    """What is waived."""

    schema_: Literal["landproof/waive/1"] = Field(alias="schema")
    state: str
    waivers: list[Facts]


class AcceptDocument(Page):
    """What is accepted."""

    schema_: Literal["landproof/accept/1"] = Field(alias="schema")
    state: str
    acceptances: list[Facts]


class LedgerDocument(Thing):
    """How far the ledger has grown."""

    schema_: Literal["landproof/ledger/1"] = Field(alias="schema")
    origin: str | None
    entries: int
    newest_entry_at: Moment | None
    checkpoint: Facts | None


class KeysDocument(Page):
    """Keys by their public halves."""

    schema_: Literal["landproof/keys/1"] = Field(alias="schema")
    done: str
    folder: None
    keys: list[Facts]


class MetricsDocument(Thing):
    """The watch as metrics."""

    schema_: Literal["landproof/metrics/1"] = Field(alias="schema")
    at: Moment
    metrics: list[Facts]


class SqlDocument(Dated):
    """The answer to a question."""

    schema_: Literal["landproof/sql/1"] = Field(alias="schema")
    columns: list[str]
    rows: list[list[Any]]
    is_cut: bool


def described(document: type[Thing]) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route that answers with a document; what goes wrong is described for all at once."""
    return {200: {"model": document, "description": str(document.__doc__)}}


def described_text(document: type[Thing], what: str) -> dict[int | str, dict[str, Any]]:
    """Return those of a route that may answer with a text, too."""
    text = {"text/plain": {"schema": {"type": "string", "description": what}}}
    broken = {"description": "The plan is broken, so that there is no text of it."}
    found = described(document)
    return {200: found[200] | {"content": text}, 409: broken}
