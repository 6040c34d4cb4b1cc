"""The running totals of a scan; counts what others saw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from verifier.model import Finding, SnapshotReport
from verifier.zone_model import Counts, Stray


@dataclass(slots=True)
class Tally:
    """Counts snapshots, strays and zone findings as they come."""

    counts: Counts = field(default_factory=Counts)
    _datasets: set[str] = field(default_factory=set)

    def snapshot(self, report: SnapshotReport) -> None:
        """Count one snapshot with everything found in it."""
        counts = self.counts
        counts.snapshots += 1
        counts.files += report.files
        counts.bytes += report.bytes
        counts.rows += report.rows or 0
        self._datasets.add(report.id.dataset_id)
        counts.datasets = len(self._datasets)
        self.findings((*report.findings, *report.file_findings))

    def strays(self, strays: Iterable[Stray]) -> None:
        """Count what was found about strays."""
        for stray in strays:
            self.findings(stray.findings)

    def findings(self, findings: Iterable[Finding]) -> None:
        """Count findings by level."""
        for one in findings:
            setattr(self.counts, one.level.value, getattr(self.counts, one.level.value) + 1)


def add(counts: Iterable[Counts]) -> Counts:
    """Add up the totals of several zones."""
    total = Counts()
    for one in counts:
        for each in fields(Counts):
            setattr(total, each.name, getattr(total, each.name) + getattr(one, each.name))
    return total
