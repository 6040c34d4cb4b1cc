"""Says what a walked row group is to be decoded of, and how much decoding it may take; decodes nothing itself.

A few stored bytes can stand for a great many decoded ones: a run of nulls, or one long dictionary entry used a million
times. How many rows may be decoded at once follows from the widths of their values, at worst from that entry's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_entries import longest_entry
from verifier.formats.parquet_footer import Leaf, Physical
from verifier.formats.parquet_pages import PageError, Read
from verifier.formats.parquet_walk import Place, Role, Walk

_BATCH_BYTES = 12 * MIB
_WORST_BYTES = 64 * MIB
_RECORD_BYTES = 512 * MIB
_WIDTHS = {Physical.BOOLEAN: 1, Physical.INT32: 4, Physical.FLOAT: 4}
_DECIMAL_BYTES = 32
_CONVERTED_DECIMAL, _LOGICAL_DECIMAL = 5, 5


@dataclass(frozen=True, slots=True)
class Plan:
    """One row group: how many rows are promised, and its sound chunks."""

    number: int
    walks: tuple[Walk, ...]
    rows: int

    @property
    def leaves(self) -> tuple[int, ...]:
        """The leaves to decode, by number."""
        return tuple(walk.chunk.leaf for walk in self.walks)

    @property
    def size(self) -> int:
        """Stored bytes that decoding will read."""
        return sum(walk.chunk.size for walk in self.walks)

    @property
    def expanded(self) -> int:
        """Bytes of its pages before compression."""
        return sum(walk.expanded for walk in self.walks)

    @property
    def most_values(self) -> int:
        """Values of its longest column, nulls included."""
        return max((walk.chunk.values for walk in self.walks), default=0)

    def only(self, walk: Walk) -> Plan:
        """Return the plan of one of its chunks."""
        return Plan(self.number, (walk,), self.rows)


def is_text_or_bytes(leaf: Leaf) -> bool:
    """Tell whether a column's values are byte arrays that stand for nothing but themselves, or for text."""
    element = leaf.element
    is_decimal = element.get(6) == _CONVERTED_DECIMAL or _LOGICAL_DECIMAL in element.get(10, {})
    return leaf.physical is Physical.BYTE_ARRAY and not is_decimal


def decoded_bytes(leaf: Leaf, places: Iterable[Place]) -> int:
    """Estimate what some pages' values take when decoded, where texts of a dictionary stay the numbers they are."""
    data = [place for place in places if place.role in (Role.INDEXED, Role.PLAIN)]
    values = sum(place.values for place in data)
    if leaf.physical is Physical.FIXED_LEN_BYTE_ARRAY:
        return values * max(1, leaf.length)
    if leaf.physical is not Physical.BYTE_ARRAY:
        return values * _WIDTHS.get(leaf.physical, 8)
    if not is_text_or_bytes(leaf):
        return values * _DECIMAL_BYTES
    return values * 4 + sum(place.expanded for place in data if place.role is Role.PLAIN)


def batches(decoded: int) -> int:
    """Say in how many turns to decode what takes so many bytes."""
    return max(1, -(-decoded // _BATCH_BYTES))


def plain_rows(plan: Plan, leaves: tuple[Leaf, ...], read: Read) -> int:
    """Say how many rows a plain reader may decode at once, which expands every text from its dictionary."""
    typical = sum(decoded_bytes(leaves[walk.chunk.leaf], walk.places) for walk in plan.walks)
    worst = sum(_worst_bytes(walk, leaves[walk.chunk.leaf], read) for walk in plan.walks)
    return max(1, plan.rows // max(batches(typical), -(-worst // _WORST_BYTES)))


def judge_records(walk: Walk, leaf: Leaf, limits: Limits) -> None:
    """Raise PageError for a repeated column whose rows, which cannot be cut, may expand beyond all measure."""
    if leaf.repeats:
        expected = decoded_bytes(leaf, walk.places)
        if expected > _RECORD_BYTES and expected > limits.expansion_ratio * walk.expanded:
            raise PageError("bomb", "a column's rows may expand further than the limit")


def _worst_bytes(walk: Walk, leaf: Leaf, read: Read) -> int:
    """Bound what a chunk takes when decoded: every value that refers to a dictionary may mean its longest entry."""
    expected = decoded_bytes(leaf, walk.places)
    if walk.dictionary is None or not is_text_or_bytes(leaf):
        return expected
    if walk.longest_entry is None:
        walk.longest_entry = longest_entry(walk.dictionary, walk.chunk.codec, read)
    return expected + walk.indexed_values * walk.longest_entry
