"""Judge which snapshots a restore to a moment needs, and what is missing among them; not where their files are.

Pure: attempts, slots and the moment come in, a chain goes out. A snapshot that is left out or does not count is always
named. What only looks like a full starts no chain: taken for one, everything before it would be lost unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.judging.chain_doubts import doubts_of
from catalog.judging.chain_values import (
    Attempt,
    Chain,
    ChainQuestion,
    ChainSlot,
    ChainState,
    Gap,
    GapReason,
    Holding,
    Member,
    Mode,
    Role,
)
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

_WORTH, _DEPTHS = list(Verdict), list(Depth)
_OF_STATUS = {
    SlotStatus.MISSING: GapReason.MISSING,
    SlotStatus.PAUSED: GapReason.PAUSED,
    SlotStatus.WAITING: GapReason.WAITING,
}


def judge_chain(question: ChainQuestion, attempts: Iterable[Attempt], slots: Iterable[ChainSlot] = ()) -> Chain:
    """Judge the chain of one dataset.

    `attempts` are all its known snapshots, the gone ones included, and `slots` all that its schedules promised since
    the first; without slots a chain is made of what is there, and its doubts say so. Their order is of no account.
    """
    slots = sorted(slots, key=lambda s: s.due_at)
    every = _steps(question, attempts, slots)
    fulls = [i for i, step in enumerate(every) if step.is_full]
    base = next((i for i in reversed(fulls) if every[i].member is not None), None)
    # Without a usable full, what spoils the newest chain is told.
    steps = every[base if base is not None else fulls[-1] if fulls else 0 :]
    end = 0 if base is None else next((i for i, s in enumerate(steps) if not s.is_covered), len(steps))
    last_there = max((i for i, s in enumerate(steps) if s.is_covered), default=-1)
    gaps, pending = list[Gap](), list[Gap]()
    for i, step in enumerate(steps):
        if not step.is_covered:
            (pending if step.is_pending and i > last_there else gaps).append(step.gap())
    there, behind = _members(steps[:end]), _members(steps[end:])
    goes_on = question.accepts_gaps and base is not None
    chain = Chain(
        state=_state(has_base=base is not None, has_gaps=bool(gaps)),
        recovers_to=max((s.covers_to for s in steps[:end]), default=None),
        members=(*there, *behind) if goes_on else there,
        gaps=tuple(gaps),
        pending=tuple(pending),
        lost=() if goes_on else behind,
    )
    return replace(chain, doubts=tuple(doubts_of(chain, question, _promised_since(slots), _members(every))))


@dataclass(slots=True)
class _Step:
    """One export, promised or there: what was tried at it up to the moment asked about, and after it.

    `best` is what counts of it and `member` the same, where it is usable.
    """

    at: datetime
    slot: ChainSlot | None = None
    tried: list[Attempt] = field(default_factory=list)
    later: list[Attempt] = field(default_factory=list)
    is_full: bool = False
    member: Member | None = None
    reason: GapReason = GapReason.UNKNOWN
    is_pending: bool = False

    @property
    def best(self) -> Attempt | None:
        return self.tried[0] if self.tried else None

    @property
    def is_covered(self) -> bool:
        """Nothing is missing: a usable snapshot is there, or nothing was to be exported and nothing else came."""
        proven = self.slot is not None and self.slot.is_proven_empty
        return self.member is not None or (proven and all(a.here.verdict is Verdict.EMPTY for a in self.tried))

    @property
    def covers_to(self) -> datetime:
        return self.at if self.member is None else self.member.attempt.export_at

    def gap(self) -> Gap:
        status, best = None if self.slot is None else self.slot.status, self.best
        if best is None:
            return Gap(self.at, self.reason, status)
        return Gap(self.at, self.reason, status, best.here.id, best.here.verdict)


def _steps(question: ChainQuestion, attempts: Iterable[Attempt], slots: Sequence[ChainSlot]) -> list[_Step]:
    """Bring slots and attempts together, in order; what was not due or there at the moment asked about is left out."""
    steps = {s.due_at: _Step(s.due_at, s) for s in slots if s.status is not SlotStatus.NOT_DUE}
    for attempt in attempts:
        step = steps.setdefault(attempt.at, _Step(attempt.at))
        (step.later if attempt.export_at > question.as_of else step.tried).append(attempt)
    ordered = [steps[at] for at in sorted(steps)]
    starts = set(question.flow_starts)
    first = next((s for s in ordered if s.tried or s.later), None)
    for step in ordered:
        # Of a flow whose start nobody knows, the first that came is the best guess.
        is_first = step is first and not any(start <= step.at for start in starts)
        step.is_full = question.mode is Mode.FULL or step.at in starts or is_first
    known = [s for s in ordered if s.tried or (s.slot is not None and s.at <= question.as_of)]
    for step in known:
        _weigh(step, question)
    # Of fulls the newest counts, whatever slot it fills.
    return sorted(known, key=lambda s: s.covers_to) if question.mode is Mode.FULL else known


def _weigh(step: _Step, question: ChainQuestion) -> None:
    """Find what counts of a step: of fulls that come again and again the newest, else the best, then the earliest."""

    def rank(attempt: Attempt) -> tuple[object, ...]:
        here, export_at = attempt.here, attempt.export_at
        newest = export_at.timestamp() if question.mode is Mode.FULL else 0
        worth = (_WORTH.index(here.verdict), _DEPTHS.index(here.depth), -1 if here.rows is None else here.rows)
        usable = bool(_places(attempt, question))
        return not usable, -newest, *(-w for w in worth), export_at, here.id.export_time, str(here.id)

    step.tried.sort(key=rank)
    best = step.best
    places = _places(best, question) if best is not None else []
    if best is not None and places:
        moments = [p.deleted_at for p in places]
        lasting = [m for m in moments if m is not None]
        step.member = Member(
            attempt=best,
            role=Role.FULL if step.is_full else Role.INCREMENT,
            places=tuple(places),
            expires_at=max(lasting) if len(lasting) == len(moments) else None,
            duplicates=tuple(step.tried[1:]),
        )
    step.reason = _why_not(step, question)
    came_later = any(_places(a, question) for a in step.later)
    step.is_pending = came_later or step.reason is GapReason.WAITING


def _places(attempt: Attempt, question: ChainQuestion) -> list[Holding]:
    """Return where a snapshot counts: where it landed and as copies that hold all of it.

    Of a snapshot that is bad, a copy from when it was good still counts; one made later may have been judged by less.
    """
    here = attempt.here
    copies = (
        copy.there
        for copy in attempt.copies
        if (copy.was_good or _is_sound(here, question))
        and copy.there.files >= here.files
        and copy.there.bytes >= here.bytes
    )
    return [h for h in (here, *copies) if h.presence is Presence.PRESENT and _counts(h, question)]


def _is_sound(holding: Holding, question: ChainQuestion) -> bool:
    return holding.verdict is Verdict.GOOD or (holding.verdict is Verdict.EMPTY and question.allow_empty)


def _counts(holding: Holding, question: ChainQuestion) -> bool:
    """Nothing checked, or not all of it as hard as was asked, is never good."""
    is_checked = 0 < holding.files <= holding.checked and holding.depth.covers(question.depth)
    return is_checked and _is_sound(holding, question)


def _why_not(step: _Step, question: ChainQuestion) -> GapReason:
    """Return why nothing of a step counts, by its best attempt or else by its slot."""
    if step.best is not None:
        here = step.best.here
        if here.presence is not Presence.PRESENT:
            return GapReason.GONE
        if here.verdict is Verdict.ARRIVING:
            return GapReason.WAITING
        return GapReason.SHALLOW if _is_sound(here, question) else GapReason.BAD
    if step.later:
        return GapReason.WAITING
    return GapReason.UNKNOWN if step.slot is None else _OF_STATUS.get(step.slot.status, GapReason.UNKNOWN)


def _members(steps: Iterable[_Step]) -> tuple[Member, ...]:
    """Return what is usable, in order of export time: what fills an earlier slot may have been exported later."""
    return tuple(sorted((s.member for s in steps if s.member is not None), key=lambda m: m.attempt.export_at))


def _promised_since(slots: Sequence[ChainSlot]) -> datetime | None:
    return slots[0].due_at if slots else None


def _state(*, has_base: bool, has_gaps: bool) -> ChainState:
    if not has_base:
        return ChainState.BROKEN
    return ChainState.GAP if has_gaps else ChainState.COMPLETE
