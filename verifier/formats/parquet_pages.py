"""Follows the pages of one column chunk by their headers; does not judge whether they can hold what they promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from verifier.formats.base import MIB
from verifier.formats.parquet_footer import Chunk
from verifier.formats.parquet_thrift import Fields, Plain, Struct, ThriftCutShortError, ThriftError, read_struct

Read = Callable[[int, int], bytes]

_INT = Plain.INT32
_DATA: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT}
_DATA_V2: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT, 5: _INT, 6: _INT, 7: Plain.BOOLEAN}
_HEADER: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _INT, 5: _DATA, 7: {1: _INT, 2: _INT}, 8: _DATA_V2}
_FIRST_READ, _HEADER_LIMIT = 512, 16 * MIB
_DICTIONARY_ENCODINGS = (2, 8)


class PageType(IntEnum):
    """What a page holds; the number of its header's own structure goes with it."""

    DATA = 0
    INDEX = 1
    DICTIONARY = 2
    DATA_V2 = 3


_OWN_HEADER = {PageType.DATA: 5, PageType.DICTIONARY: 7, PageType.DATA_V2: 8}


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
