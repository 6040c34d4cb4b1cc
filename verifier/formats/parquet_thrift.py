"""Reads Thrift's compact protocol from bytes nobody vouches for; knows no structure of Parquet's.

Bounded by the bytes given: nesting has a limit, and no list can be longer than the bytes that are left for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

_DEPTH = 64
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_INTEGERS = (_I16, _I32, _I64)
_IN_ITS_HEAD = (_TRUE, _FALSE)
_VARINT_BITS = 63
_ONE_BYTE = 128


class ThriftError(ValueError):
    """The bytes are not what the compact protocol, or the structure asked for, allows."""


class ThriftCutShortError(ThriftError):
    """The bytes end before the structure does; more of them may help."""


class Plain(Enum):
    """The kinds of a field that holds no structure, integers by their width.

    Other readers skip a field of another width than the format gives it, so that none may be taken for another.
    """

    BYTE = auto()
    INT32 = auto()
    INT64 = auto()
    BOOLEAN = auto()
    BINARY = auto()


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are all of one kind."""

    item: Kind


@dataclass(frozen=True, slots=True)
class Kept:
    """A structure whose bytes are kept as they stand, under `RAW` among its fields."""

    struct: Struct


RAW = 0

Struct = Mapping[int, "Kind"]
"""The fields worth reading, by id; all others are skipped."""

Kind = Plain | ListOf | Kept | Struct
Fields = dict[int, Any]

_INT32, _INT64 = Plain.INT32, Plain.INT64  # looked up for every field of every page
_INT32_LIMIT = 1 << 31


def read_struct(data: bytes | memoryview, start: int, struct: Struct) -> tuple[Fields, int]:
    """Read one structure from `start` and return its fields by id and the position after it.

    Raises ThriftError for bytes that end early, break the protocol, or hold a field of another kind than `struct` says.
    """
    try:
        return _struct(data, start, struct, 0)
    except IndexError:
        raise ThriftCutShortError("the structure is cut short") from None


def _struct(data: bytes | memoryview, pos: int, struct: Struct, depth: int) -> tuple[Fields, int]:
    if depth > _DEPTH:
        raise ThriftError("nested too deep")
    fields: Fields = {}
    field_id = 0
    while head := data[pos]:
        pos += 1
        wire = head & 15
        if head > 15:
            field_id += head >> 4
        else:
            field_id, pos = _integer(data, pos)
        kind = struct.get(field_id)
        if kind is None:
            pos = pos if wire in _IN_ITS_HEAD else _skip_value(data, pos, wire, depth)
        elif kind is _INT32 and wire == _I32:
            fields[field_id], pos = _int32(data, pos)
        elif wire <= _FALSE:
            if kind is not Plain.BOOLEAN or not wire:
                raise ThriftError("a field of another kind than expected")
            fields[field_id] = wire == _TRUE
        else:
            fields[field_id], pos = _value(data, pos, wire, kind, depth)
    return fields, pos + 1


def _value(data: bytes | memoryview, pos: int, wire: int, kind: Kind, depth: int) -> tuple[Any, int]:
    if kind is _INT32 and wire == _I32:
        return _int32(data, pos)
    if kind is _INT64 and wire == _I64:
        return _integer(data, pos)
    if kind is Plain.BYTE and wire == _BYTE:
        value = data[pos]
        return value - 256 if value > 127 else value, pos + 1
    if kind is Plain.BINARY and wire == _BINARY:
        end = _binary_end(data, pos)
        size_end = pos + 1
        while data[size_end - 1] & 128:
            size_end += 1
        return bytes(data[size_end:end]), end
    if isinstance(kind, ListOf) and wire == _LIST:
        return _list(data, pos, kind.item, depth)
    if isinstance(kind, Mapping) and wire == _STRUCT:
        return _struct(data, pos, kind, depth + 1)
    if isinstance(kind, Kept) and wire == _STRUCT:
        fields, end = _struct(data, pos, kind.struct, depth + 1)
        fields[RAW] = bytes(data[pos:end])
        return fields, end
    raise ThriftError("a field of another kind than expected")


