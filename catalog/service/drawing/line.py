"""A value over time as path data: from points to lines that break where nothing landed; colours are the sheet's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log10

WIDTH, HEIGHT = 640, 150
LEFT, RIGHT, TOP, BOTTOM = 4, 4, 22, 20
"""Room for what is written above and below."""
_SPIKE = 4.0
"""So many times what nearly all stay below, the highest are cut off, or all others would lie flat."""
_USUAL = 0.98
_MOST_TICKS = 12


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a moment; None where there is none: `is_missing` where it is known that there should be one."""

    at: datetime
    value: float | None
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment or value that is written beside the line: where, and what."""

    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Peak:
    """A value that is higher than the drawing: where it is cut off, and when it was what."""

    x: float
    at: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One line: its path, the area below it, single points that no line shows, and what is written at it.

    `top` is the value at the upper edge, 0 that at the lower one; `holes` are where something is missing.
    """

    line: str
    area: str
    dots: tuple[tuple[float, float], ...]
    peaks: tuple[Peak, ...]
    holes: tuple[float, ...]
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    top: float
    is_empty: bool


def draw_line(
    points: Sequence[Point], period: tuple[datetime, datetime], moments: Sequence[tuple[datetime, str]] = ()
) -> Chart:
    """Return the line of points in order of time, within a period; `moments` are marked at the line with their text."""
    inside = [p for p in points if period[0] <= p.at <= period[1]]
    values = [p.value for p in inside if p.value is not None]
    top = _top(values)
    segments = _segments(inside)
    placed = [_thinned([(_x(p.at, period), _y(p.value or 0, top)) for p in one]) for one in segments]
    return Chart(
        line=" ".join(_path(one) for one in placed if len(one) > 1),
        area=" ".join(_below(one) for one in placed if len(one) > 1),
        dots=tuple(one[0] for one in placed if len(one) == 1),
        peaks=tuple(Peak(_x(p.at, period), p.at, p.value) for p in inside if p.value is not None and p.value > top),
        holes=tuple(sorted({round(_x(p.at, period)) + 0.5 for p in inside if p.is_missing})),
        ticks=tuple(_ticks(period)),
        marks=tuple(Mark(_x(at, period), text) for at, text in moments if period[0] <= at <= period[1]),
        top=top,
        is_empty=not values,
    )


def _x(at: datetime, period: tuple[datetime, datetime]) -> float:
    share = (at - period[0]) / ((period[1] - period[0]) or timedelta(seconds=1))
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, top: float) -> float:
    share = min(value / top, 1.0) if top else 0.0
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def _top(values: Sequence[float]) -> float:
    """Return a round value that nearly all stay below; counts are drawn, so it is 1 at least."""
    if not values or max(values) <= 0:
        return 0.0
    usual = sorted(values)[floor((len(values) - 1) * _USUAL)]
    highest = max(values)
    wanted = usual * 1.25 if usual > 0 and highest > _SPIKE * usual else highest
    unit = 10 ** floor(log10(max(wanted, 1.0)))
    return float(next(step * unit for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 20) if step * unit >= wanted))


def _segments(points: Sequence[Point]) -> list[list[Point]]:
    """Return the points that stand together: a hole parts them."""
    found: list[list[Point]] = [[]]
    for point in points:
        if point.value is None:
            found.append([])
        else:
            found[-1].append(point)
    return [one for one in found if one]


def _thinned(places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the same line with at most the first, the lowest, the highest and the last of each column of dots."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for place in places:
        columns.setdefault(int(place[0]), []).append(place)
    found: list[tuple[float, float]] = []
    for column in columns.values():
        heights = [y for _, y in column]
        kept = {0, len(column) - 1, heights.index(min(heights)), heights.index(max(heights))}
        found += [column[i] for i in sorted(kept)]
    return found


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in places)


def _below(places: Sequence[tuple[float, float]]) -> str:
    floor_y = HEIGHT - BOTTOM
    return f"{_path(places)} {places[-1][0]:g},{floor_y} {places[0][0]:g},{floor_y}z"


def _ticks(period: tuple[datetime, datetime]) -> list[Mark]:
    """Return the beginnings of months, or of some of them."""
    months: list[datetime] = []
    at = period[0].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while at <= period[1]:
        if at >= period[0]:
            months.append(at)
        at = (at + timedelta(days=32)).replace(day=1)
    step = max(1, -(-len(months) // _MOST_TICKS))
    return [Mark(_x(at, period), f"{at:%b}") for at in months[::step]]
