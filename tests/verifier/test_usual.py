"""Sizes against a dataset's own past: what is far off, what is usual at such a time, and when nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bench.series import SHAPES, made, with_drop
from verifier.usual import LONG_AGO, Size, Way, odd_size

MONDAY = datetime(2026, 1, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def daily(*values: int, start: datetime = MONDAY) -> list[Size]:
    return [Size(start + i * DAY, value) for i, value in enumerate(values)]


def odd(*values: int, start: datetime = MONDAY) -> Way | None:
    """What the last of some daily sizes is."""
    *past, now = daily(*values, start=start)
    found = odd_size(now, past)
    return None if found is None else found.way


def drops(sizes: Sequence[Size]) -> list[int]:
    """The places of all drops in a series, each judged by those before it."""
    found = ((i, odd_size(now, sizes[max(0, i - LONG_AGO) : i])) for i, now in enumerate(sizes))
    return [i for i, odd in found if odd is not None and odd.way is Way.DROP]


WEEK = [1000, 1010, 990, 1005, 995, 300, 250]
WEEKS = WEEK * 10


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([100] * 4 + [10], None),
        ([100] * 5 + [10], Way.DROP),
        ([100] * 5 + [34], None),
        ([100] * 4 + [60, 32], None),
        ([100] * 5 + [310], Way.GROWTH),
        ([100] * 5 + [0], None),
        ([90_000] + [100] * 4 + [95], None),
        ([90_000] + [100] * 4 + [10], Way.DROP),
    ],
)
def test_in_a_short_past_only_what_is_under_a_third_and_under_half_of_all_before_is_odd(
    values: list[int], expected: Way | None
) -> None:
    assert odd(*values) is expected


def test_a_weekday_with_a_sundays_rows_is_odd_and_a_sunday_is_not() -> None:
    assert odd(*WEEKS, 250) is Way.DROP
    assert odd(*WEEKS, 1000) is None
    assert odd(*WEEKS, *WEEK[:5], 300) is None
    assert odd(*WEEKS, *WEEK[:6], 250) is None
    assert odd(*WEEKS, *WEEK[:6], 60) is Way.DROP
    # A Saturday like any weekday is no drop, and no threefold growth of the level.
    assert odd(*WEEKS, *WEEK[:5], 1000) is Way.GROWTH


def test_what_is_usual_is_told_about_right() -> None:
    *past, now = daily(*WEEKS, *WEEK[:6], 60)
    found = odd_size(now, past)
    assert found is not None
    assert 200 < found.usual < 300
    assert found.count == len(past)


def test_a_small_export_on_the_same_day_of_a_month_is_usual_once_seen() -> None:
    first = datetime(2026, 1, 12, 1, tzinfo=UTC)
    sizes = [Size(first + i * DAY, 100 if (first + i * DAY).day == 10 else 1000 + i % 7) for i in range(200)]
    # The first in February is seen in a short past, where it is a tenth of all before.
    assert [sizes[i].at.month for i in drops(sizes)] == [2]


def test_the_ends_of_a_month_say_nothing_until_one_was_seen() -> None:
    first = datetime(2026, 1, 3, 1, tzinfo=UTC)
    for day in (1, 31):
        sizes = [Size(first + i * DAY, 100 if (first + i * DAY).day == day else 1000 + i % 7) for i in range(150)]
        assert drops(sizes) == []
    sizes = [Size(first + i * DAY, 1000 + i % 7) for i in range(118)]
    last = Size(datetime(2026, 5, 1, 1, tzinfo=UTC), 100)
    assert odd_size(last, sizes) is not None


def test_a_new_level_is_told_of_a_few_times_and_then_accepted() -> None:
    values = [1000 + i % 7 for i in range(60)] + [200 + i % 3 for i in range(40)]
    assert drops(daily(*values)) == [60, 61, 62]


def test_odd_exports_in_the_past_hide_no_later_one() -> None:
    values = [1000 + i % 7 for i in range(60)]
    values[40], values[47], values[50] = 10, 50_000, 100
    assert odd(*values, 200) is Way.DROP
    assert odd(*values, 900) is None


def test_a_first_full_export_is_not_what_increments_are_held_against() -> None:
    assert drops(daily(5_000_000, *(1000 + i % 7 for i in range(100)))) == []


def test_steady_growth_or_decline_is_no_news() -> None:
    assert drops(daily(*(round(100_000 * 0.98**i) for i in range(200)))) == []
    assert drops(daily(*(round(100 * 1.03**i) for i in range(200)))) == []


def test_an_empty_export_is_odd_only_where_a_long_past_had_none() -> None:
    assert odd(*[100] * 30, 0) is None
    assert odd(*[100] * 40, 0) is Way.DROP
    assert odd(*[100] * 20, 0, *[100] * 20, 0) is None
    assert odd(*[100, 0] * 30, 100) is None


def test_where_a_day_has_several_exports_its_nights_are_usual() -> None:
    by_hour = (50, 30, 200, 800, 1000, 900, 600, 200)
    sizes = [Size(MONDAY + i * DAY / 8, by_hour[i % 8]) for i in range(8 * 60)]
    assert drops(sizes) == []
    *past, noon = sizes[: 8 * 58 + 5]
    assert noon.value == 1000
    found = odd_size(Size(noon.at, 200), past)
    assert found is not None
    assert found.way is Way.DROP


@pytest.mark.parametrize("label", [label for label in SHAPES if "July" not in label])
def test_quiet_years_raise_no_alarm(label: str) -> None:
    shape = SHAPES[label]
    days = 365 if shape.every == 24 else 80
    assert [drops(made(shape, seed, days)) for seed in range(3)] == [[], [], []]


@pytest.mark.parametrize(("share", "least"), [(0.6, 8), (0.7, 19), (0.9, 20), (1.0, 20)])
@pytest.mark.parametrize("label", ["daily, weekends at 40 %", "daily, growing", "every 3 hours, day and week"])
def test_drops_are_found(label: str, share: float, least: int) -> None:
    sizes = made(SHAPES[label], seed=7, days=120)
    found = 0
    for index in range(60, 80):
        *past, now = with_drop(sizes, index * 24 // SHAPES[label].every, share)
        odd = odd_size(now, past)
        found += odd is not None and odd.way is Way.DROP
    assert found >= least
