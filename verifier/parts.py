"""What the names in one snapshot say: writes, part numbers, formats, markers, places; no content is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from verifier.expectation import Expectation
from verifier.layout import PartName, is_dataset_id, kind_by_name, parse_part_name
from verifier.model import FileKind, Finding, StoredFile, finding
from verifier.scan import Group

_AHEAD = timedelta(minutes=10)


def judge_names(group: Group, expectation: Expectation, now: datetime) -> Iterable[Finding]:
    """Yield what the names of a snapshot's folder and files say."""
    if group.id.export_at > now + _AHEAD:
        message = f"export time {group.id.export_time} is in the future"
        yield finding("layout.future-export-time", message, expected=f"not after {now:%Y-%m-%dT%H:%M:%SZ}")
    if not is_dataset_id(group.id.dataset_id):
        message = f"dataset id {group.id.dataset_id!r} is not as Adobe's are"
        yield finding("layout.odd-dataset-id", message, expected="24 hex digits")
    for marker in group.markers:
        yield finding("layout.marker", "a marker", path=marker.path)
    for file in group.files:
        if file.path in group.nested:
            message = "below the snapshot folder's own level"
            yield finding("layout.nested-file", message, path=file.path)
    yield from _parts(group.data)
    yield from _formats(group.data, expectation)


def _parts(files: list[StoredFile]) -> Iterable[Finding]:
    writes: dict[tuple[str, str], list[int]] = {}
    for file in files:
        part = parse_part_name(file.path.rsplit("/", 1)[-1])
        if part is None:
            yield finding("layout.odd-file-name", "not named as Adobe names part files", path=file.path)
        else:
            writes.setdefault(_write_of(part), []).append(part.part)
    if len(writes) > 1:
        message = f"part files of {len(writes)} writes in one snapshot"
        yield finding("layout.second-write", message, expected=1, actual=len(writes))
    seen: dict[int, int] = {}
    for parts in writes.values():
        for number in set(parts):
            seen[number] = seen.get(number, 0) + 1
    for number, times in sorted(seen.items()):
        if times > 1:
            message = f"part number {number} is in {times} writes"
            yield finding("layout.duplicate-part", message, expected=1, actual=times)
    for parts in writes.values():
        absent = max(parts) + 1 - len(set(parts))
        if absent:
            message = f"{absent} of part numbers 0 to {max(parts)} are not there"
            yield finding("layout.part-gap", message, expected=max(parts) + 1, actual=len(set(parts)))


def _write_of(part: PartName) -> tuple[str, str]:
    return (part.tid, part.uuid)


def _formats(files: list[StoredFile], expectation: Expectation) -> Iterable[Finding]:
    kinds = {kind_by_name(f.path) for f in files}
    if len(kinds) > 1:
        names = ", ".join(sorted(k.value for k in kinds))
        yield finding("layout.mixed-formats", f"data files of more than one format: {names}", actual=names)
    for file in files:
        wrong = _unexpected(file.path, kind_by_name(file.path), expectation)
        if wrong:
            expected, actual = wrong
            message = f"expected {expected}, got {actual}"
            yield finding("layout.unexpected-format", message, path=file.path, expected=expected, actual=actual)


def _unexpected(path: str, kind: FileKind, expectation: Expectation) -> tuple[str, str] | None:
    """Compare a file's name with the promised format and compression.

    JSON that is compressed where the settings say otherwise is tolerated: Adobe offers compressed JSON only.
    """
    actual = "parquet" if kind is FileKind.PARQUET else "json"
    if expectation.format is not None and actual != expectation.format:
        return expectation.format, actual
    if expectation.compressed is None:
        return None
    compressed = kind is FileKind.JSON_GZIP or _names_a_codec(path)
    if compressed == expectation.compressed or (kind is FileKind.JSON_GZIP and not expectation.compressed):
        return None
    words = {True: f"compressed {actual}", False: f"uncompressed {actual}"}
    return words[expectation.compressed], words[compressed]


def _names_a_codec(path: str) -> bool:
    name = path.rsplit("/", 1)[-1].lower()
    return any(f".{codec}.parquet" in name for codec in ("gz", "snappy", "zstd", "lz4", "brotli"))
