"""When a snapshot was at a place, and what it was worth then, by all that was recorded of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from support.chains import HOUR, INCREMENTAL, day, holding

from catalog.judging.rpo_lives import stays_of
from catalog.judging.rpo_values import Revision
from verifier.model import Depth, Presence, Verdict

NIGHTS = tuple(day(i) + 2 * HOUR for i in range(30))
LANDED = day(0) + HOUR / 4
END = None


def state(night: int, *, landed: datetime | None = LANDED, **known: Any) -> Revision:
    """What was recorded an hour after the listing of a night began."""
    return Revision(holding(day(0), **known), landed, NIGHTS[night], NIGHTS[night] + HOUR)


def seen(*states: Revision, looks: tuple[datetime, ...] = NIGHTS) -> list[tuple[float, float | None, str]]:
    """The stays in hours since day 0: known to be good or bad, or open."""
    found = []
    for stay in stays_of(states, INCREMENTAL, looks):
        worth = "open" if not stay.is_known else "good" if stay.holding.verdict is Verdict.GOOD else "bad"
        end = None if stay.ends_at is None else (stay.ends_at - day(0)) / HOUR
        found.append(((stay.starts_at - day(0)) / HOUR, end, worth))
    return found


def test_what_was_read_in_the_night_has_been_good_since_it_landed() -> None:
    assert seen(state(0)) == [(0.25, END, "good")]
    assert seen(state(3)) == [(0.25, END, "good")]
    assert seen() == []


def test_where_nobody_knows_when_it_landed_it_is_there_from_when_it_was_recorded() -> None:
    assert seen(state(1, landed=None)) == [(0, 27, "open"), (27, END, "good")]


@pytest.mark.parametrize(
    "known", [{"verdict": Verdict.ARRIVING}, {"verdict": Verdict.INCOMPLETE}, {"depth": Depth.LIST}, {"checked": 1}]
)
def test_what_a_later_look_puts_right_counts_from_when_the_last_of_it_landed(known: dict[str, Any]) -> None:
    assert seen(state(0, **known), state(1, landed=day(0) + 5 * HOUR)) == [(5, END, "good")]
    assert seen(state(0, **known), state(1)) == [(0.25, END, "good")]


@pytest.mark.parametrize(
    ("known", "worth"),
    [
        ({"verdict": Verdict.CORRUPT}, "bad"),
        ({"verdict": Verdict.INCOMPLETE}, "bad"),
        ({"verdict": Verdict.UNVERIFIABLE}, "open"),
        ({"verdict": Verdict.ARRIVING}, "open"),
        ({"verdict": Verdict.UNKNOWN}, "open"),
        ({"depth": Depth.STRUCTURE}, "open"),
    ],
)
def test_what_was_never_good_is_bad_or_nobody_knows(known: dict[str, Any], worth: str) -> None:
    assert [(start, end) for start, end, _ in seen(state(0, **known))] == [(0.25, END)]
    assert seen(state(0, **known))[0][2] == worth


def test_bytes_that_turn_out_bad_without_a_trace_are_unknown_since_they_were_last_recorded() -> None:
    turned = state(9, verdict=Verdict.CORRUPT)
    assert seen(state(0), turned) == [(0.25, 3, "good"), (3, 219, "open"), (219, END, "bad")]


def test_bytes_that_the_store_says_were_written_again_were_good_until_then() -> None:
    turned = state(9, verdict=Verdict.CORRUPT, landed=day(8))
    assert seen(state(0), turned) == [(0.25, 192, "good"), (192, END, "bad")]
    again = state(12, landed=day(11))
    assert seen(state(0), turned, again) == [(0.25, 192, "good"), (192, 264, "bad"), (264, END, "good")]


def test_files_that_vanish_were_there_until_the_last_listing_that_had_them() -> None:
    for verdict, rest in ((Verdict.INCOMPLETE, [(219, END, "bad")]), (Verdict.GOOD, [])):
        presence = Presence.PRESENT if rest else Presence.VANISHED
        gone = state(9, verdict=verdict, presence=presence)
        assert seen(state(0), gone) == [(0.25, 194, "good"), (194, 219, "open"), *rest]
        assert seen(state(0), gone, looks=NIGHTS[9:]) == [(0.25, 3, "good"), (3, 219, "open"), *rest]


def test_what_expires_was_there_until_its_zone_deletes_it() -> None:
    kept = state(0, deleted_at=day(7))
    gone = state(9, presence=Presence.EXPIRED, deleted_at=day(7))
    assert seen(kept, gone, looks=(NIGHTS[0], NIGHTS[9])) == [(0.25, 168, "good"), (168, 219, "open")]
    assert seen(kept, looks=NIGHTS[:3]) == [(0.25, 168, "good"), (168, END, "open")]
    assert seen(kept, looks=NIGHTS[:9]) == [(0.25, 194, "good"), (194, END, "open")]


def test_what_comes_back_counts_from_when_it_was_seen_again_or_landed_again() -> None:
    gone = state(5, presence=Presence.VANISHED)
    lost = [(0.25, 98, "good"), (98, 123, "open")]
    assert seen(state(0), gone, state(7)) == [*lost, (123, 171, "open"), (171, END, "good")]
    assert seen(state(0), gone, state(7, landed=day(6))) == [*lost, (144, END, "good")]


def test_nothing_is_there_before_its_export_time() -> None:
    assert seen(state(0, landed=day(-1))) == [(0, END, "good")]


def test_the_same_bytes_judged_twice_are_good_all_the_time() -> None:
    later = replace(state(4), holding=holding(day(0), rows=11))
    assert seen(state(0), later) == [(0.25, 99, "good"), (99, END, "good")]
