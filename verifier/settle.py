"""When a snapshot counts as settled, so that it may be judged; no judgement itself."""

from __future__ import annotations

from datetime import datetime

from verifier.changes import is_same_version
from verifier.evidence import Evidence, Terms
from verifier.model import StoredFile
from verifier.promises import keeps_its_promises


def settled_since(evidence: Evidence, terms: Terms) -> datetime | None:
    """Return since when a snapshot counts as settled, or None while it is still arriving.

    Settled as soon as every file its manifest lists is there with its size, and no data file beyond them, which would
    be another write on its way; otherwise when nothing of it has changed for the quiet time, by the store's own clock,
    or from one listing to another where it keeps none. Once settled it stays so; only a new file opens it again.
    """
    known = evidence.known
    if known and known.settled_at and all(f.path in evidence.known_files for f in evidence.present):
        return known.settled_at
    quiet_since = max((_changed_at(evidence, file, terms) for file in _files(evidence, terms)), default=terms.now)
    if keeps_its_promises(evidence.group, evidence.promised):
        return quiet_since
    settled_at = quiet_since + terms.expectation.quiet
    return settled_at if settled_at <= terms.now else None


def _files(evidence: Evidence, terms: Terms) -> list[StoredFile]:
    known, present = evidence.known, evidence.present
    if not terms.has_clock and present and known and known.listing_digest == evidence.group.digest():
        return (
            present  # markers are not remembered one by one, but a listing that shows the same shows the same markers
        )
    return [*present, *evidence.group.markers]


def _changed_at(evidence: Evidence, file: StoredFile, terms: Terms) -> datetime:
    """Return when a file last changed by the store's clock, or when this version was first seen."""
    if terms.has_clock and file.modified_at and file.modified_at <= terms.now:
        return file.modified_at
    known = evidence.known_files.get(file.path)
    return known.seen_at if known and is_same_version(known.report.file, file) else terms.now
