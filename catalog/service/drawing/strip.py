"""Where the days of a strip stand: from runs of days to rectangles, in units of the drawing; colours are not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from catalog.service.drawing.days import NOTHING, TONES, Run

DAY, GAP, HEIGHT = 4, 1, 16
"""How wide a day is with the gap behind it, and how high the highest; what is worse is higher, so that it shows without
colours."""
_HEIGHTS = {"bad": 16, "unsure": 14, "warn": 12, "odd": 10, "paused": 6, "sealed": 8, "good": 8, "none": 2}


@dataclass(frozen=True, slots=True)
class Bar:
    """One run of days: its rectangle, its tone, and its words for who points at it."""

    x: int
    y: int
    width: int
    height: int
    tone: str
    title: str


def strip_width(days: int) -> int:
    """Return how wide a strip of so many days is."""
    return max(days * DAY - GAP, 0)


def draw_strip(found: Sequence[Run]) -> list[Bar]:
    """Return the bars of runs that follow one another, from the left; between two is a gap.

    Days on which nothing was due are one bar behind all others.
    """
    if not found:
        return []
    first, last = found[0].first, found[-1].last
    bars = [_bar(run, (run.first - first).days) for run in found if run.word != NOTHING]
    return [_bar(Run(first, last, NOTHING), 0), *bars] if len(bars) < len(found) else bars


def _bar(run: Run, offset: int) -> Bar:
    tone = TONES[run.word]
    height = _HEIGHTS[tone]
    width = run.days * DAY - GAP
    return Bar(offset * DAY, HEIGHT - height, width, height, tone, f"{spell_days(run.first, run.last)}: {run.word}")


def spell_days(first: date, last: date) -> str:
    """Write one day, or from which to which."""
    end = f"{last.day} {last:%b}"
    if first == last:
        return end
    return (
        f"{first.day}–{end}"
        if (first.year, first.month) == (last.year, last.month)
        else f"{first.day} {first:%b}–{end}"
    )
