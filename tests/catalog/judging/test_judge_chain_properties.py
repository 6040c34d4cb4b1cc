"""Chains: what must hold whatever was promised, came, or was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from support.chains import FULL, INCREMENTAL, attempt, chain_of, copy, day, slots

from catalog.judging.chain_values import Attempt, Chain, ChainQuestion, ChainSlot, ChainState, Mode
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

DAYS = 6

copies = st.one_of(
    st.just(()),
    st.builds(
        lambda verdict, was_good: (copy(0, verdict=verdict, was_good=was_good),),
        st.sampled_from([Verdict.GOOD, Verdict.CORRUPT]),
        st.booleans(),
    ),
)
attempts_of_a_week = st.lists(
    st.builds(
        lambda number, minutes, scheduled, **known: attempt(
            number, timedelta(minutes=minutes), **({} if scheduled else {"due_at": None}), **known
        ),
        st.integers(0, DAYS - 1),
        st.integers(0, 1439),
        st.booleans(),
        verdict=st.sampled_from([*Verdict, Verdict.GOOD, Verdict.GOOD, Verdict.GOOD]),
        depth=st.sampled_from([Depth.LIST, Depth.FULL, Depth.FULL]),
        presence=st.sampled_from([*Presence, Presence.PRESENT, Presence.PRESENT]),
        rows=st.one_of(st.none(), st.integers(0, 20)),
        deleted_at=st.one_of(st.none(), st.integers(0, 40).map(day)),
        copies=copies,
    ),
    max_size=9,
    unique_by=lambda a: a.here.id,
)
promised = st.lists(st.sampled_from([s for s in SlotStatus if s is not SlotStatus.NOT_DUE]), max_size=DAYS).flatmap(
    lambda statuses: st.sets(st.integers(0, DAYS)).map(lambda proven: slots(*statuses, proven_empty=proven))
)
questions = st.builds(
    replace,
    st.sampled_from([INCREMENTAL, FULL]),
    as_of=st.integers(-60, DAYS * 1440).map(lambda m: day(0) + timedelta(minutes=m)),
    allow_empty=st.booleans(),
    depth=st.sampled_from(list(Depth)),
    flow_starts=st.sets(st.integers(0, DAYS).map(day)).map(lambda starts: tuple(sorted(starts))),
)


def _is_sound(one: Attempt, question: ChainQuestion) -> bool:
    sound = {Verdict.GOOD, Verdict.EMPTY} if question.allow_empty else {Verdict.GOOD}
    return one.here.verdict in sound and one.here.depth.covers(question.depth)


@given(questions, attempts_of_a_week, promised)
def test_all_that_is_taken_is_sound_there_and_not_of_later(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot]
) -> None:
    chain = chain_of(attempts, known, question)
    for member in (*chain.members, *chain.lost):
        assert member.attempt.export_at <= question.as_of
        assert all(p.presence is Presence.PRESENT for p in member.places)
        at_home = member.attempt.here.presence is Presence.PRESENT and _is_sound(member.attempt, question)
        assert (member.source == member.attempt.here) is at_home
        assert at_home or member.source.verdict is Verdict.GOOD
    taken = [m.attempt.export_at for m in chain.members]
    assert taken == sorted(taken)


@given(questions, attempts_of_a_week, promised)
def test_every_promise_up_to_the_moment_is_kept_excused_or_told(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot]
) -> None:
    chain = chain_of(attempts, known, question)
    if chain.state is ChainState.BROKEN:
        return
    covered = {m.attempt.at for m in (*chain.members, *chain.lost)} | {s.due_at for s in known if s.is_proven_empty}
    told = {g.due_at for g in (*chain.gaps, *chain.pending)}
    first = chain.members[0].attempt
    # A full has all that was due before it was made, whatever slot it fills.
    begins = first.export_at if question.mode is Mode.FULL else first.at
    asked = {s.due_at for s in known if begins <= s.due_at <= question.as_of}
    tried = {a.at for a in attempts if a.at >= begins and a.export_at <= question.as_of}
    assert asked | tried <= covered | told


@given(questions, attempts_of_a_week, promised)
def test_state_and_reach_agree_with_what_is_told(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot]
) -> None:
    chain = chain_of(attempts, known, question)
    assert (chain.state is ChainState.BROKEN) == (not chain.members) == (chain.recovers_to is None)
    if chain.recovers_to is None:
        return
    assert (chain.state is ChainState.GAP) == bool(chain.gaps)
    assert chain.members[-1].attempt.export_at <= chain.recovers_to <= question.as_of
    assert all(g.due_at > chain.members[-1].attempt.at for g in chain.gaps)
    assert not chain.lost or chain.gaps
    if question.mode is Mode.FULL:
        assert len(chain.members) == 1
        assert not chain.lost


@given(questions, attempts_of_a_week, promised)
def test_accepting_gaps_adds_what_was_lost_and_claims_no_more(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot]
) -> None:
    chain = chain_of(attempts, known, question)
    accepted = chain_of(attempts, known, question, accepts_gaps=True)
    assert (accepted.state, accepted.recovers_to, accepted.gaps) == (chain.state, chain.recovers_to, chain.gaps)
    if chain.state is not ChainState.BROKEN:
        assert accepted.members == (*chain.members, *chain.lost)


@given(questions, attempts_of_a_week, promised, st.data())
def test_the_order_in_which_things_became_known_is_of_no_account(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot], data: st.DataObject
) -> None:
    mixed, slots_mixed = data.draw(st.permutations(attempts)), data.draw(st.permutations(known))
    assert chain_of(mixed, slots_mixed, question) == chain_of(attempts, known, question)


@given(questions, attempts_of_a_week, promised, st.data())
def test_what_happens_after_the_moment_never_shortens_the_reach(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot], data: st.DataObject
) -> None:
    later = [a for a in attempts if a.export_at > question.as_of]
    fewer = [a for a in attempts if a not in later]
    # What came later may be the full that was due before all others, so that what was taken for it is none.
    assume(
        question.mode is Mode.FULL
        or min((a.at for a in later), default=day(99)) > min(a.at for a in [*fewer, attempt(98)])
    )

    def reach(chain: Chain) -> tuple[bool, object]:
        return chain.state is ChainState.BROKEN, chain.recovers_to

    assert reach(chain_of(fewer, known, question)) == reach(chain_of(attempts, known, question))


@given(questions, attempts_of_a_week, promised)
def test_a_member_lost_never_lets_a_chain_reach_further(
    question: ChainQuestion, attempts: list[Attempt], known: list[ChainSlot]
) -> None:
    chain = chain_of(attempts, known, question)
    for member in chain.members:
        spoilt = replace(member.attempt, here=replace(member.attempt.here, verdict=Verdict.CORRUPT), copies=())
        after = chain_of([spoilt if a == member.attempt else a for a in attempts], known, question)
        assert after.recovers_to is None or (chain.recovers_to or day(0)) >= after.recovers_to
