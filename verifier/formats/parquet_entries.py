"""Measures the entries of a dictionary page; what a chunk then takes when decoded is not its business.

A dictionary page is laid out as a plain data page is. Set between a header and a footer of our own it is a small file,
which pyarrow reads at the speed of C, just as it will read the dictionary.
"""

from __future__ import annotations

from typing import cast

import pyarrow as pa
import pyarrow.parquet as pq
from isal import isal_zlib

from verifier.formats.parquet_bounds import codec_name
from verifier.formats.parquet_pages import GZIP, Page, Read

_MAGIC = b"PAR1"
# The stubs of isal declare the class as one of its instances.
_ISAL_ERROR = cast("type[Exception]", isal_zlib.IsalError)


def longest_entry(page: Page, codec: int, read: Read) -> int:
    """Return the bytes of a dictionary's longest text; the page's size where its entries cannot be followed."""
    import pyarrow.compute as pc  # slow to import, and few files ask for it

    try:
        data = _gunzip(page, read) if codec == GZIP else decompress(page, codec, read)
        texts = pq.ParquetFile(pa.BufferReader(_file_of(data, page.values))).read(use_threads=False).column(0)
        longest = pc.max(pc.binary_length(texts)).as_py()
    except (pa.ArrowException, _ISAL_ERROR, OSError, ValueError, MemoryError):
        return page.expanded
    return min(page.expanded, longest or 0)


def decompress(page: Page, codec: int, read: Read) -> bytes:
    """Return a page's bytes as they were before compression, without the levels that stand before them uncompressed.

    Raises what pyarrow raises where the bytes are not what the codec wrote.
    """
    stored = read(page.body + page.levels, page.end)
    if not codec or not page.is_compressed or page.expanded == page.levels:
        return stored
    raw = pa.decompress(stored, decompressed_size=page.expanded - page.levels, codec=codec_name(codec), asbytes=True)
    return bytes(raw)


def _gunzip(page: Page, read: Read) -> bytes:
    # Several times as fast as pyarrow's zlib; its verdict on the page comes with the decoding.
    inflated: bytes = isal_zlib.decompressobj(31).decompress(read(page.body, page.end), page.expanded)
    return inflated


def _file_of(data: bytes, values: int) -> bytes:
    """Make a Parquet file of one column of required binary, from the plain values of its only page."""
    count, size = _number(values), _number(len(data))
    header = b"\x15\x00\x15" + size + b"\x15" + size + b"\x2c\x15" + count + b"\x15\x00\x15\x06\x15\x06\x00\x00"
    schema = b"\x19\x2c\x48\x01r\x15\x02\x00\x15\x0c\x25\x00\x18\x01t\x00"
    total = _number(len(header) + len(data))
    place = b"\x16" + count + b"\x16" + total + b"\x16" + total + b"\x26" + _number(len(_MAGIC)) + b"\x00"
    chunk = b"\x26\x00\x1c\x15\x0c\x19\x15\x00\x19\x18\x01t\x15\x00" + place + b"\x00"
    group = b"\x19\x1c" + chunk + b"\x16" + total + b"\x16" + count + b"\x00"
    footer = b"\x15\x02" + schema + b"\x16" + count + b"\x19\x1c" + group + b"\x00"
    return b"".join((_MAGIC, header, data, footer, len(footer).to_bytes(4, "little"), _MAGIC))


def _number(value: int) -> bytes:
    """Write a count as Thrift's compact protocol does: zigzag, seven bits a byte, the lowest first."""
    left, written = value << 1, bytearray()
    while left > 127:
        written.append(left & 127 | 128)
        left >>= 7
    written.append(left)
    return bytes(written)
