"""Follow the exports of one dataset through time: which of them counted when, and how far a chain of them reached.

Pure, a part of `rpo`. Whether an export counts is asked of `chain`, one at a time, as if a full had come before it: so
every moment has the answer that a restore planned then would have had.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot, Holding, Mode
from catalog.judging.rpo_values import Cause, Life, RpoQuestion, Stay, Why
from catalog.judging.values import SlotStatus
from catalog.schedule import shift
from verifier.model import Depth, Presence, SnapshotId, Verdict

_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_FULL_BEFORE = Attempt(
    here=Holding(
        id=SnapshotId("", "", "00010101000000"), verdict=Verdict.GOOD, depth=Depth.FULL, checked=1, files=1, bytes=0
    )
)
_CAUSES = {
    SlotStatus.MISSING: Cause.MISSING,
    SlotStatus.PAUSED: Cause.PAUSED,
    SlotStatus.WAITING: Cause.WAITING,
}


@dataclass(slots=True)
class Step:
    """One export, promised or there; `hoped` is the time in which it may have been there unseen."""

    at: datetime
    slot: ChainSlot | None = None
    lives: list[Life] = field(default_factory=list)
    is_full: bool = False
    hoped: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """What could be recovered from `starts_at` on, and the index of the step that the chain ended before, if any."""

    starts_at: datetime
    recovers_to: datetime | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far the chain reached at any moment."""

    reaches: tuple[Reach, ...]

    @property
    def moments(self) -> Iterable[datetime]:
        """When that changed."""
        return (r.starts_at for r in self.reaches)

    def at(self, moment: datetime) -> Reach:
        """Return how far it reached at a moment."""
        return self.reaches[bisect_right(self.reaches, moment, key=lambda r: r.starts_at) - 1]


def steps_of(question: RpoQuestion, lives: Iterable[Life], slots: Iterable[ChainSlot]) -> list[Step]:
    """Bring slots and snapshots together, in order, as `judge_chain` does; what is not due yet is left out."""
    chain = question.chain
    steps = {s.due_at: Step(s.due_at, s) for s in slots if s.status is not SlotStatus.NOT_DUE}
    for life in lives:
        steps.setdefault(life.attempt.at, Step(life.attempt.at)).lives.append(life)
    ordered = [steps[at] for at in sorted(steps)]
    starts = set(chain.flow_starts)
    first_at = min((s.at for s in ordered if s.lives), default=_NEVER)
    for step in ordered:
        is_open = step.slot is not None and not step.slot.is_proven_empty and not step.lives
        step.hoped = _hoped(step, question) if is_open else None
        # Of a flow whose start nobody knows, the first that came is the best guess; or what may have come before it.
        is_first = step.at <= first_at and bool(step.lives or step.hoped)
        is_guessed = is_first and not any(start <= step.at for start in starts)
        step.is_full = chain.mode is Mode.FULL or step.at in starts or is_guessed
    return ordered


def _hoped(step: Step, question: RpoQuestion) -> tuple[datetime, datetime] | None:
    """Return when an export of which nothing is known may have been there all the same.

    After the newest look, where none has proved that it did not come. What a zone deletes by itself may have come and
    gone where nobody looked while it would have been there.
    """
    looks, deadline = question.looks, shift(step.at, question.grace)
    index = bisect_right(looks, deadline)
    is_looked_at = index < len(looks)
    if not is_looked_at:
        return max([step.at, *looks[-1:]]), _NEVER
    if question.lifetime is not None and looks[index] > (gone_at := shift(step.at, question.lifetime)):
        seen_at = looks[index - 1] if index else step.at
        return (max(step.at, seen_at), gone_at) if seen_at < gone_at else None
    return None


def sweeps(question: RpoQuestion, steps: Sequence[Step]) -> tuple[Sweep, Sweep]:
    """Return how far the chain reached, from ever on: with what nobody knows taken for the worst, and for the best."""
    alone = _alone(question.chain)
    certain = [[] if is_blind(question, step) else list(_changes(step, alone, is_hopeful=False)) for step in steps]
    hoped = [
        changes if _is_known(question, step) else list(_changes(step, alone, is_hopeful=True))
        for step, changes in zip(steps, certain, strict=True)
    ]
    return _swept(steps, certain), _swept(steps, hoped)


def is_blind(question: RpoQuestion, step: Step) -> bool:
    """Without a schedule nobody knows whether an increment is the next one; a full needs none before it."""
    return not question.has_schedule and not step.is_full


def _is_known(question: RpoQuestion, step: Step) -> bool:
    is_certain = step.hoped is None and all(s.is_known for life in step.lives for s in life.every_stay)
    return is_certain and not is_blind(question, step)


def _swept(steps: Sequence[Step], changes: Sequence[Sequence[_Change]]) -> Sweep:
    front = _Front(steps)
    reaches = [front.reach(_EVER)]
    for change, index in sorted((change, index) for index, of_step in enumerate(changes) for change in of_step):
        front.change(index, change)
        reach = front.reach(change.starts_at)
        if reaches[-1].starts_at == change.starts_at:
            reaches.pop()
        reaches.append(reach)
    return Sweep(tuple(reaches))


@dataclass(frozen=True, slots=True, order=True)
class _Change:
    """From a moment on a step reaches to `covers_to`, None where nothing of it counts."""

    starts_at: datetime
    covers_to: datetime | None = field(compare=False)
    is_member: bool = field(compare=False)


