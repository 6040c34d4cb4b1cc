"""Recovery points: what must hold whatever came, went or was never looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from support.chains import FULL, HOUR, INCREMENTAL, attempt, day, slots
from support.lives import WEEK, judged, life, state_at

from catalog.judging.chain_values import ChainSlot, Mode
from catalog.judging.rpo_values import Life, RpoQuestion, State, Stay
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

DAYS = 6
_HOURS = st.integers(-24, 24 * (DAYS + 2)).map(lambda h: day(0) + h * HOUR)


@st.composite
def snapshots(draw: st.DrawFn, number: int, late: timedelta, *, is_due: bool) -> Life:
    """A snapshot of a day that came and went, and was worth this or that."""
    one = attempt(number, late, due_at=day(number) if is_due else None, rows=draw(st.integers(0, 3)))
    moments = sorted(draw(st.sets(st.integers(0, 24 * DAYS).map(lambda h: one.export_at + h * HOUR), min_size=1)))[:4]
    found = []
    for start, end in zip(moments, [*moments[1:], None], strict=True):
        if draw(st.integers(0, 3)):
            verdict = draw(st.sampled_from([Verdict.GOOD, Verdict.GOOD, Verdict.CORRUPT, Verdict.EMPTY]))
            depth = draw(st.sampled_from([Depth.FULL, Depth.FULL, Depth.LIST]))
            here = replace(one.here, verdict=verdict, depth=depth)
            found.append(Stay(here, start, end, is_known=depth is Depth.FULL and draw(st.integers(0, 3)) > 0))
    known = draw(st.sampled_from(list(Presence)))
    return Life(replace(one, here=replace(one.here, presence=known)), tuple(found))


@st.composite
def weeks(draw: st.DrawFn) -> list[Life]:
    """The snapshots of a week, all in slots or none."""
    when = draw(st.lists(st.tuples(st.integers(0, DAYS - 1), st.integers(0, 1439)), max_size=7, unique=True))
    is_due = draw(st.booleans())
    return [draw(snapshots(number, timedelta(minutes=minutes), is_due=is_due)) for number, minutes in when]


promised = st.lists(st.sampled_from([s for s in SlotStatus if s is not SlotStatus.NOT_DUE]), max_size=DAYS).flatmap(
    lambda statuses: st.sets(st.integers(0, DAYS)).map(lambda proven: slots(*statuses, proven_empty=proven))
)
questions = st.builds(
    lambda chain, allow_empty, starts, since, length, **more: replace(
        WEEK,
        chain=replace(chain, allow_empty=allow_empty, flow_starts=starts),
        since=since,
        until=since + length * HOUR,
        **more,
    ),
    st.sampled_from([INCREMENTAL, FULL]),
    st.booleans(),
    st.sets(st.integers(0, DAYS).map(day)).map(lambda starts: tuple(sorted(starts))),
    _HOURS,
    st.integers(1, 200),
    objective=st.integers(0, 60).map(lambda h: h * HOUR),
    looks=st.sets(_HOURS, max_size=5).map(lambda looks: tuple(sorted(looks))),
    lifetime=st.sampled_from([None, 30 * HOUR]),
)


@given(questions, weeks(), promised, st.sets(st.integers(0, 200 * 60 - 1), min_size=9, max_size=30))
def test_every_moment_is_what_two_whole_chains_say_of_it(
    question: RpoQuestion, known: list[Life], due: list[ChainSlot], minutes: set[int]
) -> None:
    judgement = judged(known, due, question)
    for minute in minutes:
        moment = question.since + minute * (question.until - question.since) / 12_000
        stretch = next(s for s in judgement.stretches if s.starts_at <= moment < s.ends_at)
        # At the very moment at which a chain grows too old it is not too old yet.
        if moment != stretch.starts_at:
            assert stretch.state is state_at(moment, known, due, question), moment


@given(questions, weeks(), promised)
def test_the_time_asked_about_is_told_whole_and_once(
    question: RpoQuestion, known: list[Life], due: list[ChainSlot]
) -> None:
    judgement = judged(known, due, question)
    ends = [question.since, *(s.ends_at for s in judgement.stretches)]
    assert [s.starts_at for s in judgement.stretches] == ends[:-1]
    assert ends[-1] == question.until
    assert all(s.starts_at < s.ends_at for s in judgement.stretches)
    total = sum((judgement.length(state) for state in State), timedelta())
    assert total == question.until - question.since
    assert judged(known[::-1], due[::-1], question) == judgement


@given(questions, weeks(), promised, st.integers(0, DAYS - 1), st.integers(0, 90))
def test_one_more_good_snapshot_never_lowers_what_was_met(
    question: RpoQuestion, known: list[Life], due: list[ChainSlot], number: int, late: int
) -> None:
    question = replace(question, chain=replace(question.chain, flow_starts=(day(0),)))
    # Another attempt at the same slot may stand for it instead, and be of a younger state.
    others = [one for one in known if day(number) not in (one.attempt.at, one.attempt.due_at)]
    assume(question.chain.mode is Mode.FULL or all(one.attempt.due_at for one in others))
    one = life(number, landed=day(number) + late * HOUR)
    assert judged([*others, one], due, question).length(State.MET) >= judged(others, due, question).length(State.MET)


@given(questions, weeks(), promised, st.integers(0, DAYS - 1), st.integers(0, 1439))
def test_what_nobody_knows_never_raises_what_was_met(
    question: RpoQuestion, known: list[Life], due: list[ChainSlot], number: int, minutes: int
) -> None:
    one = attempt(number, timedelta(minutes=minutes), verdict=Verdict.ARRIVING)
    open_stay = Stay(one.here, one.export_at, None, is_known=False)
    others = [other for other in known if other.attempt.here.id != one.here.id]
    with_it = judged([*others, Life(one, (open_stay,))], due, question)
    assert with_it.length(State.MET) <= judged(others, due, question).length(State.MET)
