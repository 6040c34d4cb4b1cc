"""Inflate a gzip stream piece by piece and judge each member's header, CRC and length; not what it contains.

Headers and trailers are read here and only the deflate body is given to isal: its own header parser loses its place in
some headers that arrive in pieces, lets reserved flags pass, and a failed trailer there costs the bytes before it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import cast

from isal import isal_zlib

from verifier.findings import Effect, Level
from verifier.formats.base import MIB, Limits
from verifier.model import Finding, finding

_InflateError = cast("type[Exception]", isal_zlib.error)
_FEED = 64 << 10
_HEAD = MIB
_HEADER_BYTES = MIB
_MAGIC = b"\x1f\x8b\x08"
_TRAILER = 8
_HEADER_CRC, _EXTRA, _NAME, _COMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0


class Stored:
    """The stored bytes of one file, hashed and counted as they pass, in pieces of at most `feed` bytes."""

    def __init__(self, pieces: Iterable[bytes], feed: int = _FEED) -> None:
        self._digest = hashlib.sha256()
        self._pieces = self._cut(pieces, feed)
        self.size = 0

    def next(self) -> bytes:
        """Return the next piece, or nothing at the end."""
        return next(self._pieces, b"")

    def drain(self) -> None:
        """Read what is left for its hash alone."""
        while self.next():
            pass

    @property
    def sha256(self) -> str:
        """SHA-256 of what has passed, in hex."""
        return self._digest.hexdigest()

    def _cut(self, pieces: Iterable[bytes], feed: int) -> Iterator[bytes]:
        for piece in pieces:
            self._digest.update(piece)
            self.size += len(piece)
            for start in range(0, len(piece), feed):
                yield piece[start : start + feed]


class _DamageError(Exception):
    """The stream cannot be followed any further; carries the finding that says why."""

    def __init__(self, code: str, message: str, offset: int, *, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.finding = finding(code, message, expected=expected, actual=actual, where={"offset": offset})


class Inflated:
    """The expanded bytes of a gzip stream of one or more members, in pieces of at most `step` bytes; iterate once.

    Never raises for bad data: it ends, `findings` say why (their `offset` is one in the stored bytes), and `damaged`
    tells that expanded bytes may be missing or wrong. The stored bytes are always read to their end. Of a damaged
    member, what stood before the damage is given to the last byte if the damage lies within the member's first 1 MiB
    of stored bytes, and but for what the last stored piece held if it lies beyond.
    """

    def __init__(self, stored: Stored, stored_size: int, limits: Limits, step: int = MIB) -> None:
        self._stored = stored
        self._limits = limits
        self._step = step
        self._ratio_bytes = max(MIB, limits.expansion_ratio * stored_size)
        self._buffer = b""
        self._taken = 0
        self.findings: list[Finding] = []
        self.damaged = False
        self.members = 0
        self.expanded = 0
        self.checked = 0
        """Stored bytes that a CRC vouches for: bodies and trailers of sound members, not their headers."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            while self._more() and self._at_member():
                start = self._position
                self._skip_header(start)
                body = self._position
                yield from self._member(start)
                self.checked += self._position - body
                self.members += 1
        except _DamageError as damage:
            self.damaged = True
            self.findings.append(damage.finding)
        self._stored.drain()

    @property
    def _position(self) -> int:
        return self._taken - len(self._buffer)

    def _more(self) -> bool:
        """Make sure that the buffer holds something, if there is anything left."""
        return bool(self._buffer) or self._pull()

    def _pull(self) -> bool:
        piece = self._stored.next()
        self._taken += len(piece)
        self._buffer += piece
        return bool(piece)

    def _at_member(self) -> bool:
        """Tell whether a member starts here; if not, judge what stands there instead."""
        while len(self._buffer) < len(_MAGIC) and self._pull():
            pass
        if self._buffer[:2] == _MAGIC[:2] or _MAGIC.startswith(self._buffer):
            return True
        if not self.members:
            raise _DamageError("gzip.corrupt", "not a gzip stream: it does not start with the gzip magic bytes", 0)
        self._judge_trailing()
        return False

    def _judge_trailing(self) -> None:
        offset, size, zero = self._position, 0, True
        while self._more():
            size += len(self._buffer)
            zero = zero and not self._buffer.strip(b"\0")
            self._buffer = b""
        what = "zero bytes" if zero else "bytes that are no gzip member"
        self.findings.append(
            finding(
                "gzip.trailing-garbage",
                f"{size} {what} after the last gzip member",
                expected="the end of the file",
                actual=f"{size} bytes",
                where={"offset": offset},
                level=Level.WARN if zero else None,
                effect=Effect.NONE if zero else None,
            )
        )

    def _skip_header(self, start: int) -> None:
        while (length := self._header_length(start)) is None:
            if len(self._buffer) > _HEADER_BYTES:
                raise _DamageError("gzip.corrupt", "a gzip header without an end", start)
            if not self._pull():
                raise self._truncated("header")
        self._buffer = self._buffer[length:]

    def _header_length(self, start: int) -> int | None:
        try:
            return header_length(self._buffer)
        except ValueError as error:
            raise _DamageError("gzip.corrupt", f"gzip member {self.members + 1}: {error}", start) from None

    def _truncated(self, part: str) -> _DamageError:
        message = f"the stream ends in the {part} of gzip member {self.members + 1}"
        return _DamageError("gzip.truncated", message, self._taken)

    def _member(self, start: int) -> Iterator[bytes]:
        """Yield one member's content and check it against its trailer."""
        crc = size = 0
        for piece in self._body(start):
            crc = isal_zlib.crc32(piece, crc)
            size += len(piece)
            self.expanded += len(piece)
            self._judge_expansion(start)
            yield piece
        while len(self._buffer) < _TRAILER:
            if not self._pull():
                raise self._truncated("trailer")
        trailer, self._buffer = self._buffer[:_TRAILER], self._buffer[_TRAILER:]
        for what, promised, actual in (
            ("CRC", int.from_bytes(trailer[:4], "little"), crc),
            ("length", int.from_bytes(trailer[4:], "little"), size & 0xFFFFFFFF),
        ):
            if promised != actual:
                message = f"gzip member {self.members + 1}: the {what} in its trailer contradicts its content"
                raise _DamageError("gzip.corrupt", message, start, expected=promised, actual=actual)

    def _body(self, start: int) -> Iterator[bytes]:
        """Yield what one member's deflate body expands to and leave what follows it in the buffer."""
        decoder = isal_zlib.decompressobj(wbits=-15)
        feed = self._buffer
        head, head_size, given = [feed], len(feed), 0
        while True:
            try:
                piece = decoder.decompress(feed, self._step)
            except _InflateError:
                if head_size <= _HEAD:
                    yield from _salvaged(head, given)
                message = f"gzip member {self.members + 1} cannot be inflated any further"
                raise _DamageError("gzip.corrupt", message, start) from None
            if piece:
                given += len(piece)
                yield piece
            if decoder.eof:
                self._buffer = decoder.unused_data
                return
            feed = decoder.unconsumed_tail
            if not feed and len(piece) < self._step:
                self._buffer = b""
                if not self._pull():
                    raise self._truncated("body")
                feed = self._buffer
                head_size += len(feed)
                if head_size <= _HEAD:
                    head.append(feed)

    def _judge_expansion(self, start: int) -> None:
        limits = self._limits
        if self.expanded > limits.expanded_bytes:
            message, most = "the stream expands to more bytes than limits.expanded_bytes", limits.expanded_bytes
        elif self.expanded > self._ratio_bytes:
            message, most = "the stream expands by more than limits.expansion_ratio", self._ratio_bytes
        else:
            return
        raise _DamageError("gzip.bomb", message, start, expected=f"at most {most} bytes", actual="more")


