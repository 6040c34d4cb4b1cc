"""Put on record what somebody says of slots and findings: waive, accept, and take either back; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.accepting import Acceptance, Subject
from catalog.segments.names import SegmentKind
from catalog.store.database import Catalog
from catalog.store.entries import Entry, Rows
from catalog.store.journal import record
from catalog.store.said import Waiver, acceptance_row
from verifier.model import Accepted, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who says something (user@host), when, and the id and version it is recorded under."""

    by: str
    at: datetime
    entry_id: str
    tool_version: str


def waive(catalog: Catalog, waivers: Sequence[Waiver], speaker: Speaker, *, lifted: bool = False) -> None:
    """Record waivers, or that they are taken back; nothing for none."""
    _record(catalog, SegmentKind.WAIVER, {"waiver": [one.row(lifted=lifted) for one in waivers]}, speaker)


def accept(catalog: Catalog, acceptances: Sequence[Acceptance], speaker: Speaker, *, lifted: bool = False) -> None:
    """Record acceptances, or that they are taken back; nothing for none."""
    rows = [acceptance_row(one, lifted=lifted) for one in acceptances]
    _record(catalog, SegmentKind.ACCEPTANCE, {"acceptance": rows}, speaker)


def acceptance_of(subject: Subject, finding: Finding, accepted: Accepted) -> Acceptance:
    """Return what accepting a finding of a subject, as it is now, comes to."""
    return Acceptance(
        subject=subject,
        path=finding.path,
        code=finding.code,
        actual=finding.actual,
        where=finding.where,
        count=finding.count,
        accepted=accepted,
    )


def _record(catalog: Catalog, kind: SegmentKind, rows: Rows, speaker: Speaker) -> None:
    if not any(rows.values()):
        return
    entry = Entry(
        kind=kind,
        id=speaker.entry_id,
        zone="",
        tool_version=speaker.tool_version,
        written_at=speaker.at,
        rows=rows,
    )
    record(catalog, entry)
