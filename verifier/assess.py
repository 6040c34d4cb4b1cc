"""Judge one snapshot by everything known of it and say what is to be recorded; pure, the moment is a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from verifier.changes import judge_absence, judge_change, next_known, standing
from verifier.evidence import Evidence, Terms, checked_of, depth_of, events_of, landed_at, rows_of, unchecked_of
from verifier.findings import Level
from verifier.layout import kind_by_name
from verifier.model import (
    Column,
    Depth,
    FileChange,
    FileReport,
    Finding,
    KnownFile,
    Presence,
    SnapshotChange,
    SnapshotReport,
    Verdict,
    finding,
)
from verifier.parts import judge_names
from verifier.past import join_columns, judge_events, judge_repeats, judge_schema, judge_size
from verifier.promises import judge_promises, missing_manifest
from verifier.settle import settled_since
from verifier.verdict import apply_levels, fold, verdict_of

_CHANGED = ("file.changed", "manifest.changed")
_AT_ONCE = (*_CHANGED, "file.vanished", "file.expired")
_PENDING = ("manifest.missing", "layout.future-export-time", "file.unreadable")


def assess(evidence: Evidence, terms: Terms) -> SnapshotChange:
    """Judge one snapshot: when it has settled by all findings, before only by losses and changes of settled files."""
    evidence = replace(evidence, reports=_with_changes(evidence))
    settled_at = settled_since(evidence, terms)
    absent = [known for path, known in evidence.known_files.items() if path not in evidence.reports]
    lifetime = terms.expectation.lifetime
    gone, absence = judge_absence(absent, lifetime, terms.now, settled=evidence.was_settled)
    presence = _presence(evidence, gone, absence)
    if evidence.known and presence is Presence.EXPIRED and not evidence.data:
        return SnapshotChange(report=_expired(evidence.known, absence), files=tuple(gone))
    columns, schema = join_columns(evidence.data)
    findings: list[Finding] = [*judge_names(evidence.group, terms.expectation, terms.now)]
    file_findings = [f.at(p) for p, r in sorted(evidence.reports.items()) for f in r.content.findings] + absence
    if settled_at:
        findings += [*_no_data(evidence, absence), *schema, *_settled_findings(evidence, terms, settled_at, columns)]
    else:
        file_findings = [f for f in file_findings if f.code in _AT_ONCE]
    levels = terms.expectation.levels
    findings = [f for f in apply_levels(findings, levels) if settled_at or f.level is not Level.ERROR]
    report = replace(
        _report(evidence, terms, settled_at, fold(findings), fold(apply_levels(file_findings, levels))),
        columns=columns,
        presence=presence,
    )
    changes = _file_changes(evidence, terms.now, settled=settled_at is not None)
    return SnapshotChange(report=replace(report, is_final=_is_final(report)), files=(*changes, *gone))


def _with_changes(evidence: Evidence) -> Mapping[str, FileReport]:
    """Add to each file's findings what is to be said against its record, in place of what was said before."""
    reports = dict(evidence.reports)
    for path, seen in evidence.reports.items():
        known = evidence.known_files.get(path)
        report = standing(known, seen) if known else seen
        changed = judge_change(known, report) if known else None
        before = report.content.findings
        after = [f for f in before if f.code not in _CHANGED]
        if known:
            after += _not_absolved(known, report)
        if changed:
            after.append(changed)
        if tuple(after) != before or report is not seen:
            reports[path] = replace(report, content=replace(report.content, findings=tuple(after)))
    return reports


def _not_absolved(known: KnownFile, report: FileReport) -> Iterable[Finding]:
    """Yield the errors of a file that has another time now and was looked at less hard: they stand until it is read."""
    is_answer = report.depth is not Depth.LIST and report.depth.covers(known.report.depth)
    if report.looked and not is_answer and report.file.size == known.report.file.size:
        told = {*_CHANGED, "file.unreadable", *(f.code for f in report.content.findings)}
        yield from (f for f in known.report.content.findings if f.level is Level.ERROR and f.code not in told)


def _no_data(evidence: Evidence, absence: Iterable[Finding]) -> Iterable[Finding]:
    """Say that there is no data file, unless those that were there have been told of as gone."""
    if not evidence.data and not any(kind_by_name(f.path or "").is_data for f in absence):
        group = evidence.group.id
        yield finding("snapshot.no-data-files", f"no data file in {group}", expected="at least one", actual=0)


