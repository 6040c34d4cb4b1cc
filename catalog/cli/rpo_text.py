"""The document of `rpo` as text: one line that says it all, then the times in which the objective was not met."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.words import shown, when

_MOST = 50


def rpo_text(document: Document) -> str:
    """Lay out a recovery point for a person."""
    parts: list[Any] = [shown(_headline(document)), _sums(document)]
    odd = [s for s in document["stretches"] if s["state"] != "met"]
    if odd:
        parts += ["", _table(odd[:_MOST])]
    if len(odd) > _MOST:
        parts.append(f"… and {len(odd) - _MOST} more: --json has them all")
    return text_of(*parts)


def _headline(document: Document) -> str:
    name = document["name"] or f"{document['zone']}/{document['dataset_id']}"
    share = f"{percent(document['met_seconds'], document['seconds'])} % of {period(document['from'], document['to'])}"
    return f"{share}: a complete chain of {name} was no older than {length(document['objective_seconds'])}"


def _sums(document: Document) -> str:
    parts = [f"{state} {length(document[f'{state}_seconds'])}" for state in ("met", "missed", "unknown")]
    line = f"{', '.join(parts)}; {_worst(document['worst'])}"
    return f"{line}; cut to now" if document["cut_to_now"] else line


def _worst(worst: Document | None) -> str:
    if worst is None:
        return "no time of it is known"
    reason = f": {worst['why']['message']}" if worst["why"] else ""
    span = f"from {when(worst['from'])} to {when(worst['to'])}"
    if worst["exposure_seconds"] is None:
        return f"worst: nothing could be recovered {span}{reason}"
    return f"worst exposure {length(worst['exposure_seconds'])}, {span}{reason}"


def _table(stretches: list[Document]) -> Any:
    headings = ("state", "from", "to", "for", "recovers to", "age at end", "why")
    rows = [
        (
            s["state"],
            when(s["from"]),
            when(s["to"]),
            length(s["seconds"]),
            when(s["recovers_to"]),
            "-" if s["exposure_seconds"] is None else length(s["exposure_seconds"]),
            s["why"]["message"],
        )
        for s in stretches
    ]
    return table(headings, rows, right=(3, 5))


def percent(part: float, whole: float) -> str:
    """Write a share in percent, rounded down: only all of it is 100."""
    return "100" if part == whole else f"{math.floor(part / whole * 1000) / 10:.1f}"


def length(seconds: float) -> str:
    """Write how long something is, to the minute: 51h, 51h 20m, 12d 3h; what is shorter in seconds."""
    if 0 < seconds < 60:
        return f"{seconds:.0f}s"
    minutes = round(seconds / 60)
    if minutes >= 100 * 60:
        hours = round(minutes / 60)
        return f"{hours // 24}d" + (f" {hours % 24}h" if hours % 24 else "")
    return f"{minutes // 60}h" + (f" {minutes % 60}m" if minutes % 60 else "")


def period(start: str, end: str) -> str:
    """Write a time as people say it: a month, whole days, or from when to when."""
    since, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if since.time() == until.time() == datetime.min.time():
        last = until - timedelta(days=1)
        if since.day == 1 and until.day == 1 and (since.year, since.month) == (last.year, last.month):
            return f"{since:%Y-%m}"
        return f"{since:%Y-%m-%d}" if since.date() == last.date() else f"{since:%Y-%m-%d} to {last:%Y-%m-%d}"
    return f"{when(start)} to {when(end)}"
