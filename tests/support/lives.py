"""Lives of a daily dataset's exports for judging recovery points, and the definition that tells when one was met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from support.chains import DAY, HOUR, INCREMENTAL, attempt, day

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, ChainSlot
from catalog.judging.rpo import judge_rpo
from catalog.judging.rpo_steps import steps_of
from catalog.judging.rpo_values import Life, RpoJudgement, RpoQuestion, State, Stay
from verifier.model import Depth, Presence, Verdict

LATE = HOUR / 4
"""How long an export takes to land."""
WEEK = RpoQuestion(
    chain=replace(INCREMENTAL, as_of=day(7), now=day(7)),
    since=day(1),
    until=day(7),
    objective=30 * HOUR,
    looks=(day(-5), *(day(i) + 6 * HOUR for i in range(8))),
    grace=3 * HOUR,
)


def life(
    number: float, *stays: Stay, landed: datetime | None = None, gone: datetime | None = None, **known: Any
) -> Life:
    """An export of a day, there since a quarter of an hour after it was due unless told otherwise."""
    one = attempt(number, **known)
    if gone is not None:
        one = replace(one, here=replace(one.here, presence=Presence.VANISHED))
    there = Stay(replace(one.here, presence=Presence.PRESENT), landed or day(number) + LATE, gone)
    return Life(one, stays or (there,))


def lives(*numbers: float) -> list[Life]:
    """Good exports of some days."""
    return [life(n) for n in numbers]


def judged(
    known: Sequence[Life], slots: Sequence[ChainSlot], question: RpoQuestion = WEEK, **more: Any
) -> RpoJudgement:
    """Judge, with some of the question changed."""
    return judge_rpo(replace(question, **more), known, slots)


def told(judgement: RpoJudgement) -> list[tuple[float, float, str, str | None]]:
    """The stretches: from and to in hours since day 0, state and cause."""
    start = day(0)
    return [
        ((s.starts_at - start) / HOUR, (s.ends_at - start) / HOUR, s.state.value, s.why and s.why.cause.value)
        for s in judgement.stretches
    ]


def state_at(moment: datetime, known: Sequence[Life], slots: Sequence[ChainSlot], question: RpoQuestion) -> State:
    """Return the state of one moment by the definition: two whole chains, one for the worst and one for the best."""
    certain = _recovers(moment, known, slots, question, is_hopeful=False)
    hoped = _recovers(moment, known, slots, question, is_hopeful=True)
    best = max((m for m in (certain, hoped) if m is not None), default=None)
    steps = steps_of(question, known, slots)
    first_at = steps[0].at if steps else question.until
    if moment < (question.looks[0] if question.looks else question.until) and (best is None or best < first_at):
        best = min(moment, first_at)
    if certain is not None and moment - certain <= question.objective:
        return State.MET
    return State.UNKNOWN if best is not None and moment - best <= question.objective else State.MISSED


def _recovers(
    moment: datetime, known: Sequence[Life], slots: Sequence[ChainSlot], question: RpoQuestion, *, is_hopeful: bool
) -> datetime | None:
    attempts = [_as_of(one, moment, is_hopeful=is_hopeful) for one in known]
    asked = replace(question.chain, as_of=moment)
    if is_hopeful:
        steps = steps_of(question, known, slots)
        asked = replace(asked, flow_starts=(*asked.flow_starts, *(s.at for s in steps if s.is_full)))
        for step in steps:
            if step.hoped and step.hoped[0] <= moment < step.hoped[1]:
                attempts.append(attempt((step.at - day(0)) / DAY))
    chain = judge_chain(asked, attempts, slots)
    return chain.recovers_to


def _as_of(one: Life, moment: datetime, *, is_hopeful: bool) -> Attempt:
    stay = next((s for s in one.stays if s.covers(moment)), None)
    if stay is None or not (stay.is_known or is_hopeful):
        return replace(one.attempt, here=replace(one.attempt.here, presence=Presence.VANISHED))
    here = stay.holding
    if not stay.is_known:
        here = replace(here, verdict=Verdict.GOOD, depth=Depth.FULL, checked=here.files)
    return replace(one.attempt, here=here)
