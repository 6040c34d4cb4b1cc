"""Copy snapshots to another zone, look at what is there then, and record both as one backup; plans nothing.

What is there is looked at, and recorded, by the usual scan of the target. A pair is recorded only after that, snapshots
of a few hundred files at a time, so that an interrupt costs little.
"""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.caller import who
from catalog.copies.lanes import Outcome, deliveries
from catalog.copies.plan import CopyPlan
from catalog.copies.values import CopiedSnapshot, CopyCounts, CopyResult, Failure, Shipment
from catalog.scans.observe import ZoneScan
from catalog.scans.run import Run
from catalog.scope import Scope
from catalog.segments.names import SegmentKind
from catalog.store.copies import CopyRecord
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.known import known_files
from catalog.targets import Target
from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.errors import NotFoundError, SourceError
from verifier.findings import Level
from verifier.model import Depth, Finding, KnownFile, Presence, SnapshotId, SnapshotReport, finding
from verifier.transfer import Parcel, read_back
from verifier.verdict import apply_levels
from verifier.zone_model import Trouble

_MOST_FILES = 500
_MOST_BYTES = 8 << 30


@dataclass(slots=True)
class Copying:
    """One copy: iterate `snapshots` to its end, then ask for the result. `workers` files are on their way at once."""

    plan: CopyPlan
    run: Run
    workers: int
    started_at: datetime = field(init=False)
    _done: list[CopiedSnapshot] = field(default_factory=list)
    _counts: CopyCounts = field(default_factory=CopyCounts)

    def __post_init__(self) -> None:
        self.started_at = self.run.clock()

    def snapshots(self) -> Generator[CopiedSnapshot]:
        """Copy all snapshots and yield each once it has been looked at and recorded."""
        run, target = self.run, self.plan.target
        for number, batch in enumerate(_batches(self.plan.shipments)):
            began = run.clock()
            outcomes = self._send(batch)
            look = _Look(target.location)
            if any(not isinstance(outcome, SourceError) for outcome in outcomes.values()):
                look = _look_at(target, replace(run, scan_id=f"{run.scan_id}{number or ''}"), batch)
            ends = {p.path: look.end(s.target, p, outcomes[p.path]) for s in batch for p in s.parcels}
            copied = [_copied(shipment, ends, look, run.settings.levels) for shipment in batch]
            self._record(number, zip(batch, copied, strict=True), ends, began)
            self._count(batch, ends)
            self._done += copied
            yield from copied

    def result(self) -> CopyResult:
        """Return what it all came to."""
        return _result(self.plan, self._counts, self._done, (self.started_at, self.run.clock()), is_estimate=False)

    def _send(self, batch: Sequence[Shipment]) -> Mapping[str, Outcome]:
        target, progress = self.plan.target, self.run.progress
        parcels = {parcel.path: parcel for shipment in batch for parcel in shipment.parcels}
        progress.zone(f"to {target.zone}")
        progress.planned(len(parcels), sum(parcel.file.size for parcel in parcels.values()))
        outcomes: dict[str, Outcome] = {}
        with closing(deliveries(list(parcels.values()), batch[0].location, target.location, self.workers)) as done:
            for parcel, outcome in done:
                outcomes[parcel.path] = outcome
                progress.read(1, parcel.file.size)
        return outcomes

    def _record(
        self, part: int, pairs: Iterable[tuple[Shipment, CopiedSnapshot]], ends: Mapping[str, _End], began: datetime
    ) -> None:
        """Record the pairs of which anything is there."""
        records = []
        for shipment, copied in pairs:
            own = [ends[parcel.path] for parcel in shipment.parcels]
            sent = sum(end.is_equal and end.was_sent for end in own)
            one = CopyRecord(
                source=copied.source,
                target=copied.target,
                target_url=self.plan.target.location.url,
                is_complete=copied.is_complete,
                files=copied.files,
                bytes=copied.bytes,
                copied=sent,
                already_there=sum(end.is_equal for end in own) - sent,
                started_at=began,
                finished_at=self.run.clock(),
                tool_version=self.run.tool_version,
                run_by=who(),
            )
            if one.copied or one.already_there:
                records.append(one.row())
        if records:
            entry = Entry(
                kind=SegmentKind.COPY,
                id=self.run.scan_id,
                zone=self.plan.target.zone,
                part=part,
                tool_version=self.run.tool_version,
                written_at=self.run.clock(),
                rows={"copy": records},
            )
            record(self.run.catalog, entry)

    def _count(self, batch: Sequence[Shipment], ends: Mapping[str, _End]) -> None:
        counts, sizes = self._counts, {p.path: p.file.size for s in batch for p in s.parcels}
        counts.snapshots += len(batch)
        for path, end in ends.items():
            counts.files += 1
            counts.bytes += sizes[path]
            if not end.is_equal:
                counts.failed += 1
            elif end.was_sent:
                counts.copied += 1
                counts.bytes_copied += sizes[path]
            else:
                counts.already_there += 1


def estimate(plan: CopyPlan, run: Run) -> CopyResult:
    """Tell what a copy would do; what is there already is told by its size alone. Raises `SourceError`."""
    started_at, counts, done = run.clock(), CopyCounts(), list[CopiedSnapshot]()
    for batch in _batches(plan.shipments):
        sizes = _sizes_there(plan.target.location, _common_folder(batch))
        parcels = {parcel.path: parcel for shipment in batch for parcel in shipment.parcels}
        counts.snapshots += len(batch)
        for path, parcel in parcels.items():
            size = parcel.file.size
            counts.files += 1
            counts.bytes += size
            if path not in sizes:
                counts.to_copy += 1
                counts.bytes_to_copy += size
            elif sizes[path] == size:
                counts.already_there += 1
            else:
                counts.failed += 1
        for shipment in batch:
            is_there = all(sizes.get(parcel.path) == parcel.file.size for parcel in shipment.parcels)
            one = CopiedSnapshot(
                source=shipment.source,
                target=shipment.target,
                is_complete=is_there,
                files=len(shipment.parcels),
                bytes=shipment.bytes,
                report=shipment.report,
            )
            done.append(one)
    return _result(plan, counts, done, (started_at, run.clock()), is_estimate=True)


