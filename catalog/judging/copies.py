"""Judge what a snapshot's copies at other places are worth; not how they came there.

Pure: what is known of the snapshot and of its copies comes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from catalog.judging.values import Arrival, Place
from verifier.model import Depth, Presence, SnapshotReport, Verdict

_WORTH = list(Verdict)
_SOUND = (Verdict.GOOD, Verdict.EMPTY, Verdict.UNVERIFIABLE)
_GOOD = (Verdict.GOOD, Verdict.EMPTY)


def arrival_of(
    report: SnapshotReport, places: Sequence[Place], *, encrypted: bool, read_at: datetime | None = None
) -> Arrival:
    """Return a snapshot as it is judged, with what its copies at other places are worth."""
    own = is_good_itself(report, encrypted=encrypted)
    return Arrival(
        id=report.id,
        verdict=report.verdict,
        landed_at=report.landed_at,
        data_files=report.data_files,
        presence=report.presence,
        preserved=is_preserved(report, places),
        good_places=own + good_copies(report, places, encrypted=encrypted),
        read_at=read_at,
        findings=(*report.findings, *report.file_findings),
    )


def is_preserved(report: SnapshotReport, places: Iterable[Place]) -> bool:
    """Tell whether a copy is there that holds all that the snapshot does and is no worse than it."""
    return any(_holds_all(report, place) and _is_no_worse(report, place) for place in places)


def good_copies(report: SnapshotReport, places: Iterable[Place], *, encrypted: bool) -> int:
    """Count the copies that are there, hold all that the snapshot does, and are good in every byte."""
    return sum(1 for p in places if _holds_all(report, p) and _is_good(p.verdict, p.depth, encrypted=encrypted))


def is_good_itself(report: SnapshotReport, *, encrypted: bool) -> bool:
    """Tell whether the snapshot itself is a good place: still there, and good in every byte."""
    return report.presence is Presence.PRESENT and _is_good(report.verdict, report.depth, encrypted=encrypted)


def _is_good(verdict: Verdict, depth: Depth, *, encrypted: bool) -> bool:
    """Where encrypted files are what is wanted, nobody can ask more of them than to be whole."""
    return depth is Depth.FULL and (verdict in _GOOD or (encrypted and verdict is Verdict.UNVERIFIABLE))


def _holds_all(report: SnapshotReport, place: Place) -> bool:
    """A file that came after the copy was made is not in it; files that the original lost still are."""
    return place.presence is Presence.PRESENT and place.files >= report.files and place.bytes >= report.bytes


def _is_no_worse(report: SnapshotReport, place: Place) -> bool:
    """A corrupt snapshot is preserved as it is; what was looked at less hard may be worse than it seems."""
    if not place.depth.covers(report.depth) or place.verdict is Verdict.ARRIVING:
        return False
    return place.verdict in _SOUND or _WORTH.index(place.verdict) >= _WORTH.index(report.verdict)
