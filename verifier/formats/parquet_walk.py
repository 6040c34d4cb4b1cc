"""Walks the pages of one column chunk: bounds, sums, promises and checksums; decodes no value.

A page's CRC-32 covers its bytes as stored, after compression: dictionary pages, data pages of version 1, and data pages
of version 2 with their levels, which is how the format says it and how pyarrow writes it. A gzip page carries a second
one: zlib, and so pyarrow, refuses a page whose gzip trailer (CRC-32 and length) does not fit.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from isal import isal_zlib

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_bytes import Scanner
from verifier.formats.parquet_findings import Findings
from verifier.formats.parquet_footer import Chunk, Leaf, Physical
from verifier.formats.parquet_pages import Page, PageError, PageType, read_pages

UNCOMPRESSED, SNAPPY, GZIP, ZSTD = 0, 1, 2, 6
_DICTIONARY_PAGE_ENCODINGS = (0, 2)
_LEVEL_ENCODINGS = {3, 4}
_BOMB_FLOOR = 64 * MIB
_GZIP_HEADER = 10
_LEAST_WIDTH = {
    Physical.INT32: 4,
    Physical.INT64: 8,
    Physical.INT96: 12,
    Physical.FLOAT: 4,
    Physical.DOUBLE: 8,
    Physical.BYTE_ARRAY: 4,
}
_REQUIRED = {PageType.DATA: (1, 2, 3, 4), PageType.DATA_V2: (1, 2, 3, 4, 5, 6), PageType.DICTIONARY: (1, 2)}


class Role(IntEnum):
    """What decoding makes of a page."""

    DICTIONARY = 0
    INDEXED = 1
    PLAIN = 2
    OTHER = 3


class Place(NamedTuple):
    """Where a page of a walked chunk stands, in offsets of the file, and what decoding must know of it in advance."""

    role: Role
    offset: int
    body: int
    end: int
    expanded: int
    levels: int
    values: int
    has_checksum: int


class Places:
    """The places of a chunk's pages in some fifty bytes each, since a chunk may have a hundred thousand."""

    def __init__(self) -> None:
        self._numbers = array("q")

    def add(self, page: Page) -> None:
        """Note one more page."""
        role = _ROLES.get(page.kind, Role.OTHER)
        if page.is_data:
            role = Role.INDEXED if page.by_dictionary else Role.PLAIN
        levels = min(page.levels, page.size) if page.is_compressed else page.size
        self._numbers.extend(
            (role, page.offset, page.body, page.end, page.expanded, levels, page.values, page.crc is not None)
        )

    def __iter__(self) -> Iterator[Place]:
        width, numbers = len(Place._fields), self._numbers
        for at in range(0, len(numbers), width):
            role, *rest = numbers[at : at + width]
            yield Place(_BY_NUMBER[role], *rest)


_BY_NUMBER = tuple(Role)
_ROLES = {PageType.DICTIONARY: Role.DICTIONARY}


@dataclass(slots=True)
class Walk:
    """What a chunk's pages add up to; a chunk that is not `sound` must not be decoded."""

    chunk: Chunk
    sound: bool = True
    pages: int = 0
    checksums: int = 0
    checked: int = 0
    expanded: int = 0
    values: int = 0
    indexed_values: int = 0
    version2_rows: int | None = 0
    unlisted_encoding: bool = False
    longest_entry: int | None = None
    dictionary: Page | None = None
    places: Places = field(default_factory=Places)
    starts_at_offset: bool = field(default=False)

    def add(self, page: Page) -> None:
        """Count a page."""
        self.pages += 1
        self.places.add(page)
        self.expanded += page.expanded
        self.starts_at_offset |= page.offset == self.chunk.data_offset
        if page.crc is not None:
            self.checksums += 1
            self.checked += page.size
        elif self.chunk.codec == GZIP and page.is_compressed:
            self.checked += max(0, page.size - page.levels - _GZIP_HEADER)
        if page.kind is PageType.DICTIONARY:
            self.dictionary = page
        elif page.is_data:
            self._add_data(page)

    def _add_data(self, page: Page) -> None:
        self.values += page.values
        if page.encoding not in self.chunk.encodings and not page.by_dictionary:
            self.unlisted_encoding = True
        if page.by_dictionary:
            self.indexed_values += page.values
        if page.kind is PageType.DATA or self.version2_rows is None:
            self.version2_rows = None
        else:
            self.version2_rows += int(page.own.get(3, 0))


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


def _judge_page(page: Page, chunk: Chunk, leaf: Leaf, limits: Limits) -> None:
    """Raise PageError for a page whose header promises what its bytes cannot hold."""
    if page.expanded > _BOMB_FLOOR and page.expanded > limits.expansion_ratio * page.size:
        raise PageError("bomb", "a page promises to expand further than the limit")
    for number in _REQUIRED.get(page.kind, ()):
        if page.own.get(number, -1) < 0:
            raise PageError("corrupt-page", "a page's header lacks a field or gives a negative count")
    _judge_kind(page, leaf)
    plain = chunk.codec == UNCOMPRESSED or not page.is_compressed
    if plain and page.expanded != page.size:
        raise PageError("corrupt-page", "a page that is not compressed has two sizes")
    if page.is_data and page.values and not page.size and not leaf.nullable:
        raise PageError("corrupt-page", "a page has values but no bytes")


def _judge_kind(page: Page, leaf: Leaf) -> None:
    own = page.own
    if page.kind is PageType.DATA:
        if own[3] not in _LEVEL_ENCODINGS or own[4] not in _LEVEL_ENCODINGS:
            raise PageError("corrupt-page", "a page's levels are encoded in no known way")
    elif page.kind is PageType.DATA_V2:
        if page.levels > min(page.size, page.expanded):
            raise PageError("corrupt-page", "a page's levels are larger than the page")
        if max(own[2], own[3]) > page.values:
            raise PageError("corrupt-page", "a page's header counts more nulls or rows than values")
    elif page.kind is PageType.DICTIONARY:
        if own[2] not in _DICTIONARY_PAGE_ENCODINGS:
            raise PageError("corrupt-page", "a dictionary page is encoded in no known way")
        if page.number or not _fits(page, leaf):
            raise PageError("corrupt-page", "a dictionary page is not its chunk's first, or too small for its entries")


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
