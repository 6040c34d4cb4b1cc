"""Lays out stand-in files: stretches of a real one, as stored or inflated, and what is made; chooses nothing."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import pyarrow as pa

from verifier.formats.parquet_bounds import codec_name
from verifier.formats.parquet_compact import INT32, MAGIC, Column
from verifier.formats.parquet_footer import Leaf
from verifier.formats.parquet_pages import Read
from verifier.formats.parquet_plan import decoded_bytes
from verifier.formats.parquet_unpack import resized_header, unpacked, unpacked_size
from verifier.formats.parquet_walk import GZIP, SNAPPY, UNCOMPRESSED, ZSTD, Place, Role, Walk

_GAP = 64 << 10
_NUMBER_BYTES = 4
_QUICK = (UNCOMPRESSED, SNAPPY, ZSTD)


@dataclass(frozen=True, slots=True)
class Run:
    """Some pages of one chunk, decoded as they are or, if `as_numbers`, as numbers of dictionary entries."""

    walk: Walk
    leaf: Leaf
    places: tuple[Place, ...]
    as_numbers: bool

    @property
    def values(self) -> int:
        """Values in its data pages, nulls included."""
        return sum(place.values for place in self.places if place.role in (Role.INDEXED, Role.PLAIN))

    @property
    def decoded_bytes(self) -> int:
        """About what its values take when decoded."""
        return self.values * _NUMBER_BYTES if self.as_numbers else decoded_bytes(self.leaf, self.places)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a stand-in: made bytes, a gzip page to be inflated, or bytes as stored."""

    start: int
    end: int
    made: bytes = b""
    packed: Place | None = None
    offset: int = 0

    def read(self, read: Read, start: int, end: int) -> bytes:
        """Return its bytes from `start` up to `end` of the stand-in; raises PackedError, or what `read` raises."""
        first, last = start - self.start, end - self.start
        if self.packed is None and not self.made:
            return read(self.offset + first, self.offset + last)
        whole = self.made if self.packed is None else unpacked(self.packed, read)
        return whole if last - first == len(whole) else whole[first:last]


@dataclass(frozen=True, slots=True)
class Part:
    """One stand-in: its segments in order, what it holds, and how many rows of it to decode at once.

    `columns` are the numbers, among its own, of those to be decoded, and `leaves` what they stand for. `rows` is None
    where only decoding tells how many rows there are.
    """

    segments: tuple[Segment, ...]
    columns: tuple[int, ...]
    leaves: tuple[Leaf, ...]
    batch_rows: int
    rows: int | None

    @property
    def size(self) -> int:
        """Its bytes, footer included."""
        return self.segments[-1].end

    def read(self, read: Read, start: int, end: int) -> bytes:
        """Return its bytes from `start` up to `end`; raises PackedError, or what `read` raises."""
        pieces = []
        for segment in self.segments[bisect_right(self.segments, start, key=_start) - 1 :]:
            if segment.start >= end:
                break
            piece = segment.read(read, max(start, segment.start), min(end, segment.end))
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _start(segment: Segment) -> int:
    return segment.start


class Layout:
    """The segments of a stand-in as they are laid out, one behind the other, from what `read` gives."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._segments: list[Segment] = [Segment(0, len(MAGIC), made=MAGIC)]
        self._end = len(MAGIC)

    def add(self, run: Run) -> Column:
        """Lay out a run's pages and describe them as a column chunk; raises PackedError, or what `read` raises."""
        start, dictionary, data = self._end, 0, 0
        is_gzip = run.walk.chunk.codec == GZIP
        codec = UNCOMPRESSED if is_gzip else run.walk.chunk.codec
        first = last = 0
        for place in run.places:
            if first and (is_gzip or place.offset != last):
                self._stored(first, last)
                first = 0
            here = self._end + (last - first if first else 0)
            if place.role is Role.DICTIONARY:
                dictionary = here
            elif not data:
                data = here
            if place.role is Role.DICTIONARY and run.as_numbers and codec in _QUICK:
                self._make(self._integers(place, codec))
            elif is_gzip:
                self._append(Segment(self._end, self._end + unpacked_size(place), packed=place))
            else:
                first, last = first or place.offset, place.end
        if first:
            self._stored(first, last)
        physical = INT32 if run.as_numbers else run.leaf.physical
        return Column(physical, codec, run.values, start, self._end - start, dictionary, data)

    def close(self, footer: bytes) -> tuple[Segment, ...]:
        """End the stand-in with its footer, so far behind the pages that pyarrow does not read them with it."""
        self._make(bytes(_GAP))
        self._make(footer)
        return tuple(self._segments)

    def _integers(self, place: Place, codec: int) -> bytes:
        """Make a dictionary page of zeros: what is referred to counts for nothing, only how many there are."""
        stored = expanded = bytes(place.values * _NUMBER_BYTES)
        if codec != UNCOMPRESSED and expanded:
            stored = pa.compress(expanded, codec=codec_name(codec), asbytes=True)
        return resized_header(self._read(place.offset, place.body), len(expanded), len(stored)) + stored

    def _stored(self, first: int, last: int) -> None:
        self._append(Segment(self._end, self._end + last - first, offset=first))

    def _make(self, made: bytes) -> None:
        self._append(Segment(self._end, self._end + len(made), made=made))

    def _append(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._end = segment.end
