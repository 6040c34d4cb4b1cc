"""Judge at many moments whether a restore to each is possible: the states of chains, not what they are made of.

Pure, and the same as `judge_chain` says of each moment; it is asked of no more than what can make a difference then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, Chain, ChainQuestion, ChainSlot, ChainState, GapReason, Mode
from catalog.judging.values import SlotStatus
from catalog.schedule import shift

_USUAL_LAG = timedelta(days=1)
"""What is tried that long after it was due is looked for among all; the rest is found near the moment."""
_WINDOW = _USUAL_LAG + timedelta(days=1)
_GROWS = 8


@dataclass(slots=True)
class _Step:
    """One export, promised or there; `settled_at` is the last export time of all that was tried at it."""

    at: datetime
    settled_at: datetime
    slots: list[ChainSlot] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)


def judge_days(
    question: ChainQuestion, attempts: Iterable[Attempt], slots: Iterable[ChainSlot], moments: Sequence[datetime]
) -> list[ChainState | None]:
    """Return the state of the chain to each moment, None where nothing was exported or promised by then."""
    steps = _steps(attempts, slots)
    judge = _fulls if question.mode is Mode.FULL else _increments
    return judge(question, steps, moments)


def _steps(attempts: Iterable[Attempt], slots: Iterable[ChainSlot]) -> list[_Step]:
    found: dict[datetime, _Step] = {}
    for slot in slots:
        if slot.status is not SlotStatus.NOT_DUE:
            found.setdefault(slot.due_at, _Step(slot.due_at, slot.due_at)).slots.append(slot)
    for attempt in attempts:
        step = found.setdefault(attempt.at, _Step(attempt.at, attempt.at))
        step.attempts.append(attempt)
        step.settled_at = max(step.settled_at, attempt.export_at)
    return [found[at] for at in sorted(found)]


def _judged(question: ChainQuestion, at: datetime, steps: Sequence[_Step]) -> Chain:
    attempts = [a for step in steps for a in step.attempts]
    return judge_chain(replace(question, as_of=at), attempts, [s for step in steps for s in step.slots])


def _is_anything(steps: Sequence[_Step], at: datetime) -> bool:
    return any(s.at <= at for s in steps[:1]) or any(a.export_at <= at for s in steps for a in s.attempts)


def _fulls(question: ChainQuestion, steps: Sequence[_Step], moments: Sequence[datetime]) -> list[ChainState | None]:
    """Each full is a base: what is before the newest that counts makes no difference, if it counts that early."""
    found: list[ChainState | None] = []
    for at in moments:
        length, chain = _WINDOW, None
        while chain is None:
            since = _before(at, length)
            near = [s for s in steps if s.settled_at >= since] if since else list(steps)
            near = [s for s in near if s.at <= at or any(a.export_at <= at for a in s.attempts)]
            judged = _judged(question, at, near)
            base = judged.members[0].attempt.export_at if judged.members else None
            if since is None or (base is not None and base >= since) or len(near) == len(steps):
                chain = judged
            length *= _GROWS
        found.append(chain.state if _is_anything(steps, at) else None)
    return found


def _before(at: datetime, length: timedelta) -> datetime | None:
    """Return a moment that long before another one, None where the calendar begins later."""
    try:
        return at - length if length < timedelta(days=20_000) else None
    except OverflowError:
        return None


def _increments(
    question: ChainQuestion, steps: Sequence[_Step], moments: Sequence[datetime]
) -> list[ChainState | None]:
    """A full begins a stretch; inside one a step that nothing came to later is the same at every later moment."""
    stretches = _stretches(question, steps)
    found: list[ChainState | None] = []
    for at in moments:
        state: ChainState | None = None
        for i in reversed(range(len(stretches))):
            if stretches[i].begin.at > at and not any(a.export_at <= at for a in stretches[i].begin.attempts):
                continue
            state = _judged(question, at, [s for one in stretches[i:] for s in one.near(at)]).state
            if state is not ChainState.BROKEN:
                break
        is_none = state is None and not _is_anything(steps, at)
        found.append(None if is_none else state or ChainState.BROKEN)
    return found


def _stretches(question: ChainQuestion, steps: Sequence[_Step]) -> list[_Stretch]:
    """Return the steps from each that may be a full: what starts a flow, and the first that came."""
    starts = set(question.flow_starts)
    first = next((i for i, s in enumerate(steps) if s.attempts), None)
    bases = [i for i, s in enumerate(steps) if s.at in starts or i == first]
    return [_Stretch(question, steps[base:end]) for base, end in zip(bases, [*bases[1:], len(steps)], strict=False)]


class _Stretch:
    """The steps from one that may be a full to before the next; judged as a whole when it is first asked about."""

    def __init__(self, question: ChainQuestion, steps: Sequence[_Step]) -> None:
        self._question, self._steps = question, steps
        self._slow = [i for i, s in enumerate(steps) if s.settled_at - s.at > _USUAL_LAG]
        self._spoiled: dict[datetime, GapReason] | None = None

    @property
    def begin(self) -> _Step:
        """The step that may be a full."""
        return self._steps[0]

    def near(self, at: datetime) -> list[_Step]:
        """Return the steps by which the state at a moment can be told.

        Of those that were settled long before: the first itself, the first that is not covered, all that are still
        waited for, and the last one that is covered, before which nothing counts as still to come.
        """
        since, steps = _before(at, _WINDOW) or at, self._steps
        begin = bisect_left(steps, since, key=lambda s: s.at)
        end = bisect_right(steps, at, key=lambda s: s.at)
        kept = {0, *(i for i in self._slow if i < begin), *range(begin, end)}
        early_birds = range(end, bisect_right(steps, shift(at, _USUAL_LAG), key=lambda s: s.at))
        kept |= {i for i in early_birds if any(a.export_at <= at for a in steps[i].attempts)}
        if begin > 1:
            spoiled = self._spoils()
            early = [i for i in range(1, begin) if steps[i].at in spoiled]
            kept |= {i for i in early if spoiled[steps[i].at] is GapReason.WAITING} | set(early[:1])
            kept |= set(next(([i] for i in reversed(range(1, begin)) if steps[i].at not in spoiled), ()))
        return [steps[i] for i in sorted(kept)]

    def _spoils(self) -> dict[datetime, GapReason]:
        """Return the steps that are not covered by all that ever came, and why."""
        if self._spoiled is None:
            latest = max(self._question.as_of, *(s.settled_at for s in self._steps))
            chain = _judged(replace(self._question, accepts_gaps=True), latest, self._steps)
            self._spoiled = {g.due_at: g.reason for g in (*chain.gaps, *chain.pending)}
        return self._spoiled
