"""What is read again though it has not changed: everything, a sample, what was read long ago, or what a budget allows.

Decides which files; has none read and judges none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from catalog.scope import Scope, narrowed
from catalog.settings.values import parse_size
from catalog.store.database import Catalog
from catalog.store.due import Candidates, Chosen, Place
from catalog.store.reads import SnapshotRead
from catalog.targets import Target
from verifier.engine import Outcome
from verifier.errors import UsageError
from verifier.groups import Group, Key
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind

_HINT = "write all, sample:5 (per cent of the files), older-than:90 (days) or budget:50GiB"


class Mode(StrEnum):
    """How the files to be read again are chosen."""

    ALL = "all"
    SAMPLE = "sample"
    OLDER_THAN = "older-than"
    BUDGET = "budget"


_MOST = {Mode.SAMPLE: 100, Mode.OLDER_THAN: 36_525}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: `amount` is per cent, days or bytes."""

    text: str
    mode: Mode
    amount: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """The look for which files are chosen; a sample is drawn by its id."""

    scan_id: str
    depth: Depth
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverification:
    """The files that are to be read again: `files` and `bytes` of all that stand as recorded in the selected zones.

    `runs` is in how many runs like this every byte is read again, None where that is not known.
    """

    text: str = ""
    takes_all: bool = False
    chosen: Mapping[str, Chosen] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    of_files: int = 0
    of_bytes: int = 0
    runs: int | None = None

    def takes_snapshot(self, zone: str, key: Key) -> bool:
        """Tell whether any file of a snapshot is to be read again."""
        return self.takes_all or (zone in self.chosen and self.chosen[zone].has_snapshot(key))

    def takes_file(self, zone: str, path: str) -> bool:
        """Tell whether a file is to be read again."""
        return self.takes_all or (zone in self.chosen and self.chosen[zone].has_file(path))


NOTHING = Reverification()


def parse_reverify(text: str, depth: Depth) -> Wish:
    """Read what `--reverify` asks for. Raises `UsageError`, also where the depth reads too little for it."""
    name, colon, rest = text.partition(":")
    if name not in set(Mode) or bool(colon) == (name == Mode.ALL):
        raise UsageError(f"--reverify: expected a way to choose files, got {text!r}", hint=_HINT)
    mode = Mode(name)
    if depth is Depth.LIST:
        raise UsageError("--reverify reads files again, which depth list does not", hint="leave out one of them")
    if mode is Mode.BUDGET and depth is not Depth.FULL:
        raise UsageError("--reverify budget: counts whole files", hint="leave out --depth")
    return Wish(text, mode, _amount(mode, rest, text))


def _amount(mode: Mode, rest: str, text: str) -> Fraction:
    try:
        if mode is Mode.BUDGET:
            return Fraction(parse_size(int(rest) if rest.isdecimal() else rest))
        amount = Fraction(rest or 0)
        is_fine = mode is Mode.ALL or 0 < amount <= _MOST[mode]
    except (ValueError, ZeroDivisionError):
        is_fine = False
    if not is_fine:
        raise UsageError(f"--reverify: expected a way to choose files, got {text!r}", hint=_HINT)
    return amount


def plan_reverification(
    wish: Wish | None, catalog: Catalog, targets: Iterable[Target], scope: Scope, occasion: Occasion
) -> Reverification:
    """Choose, by the catalog, which files of some zones are to be read again beside those that have to be anyway."""
    if wish is None:
        return NOTHING
    if not catalog.exists:
        return Reverification(text=wish.text, runs=0 if wish.mode is Mode.BUDGET else None)
    with catalog.read() as connection:
        candidates = Candidates(connection, [_place(t, scope) for t in targets], occasion.depth, occasion.scan_id)
        of_files, of_bytes = candidates.sums()
        if wish.mode is Mode.ALL:
            return Reverification(
                text=wish.text, takes_all=True, files=of_files, bytes=of_bytes, of_files=of_files, of_bytes=of_bytes
            )
        count, runs = _count(wish, candidates, of_files, occasion.now)
        chosen, size = candidates.take(count, by_lot=wish.mode is Mode.SAMPLE)
    return Reverification(
        text=wish.text, chosen=chosen, files=count, bytes=size, of_files=of_files, of_bytes=of_bytes, runs=runs
    )


def _place(target: Target, scope: Scope) -> Place:
    """Where only some folder is listed, a snapshot that has files outside of it cannot be read again."""
    here = narrowed(scope, target.layout, target.prefix)
    return Place(target.zone, here, target.prefix if here.is_partial else "")


def _count(wish: Wish, candidates: Candidates, of_files: int, now: datetime) -> tuple[int, int | None]:
    if wish.mode is Mode.SAMPLE:
        return min(of_files, max(1, math.ceil(of_files * wish.amount / 100))), None
    if wish.mode is Mode.OLDER_THAN:
        return candidates.older_than(now - timedelta(days=float(wish.amount))), None
    return share_out(candidates.sizes(), int(wish.amount))


def share_out(sizes: Sequence[int], budget: int) -> tuple[int, int]:
    """Return how many files the first run takes and how many runs it takes for all, each of at least one file.

    A run takes files in their order as long as they fit, so that none is passed over for ever.
    """
    first, runs, left = 0, 0, 0
    for number, size in enumerate(sizes):
        if runs == 0 or size > left:
            first = number if runs == 1 else first
            runs, left = runs + 1, budget
        left -= size
    return (first if runs > 1 else len(sizes)), runs


def read_in_full(group: Group, outcomes: Mapping[str, Outcome]) -> SnapshotRead | None:
    """Return which files of a snapshot were read in full just now, by their outcomes; None where no data was."""
    read = [
        path
        for path, outcome in outcomes.items()
        if outcome.report.looked and outcome.report.depth is Depth.FULL and outcome.report.content.sha256
    ]
    if all(kind_by_name(path) is FileKind.MANIFEST for path in read):
        return None
    present = {file.path for file in (*group.files, *group.loose_manifests)}
    return SnapshotRead(group.id, None if present <= set(read) else tuple(read))
