"""Walks the pages of one column chunk by their headers: bounds, sums, promises and checksums; decodes no value.

A page's CRC-32 covers its bytes as stored, after compression: dictionary pages, data pages of version 1, and data pages
of version 2 with their levels, which is how the format says it and how pyarrow writes it. A gzip page carries a second
one: zlib, and so pyarrow, refuses a page whose gzip trailer (CRC-32 and length) does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from isal import isal_zlib

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_bytes import Scanner
from verifier.formats.parquet_findings import Findings
from verifier.formats.parquet_footer import Chunk, Leaf, Physical
from verifier.formats.parquet_thrift import Fields, Plain, Struct, ThriftCutShortError, ThriftError, read_struct

Read = Callable[[int, int], bytes]

_INT = Plain.INTEGER
_DATA: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT}
_DATA_V2: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT, 5: _INT, 6: _INT, 7: Plain.BOOLEAN}
_HEADER: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT, 5: _DATA, 7: {1: _INT, 2: _INT}, 8: _DATA_V2}
_FIRST_READ, _HEADER_LIMIT = 512, 16 * MIB
_DICTIONARY_ENCODINGS = (2, 8)
_DICTIONARY_PAGE_ENCODINGS = (0, 2)
_LEVEL_ENCODINGS = {3, 4}
_LEAST_WIDTH = {
    Physical.INT32: 4,
    Physical.INT64: 8,
    Physical.INT96: 12,
    Physical.FLOAT: 4,
    Physical.DOUBLE: 8,
    Physical.BYTE_ARRAY: 4,
}
_BOMB_FLOOR = 64 * MIB
_UNCOMPRESSED, GZIP = 0, 2


class PageType(IntEnum):
    """What a page holds; the number of its header's own structure goes with it."""

    DATA = 0
    INDEX = 1
    DICTIONARY = 2
    DATA_V2 = 3


_OWN_HEADER = {PageType.DATA: 5, PageType.DICTIONARY: 7, PageType.DATA_V2: 8}
_REQUIRED = {PageType.DATA: (1, 2, 3, 4), PageType.DATA_V2: (1, 2, 3, 4, 5, 6), PageType.DICTIONARY: (1, 2)}


class PageError(Exception):
    """What is wrong with a page: the code of the finding, and words without any value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Page:
    """One page as its header tells it; offsets are of the file, sizes in bytes, without the header."""

    number: int
    offset: int
    body: int
    kind: PageType
    size: int
    expanded: int
    crc: int | None
    own: Fields

    @property
    def end(self) -> int:
        """The byte after its last."""
        return self.body + self.size

    @property
    def values(self) -> int:
        """How many values it says it holds, nulls included."""
        return int(self.own.get(1, 0))

    @property
    def is_data(self) -> bool:
        """True for a page of values, of either version."""
        return self.kind in (PageType.DATA, PageType.DATA_V2)

    @property
    def levels(self) -> int:
        """Bytes at its head that are never compressed: the levels of version 2."""
        return int(self.own.get(5, 0) + self.own.get(6, 0)) if self.kind is PageType.DATA_V2 else 0

    @property
    def is_compressed(self) -> bool:
        """False where a page of version 2 opts out of the chunk's codec."""
        return bool(self.own.get(7, True)) if self.kind is PageType.DATA_V2 else True

    @property
    def by_dictionary(self) -> bool:
        """True for a data page that holds numbers of dictionary entries."""
        return self.encoding in _DICTIONARY_ENCODINGS

    @property
    def encoding(self) -> int:
        """How a data page's values are encoded, by the format's number."""
        return int(self.own.get(2 if self.kind is PageType.DATA else 4, -1))


@dataclass(slots=True)
class Walk:
    """What a chunk's pages add up to; a chunk that is not `sound` must not be decoded."""

    chunk: Chunk
    sound: bool = True
    pages: int = 0
    data_pages: int = 0
    checksums: int = 0
    unchecked: int = 0
    expanded: int = 0
    values: int = 0
    indexed_values: int = 0
    plain_bytes: int = 0
    version2_rows: int | None = 0
    unlisted_encoding: bool = False
    longest_entry: int | None = None
    dictionary: Page | None = None
    starts_at_offset: bool = field(default=False)

    def add(self, page: Page) -> None:
        """Count a page."""
        self.pages += 1
        self.expanded += page.expanded
        self.starts_at_offset |= page.offset == self.chunk.data_offset
        if page.crc is not None:
            self.checksums += 1
        elif self.chunk.codec != GZIP:
            self.unchecked += page.size
        else:
            self.unchecked += page.levels if page.is_compressed else page.size
        if page.kind is PageType.DICTIONARY:
            self.dictionary = page
        elif page.is_data:
            self._add_data(page)

    def _add_data(self, page: Page) -> None:
        self.data_pages += 1
        self.values += page.values
        if page.encoding not in self.chunk.encodings and not page.by_dictionary:
            self.unlisted_encoding = True
        if page.by_dictionary:
            self.indexed_values += page.values
        else:
            self.plain_bytes += page.expanded
        if page.kind is PageType.DATA or self.version2_rows is None:
            self.version2_rows = None
        else:
            self.version2_rows += int(page.own.get(3, 0))