def _settled_findings(
    evidence: Evidence, terms: Terms, settled_at: datetime, columns: tuple[Column, ...] | None
) -> Iterable[Finding]:
    group, expectation, data = evidence.group, terms.expectation, evidence.data
    yield from judge_promises(group, evidence.manifests, evidence.promised, expectation, terms.now)
    if expectation.manifest and not group.manifests and data:
        yield missing_manifest(group, settled_at, terms.now)
    if not data:
        return
    rows = rows_of(data)
    if rows == 0 and expectation.allow_empty:
        yield finding("snapshot.no-new-data", "valid, zero rows")
    elif rows == 0:
        yield finding("snapshot.empty", "zero rows, which the settings do not allow", expected="rows", actual=0)
    yield from judge_schema(columns, evidence.past)
    if all(f.level is not Level.ERROR for r in data for f in r.content.findings):
        size, at = sum(r.file.size for r in data), group.id.export_at
        yield from judge_size(rows, size, evidence.past, at, expectation.size_alarm)
        yield from judge_events(events_of(data), expectation, evidence.past)
    yield from judge_repeats(data, evidence.owners, group.key)


def _report(
    evidence: Evidence,
    terms: Terms,
    settled_at: datetime | None,
    findings: tuple[Finding, ...],
    file_findings: tuple[Finding, ...],
) -> SnapshotReport:
    counted, data, depth = evidence.counted, evidence.data, depth_of(evidence, terms)
    checked, rows = (checked_of(counted, depth) if settled_at else 0), rows_of(data)
    both = (*findings, *file_findings)
    verdict = verdict_of(both, settled=settled_at is not None, checked=checked, files=len(counted), rows=rows)
    manifests = evidence.group.manifests
    return SnapshotReport(
        id=evidence.group.id,
        verdict=verdict,
        depth=depth,
        checked=checked,
        files=len(counted),
        data_files=len(data),
        bytes=sum(r.file.size for r in counted),
        rows=rows,
        landed_at=_landed_at(evidence),
        settled_at=settled_at,
        manifest=manifests[0].path.rsplit("/", 1)[-1] if manifests else None,
        events=events_of(data),
        unchecked_bytes=unchecked_of(counted),
        findings=findings,
        file_findings=file_findings,
        listing_digest=evidence.group.digest(),
        basis=terms.basis,
    )


def _presence(evidence: Evidence, gone: Sequence[FileChange], absence: Sequence[Finding]) -> Presence:
    """Tell whether a snapshot lost files; one that goes whole before it settled is gone, though no finding says so."""
    codes = {f.code for f in absence}
    if "file.vanished" in codes:
        return Presence.VANISHED
    if "file.expired" in codes or any(c.presence is Presence.EXPIRED for c in gone):
        return Presence.EXPIRED
    return Presence.VANISHED if evidence.known and not evidence.present else Presence.PRESENT


def _expired(known: SnapshotReport, absence: Sequence[Finding]) -> SnapshotReport:
    """A snapshot that the store deleted in its time keeps its verdict: it was what it was."""
    kept = tuple(f for f in known.file_findings if f.code != "file.expired")
    return replace(
        known, presence=Presence.EXPIRED, file_findings=(*kept, *fold(absence)), listing_digest="", is_final=True
    )


def _landed_at(evidence: Evidence) -> datetime | None:
    """A settled snapshot landed when it did: what is done to its files later does not make it late."""
    known = evidence.known
    is_old = evidence.was_settled and all(r.file.path in evidence.known_files for r in evidence.data)
    return known.landed_at if known and is_old else landed_at(evidence)


def _is_final(report: SnapshotReport) -> bool:
    """Tell whether time alone changes nothing about the snapshot any more."""
    if report.verdict is Verdict.ARRIVING or report.verdict is Verdict.UNKNOWN:
        return False
    return not any(f.code in _PENDING for f in (*report.findings, *report.file_findings))


def _file_changes(evidence: Evidence, now: datetime, *, settled: bool) -> Iterable[FileChange]:
    for path, report in evidence.reports.items():
        known = evidence.known_files.get(path)
        after = next_known(known, report, now, settled=settled)
        if known is None or _lasting(after) != _lasting(known):
            yield FileChange(known=after)


def _lasting(known: KnownFile) -> KnownFile:
    """What is compared to tell whether anything changed: all but the cost of the look."""
    report = known.report
    return replace(known, report=replace(report, content=replace(report.content, bytes_read=0)))
