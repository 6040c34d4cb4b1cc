"""Which snapshots are tested, and a whole copy of each in a scratch folder; damages none, only reads originals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from catalog.settings.loading import Settings
from catalog.store.contents import Contents, get_contents
from catalog.store.database import Catalog
from catalog.store.known import known_zones
from catalog.store.queries import SnapshotFilter, list_snapshots
from catalog.targets import Target, recorded_target
from verifier.backends.urls import parse_location
from verifier.classify import HEAD_BYTES, Sniffed, sniff
from verifier.errors import ChangedError, SourceError
from verifier.model import Depth, FileKind, KnownFile, Presence, SnapshotId
from verifier.transfer import Parcel, Route

MOST_BYTES = 64 << 20
"""A snapshot larger than this is not chosen, and is tested only where it is named."""

_MOST_FILE_BYTES = 256 << 20

FORMATS = {"Parquet": (FileKind.PARQUET,), "NDJSON": (FileKind.JSON_GZIP, FileKind.JSON)}
_ENCRYPTED_PARQUET = b"PARE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A snapshot to be tested, with what is recorded of it."""

    contents: Contents

    @property
    def id(self) -> SnapshotId:
        """Which one."""
        return self.contents.snapshot.report.id

    @property
    def files(self) -> Sequence[KnownFile]:
        """Its files that are there, by path."""
        return [one.known for one in self.contents.files if one.presence is Presence.PRESENT]

    @property
    def bytes(self) -> int:
        """The size of them all."""
        return sum(file.report.file.size for file in self.files)

    @property
    def data(self) -> Sequence[KnownFile]:
        """Its data files, the smallest that holds rows first."""
        found = [file for file in self.files if file.report.kind.is_data]
        return sorted(found, key=lambda f: (not f.report.content.rows, f.report.file.size, f.report.file.path))

    @property
    def kind(self) -> FileKind | None:
        """What the file to be damaged is; None without data files."""
        return self.data[0].report.kind if self.data else None

    @property
    def manifest(self) -> str | None:
        """The path of its only manifest that is plain JSON."""
        found = [file.report.file.path for file in self.files if file.report.kind is FileKind.MANIFEST]
        return found[0] if len(found) == 1 and found[0].endswith(".json") else None


def choose(catalog: Catalog, dataset: tuple[str | None, str] | None) -> tuple[list[Original], list[str]]:
    """Return the newest good snapshot of a dataset, or else of each format, and the formats of which there is none.

    Of each format the newest that is small enough is taken, among the newest good ones of all datasets.
    """
    zone, dataset_id = dataset or (None, "")
    wanted = SnapshotFilter(zone=zone, dataset_ids=(dataset_id,) if dataset_id else (), latest_good=True)
    newest = sorted((s.report for s in list_snapshots(catalog, wanted)), key=lambda r: r.id.export_at, reverse=True)
    if dataset:
        return _originals(catalog, [report.id for report in newest[:1]]), []
    chosen: dict[str, Original] = {}
    for report in newest:
        if report.bytes > MOST_BYTES or report.depth is not Depth.FULL or len(chosen) == len(FORMATS):
            continue
        for original in _originals(catalog, [report.id]):
            name = next((name for name, kinds in FORMATS.items() if original.kind in kinds), None)
            if name and name not in chosen and not _looks_encrypted(original):
                chosen[name] = original
    return [chosen[name] for name in FORMATS if name in chosen], [name for name in FORMATS if name not in chosen]


def original_of(contents: Contents) -> Original:
    """Return a snapshot that was named as one to be tested."""
    return Original(contents=contents)


def target_of(original: Original, settings: Settings, catalog: Catalog) -> Target:
    """Return the zone that an original is in."""
    return recorded_target(original.id.zone, settings, known_zones(catalog))


def copy_whole(original: Original, target: Target, root: Path) -> str | None:
    """Copy a snapshot's files below a folder that stands for its zone; return why they cannot be tested, or None.

    Each is compared with its recorded SHA-256 on the way. Raises `SourceError` where one cannot be had.
    """
    if not original.data or not original.data[0].report.content.rows:
        return "there is no data file with rows to be damaged"
    if original.data[0].report.file.size > _MOST_FILE_BYTES:
        return f"its smallest data file has more than {_MOST_FILE_BYTES} bytes, all of which each damage would copy"
    root.mkdir(parents=True)
    with closing(Route(target.location, parse_location(str(root)))) as route:
        for file in original.files:
            stored = file.report.file
            try:
                delivery = route.deliver(Parcel(stored, stored.path, file.report.content.sha256), lambda: None)
            except ChangedError as error:
                raise SourceError(error.message, hint="scan the zone, then test again") from error
            if delivery.mismatch:
                return f"{stored.path}: the bytes that were read are not those that were recorded"
            _set_time(root / stored.path, stored.modified_at)
    return next((_encrypted(root, file) for file in original.data if _encrypted(root, file)), None)


def _originals(catalog: Catalog, wanted: Sequence[SnapshotId]) -> list[Original]:
    return [Original(contents=found) for found in get_contents(catalog, *wanted) if found]


def _looks_encrypted(original: Original) -> bool:
    return any(file.report.file.path.endswith((".gpg", ".pgp", ".asc")) for file in original.files)


def _encrypted(root: Path, file: KnownFile) -> str | None:
    path = file.report.file.path
    with (root / path).open("rb") as copy:
        head = copy.read(HEAD_BYTES)
    if sniff(head) is Sniffed.PGP or head.startswith(_ENCRYPTED_PARQUET):
        return f"{path} is encrypted: what a damage does inside it cannot be said"
    return None


def _set_time(path: Path, at: datetime | None) -> None:
    if at is not None:
        os.utime(path, (at.timestamp(),) * 2)
