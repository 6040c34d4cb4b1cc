"""Schedules: slots at their edges, both ends of the calendar, and the texts they are written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.schedule import (
    Cron,
    Every,
    Once,
    Schedule,
    format_duration,
    format_moment,
    parse_cron,
    parse_duration,
    parse_every,
    parse_moment,
    shift,
)

START = datetime(2026, 1, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)
DAILY = Schedule(Every(DAY, START))
DAILY_CRON = Schedule(Cron("0 1 * * *", START))

moments = st.datetimes(
    min_value=(START - 200 * DAY).replace(tzinfo=None),
    max_value=(START + 500 * DAY).replace(tzinfo=None),
    timezones=st.just(UTC),
)
schedules = st.sampled_from(
    [
        DAILY,
        DAILY_CRON,
        Schedule(Every(3 * HOUR, START)),
        Schedule(Every(9 * HOUR, START), ends_at=START + 40 * DAY),
        Schedule(Cron("15 */6 * * 1-5")),
        Schedule(Cron("0 0 1 * *", START), ends_at=START + 100 * DAY),
        Schedule(Once(START)),
        Schedule(Once(START), ends_at=START + DAY),
    ]
)


@pytest.mark.parametrize("schedule", [DAILY, DAILY_CRON])
class TestDailySlots:
    def test_both_ends_of_a_period_count(self, schedule: Schedule) -> None:
        assert list(schedule.due_between(START, START + 2 * DAY)) == [START, START + DAY, START + 2 * DAY]

    def test_a_microsecond_inside_the_ends_leaves_them_out(self, schedule: Schedule) -> None:
        assert list(schedule.due_between(START + INSTANT, START + 2 * DAY - INSTANT)) == [START + DAY]

    def test_nothing_is_due_before_the_start(self, schedule: Schedule) -> None:
        assert next(schedule.due_between(START - 90 * DAY, START + DAY)) == START

    def test_a_period_that_ends_before_it_begins_holds_nothing(self, schedule: Schedule) -> None:
        assert list(schedule.due_between(START + DAY, START)) == []

    def test_an_export_exactly_on_time_fills_its_slot(self, schedule: Schedule) -> None:
        assert schedule.slot_of(START + DAY) == START + DAY

    def test_an_export_five_minutes_early_fills_its_slot(self, schedule: Schedule) -> None:
        assert schedule.slot_of(START + DAY - timedelta(minutes=5)) == START + DAY

    def test_an_export_more_than_five_minutes_early_belongs_to_the_slot_before(self, schedule: Schedule) -> None:
        assert schedule.slot_of(START + DAY - timedelta(minutes=5) - INSTANT) == START

    def test_an_export_before_the_first_slot_has_none(self, schedule: Schedule) -> None:
        assert schedule.slot_of(START - timedelta(minutes=5) - INSTANT) is None
        assert schedule.slot_of(START - timedelta(minutes=5)) == START

    def test_next_is_strictly_after(self, schedule: Schedule) -> None:
        assert schedule.next_after(START) == START + DAY
        assert schedule.next_after(START - INSTANT) == START
        assert schedule.next_after(START - 40 * DAY) == START

    def test_the_interval_is_a_day_at_any_moment(self, schedule: Schedule) -> None:
        assert {schedule.interval_at(START + k * HOUR) for k in range(-30, 60, 7)} == {DAY}


class TestEndDate:
    SCHEDULE = Schedule(Every(DAY, START), ends_at=START + 3 * DAY)

    def test_a_slot_at_the_end_itself_is_not_due(self) -> None:
        assert list(self.SCHEDULE.due_between(START, START + 9 * DAY)) == [START, START + DAY, START + 2 * DAY]
        assert self.SCHEDULE.next_after(START + 2 * DAY) is None
        assert self.SCHEDULE.next_after(START + 2 * DAY - INSTANT) == START + 2 * DAY

    def test_an_end_a_microsecond_later_makes_it_due(self) -> None:
        longer = Schedule(Every(DAY, START), ends_at=START + 3 * DAY + INSTANT)
        assert list(longer.due_between(START + 3 * DAY, START + 9 * DAY)) == [START + 3 * DAY]

    def test_exports_after_the_end_belong_to_the_last_slot(self) -> None:
        assert self.SCHEDULE.slot_of(START + 3 * DAY) == START + 2 * DAY
        assert self.SCHEDULE.slot_of(START + 300 * DAY) == START + 2 * DAY

    def test_it_has_ended_from_the_end_date_on(self) -> None:
        assert not self.SCHEDULE.ended(START + 3 * DAY - INSTANT)
        assert self.SCHEDULE.ended(START + 3 * DAY)
        assert not DAILY.ended(START + 9999 * DAY)


class TestOnce:
    SCHEDULE = Schedule(Once(START))

    def test_there_is_one_slot(self) -> None:
        assert list(self.SCHEDULE.due_between(START - DAY, START + 900 * DAY)) == [START]
        assert list(self.SCHEDULE.due_between(START + INSTANT, START + DAY)) == []
        assert self.SCHEDULE.next_after(START) is None
        assert self.SCHEDULE.interval_at(START) is None

    def test_any_later_export_fills_it(self) -> None:
        assert self.SCHEDULE.slot_of(START + 2 * HOUR) == START
        assert self.SCHEDULE.slot_of(START - HOUR) is None


class TestCron:
    def test_an_open_start_has_slots_in_the_past(self) -> None:
        schedule = Schedule(Cron("0 1 * * *"))
        assert schedule.slot_of(datetime(1999, 5, 5, tzinfo=UTC)) == datetime(1999, 5, 4, 1, tzinfo=UTC)

    def test_it_is_read_in_utc_whatever_the_zone_of_the_moment(self) -> None:
        berlin = START.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+02:00").tzinfo)
        assert Schedule(Cron("0 1 * * *")).slot_of(berlin) == START

    def test_the_interval_over_a_weekend_is_longer(self) -> None:
        working_days = Schedule(Cron("0 1 * * 1-5"))
        friday = datetime(2026, 1, 2, 1, tzinfo=UTC)
        assert working_days.interval_at(friday) == 3 * DAY
        assert working_days.interval_at(friday - INSTANT) == DAY

    @pytest.mark.parametrize("text", ["0 1 * *", "0 0 1 * * *", "", "61 1 * * *", "0 0 30 2 *", "daily", "0 1 * * * x"])
    def test_what_is_not_five_legal_fields_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected a cron expression of five fields"):
            parse_cron(text)

    def test_spaces_do_not_matter(self) -> None:
        assert parse_cron("  0 1  * * * ") == "0 1 * * *"


class TestEndsOfTheCalendar:
    FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    @pytest.mark.parametrize(
        "schedule", [DAILY, Schedule(Cron("0 1 * * *")), Schedule(Once(START)), TestEndDate.SCHEDULE]
    )
    def test_nothing_raises_there(self, schedule: Schedule) -> None:
        for moment in (self.FIRST, self.LAST):
            schedule.slot_of(moment)
            schedule.next_after(moment)
            schedule.interval_at(moment)
            list(schedule.due_between(moment, moment))
            schedule.deadline(moment)
        assert shift(self.LAST, DAY) == self.LAST
        assert shift(self.FIRST, -DAY) == self.FIRST


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "hours"), [("24h", 24), ("3h", 3), ("7d", 168), ("30m", 0.5), ("90s", 0.025), ("36h", 36), ("0h", 0)]
    )
    def test_durations(self, text: str, hours: float) -> None:
        assert parse_duration(text) == timedelta(hours=hours)

    @pytest.mark.parametrize("text", ["", "24", "h", "-3h", "1.5h", "24 h", "3H", "36526d", "٣h", "24h\n"])
    def test_what_is_no_duration_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected a duration"):
            parse_duration(text)

    @pytest.mark.parametrize("hours", [3, 6, 8, 9, 12, 24])
    def test_every_takes_the_intervals_of_exports(self, hours: int) -> None:
        assert parse_every(f"{hours}h") == timedelta(hours=hours)

    def test_every_takes_once(self) -> None:
        assert parse_every("once") is None

    @pytest.mark.parametrize("text", ["0h", "59s", "daily", "Once", ""])
    def test_every_refuses_less_than_a_minute(self, text: str) -> None:
        with pytest.raises(ValueError, match="interval of a minute or more"):
            parse_every(text)

    @given(st.integers(0, 999_999_999).map(lambda s: timedelta(seconds=s)))
    def test_durations_come_back_as_written(self, duration: timedelta) -> None:
        assert parse_duration(format_duration(duration)) == duration

    @pytest.mark.parametrize("text", ["2026-01-01T01:00:00Z", "2026-01-01T03:00:00+02:00", "2026-01-01 01:00:00Z"])
    def test_moments_are_read_in_utc(self, text: str) -> None:
        assert parse_moment(text) == START
        assert format_moment(parse_moment(text)) == "2026-01-01T01:00:00Z"

    @pytest.mark.parametrize(
        "text", ["2026-01-01T01:00:00", "2026-01-01", "tomorrow", "20260101T010000Z", "0001-01-01T00:00:00+14:00"]
    )
    def test_moments_without_an_offset_are_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="expected a time"):
            parse_moment(text)

    def test_a_schedule_describes_itself(self) -> None:
        schedule = Schedule(Every(DAY, START), START + 365 * DAY, 3 * HOUR)
        assert schedule.describe() == "every 24h from 2026-01-01T01:00:00Z until 2027-01-01T01:00:00Z, grace 3h"
        assert Schedule(Cron("0 1 * * *"), grace=36 * HOUR).describe() == "cron 0 1 * * *, grace 36h"
        assert Schedule(Once(START)).describe() == "once at 2026-01-01T01:00:00Z, grace 3h"


@given(schedules, moments)
def test_the_slot_of_a_moment_is_the_last_one_due_by_then(schedule: Schedule, moment: datetime) -> None:
    due = schedule.slot_of(moment)
    latest = moment + timedelta(minutes=5)
    if due is None:
        assert list(schedule.due_between(START - 400 * DAY, latest)) == []
    else:
        assert due <= latest
        assert list(schedule.due_between(due, latest)) == [due]


@given(schedules, moments)
def test_the_next_slot_is_the_first_of_those_that_follow(schedule: Schedule, moment: datetime) -> None:
    following = schedule.next_after(moment)
    listed = list(islice(schedule.due_between(moment + INSTANT, moment + 900 * DAY), 1))
    assert listed == ([] if following is None else [following])


@given(schedules, moments, moments)
def test_two_halves_of_a_period_hold_what_the_whole_holds(schedule: Schedule, a: datetime, b: datetime) -> None:
    start, end = min(a, b), min(max(a, b), min(a, b) + 60 * DAY)
    middle = start + (end - start) / 2
    halves = [*schedule.due_between(start, middle), *schedule.due_between(middle + INSTANT, end)]
    assert halves == list(schedule.due_between(start, end))
    assert halves == sorted(set(halves))
