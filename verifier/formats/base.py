"""What every validator promises and what one file may cost; no format's own rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from verifier.model import Content, Depth

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost; over it the file is unverifiable, and said so. Sizes in bytes."""

    line_bytes: int = 64 * MIB
    json_depth: int = 512
    expanded_bytes: int = 64 * GIB
    expansion_ratio: int = 500
    footer_bytes: int = 64 * MIB
    manifest_bytes: int = 16 * MIB
    rows: int = 5_000_000_000


class Source(Protocol):
    """One stored file, read in a way that gives exactly what was asked for or raises.

    Every method raises `SourceError` (network, denied, not found, changed) when it cannot deliver; never is it less.
    """

    @property
    def path(self) -> str:
        """Path relative to the zone's root."""

    @property
    def size(self) -> int:
        """Size in bytes, as listed."""

    @property
    def is_local(self) -> bool:
        """True where reading a range again costs nothing, so that nothing needs to be spooled."""

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to, not including, `end`; 0 <= start <= end <= size."""

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes of the file once, in order, in pieces of a few MiB at most."""


class Validator(Protocol):
    """Judge one file's content at a depth of structure or full.

    Never raises for bad data and reports every finding, not the first. Findings carry no path. Only `SourceError` from
    the source passes through. At full depth every byte is read and `sha256` is set.
    """

    def __call__(self, source: Source, depth: Depth, limits: Limits) -> Content: ...
