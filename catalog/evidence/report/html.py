"""A report as one HTML page that needs nothing else and prints well; counts nothing."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from catalog.evidence.report import words
from catalog.evidence.report.calendar import MEANINGS, NOTHING_DUE, PROVED, Sign
from catalog.evidence.report.values import ExceptionState, Month, Report

_QUIET = frozenset(
    {Sign.PAUSED, Sign.ARRIVING, Sign.ACCEPTED, Sign.SHALLOW, Sign.LATE, Sign.UNKNOWN, Sign.UNVERIFIABLE}
)


def report_html(report: Report) -> str:
    """Return the page; the same report gives the same text."""
    template = _environment().get_template("report.html")
    states = [(e, e.state is ExceptionState.OPEN) for e in report.exceptions]
    recoveries = [d for d in report.datasets if d.recovery is not None]
    return template.render(
        report=report,
        about=report.about,
        headline=words.headline(report),
        cards=[(words.card_text(report, key, whole), report.figure(key), bad) for key, whole, bad in words.CARDS],
        open=[e for e, is_open in states if is_open],
        closed=[e for e, is_open in states if not is_open],
        months=words.months(report.datasets),
        recoveries=recoveries,
        stretches=[(d, s) for d in recoveries if d.recovery for s in d.recovery.stretches if s.state != "met"],
        retentions=[d for d in report.datasets if d.retention is not None],
        retention_words=words.RETENTION,
        legend=[(sign.value, meaning) for sign, meaning in MEANINGS.items()],
        day_heads=Markup("").join(Markup('<th scope="col">{}</th>').format(day) for day in range(1, 32)),
        name=words.name_of,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("catalog.evidence"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=_shown,
    )
    environment.filters |= {
        "days": _days,
        "figure": words.figure_text,
        "length_of": words.length,
        "met": words.met,
        "number": words.number,
        "size": words.size,
        "when": _when,
        "worst": words.worst,
    }
    return environment


def _shown(value: object) -> object:
    """What is told of others may hide or reorder what is read; markup of our own is left as it is."""
    return words.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _when(at: datetime | None) -> str:
    """A date is not to be broken into two lines."""
    if at is None:
        return words.NONE
    date, _, time = words.when(at).partition(" ")
    return Markup('<time datetime="{}"><b>{}</b> {}</time>').format(words.exactly(at), date, time)


def _days(month: Month) -> Markup:
    return Markup("").join(_cells()[day] for day in month.days)


@cache
def _cells() -> dict[str, Markup]:
    """The only texts of these cells are our own."""
    cells = {NOTHING_DUE: Markup("<td></td>")}
    for sign, meaning in MEANINGS.items():
        kind = "f" if sign in PROVED else "q" if sign in _QUIET else "b"
        label = meaning.partition(":")[0] if sign is Sign.UNKNOWN else meaning.partition(",")[0]
        label = "fine" if sign is Sign.FINE else label
        cells[sign.value] = Markup('<td class="{}" aria-label="{}">{}</td>').format(kind, label, sign.value)
    return cells
