"""Cut a stream into blocks of whole lines in bounded memory; not the judging of lines."""

from __future__ import annotations

from typing import Protocol

_BLOCK = 128 << 10


class LineReader(Protocol):
    """What takes the lines, in order; every byte of the stream is in one of the calls."""

    def block(self, block: bytes) -> None:
        """Take whole lines, each ending in a newline; any of them may be longer than the limit."""

    def overlong(self, size: int) -> None:
        """Take note of a line of `size` bytes, newline included, that is longer than the limit and was not kept."""

    def last(self, line: bytes) -> None:
        """Take the last line, which has no newline."""


class Splitter:
    """Cut pieces of a stream into blocks of whole lines; holds one piece and one line up to the limit at most.

    A block is about `block` bytes, or one line where that is longer: small enough to stay in the processor's cache.
    """

    def __init__(self, reader: LineReader, line_bytes: int, block: int = _BLOCK) -> None:
        self._reader = reader
        self._block = block
        self._line_bytes = line_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._overlong = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the stream."""
        for start in range(0, len(piece), self._block):
            self._feed(piece[start : start + self._block])

    def _feed(self, piece: bytes) -> None:
        cut = piece.rfind(b"\n") + 1
        if cut:
            start = self._end_line(piece, cut)
            if self._held > self._block and not start:
                start = piece.find(b"\n", 0, cut) + 1
                self._hand_over(piece[:start])
            if start < cut:
                self._hand_over(piece[start:cut])
            self._parts.clear()
            self._held = 0
        self._held += len(piece) - cut
        if self._held > self._line_bytes + 1:
            self._overlong = True
            self._parts.clear()
        elif self._held:
            self._parts.append(piece[cut:])

    def finish(self) -> None:
        """Hand over what stands after the last newline, if anything."""
        if self._overlong:
            self._reader.overlong(self._held)
        elif self._held:
            self._reader.last(b"".join(self._parts))

    def _hand_over(self, rest: bytes) -> None:
        """Give a block to the reader and keep no copy; a line longer than a block comes alone, as it is large."""
        block = b"".join((*self._parts, rest))
        self._parts.clear()
        self._reader.block(block)

    def _end_line(self, piece: bytes, cut: int) -> int:
        """End an overlong line if one is open, and return where the lines after it start in the piece."""
        if not self._overlong:
            return 0
        start = piece.find(b"\n", 0, cut) + 1
        self._reader.overlong(self._held + start)
        self._overlong = False
        return start
