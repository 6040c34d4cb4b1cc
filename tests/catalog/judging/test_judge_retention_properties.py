"""Retention: what must hold whatever the policy, whatever came and whatever was lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.chains import FULL, INCREMENTAL, attempt, chain_of, copy, day, slots

from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot, ChainState, Mode
from catalog.judging.retention import judge_retention
from catalog.judging.retention_policy import Policy, Rule, parse_policy
from catalog.judging.retention_values import ReasonKind, Retained, RetentionQuestion, RetentionStatus
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

DAYS = 8
KEPT = (RetentionStatus.NEEDED, RetentionStatus.HELD)
LEFT = (RetentionStatus.SUPERSEDED, RetentionStatus.EXPIRED)

copies = st.one_of(
    st.just(()),
    st.just(()),
    st.builds(
        lambda verdict, was_good, presence: (copy(0, verdict=verdict, was_good=was_good, presence=presence),),
        st.sampled_from([Verdict.GOOD, Verdict.GOOD, Verdict.CORRUPT]),
        st.booleans(),
        st.sampled_from([Presence.PRESENT, Presence.PRESENT, Presence.VANISHED]),
    ),
)
exports_of_days = st.lists(
    st.builds(
        lambda number, minutes, **known: attempt(number, timedelta(minutes=minutes), **known),
        st.integers(0, DAYS - 1),
        st.integers(0, 1439),
        verdict=st.sampled_from([*Verdict, *[Verdict.GOOD] * 12]),
        depth=st.sampled_from([Depth.LIST, *[Depth.FULL] * 6]),
        presence=st.sampled_from([*Presence, *[Presence.PRESENT] * 6]),
        rows=st.one_of(st.none(), st.integers(0, 20)),
        copies=copies,
    ),
    max_size=12,
    unique_by=lambda a: a.here.id,
)
exports = st.builds(
    lambda some, first: [one if one.at >= day(first) else replace(one, due_at=None) for one in some],
    exports_of_days,
    st.sampled_from([0, 0, 0, 2, DAYS]),
)
"""What came before the first slot fills none."""
promised = st.lists(
    st.sampled_from([SlotStatus.MISSING, SlotStatus.WAITING, *[SlotStatus.ON_TIME] * 6]), max_size=DAYS
).map(lambda statuses: slots(*statuses))
chains = st.builds(
    lambda base, as_of, starts: ChainQuestion(mode=base.mode, as_of=day(as_of), now=day(DAYS), flow_starts=starts),
    st.sampled_from([INCREMENTAL, INCREMENTAL, FULL]),
    st.sampled_from([3.5, DAYS, DAYS, DAYS]),
    st.sets(st.integers(0, DAYS)).map(lambda starts: tuple(day(n) for n in sorted(starts))),
)
policies = st.builds(
    Policy,
    within=st.one_of(st.none(), st.integers(1, 240).map(lambda hours: timedelta(hours=hours))),
    counts=st.lists(
        st.tuples(st.sampled_from([r for r in Rule if r is not Rule.WITHIN]), st.integers(1, 4)),
        max_size=2,
        unique_by=lambda one: one[0],
    ).map(tuple),
).filter(lambda policy: policy.text != "")
known = st.tuples(chains, exports, promised)


def judged(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy | None, held: set[int] | None = None
) -> tuple[Retained, ...]:
    chain, attempts, slots_ = case
    on_hold = frozenset(a.here.id for i, a in enumerate(attempts) if i in (held or ()))
    return judge_retention(RetentionQuestion(chain=chain, policy=policy, held=on_hold), attempts, slots_)


def without_the_rest(told: tuple[Retained, ...]) -> list[Attempt]:
    """What would be known had somebody deleted all that is not kept, everywhere."""
    return [
        r.attempt
        if r.status in KEPT
        else replace(r.attempt, here=replace(r.attempt.here, presence=Presence.VANISHED), copies=())
        for r in told
    ]


@given(known, policies, st.sets(st.integers(0, 11), max_size=2))
def test_without_what_is_not_needed_every_kept_moment_is_restored_as_before(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy, held: set[int]
) -> None:
    chain, attempts, promised_ = case
    told = judged(case, policy, held)
    kept = without_the_rest(told)
    for one in told:
        if one.status in KEPT and one.is_verified:
            asked = {"question": chain, "as_of": one.attempt.export_at}
            before, after = chain_of(attempts, promised_, **asked), chain_of(kept, promised_, **asked)
            assert one.attempt in [m.attempt for m in after.members]
            assert (after.state, after.recovers_to) == (before.state, before.recovers_to)
            assert [m.id for m in after.members] == [m.id for m in before.members]
            assert after.state is ChainState.COMPLETE


@given(known, policies, st.sets(st.integers(0, 11), max_size=2))
def test_without_what_is_not_needed_the_newest_state_is_restored_as_before(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy, held: set[int]
) -> None:
    chain, attempts, promised_ = case
    kept = without_the_rest(judged(case, policy, held))
    before, after = chain_of(attempts, promised_, chain), chain_of(kept, promised_, chain)
    assert after.recovers_to == before.recovers_to
    assert [m.id for m in after.members] == [m.id for m in before.members]


@given(known, policies, st.sets(st.integers(0, 11), max_size=2))
def test_what_is_there_is_given_up_only_for_a_kept_snapshot_to_which_a_whole_chain_leads(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy, held: set[int]
) -> None:
    chain, attempts, promised_ = case
    told = judged(case, policy, held)
    by_id = {r.id: r for r in told}
    for one in told:
        replacing = [r.snapshot for r in one.reasons if r.kind is ReasonKind.REPLACED]
        for snapshot in replacing:
            assert snapshot is not None
            other = by_id[snapshot]
            assert other.status in KEPT
            assert other.is_verified
            assert chain_of(attempts, promised_, chain, as_of=other.attempt.export_at).state is ChainState.COMPLETE
            newer = other.attempt.export_at >= one.attempt.export_at
            assert newer or (chain.mode is not Mode.FULL and other.attempt.at == one.attempt.at)
        if one.status is RetentionStatus.SUPERSEDED or (one.status is RetentionStatus.EXPIRED and one.places):
            assert replacing


@given(known, st.one_of(st.none(), policies), st.sets(st.integers(0, 11)))
def test_what_is_held_never_leaves_and_what_is_gone_is_said(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy | None, held: set[int]
) -> None:
    _, attempts, _ = case
    on_hold = {a.here.id for i, a in enumerate(attempts) if i in held}
    for one in judged(case, policy, held):
        is_gone = not one.places and one.attempt.here.presence is not Presence.PRESENT
        if one.id in on_hold:
            assert one.status is (RetentionStatus.GONE_EARLY if is_gone else RetentionStatus.HELD)
        assert (one.status is RetentionStatus.GONE_EARLY) <= is_gone
        assert not (is_gone and one.status in KEPT)


@given(known, policies, st.data())
def test_the_order_of_snapshots_is_of_no_account(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy, data: st.DataObject
) -> None:
    chain, attempts, promised_ = case
    mixed = (chain, data.draw(st.permutations(attempts)), data.draw(st.permutations(promised_)))
    assert judged(mixed, policy) == judged(case, policy)


@given(known, policies, st.integers(1, 4))
def test_a_rule_more_gives_up_nothing_more(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy, count: int
) -> None:
    wider = Policy(within=policy.within, counts=(*(c for c in policy.counts if c[0] is not Rule.LAST), (Rule.LAST, 99)))
    narrow = Policy(within=policy.within, counts=tuple(c for c in policy.counts if c[0] is not Rule.LAST))
    if not narrow.text:
        narrow = parse_policy(f"keep-daily={count}")
        wider = parse_policy(f"keep-daily={count},keep-last=99")
    before = {r.id for r in judged(case, narrow) if r.status in KEPT}
    assert before <= {r.id for r in judged(case, wider) if r.status in KEPT}


@given(known, policies)
def test_every_snapshot_up_to_the_moment_has_one_status_and_a_reason(
    case: tuple[ChainQuestion, list[Attempt], list[ChainSlot]], policy: Policy
) -> None:
    chain, attempts, _ = case
    told = judged(case, policy)
    assert sorted(str(r.id) for r in told) == sorted(str(a.here.id) for a in attempts if a.export_at <= chain.as_of)
    assert all(r.reasons for r in told)


@given(
    st.lists(st.integers(0, 60 * 24 * 40), max_size=25, unique=True),
    st.sampled_from([r for r in Rule if r is not Rule.WITHIN]),
    st.integers(1, 5),
)
def test_of_good_fulls_a_rule_keeps_what_restic_would(minutes: list[int], rule: Rule, count: int) -> None:
    fulls = [attempt(0, timedelta(minutes=m), due_at=None) for m in minutes]
    written = {
        Rule.HOURLY: "%Y%m%d%H", Rule.DAILY: "%Y%m%d", Rule.WEEKLY: "%G%V", Rule.MONTHLY: "%Y%m", Rule.YEARLY: "%Y",
    }  # fmt: skip
    left, last, kept = count, None, []
    for one in sorted(fulls, key=lambda a: a.export_at, reverse=True):
        period = one.export_at.strftime(written[rule]) if rule in written else str(one.export_at)
        if left and period != last:
            kept.append(one.here.id)
            left, last = left - 1, period
    case = (ChainQuestion(mode=Mode.FULL, as_of=day(60), now=day(60)), fulls, list[ChainSlot]())
    found = judged(case, Policy(counts=((rule, count),)))
    assert [r.id for r in found if r.status in KEPT] == kept[::-1]
