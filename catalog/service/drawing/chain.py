"""A chain as links side by side: from its exports and gaps to boxes; which exports it takes is not its business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 960, 44
GAP = 4
_LEAST = 30
_MOST_LINKS = 24


@dataclass(frozen=True, slots=True)
class Link:
    """Exports in a row that are the same to a chain: `kind` is full, increment, gap, lost or pending."""

    kind: str
    count: int
    first: datetime
    last: datetime
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """One link drawn."""

    x: float
    width: float
    link: Link


def links_of(exports: Iterable[tuple[datetime, str, str]]) -> list[Link]:
    """Return the links of exports, each a moment, a kind and a word (why it is a gap), in order of time."""
    found: list[Link] = []
    for at, kind, word in sorted(exports, key=lambda one: one[0]):
        words = (word,) if word else ()
        if found and found[-1].kind == kind and kind != "full":
            known = found[-1]
            told = (*known.words, *(w for w in words if w not in known.words))
            found[-1] = Link(kind, known.count + 1, known.first, at, told)
        else:
            found.append(Link(kind, 1, at, at, words))
    return found


def draw_chain(links: Sequence[Link]) -> list[Box]:
    """Return the boxes of the newest links: each has some room, and what is left goes by how many it stands for."""
    shown = links[-_MOST_LINKS:]
    if not shown:
        return []
    room = WIDTH - GAP * (len(shown) - 1) - _LEAST * len(shown)
    # A gap counts more than it is long: it is what is looked for.
    weights = [one.count**0.5 * (2 if one.kind in ("gap", "full") else 1) for one in shown]
    total = sum(weights)
    found, x = [], 0.0
    for one, weight in zip(shown, weights, strict=True):
        width = _LEAST + room * weight / total
        found.append(Box(round(x, 1), round(width, 1), one))
        x += width + GAP
    return found
