"""Says what a Parquet footer's columns are, in words, and between which moments its events lie; checks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import assert_never

from verifier.formats.parquet_footer import Chunk, Footer, Leaf, Physical
from verifier.formats.parquet_thrift import Fields
from verifier.model import Column

_UNITS = {1: "ms", 2: "us", 3: "ns"}
_PLAIN_LOGICAL = {1: "string", 4: "enum", 6: "date", 11: "null", 12: "json", 13: "bson", 14: "uuid", 15: "float16"}
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EXTENDED = {16: "variant", 17: "geometry", 18: "geography"}
_CONVERTED = {
    0: "string",
    4: "enum",
    6: "date",
    7: "time[ms, UTC]",
    8: "time[us, UTC]",
    9: "timestamp[ms, UTC]",
    10: "timestamp[us, UTC]",
    11: "uint8",
    12: "uint16",
    13: "uint32",
    14: "uint64",
    15: "int8",
    16: "int16",
    17: "int32",
    18: "int64",
    19: "json",
    20: "bson",
    21: "interval",
}
_DECIMAL = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def columns(footer: Footer) -> tuple[Column, ...]:
    """Return every leaf column by its dotted path with its type in words, in the schema's order."""
    return tuple(Column(leaf.name, type_name(leaf)) for leaf in footer.leaves)


def type_name(leaf: Leaf) -> str:
    """Name a column's type: the logical one where there is one, else the stored one."""
    element = leaf.element
    logical = next(iter(element.get(10, {}).items()), None)
    named = _logical_name(*logical) if logical else None
    if named:
        return named
    if element.get(6) == _DECIMAL:
        return f"decimal({element.get(8, 0)}, {element.get(7, 0)})"
    return _CONVERTED.get(element.get(6, -1)) or _stored_name(leaf)


def _logical_name(number: int, parameters: Fields) -> str | None:
    if number == 5:
        return f"decimal({parameters.get(2, 0)}, {parameters.get(1, 0)})"
    if number in (7, 8):
        unit = _UNITS.get(next(iter(parameters.get(2, {})), 0), "?")
        zone = ", UTC" if parameters.get(1) else ""
        return f"{'time' if number == 7 else 'timestamp'}[{unit}{zone}]"
    if number == 10:
        return f"{'int' if parameters.get(2) else 'uint'}{parameters.get(1, 0)}"
    return _PLAIN_LOGICAL.get(number) or _EXTENDED.get(number)


def _stored_name(leaf: Leaf) -> str:
    match leaf.physical:
        case Physical.BYTE_ARRAY:
            return "binary"
        case Physical.FIXED_LEN_BYTE_ARRAY:
            return f"binary[{leaf.length}]"
        case Physical.BOOLEAN | Physical.INT32 | Physical.INT64 | Physical.INT96 | Physical.FLOAT | Physical.DOUBLE:
            return leaf.physical.name.lower()
    assert_never(leaf.physical)


def event_span(footer: Footer) -> tuple[datetime, datetime] | None:
    """Return the least and greatest moment of the top-level column `timestamp`, as the row groups' statistics tell it.

    None unless every row group with values tells both exactly. A timestamp without a zone, and text that is not
    ISO 8601 in UTC, is no moment we may name.
    """
    place = next((number for number, leaf in enumerate(footer.leaves) if leaf.path == ("timestamp",)), None)
    if place is None:
        return None
    leaf = footer.leaves[place]
    moments = [_span(leaf, group.chunks[place]) for group in footer.groups if _has_values(group.chunks[place])]
    known = [span for span in moments if span is not None]
    if not known or len(known) < len(moments):
        return None
    return min(least for least, _ in known), max(greatest for _, greatest in known)


def _has_values(chunk: Chunk) -> bool:
    nulls: int = chunk.statistics.get(3, 0)
    return chunk.values > nulls


def _span(leaf: Leaf, chunk: Chunk) -> tuple[datetime, datetime] | None:
    statistics = chunk.statistics
    if statistics.get(7, True) and statistics.get(8, True):
        moments = list(_moments(leaf, (statistics.get(6), statistics.get(5))))
        if len(moments) == 2 and moments[0] <= moments[1]:
            return moments[0], moments[1]
    return None


def _moments(leaf: Leaf, bounds: tuple[bytes | None, bytes | None]) -> Iterator[datetime]:
    kind = type_name(leaf)
    for raw in bounds:
        if raw is None:
            return
        try:
            if kind == "string" and raw.endswith(b"Z"):
                yield datetime.fromisoformat(raw.decode("ascii")).astimezone(UTC)
            elif kind.startswith("timestamp[") and kind.endswith(", UTC]") and len(raw) == 8:
                microseconds = int.from_bytes(raw, "little", signed=True) * 1_000_000 // _PER_SECOND[kind[10:12]]
                yield _EPOCH + timedelta(microseconds=microseconds)
        except (ValueError, OverflowError, KeyError):
            return
