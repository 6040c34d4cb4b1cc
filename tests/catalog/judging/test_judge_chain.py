"""Which snapshots a restore needs, what is missing among them, and how far it reaches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.chains import (
    DAY,
    FULL,
    HOUR,
    INCREMENTAL,
    attempt,
    chain_of,
    copy,
    day,
    days,
    exports,
    gap_days,
    slots,
)

from catalog.judging.chain_values import ChainState, Copy, DoubtKind, Role
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

MISSING, PAUSED, WAITING, UNKNOWN = SlotStatus.MISSING, SlotStatus.PAUSED, SlotStatus.WAITING, SlotStatus.UNKNOWN


def test_a_full_and_all_its_increments_are_complete() -> None:
    chain = chain_of(exports(2, 0, 1), slots(None, None, None), as_of=day(2.5))
    assert (chain.state, chain.recovers_to) == (ChainState.COMPLETE, day(2))
    assert (days(chain), chain.gaps, chain.pending, chain.lost, chain.doubts) == ([0, 1, 2], (), (), (), ())
    assert [m.role for m in chain.members] == [Role.FULL, Role.INCREMENT, Role.INCREMENT]
    assert (chain.files, chain.bytes, chain.rows, chain.expires_at) == (9, 300, 30, None)


@pytest.mark.parametrize(
    ("moment", "wanted"),
    [(day(1), [0, 1]), (day(1) - HOUR / 3600, [0]), (day(0), [0]), (day(1.99), [0, 1])],
)
def test_nothing_exported_after_the_moment_is_taken(moment: Any, wanted: list[float]) -> None:
    chain = chain_of(exports(0, 1, 2), slots(None, None, None), as_of=moment)
    assert (chain.state, days(chain), chain.recovers_to) == (ChainState.COMPLETE, wanted, day(wanted[-1]))


@pytest.mark.parametrize(
    ("status", "reason"), [(MISSING, "missing"), (PAUSED, "paused"), (UNKNOWN, "unknown"), (WAITING, "waiting")]
)
def test_a_chain_ends_before_its_first_gap_and_says_what_is_lost(status: SlotStatus, reason: str) -> None:
    promised = slots(None, status, None, None)
    chain = chain_of(exports(0, 2, 3), promised)
    assert (chain.state, chain.recovers_to, days(chain)) == (ChainState.GAP, day(0), [0])
    assert gap_days(chain) == [(1, reason)]
    assert [m.attempt.at for m in chain.lost] == [day(2), day(3)]


def test_a_gap_that_is_accepted_stays_a_gap() -> None:
    promised = slots(None, MISSING, None)
    chain = chain_of(exports(0, 2), promised, accepts_gaps=True)
    assert (chain.state, chain.recovers_to, days(chain), chain.lost) == (ChainState.GAP, day(0), [0, 2], ())
    assert gap_days(chain) == [(1, "missing")]


@pytest.mark.parametrize("status", [MISSING, PAUSED, UNKNOWN])
def test_a_slot_that_is_proven_empty_is_no_gap(status: SlotStatus) -> None:
    chain = chain_of(exports(0, 2), slots(None, status, None, status, proven_empty=[1, 3]))
    assert (chain.state, chain.recovers_to, days(chain)) == (ChainState.COMPLETE, day(3), [0, 2])


def test_proof_of_nothing_does_not_excuse_a_damaged_export() -> None:
    promised = slots(None, None, proven_empty=[1])
    assert gap_days(chain_of([attempt(0), attempt(1, verdict=Verdict.CORRUPT)], promised)) == [(1, "bad")]
    empty = attempt(1, verdict=Verdict.EMPTY, rows=0)
    assert chain_of([attempt(0), empty], promised, allow_empty=False).state is ChainState.COMPLETE


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"verdict": Verdict.CORRUPT}, "bad"),
        ({"verdict": Verdict.INCOMPLETE}, "bad"),
        ({"verdict": Verdict.UNKNOWN}, "bad"),
        ({"verdict": Verdict.UNVERIFIABLE}, "bad"),
        ({"verdict": Verdict.ARRIVING}, "waiting"),
        ({"presence": Presence.EXPIRED}, "gone"),
        ({"presence": Presence.VANISHED}, "gone"),
        ({"depth": Depth.STRUCTURE}, "shallow"),
        ({"checked": 2}, "shallow"),
        ({"checked": 0, "files": 0}, "shallow"),
    ],
)
def test_an_export_that_does_not_count_is_a_gap_and_named(known: dict[str, Any], reason: str) -> None:
    chain = chain_of([attempt(0), attempt(1, **known), attempt(2)], slots(None, None, None))
    assert (chain.state, days(chain), gap_days(chain)) == (ChainState.GAP, [0], [(1, reason)])
    gap = chain.gaps[0]
    assert (gap.snapshot, gap.status) == (attempt(1).here.id, SlotStatus.ON_TIME)
    assert gap.verdict is known.get("verdict", Verdict.GOOD)


def test_less_may_be_asked_than_that_every_byte_was_read() -> None:
    known = [attempt(0), attempt(1, depth=Depth.STRUCTURE)]
    assert chain_of(known, slots(None, None), depth=Depth.STRUCTURE).state is ChainState.COMPLETE
    assert chain_of(known, slots(None, None), depth=Depth.FULL).state is ChainState.GAP


@pytest.mark.parametrize(("allowed", "state"), [(True, ChainState.COMPLETE), (False, ChainState.GAP)])
def test_an_empty_export_counts_where_that_is_allowed(allowed: bool, state: ChainState) -> None:
    known = [attempt(0), attempt(1, verdict=Verdict.EMPTY, rows=0)]
    assert chain_of(known, slots(None, None), allow_empty=allowed).state is state


def test_what_is_still_to_come_is_no_gap() -> None:
    chain = chain_of(exports(0), slots(None, WAITING), as_of=day(1.05))
    assert (chain.state, chain.recovers_to, chain.gaps) == (ChainState.COMPLETE, day(0), ())
    assert [(p.due_at, p.reason.value) for p in chain.pending] == [(day(1), "waiting")]
    arriving = chain_of([attempt(0), attempt(1, verdict=Verdict.ARRIVING)], slots(None, WAITING))
    assert (arriving.state, [p.verdict for p in arriving.pending]) == (ChainState.COMPLETE, [Verdict.ARRIVING])


def test_an_export_that_came_only_after_the_moment_is_no_gap_in_it() -> None:
    known = [attempt(0), attempt(1, HOUR, verdict=Verdict.CORRUPT), attempt(1, 5 * HOUR)]
    promised = slots(None, SlotStatus.ARRIVED_LATE)
    before, after = (chain_of(known, promised, as_of=day(1) + hours * HOUR) for hours in (2, 5))
    assert (before.state, before.recovers_to, len(before.pending)) == (ChainState.COMPLETE, day(0), 1)
    assert (after.state, after.recovers_to, days(after)) == (ChainState.COMPLETE, day(1) + 5 * HOUR, [0, 1])
    late_alone = chain_of([attempt(0), attempt(1, 5 * HOUR)], promised, as_of=day(1) + HOUR)
    assert (late_alone.state, [p.reason.value for p in late_alone.pending]) == (ChainState.COMPLETE, ["waiting"])


def test_what_went_missing_after_the_moment_is_no_gap_in_it() -> None:
    chain = chain_of(exports(0, 1), slots(None, None, MISSING), as_of=day(1.5))
    assert (chain.state, chain.recovers_to, chain.pending) == (ChainState.COMPLETE, day(1), ())


def test_a_missing_last_export_is_a_gap() -> None:
    chain = chain_of(exports(0), slots(None, MISSING))
    assert (chain.state, chain.recovers_to, chain.lost) == (ChainState.GAP, day(0), ())


@pytest.mark.parametrize("base", [{"verdict": Verdict.CORRUPT}, {"presence": Presence.EXPIRED}, None])
def test_without_a_usable_full_a_chain_is_broken(base: dict[str, Any] | None) -> None:
    known = [] if base is None else [attempt(0, **base)]
    chain = chain_of([*known, *exports(1, 2)], slots(MISSING if base is None else None, None, None))
    assert (chain.state, chain.recovers_to, chain.members) == (ChainState.BROKEN, None, ())
    assert [g.due_at for g in chain.gaps] == [day(0)]
    assert [m.attempt.at for m in chain.lost] == [day(1), day(2)]
    accepting = chain_of([*known, *exports(1, 2)], slots(None, None, None), accepts_gaps=True)
    assert (accepting.state, accepting.members) == (ChainState.BROKEN, ())


def test_of_nothing_there_is_no_chain() -> None:
    assert chain_of([]).state is ChainState.BROKEN
    assert gap_days(chain_of([], slots(MISSING, WAITING))) == [(0, "missing")]
    assert chain_of(exports(3), as_of=day(2)).state is ChainState.BROKEN


def test_a_new_full_starts_a_new_chain() -> None:
    promised = slots(None, MISSING, None, None)
    starts = (day(0), day(2))
    chain = chain_of(exports(0, 2, 3), promised, flow_starts=starts)
    assert (chain.state, days(chain), chain.recovers_to) == (ChainState.COMPLETE, [2, 3], day(3))
    assert chain.members[0].role is Role.FULL
    assert days(chain_of(exports(0, 2, 3), promised, flow_starts=starts, as_of=day(1))) == [0]


def test_where_the_new_full_is_bad_the_old_chain_leads_up_to_it() -> None:
    known = [*exports(0, 1), attempt(2, verdict=Verdict.CORRUPT), attempt(3)]
    chain = chain_of(known, slots(None, None, None, None), flow_starts=(day(0), day(2)))
    assert (chain.state, days(chain), chain.recovers_to) == (ChainState.GAP, [0, 1], day(1))
    assert gap_days(chain) == [(2, "bad")]


def test_the_best_complete_attempt_of_several_counts() -> None:
    good, bad = attempt(1, HOUR), attempt(1, verdict=Verdict.CORRUPT)
    shallow = attempt(1, 2 * HOUR, depth=Depth.LIST)
    chain = chain_of([attempt(0), bad, good, shallow], slots(None, None))
    assert (chain.state, [m.id for m in chain.members]) == (ChainState.COMPLETE, [attempt(0).here.id, good.here.id])
    assert set(chain.members[1].duplicates) == {bad, shallow}


def test_attempts_that_do_not_hold_the_same_are_told() -> None:
    same, more = attempt(1, HOUR), attempt(1, 2 * HOUR, rows=11)
    promised = slots(None, None)
    assert chain_of([attempt(0), attempt(1), same], promised).doubts == ()
    chain = chain_of([attempt(0), attempt(1), same, more], promised)
    assert [(d.kind, d.snapshot) for d in chain.doubts] == [(DoubtKind.ATTEMPTS_DIFFER, more.here.id)]


def test_of_full_exports_the_newest_usable_one_is_all_that_is_needed() -> None:
    assert days(chain_of(exports(0, 1, 2), slots(None, None, None), FULL)) == [2]
    spoilt = [*exports(0, 1), attempt(2, verdict=Verdict.CORRUPT)]
    chain = chain_of(spoilt, slots(None, None, None, WAITING), FULL)
    assert (chain.state, days(chain), chain.recovers_to) == (ChainState.GAP, [1], day(1))
    assert (gap_days(chain), len(chain.pending)) == ([(2, "bad")], 1)
    retried = chain_of([attempt(0), attempt(0, HOUR, verdict=Verdict.CORRUPT)], slots(None), FULL)
    assert (retried.state, retried.recovers_to) == (ChainState.COMPLETE, day(0))
    again = [attempt(0, rows=99), attempt(0, HOUR, rows=1)]
    assert [m.id for m in chain_of(again, slots(None), FULL).members] == [again[1].here.id]


def test_without_slots_a_chain_is_what_is_there_and_says_what_is_assumed() -> None:
    known = [attempt(n, due_at=None) for n in (0, 1, 3)]
    chain = chain_of(known, flow_starts=())
    assert (chain.state, days(chain), chain.recovers_to) == (ChainState.COMPLETE, [0, 1, 3], day(3))
    assert [d.kind for d in chain.doubts] == [DoubtKind.GAPS_UNKNOWN, DoubtKind.FULL_ASSUMED]
    spoilt = chain_of([*known, attempt(2, due_at=None, verdict=Verdict.INCOMPLETE)], flow_starts=())
    assert (spoilt.state, gap_days(spoilt), days(spoilt)) == (ChainState.GAP, [(2, "bad")], [0, 1])
    first_gone = replace(known[0], here=replace(known[0].here, presence=Presence.EXPIRED))
    assert chain_of([first_gone, *known[1:]], flow_starts=()).state is ChainState.BROKEN


def test_what_came_before_the_first_slot_is_a_chain_of_which_gaps_are_unknown() -> None:
    known = [attempt(-2, due_at=None), attempt(-1, due_at=None), *exports(0, 1)]
    early = chain_of(known, slots(None, None), as_of=day(-0.5))
    assert (days(early), early.state) == ([-2, -1], ChainState.COMPLETE)
    assert [d.kind for d in early.doubts] == [DoubtKind.GAPS_UNKNOWN, DoubtKind.FULL_ASSUMED]
    late = chain_of(known, slots(None, None))
    assert (days(late), [d.kind for d in late.doubts]) == ([0, 1], [DoubtKind.FULL_SMALLER])


def test_an_increment_that_looks_like_a_full_is_told_and_kept_where_it_is() -> None:
    events = [(day(-90), day(n)) for n in range(3)]
    known = [attempt(0, rows=1000, events=events[0]), attempt(1, rows=10, events=(day(0), day(1)))]
    again = attempt(2, rows=1020, events=events[2])
    chain = chain_of([*known, again], slots(None, None, None))
    assert (days(chain), [d.kind for d in chain.doubts]) == ([0, 1, 2], [DoubtKind.PERHAPS_FULL])
    for smaller in (replace(again, events=(day(1), day(2))), attempt(2, rows=1009, events=events[2])):
        assert chain_of([*known, smaller], slots(None, None, None)).doubts == ()


@pytest.mark.parametrize(
    ("kept", "counts"),
    [
        (copy(1), True),
        (copy(1, was_good=False), False),
        (copy(1, verdict=Verdict.CORRUPT), False),
        (copy(1, depth=Depth.STRUCTURE), False),
        (copy(1, presence=Presence.VANISHED), False),
        (copy(1, files=2, checked=2), False),
        (copy(1, bytes=99), False),
    ],
)
@pytest.mark.parametrize(
    "original", [{"verdict": Verdict.INCOMPLETE, "presence": Presence.EXPIRED}, {"verdict": Verdict.CORRUPT}]
)
def test_a_verified_complete_copy_stands_in_for_what_is_lost(
    original: dict[str, Any], kept: Copy, counts: bool
) -> None:
    chain = chain_of([attempt(0), attempt(1, copies=(kept,), **original)], slots(None, None))
    assert (chain.state is ChainState.COMPLETE) is counts
    if counts:
        assert [p.id.zone for p in chain.members[1].places] == ["safe"]


def test_a_copy_of_what_is_gone_but_was_never_found_bad_counts() -> None:
    gone = attempt(0, presence=Presence.EXPIRED, copies=(copy(0, was_good=False, rows=None),))
    chain = chain_of([gone, attempt(1)], slots(None, None))
    assert (chain.state, chain.rows, chain.files) == (ChainState.COMPLETE, None, 6)


def test_the_deadline_is_when_the_first_member_is_deleted_at_its_last_place() -> None:
    week, month = day(7), day(30)
    kept = attempt(0, deleted_at=week, copies=(copy(0),))
    moved = attempt(1, deleted_at=week + DAY, copies=(copy(1, deleted_at=month),))
    only_here = attempt(2, deleted_at=week + 2 * DAY)
    promised = slots(None, None, None)
    question = replace(INCREMENTAL, now=day(3))
    assert chain_of([kept, moved, only_here], promised, question).expires_at == week + 2 * DAY
    assert chain_of([kept, moved, only_here], promised, question, as_of=day(1)).expires_at == month
    assert chain_of([kept], promised[:1], question).expires_at is None
    late = chain_of([kept, moved, only_here], promised, question, now=day(9))
    assert [(d.kind, d.snapshot) for d in late.doubts] == [(DoubtKind.OVERDUE, only_here.here.id)]
