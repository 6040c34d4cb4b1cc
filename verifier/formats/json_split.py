"""Cut a stream into blocks of whole lines in bounded memory; not the judging of lines."""

from __future__ import annotations

from typing import Protocol


class LineReader(Protocol):
    """What takes the lines, in order; every byte of the stream is in one of the calls."""

    def block(self, block: bytes) -> None:
        """Take whole lines, each ending in a newline; any of them may be longer than the limit."""

    def overlong(self, size: int) -> None:
        """Take note of a line of `size` bytes, newline included, that is longer than the limit and was not kept."""

    def last(self, line: bytes) -> None:
        """Take the last line, which has no newline."""


class Splitter:
    """Cut pieces of a stream into blocks of whole lines; holds one piece and one line up to the limit at most."""

    def __init__(self, reader: LineReader, line_bytes: int) -> None:
        self._reader = reader
        self._line_bytes = line_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._overlong = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the stream."""
        cut = piece.rfind(b"\n") + 1
        if cut:
            start = self._end_line(piece, cut)
            if start < cut:
                self._reader.block(b"".join((*self._parts, piece[start:cut])))
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

    def _end_line(self, piece: bytes, cut: int) -> int:
        """End an overlong line if one is open, and return where the lines after it start in the piece."""
        if not self._overlong:
            return 0
        start = piece.find(b"\n", 0, cut) + 1
        self._reader.overlong(self._held + start)
        self._overlong = False
        return start
