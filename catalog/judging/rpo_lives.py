"""Say when a snapshot was at a place, and what it was worth then, from all that was ever recorded of it.

Pure. What was read later tells of the bytes since they landed, as far as nothing says that they changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from itertools import pairwise

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, ChainQuestion, GapReason, Holding, Mode
from catalog.judging.rpo_values import Revision, Stay
from verifier.model import Presence, Verdict

_OPEN = (Verdict.ARRIVING, Verdict.UNKNOWN, Verdict.UNVERIFIABLE)


class _Worth(Enum):
    GOOD = auto()
    BAD = auto()
    OPEN = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A recorded state and what it counts for."""

    revision: Revision
    worth: _Worth

    @property
    def hoped(self) -> Holding | None:
        """The snapshot, where it may have been good while nobody knew."""
        return self.revision.holding if self.worth in (_Worth.GOOD, _Worth.OPEN) else None


@dataclass(frozen=True, slots=True)
class _Turn:
    """From one state to the next: the first is known to its beginning, the next from its end, nothing in between.

    `hoped` is the snapshot that may have been good in between. A moment is None where there is no end.
    """

    begins_at: datetime | None
    ends_at: datetime | None
    hoped: Holding | None = None


def stays_of(revisions: Sequence[Revision], question: ChainQuestion, looks: Sequence[datetime]) -> tuple[Stay, ...]:
    """Return the stays of one snapshot at one place, in order of time and without overlap.

    `revisions` come in the order in which they were recorded, `looks` are the starts of the complete listings of that
    place, in order. What changed between two of them is unknown in between, unless the store's clock tells when.
    """
    kept = _lasting([_Weighed(r, _worth(r.holding, question)) for r in revisions])
    if not kept:
        return ()
    turns = [_first(kept[0]), *(_turn(a, b, looks) for a, b in pairwise(kept)), _last(kept[-1], looks)]
    stays: list[Stay] = []
    for (before, after), one in zip(pairwise(turns), kept, strict=True):
        stays += _doubtful(before)
        if one.worth is not _Worth.GONE:
            stays += _stay(one.revision.holding, before.ends_at, after.begins_at, is_known=one.worth is not _Worth.OPEN)
    return (*stays, *_doubtful(turns[-1]))


def _worth(holding: Holding, question: ChainQuestion) -> _Worth:
    """Ask the rule of chains whether a snapshot counts, as if it stood alone."""
    if holding.presence is not Presence.PRESENT:
        return _Worth.GONE
    alone = replace(question, mode=Mode.FULL, as_of=holding.id.export_at)
    chain = judge_chain(alone, [Attempt(here=holding)])
    if chain.recovers_to is not None:
        return _Worth.GOOD
    is_shallow = any(g.reason is GapReason.SHALLOW for g in chain.gaps)
    return _Worth.OPEN if is_shallow or holding.verdict in _OPEN else _Worth.BAD


def _lasting(weighed: Sequence[_Weighed]) -> list[_Weighed]:
    """Leave out what a later look at the same bytes, or at the rest of them, has put right."""
    kept: list[_Weighed] = []
    was_good = False
    for index, one in enumerate(weighed):
        following = weighed[index + 1] if index + 1 < len(weighed) else None
        if one.worth is _Worth.GOOD:
            was_good = True
        elif one.worth is not _Worth.GONE and following is not None and following.worth is not _Worth.GONE:
            landed_at = following.revision.landed_at
            if not was_good or landed_at is None or landed_at <= one.revision.recorded_at:
                continue
        kept.append(one)
    return kept


def _first(one: _Weighed) -> _Turn:
    landed_at, holding = one.revision.landed_at, one.revision.holding
    return _Turn(landed_at or holding.id.export_at, landed_at or one.revision.recorded_at, one.hoped)


def _last(one: _Weighed, looks: Sequence[datetime]) -> _Turn:
    """What stands is taken to be there still, until its zone deletes it by itself, unless a look saw it later."""
    deleted_at = one.revision.holding.deleted_at
    if deleted_at is None:
        return _Turn(None, None)
    return _Turn(max(deleted_at, one.revision.recorded_at, *looks[-1:]), None, one.hoped)


def _turn(before: _Weighed, after: _Weighed, looks: Sequence[datetime]) -> _Turn:
    old, new = before.revision, after.revision
    if after.worth is _Worth.GONE:
        return _Turn(_last_seen(old, new, looks), new.recorded_at, before.hoped)
    if new.landed_at is not None and new.landed_at > old.recorded_at:
        return _Turn(new.landed_at, new.landed_at)
    if before.worth is _Worth.GONE:
        return _Turn(old.recorded_at, new.recorded_at, after.hoped)
    if before.worth is after.worth or before.worth is not _Worth.GOOD:
        return _Turn(new.recorded_at, new.recorded_at)
    # A listing shows that files are gone; what bytes are, nobody knows until they are read again.
    is_listed = new.holding.verdict is Verdict.INCOMPLETE
    begins_at = _last_seen(old, new, looks) if is_listed else old.recorded_at
    return _Turn(begins_at, new.recorded_at, before.hoped)


def _last_seen(old: Revision, new: Revision, looks: Sequence[datetime]) -> datetime:
    """Return the last moment at which the old state is known to have stood."""
    index = bisect_left(looks, new.listed_at)
    seen_at = max(old.recorded_at, looks[index - 1]) if index else old.recorded_at
    if new.holding.presence is Presence.EXPIRED and old.holding.deleted_at is not None:
        return max(seen_at, min(old.holding.deleted_at, new.recorded_at))
    return seen_at


def _doubtful(turn: _Turn) -> Iterable[Stay]:
    return _stay(turn.hoped, turn.begins_at, turn.ends_at, is_known=False) if turn.hoped is not None else ()


def _stay(holding: Holding, starts_at: datetime | None, ends_at: datetime | None, *, is_known: bool) -> Iterable[Stay]:
    """Yield a stay, if it lasts; nothing of a snapshot is there before its export time."""
    if starts_at is None:
        return
    begins_at = max(starts_at, holding.id.export_at)
    if ends_at is None or begins_at < ends_at:
        yield Stay(holding, begins_at, ends_at, is_known)