def _changes(step: Step, alone: ChainQuestion, *, is_hopeful: bool) -> Iterator[_Change]:
    """Yield what a step comes to whenever one of its snapshots comes or goes, or is judged anew."""
    if step.hoped is not None and is_hopeful:
        starts_at, ends_at = step.hoped
        yield _Change(starts_at, step.at, is_member=True)
        yield _Change(ends_at, *_covers(step, [], alone))
        return
    stays = [s for life in step.lives for s in life.every_stay if is_hopeful or s.is_known]
    moments = {m for s in stays for m in (s.starts_at, s.ends_at) if m is not None}
    if step.slot is not None and step.slot.is_proven_empty:
        moments |= {step.at, *(life.attempt.export_at for life in step.lives)}
    for moment in sorted(moments):
        attempts = [a for life in step.lives if (a := _attempt(life, moment, is_hopeful=is_hopeful)) is not None]
        yield _Change(moment, *_covers(step, attempts, alone))


def _alone(question: ChainQuestion) -> ChainQuestion:
    """Return what is asked of a single export, which comes after a full."""
    starts = () if question.mode is Mode.FULL else (_FULL_BEFORE.at,)
    return replace(question, as_of=_NEVER, accepts_gaps=False, flow_starts=starts)


def _covers(step: Step, attempts: Sequence[Attempt], alone: ChainQuestion) -> tuple[datetime | None, bool]:
    """Return how far a step reaches by what is there of it, and whether by a snapshot; by the rules of chains."""
    chain = judge_chain(alone, [_FULL_BEFORE, *attempts], [step.slot] if step.slot is not None else ())
    is_member = any(m.attempt is not _FULL_BEFORE for m in chain.members)
    return (None if chain.recovers_to == _FULL_BEFORE.at else chain.recovers_to), is_member


def _attempt(life: Life, moment: datetime, *, is_hopeful: bool) -> Attempt | None:
    """Return a snapshot as it was at a moment, gone where it was at no place; None before it was exported."""
    if moment < life.attempt.export_at:
        return None
    here = _held(life.stays, moment, is_hopeful=is_hopeful)
    copies = [
        replace(c.copy, there=there)
        for c in life.copies
        if (there := _held(c.stays, moment, is_hopeful=is_hopeful)) is not None
    ]
    gone = replace(life.attempt.here, presence=Presence.VANISHED)
    return replace(life.attempt, here=here or gone, copies=tuple(copies))


def _held(stays: Iterable[Stay], moment: datetime, *, is_hopeful: bool) -> Holding | None:
    """Return a snapshot as it was at one place; hoping, what nobody knows is taken for good."""
    stay = next((s for s in stays if s.covers(moment)), None)
    if stay is None or not (stay.is_known or is_hopeful):
        return None
    if stay.is_known:
        return stay.holding
    files = max(stay.holding.files, 1)
    return replace(stay.holding, verdict=Verdict.GOOD, depth=Depth.FULL, files=files, checked=files)


class _Front:
    """The steps that count at a moment, kept so that the end of the chain is found without going through all."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._covers_to: list[datetime | None] = [None] * len(steps)
        self._open = list(range(len(steps)))
        self._bases: list[int] = []
        self._fulls = [i for i, step in enumerate(steps) if step.is_full]

    def change(self, index: int, change: _Change) -> None:
        """Take in what a step comes to now."""
        self._covers_to[index] = change.covers_to
        _keep(self._open, index, is_in=change.covers_to is None)
        _keep(self._bases, index, is_in=change.is_member and self._steps[index].is_full)

    def reach(self, moment: datetime) -> Reach:
        """Return how far the chain reaches: from the newest usable full up to the first step that does not count.

        What fills an earlier step was exported earlier, so that the last step before the end reaches furthest. Without
        a usable full the newest that was due is what it ends before.
        """
        if not self._bases:
            due = bisect_right(self._fulls, moment, key=lambda i: self._steps[i].at)
            return Reach(moment, None, self._fulls[max(due - 1, 0)] if self._fulls else None)
        place = bisect_left(self._open, self._bases[-1])
        end = self._open[place] if place < len(self._open) else None
        return Reach(moment, self._covers_to[(len(self._steps) if end is None else end) - 1], end)


def _keep(indices: list[int], index: int, *, is_in: bool) -> None:
    place = bisect_left(indices, index)
    is_there = place < len(indices) and indices[place] == index
    if is_in and not is_there:
        insort(indices, index)
    elif is_there and not is_in:
        del indices[place]


def why_of(question: RpoQuestion, step: Step | None, moment: datetime, *, is_hopeful: bool) -> Why:
    """Say what was wrong, at a moment, with the step that a chain ended before; None where none came after it."""
    if step is None:
        return Why(Cause.NONE_DUE)
    if not is_hopeful and is_blind(question, step):
        return Why(Cause.NO_SCHEDULE, step.at)
    if not step.lives:
        is_open = step.hoped is not None and not is_hopeful
        cause = _CAUSES.get(step.slot.status, Cause.UNKNOWN) if step.slot is not None else Cause.UNKNOWN
        return Why(Cause.UNKNOWN if is_open else cause, step.at)
    fates = (_fate(life, step.at, moment) for life in step.lives)
    return min(fates, key=lambda why: (_ORDER.index(why.cause), why.landed_at or _NEVER, str(why.snapshot)))


_ORDER = (Cause.UNVERIFIED, Cause.BAD, Cause.GONE, Cause.WAITING)


def _fate(life: Life, due_at: datetime, moment: datetime) -> Why:
    """Say why a snapshot did not count at a moment."""
    stays, snapshot = life.every_stay, life.attempt.here.id
    here = next((s for s in stays if s.covers(moment)), None)
    landed_at = min((s.starts_at for s in stays), default=None)
    if here is not None:
        return Why(Cause.BAD if here.is_known else Cause.UNVERIFIED, due_at, snapshot, landed_at)
    is_to_come = landed_at is None or landed_at > moment
    return Why(Cause.WAITING if is_to_come else Cause.GONE, due_at, snapshot, landed_at)
