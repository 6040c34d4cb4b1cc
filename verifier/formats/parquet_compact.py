"""Writes the few Thrift structures that a stand-in file needs: page headers and footers; knows nothing of real files.

A stand-in is a Parquet file that exists only for pyarrow to decode: pages of a real one between structures of ours.
Field numbers are those of parquet.thrift in the Parquet format's own repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAGIC = b"PAR1"
BYTE_ARRAY, INT32 = 6, 1
_REQUIRED = 0
_BINARY, _STRUCT = 8, 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column chunk of a stand-in: offsets and sizes in bytes of the stand-in; `dictionary` is 0 where it has none."""

    physical: int
    codec: int
    values: int
    start: int
    size: int
    dictionary: int = 0
    data: int = 0


def number(value: int) -> bytes:
    """Write an integer: zigzag, seven bits a byte, the lowest first."""
    return varint((value << 1) ^ (value >> 63))


def varint(value: int) -> bytes:
    """Write a length: seven bits a byte, the lowest first."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def data_page_header(expanded: int, size: int, values: int) -> bytes:
    """Write the header of a data page of version 1 with plain values: its bytes before compression and as stored."""
    sizes = b"\x15" + number(expanded) + b"\x15" + number(size)
    return b"\x15\x00" + sizes + b"\x2c\x15" + number(values) + b"\x15\x00\x15\x06\x15\x06\0\0"


def leaf_element(physical: int, repetition: int, *, name: str = "v", is_text: bool = False) -> bytes:
    """Write the schema element of a column, as UTF-8 text or without any meaning."""
    head = b"\x15" + number(physical) + b"\x25" + number(repetition) + b"\x18"
    written = name.encode()
    return b"".join((head, varint(len(written)), written, b"\x25\x00" if is_text else b"", b"\0"))


def group_element(repetition: int) -> bytes:
    """Write the schema element of a group of one field."""
    return b"\x35" + number(repetition) + b"\x18\x01g\x15\x02\0"


def chain(repetitions: Sequence[int], leaf: bytes) -> list[bytes]:
    """Write a schema of one column under groups of these repetitions, the last of which is the column's own."""
    return [b"\x48\x01r\x15\x02\0", *map(group_element, repetitions[:-1]), leaf]


def required_bytes(*, is_text: bool) -> list[bytes]:
    """Write a schema of one column of byte arrays that are always there."""
    return chain((_REQUIRED,), leaf_element(BYTE_ARRAY, _REQUIRED, is_text=is_text))


def footer(schema: Sequence[bytes], columns: Sequence[Column], rows: int) -> bytes:
    """Write the footer of a stand-in with one row group, with its length and the magic bytes that end the file."""
    chunks = _list(_STRUCT, [_chunk(column) for column in columns])
    group = b"\x19" + chunks + b"\x16\x00\x16" + number(rows) + b"\0"
    written = b"\x15\x04\x19" + _list(_STRUCT, schema) + b"\x16" + number(rows) + b"\x19\x1c" + group + b"\0"
    return b"".join((written, len(written).to_bytes(4, "little"), MAGIC))


def _chunk(column: Column) -> bytes:
    size = number(column.size)
    return b"".join(
        (
            b"\x26\x00\x1c\x15",
            number(column.physical),
            b"\x19\x15\x00\x19\x18\x01v\x15",
            number(column.codec),
            b"\x16",
            number(column.values),
            b"\x16" + size + b"\x16" + size + b"\x26",
            number(column.data),
            b"\x26" + number(column.dictionary) if column.dictionary else b"",
            b"\0\0",
        )
    )


def _list(item: int, written: Sequence[bytes]) -> bytes:
    count = len(written)
    if count < 15:
        return bytes((count << 4 | item,)) + b"".join(written)
    return bytes((0xF0 | item,)) + varint(count) + b"".join(written)
