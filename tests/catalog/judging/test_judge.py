"""Judging one dataset: every rule at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.judging import (
    CORRUPT_PAGE,
    DAILY,
    DATASET,
    DAY,
    DUE,
    HOUR,
    INSTANT,
    OVER,
    PROMISE,
    arrival,
    codes,
    judge,
    slot,
)

from catalog.judging.values import (
    DatasetJudgement,
    DatasetStatus,
    Pause,
    SlotStatus,
)
from catalog.schedule import Every, Once, Schedule
from verifier.findings import Level
from verifier.model import Presence, Verdict, finding


class TestNothingCame:
    def test_a_microsecond_before_it_is_due_it_is_not_due(self) -> None:
        judged = judge(at=DUE - INSTANT, since=DUE - HOUR)
        assert [(s.due_at, s.status) for s in judged.slots] == [(DUE, SlotStatus.NOT_DUE)]
        assert judged.status is DatasetStatus.OK

    def test_at_its_due_moment_it_is_awaited(self) -> None:
        assert slot(at=DUE, look=DUE + 9 * DAY).status is SlotStatus.WAITING

    def test_a_microsecond_before_the_grace_is_over_it_is_awaited(self) -> None:
        assert slot(at=OVER - INSTANT, look=OVER + DAY).status is SlotStatus.WAITING

    def test_when_the_grace_is_over_and_nobody_looked_it_is_unknown(self) -> None:
        judged = judge(at=OVER)
        assert judged.slots[0].status is SlotStatus.UNKNOWN
        assert codes(judged.slots[0]) == ["schedule.unknown"]
        assert judged.status is DatasetStatus.UNKNOWN

    def test_a_listing_that_started_at_the_deadline_itself_proves_nothing(self) -> None:
        assert slot(at=OVER + DAY - HOUR, look=OVER).status is SlotStatus.UNKNOWN

    def test_a_listing_that_started_after_the_deadline_proves_it_missing(self) -> None:
        judged = judge(at=OVER + HOUR, look=OVER + INSTANT)
        assert judged.slots[0].status is SlotStatus.MISSING
        assert judged.status is DatasetStatus.FAILING

    def test_a_listing_younger_than_the_moment_judged_counts(self) -> None:
        assert slot(at=OVER, look=OVER + 60 * DAY).status is SlotStatus.MISSING

    def test_the_message_says_what_is_missing_and_how_we_know(self) -> None:
        (found,) = slot(at=OVER + HOUR, look=datetime(2026, 11, 21, 22, tzinfo=UTC)).findings
        assert found.level is Level.ERROR
        assert found.message == (
            "export due 2026-09-19T01:00:00Z is missing: its grace ended 2026-09-19T04:00:00Z"
            " and the listing started 2026-11-21T22:00:00Z does not show it"
        )

    def test_the_next_slot_follows_as_not_due(self) -> None:
        judged = judge(at=DUE + DAY, look=DUE + 9 * DAY)
        assert [(s.due_at, s.status) for s in judged.slots] == [
            (DUE, SlotStatus.MISSING),
            (DUE + DAY, SlotStatus.WAITING),
            (DUE + 2 * DAY, SlotStatus.NOT_DUE),
        ]


class TestSomethingCame:
    def test_it_is_on_time_until_a_microsecond_before_its_grace_is_over(self) -> None:
        judged = slot(arrival(landed_at=OVER - INSTANT), at=OVER + HOUR)
        assert (judged.status, judged.verdict, judged.findings) == (SlotStatus.ON_TIME, Verdict.GOOD, ())
        assert str(judged.snapshot) == f"cja/{DATASET}/20260919010000"

    def test_at_due_plus_grace_sharp_it_is_late(self) -> None:
        judged = judge(arrival(landed_at=OVER), at=OVER + HOUR)
        assert judged.slots[0].status is SlotStatus.ARRIVED_LATE
        assert codes(judged.slots[0]) == ["schedule.late"]
        assert judged.status is DatasetStatus.DEGRADED

    def test_what_landed_after_the_moment_judged_was_not_there_yet(self) -> None:
        late = arrival(landed_at=OVER + HOUR)
        assert slot(late, at=OVER - INSTANT, look=OVER + DAY).status is SlotStatus.WAITING
        missing = slot(late, at=OVER + HOUR - INSTANT, look=OVER + DAY)
        assert missing.status is SlotStatus.MISSING
        assert "it landed only at 2026-09-19T05:00:00Z" in missing.findings[0].message
        assert slot(late, at=OVER + HOUR - INSTANT).status is SlotStatus.UNKNOWN
        assert slot(late, at=OVER + HOUR, look=OVER + DAY).status is SlotStatus.ARRIVED_LATE

    @pytest.mark.parametrize("early", [timedelta(0), timedelta(minutes=4), timedelta(minutes=5)])
    def test_an_export_time_up_to_five_minutes_before_fills_the_slot(self, early: timedelta) -> None:
        assert slot(arrival(DUE - early), at=OVER).status is SlotStatus.ON_TIME

    def test_an_export_time_earlier_than_that_does_not(self) -> None:
        before = arrival(DUE - timedelta(minutes=5, seconds=1))
        judged = judge(before, at=OVER, look=OVER + INSTANT, since=DUE - DAY)
        assert [s.status for s in judged.slots[:2]] == [SlotStatus.ARRIVED_LATE, SlotStatus.MISSING]

    def test_a_snapshot_without_data_files_fills_no_slot(self) -> None:
        empty = arrival(landed_at=None, verdict=Verdict.INCOMPLETE, data_files=0)
        judged = judge(empty, at=OVER, look=OVER + INSTANT)
        assert judged.slots[0].status is SlotStatus.MISSING
        assert judged.slots[0].snapshot is None
        assert judged.findings == ()

    def test_one_still_arriving_is_awaited_even_after_the_grace(self) -> None:
        broken = arrival(verdict=Verdict.ARRIVING, findings=(CORRUPT_PAGE,))
        judged = judge(broken, at=OVER + 5 * HOUR, look=OVER + 6 * HOUR)
        assert (judged.slots[0].status, judged.slots[0].verdict) == (SlotStatus.WAITING, Verdict.ARRIVING)
        assert judged.slots[0].findings == ()
        assert judged.arriving == (broken.id,)
        assert judged.status is DatasetStatus.OK

    def test_a_bad_one_brings_its_errors_and_warnings(self) -> None:
        warning = finding("layout.second-write", "two writes")
        info = finding("layout.part-gap", "a gap")
        bad = arrival(verdict=Verdict.CORRUPT, findings=(CORRUPT_PAGE, warning, info))
        judged = judge(bad, at=OVER)
        assert (judged.slots[0].status, judged.slots[0].verdict) == (SlotStatus.ON_TIME, Verdict.CORRUPT)
        assert judged.slots[0].findings == (CORRUPT_PAGE, warning)
        assert judged.status is DatasetStatus.FAILING

    def test_one_that_vanished_came_and_is_told_with_its_finding(self) -> None:
        gone = finding("file.vanished", "gone", path="a.parquet")
        lost = arrival(verdict=Verdict.INCOMPLETE, presence=Presence.VANISHED, findings=(gone,))
        judged = judge(lost, at=OVER, look=OVER + DAY)
        assert judged.slots[0].status is SlotStatus.ON_TIME
        assert judged.status is DatasetStatus.FAILING

    def test_one_nobody_can_look_into_degrades_unless_it_should_be_encrypted(self) -> None:
        opaque = arrival(verdict=Verdict.UNVERIFIABLE)
        judged = judge(opaque, at=OVER)
        assert (judged.status, judged.opaque) == (DatasetStatus.DEGRADED, (opaque.id,))
        judged = judge(opaque, at=OVER, promise=replace(PROMISE, encrypted=True))
        assert (judged.status, judged.opaque) == (DatasetStatus.OK, ())

    def test_one_whose_landing_nobody_knows_is_there_but_not_called_on_time(self) -> None:
        judged = slot(arrival(landed_at=None), at=OVER, look=OVER + DAY)
        assert (judged.status, codes(judged)) == (SlotStatus.UNKNOWN, ["schedule.unknown"])
        assert judged.snapshot is not None


class TestSeveralInOneSlot:
    def test_the_best_verdict_fills_it_though_it_came_later(self) -> None:
        bad = arrival(verdict=Verdict.CORRUPT)
        good = arrival(DUE + HOUR, landed_at=OVER + HOUR)
        judged = judge(bad, good, at=OVER + 2 * HOUR)
        assert (judged.slots[0].snapshot, judged.slots[0].status) == (good.id, SlotStatus.ARRIVED_LATE)
        assert codes(judged) == ["schedule.unscheduled"]
        assert str(bad.id) in judged.findings[0].message

    def test_of_equal_ones_the_earliest_landed_fills_it(self) -> None:
        second = arrival(DUE, landed_at=DUE + 2 * HOUR)
        first = arrival(DUE + HOUR, landed_at=DUE + HOUR + INSTANT)
        judged = judge(second, first, at=OVER)
        assert judged.slots[0].snapshot == first.id
        assert str(second.id) in judged.findings[0].message

    def test_one_still_arriving_does_not_displace_one_that_is_there(self) -> None:
        arriving = arrival(DUE + HOUR, verdict=Verdict.ARRIVING)
        assert slot(arriving, arrival(verdict=Verdict.INCOMPLETE), at=OVER).verdict is Verdict.INCOMPLETE

    def test_one_before_the_first_slot_is_outside_the_schedule(self) -> None:
        promise = replace(PROMISE, schedule=Schedule(Every(DAY, DUE)))
        by_hand = arrival(DUE - 2 * DAY, landed_at=DUE - 2 * DAY)
        judged = judge(by_hand, at=DUE, since=DUE - 9 * DAY, promise=promise)
        assert codes(judged) == ["schedule.unscheduled"]
        assert judged.findings[0].level is Level.INFO
        assert codes(judge(by_hand, at=DUE, promise=promise)) == []


class TestPauses:
    PROMISE = replace(PROMISE, pauses=(Pause(DUE, DUE + DAY - INSTANT, "migration"),))

    def test_a_slot_from_the_start_of_a_pause_on_is_paused(self) -> None:
        judged = judge(at=DUE + 2 * DAY, look=DUE + 9 * DAY, promise=self.PROMISE)
        first, second, *_ = judged.slots
        assert (first.status, first.reason, first.findings) == (SlotStatus.PAUSED, "migration", ())
        assert second.status is SlotStatus.MISSING

    def test_what_came_all_the_same_fills_it_without_being_called_late(self) -> None:
        judged = slot(arrival(landed_at=OVER), at=OVER, promise=self.PROMISE)
        assert (judged.status, judged.findings) == (SlotStatus.ARRIVED_LATE, ())

    def test_a_pause_does_not_excuse_a_corrupt_one(self) -> None:
        bad = arrival(verdict=Verdict.CORRUPT, findings=(CORRUPT_PAGE,))
        assert slot(bad, at=OVER, promise=self.PROMISE).findings == (CORRUPT_PAGE,)


class TestTheScheduleItself:
    ENDS = DUE + 30 * DAY

    def ending(self, at: datetime, *, enabled: bool = True) -> DatasetJudgement:
        """Judge at one moment of a schedule that has an end."""
        promise = replace(PROMISE, schedule=replace(DAILY, ends_at=self.ENDS), enabled=enabled)
        return judge(at=at, since=at, look=None, promise=promise)

    def test_an_end_in_thirty_days_is_told(self) -> None:
        assert codes(self.ending(self.ENDS - 30 * DAY)) == ["schedule.ends-soon"]
        assert "in 30 days" in self.ending(self.ENDS - 30 * DAY).findings[0].message

    def test_a_microsecond_earlier_it_is_not(self) -> None:
        assert codes(self.ending(self.ENDS - 30 * DAY - INSTANT)) == []

    def test_from_the_end_date_on_it_has_ended(self) -> None:
        assert codes(self.ending(self.ENDS - INSTANT)) == ["schedule.ends-soon"]
        ended = self.ending(self.ENDS)
        assert codes(ended) == ["schedule.ended"]
        assert (ended.status, ended.slots) == (DatasetStatus.FAILING, ())

    def test_a_single_export_does_not_end(self) -> None:
        promise = replace(PROMISE, schedule=Schedule(Once(DUE), ends_at=DUE + DAY))
        assert codes(judge(arrival(), at=DUE + 9 * DAY, promise=promise)) == []

    def test_one_switched_off_judges_no_slot(self) -> None:
        assert codes(self.ending(self.ENDS, enabled=False)) == ["schedule.disabled"]
        judged = judge(at=DUE + 2 * DAY, look=DUE + 9 * DAY, promise=replace(PROMISE, enabled=False))
        assert (codes(judged), judged.slots) == (["schedule.disabled"], ())
        assert judged.status is DatasetStatus.DEGRADED

    def test_one_that_changed_since_the_last_check_is_told(self) -> None:
        text = DAILY.describe()
        assert codes(judge(at=DUE, promise=replace(PROMISE, recorded_schedule=text))) == []
        (found,) = judge(at=DUE, promise=replace(PROMISE, recorded_schedule="none")).findings
        assert (found.code, found.expected, found.actual) == ("schedule.changed", "none", text)
        gone = replace(PROMISE, schedule=None, recorded_schedule=text)
        assert codes(judge(at=DUE, promise=gone)) == ["schedule.changed"]

    def test_without_one_the_newest_snapshot_speaks(self) -> None:
        promise = replace(PROMISE, schedule=None)
        bad = arrival(verdict=Verdict.CORRUPT, findings=(CORRUPT_PAGE,))
        good = arrival(DUE + DAY, landed_at=DUE + DAY)
        judged = judge(bad, good, at=DUE + 2 * DAY, promise=promise)
        assert (judged.slots, judged.status) == ((), DatasetStatus.OK)
        judged = judge(bad, good, at=DUE + DAY - INSTANT, promise=promise)
        assert (judged.findings, judged.status) == ((CORRUPT_PAGE,), DatasetStatus.FAILING)
        assert judge(at=DUE, promise=promise).status is DatasetStatus.OK

    def test_levels_of_the_settings_decide_the_status(self) -> None:
        judged = judge(arrival(landed_at=OVER), at=OVER)
        assert judged.with_levels({"schedule.late": Level.INFO}).status is DatasetStatus.OK
        assert judged.with_levels({"schedule.late": Level.ERROR}).status is DatasetStatus.FAILING
