"""One night of a built catalog as a scan would hand it over, and how long recording it keeps others out of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from time import perf_counter

from bench.catalog_builder import COLUMNS, FIRST, URL, ZONE, Plan
from catalog.judging.transitions import Transition
from catalog.judging.values import SlotStatus
from catalog.scans.recorder import Recorder
from catalog.segments.names import SegmentKind
from catalog.store.database import Catalog, Connection
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.promises import SlotRecord
from catalog.store.reads import SnapshotRead
from catalog.store.recording import ScanEnd, ScanStart
from verifier.model import (
    Content,
    Depth,
    FileChange,
    FileKind,
    FileReport,
    KnownFile,
    Reference,
    SnapshotChange,
    SnapshotId,
    SnapshotReport,
    StoredFile,
    Verdict,
)
from verifier.zone_model import Counts


@dataclass(frozen=True, slots=True)
class Timed(Catalog):
    """A catalog that notes, in seconds, how long every write kept the lock, its opening and closing included."""

    held: list[float] = field(default_factory=list)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield what the catalog does."""
        began = perf_counter()
        # Spelled out: a class with slots is made anew, which a bare super() does not find.
        with super(Timed, self).write() as connection:
            yield connection
        self.held.append(perf_counter() - began)


def record_night(catalog: Catalog, plan: Plan, night: int) -> None:
    """Record the exports of a night, none missing, as one scan and one check do."""
    at = FIRST + timedelta(days=night, hours=12)
    scan_id = f"{night:024x}"
    changes = [_change(plan, number, night, at) for number in range(plan.datasets)]
    start = ScanStart(
        scan_id=scan_id, zone=ZONE, url=URL, kind="s3", depth=Depth.FULL, scope="", started_at=at,
        tool_version="0.1.0", basis="basis",
    )  # fmt: skip
    recorder = Recorder(catalog, start, lambda: at)
    recorder.begin()
    for change in changes:
        recorder.add(change, SnapshotRead(change.report.id))
    recorder.end(ScanEnd(finished_at=at, complete=True, counts=Counts(files=len(changes))))
    slots = [_slot(change, at).row() for change in changes]
    checked = Entry(
        kind=SegmentKind.CHECK, id=scan_id, zone="", tool_version="0.1.0", written_at=at, rows={"slot": slots}
    )
    record(catalog, checked)


def _slot(change: SnapshotChange, at: datetime) -> SlotRecord:
    it = change.report.id
    transition = Transition(it.export_at, None, SlotStatus.ON_TIME, at - timedelta(hours=11))
    return SlotRecord(
        zone=it.zone, dataset_id=it.dataset_id, transition=transition, snapshot=it, verdict=change.report.verdict
    )


def _change(plan: Plan, number: int, night: int, at: datetime) -> SnapshotChange:
    identity = SnapshotId(ZONE, plan.dataset_id(number), plan.export_time(night))
    folder = f"{identity.dataset_id}/exportTime={identity.export_time}"
    known = tuple(_file(f"{folder}/{_name(night, number, part)}", at) for part in range(plan.files))
    report = SnapshotReport(
        id=identity, verdict=Verdict.GOOD, depth=Depth.FULL, checked=plan.files, files=plan.files,
        data_files=plan.files, bytes=sum(k.report.file.size for k in known), rows=60_000 * plan.files,
        landed_at=at - timedelta(hours=11), settled_at=at, columns=COLUMNS,
        events=(identity.export_at - timedelta(days=1), identity.export_at),
        listing_digest=_digest(folder)[:32], basis=_digest("basis")[:32],
    )  # fmt: skip
    return SnapshotChange(report=report, files=tuple(FileChange(known=k) for k in known))


def _name(night: int, number: int, part: int) -> str:
    seed = _digest(f"{night}/{number}")
    writer = f"tid-{int(seed[:15], 16)}-{seed[:8]}-{seed[8:12]}-{seed[12:16]}-{seed[16:20]}-{seed[20:32]}"
    return f"part-{part:05}-{writer}-{(night * 200 + number) * 40 + part}-1-c000.json.gz"


def _file(path: str, at: datetime) -> KnownFile:
    digest = _digest(path)
    dice = int(digest[:8], 16)
    size, rows = 20_000_000 + dice % 8_000_000, 50_000 + dice % 9973
    content = Content(
        findings=(), rows=rows, sha256=digest, columns=COLUMNS,
        events=(at - timedelta(days=1, milliseconds=dice % 9973), at - timedelta(milliseconds=dice % 9967)),
        facts={"members": 1, "expanded_bytes": size * 5 + dice % 997, "unchecked_bytes": 10, "lines": rows},
    )  # fmt: skip
    file = StoredFile(path, size, at - timedelta(hours=11, milliseconds=dice % 20_000), f'"{digest[32:]}"')
    return KnownFile(
        report=FileReport(file=file, kind=FileKind.JSON_GZIP, depth=Depth.FULL, content=content, looked=True),
        seen_at=at,
        reference=Reference(size, digest),
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
