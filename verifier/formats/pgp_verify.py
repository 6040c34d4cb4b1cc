"""Verify a PGP-encrypted file with the keys of the settings: whole, unaltered, and its content as what it is.

Signatures are not checked: whom a file is from is not asked here. Content stands in a private temporary file while it
is judged. What findings about it say of places (`where`) is of the content, not of the stored bytes.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import IO

from verifier.errors import WorkerError
from verifier.formats.base import MIB, Limits, Source
from verifier.formats.gzip import Stored
from verifier.formats.pgp import is_armoured
from verifier.formats.pgp_keys import PgpKeys
from verifier.formats.pgp_packets import Armour, FrameError, Frames
from verifier.formats.pgp_process import Beginning, Decryption, KeyState, Outcome, TooMuchError
from verifier.model import Content, Finding, finding

Judge = Callable[[Source, Limits], Content]
_PROBE = 64 << 10
_AHEAD = 8 * MIB
_PIECE = MIB
_ROOM = threading.BoundedSemaphore(2)
"""How many messages one process has decrypted at a time: each takes another process, and memory."""


def verify_pgp(source: Source, keys: PgpKeys, limits: Limits, judge: Judge) -> Content:
    """Decrypt a message with whichever key fits and have `judge` look at what is inside; reads every stored byte.

    `sha256` and `bytes_read` are of the stored bytes. Where no key fits, `file.encrypted` names those that would.
    Raises SourceError: from the source, and where the process that decrypts died twice.
    """
    try:
        return _attempt(source, keys, limits, judge)
    except WorkerError:
        return _attempt(source, keys, limits, judge)


def _attempt(source: Source, keys: PgpKeys, limits: Limits, judge: Judge) -> Content:
    message = _Message(source)
    with tempfile.TemporaryFile(buffering=0) as file:
        plain = _Plain(source.path, file, min(limits.expanded_bytes, max(MIB, limits.expansion_ratio * source.size)))
        outcome = _decrypt(message, keys, plain)
        found = message.judge() or _judge_outcome(outcome, message.frames)
        if found:
            return Content(findings=(found,), sha256=message.stored.sha256, bytes_read=message.stored.size)
        content = judge(plain, _left_of(limits, source.size, plain.size))
    # What decryption has proved to be unaltered was covered by its checksum, whatever the content has of its own.
    facts = {name: 0 if name == "unchecked_bytes" else fact for name, fact in content.facts.items()}
    return replace(content, facts=facts, sha256=message.stored.sha256, bytes_read=message.stored.size)


def _decrypt(message: _Message, keys: PgpKeys, plain: _Plain) -> Outcome | None:
    """Pass a message through the process that decrypts, to its end in any case; None where it is over the limit."""
    pieces = message.pieces()
    head = bytearray()
    while len(head) < _AHEAD and (piece := next(pieces, b"")):
        head += piece
    beginning = Beginning(bytes(head[:_PROBE]), tuple(message.frames.recipients), message.frames.data_tag)
    with _ROOM, Decryption(keys, beginning, plain.take) as process:
        wants_more = True
        for piece in chain((bytes(head),), pieces):
            wants_more = wants_more and process.feed(piece)
        try:
            return process.finish()
        except TooMuchError:
            return None
        except OSError as error:
            raise WorkerError(f"decrypted bytes cannot be kept for a moment: {error.strerror}") from error


def _judge_outcome(outcome: Outcome | None, frames: Frames) -> Finding | None:
    if outcome is None:
        message = "the message expands beyond limits.expanded_bytes or limits.expansion_ratio"
        return finding("pgp.bomb", message)
    match outcome.name:
        case "done":
            return None
        case "damaged":
            return finding("pgp.corrupt", "decryption ends in a contradiction: the message is not as it was written")
        case "refused":
            message = "a PGP message of a kind that is not decrypted: outdated, or compressed in an unknown way"
            return finding("pgp.unsupported", message)
        case "no-session-key":
            return _no_key(outcome.keys, frames)
        case _:
            raise WorkerError("the library that decrypts has failed, which says nothing about the bytes")


def _no_key(keys: Iterable[KeyState], frames: Frames) -> Finding:
    """Say which keys would be needed; one that is there and does not open the message means damage to one of both."""
    ours = {key.id for key in keys if key.is_usable}
    named = [r for r in frames.recipients if r in ours]
    if named:
        message = f"the message is for key {named[0]}, which does not open it"
        return finding("pgp.no-session-key", message)
    needed = " or ".join(dict.fromkeys(frames.recipients)) or "none, but a passphrase"
    have = ", ".join(f"{key.id} ({key.state})".strip() for key in keys)
    message = "a PGP message that no key in the settings opens; its content was not judged"
    return finding("file.encrypted", message, expected=f"private key {needed}", actual=have)


def _left_of(limits: Limits, stored: int, plain: int) -> Limits:
    """Return limits under which content may expand to what the stored file may expand to."""
    ratio = limits.expansion_ratio * stored // max(plain, 1)
    return replace(limits, expansion_ratio=max(1, ratio))


class _Message:
    """The stored bytes of a message, hashed and followed as they pass."""

    def __init__(self, source: Source) -> None:
        self.stored = Stored(source.stream())
        self.frames = Frames()
        self._armour: Armour | None = None
        self._broken: FrameError | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the message in binary up to where it cannot be followed any more; reads all stored bytes."""
        first = self.stored.next()
        self._armour = Armour() if is_armoured(first) else None
        try:
            piece = first
            while piece:
                yield from self._followed(self._armour.feed(piece) if self._armour else piece)
                piece = self.stored.next()
            if self._armour:
                yield from self._followed(self._armour.finish())
        except FrameError as error:
            self._broken = error
            self.stored.drain()

    def judge(self) -> Finding | None:
        """Say that the message is not whole, whoever it is for."""
        frames, where = self.frames, {"offset": self.stored.size}
        if self._broken:
            return finding("pgp.corrupt", f"the message cannot be followed: {self._broken}")
        if not frames.ends_whole or (self._armour and not self._armour.is_whole):
            return finding("pgp.truncated", "the message ends before its last packet does", where=where)
        extra = frames.extra + (self._armour.extra if self._armour else 0)
        if extra:
            message = f"{extra} bytes after the end of the message"
            return finding("pgp.corrupt", message, expected="the end of the file", actual=f"{extra} bytes")
        return None

    def _followed(self, piece: bytes) -> Iterator[bytes]:
        if piece:
            self.frames.feed(piece)
            yield piece


@dataclass(slots=True)
class _Plain:
    """The content of a message in a file without a name: written once, then a source like any other."""

    path: str
    file: IO[bytes]
    most: int
    size: int = 0
    is_local: bool = True

    def take(self, piece: bytes) -> None:
        """Add what has been decrypted."""
        self.size += len(piece)
        if self.size > self.most:
            raise TooMuchError
        view = memoryview(piece)
        while view:
            view = view[self.file.write(view) :]

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`."""
        return os.pread(self.file.fileno(), end - start, start)

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes in order."""
        for start in range(0, self.size, _PIECE):
            yield self.read_range(start, min(start + _PIECE, self.size))


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory as a source."""

    path: str
    data: bytes
    is_local: bool = True

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.data)

    def read_range(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`."""
        return self.data[start:end]

    def stream(self) -> Iterator[bytes]:
        """Yield all bytes at once."""
        yield self.data
