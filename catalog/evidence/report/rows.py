"""The rows of a bundle that a report is made of, as typed values; counts and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from catalog.evidence.contents import Contents, Row
from verifier.errors import LandproofError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRow:
    """What a bundle says of itself, as far as a report repeats it."""

    period_from: datetime
    period_to: datetime
    judged_at: datetime
    known_at: datetime | None = None
    datasets: tuple[str, ...] | None = None
    origin: str | None = None
    checkpoint: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None
    settings_sha256: str | None = None
    tool_version: str = ""
    not_in_ledger: Any = None
    counts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRow:
    """One line of population.csv; `accepted`, by its snapshot's row, where the bytes were judged otherwise."""

    zone: str
    dataset_id: str
    name: str | None
    due_at: datetime
    deadline: datetime
    status: str
    reason: str | None
    snapshot: str | None
    verdict: str | None
    depth: str | None
    presence: str | None
    landed_at: datetime | None
    slot_entry: int | None
    accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRow:
    """One line of snapshots.jsonl."""

    id: str
    zone: str
    dataset_id: str
    export_time: datetime
    verdict: str
    depth: str
    presence: str
    checked: int
    files: int
    bytes: int
    accepted: bool = False
    accepted_verdict: str | None = None
    rows: int | None = None
    landed_at: datetime | None = None
    recorded_at: datetime | None = None
    full_read_at: datetime | None = None
    reads: int = 0
    due_at: datetime | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """One line of findings.jsonl; `snapshot` is None for what is about a zone."""

    zone: str
    code: str
    level: str
    first_seen_at: datetime
    last_seen_at: datetime
    snapshot: str | None = None
    path: str | None = None
    message: str = ""
    count: int = 1
    closed_at: datetime | None = None
    closure: str | None = None
    accepted: dict[str, Any] | None = None
    first_entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRow:
    """One line of scans.jsonl."""

    scan_id: str
    zone: str
    depth: str
    state: str
    started_at: datetime
    finished_at: datetime | None = None
    suspect: bool | None = False
    error_kind: str | None = None
    requests: int | None = None
    endpoint: str | None = None
    identity: str | None = None
    run_by: str | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One line of ledger.jsonl, as far as a report needs it."""

    kind: str
    about: str
    sequence: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a bundle as typed values; nothing is held but what was asked for, and every reading begins anew.

    Raises `LandproofError` where a row is not what this program knows.
    """

    contents: Contents

    @property
    def bundle(self) -> BundleRow:
        """What the bundle says of itself."""
        return _convert("bundle.json", 1, self.contents.bundle(), BundleRow)

    @property
    def settings(self) -> Row:
        """The settings as judged."""
        return dict(msgspec.json.decode(self.contents.text("settings.json") or "{}"))

    @property
    def slots(self) -> Iterator[SlotRow]:
        """The population."""
        accepted = {row.id for row in self.snapshots if row.accepted}
        for number, row in enumerate(self.contents.population(), start=2):
            yield _convert("population.csv", number, row | {"accepted": row["snapshot"] in accepted}, SlotRow)

    @property
    def snapshots(self) -> Iterator[SnapshotRow]:
        """The snapshots of the period."""
        return self._typed("snapshots", SnapshotRow)

    @property
    def findings(self) -> Iterator[FindingRow]:
        """All findings of these snapshots, and the zones' own."""
        return self._typed("findings", FindingRow)

    @property
    def scans(self) -> Iterator[ScanRow]:
        """The scans that began in the period."""
        return self._typed("scans", ScanRow)

    @property
    def ledger(self) -> Iterator[EntryRow]:
        """The ledger's entries that the rows name."""
        return self._typed("ledger", EntryRow)

    def plain(self, name: str) -> Iterator[Row]:
        """Yield the rows of another file as they are; none where it is not there."""
        return self.contents.rows(name)

    def text(self, name: str) -> str:
        """Return a whole text, empty where the file is not there."""
        return self.contents.text(name) or ""

    def _typed(self, name: str, kind: type[_T]) -> Iterator[_T]:
        for number, row in enumerate(self.contents.rows(name), start=1):
            yield _convert(f"{name}.jsonl", number, row, kind)


def _convert(name: str, line: int, row: Row, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        hint = "it was made by another version of landproof"
        raise LandproofError(f"bundle: {name}, line {line}: {str(error).lower()}", hint=hint) from error