def header_length(buffer: bytes) -> int | None:
    """Return the length of the gzip header (RFC 1952) that `buffer` starts with, or None when more bytes are needed.

    Raises ValueError, saying what is wrong, when it cannot become a header.
    """
    if not _MAGIC.startswith(buffer[:3]):
        raise ValueError("its header does not start with the gzip magic bytes and the deflate method")
    if len(buffer) < 10:
        return None
    flags, end = buffer[3], 10
    if flags & _RESERVED:
        raise ValueError("its header has reserved flags set")
    if flags & _EXTRA:
        if len(buffer) < end + 2:
            return None
        end += 2 + int.from_bytes(buffer[end : end + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            end = buffer.find(b"\0", end) + 1 if end < len(buffer) else 0
            if not end:
                return None
    if flags & _HEADER_CRC:
        end += 2
        promised = int.from_bytes(buffer[end - 2 : end], "little")
        if len(buffer) >= end and promised != isal_zlib.crc32(buffer[: end - 2]) & 0xFFFF:
            raise ValueError("its header fails its CRC")
    return end if len(buffer) >= end else None


def _salvaged(head: list[bytes], given: int) -> Iterator[bytes]:
    """Yield what a damaged body expands to before its damage, from the byte after the first `given`.

    A decoder that fails gives nothing of its last step, so that the body is inflated once more in steps of one byte.
    """
    decoder = zlib.decompressobj(wbits=-15)
    for feed in head:
        for start in range(len(feed)):
            try:
                piece = decoder.decompress(feed[start : start + 1])
            except zlib.error:
                return
            if fresh := piece[given:]:
                yield fresh
            given = max(0, given - len(piece))
