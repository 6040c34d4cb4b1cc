"""Judges and measures the entries of dictionary pages; what refers to them is not its business.

A dictionary page is laid out as a plain data page is. Set between a header and a footer of our own it is a small file,
which pyarrow reads at the speed of C, just as it would read the dictionary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from verifier.formats.base import MIB
from verifier.formats.parquet_bounds import codec_name
from verifier.formats.parquet_compact import BYTE_ARRAY, MAGIC, Column, data_page_header, footer, required_bytes
from verifier.formats.parquet_footer import Leaf
from verifier.formats.parquet_pages import Page, Read
from verifier.formats.parquet_unpack import inflate
from verifier.formats.parquet_walk import GZIP, UNCOMPRESSED, Walk

_TOGETHER = 8 * MIB
_TEXTS = {1, 12}
_CONVERTED_TEXTS = {0, 19}


@dataclass(frozen=True, slots=True)
class _Entries:
    """One dictionary's entries as a page: its bytes as stored, their size before compression, and how many."""

    stored: bytes
    expanded: int
    values: int


def judge_entries(dictionaries: Sequence[tuple[Walk, Leaf]], read: Read) -> None:
    """Decode and validate the entries of byte arrays' dictionaries; raises what pyarrow raises for what is wrong."""
    alike: dict[tuple[int, bool], list[_Entries]] = {}
    for walk, leaf in dictionaries:
        page, codec = walk.dictionary, walk.chunk.codec
        if page is None:
            continue
        stored = read(page.body, page.end)
        if codec == GZIP:
            codec, stored = UNCOMPRESSED, inflate(stored, page.expanded, has_checksum=page.crc is not None)
        if not page.values:
            # A page without values would end the column that the others are put in.
            _judge_empty(page, codec, stored)
            continue
        pages = alike.setdefault((codec, _is_text(leaf)), [])
        pages.append(_Entries(stored, page.expanded, page.values))
        if sum(entries.expanded for entries in pages) > _TOGETHER:
            _judge(pages, codec, is_text=_is_text(leaf))
            pages.clear()
    for (codec, is_text), pages in alike.items():
        if pages:
            _judge(pages, codec, is_text=is_text)


def longest_entry(page: Page, codec: int, read: Read) -> int:
    """Return the bytes of a dictionary's longest text; the page's size where its entries cannot be followed."""
    import pyarrow.compute as pc  # slow to import, and few files ask for it

    try:
        pages = [_Entries(read(page.body, page.end), page.expanded, page.values)]
        entries = _decoded(pages, codec, is_text=False)
        longest = pc.max(pc.binary_length(entries)).as_py()
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError):
        return page.expanded
    return min(page.expanded, longest or 0)


def _judge_empty(page: Page, codec: int, stored: bytes) -> None:
    """Raise what is wrong with a dictionary without entries, which has no bytes either."""
    if page.expanded:
        raise pa.ArrowInvalid("a dictionary without entries has bytes")
    if codec != UNCOMPRESSED:
        pa.decompress(stored, decompressed_size=0, codec=codec_name(codec), asbytes=True)


def _is_text(leaf: Leaf) -> bool:
    """Tell whether the format says that a column's byte arrays are UTF-8."""
    logical = leaf.element.get(10)
    return not _TEXTS.isdisjoint(logical) if logical else leaf.element.get(6) in _CONVERTED_TEXTS


def _judge(pages: Sequence[_Entries], codec: int, *, is_text: bool) -> None:
    entries = _decoded(pages, codec, is_text=is_text)
    entries.validate(full=True)
    if len(entries) != sum(page.values for page in pages):
        raise pa.ArrowInvalid("a dictionary holds another number of entries than its header says")


def _decoded(pages: Sequence[_Entries], codec: int, *, is_text: bool) -> pa.ChunkedArray:
    """Decode pages of plain values as the only column of a file."""
    pieces = [MAGIC]
    for page in pages:
        pieces += (data_page_header(page.expanded, len(page.stored), page.values), page.stored)
    values, size = sum(page.values for page in pages), sum(map(len, pieces)) - len(MAGIC)
    column = Column(BYTE_ARRAY, codec, values, len(MAGIC), size, data=len(MAGIC))
    file = b"".join((*pieces, footer(required_bytes(is_text=is_text), [column], values)))
    return pq.ParquetFile(pa.BufferReader(file)).read(use_threads=False).column(0)
