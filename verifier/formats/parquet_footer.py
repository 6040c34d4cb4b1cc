"""Turns the footer of a Parquet file into plain values; judges nothing beyond what it needs to do so.

Our own reader, beside pyarrow's: the bounds of chunks must be known, and believed, before a decoder may follow them,
and pyarrow's view hides encryption, other files' chunks and the index ranges.
Field numbers are those of parquet.thrift in the Parquet format's own repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from verifier.formats.parquet_thrift import RAW, Fields, Kept, ListOf, Plain, Struct, ThriftError, read_struct

_BYTE, _INT, _LONG = Plain.BYTE, Plain.INT32, Plain.INT64
_BOOL, _BIN = Plain.BOOLEAN, Plain.BINARY
_UNIT: Struct = {1: {}, 2: {}, 3: {}}
_MOMENT: Struct = {1: _BOOL, 2: _UNIT}
_LOGICAL: Struct = {
    **{number: {} for number in (1, 2, 3, 4, 6, 11, 12, 13, 14, 15, 16, 17, 18)},
    5: {1: _INT, 2: _INT},
    7: _MOMENT,
    8: _MOMENT,
    10: {1: _BYTE, 2: _BOOL},
}
_ELEMENT: Struct = {1: _INT, 2: _INT, 3: _INT, 4: _BIN, 5: _INT, 6: _INT, 7: _INT, 8: _INT, 10: _LOGICAL}
_STATISTICS: Struct = {3: _LONG, 5: _BIN, 6: _BIN, 7: _BOOL, 8: _BOOL}
_SIZES: Struct = {1: _LONG, 2: ListOf(_LONG), 3: ListOf(_LONG)}
_META: Struct = {
    1: _INT,
    2: ListOf(_INT),
    3: ListOf(_BIN),
    4: _INT,
    **dict.fromkeys((5, 6, 7, 9, 11, 14), _LONG),
    12: _STATISTICS,
    15: _INT,
    16: _SIZES,
}
_CHUNK: Struct = {1: _BIN, 3: _META, 4: _LONG, 5: _INT, 6: _LONG, 7: _INT, 8: {}}
_GROUP: Struct = {1: ListOf(_CHUNK), 3: _LONG}
_FILE: Struct = {2: ListOf(Kept(_ELEMENT)), 3: _LONG, 4: ListOf(_GROUP), 8: {}}

_SCHEMA_DEPTH = 100
_OPTIONAL, _REPEATED = 1, 2


class Physical(IntEnum):
    """The types Parquet stores."""

    BOOLEAN = 0
    INT32 = 1
    INT64 = 2
    INT96 = 3
    FLOAT = 4
    DOUBLE = 5
    BYTE_ARRAY = 6
    FIXED_LEN_BYTE_ARRAY = 7


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One column of the schema that holds values.

    `element` are the fields of its schema element, `place` is that element's among all, and `repetitions` are the
    format's numbers for its ancestors and itself: required, optional, repeated.
    """

    path: tuple[str, ...]
    physical: Physical
    length: int
    place: int
    repetitions: tuple[int, ...]
    element: Fields

    @property
    def repeats(self) -> bool:
        """True where a row may hold any number of its values."""
        return _REPEATED in self.repetitions

    @property
    def repeated_groups(self) -> list[tuple[str, ...]]:
        """The paths at which it repeats, from the outermost to the innermost."""
        return [self.path[: depth + 1] for depth, number in enumerate(self.repetitions) if number == _REPEATED]

    @property
    def repetition_levels(self) -> int:
        """How many times it repeats within itself."""
        return self.repetitions.count(_REPEATED)

    @property
    def definition_levels(self) -> int:
        """At how many of its levels a value may be absent."""
        return self.repetitions.count(_OPTIONAL) + self.repetition_levels

    @property
    def nullable(self) -> bool:
        """True where a value may be absent."""
        return any(self.repetitions)

    @property
    def name(self) -> str:
        """The dotted path."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One column of one row group: where it says it is, in bytes of the file, and what it says it holds."""

    group: int
    leaf: int
    codec: int
    encodings: frozenset[int]
    values: int
    size: int
    expanded: int
    data_offset: int
    dictionary_offset: int
    indexes: tuple[tuple[int, int], ...]
    encrypted: bool
    elsewhere: bool
    statistics: Fields
    sizes: Fields

    @property
    def start(self) -> int:
        """The first byte of its first page; an offset of 0 counts as absent."""
        if 0 < self.dictionary_offset < self.data_offset:
            return self.dictionary_offset
        return self.data_offset

    @property
    def end(self) -> int:
        """The byte after its last page."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows promised, and one chunk for every leaf."""

    rows: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of itself, and where its footer starts; `elements` are those of its schema, as they stand."""

    start: int
    rows: int
    elements: tuple[bytes, ...]
    leaves: tuple[Leaf, ...]
    groups: tuple[RowGroup, ...]
    encrypted: bool

    @property
    def chunks(self) -> list[Chunk]:
        """All chunks of all row groups, in the footer's order."""
        return [chunk for group in self.groups for chunk in group.chunks]


