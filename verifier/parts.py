"""What the names in one snapshot say: writes, part numbers, formats, markers, places; no content is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from verifier.expectation import Expectation
from verifier.groups import Group
from verifier.layout import PartName, is_dataset_id, kind_by_name, parse_part_name
from verifier.model import FileKind, Finding, StoredFile, finding

_AHEAD = timedelta(minutes=10)
_MOST_TOLD = 4


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
    yield from _parts(group)
    yield from _formats(group.data, expectation)


@dataclass(slots=True)
class _Write:
    """The part files of one write, as its transaction id and the id of its job in their names tell it."""

    tid: str
    files: list[StoredFile] = field(default_factory=list)
    attempts: dict[int, set[tuple[int, int]]] = field(default_factory=dict)

    def add(self, file: StoredFile, name: PartName) -> None:
        """Take in a file: of a part, one attempt at one task is expected."""
        self.files.append(file)
        self.attempts.setdefault(name.part, set()).add((name.task, name.attempt))

    @property
    def numbers(self) -> Set[int]:
        """The part numbers that are there."""
        return self.attempts.keys()

    @property
    def absent(self) -> int:
        """How many numbers up to the highest are not there."""
        return max(self.numbers) + 1 - len(self.numbers)

    def described(self) -> str:
        """Return what a restore wants to know of it: which, how many parts, whole or not."""
        whole = "without a gap" if not self.absent else f"{self.absent} of 0 to {max(self.numbers)} not there"
        count = f"{len(self.numbers)} part{'s' * (len(self.numbers) != 1)}"
        return f"tid {self.tid}: {count}, {whole}"


def _parts(group: Group) -> Iterable[Finding]:
    writes: dict[tuple[str, str], _Write] = {}
    for file in group.data:
        name = parse_part_name(file.path.rsplit("/", 1)[-1])
        if name is None:
            yield finding("layout.odd-file-name", "not named as Adobe names part files", path=file.path)
        else:
            writes.setdefault((name.tid, name.uuid), _Write(name.tid)).add(file, name)
    # not by when they landed: the same files tell the same wherever they were copied to
    in_order = sorted(writes.values(), key=lambda write: write.tid)
    if len(in_order) > 1:
        yield _second_write(in_order)
    yield from _uncommitted(in_order, group.markers)
    yield from _duplicates(in_order)
    for write in in_order:
        if write.absent:
            of = f" of the write with tid {write.tid}" if len(in_order) > 1 else ""
            message = f"{write.absent} of part numbers 0 to {max(write.numbers)}{of} are not there"
            yield finding("layout.part-gap", message, expected=max(write.numbers) + 1, actual=len(write.numbers))


def _second_write(writes: Sequence[_Write]) -> Finding:
    """Tell the writes apart, and how they stand to each other."""
    shown = "; ".join(write.described() for write in writes[:_MOST_TOLD])
    more = f"; and {len(writes) - _MOST_TOLD} more" if len(writes) > _MOST_TOLD else ""
    message = f"part files of {len(writes)} writes in one snapshot, {_relation(writes)}: {shown}{more}"
    return finding("layout.second-write", message, expected=1, actual=len(writes))


def _relation(writes: Sequence[_Write]) -> str:
    every = set().union(*(write.numbers for write in writes))
    if len(every) == sum(len(write.numbers) for write in writes):
        return "without a part number in common"
    if all(write.numbers == every for write in writes):
        return "with the same part numbers, as after a retry"
    if any(write.numbers == every for write in writes):
        return "one with all part numbers of the others, as after a retry or a partial overwrite"
    return "some part numbers in common"


def _uncommitted(writes: Iterable[_Write], markers: Iterable[StoredFile]) -> Iterable[Finding]:
    """Say which writes were started and, by the markers of their transactions, never committed."""
    names = {marker.path.rsplit("/", 1)[-1] for marker in markers}
    for write in writes:
        if f"_started_{write.tid}" in names and f"_committed_{write.tid}" not in names:
            message = f"{len(write.files)} part files of a write that was started and not committed, tid {write.tid}"
            yield finding("layout.uncommitted-write", message, expected=f"_committed_{write.tid}")


def _duplicates(writes: Sequence[_Write]) -> Iterable[Finding]:
    """Say which numbers are there from several writes, and which from several attempts of one write."""
    seen = Counter(number for write in writes for number in write.numbers)
    for number, times in sorted(seen.items()):
        if times > 1:
            message = f"part number {number} is in {times} writes"
            yield finding("layout.duplicate-part", message, expected=1, actual=times)
    for write in writes:
        for number, attempts in sorted(write.attempts.items()):
            if len(attempts) > 1:
                said = ", ".join(f"task {task} attempt {attempt}" for task, attempt in sorted(attempts)[:_MOST_TOLD])
                message = f"part number {number} is there from {len(attempts)} attempts of one write: {said}"
                yield finding("layout.duplicate-part", message, expected=1, actual=len(attempts))


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
