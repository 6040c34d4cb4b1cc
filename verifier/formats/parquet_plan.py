"""Decides how a walked row group can be decoded within bounded memory; decodes nothing itself.

A few stored bytes can stand for a great many decoded ones: a run of nulls, or one long dictionary entry used a million
times. Text columns whose pages all use a dictionary are therefore read as dictionaries (which is faster, too), and the
number of rows decoded at once follows from the widths of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_entries import longest_entry
from verifier.formats.parquet_footer import Leaf, Physical
from verifier.formats.parquet_pages import PageError, Read, Walk

_BATCH_BYTES = 12 * MIB
_WORST_BYTES = 64 * MIB
_RECORD_BYTES = 512 * MIB
_WIDTHS = {Physical.BOOLEAN: 1, Physical.INT32: 4, Physical.FLOAT: 4}


@dataclass(frozen=True, slots=True)
class Plan:
    """How to decode one row group: its sound chunks, which leaves of them as dictionaries, how many rows at once."""

    number: int
    walks: tuple[Walk, ...]
    rows: int
    dictionaries: frozenset[int]
    batch_rows: int

    @property
    def leaves(self) -> tuple[int, ...]:
        """The leaves to decode, by number."""
        return tuple(walk.chunk.leaf for walk in self.walks)

    @property
    def size(self) -> int:
        """Stored bytes that decoding will read."""
        return sum(walk.chunk.size for walk in self.walks)


def plan_group(number: int, rows: int, walks: Sequence[Walk], leaves: Sequence[Leaf], read: Read) -> tuple[Plan, ...]:
    """Plan the decoding of a row group's chunks, text as dictionaries where all of a chunk's pages use one.

    Text columns with a few entries of uncommon length come in a plan of their own: they need small batches, and every
    batch of the others carries their dictionaries again.
    """
    usual, uneven = _Share([], 0, 0), _Share([], 0, 0)
    for walk in walks:
        leaf = leaves[walk.chunk.leaf]
        typical, worst = _typical_bytes(walk, leaf), _worst_bytes(walk, leaf, read)
        share = uneven if worst > max(_WORST_BYTES, 2 * typical) and not leaf.repeats else usual
        share.add(walk, typical, worst)
    dictionaries = frozenset(walk.chunk.leaf for walk in walks if _all_by_dictionary(walk, leaves[walk.chunk.leaf]))
    shares = [share for share in (usual, uneven) if share.walks] or [usual]
    return tuple(
        Plan(number, tuple(share.walks), rows, dictionaries.intersection(share.leaves()), share.batch_rows(rows))
        for share in shares
    )


def plan_plainly(plan: Plan, walk: Walk | None, read: Read) -> Plan:
    """Return the same plan, or that of one of its chunks, without dictionaries, as a plain reader reads."""
    walks = plan.walks if walk is None else (walk,)
    indexed = [each for each in walks if each.chunk.leaf in plan.dictionaries]
    worst = sum(each.values * _longest_entry(each, read) for each in indexed)
    rows = min(plan.batch_rows, _Share([], 0, worst).batch_rows(plan.rows))
    return Plan(plan.number, walks, plan.rows, frozenset(), rows)


@dataclass(slots=True)
class _Share:
    """Chunks decoded together, and what they take all at once: typically, and at worst."""

    walks: list[Walk]
    typical: int
    worst: int

    def add(self, walk: Walk, typical: int, worst: int) -> None:
        self.walks.append(walk)
        self.typical += typical
        self.worst += worst

    def leaves(self) -> list[int]:
        return [walk.chunk.leaf for walk in self.walks]

    def batch_rows(self, rows: int) -> int:
        batches = max(-(-self.typical // _BATCH_BYTES), -(-self.worst // _WORST_BYTES), 1)
        return max(1, rows // batches)


def judge_records(walk: Walk, leaf: Leaf, read: Read, limits: Limits) -> None:
    """Raise PageError for a repeated column whose rows, which cannot be cut, may expand beyond all measure."""
    if leaf.repeats:
        expected = _worst_bytes(walk, leaf, read)
        if expected > _RECORD_BYTES and expected > limits.expansion_ratio * walk.expanded:
            raise PageError("bomb", "a column's rows may expand further than the limit")


def _all_by_dictionary(walk: Walk, leaf: Leaf) -> bool:
    if leaf.physical is not Physical.BYTE_ARRAY or walk.dictionary is None:
        return False
    return walk.indexed_values == walk.values


def _typical_bytes(walk: Walk, leaf: Leaf) -> int:
    """Estimate what a chunk takes when decoded, from its dictionary's average where values refer to one."""
    if leaf.physical is Physical.FIXED_LEN_BYTE_ARRAY:
        return walk.values * max(1, leaf.length)
    if leaf.physical is not Physical.BYTE_ARRAY:
        return walk.values * _WIDTHS.get(leaf.physical, 8)
    dictionary = walk.dictionary
    if dictionary is None:
        return walk.values * 4 + walk.plain_bytes
    if _all_by_dictionary(walk, leaf):
        return walk.values * 4 + dictionary.expanded
    average = dictionary.expanded // max(1, dictionary.values)
    return walk.values * 4 + walk.plain_bytes + walk.indexed_values * average


def _worst_bytes(walk: Walk, leaf: Leaf, read: Read) -> int:
    """Bound what a chunk takes when decoded: every value that refers to a dictionary may mean its longest entry."""
    typical = _typical_bytes(walk, leaf)
    if leaf.physical is not Physical.BYTE_ARRAY or walk.dictionary is None or _all_by_dictionary(walk, leaf):
        return typical
    return max(typical, walk.values * 4 + walk.plain_bytes + walk.indexed_values * _longest_entry(walk, read))


def _longest_entry(walk: Walk, read: Read) -> int:
    """Return the length of a dictionary's longest entry, measured once."""
    if walk.dictionary is None:
        return 0
    if walk.longest_entry is None:
        walk.longest_entry = longest_entry(walk.dictionary, walk.chunk.codec, read)
    return walk.longest_entry