def _list(data: bytes | memoryview, pos: int, item: Kind, depth: int) -> tuple[list[Any], int]:
    size, wire, pos = _list_head(data, pos)
    values = []
    for _ in range(size):
        value, pos = _value(data, pos, wire, item, depth)
        values.append(value)
    return values, pos


def _list_head(data: bytes | memoryview, pos: int) -> tuple[int, int, int]:
    head = data[pos]
    size, wire = head >> 4, head & 15
    pos += 1
    if size == 15:
        size, pos = _varint(data, pos)
    if size > len(data) - pos:
        raise ThriftCutShortError("a list longer than the bytes that are left")
    return size, wire, pos


def _binary_end(data: bytes | memoryview, pos: int) -> int:
    size = data[pos]
    if size < _ONE_BYTE:
        pos += 1
    else:
        size, pos = _varint(data, pos)
    if size > len(data) - pos:
        raise ThriftCutShortError("a text longer than the bytes that are left")
    return pos + size


def _int32(data: bytes | memoryview, pos: int) -> tuple[int, int]:
    value, pos = _integer(data, pos)
    if not -_INT32_LIMIT <= value < _INT32_LIMIT:
        raise ThriftError("a number longer than 32 bits")
    return value, pos


def _integer(data: bytes | memoryview, pos: int) -> tuple[int, int]:
    value = data[pos]
    if value < _ONE_BYTE:
        pos += 1
    else:
        value, pos = _varint(data, pos)
    return (value >> 1) ^ -(value & 1), pos


def _varint(data: bytes | memoryview, pos: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[pos]
        pos += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & 0xFFFF_FFFF_FFFF_FFFF, pos
        shift += 7
        if shift > _VARINT_BITS:
            raise ThriftError("a number longer than 64 bits")


def _skip_struct(data: bytes | memoryview, pos: int, depth: int) -> int:
    if depth > _DEPTH:
        raise ThriftError("nested too deep")
    while head := data[pos]:
        pos += 1
        wire = head & 15
        if head < 16:
            pos = _integer(data, pos)[1]
        if wire == _BINARY:
            pos = _binary_end(data, pos)
        elif wire not in _IN_ITS_HEAD:
            pos = _skip_value(data, pos, wire, depth)
    return pos + 1


def _skip_value(data: bytes | memoryview, pos: int, wire: int, depth: int) -> int:
    if wire == _STRUCT:
        return _skip_struct(data, pos, depth + 1)
    if wire in _INTEGERS:
        while data[pos] & 128:
            pos += 1
        return pos + 1
    if wire in (_TRUE, _FALSE, _BYTE, _DOUBLE):
        end = pos + (8 if wire == _DOUBLE else 1)
    elif wire == _BINARY:
        end = _binary_end(data, pos)
    elif wire in (_LIST, _SET, _MAP):
        return _skip_items(data, pos, wire, depth + 1)
    else:
        raise ThriftError("a field of no known kind")
    if end > len(data):
        raise ThriftCutShortError("the structure is cut short")
    return end


def _skip_items(data: bytes | memoryview, pos: int, wire: int, depth: int) -> int:
    if depth > _DEPTH:
        raise ThriftError("nested too deep")
    kinds: tuple[int, ...]
    if wire != _MAP:
        size, item, pos = _list_head(data, pos)
        kinds = (item,)
    else:
        size, pos = _varint(data, pos)
        if size > len(data) - pos:
            raise ThriftCutShortError("a map longer than the bytes that are left")
        if not size:
            return pos
        kinds = (data[pos] >> 4, data[pos] & 15)
        pos += 1
    for _ in range(size):
        for kind in kinds:
            pos = _skip_value(data, pos, kind, depth)
    return pos
