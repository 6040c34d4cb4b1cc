"""The protocol of a store and the facts it states about itself; no store's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from verifier.backends.retention import RetentionRules
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
    """What a store can tell: facts, not wishes.

    `checksums` are the algorithms in which it may give a checksum of a whole object. `is_flat` tells that one listing
    covers a whole prefix, so that no folder is walked. `has_versions` tells that the store can keep what was
    overwritten, `lifetime` how long after it landed it deletes an object by itself (None: never). `counts_requests`
    tells that `requests` counts what goes out to a server, each once.
    """

    is_local: bool
    has_times: bool
    has_etags: bool
    checksums: tuple[str, ...] = ()
    is_flat: bool = True
    has_versions: bool = False
    lifetime: timedelta | None = None
    counts_requests: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom a store's requests go to and as whom, as far as that is known without asking; never a secret.

    `endpoint` is host:port, None for a folder. `identity` is an access key's id, an account, a client's id, an e-mail
    address, a user, or `ANONYMOUS`.
    """

    endpoint: str | None = None
    identity: str | None = None


ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the credentials are worth, as far as that can be told without changing anything in the store.

    `beyond_reading` names what they allow beyond reading and listing, such as write and delete; None where that cannot
    be told. `expires_at` is when they end, None where they do not or it cannot be told; `renews` tells that others are
    fetched before that, so that nobody need act. `host_key` is the fingerprint under which the server proved itself,
    where servers have one.
    """

    beyond_reading: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    host_key: str | None = None
    renews: bool = False


class CheckedSource(Source, Protocol):
    """A source that also knows what the store says of the whole object."""

    def provider_checksum(self) -> Checksum | None:
        """Return the store's own checksum of the whole object, known once its first bytes have been read.

        None where it gives none that can be trusted to be of the whole object as stored.
        """

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

    def access(self) -> Access:
        """Return what the credentials are worth; may ask the store, and changes nothing in it."""

    def contact(self) -> Contact:
        """Return whom requests go to and as whom; sends nothing."""

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""

    def close(self) -> None:
        """Give back connections."""


@runtime_checkable
class Expiring(Protocol):
    """A store that can tell when its credentials end without asking for it."""

    def expires_at(self) -> datetime | None:
        """Return when the credentials end (aware, UTC); None where they do not, are renewed, or it cannot be told."""


@runtime_checkable
class Ruled(Protocol):
    """A store that can tell by which rules it deletes and protects by itself."""

    def retention(self) -> RetentionRules:
        """Ask for the rules of the bucket and say which of them could not be seen; changes nothing in it."""


class Writer(Protocol):
    """A store that takes new objects below one root; used by one thread at a time. Raises `SourceError` only."""

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new object of `size` bytes, whole or not at all: what is cut short leaves nothing under its path.

        Raises `ExistsError`, and changes nothing, when there is an object already; `NetworkError` when the whole write
        may be tried again. What `pieces` itself raises passes through.
        """

    def close(self) -> None:
        """Give back connections."""
