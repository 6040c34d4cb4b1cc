"""Snapshots to be judged without any store: listed files, reports, manifests, and a memory from look to look."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from verifier.assess import assess
from verifier.evidence import Evidence, Terms
from verifier.expectation import Expectation
from verifier.formats.manifest import parse_manifest
from verifier.groups import Group, Key
from verifier.layout import compile_layout, kind_by_name
from verifier.model import (
    Content,
    Depth,
    FileReport,
    Finding,
    KnownFile,
    SnapshotId,
    SnapshotReport,
    StoredFile,
)
from verifier.promises import ReadManifest, Resolver
from verifier.scan import Gathering

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DATASET = "64e0c0ffee0123456789abcd"
TIME = "202611010100"
KEY = (DATASET, TIME)
FOLDER = f"{DATASET}/exportTime={TIME}"
RUN = "0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19"
DESTINATION = "d0420d72-756c-4159-9e7f-7d3e2f8b501e"
MANIFEST = f"manifest-{DESTINATION}-{RUN}.json"
LANDED = datetime(2026, 11, 1, 1, 5, tzinfo=UTC)


def part(number: int = 0, extension: str = "gz.parquet", *, tid: str = "4172098795867639101") -> str:
    """Return the path of a part file in the snapshot's folder."""
    return f"{FOLDER}/part-{number:05d}-tid-{tid}-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-{number}-1-c000.{extension}"


def stored(path: str, size: int = 100, landed: datetime | None = LANDED, etag: str | None = None) -> StoredFile:
    """Return one listed file."""
    return StoredFile(path, size, landed, etag)


def seen(
    file: StoredFile | str, content: Content | None = None, *, depth: Depth = Depth.FULL, looked: bool = True
) -> FileReport:
    """Return what a look at a file came to, by default one good row and a SHA-256 that its path and size tell."""
    file = stored(file) if isinstance(file, str) else file
    if content is None:
        sha256 = hashlib.sha256(f"{file.path} {file.size}".encode()).hexdigest() if depth is Depth.FULL else None
        content = Content(rows=1 if depth is not Depth.LIST else None, sha256=sha256)
    return FileReport(file=file, kind=kind_by_name(file.path), depth=depth, content=content, looked=looked)


def manifest_bytes(entries: Iterable[object], **fields: object) -> bytes:
    """Return a manifest's bytes."""
    document = {"flowRunId": RUN, "scheduledTime": "2026-11-01T01:00:00Z", "exportResults": list(entries)}
    return json.dumps(document | fields).encode()


def entries_of(files: Iterable[StoredFile], sink: str = "/exports") -> list[dict[str, object]]:
    """Return what a manifest truly says of these files."""
    return [{"sinkPath": sink, "name": f.path.rsplit("/", 1)[-1], "size": f.size} for f in files]


@dataclass(slots=True)
class Memory:
    """What a catalog would remember of one snapshot: look at it again and again."""

    known: SnapshotReport | None = None
    files: dict[str, KnownFile] = field(default_factory=dict)
    past: Sequence[SnapshotReport] = ()
    owners: Mapping[str, Key] = field(default_factory=dict)
    has_clock: bool = True

    def look(
        self,
        reports: Iterable[FileReport],
        *,
        manifests: Mapping[str, bytes] | None = None,
        at: datetime = NOW,
        depth: Depth = Depth.FULL,
        expects: Expectation | None = None,
    ) -> SnapshotReport:
        """Judge what a listing shows, `manifests` by path beside the files, and remember what came of it."""
        by_path = {r.file.path: r for r in reports}
        read = [self._manifest(path, data, by_path) for path, data in (manifests or {}).items()]
        group = grouped([r.file for r in by_path.values()])
        resolver = Resolver(compile_layout(), {KEY: group})
        promised = [p for m in read for p in resolver.promises(m, group).get(KEY, ())]
        markers = {f.path for f in group.markers}
        evidence = Evidence(
            group=group,
            reports={path: r for path, r in by_path.items() if path not in markers},
            manifests=read,
            promised=promised,
            known=self.known,
            known_files=self.files,
            past=self.past,
            owners=self.owners,
        )
        terms = Terms(expectation=expects or Expectation(), depth=depth, now=at, has_clock=self.has_clock)
        change = assess(evidence, terms)
        self.known = change.report
        self.files = self.files | {c.known.report.file.path: c.known for c in change.files}
        return change.report

    def _manifest(self, path: str, data: bytes, by_path: dict[str, FileReport]) -> ReadManifest:
        manifest, found = parse_manifest(data, path)
        file = stored(path, len(data))
        content = Content(findings=found, sha256=hashlib.sha256(data).hexdigest())
        by_path[path] = seen(file, content)
        return ReadManifest(file, manifest)


def grouped(files: Sequence[StoredFile]) -> Group:
    """Return the one snapshot that these files are of; an empty one where there are none."""
    gathering = Gathering("zone", compile_layout()).add([files])
    assert gathering.strays == []
    assert len(gathering.groups) <= 1
    return next(iter(gathering.groups.values()), Group(SnapshotId("zone", *KEY)))


def told(report: SnapshotReport) -> dict[str, str]:
    """Return every code that was found, with its level."""
    return {f.code: f.level.value for f in (*report.findings, *report.file_findings)}


def of_code(findings: Iterable[Finding], code: str) -> list[Finding]:
    """Return the findings of one code."""
    return [f for f in findings if f.code == code]


def minutes(count: float) -> timedelta:
    """Return a time of so many minutes."""
    return timedelta(minutes=count)
