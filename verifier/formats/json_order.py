"""Find an order of keys that agrees with that of the objects they were seen in; not which keys there are."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

_MOST_PAIRS = 50_000


class KeyOrder:
    """The keys seen so far, each once.

    Writers keep to one order and leave keys out, so that no single object shows all of it, but the pairs of neighbours
    in many do.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], None] = {}
        self._seen: dict[str, None] = {}

    def note(self, keys: Iterable[str]) -> None:
        """Take the keys of one object."""
        seen = list(keys)
        self._seen.update(dict.fromkeys(seen))
        if len(self._pairs) < _MOST_PAIRS:
            self._pairs.update(dict.fromkeys(pairwise(seen)))

    def keys(self) -> list[str]:
        """Return all keys, none before one that it always came after; as first seen where objects contradict that."""
        sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(self._seen, ()))
        for before, after in self._pairs:
            sorter.add(after, before)
        try:
            return list(sorter.static_order())
        except CycleError:
            return list(self._seen)
