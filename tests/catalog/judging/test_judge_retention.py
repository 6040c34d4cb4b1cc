"""Which snapshots are needed: rules, chains, what is bad, gone, doubled or on hold, case by case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.chains import DAY, FULL, HOUR, attempt, copy, day, exports, slots
from support.retention import of_days, retained, told

from catalog.judging.retention_values import RetentionStatus as Is
from catalog.judging.values import SlotStatus
from verifier.model import Depth, Presence, Verdict

GONE, VANISHED = Presence.EXPIRED, Presence.VANISHED
AS_OF = {"as_of": day(10), "now": day(10)}


def test_of_fulls_what_is_within_the_time_is_needed_and_the_rest_is_expired() -> None:
    judged = retained("keep-within=3d", exports(*range(10)), chain=FULL, **AS_OF)
    assert of_days(judged, Is.NEEDED) == [7, 8, 9]
    assert of_days(judged, Is.EXPIRED) == [0, 1, 2, 3, 4, 5, 6]
    assert told(judged, 0) == ("expired", [("over", "keep-within=3d"), ("replaced", None)])
    assert told(judged, 9) == ("needed", [("policy", "keep-within=3d"), ("newest", None)])


def test_a_day_is_superseded_by_its_newest_and_what_the_rule_does_not_reach_is_expired() -> None:
    judged = retained("keep-daily=2", [attempt(n, due_at=None) for n in (7, 8, 8.2, 9, 9.3)], chain=FULL, **AS_OF)
    assert of_days(judged, Is.NEEDED) == [pytest.approx(8.2), pytest.approx(9.3)]
    assert of_days(judged, Is.SUPERSEDED) == [8, 9]
    assert of_days(judged, Is.EXPIRED) == [7]


def test_the_last_of_fulls_supersede_the_others() -> None:
    judged = retained("keep-last=2", exports(0, 1, 2, 3), chain=FULL, **AS_OF)
    assert (of_days(judged, Is.NEEDED), of_days(judged, Is.SUPERSEDED)) == ([2, 3], [0, 1])


def test_rules_that_are_not_used_up_leave_nothing_expired() -> None:
    judged = retained("keep-daily=2,keep-yearly=3", exports(0, 1, 2, 3), chain=FULL, **AS_OF)
    assert (of_days(judged, Is.NEEDED), of_days(judged, Is.SUPERSEDED)) == ([2, 3], [0, 1])


def test_an_increment_that_is_kept_needs_its_chain_back_to_the_full() -> None:
    judged = retained("keep-last=1", exports(0, 1, 2, 3), slots(*[None] * 4), **AS_OF)
    assert of_days(judged, Is.NEEDED) == [0, 1, 2, 3]
    assert told(judged, 0) == ("needed", [("chain", None)])


def test_a_new_flow_supersedes_the_chain_before_it_once_it_is_verified() -> None:
    starts = {"flow_starts": (day(0), day(3)), **AS_OF}
    judged = retained("keep-last=1", exports(0, 1, 2, 3, 4), slots(*[None] * 5), **starts)
    assert (of_days(judged, Is.NEEDED), of_days(judged, Is.SUPERSEDED)) == ([3, 4], [0, 1, 2])
    unread = [*exports(0, 1, 2), attempt(3, depth=Depth.STRUCTURE), attempt(4)]
    judged = retained("keep-last=1", unread, slots(*[None] * 5), **starts)
    assert of_days(judged, Is.NEEDED) == [0, 1, 2, 3, 4]
    assert told(judged, 2)[1] == [("policy", "keep-last=1"), ("newest", None)]


@pytest.mark.parametrize("flaw", [{"verdict": Verdict.CORRUPT}, {"depth": Depth.LIST}, {"checked": 2}])
def test_what_is_not_good_in_every_byte_takes_nobodys_place(flaw: dict[str, object]) -> None:
    judged = retained("keep-last=1", [*exports(0, 1), attempt(2, **flaw)], chain=FULL, **AS_OF)
    assert of_days(judged, Is.NEEDED) == [1, 2]
    assert told(judged, 2)[1][-2:] == [("nothing-newer", None), ("unverified", None)]


def test_what_is_behind_a_gap_takes_nobodys_place() -> None:
    promised = slots(None, None, SlotStatus.MISSING, None, None)
    judged = retained("keep-last=1", exports(0, 1, 3, 4), promised, **AS_OF)
    assert of_days(judged, Is.NEEDED) == [0, 1, 3, 4]
    assert [r.is_verified for r in judged] == [True, True, False, False]


def test_the_newest_that_is_verified_is_kept_whatever_the_rules_say() -> None:
    judged = retained("keep-within=2d", exports(0, 1, 2), chain=FULL, **AS_OF)
    assert (of_days(judged, Is.NEEDED), of_days(judged, Is.EXPIRED)) == ([2], [0, 1])
    assert told(judged, 2) == ("needed", [("newest", None)])


def test_what_is_gone_while_the_policy_needs_it_is_gone_early() -> None:
    fulls = [attempt(5, presence=GONE), attempt(8, presence=VANISHED, verdict=Verdict.INCOMPLETE), attempt(9)]
    judged = retained("keep-within=3d", fulls, chain=FULL, **AS_OF)
    assert of_days(judged, Is.GONE_EARLY) == [8]
    assert told(judged, 5)[0] == "expired"


def test_a_good_copy_elsewhere_stands_for_what_is_gone() -> None:
    kept, bad = copy(8), copy(7, verdict=Verdict.CORRUPT)
    fulls = [attempt(7, presence=GONE, copies=(bad,)), attempt(8, presence=GONE, copies=(kept,)), attempt(9)]
    judged = retained("keep-last=3", fulls, chain=FULL, **AS_OF)
    assert (of_days(judged, Is.GONE_EARLY), of_days(judged, Is.NEEDED)) == ([7], [8, 9])
    assert [p.zone for p in judged[1].places] == ["safe"]


def test_of_what_is_encrypted_a_whole_copy_is_all_that_can_be_asked() -> None:
    opaque = {"verdict": Verdict.UNVERIFIABLE, "presence": GONE}
    one = attempt(9, copies=(copy(9, verdict=Verdict.UNVERIFIABLE),), **opaque)
    assert told(retained("keep-last=1", [one], chain=FULL, **AS_OF), 9)[0] == "gone_early"
    assert told(retained("keep-last=1", [one], chain=FULL, encrypted=True, **AS_OF), 9)[0] == "needed"


def test_where_one_of_the_last_is_gone_an_older_one_is_kept_as_well() -> None:
    judged = retained("keep-last=2", [*exports(0, 1), attempt(2, presence=GONE), attempt(3)], chain=FULL, **AS_OF)
    assert of_days(judged, Is.NEEDED) == [1, 3]
    assert of_days(judged, Is.GONE_EARLY) == [2]
    assert of_days(judged, Is.SUPERSEDED) == [0]


def test_what_has_been_gone_for_long_is_not_asked_for() -> None:
    judged = retained("keep-daily=3", [attempt(n, presence=GONE) for n in range(10)], chain=FULL, **AS_OF)
    assert (of_days(judged, Is.GONE_EARLY), of_days(judged, Is.EXPIRED)) == ([7, 8, 9], [0, 1, 2, 3, 4, 5, 6])


def test_a_chain_whose_full_is_gone_has_lost_it_early() -> None:
    judged = retained("keep-last=1", [attempt(0, presence=GONE), *exports(1, 2)], slots(None, None, None), **AS_OF)
    assert told(judged, 0) == ("gone_early", [("policy", "keep-last=1"), ("chain", None)])
    assert of_days(judged, Is.NEEDED) == [1, 2]


def test_a_bad_attempt_that_was_deleted_once_another_at_its_slot_was_good_is_not_missed() -> None:
    twice = [attempt(0), attempt(1, presence=GONE, verdict=Verdict.CORRUPT), attempt(1, HOUR)]
    judged = retained("keep-within=30d", twice, slots(None, None), **AS_OF)
    assert [r.status.value for r in judged] == ["needed", "superseded", "needed"]
    assert judged[1].reasons[0].snapshot == judged[2].id


def test_a_full_that_came_later_at_a_slot_is_not_given_up_for_an_earlier_one() -> None:
    judged = retained("keep-last=1", [attempt(1), attempt(1, HOUR, depth=Depth.LIST)], chain=FULL, **AS_OF)
    assert [r.status.value for r in judged] == ["needed", "needed"]


def test_on_hold_is_kept_with_its_chain_and_when_gone_that_is_said() -> None:
    starts = {"flow_starts": (day(0), day(3)), **AS_OF}
    judged = retained("keep-last=1", exports(0, 1, 2, 3, 4), slots(*[None] * 5), held=(1,), **starts)
    assert of_days(judged, Is.HELD) == [1]
    assert told(judged, 0) == ("needed", [("chain", None)])
    assert of_days(judged, Is.SUPERSEDED) == [2]
    judged = retained("keep-last=1", [attempt(0, presence=GONE), attempt(1)], chain=FULL, held=(0,), **AS_OF)
    assert told(judged, 0) == ("gone_early", [("hold", None)])


def test_without_a_policy_nothing_is_given_up_and_only_what_is_held_can_be_gone_early() -> None:
    known = [attempt(0, presence=GONE), attempt(1, presence=GONE), attempt(2), attempt(3)]
    judged = retained(None, known, chain=FULL, held=(1, 2), **AS_OF)
    assert [r.status.value for r in judged] == ["expired", "gone_early", "held", "needed"]
    assert told(judged, 3) == ("needed", [("no-policy", None)])


def test_what_was_exported_after_the_moment_is_left_out() -> None:
    judged = retained("keep-last=1", exports(0, 1, 2), chain=FULL, as_of=day(1) + timedelta(hours=3), now=day(10))
    assert (of_days(judged, Is.NEEDED), len(judged)) == ([1], 2)


def test_what_a_place_deletes_and_when_is_told() -> None:
    judged = retained("keep-last=2", [attempt(0, deleted_at=day(7)), attempt(1)], chain=FULL, **AS_OF)
    assert [r.expires_at for r in judged] == [day(7), None]
    assert judged[0].attempt.at + 7 * DAY == judged[0].expires_at
