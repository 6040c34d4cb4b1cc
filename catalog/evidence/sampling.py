"""Draw a sample from a population so that anybody can draw the same with sha256sum; reads no file and no clock.

Each row is known by ZONE/DATASET_ID@DUE_AT and has a draw: SHA-256 of the seed, a newline and that name, in UTF-8, in
lower-case hex. The rows of the smallest draws are taken. So it does not matter in which order rows come, on which
machine, or what else is in the population.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest

from catalog.evidence.contents import Row
from verifier.errors import UsageError

FORMULA = 'sha256(seed + "\\n" + zone + "/" + dataset_id + "@" + due_at), the smallest are taken'


class By(StrEnum):
    """What a population may be divided by, so that the sample has some of each."""

    STATUS = "status"
    DATASET = "dataset"
    ZONE = "zone"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One row that was taken, its name and its draw."""

    name: str
    draw: str
    row: Row


@dataclass(frozen=True, slots=True)
class Stratum:
    """One part of a population: how many rows it has, and which were taken, in the order of their draws."""

    name: str
    rows: int
    drawn: tuple[Drawn, ...]


def name_of(row: Row) -> str:
    """Return the name of a row of the population."""
    return f"{row['zone']}/{row['dataset_id']}@{row['due_at']}"


def draw_of(seed: str, name: str) -> str:
    """Return the draw of a row by its name."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest()


def draw(rows: Iterable[Row], seed: str, count: int, by: By | None = None) -> list[Stratum]:
    """Take `count` rows, or all where there are fewer; with `by` so many of each part, parts in order of their names.

    Raises `UsageError` for a seed that is empty or of several lines, which no shell would give on.
    """
    if not seed or any(not sign.isprintable() for sign in seed):
        raise UsageError("--seed: expected a text of one line, not empty")
    parts: dict[str, list[Drawn]] = defaultdict(list)
    for row in rows:
        name = name_of(row)
        parts[_part(row, by)].append(Drawn(name, draw_of(seed, name), row))
    return [
        Stratum(part, len(every), tuple(nsmallest(count, every, key=lambda one: (one.draw, one.name))))
        for part, every in sorted(parts.items())
    ]


def _part(row: Row, by: By | None) -> str:
    match by:
        case None:
            return "all"
        case By.STATUS:
            return str(row["status"])
        case By.ZONE:
            return str(row["zone"])
        case By.DATASET:
            return f"{row['zone']}/{row['dataset_id']}"
