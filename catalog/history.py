"""A dataset's snapshots in order of export time, for judging one by those before it; nothing is stored here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verifier.model import SnapshotId, SnapshotReport
from verifier.scan import Key

_FAR_ENOUGH = 60
"""How many snapshots back anybody looks."""


@dataclass(slots=True)
class History:
    """The reports of one zone as they are known by now; `load_owners` gives a dataset's SHA-256 -> snapshot."""

    load_owners: Callable[[str], Mapping[str, Key]]
    _reports: dict[str, list[SnapshotReport]] = field(default_factory=dict)
    _owners: dict[str, dict[str, Key]] = field(default_factory=dict)

    def add_known(self, reports: Iterable[SnapshotReport]) -> None:
        """Take in what was recorded before."""
        for report in reports:
            self._reports.setdefault(report.id.dataset_id, []).append(report)
        for of_dataset in self._reports.values():
            of_dataset.sort(key=_moment)

    def before(self, snapshot: SnapshotId) -> Sequence[SnapshotReport]:
        """Return the snapshots of the same dataset exported before this one, oldest first."""
        reports = self._reports.get(snapshot.dataset_id, [])
        index = bisect_left(reports, snapshot.export_at, key=_moment)
        return reports[max(0, index - _FAR_ENOUGH) : index]

    def owners(self, dataset_id: str) -> Mapping[str, Key]:
        """Return in which snapshot of a dataset each SHA-256 was first seen."""
        return self._owned(dataset_id)

    def replace(self, report: SnapshotReport, digests: Iterable[str]) -> None:
        """Take in a new report of a snapshot and the SHA-256 of its files with rows."""
        reports = self._reports.setdefault(report.id.dataset_id, [])
        index = bisect_left(reports, report.id.export_at, key=_moment)
        while index < len(reports) and reports[index].id.export_at == report.id.export_at:
            if reports[index].id == report.id:
                reports[index] = report
                break
            index += 1
        else:
            reports.insert(index, report)
        for digest in digests:
            self._owned(report.id.dataset_id).setdefault(digest, (report.id.dataset_id, report.id.export_time))

    def _owned(self, dataset_id: str) -> dict[str, Key]:
        if dataset_id not in self._owners:
            is_known = bool(self._reports.get(dataset_id))
            self._owners[dataset_id] = dict(self.load_owners(dataset_id)) if is_known else {}
        return self._owners[dataset_id]


def _moment(report: SnapshotReport) -> datetime:
    return report.id.export_at
