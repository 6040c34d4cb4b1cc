"""Which of a zone's recorded snapshots a listing shows and which it does not; holds no more of each than that takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from catalog.scope import Scope
from catalog.store.known import Mark
from verifier.groups import Groups, Key
from verifier.model import Presence

_STRETCH = 4096
"""How many snapshots are dealt with at once, so that what is known of them in full may be forgotten again."""


@dataclass(slots=True)
class Census:
    """What of a zone is recorded; `files` counts those that have not expired.

    `datasets` counts the snapshots of each dataset. `gone` are those that are to be judged though they are not listed:
    neither expired, which was told, nor gone before they had settled.
    """

    scope: Scope
    files: int = 0
    datasets: Counter[str] = field(default_factory=Counter)
    gone: list[Key] = field(default_factory=list)
    _listed: dict[Key, bytes | None] = field(default_factory=dict)
    _absent: dict[Key, tuple[bytes, int]] = field(default_factory=dict)

    def add(self, mark: Mark, groups: Groups) -> None:
        """Take in one recorded snapshot, by the groups of a complete listing."""
        key, presence = mark.key, mark.presence
        is_present = presence is not Presence.EXPIRED
        self.datasets[key[0]] += 1
        self.files += mark.files if is_present else 0
        if not self.scope.selects(key):
            return
        if key in groups:
            self._listed[key] = bytes.fromhex(mark.listing_digest) if is_present else None
        elif is_present and not self.scope.is_partial:
            self._absent[key] = (bytes.fromhex(mark.listing_digest), mark.files)
            if presence is not Presence.VANISHED or mark.is_settled:
                self.gone.append(key)

    def is_new(self, key: Key) -> bool:
        """Tell whether a listed snapshot was never recorded."""
        return key not in self._listed

    def differing(self, groups: Groups) -> Iterator[tuple[Key, int]]:
        """Yield the unexpired snapshots whose listing is another than the recorded one, with about how many files.

        Asked once the gone ones are in the groups.
        """
        for key, digest in self._listed.items():
            if digest is not None and groups.digest(key) != digest:
                yield key, groups.sums(key).files
        for key, (digest, files) in self._absent.items():
            if key not in groups or groups.digest(key) != digest:
                yield key, files

    def stretches(self, keys: Sequence[Key]) -> Iterator[list[Key]]:
        """Cut keys, which are in order of dataset, into pieces of whole datasets, of some thousand snapshots each."""
        stretch: list[Key] = []
        listed = Counter(dataset for dataset, _ in keys)
        weight, dataset = 0, None
        for key in keys:
            if key[0] != dataset:
                dataset = key[0]
                own = max(self.datasets[dataset], listed[dataset])
                if weight + own > _STRETCH and stretch:
                    yield stretch
                    stretch, weight = [], 0
                weight += own
            stretch.append(key)
        if stretch:
            yield stretch


_T = TypeVar("_T")


def cut(items: Iterable[_T], weight: Callable[[_T], int], most: int) -> Iterator[list[_T]]:
    """Cut items into lists that weigh little more than `most`."""
    chunk: list[_T] = []
    heavy = 0
    for item in items:
        chunk.append(item)
        heavy += weight(item)
        if heavy >= most:
            yield chunk
            chunk, heavy = [], 0
    if chunk:
        yield chunk
