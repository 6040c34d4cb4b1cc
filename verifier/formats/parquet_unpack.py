"""Undoes the compression of one page and judges a gzip page's own CRC-32 and length; decodes no value."""

from __future__ import annotations

import zlib
from typing import cast

import pyarrow as pa
from isal import isal_zlib

from verifier.formats.gzip import header_length
from verifier.formats.parquet_bounds import codec_name
from verifier.formats.parquet_compact import number
from verifier.formats.parquet_pages import Page, Read
from verifier.formats.parquet_walk import Place

_IsalError = cast("type[Exception]", isal_zlib.IsalError)
_GZIP_FORMAT = 31
_INTEGER = 0x15


class PackedError(ValueError):
    """A page cannot be unpacked by us, which is not to say that nobody can."""


def decompress(page: Page | Place, codec: int, read: Read) -> bytes:
    """Return a page's bytes as they were before compression, without the levels that stand before them uncompressed.

    Raises what pyarrow raises where the bytes are not what the codec wrote.
    """
    stored = read(page.body + page.levels, page.end)
    expanded = page.expanded - page.levels
    if not codec or not expanded or (isinstance(page, Page) and not page.is_compressed):
        return stored
    return bytes(pa.decompress(stored, decompressed_size=expanded, codec=codec_name(codec), asbytes=True))


def gunzip(stored: bytes | memoryview, expanded: int) -> bytes:
    """Inflate one gzip member of exactly `expanded` bytes, several times as fast as zlib and no less strict.

    Raises PackedError for anything else.
    """
    try:
        header = header_length(bytes(stored[:10]))
        decoder = isal_zlib.decompressobj(_GZIP_FORMAT)
        inflated: bytes = decoder.decompress(stored, expanded + 1)
    except (_IsalError, ValueError, MemoryError):
        raise PackedError from None
    if header is None or not decoder.eof or decoder.unused_data or len(inflated) != expanded:
        raise PackedError
    return inflated


def inflate(stored: bytes | memoryview, expanded: int, *, has_checksum: bool) -> bytes:
    """Inflate one gzip member of exactly `expanded` bytes; raises PackedError for anything else."""
    # What a page's checksum has proved isal may inflate. It is less strict than zlib with the tables of a deflate
    # block, which are all that tells of some bits where there is no such checksum.
    return gunzip(stored, expanded) if has_checksum else _gunzip_strictly(stored, expanded)


def _gunzip_strictly(stored: bytes | memoryview, expanded: int) -> bytes:
    decoder = zlib.decompressobj(_GZIP_FORMAT)
    try:
        inflated = decoder.decompress(stored, expanded + 1)
    except zlib.error:
        raise PackedError from None
    if not decoder.eof or decoder.unused_data or len(inflated) != expanded:
        raise PackedError
    return inflated


def unpacked(place: Place, read: Read) -> bytes:
    """Return a gzip page with its header as a page that is not compressed.

    Raises PackedError where header or body are not as writers make them.
    """
    stored = read(place.offset, place.end)
    body = place.body - place.offset
    header = resized_header(stored[:body], place.expanded, place.expanded)
    if place.levels == place.expanded:
        return header + stored[body:]
    packed, expanded = memoryview(stored)[body + place.levels :], place.expanded - place.levels
    inflated = inflate(packed, expanded, has_checksum=bool(place.has_checksum))
    return b"".join((header, stored[body : body + place.levels], inflated))


def unpacked_size(place: Place) -> int:
    """Return how long the page that `unpacked` gives will be."""
    stored, expanded = len(number(place.end - place.body)), len(number(place.expanded))
    return place.body - place.offset - stored + expanded + place.expanded


def resized_header(header: bytes, expanded: int, size: int) -> bytes:
    """Return a page's header with other sizes, before compression and as stored; raises PackedError.

    All else stays as it is, so that pyarrow judges it as it would in its place.
    """
    ends = []
    position = 0
    for _ in range(3):  # type, size before compression, size as stored
        if header[position] != _INTEGER:
            raise PackedError
        position += 1
        while header[position] & 128:
            position += 1
        position += 1
        ends.append(position)
    field = bytes((_INTEGER,))
    return b"".join((header[: ends[0]], field, number(expanded), field, number(size), header[ends[2] :]))
