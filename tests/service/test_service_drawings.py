"""Drawings are geometry: nothing outside the box, every day once, and what is drawn is what was given."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.service.drawing.calendar import CELL, TOP, draw_calendar
from catalog.service.drawing.chain import HEIGHT as CHAIN_HEIGHT
from catalog.service.drawing.chain import WIDTH as CHAIN_WIDTH
from catalog.service.drawing.chain import draw_chain, links_of
from catalog.service.drawing.days import NOTHING, TONES, DayWord, day_words, is_worse, runs, slot_word
from catalog.service.drawing.line import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Point, draw_line
from catalog.service.drawing.line import TOP as LINE_TOP
from catalog.service.drawing.strip import DAY, GAP, draw_strip, spell_days, strip_width
from catalog.service.drawing.strip import HEIGHT as STRIP_HEIGHT

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = st.sampled_from(list(TONES))
WEEKS = st.lists(WORDS, min_size=1, max_size=70)
MOMENTS = st.integers(0, 364 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
VALUES = st.none() | st.floats(0, 1e15, allow_nan=False)


def days_of(words: list[str], first: date = date(2026, 9, 25)) -> list[DayWord]:
    return [DayWord(first + timedelta(days=n), word, 1, 1) for n, word in enumerate(words)]


def places(path: str) -> list[tuple[float, float]]:
    """The points of path data."""
    pairs = (text.strip("Mz ").split(",") for text in path.replace("M", " ").replace("z", " ").split())
    return [(float(x), float(y)) for x, y in pairs]


@given(WEEKS)
def test_runs_are_the_days_each_once_and_in_order(words: list[str]) -> None:
    found = runs(days_of(words))
    again = [run.word for run in found for _ in range(run.days)]
    assert again == words
    assert all(after.first == before.last + timedelta(days=1) for before, after in pairwise(found))
    assert len(found) == len(list(groupby(words)))


@given(WEEKS)
def test_bars_of_a_strip_stay_inside_and_beside_one_another(words: list[str]) -> None:
    bars = draw_strip(runs(days_of(words)))
    width = strip_width(len(words))
    assert all(b.x >= 0 and b.width > 0 and b.x + b.width <= width for b in bars)
    assert all(b.y >= 0 and b.height > 0 and b.y + b.height == STRIP_HEIGHT for b in bars)
    drawn = [b for b in bars if b.tone != "none"]
    assert all(after.x >= before.x + before.width + GAP for before, after in pairwise(drawn))
    covered = {(x - b.x) // DAY + b.x // DAY for b in drawn for x in range(b.x, b.x + b.width, DAY)}
    assert covered == {n for n, word in enumerate(words) if word != NOTHING}


@given(WEEKS)
def test_each_bar_says_its_days_and_its_word(words: list[str]) -> None:
    told = {b.title for b in draw_strip(runs(days_of(words))) if b.tone != "none"}
    wanted = {f"{spell_days(r.first, r.last)}: {r.word}" for r in runs(days_of(words)) if r.word != NOTHING}
    assert told == wanted


def test_a_strip_without_days_has_no_bars() -> None:
    assert (draw_strip([]), strip_width(0)) == ([], 0)


@pytest.mark.parametrize(
    ("last", "text"), [(date(2026, 9, 3), "3 Sep"), (date(2026, 9, 5), "3–5 Sep"), (date(2026, 10, 1), "3 Sep–1 Oct")]
)
def test_days_are_spelt_as_shortly_as_can_be(last: date, text: str) -> None:
    assert spell_days(date(2026, 9, 3), last) == text


@given(st.integers(1, 9998), WORDS)
def test_a_calendar_has_every_day_of_its_year_once_in_its_row(year: int, word: str) -> None:
    count = date(year, 12, 31).timetuple().tm_yday
    days = [DayWord(date(year, 1, 1) + timedelta(days=n), word, 2, 3) for n in range(count)]
    drawn = draw_calendar(days)
    assert [cell.day for cell in drawn.cells] == days
    assert len({(cell.x, cell.y) for cell in drawn.cells}) == count
    assert all(0 <= c.x <= drawn.width - CELL and TOP <= c.y <= drawn.height - CELL for c in drawn.cells)
    rows = {(cell.y, cell.day.day.weekday()) for cell in drawn.cells}
    assert len(rows) == 7
    assert [label.text for label in drawn.labels if label.y < TOP] == [
        date(2026, month, 1).strftime("%b") for month in range(1, 13)
    ]


def test_several_slots_of_a_day_show_how_many_are_in_trouble_and_calm_ones_show_nothing() -> None:
    day = date(2026, 11, 1)
    found = [DayWord(day, "missing", 2, 8), DayWord(day, "good", 8, 8), DayWord(day, "missing", 1, 1)]
    drawn = [draw_calendar([one]).cells[0] for one in found]
    assert [cell.number for cell in drawn] == ["2", "", ""]
    assert [cell.title for cell in drawn] == [
        "Sun 1 Nov 2026: 2 of 8 missing", "Sun 1 Nov 2026: 8 of 8 good", "Sun 1 Nov 2026: missing"
    ]  # fmt: skip


@given(st.lists(st.tuples(MOMENTS, WORDS), max_size=60))
def test_the_worst_word_of_a_day_counts_and_no_other_day_has_it(found: list[tuple[datetime, str]]) -> None:
    days = day_words(found, date(2026, 1, 1), date(2026, 12, 31))
    assert [one.day for one in days] == [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    for one in days:
        words = [word for at, word in found if at.date() == one.day and word != NOTHING]
        assert one.slots == len(words)
        assert one.word in (words or [NOTHING])
        assert not any(is_worse(word, one.word) for word in words)
        assert one.worst == words.count(one.word)


@given(st.lists(st.tuples(MOMENTS, VALUES), max_size=80))
def test_a_line_stays_in_its_box_and_shows_every_value_that_is_no_peak(points: list[tuple[datetime, float]]) -> None:
    ordered = [Point(at, value, is_missing=value is None) for at, value in sorted(points, key=lambda p: p[0])]
    drawn = draw_line(ordered, (BEGIN, BEGIN + timedelta(days=365)), [(at, "1") for at, _ in points])
    every = [*places(drawn.line), *drawn.dots, *places(drawn.area)]
    assert all(LEFT <= x <= WIDTH - RIGHT and LINE_TOP <= y <= HEIGHT - BOTTOM for x, y in every)
    assert all(LEFT <= m.x <= WIDTH - RIGHT for m in (*drawn.marks, *drawn.ticks, *drawn.peaks))
    values = [p.value for p in ordered if p.value is not None]
    assert drawn.is_empty == (not values)
    assert [peak.value for peak in drawn.peaks] == [v for v in values if v > drawn.top]
    assert bool(drawn.holes) == any(p.value is None for p in ordered)


def test_a_line_breaks_where_nothing_landed_and_never_falls_to_zero() -> None:
    values = [10.0, 11.0, None, 12.0, 13.0, None, 14.0]
    points = [Point(BEGIN + timedelta(days=n), value, is_missing=value is None) for n, value in enumerate(values)]
    drawn = draw_line(points, (BEGIN, BEGIN + timedelta(days=10)))
    assert drawn.line.count("M") == 2
    assert (len(drawn.dots), len(drawn.holes)) == (1, 2)
    assert max(y for _, y in [*places(drawn.line), *drawn.dots]) < HEIGHT - BOTTOM


def test_one_full_export_among_increments_does_not_flatten_them() -> None:
    values = [1e9, *[1000.0 + n for n in range(200)]]
    points = [Point(BEGIN + timedelta(days=n), value) for n, value in enumerate(values)]
    drawn = draw_line(points, (BEGIN, BEGIN + timedelta(days=364)))
    assert drawn.top == 1500
    assert [peak.value for peak in drawn.peaks] == [1e9]


def test_thousands_of_points_become_a_path_as_long_as_the_drawing_is_wide() -> None:
    points = [Point(BEGIN + timedelta(hours=3 * n), float(n % 97)) for n in range(2900)]
    drawn = draw_line(points, (BEGIN, BEGIN + timedelta(days=364)))
    assert len(places(drawn.line)) <= 4 * WIDTH
    lowest, highest = max(y for _, y in places(drawn.line)), min(y for _, y in places(drawn.line))
    assert lowest == HEIGHT - BOTTOM
    assert highest < LINE_TOP + 5


EXPORTS = st.lists(
    st.tuples(MOMENTS, st.sampled_from(["full", "increment", "gap", "lost", "pending"]), st.sampled_from(["", "bad"])),
    max_size=80,
)


@given(EXPORTS)
def test_links_of_a_chain_are_its_exports_in_order(exports: list[tuple[datetime, str, str]]) -> None:
    links = links_of(exports)
    assert sum(link.count for link in links) == len(exports)
    kinds = [kind for _, kind, _ in sorted(exports, key=lambda one: one[0])]
    assert [link.kind for link in links for _ in range(link.count)] == kinds
    assert all(link.first <= link.last for link in links)
    assert all(link.count == 1 for link in links if link.kind == "full")


@given(EXPORTS)
def test_boxes_of_a_chain_stay_inside_and_end_with_the_newest(exports: list[tuple[datetime, str, str]]) -> None:
    links = links_of(exports)
    boxes = draw_chain(links)
    assert [box.link for box in boxes] == links[len(links) - len(boxes) :]
    assert all(box.x >= 0 and box.width > 4 and box.x + box.width <= CHAIN_WIDTH + 1 for box in boxes)
    assert all(b.x >= a.x + a.width for a, b in pairwise(boxes))
    assert CHAIN_HEIGHT > 0


def slot(status: str, verdict: str | None = None, *codes: str, reason: str | None = None) -> dict[str, object]:
    findings = [{"code": code, "accepted": None} for code in codes]
    snapshot = None if verdict is None else "z/d/202611010100"
    return {"status": status, "verdict": verdict, "snapshot": snapshot, "findings": findings, "reason": reason}


@pytest.mark.parametrize(
    ("given_slot", "word"),
    [
        (slot("not_due"), "nothing due"),
        (slot("missing"), "missing"),
        (slot("waiting"), "waiting"),
        (slot("waiting", "arriving"), "arriving"),
        (slot("paused"), "waived"),
        (slot("unknown"), "nobody has looked"),
        (slot("unknown", "good"), "nobody has looked"),
        (slot("on_time", "good"), "good"),
        (slot("on_time", "empty"), "empty"),
        (slot("on_time", "unknown"), "could not look"),
        (slot("on_time", "unverifiable"), "unverifiable"),
        (slot("arrived_late", "good"), "late"),
        (slot("arrived_late", "good", reason="moving"), "good"),
        (slot("arrived_late", "corrupt"), "corrupt"),
        (slot("on_time", "incomplete", "file.vanished"), "vanished"),
    ],
)
def test_a_slot_has_one_word(given_slot: dict[str, object], word: str) -> None:
    assert slot_word(given_slot) == word


def test_an_encrypted_export_that_is_meant_to_be_so_is_no_trouble() -> None:
    assert slot_word(slot("on_time", "unverifiable"), is_encrypted=True) == "encrypted"
    assert TONES["encrypted"] not in ("bad", "warn", "unsure", "good")
