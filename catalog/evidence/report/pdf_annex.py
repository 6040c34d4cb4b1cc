"""The end of a report as a PDF: standards and laws, calendars by day, every number; counts nothing."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.evidence.report import words
from catalog.evidence.report.calendar import MEANINGS
from catalog.evidence.report.sheet import Column, Sheet
from catalog.evidence.report.values import DatasetPart, Report
from catalog.evidence.report.words import name_of


def draw_requirements(sheet: Sheet, report: Report) -> None:
    """Draw what standards and laws ask, with the numbers that speak to it."""
    sheet.heading("Standards and laws")
    sheet.paragraph(
        "What each asks, in one sentence of our own; the text itself binds. Whether it is fulfilled, auditors say."
    )
    columns = (Column("Framework", 2), Column("It asks", 3.5), Column("Numbers here", 4), Column("Not covered", 2.5))
    rows = (
        (f"{r.framework}, {r.control}", r.asks, _numbers(report, r.figures), r.not_covered) for r in report.requirements
    )
    sheet.rows(columns, rows)


def _numbers(report: Report, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{words.figure_text(f)} {f.label}" for f in map(report.figure, keys))


def draw_calendars(sheet: Sheet, report: Report) -> None:
    """Draw the calendars by day of those datasets where something was not as it should be."""
    odd = [d for d in report.datasets if any(month.fine != month.slots for month in d.calendar)]
    sheet.heading("Calendars of datasets where something was not as it should be")
    sheet.paragraph(
        f"{len(odd)} of {len(report.datasets)} datasets. One sign a day, of the worst slot due that day, in UTC."
    )
    sheet.rows((Column("Sign", 1), Column("Meaning", 12)), ((s.value, text) for s, text in MEANINGS.items()))
    sheet.blocks(map(_calendar, odd), 4)


def _calendar(dataset: DatasetPart) -> list[str]:
    days = f"{'':8}1   5    10   15   20   25   30"
    return [name_of(dataset), days, *(f"{month.month} {month.days}" for month in dataset.calendar)]


def draw_figures(sheet: Sheet, report: Report) -> None:
    """Draw every number, and where it comes from."""
    sheet.heading("Every number, and where it comes from")
    columns = (
        Column("Name", 2),
        Column("Value", 1.5, is_number=True),
        Column("What it is", 4),
        Column("Counted from", 4),
    )
    sheet.rows(
        columns, ((f.key, f"{words.number(f.value)} {f.unit}".strip(), f.label, f.source) for f in report.figures)
    )
