"""The values that a look at a whole zone comes to, beside its snapshots; frozen but for running totals."""

from __future__ import annotations

from dataclasses import dataclass

from verifier.model import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """Something that belongs to no snapshot; a folder's path ends in `/` and its size is the sum below it."""

    path: str
    size: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Counts:
    """Running totals of one scan; sizes in bytes, `rows` of what was counted.

    `unchecked_bytes` are those, in `unchecked_files` files, that were read for the first time and that no checksum
    inside the file covers.
    """

    datasets: int = 0
    snapshots: int = 0
    files: int = 0
    bytes: int = 0
    rows: int = 0
    files_read: int = 0
    files_unchanged: int = 0
    bytes_read: int = 0
    unchecked_bytes: int = 0
    unchecked_files: int = 0
    error: int = 0
    warn: int = 0
    info: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why something could not be looked at, in the words of an error."""

    kind: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneReport:
    """How the look at one zone went; `complete` only when every page of its listing was seen.

    `endpoint` (host:port) was asked as `identity`, in `requests` requests; None where that is not known.
    """

    zone: str
    url: str
    complete: bool
    error: Trouble | None = None
    findings: tuple[Finding, ...] = ()
    endpoint: str | None = None
    identity: str | None = None
    requests: int | None = None