@dataclass(frozen=True, slots=True)
class _End:
    """What became of one file: there and equal, unless there was trouble or it is seen to be another."""

    was_sent: bool = False
    trouble: Trouble | None = None
    mismatch: Finding | None = None

    @property
    def is_equal(self) -> bool:
        return self.trouble is None and self.mismatch is None


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the target saw of some snapshots: their reports, their files, and why it could not see."""

    location: Location
    reports: Mapping[SnapshotId, SnapshotReport] = field(default_factory=dict)
    files: Mapping[tuple[str, str], Mapping[str, KnownFile]] = field(default_factory=dict)
    trouble: Trouble | None = None

    def end(self, target: SnapshotId, parcel: Parcel, outcome: Outcome) -> _End:
        """Compare what was read back of a file with what was sent, or was there."""
        if isinstance(outcome, SourceError):
            return _End(trouble=_trouble(outcome))
        if outcome.mismatch or self.trouble:
            return _End(trouble=self.trouble, mismatch=outcome.mismatch)
        known = self.files.get((target.dataset_id, target.export_time), {}).get(parcel.path)
        if known and not known.report.looked:
            unreadable = next(f for f in known.report.content.findings if f.code == "file.unreadable")
            return _End(trouble=Trouble(kind=unreadable.actual or "source", message=unreadable.message))
        try:
            actual = self._read_back(parcel, known)
        except SourceError as error:
            return _End(trouble=_trouble(error))
        if actual == outcome.sha256:
            return _End(was_sent=outcome.was_sent)
        message = "what was stored is read back as other bytes" if actual else "what was stored is not there any more"
        return _End(
            mismatch=finding(
                "copy.mismatch", message, path=parcel.path, expected=outcome.sha256, actual=actual or "nothing"
            )
        )

    def _read_back(self, parcel: Parcel, known: KnownFile | None) -> str | None:
        """Return the SHA-256 that the look recorded; what it did not read, as too large a manifest, is read now."""
        if known is None or known.presence is not Presence.PRESENT:
            return None
        return known.report.content.sha256 or read_back(self.location, parcel.path)


def _look_at(target: Target, run: Run, batch: Sequence[Shipment]) -> _Look:
    """Scan what was copied, every byte of it."""
    keys = frozenset((s.target.dataset_id, s.target.export_time) for s in batch)
    terms = replace(run, scope=Scope(keys=keys), settle_minutes=0, depth=Depth.FULL)
    scan = ZoneScan(replace(target, prefix=_common_folder(batch)), terms)
    with closing(scan.snapshots()) as found:
        reports = {report.id: report for report in found}
    trouble = scan.report.error
    return _Look(target.location, reports, {} if trouble else known_files(run.catalog, target.zone, keys), trouble)


def _copied(shipment: Shipment, ends: Mapping[str, _End], look: _Look, levels: Mapping[str, Level]) -> CopiedSnapshot:
    own = [(parcel, ends[parcel.path]) for parcel in shipment.parcels]
    return CopiedSnapshot(
        source=shipment.source,
        target=shipment.target,
        is_complete=all(end.is_equal for _, end in own),
        files=len(shipment.parcels),
        bytes=shipment.bytes,
        report=look.reports.get(shipment.target),
        findings=apply_levels([end.mismatch for _, end in own if end.mismatch], levels),
        failures=tuple(Failure(parcel.file.path, end.trouble) for parcel, end in own if end.trouble),
    )


def _trouble(error: SourceError) -> Trouble:
    return Trouble(kind=error.kind, message=error.message, hint=error.hint)


def _batches(shipments: Sequence[Shipment]) -> Iterator[list[Shipment]]:
    """Yield neighbours from one place together, until there are enough files or bytes."""
    batch: list[Shipment] = []
    for shipment in shipments:
        files = sum(len(s.parcels) for s in batch) + len(shipment.parcels)
        is_enough = files > _MOST_FILES or sum(s.bytes for s in batch) + shipment.bytes > _MOST_BYTES
        if batch and (is_enough or batch[0].location != shipment.location):
            yield batch
            batch = []
        batch.append(shipment)
    if batch:
        yield batch


def _common_folder(batch: Sequence[Shipment]) -> str:
    """Return the deepest folder of the target below which all files go."""
    return posixpath.commonpath([posixpath.dirname(parcel.path) for s in batch for parcel in s.parcels])


def _sizes_there(location: Location, folder: str) -> dict[str, int]:
    """Return the size of every file below a folder; none where folders are made as they are needed."""
    with closing(open_backend(location)) as backend:
        try:
            return {file.path: file.size for page in backend.list(folder) for file in page}
        except NotFoundError:
            if backend.capabilities.is_flat:
                raise
            return {}


def _result(
    plan: CopyPlan,
    counts: CopyCounts,
    done: Sequence[CopiedSnapshot],
    period: tuple[datetime, datetime],
    *,
    is_estimate: bool,
) -> CopyResult:
    return CopyResult(
        started_at=period[0],
        finished_at=period[1],
        zone=plan.target.zone,
        url=plan.target.location.url,
        is_estimate=is_estimate,
        counts=counts,
        snapshots=tuple(done),
    )
