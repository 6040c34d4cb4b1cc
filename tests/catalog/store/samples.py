"""Values to record, and a program that records them until it is killed: `python samples.py CATALOG SEGMENTS ZONE`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from catalog.scans.recorder import Recorder
from catalog.store.database import Catalog
from catalog.store.reads import SnapshotRead
from catalog.store.recording import ScanEnd, ScanStart
from verifier.backends.urls import parse_location
from verifier.model import (
    Column,
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
    finding,
)
from verifier.zone_model import Counts

NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
DATASET = "64e0c0ffee0123456789abcd"
COLUMNS = (Column("_id", "string"), Column("timestamp", "timestamp", always=False))


def start(scan_id: str = "scan-1", zone: str = "cja", at: datetime = NOW, scope: str = "") -> ScanStart:
    return ScanStart(
        scan_id=scan_id,
        zone=zone,
        url=f"s3://bucket/{zone}",
        kind="s3",
        depth=Depth.FULL,
        scope=scope,
        started_at=at,
        tool_version="0.1.0",
        basis="basis",
    )


def end(at: datetime = NOW, complete: bool = True, suspect: bool = False) -> ScanEnd:
    return ScanEnd(finished_at=at, complete=complete, suspect=suspect, counts=Counts(files=3))


def known_file(name: str, export_time: str, dataset_id: str = DATASET, size: int = 1000) -> KnownFile:
    path = f"{dataset_id}/exportTime={export_time}/{name}"
    digest = sha256(f"{path}{size}".encode()).hexdigest()
    return KnownFile(
        report=FileReport(
            file=StoredFile(path, size, NOW - timedelta(hours=1, microseconds=size), f'"{digest[:32]}"'),
            kind=FileKind.PARQUET,
            depth=Depth.FULL,
            content=Content(
                findings=(finding("parquet.no-page-checksums", "2 of 2 pages carry no checksum", count=2),),
                rows=size // 10,
                sha256=digest,
                columns=COLUMNS,
                events=(NOW - timedelta(days=2), NOW - timedelta(days=1)),
                facts={"pages": 2, "pages_with_checksum": 0},
            ),
        ),
        seen_at=NOW,
        reference=Reference(size, digest),
    )


def change(export_time: str, files: int = 3, zone: str = "cja", dataset_id: str = DATASET) -> SnapshotChange:
    writer = "tid-6351713407229798623-174d2b9b-87e8-4c29-8a76-ec05b444f26a"
    known = [
        known_file(f"part-{n:05d}-{writer}-{n}-1-c000.parquet", export_time, dataset_id, 1000 + n) for n in range(files)
    ]
    return SnapshotChange(
        report=SnapshotReport(
            id=SnapshotId(zone, dataset_id, export_time),
            verdict=Verdict.GOOD,
            depth=Depth.FULL,
            checked=files,
            files=files,
            data_files=files,
            bytes=sum(k.report.file.size for k in known),
            rows=sum(k.report.content.rows or 0 for k in known),
            landed_at=NOW - timedelta(hours=1),
            settled_at=NOW,
            columns=COLUMNS,
            events=(NOW - timedelta(days=2), NOW - timedelta(days=1)),
            findings=(finding("layout.part-gap", "part 1 is not there", where={"entry": 1}),),
            file_findings=tuple(f.at(k.report.file.path) for k in known for f in k.report.content.findings),
            listing_digest="digest",
            basis="basis",
        ),
        files=tuple(FileChange(known=k) for k in known),
    )


def export_times(first: int, count: int) -> list[str]:
    return [
        (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=n)).strftime("%Y%m%d%H%M")
        for n in range(first, first + count)
    ]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def record_forever(catalog: Catalog, zone: str) -> None:
    """Record scans of three batches of 20 snapshots, saying what was acknowledged, until somebody ends it."""
    number = 0
    while True:
        scan, now = f"{zone}-{number}", NOW + timedelta(minutes=number)
        recorder = Recorder(catalog, start(scan, zone=zone, at=now), lambda now=now: now)
        recorder.begin()
        say(f"begun {scan}")
        for batch in range(3):
            for time in export_times((number * 3 + batch) * 20, 20):
                recorder.add(change(time, 2, zone=zone), SnapshotRead(SnapshotId(zone, DATASET, time)))
            recorder.flush()
            say(f"batch {scan}")
        recorder.end(end(at=now))
        say(f"ended {scan}")
        number += 1


if __name__ == "__main__":
    record_forever(Catalog(Path(sys.argv[1]), segments=parse_location(sys.argv[2])), sys.argv[3])
