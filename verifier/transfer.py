"""Copy one object from one store to another so that it arrives whole and right, or not at all.

Which objects, and where each goes, is the business of others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

from verifier.backends.base import Backend, CheckedSource, Location, Writer
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.retry import tried_again
from verifier.checksums import hasher
from verifier.errors import ChangedError, ExistsError
from verifier.model import Finding, StoredFile, finding

Pulse = Callable[[], None]
"""Called for each piece that passes; what it raises ends the transfer."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One object to be copied: the listed version of it, its path at the target, its SHA-256 where that is recorded."""

    file: StoredFile
    path: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one parcel: `sha256` of the bytes it has, and whether they were sent or there already.

    With a `mismatch` nothing was stored; `is_source_wrong` tells that it is about the bytes that were to be copied,
    not about what is at the target.
    """

    sha256: str = ""
    was_sent: bool = False
    mismatch: Finding | None = None
    is_source_wrong: bool = False


class Route:
    """The way from one store to another, for one thread; nothing is sent by opening it."""

    def __init__(self, source: Location, target: Location) -> None:
        self._source = open_backend(source)
        self._writer: Writer = open_writer(target)
        self._there = target
        self._target: Backend | None = None

    def deliver(self, parcel: Parcel, pulse: Pulse) -> Delivery:
        """Copy one object, or compare what is there already with it; nothing is ever overwritten.

        A passing fault is tried again from the beginning. Raises `SourceError` when it cannot be copied, `ChangedError`
        when it is not the listed version any more.
        """
        load = _Load(self._source, parcel, pulse)
        try:
            tried_again(lambda: self._writer.write(parcel.path, load.pieces(), parcel.file.size))
        except _ContradictionError as seen:
            return Delivery(mismatch=seen.finding, is_source_wrong=True)
        except ExistsError as error:
            return self._compare(load, error)
        return Delivery(load.sha256, was_sent=True)

    def renewed(self, parcel: Parcel) -> Parcel | None:
        """Return the parcel with its object as it is now, where that is as large and a recorded SHA-256 can judge it.

        None where it is not. Raises `SourceError`.
        """
        now = self._source.stat(parcel.file.path) if parcel.sha256 else None
        return replace(parcel, file=now) if now is not None and now.size == parcel.file.size else None

    def has(self, parcel: Parcel) -> bool:
        """Tell whether the source has the object, in whatever version. Raises `SourceError`."""
        return self._source.stat(parcel.file.path) is not None

    def close(self) -> None:
        """Give back all connections."""
        for opened in (self._source, self._writer, self._target):
            if opened is not None:
                opened.close()

    def _compare(self, load: _Load, error: ExistsError) -> Delivery:
        """Read back what is there: our own, where the answer to a write was lost, or somebody else's."""
        parcel = load.parcel
        if self._target is None:
            self._target = open_backend(self._there)
        there = self._target.stat(parcel.path)
        if there is None:
            raise error
        try:
            expected = parcel.sha256 or load.sha256 or load.read()
        except _ContradictionError as seen:
            return Delivery(mismatch=seen.finding, is_source_wrong=True)
        actual = digest_of(self._target, there, load.pulse)
        if (actual, there.size) == (expected, parcel.file.size):
            return Delivery(actual, was_sent=load.is_whole)
        message = "another object is there already, and was left as it is"
        return Delivery(mismatch=finding("copy.mismatch", message, path=parcel.path, expected=expected, actual=actual))


def read_back(location: Location, path: str) -> str | None:
    """Return the SHA-256 of an object as it is now, or None when it is not there. Raises `SourceError`."""
    with closing(open_backend(location)) as backend:
        there = backend.stat(path)
        return None if there is None else digest_of(backend, there, lambda: None)


def digest_of(backend: Backend, file: StoredFile, pulse: Pulse) -> str:
    """Return the SHA-256 of a listed object, read to its end. Raises `SourceError`."""
    digest = hashlib.sha256()
    with closing(backend.open(file)) as store:
        for piece in store.stream():
            pulse()
            digest.update(piece)
    return digest.hexdigest()


class _ContradictionError(Exception):
    """The bytes that were read are not those that were recorded."""

    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.finding = found


@dataclass(slots=True)
class _Load:
    """The bytes of one parcel on their way; `sha256` is known once all were read, `is_whole` once all were taken."""

    source: Backend
    parcel: Parcel
    pulse: Pulse
    sha256: str = ""
    is_whole: bool = False

    def read(self) -> str:
        """Read all bytes for their SHA-256 alone."""
        for _ in self.pieces():
            """Only their digest is wanted."""
        self.is_whole = False
        return self.sha256

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes in order, the last piece only once all of them are known to be right."""
        self.is_whole = False
        try:
            with closing(self.source.open(self.parcel.file)) as store:
                held = b""
                for piece in self._checked(store):
                    if held:
                        yield held
                    held = piece
        except ChangedError as error:
            hint = "scan the zone it is copied from, then copy again"
            raise ChangedError(f"{error.message}: changed since it was scanned", hint=hint) from error
        if held:
            yield held
        self.is_whole = True

    def _checked(self, store: CheckedSource) -> Iterator[bytes]:
        """Pass all bytes on; at their end compare them with the recorded SHA-256, else the store's own checksum."""
        digest, own = hashlib.sha256(), None
        for number, piece in enumerate(store.stream()):
            self.pulse()
            if number == 0 and not self.parcel.sha256 and (promised := store.provider_checksum()):
                own = (promised, hasher(promised.algorithm))
            digest.update(piece)
            if own:
                own[1].update(piece)
            yield piece
        self.sha256 = digest.hexdigest()
        if self.parcel.sha256 and self.sha256 != self.parcel.sha256:
            raise self._contradiction("recorded", self.parcel.sha256, self.sha256)
        if own and own[1].hexdigest() != own[0].value:
            raise self._contradiction(f"the store's own {own[0].algorithm} is of", own[0].value, own[1].hexdigest())

    def _contradiction(self, what: str, expected: str, actual: str) -> _ContradictionError:
        message = f"the bytes that were read are not those {what}; nothing was stored"
        path = self.parcel.file.path
        return _ContradictionError(finding("copy.mismatch", message, path=path, expected=expected, actual=actual))
