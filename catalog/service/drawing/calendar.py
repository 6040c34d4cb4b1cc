"""Where the days of a year stand, weeks as columns and days as rows: from days to cells; colours are the sheet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog.service.drawing.days import TONES, DayWord

CELL, GAP = 15, 3
LEFT, TOP = 30, 18
"""Room for the names of weekdays and months."""
WEEKDAYS = ((0, "Mon"), (2, "Wed"), (4, "Fri"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One day: the corner of its square, its tone, what pointing at it says, and its number, empty where it is calm."""

    x: int
    y: int
    tone: str
    title: str
    number: str
    day: DayWord


@dataclass(frozen=True, slots=True)
class Label:
    """A word beside the squares, and where it begins."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """A year: its squares, the names of its months and weekdays, and how large all of it is."""

    width: int
    height: int
    cells: tuple[Cell, ...]
    labels: tuple[Label, ...]


def draw_calendar(days: Sequence[DayWord]) -> Calendar:
    """Return the squares of days in a row, each once; the first column is the week of the first, from Monday on."""
    if not days:
        return Calendar(0, 0, (), ())
    shift = days[0].day.weekday()
    step = CELL + GAP
    cells, labels = [], [Label(0, TOP + row * step + CELL - 3, name) for row, name in WEEKDAYS]
    for number, one in enumerate(days):
        column, row = divmod(number + shift, 7)
        x, y = LEFT + column * step, TOP + row * step
        cells.append(Cell(x, y, TONES[one.word], _title(one), _number(one), one))
        if one.day.day == 1:
            labels.append(Label(x, TOP - 6, f"{one.day:%b}"))
    columns = (len(days) + shift + 6) // 7
    return Calendar(LEFT + columns * step, TOP + 7 * step, tuple(cells), tuple(labels))


def spell_day(day: date) -> str:
    """Write a day with its weekday."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def _title(one: DayWord) -> str:
    if one.slots <= 1:
        return f"{spell_day(one.day)}: {one.word}"
    return f"{spell_day(one.day)}: {one.worst} of {one.slots} {one.word}"


def _number(one: DayWord) -> str:
    """How many of several are in trouble; days on which all is well stay calm."""
    is_calm = TONES[one.word] in ("good", "none", "sealed")
    return "" if one.slots <= 1 or is_calm else str(one.worst)
