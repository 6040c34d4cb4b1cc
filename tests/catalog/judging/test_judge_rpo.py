"""For how long a complete chain was no older than the objective, and because of which export it was not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.chains import DAY, FULL, HOUR, attempt, copy, day, slots
from support.lives import LATE, WEEK, judged, life, lives, told

from catalog.judging.chain_values import Copy
from catalog.judging.rpo_values import Cause, CopyLife, Life, State, Stay, Why, Worst
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Verdict

MISSING, PAUSED, UNKNOWN, WAITING = SlotStatus.MISSING, SlotStatus.PAUSED, SlotStatus.UNKNOWN, SlotStatus.WAITING
EIGHT = [None] * 8
FULLS = replace(WEEK, chain=replace(FULL, as_of=day(7), now=day(7)))


def test_exports_that_come_in_time_meet_the_objective_all_the_time() -> None:
    judgement = judged(lives(*range(8)), slots(*EIGHT))
    assert told(judgement) == [(24, 168, "met", None)]
    assert (judgement.length(State.MET), judgement.length(State.MISSED)) == (6 * DAY, 0 * DAY)
    late = Why(Cause.WAITING, day(1), attempt(1).here.id, day(1) + LATE)
    assert judgement.worst == Worst(day(0), day(1) + LATE, is_total=False, why=late)


@pytest.mark.parametrize(("status", "cause"), [(MISSING, "missing"), (PAUSED, "paused")])
def test_increments_behind_a_gap_are_worth_nothing(status: SlotStatus, cause: str) -> None:
    known = lives(0, 1, 2, 4, 5, 6, 7)
    judgement = judged(known, slots(None, None, None, status, *EIGHT[4:]))
    assert told(judgement) == [(24, 48 + 30, "met", None), (78, 168, "missed", cause)]
    missed = judgement.stretches[1]
    assert (missed.recovers_to, missed.exposure, missed.why and missed.why.due_at) == (day(2), 5 * DAY, day(3))
    assert judgement.worst == Worst(day(2), day(7), is_total=False, why=missed.why)


def test_the_next_full_ends_a_gap_and_so_does_the_full_of_a_new_flow() -> None:
    promised = slots(None, None, None, MISSING, *EIGHT[4:])
    wanted = [(24, 78, "met", None), (78, 96.25, "missed", "missing"), (96.25, 168, "met", None)]
    known = lives(0, 1, 2, 4, 5, 6, 7)
    assert told(judged(known, promised, FULLS)) == wanted
    restarted = replace(WEEK.chain, flow_starts=(day(0), day(4)))
    assert told(judged(known, promised, chain=restarted)) == wanted


def test_an_export_that_lands_late_is_worth_something_from_then_on() -> None:
    known = [*lives(0, 1, 3, 4, 5, 6, 7), life(2, landed=day(2) + 20 * HOUR)]
    judgement = judged(known, slots(*EIGHT))
    assert told(judgement) == [(24, 54, "met", None), (54, 68, "missed", "waiting"), (68, 168, "met", None)]
    assert judgement.stretches[1].why == Why(Cause.WAITING, day(2), attempt(2).here.id, day(2) + 20 * HOUR)


def test_what_is_exactly_as_old_as_the_objective_meets_it() -> None:
    known, promised = lives(*range(8)), slots(*EIGHT)
    assert told(judged(known, promised, objective=DAY + LATE)) == [(24, 168, "met", None)]
    judgement = judged(known, promised, objective=DAY + LATE - HOUR / 60)
    assert judgement.length(State.MISSED) == 6 * HOUR / 60
    assert [s.ends_at for s in judgement.stretches if s.state is State.MISSED] == [day(i) + LATE for i in range(1, 7)]


def test_a_slot_that_nobody_has_looked_at_since_is_unknown_where_it_decides() -> None:
    looks = (day(-5), day(3) + 6 * HOUR)
    promised = slots(None, None, None, None, UNKNOWN, UNKNOWN, UNKNOWN, WAITING)
    judgement = judged(lives(0, 1, 2, 3), promised, looks=looks)
    assert told(judgement) == [(24, 72 + 30, "met", None), (102, 168, "unknown", "unknown")]
    assert judgement.stretches[1].why == Why(Cause.UNKNOWN, day(4))


def test_a_look_shows_that_an_export_had_not_come_until_then() -> None:
    looks = (day(-5), day(4) + 2 * HOUR)
    promised = slots(None, None, None, None, UNKNOWN)
    judgement = judged(lives(0, 1, 2, 3), promised, looks=looks, objective=25 * HOUR, until=day(4) + 3 * HOUR)
    assert told(judgement) == [(24, 97, "met", None), (97, 98, "missed", "unknown"), (98, 99, "unknown", "unknown")]


def test_before_anybody_looked_only_what_was_there_since_is_known() -> None:
    known, promised = lives(2, 3, 4, 5, 6, 7), slots(*EIGHT)[2:]
    chain = replace(WEEK.chain, flow_starts=(day(2),))
    judgement = judged(known, promised, looks=(day(5),), chain=chain)
    assert told(judgement) == [(24, 48.25, "unknown", "unseen"), (48.25, 168, "met", None)]
    seen = judged(known, promised, chain=chain)
    assert told(seen) == [(24, 48.25, "missed", "waiting"), (48.25, 168, "met", None)]
    assert seen.worst is not None
    assert (seen.worst.is_total, seen.worst.ends_at) == (True, day(2) + LATE)


def test_without_any_look_or_snapshot_nothing_is_known() -> None:
    judgement = judged([], [], looks=())
    assert told(judgement) == [(24, 168, "unknown", "unseen")]
    assert judgement.worst is None


def test_without_any_chain_nothing_is_met_however_long_the_objective_is() -> None:
    judgement = judged([], slots(*[MISSING] * 8), objective=9000 * DAY)
    assert told(judgement) == [(24, 168, "missed", "missing")]
    assert judgement.worst == Worst(day(1), day(7), is_total=True, why=judgement.stretches[0].why)
    assert judgement.stretches[0].exposure is None


@pytest.mark.parametrize("verdict", [Verdict.CORRUPT, Verdict.INCOMPLETE])
def test_a_bad_export_is_a_gap(verdict: Verdict) -> None:
    judgement = judged([*lives(0, 1, 3, 4, 5, 6, 7), life(2, verdict=verdict)], slots(*EIGHT))
    assert told(judgement) == [(24, 54, "met", None), (54, 168, "missed", "bad")]


def test_an_export_not_read_in_full_is_unknown_where_it_decides() -> None:
    one = attempt(2, depth=Depth.STRUCTURE)
    shallow = Life(one, (Stay(one.here, day(2) + LATE, None, is_known=False),))
    judgement = judged([*lives(0, 1, 3, 4, 5, 6, 7), shallow], slots(*EIGHT))
    assert told(judgement) == [(24, 54, "met", None), (54, 168, "unknown", "unverified")]


def test_a_full_that_goes_takes_its_chain_with_it_unless_a_copy_stays() -> None:
    promised = slots(*EIGHT)
    alone = [life(0, gone=day(4)), *lives(1, 2, 3, 4, 5, 6, 7)]
    judgement = judged(alone, promised)
    assert told(judgement) == [(24, 96, "met", None), (96, 168, "missed", "gone")]
    assert judgement.worst is not None
    assert judgement.worst.is_total
    there: Copy = copy(0)
    stays = (Stay(there.there, day(1), None),)
    kept = replace(alone[0], attempt=replace(alone[0].attempt, copies=(there,)), copies=(CopyLife(there, stays),))
    assert told(judged([kept, *alone[1:]], promised)) == [(24, 168, "met", None)]
    brief = replace(kept, copies=(CopyLife(there, (replace(stays[0], ends_at=day(5)),)),))
    assert told(judged([brief, *alone[1:]], promised)) == [(24, 120, "met", None), (120, 168, "missed", "gone")]


def test_without_a_schedule_increments_prove_nothing_but_fulls_do() -> None:
    known = lives(*range(8))
    assert told(judged(known, [], has_schedule=False)) == [(24, 30, "met", None), (30, 168, "unknown", "no-schedule")]
    assert told(judged(known, [], FULLS, has_schedule=False)) == [(24, 168, "met", None)]


def test_what_a_zone_deletes_may_have_come_and_gone_where_nobody_looked() -> None:
    promised = slots(None, None, MISSING, MISSING, *EIGHT[4:])
    known = [life(n) for n in (0, 1, 4, 5, 6, 7)]
    looks = (day(1) + 6 * HOUR, day(4) + 6 * HOUR)
    judgement = judged(known, promised, FULLS, looks=looks, lifetime=2 * DAY)
    # Day 2 may have been there until day 4; day 3 would still have been, and the second look does not show it.
    unknown = [(54, 78, "unknown", "unknown")]
    missed = [(78, 96, "missed", "missing"), (96, 96.25, "missed", "missing")]
    assert told(judgement) == [(24, 54, "met", None), *unknown, *missed, (96.25, 168, "met", None)]
    assert [s.why and s.why.due_at for s in judgement.stretches] == [None, day(2), day(3), day(2), None]
    kept = judged(known, promised, FULLS, looks=looks)
    assert told(kept) == [(24, 54, "met", None), (54, 96.25, "missed", "missing"), (96.25, 168, "met", None)]
