"""Compare a file with what was recorded of it: changed, vanished, expired, and what stays the reference.

Where a SHA-256 is recorded the bytes decide; the first one recorded in a settled snapshot stays the reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from verifier.findings import Effect, Level
from verifier.model import (
    Depth,
    FileChange,
    FileKind,
    FileReport,
    Finding,
    KnownFile,
    Presence,
    Reference,
    StoredFile,
    finding,
)


def is_same_version(known: StoredFile, listed: StoredFile) -> bool:
    """Tell whether a listing shows the version that was recorded: size, time and, where both have one, etag."""
    same_etag = known.etag is None or listed.etag is None or known.etag == listed.etag
    return known.size == listed.size and known.modified_at == listed.modified_at and same_etag


def standing(known: KnownFile, report: FileReport) -> FileReport:
    """Return a report that keeps what is known of the same version where the look failed or was less hard.

    A look that failed says so beside what is known; one that was less hard and found an error speaks for itself.
    """
    before = known.report
    if not is_same_version(before.file, report.file):
        return report
    kept = tuple(f for f in before.content.findings if f.code != "file.unreadable")
    if not report.looked:
        both = replace(before.content, findings=(*kept, *report.content.findings))
        return replace(before, content=both, looked=False)
    is_less = before.depth is not report.depth and before.depth.covers(report.depth)
    told = {f.code for f in kept}
    if is_less and all(f.level is not Level.ERROR or f.code in told for f in report.content.findings):
        return replace(before, content=replace(before.content, findings=kept), looked=True)
    return report


def judge_change(known: KnownFile, report: FileReport) -> Finding | None:
    """Say whether a file is another than its reference; None where it is not, or where nothing was recorded yet."""
    reference = known.reference
    if reference is None:
        return None
    code = "manifest.changed" if report.kind is FileKind.MANIFEST else "file.changed"
    if not report.looked:
        return next((f for f in report.content.findings if f.code == code), None)
    sha256, path = report.content.sha256, report.file.path
    if sha256 and reference.sha256:
        if sha256 == reference.sha256:
            return None
        message = "its bytes are not those recorded first"
        return finding(code, message, path=path, expected=reference.sha256, actual=sha256)
    if report.file.size != reference.size:
        message = "its size is not the one recorded first"
        return finding(code, message, path=path, expected=reference.size, actual=report.file.size)
    if not is_same_version(known.report.file, report.file) or _was_suspect(known, code, report):
        message = "its time or etag is not the recorded one; its bytes were not compared"
        return finding(code, message, path=path, level=Level.WARN, effect=Effect.NONE)
    return None


def _was_suspect(known: KnownFile, code: str, report: FileReport) -> bool:
    """A doubt once raised stays until the bytes have been read."""
    return report.depth is not Depth.FULL and any(f.code == code for f in known.report.content.findings)


def next_known(known: KnownFile | None, report: FileReport, now: datetime, *, settled: bool) -> KnownFile:
    """Return what is to be remembered of a file from now on."""
    same = known is not None and is_same_version(known.report.file, report.file)
    reference = known.reference if known else None
    if settled and report.looked:
        if reference is None:
            reference = Reference(report.file.size, report.content.sha256)
        elif reference.sha256 is None and reference.size == report.file.size:
            reference = Reference(reference.size, report.content.sha256)
    seen_at = known.seen_at if known and same else now
    return KnownFile(report=report, seen_at=seen_at, reference=reference)


def judge_absence(
    known: Iterable[KnownFile], lifetime: timedelta | None, now: datetime, *, settled: bool
) -> tuple[list[FileChange], list[Finding]]:
    """Say what became of known files that a complete listing does not show; `settled` as the snapshot was before.

    A file that goes before it was part of a settled snapshot is a writer's business and no finding.
    """
    changes, found = [], []
    for one in known:
        file = one.report.file
        presence = _presence(one, lifetime, now)
        if presence is not one.presence:
            changes.append(FileChange(known=replace(one, presence=presence), presence=presence))
        if presence is Presence.EXPIRED:
            found.append(finding("file.expired", "gone, as the zone's lifetime says", path=file.path))
        elif _was_judged(one, settled=settled):
            found.append(finding("file.vanished", "was recorded and is gone", path=file.path, expected=file.size))
    return changes, found


def _presence(known: KnownFile, lifetime: timedelta | None, now: datetime) -> Presence:
    """Tell whether a file is gone in its time; one that was gone before its time stays vanished."""
    landed = known.report.file.modified_at or known.seen_at
    if lifetime and now - landed >= lifetime and known.presence is not Presence.VANISHED:
        return Presence.EXPIRED
    return Presence.VANISHED


def _was_judged(known: KnownFile, *, settled: bool) -> bool:
    """Tell whether a file was ever part of a settled snapshot; one that could not be read has no reference for that."""
    if known.reference is not None:
        return True
    return settled and (known.presence is not Presence.VANISHED or not known.report.looked)
