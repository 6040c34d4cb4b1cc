"""A dataset's snapshots in order of export time, for judging one by those before it; nothing is stored here."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from verifier.groups import Key
from verifier.model import SnapshotId, SnapshotReport
from verifier.usual import LONG_AGO

_FAR_ENOUGH = LONG_AGO
"""How many snapshots back anybody looks."""


class Owners(Mapping[str, Key]):
    """In which snapshot each SHA-256 was first seen, by its hex digits; kept as bytes, which take half the memory."""

    def __init__(self, known: dict[bytes, Key]) -> None:
        self._known = known

    def __getitem__(self, sha256: str) -> Key:
        return self._known[bytes.fromhex(sha256)]

    def __iter__(self) -> Iterator[str]:
        return (digest.hex() for digest in self._known)

    def __len__(self) -> int:
        return len(self._known)

    def add(self, digests: Iterable[str], key: Key) -> None:
        """Take in the SHA-256 of a snapshot's files; who was first stays the owner."""
        for digest in digests:
            self._known.setdefault(bytes.fromhex(digest), key)


@dataclass(slots=True)
class History:
    """The reports of some datasets as they are known by now; `load_owners` gives a dataset's SHA-256 -> snapshot."""

    load_owners: Callable[[str], dict[bytes, Key]]
    _reports: dict[str, list[SnapshotReport]] = field(default_factory=dict)
    _owned: tuple[str, Owners] | None = None

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

    def owners(self, dataset_id: str) -> Owners:
        """Return in which snapshot of a dataset each SHA-256 was first seen; kept until another one is asked for."""
        if self._owned is None or self._owned[0] != dataset_id:
            is_known = bool(self._reports.get(dataset_id))
            self._owned = (dataset_id, Owners(self.load_owners(dataset_id) if is_known else {}))
        return self._owned[1]

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
        self.owners(report.id.dataset_id).add(digests, (report.id.dataset_id, report.id.export_time))


def _moment(report: SnapshotReport) -> datetime:
    return report.id.export_at
