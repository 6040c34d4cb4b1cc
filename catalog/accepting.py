"""Findings that somebody accepted as they were seen: they stay, and are no reason for anything; records nothing.

Pure. What is found otherwise later (at another place, of other bytes, more often) is another finding and not accepted.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from verifier.findings import Effect
from verifier.model import Accepted, Finding, SnapshotReport, Verdict, Where
from verifier.verdict import verdict_of

Subject = tuple[str, str | None, str | None]
"""A snapshot as zone, dataset id and the digits of its export time; for what is in none both are None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What was accepted of which subject; `count` is how many occurrences the finding stood for."""

    subject: Subject
    path: str | None
    code: str
    actual: str | None
    where: Where
    count: int
    accepted: Accepted

    @property
    def snapshot(self) -> str | None:
        """The id of the snapshot, None for what is in none."""
        zone, dataset_id, export_time = self.subject
        return f"{zone}/{dataset_id}/{export_time}" if dataset_id else None

    def covers(self, finding: Finding, at: datetime) -> bool:
        """Tell whether a finding of the subject is what was accepted, at a moment."""
        same = (self.code, self.path, self.actual) == (finding.code, finding.path, finding.actual)
        is_on = self.accepted.until is None or at < self.accepted.until
        return same and is_on and finding.count <= self.count and _place(self.where) == _place(finding.where)


@dataclass(frozen=True, slots=True)
class Acceptances:
    """All that is accepted at a moment, by what it is about."""

    by_subject: Mapping[Subject, tuple[Acceptance, ...]]
    at: datetime

    def mark(self, subject: Subject, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings of a subject with those marked that were accepted."""
        known = self.by_subject.get(subject, ())
        return tuple(replace(f, accepted=_said(known, f, self.at)) for f in findings)

    def applied(self, report: SnapshotReport) -> SnapshotReport:
        """Return a report with its accepted findings marked and the verdict without them.

        A snapshot without data, or one that nobody could look into, does not become good by a word.
        """
        subject = (report.id.zone, report.id.dataset_id, report.id.export_time)
        if subject not in self.by_subject:
            return report
        own, of_files = self.mark(subject, report.findings), self.mark(subject, report.file_findings)
        verdict = verdict_of(
            (*own, *of_files),
            settled=report.settled_at is not None,
            checked=report.checked,
            files=report.files,
            rows=report.rows,
        )
        kept = verdict if report.data_files else report.verdict
        return replace(report, findings=own, file_findings=of_files, verdict=kept)


def is_known_blind(verdict: Verdict, findings: Iterable[Finding]) -> bool:
    """Tell whether somebody accepted all that keeps a snapshot of this verdict from being looked at, or into."""
    effects = {Verdict.UNKNOWN: Effect.UNKNOWN, Verdict.UNVERIFIABLE: Effect.UNVERIFIABLE}
    causes = [f for f in findings if f.effect is effects.get(verdict)]
    return bool(causes) and all(f.accepted for f in causes)


def acceptances_of(listed: Iterable[Acceptance], at: datetime) -> Acceptances:
    """Return acceptances as they are at a moment."""
    by_subject: dict[Subject, list[Acceptance]] = defaultdict(list)
    for one in listed:
        by_subject[one.subject].append(one)
    return Acceptances({subject: tuple(some) for subject, some in by_subject.items()}, at)


def _said(known: Iterable[Acceptance], finding: Finding, at: datetime) -> Accepted | None:
    return next((one.accepted for one in known if one.covers(finding, at)), None)


def _place(where: Where) -> str:
    return json.dumps(dict(where), sort_keys=True)
