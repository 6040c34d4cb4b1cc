"""What the schedules of dataflows mean: every spelling and conflict of Adobe's pages, and what it does not offer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.adobe.model import FlowSchedule
from catalog.adobe.parse import parse_flow
from catalog.adobe.schedules import oddity, same_spelling, schedule_of, schedule_text, template_of
from catalog.schedule import Every, Once

START = datetime(2026, 1, 1, 1, tzinfo=UTC)
INCREMENTAL, FULL = "FIRST_FULL_THEN_INCREMENTAL", "DAILY_FULL_EXPORT"


def schedule(**params: object) -> FlowSchedule:
    """Return the schedule of a flow as Adobe tells it, with these parameters."""
    usual = {"exportMode": INCREMENTAL, "timeUnit": "day", "interval": 1, "startTime": int(START.timestamp())}
    told = {key: value for key, value in (usual | params).items() if value is not None}
    return parse_flow({"id": "f", "scheduleParams": told}).schedule


@pytest.mark.parametrize(
    ("unit", "interval", "every"),
    [("hour", n, timedelta(hours=n)) for n in (3, 6, 8, 9, 12, 24)] + [("day", 1, timedelta(days=1))],
)
def test_increments_come_at_every_interval_that_any_page_of_adobe_names(
    unit: str, interval: int, every: timedelta
) -> None:
    told = schedule(timeUnit=unit, interval=interval)
    found = schedule_of(told)
    assert found is not None
    assert found.cadence == Every(every, START)
    assert oddity(told) is None


def test_interval_of_no_days_is_one_full_export_whatever_its_end() -> None:
    end = int((START + timedelta(days=9)).timestamp())
    told = schedule(exportMode=FULL, interval=0, endTime=end)
    found = schedule_of(told)
    assert found is not None
    assert (found.cadence, found.ends_at, told.mode) == (Once(START), None, "full")
    assert oddity(told) is None


def test_end_is_read_in_seconds_and_a_day_of_24_hours_is_a_day() -> None:
    end = START + timedelta(days=180)
    hours = schedule(timeUnit="hour", interval=24, endTime=int(end.timestamp()))
    found = schedule_of(hours)
    assert found is not None
    assert found.ends_at == end
    assert schedule_text(hours) == schedule_text(schedule(endTime=None))


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"exportMode": FULL}, "full exports every 1 'day'"),
        ({"exportMode": FULL, "timeUnit": "hour", "interval": 3}, "full exports every 3 'hour'"),
        ({"timeUnit": "hour", "interval": 7}, "every 7 'hour'"),
        ({"interval": 0}, "every 0 'day'"),
        ({"timeUnit": "week"}, "every 1 'week'"),
        ({"timeUnit": "fort\x1bnight"}, "every 1 'fort\\x1bnight'"),
        ({"exportMode": "SOMETIMES"}, "export mode 'SOMETIMES' is not known"),
    ],
)
def test_what_adobe_does_not_offer_together_is_said(params: dict[str, object], says: str) -> None:
    assert says in str(oddity(schedule(**params)))


@pytest.mark.parametrize("params", [{"exportMode": None}, {"timeUnit": None}, {"interval": None}])
def test_what_older_flows_leave_out_is_nothing_odd(params: dict[str, object]) -> None:
    assert oddity(schedule(**params)) is None


def test_flow_that_does_not_say_when_promises_nothing() -> None:
    assert schedule_of(schedule(startTime=None)) is None
    assert schedule_of(schedule(timeUnit="week", interval=None)) is None


@pytest.mark.parametrize("key", ["foldernameTemplate", "folderNameTemplate"])
def test_template_is_read_in_both_spellings_of_its_key(key: str) -> None:
    told = schedule(**{key: "/%DATASET_ID%/%DATETIME(YYYYMMdd_HHmmss)%/"})
    assert template_of(told) == same_spelling("{DATASET_ID}/{DATETIME(YYYYMMdd_HHmmss)}")


def test_flow_without_a_template_has_the_default_one() -> None:
    assert template_of(schedule()) == "%DATASET_ID%/%EXPORT_TIME%"
