"""The values that flow through landproof, all frozen; no behaviour beyond their own arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from verifier.findings import REGISTER, Effect, Level

Where = Mapping[str, int | str]


class Depth(StrEnum):
    """How hard we looked: names and sizes, heads and footers, or every byte."""

    LIST = "list"
    STRUCTURE = "structure"
    FULL = "full"

    def covers(self, other: Depth) -> bool:
        """Tell whether looking this hard includes looking as hard as `other`."""
        ranks = list(Depth)
        return ranks.index(self) >= ranks.index(other)


class Verdict(StrEnum):
    """What a snapshot is worth, in the order in which the first that applies is taken."""

    ARRIVING = "arriving"
    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    UNVERIFIABLE = "unverifiable"
    EMPTY = "empty"
    GOOD = "good"


class Presence(StrEnum):
    """Whether a file or snapshot is still where it was seen."""

    PRESENT = "present"
    EXPIRED = "expired"
    VANISHED = "vanished"


class FileKind(StrEnum):
    """What a file is."""

    PARQUET = "parquet"
    JSON_GZIP = "json-gzip"
    JSON = "json"
    MANIFEST = "manifest"
    MARKER = "marker"
    UNKNOWN = "unknown"

    @property
    def is_data(self) -> bool:
        """True for the kinds that hold rows."""
        return self in (FileKind.PARQUET, FileKind.JSON_GZIP, FileKind.JSON)


@lru_cache(maxsize=65536)
def export_moment(digits: str) -> datetime:
    """Return the UTC moment that 12 or 14 digits of an export time name; raises ValueError where there is none.

    Cached, since every file of a snapshot asks again; put together here, since `strptime` takes ten times as long.
    """
    year, month, day, hour, minute = digits[:4], digits[4:6], digits[6:8], digits[8:10], digits[10:12]
    return datetime(int(year), int(month), int(day), int(hour), int(minute), int(digits[12:14] or 0), tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SnapshotId:
    """Everything that landed for one dataset at one export time; `export_time` in the digits the folder uses."""

    zone: str
    dataset_id: str
    export_time: str

    def __str__(self) -> str:
        return f"{self.zone}/{self.dataset_id}/{self.export_time}"

    @property
    def export_at(self) -> datetime:
        """The export time as an aware UTC moment; the digits were checked when the folder was parsed."""
        return export_moment(self.export_time)


@dataclass(frozen=True, slots=True)
class Checksum:
    """A store's own checksum of a whole object: algorithm as hashlib names it (or crc32c), value in lower-case hex."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object as a listing shows it; `path` is relative to the zone's root, with `/`, size in bytes."""

    path: str
    size: int
    modified_at: datetime | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Who accepted a finding as it was seen (user@host), when, why, and until when; None for ever."""

    by: str
    at: datetime
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing seen and judged; never holds a value from inside a file.

    An accepted one is told and counted as any other, but is no reason for anything any more.
    """

    code: str
    level: Level
    effect: Effect
    message: str
    path: str | None = None
    expected: str | None = None
    actual: str | None = None
    count: int = 1
    where: Where = field(default_factory=dict)
    accepted: Accepted | None = None

    def at(self, path: str) -> Finding:
        """Return the same finding with its path."""
        return replace(self, path=path)


def finding(
    code: str,
    message: str,
    *,
    path: str | None = None,
    expected: object = None,
    actual: object = None,
    count: int = 1,
    where: Where | None = None,
    level: Level | None = None,
    effect: Effect | None = None,
) -> Finding:
    """Make a finding of a registered code; level and effect come from the register unless given.

    Raises KeyError for a code that is not registered.
    """
    row = REGISTER[code]
    return Finding(
        code=code,
        level=level or row.level,
        effect=effect or row.effect,
        message=message,
        path=path,
        expected=None if expected is None else str(expected),
        actual=None if actual is None else str(actual),
        count=count,
        where=dict(where or {}),
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a Parquet leaf by its dotted path, or a top-level JSON key.

    `type` is a Parquet type in words, or string, number, boolean, object, array or null. `always` tells that every row
    looked at had it; JSON writers leave out null fields, so that a key which is not always there may be absent any day.
    """

    name: str
    type: str
    always: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a validator saw inside one file. Unknown things are None, never a guess.

    `sha256` is of the stored bytes and only there when all of them were read. `events` is the least and greatest event
    time as aware UTC. `facts` are counts worth reporting: pages, pages_with_checksum, members, lines, expanded_bytes,
    unchecked_bytes (stored bytes that no checksum covers, headers and footers among them).
    """

    findings: tuple[Finding, ...] = ()
    rows: int | None = None
    sha256: str | None = None
    columns: tuple[Column, ...] | None = None
    events: tuple[datetime, datetime] | None = None
    facts: Mapping[str, int] = field(default_factory=dict)
    bytes_read: int = 0

    @property
    def unchecked_bytes(self) -> int | None:
        """Stored bytes that no checksum inside the file covers; None where not all bytes were read."""
        return None if self.sha256 is None else self.facts.get("unchecked_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What is known of one file: as listed, what it is, how hard we looked and what we saw."""

    file: StoredFile
    kind: FileKind
    depth: Depth
    content: Content
    looked: bool = True
    """False when reading it failed for good; `content` then carries `file.unreadable`."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a file was when it was first recorded in a settled snapshot; it stays so until a change is accepted."""

    size: int
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """What the catalog remembers of a file that was there at the last look.

    `seen_at` is when this version (size, time, etag) was first seen, for stores that keep no clock.
    """

    report: FileReport
    seen_at: datetime
    reference: Reference | None = None
    presence: Presence = Presence.PRESENT


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReport:
    """What is known of one snapshot after a look: the verdict and everything it rests on.

    `files` counts data files and manifests, `checked` how many of them were looked at to `depth`; `rows` is None where
    not counted. `settled_at` is since when it counts as settled. `findings` are about the snapshot or its layout,
    `file_findings` about the content of single files. `unchecked_bytes` counts the stored bytes of all files that no
    checksum inside the file covers, None where a file was not read whole. `listing_digest` is a digest of the
    listing it was judged by and `basis` one of the settings and the program that judged it; `is_final` tells that time
    alone changes nothing more.
    """

    id: SnapshotId
    verdict: Verdict
    depth: Depth
    checked: int
    files: int
    data_files: int
    bytes: int
    rows: int | None
    landed_at: datetime | None
    settled_at: datetime | None
    presence: Presence = Presence.PRESENT
    manifest: str | None = None
    columns: tuple[Column, ...] | None = None
    events: tuple[datetime, datetime] | None = None
    unchecked_bytes: int | None = None
    findings: tuple[Finding, ...] = ()
    file_findings: tuple[Finding, ...] = ()
    listing_digest: str = ""
    basis: str = ""
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file whose record changes: newly seen, read again or gone; `known` is its state from now on."""

    known: KnownFile
    presence: Presence = Presence.PRESENT


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotChange:
    """A snapshot whose report differs from the recorded one, with the files that changed."""

    report: SnapshotReport
    files: tuple[FileChange, ...] = ()
