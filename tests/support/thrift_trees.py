"""Reads any Thrift compact structure into a tree that can be changed, and writes it again: makes hostile footers."""

from __future__ import annotations

from typing import Any

BOOLEAN_TRUE, BOOLEAN_FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

Tree = dict[int, list[Any]]
"""A structure: field id -> [wire type, value]. A list's value is [item type, [values]]."""


def read_tree(data: bytes) -> Tree:
    """Read one structure."""
    return _Reader(data).struct()


def write_tree(tree: Tree) -> bytes:
    """Write one structure."""
    out = bytearray()
    last = 0
    for number, (wire, value) in sorted(tree.items()):
        assert 0 < number - last < 16
        out.append((number - last) << 4 | wire)
        last = number
        if wire not in (BOOLEAN_TRUE, BOOLEAN_FALSE):
            out += _written(wire, value)
    out.append(0)
    return bytes(out)


def varint(value: int) -> bytes:
    """Write an unsigned number."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _written(wire: int, value: Any) -> bytes:
    if wire in (I16, I32, I64):
        return varint((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)
    if wire in (BOOLEAN_TRUE, BOOLEAN_FALSE, BYTE):
        return bytes([value & 255])
    if wire == BINARY:
        return varint(len(value)) + value
    if wire in (LIST, SET):
        item, values = value
        head = bytes([len(values) << 4 | item]) if len(values) < 15 else bytes([0xF0 | item]) + varint(len(values))
        return head + b"".join(_written(item, each) for each in values)
    assert wire == STRUCT
    return write_tree(value)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self) -> Tree:
        tree: Tree = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            wire = head & 15
            tree[number] = [wire, wire == BOOLEAN_TRUE if wire <= BOOLEAN_FALSE else self._value(wire)]
        return tree

    def _value(self, wire: int) -> Any:
        if wire in (I16, I32, I64):
            return self._signed()
        if wire in (BOOLEAN_TRUE, BOOLEAN_FALSE, BYTE):
            return self._byte()
        if wire == BINARY:
            size = self._unsigned()
            self._at += size
            return self._data[self._at - size : self._at]
        if wire in (LIST, SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._unsigned()
            return [head & 15, [self._value(head & 15) for _ in range(size)]]
        assert wire == STRUCT
        return self.struct()

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
