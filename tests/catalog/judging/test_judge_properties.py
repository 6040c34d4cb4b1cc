"""Judging: what must hold whatever happened."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.judging import (
    DAILY,
    DUE,
    arrival,
    judge,
)

from catalog.judging.transitions import transitions
from catalog.judging.values import (
    Arrival,
    SlotStatus,
)
from verifier.model import Presence, Verdict

minutes = st.integers(-60, 5 * 24 * 60).map(lambda m: DUE + timedelta(minutes=m))
arrivals_of_a_week = st.lists(
    st.builds(
        arrival,
        minutes,
        st.one_of(st.none(), minutes),
        st.sampled_from(list(Verdict)),
        data_files=st.integers(0, 2),
        presence=st.sampled_from(list(Presence)),
    ),
    max_size=6,
    unique_by=lambda a: a.id,
)
looks = st.one_of(st.none(), minutes)
DUE_BY_NOW = set(SlotStatus) - {SlotStatus.NOT_DUE, SlotStatus.PAUSED}


@given(arrivals_of_a_week, looks, minutes)
def test_each_due_slot_is_judged_once_and_one_more_is_not_due(
    arrivals: list[Arrival], look: datetime | None, at: datetime
) -> None:
    judged = judge(*arrivals, at=at, look=look)
    *due, following = judged.slots
    assert [s.due_at for s in due] == list(DAILY.due_between(DUE, at))
    assert all(s.status in DUE_BY_NOW for s in due)
    assert (following.status, following.due_at) == (SlotStatus.NOT_DUE, DAILY.next_after(at))
    fillers = [s.snapshot for s in due if s.snapshot]
    assert len(fillers) == len(set(fillers))


@given(arrivals_of_a_week, looks, minutes)
def test_every_snapshot_with_data_in_the_period_is_in_a_slot_or_told_unscheduled(
    arrivals: list[Arrival], look: datetime | None, at: datetime
) -> None:
    judged = judge(*arrivals, at=at, look=look)
    told = {str(s.snapshot) for s in judged.slots} | {f.message.split()[1] for f in judged.findings}
    for one in arrivals:
        due_at = DAILY.slot_of(one.id.export_at)
        here = one.landed_at is None or one.landed_at <= at
        assert (str(one.id) in told) == (bool(one.data_files) and here and due_at is not None and DUE <= due_at <= at)


@given(arrivals_of_a_week, looks, minutes, minutes)
def test_a_younger_listing_never_makes_missing_unknown(
    arrivals: list[Arrival], look: datetime | None, younger: datetime, at: datetime
) -> None:
    newest = younger if look is None else max(look, younger)
    before = judge(*arrivals, at=at, look=look).slots
    after = judge(*arrivals, at=at, look=newest).slots
    for old, new in zip(before, after, strict=True):
        assert old.status is new.status or (old.status, new.status) == (SlotStatus.UNKNOWN, SlotStatus.MISSING)


@given(arrivals_of_a_week, looks, minutes, minutes)
def test_what_was_filled_stays_filled_and_what_is_missing_had_its_grace(
    arrivals: list[Arrival], look: datetime | None, at: datetime, later: datetime
) -> None:
    at, later = min(at, later), max(at, later)
    after = {s.due_at: s for s in judge(*arrivals, at=later, look=look).slots}
    for one in judge(*arrivals, at=at, look=look).slots:
        if one.status.is_filled:
            assert after[one.due_at].snapshot is not None
            assert after[one.due_at].status is not SlotStatus.MISSING
        if one.status is SlotStatus.MISSING:
            assert look is not None
            assert one.deadline <= at
            assert one.deadline < look
            assert after[one.due_at].status is not SlotStatus.UNKNOWN or after[one.due_at].snapshot is not None


@given(arrivals_of_a_week, looks, minutes)
def test_the_order_of_arrivals_does_not_matter(arrivals: list[Arrival], look: datetime | None, at: datetime) -> None:
    assert judge(*arrivals, at=at, look=look) == judge(*reversed(arrivals), at=at, look=look)


@given(arrivals_of_a_week, looks, minutes)
def test_recorded_transitions_leave_nothing_to_record(
    arrivals: list[Arrival], look: datetime | None, at: datetime
) -> None:
    slots = judge(*arrivals, at=at, look=look).slots
    first = transitions({}, slots)
    assert transitions({t.due_at: t.after for t in first}, slots) == ()
    assert len(first) == len(slots) - 1