def read_pages(read: Read, chunk: Chunk) -> Iterator[Page]:
    """Yield a chunk's pages in order. Raises PageError when a header cannot be followed further."""
    position, end = chunk.start, chunk.end
    number = 0
    while position < end:
        fields, length = _read_header(read, position, end)
        page = _page(number, position, position + length, fields)
        if page.end > end:
            raise PageError("out-of-bounds", "a page is larger than its chunk")
        yield page
        position = page.end
        number += 1


def walk_chunk(scanner: Scanner, chunk: Chunk, leaf: Leaf, limits: Limits, findings: Findings) -> Walk:
    """Check every page of a chunk and add what is wrong, each page by its row group, column, number and offset."""
    walk = Walk(chunk)
    at: dict[str, int | str] = {"row_group": chunk.group, "column": leaf.name}
    offset = chunk.start
    try:
        for page in read_pages(scanner.read, chunk):
            walk.add(page)
            offset = page.end
            try:
                _judge_page(page, chunk, leaf, limits)
                _judge_checksum(scanner, page)
            except PageError as error:
                walk.sound = False
                findings.add(error.code, error.message, where={**at, "page": page.number, "offset": page.offset})
    except PageError as error:
        walk.sound = False
        findings.add(error.code, error.message, where={**at, "page": walk.pages, "offset": offset})
        return walk
    _judge_sums(walk, leaf, at, findings)
    return walk


def _read_header(read: Read, start: int, end: int) -> tuple[Fields, int]:
    size = _FIRST_READ
    while True:
        try:
            return read_struct(read(start, min(end, start + size)), 0, _HEADER)
        except ThriftCutShortError:
            if start + size >= end or size >= _HEADER_LIMIT:
                raise PageError("corrupt-page", "a page's header is cut short") from None
            size *= 8
        except ThriftError:
            raise PageError("corrupt-page", "a page's header cannot be read") from None


def _page(number: int, offset: int, body: int, fields: Fields) -> Page:
    try:
        kind = PageType(fields[1])
        own = fields[_OWN_HEADER[kind]] if kind in _OWN_HEADER else {}
        page = Page(number, offset, body, kind, fields[3], fields[2], fields.get(4), own)
    except (KeyError, ValueError):
        raise PageError("corrupt-page", "a page's header lacks what its type needs") from None
    if page.crc is not None and not -(1 << 31) <= page.crc < 1 << 31:
        raise PageError("corrupt-page", "a page's header gives a checksum of more than 32 bits")
    if page.size < 0 or page.expanded < 0:
        raise PageError("corrupt-page", "a page's header gives a negative size")
    return page


def _judge_page(page: Page, chunk: Chunk, leaf: Leaf, limits: Limits) -> None:
    """Raise PageError for a page whose header promises what its bytes cannot hold."""
    if page.expanded > _BOMB_FLOOR and page.expanded > limits.expansion_ratio * page.size:
        raise PageError("bomb", "a page promises to expand further than the limit")
    if any(page.own.get(number, -1) < 0 for number in _REQUIRED.get(page.kind, ())):
        raise PageError("corrupt-page", "a page's header lacks a field or gives a negative count")
    plain = chunk.codec == _UNCOMPRESSED or not page.is_compressed
    if plain and page.expanded != page.size:
        raise PageError("corrupt-page", "a page that is not compressed has two sizes")
    if page.levels > min(page.size, page.expanded):
        raise PageError("corrupt-page", "a page's levels are larger than the page")
    if page.kind is PageType.DATA_V2 and max(page.own[2], page.own[3]) > page.values:
        raise PageError("corrupt-page", "a page's header counts more nulls or rows than values")
    if page.kind is PageType.DATA and not {page.own[3], page.own[4]} <= _LEVEL_ENCODINGS:
        raise PageError("corrupt-page", "a page's levels are encoded in no known way")
    if page.kind is PageType.DICTIONARY and page.own[2] not in _DICTIONARY_PAGE_ENCODINGS:
        raise PageError("corrupt-page", "a dictionary page is encoded in no known way")
    if page.kind is PageType.DICTIONARY and (page.number or not _fits(page, leaf)):
        raise PageError("corrupt-page", "a dictionary page is not its chunk's first, or too small for its entries")
    if page.is_data and page.values and not page.size and not leaf.nullable:
        raise PageError("corrupt-page", "a page has values but no bytes")


def _fits(page: Page, leaf: Leaf) -> bool:
    width = _LEAST_WIDTH.get(leaf.physical, max(1, leaf.length))
    return page.values * width <= page.expanded


def _judge_checksum(scanner: Scanner, page: Page) -> None:
    if page.crc is None:
        return
    crc = 0
    for piece in scanner.pieces(page.body, page.end):
        crc = isal_zlib.crc32(piece, crc)
    if crc != page.crc & 0xFFFF_FFFF:
        raise PageError("corrupt-page", "a page fails its checksum")


def _judge_sums(walk: Walk, leaf: Leaf, at: dict[str, int | str], findings: Findings) -> None:
    chunk = walk.chunk
    if not walk.sound:
        return
    if walk.values != chunk.values:
        walk.sound = False
        message = "the pages of a column chunk hold another number of values than the footer says"
        findings.add("row-count-mismatch", message, where=at, expected=chunk.values, actual=walk.values)
    elif not walk.starts_at_offset:
        walk.sound = False
        message = "no page starts where the footer says the data does"
        findings.add("out-of-bounds", message, where={**at, "offset": chunk.data_offset})
    elif walk.indexed_values and walk.dictionary is None:
        walk.sound = False
        findings.add("corrupt-page", "pages refer to a dictionary that is not there", where=at)
