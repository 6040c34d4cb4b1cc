"""Chains at many moments: the states are those that each moment has when it is judged by itself."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chains import FULL, HOUR, INCREMENTAL, attempt, chain_of, day, exports, slots

from catalog.judging.chain_days import judge_days
from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot, ChainState
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

DAYS = 12

attempts_of_days = st.lists(
    st.builds(
        lambda number, minutes, scheduled, **known: attempt(
            number, timedelta(minutes=minutes), **({} if scheduled else {"due_at": None}), **known
        ),
        st.integers(0, DAYS - 1),
        st.one_of(st.integers(0, 600), st.integers(0, 9000)),
        st.booleans(),
        verdict=st.sampled_from([*Verdict, *[Verdict.GOOD] * 8]),
        depth=st.sampled_from([Depth.LIST, *[Depth.FULL] * 4]),
        presence=st.sampled_from([*Presence, *[Presence.PRESENT] * 4]),
    ),
    max_size=24,
    unique_by=lambda a: a.here.id,
)
promised = st.lists(st.sampled_from([*SlotStatus, *[SlotStatus.ON_TIME] * 5]), max_size=DAYS).flatmap(
    lambda statuses: st.sets(st.integers(0, DAYS)).map(lambda empty: slots(*statuses, proven_empty=empty))
)
questions = st.builds(
    replace,
    st.sampled_from([INCREMENTAL, FULL]),
    allow_empty=st.booleans(),
    flow_starts=st.sets(st.integers(0, DAYS).map(day), max_size=3).map(lambda starts: tuple(sorted(starts))),
)


@given(questions, attempts_of_days, promised, st.lists(st.integers(-90, DAYS * 1440 + 90), min_size=1, max_size=6))
def test_each_moment_has_the_state_that_it_has_by_itself(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot], minutes: list[int]
) -> None:
    moments = [day(0) + timedelta(minutes=m) for m in minutes]
    alone = [chain_of(attempts, known, question, as_of=at).state for at in moments]
    found = judge_days(question, attempts, known, moments)
    assert [state or ChainState.BROKEN for state in found] == alone


def test_before_anything_came_there_is_no_state() -> None:
    unknown = replace(INCREMENTAL, flow_starts=())
    assert judge_days(unknown, exports(3, 4), [], [day(2), day(3)]) == [None, ChainState.COMPLETE]
    assert judge_days(FULL, [], slots(None), [day(-1), day(0)]) == [None, ChainState.BROKEN]


@pytest.mark.parametrize("question", [INCREMENTAL, FULL])
def test_a_gap_is_told_from_its_day_on_until_the_next_full(question: ChainQuestion) -> None:
    came = [attempt(n, HOUR, **({"verdict": Verdict.CORRUPT} if n == 5 else {})) for n in range(10)]
    ends = [day(n + 1) - HOUR for n in range(10)]
    found = judge_days(question, came, slots(*[None] * 10), ends)
    gap, good = ChainState.GAP, ChainState.COMPLETE
    lasting = question is INCREMENTAL
    assert found == [*[good] * 5, gap, *[gap if lasting else good] * 4]


def test_a_month_of_a_long_chain_takes_hardly_longer_than_one_moment() -> None:
    came, known = exports(*range(1000)), slots(*[None] * 1000)
    question = replace(INCREMENTAL, as_of=day(1000), now=day(1000))
    ends = [day(n) + 12 * HOUR for n in range(960, 990)]
    chain_of(came, known, question)
    begun = time.process_time()
    chain_of(came, known, question)
    once = time.process_time() - begun
    assert set(judge_days(question, came, known, ends)) == {ChainState.COMPLETE}
    assert time.process_time() - begun - once < 10 * once
