"""Judge for how long a complete chain was no older than its objective; not what was recorded, nor where files are.

Pure, and exact: what could be recovered changes only where a snapshot comes, goes or is judged anew, so that it is
judged there and nowhere else. Everything is judged twice, with what nobody knows taken for the worst and for the best:
met is what holds in the worst case, missed what does in the best, and all else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise

from catalog.judging.chain_values import ChainSlot
from catalog.judging.rpo_steps import Step, steps_of, sweeps, why_of
from catalog.judging.rpo_values import Cause, Life, RpoJudgement, RpoQuestion, State, Stretch, Why, Worst
from catalog.schedule import shift


def judge_rpo(question: RpoQuestion, lives: Iterable[Life], slots: Iterable[ChainSlot]) -> RpoJudgement:
    """Judge one dataset: `lives` are all its known snapshots, `slots` all that its schedules promised since the first.

    Their order is of no account. The stretches cover the time asked about without a gap.
    """
    steps = steps_of(question, lives, slots)
    every = [stretch for piece in _pieces(question, steps) for stretch in _stretches(question, piece)]
    return RpoJudgement(tuple(_joined(every)), _worst(every))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A time in which nothing changes: what could be recovered for certain and at best, and what came after that.

    Before anybody looked, all may have been there up to then (`is_unseen`).
    """

    starts_at: datetime
    ends_at: datetime
    certain: datetime | None
    certain_end: Step | None
    best: datetime | None
    best_end: Step | None
    is_unseen: bool


def _pieces(question: RpoQuestion, steps: Sequence[Step]) -> Iterator[_Piece]:
    """Yield the pieces in order, none of them empty."""
    certain, hoped = sweeps(question, steps)
    first_at = steps[0].at if steps else question.until
    looked_at = question.looks[0] if question.looks else question.until
    moments = {question.since, question.until, first_at, looked_at, *certain.moments, *hoped.moments}
    for starts_at, ends_at in pairwise(sorted(m for m in moments if question.since <= m <= question.until)):
        low, high = certain.at(starts_at), hoped.at(starts_at)
        best = max((r.recovers_to for r in (low, high) if r.recovers_to is not None), default=None)
        is_unseen = starts_at < looked_at and (best is None or best < first_at)
        if is_unseen:
            best = min(ends_at, first_at)
        ends = [None if r.end is None else steps[r.end] for r in (low, high)]
        yield _Piece(starts_at, ends_at, low.recovers_to, ends[0], best, ends[1], is_unseen)


def _stretches(question: RpoQuestion, piece: _Piece) -> Iterator[Stretch]:
    """Cut a piece where what could be recovered grows too old."""
    met_to, open_to = (_old_at(question, piece, newest) for newest in (piece.certain, piece.best))
    parts = (
        (piece.starts_at, met_to, State.MET),
        (met_to, open_to, State.UNKNOWN),
        (open_to, piece.ends_at, State.MISSED),
    )
    for starts_at, ends_at, state in parts:
        if starts_at < ends_at:
            is_missed = state is State.MISSED
            end = piece.best_end if is_missed else piece.certain_end
            is_unseen = piece.is_unseen and state is State.UNKNOWN
            yield Stretch(
                starts_at=starts_at,
                ends_at=ends_at,
                state=state,
                recovers_to=piece.certain,
                why=Why(Cause.UNSEEN) if is_unseen else why_of(question, end, starts_at, is_hopeful=is_missed),
            )


def _old_at(question: RpoQuestion, piece: _Piece, newest: datetime | None) -> datetime:
    """Return when what could be recovered was as old as the objective allows, held inside the piece."""
    if newest is None:
        return piece.starts_at
    return min(max(shift(newest, question.objective), piece.starts_at), piece.ends_at)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Join neighbours of one state and one reason; of time without any chain the first reason counts."""
    joined: Stretch | None = None
    for stretch in stretches:
        one = replace(stretch, why=None) if stretch.state is State.MET else stretch
        if joined is None:
            joined = one
            continue
        has_none = joined.recovers_to is None and one.recovers_to is None
        if joined.state is one.state and (joined.why == one.why or (has_none and one.state is State.MISSED)):
            joined = replace(one, starts_at=joined.starts_at, why=joined.why)
        else:
            yield joined
            joined = one
    if joined is not None:
        yield joined


def _worst(stretches: Iterable[Stretch]) -> Worst | None:
    """Return the worst of the time that is known: the longest without any chain, else the greatest age of one."""
    known = [s for s in stretches if s.state is not State.UNKNOWN]
    total = _longest_without(stretches)
    if total is not None or not known:
        return total
    worst = max(known, key=lambda s: s.exposure or s.ends_at - s.starts_at)
    return Worst(worst.recovers_to or worst.starts_at, worst.ends_at, is_total=False, why=worst.why)


def _longest_without(stretches: Iterable[Stretch]) -> Worst | None:
    runs = groupby(stretches, key=lambda s: s.state is State.MISSED and s.recovers_to is None)
    lost = [list(run) for is_lost, run in runs if is_lost]
    if not lost:
        return None
    longest = max(lost, key=lambda run: run[-1].ends_at - run[0].starts_at)
    return Worst(longest[0].starts_at, longest[-1].ends_at, is_total=True, why=longest[0].why)
