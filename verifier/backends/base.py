"""The protocol of a store and the facts it states about itself; no store's own rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from verifier.formats.base import Source
from verifier.model import Checksum, StoredFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place and how to reach it, small enough to send to a worker.

    `url` is canonical and holds no secret; `options` go to the filesystem and may hold secrets, so that they are
    neither shown nor stored.
    """

    kind: str
    url: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a store can tell: facts, not wishes."""

    is_local: bool
    has_times: bool
    has_etags: bool
    checksums: tuple[str, ...] = ()
    is_flat: bool = True
    """True where one listing covers a whole prefix; False where folders are walked one by one."""


class CheckedSource(Source, Protocol):
    """A source that also knows what the store says of the whole object, once its bytes have been read."""

    def provider_checksum(self) -> Checksum | None:
        """Return the store's own checksum of the whole object, or None where it gives none that can be trusted."""

    def close(self) -> None:
        """Give back what was opened."""


class Backend(Protocol):
    """A store seen from one root. Reads only; safe to use from one thread at a time.

    All methods raise `SourceError` and nothing else for whatever the store or the network does.
    """

    location: Location
    capabilities: Capabilities

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all files below `prefix`, a folder relative to the root ("" for all).

        Strict: a listing that breaks, or whose end cannot be trusted, raises; it never gets shorter. A root that does
        not exist raises `NotFoundError` where the store can tell. Folder placeholders have a path ending in `/`.
        """

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now, or None when it is not there."""

    def open(self, file: StoredFile) -> CheckedSource:
        """Return a source for a listed file. Raises `ChangedError` as soon as it is seen to be another object."""

    def now(self) -> datetime | None:
        """Return the store's own clock (aware, UTC), or None where it shows none."""

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""

    def close(self) -> None:
        """Give back connections."""