def parse_footer(data: bytes, start: int) -> Footer:
    """Parse the footer's bytes, which stand at `start` of the file.

    Raises ThriftError, with a message that names what is missing or contradictory, and no value.
    """
    fields, end = read_struct(data, 0, _FILE)
    encrypted = 8 in fields
    if end != len(data) and not encrypted:
        raise ThriftError("the footer ends before the length it was given")
    elements = _need(fields, 2, "a schema")
    leaves = _leaves(elements)
    groups = tuple(_group(number, group, leaves) for number, group in enumerate(_need(fields, 4, "row groups")))
    raw = tuple(element[RAW] for element in elements)
    return Footer(start, _need(fields, 3, "a row count"), raw, leaves, groups, encrypted)


def _need(fields: Fields, number: int, name: str) -> Any:
    if number not in fields:
        raise ThriftError(f"the footer lacks {name}")
    return fields[number]


def _group(number: int, fields: Fields, leaves: Sequence[Leaf]) -> RowGroup:
    chunks = _need(fields, 1, "a row group's columns")
    if len(chunks) != len(leaves):
        raise ThriftError(f"row group {number} has {len(chunks)} columns, the schema {len(leaves)}")
    rows = _need(fields, 3, "a row group's row count")
    return RowGroup(rows, tuple(_chunk(number, leaf, chunk, leaves[leaf]) for leaf, chunk in enumerate(chunks)))


def _chunk(group: int, number: int, fields: Fields, leaf: Leaf) -> Chunk:
    encrypted = 8 in fields
    if 3 not in fields and encrypted:
        return Chunk(
            group, number, 0, frozenset(), 0, 0, 0, 0, 0, (), encrypted=True, elsewhere=False, statistics={}, sizes={}
        )
    meta = _need(fields, 3, "a chunk's description")
    if _need(meta, 1, "a chunk's type") != leaf.physical:
        raise ThriftError(f"row group {group}, column {number}: the chunk has another type than the schema")
    if tuple(map(_text, _need(meta, 3, "a chunk's path"))) != leaf.path:
        raise ThriftError(f"row group {group}, column {number}: the chunk has another path than the schema")
    return Chunk(
        group=group,
        leaf=number,
        codec=_need(meta, 4, "a chunk's codec"),
        encodings=frozenset(_need(meta, 2, "a chunk's encodings")),
        values=_need(meta, 5, "a chunk's value count"),
        size=_need(meta, 7, "a chunk's size"),
        expanded=_need(meta, 6, "a chunk's uncompressed size"),
        data_offset=_need(meta, 9, "a chunk's offset"),
        dictionary_offset=meta.get(11, 0),
        indexes=(
            (fields.get(4, 0), fields.get(5, 0)),
            (fields.get(6, 0), fields.get(7, 0)),
            (meta.get(14, 0), meta.get(15, 0)),
        ),
        encrypted=encrypted,
        elsewhere=bool(fields.get(1)),
        statistics=meta.get(12, {}),
        sizes=meta.get(16, {}),
    )


def _closed_chunk(group: int, number: int) -> Chunk:
    """A chunk of whose description only an encrypted one is there."""
    nothing: Fields = {}
    numbers = (group, number, 0, frozenset[int](), 0, 0, 0, 0, 0)
    return Chunk(*numbers, (), encrypted=True, elsewhere=False, statistics=nothing, sizes=nothing)


@dataclass(slots=True)
class _Parent:
    """A group of the schema whose children are still to come."""

    path: tuple[str, ...]
    left: int
    repetitions: tuple[int, ...]


def _leaves(elements: Sequence[Fields]) -> tuple[Leaf, ...]:
    """Walk the schema, which lists a tree depth first, and return its leaves in order."""
    if not elements:
        raise ThriftError("the footer lacks a schema")
    leaves: list[Leaf] = []
    open_parents = [_Parent((), _children(elements[0]), ())]
    for place, element in enumerate(elements[1:], 1):
        while open_parents and not open_parents[-1].left:
            open_parents.pop()
        if not open_parents:
            raise ThriftError("the schema has more elements than its groups count")
        parent = open_parents[-1]
        parent.left -= 1
        repetitions = (*parent.repetitions, _need(element, 3, "a column's repetition"))
        path = (*parent.path, _text(_need(element, 4, "a column's name")))
        if 1 in element:
            leaves.append(Leaf(path, _physical(element[1]), element.get(2, 0), place, repetitions, element))
        elif len(path) > _SCHEMA_DEPTH:
            raise ThriftError("the schema is nested too deep")
        else:
            open_parents.append(_Parent(path, _children(element), repetitions))
    if any(parent.left for parent in open_parents):
        raise ThriftError("the schema has fewer elements than its groups count")
    return tuple(leaves)


def _children(element: Fields) -> int:
    count: int = element.get(5, 0)
    if count < 0:
        raise ThriftError("the schema counts a negative number of columns")
    return count


def _physical(number: int) -> Physical:
    try:
        return Physical(number)
    except ValueError:
        raise ThriftError("the schema has a column of no known type") from None


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ThriftError("a column's name is not UTF-8") from None
