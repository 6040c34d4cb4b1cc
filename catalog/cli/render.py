"""Documents as text: tables for people, with colour on a terminal and plain columns in a pipe; adds no facts."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.answers import Document
from catalog.cli.words import shown
from verifier.findings import REGISTER

_STYLES = {
    "good": "green", "ok": "green", "on_time": "green", "empty": "cyan", "arriving": "cyan", "waiting": "cyan",
    "not_due": "dim", "paused": "dim", "info": "dim", "expired": "dim",
    "warn": "yellow", "arrived_late": "yellow", "degraded": "yellow", "unverifiable": "yellow", "unknown": "magenta",
    "error": "bold red", "corrupt": "bold red", "incomplete": "bold red", "missing": "bold red", "failing": "bold red",
    "vanished": "bold red", "passed": "green", "failed": "bold red",
}  # fmt: skip
MOST_FINDINGS = 50
_WIDTH = 10_000
"""Wider than any line, so that ids and paths stay whole when copied; a terminal breaks what is too long for it."""


def text_of(*parts: str | Table) -> str:
    """Lay out lines and tables as they will stand on stdout."""
    sink = io.StringIO()
    is_terminal = sys.stdout.isatty()
    console = Console(
        file=sink,
        force_terminal=is_terminal,
        width=_WIDTH,
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=True,
    )
    for part in parts:
        console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in sink.getvalue().splitlines())


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> Table:
    """Lay out rows under headings; known words get their colour, numbers in `right` columns stand right."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headings))
    to_right = set(right)
    for index, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if index in to_right else "left", overflow="fold", no_wrap=index == 0)
    for row in rows:
        grid.add_row(*[_cell(value) for value in row])
    return grid


Excerpt = Callable[[Document], str | None]
"""Gives a piece of the file where a finding stands, for this terminal; None where there is none to be shown."""


def findings_text(
    findings: Sequence[Document], *, with_info: bool = False, excerpt: Excerpt | None = None, untold: int = 0
) -> list[str | Table]:
    """Lay out findings, worst first, each with its place, what was expected and got, and what to do about it.

    `untold` more were left out already, which were no worse than as many of these.
    """
    order = {"error": 0, "warn": 1, "info": 2}
    shown = sorted((f for f in findings if with_info or f["level"] != "info"), key=lambda f: order[f["level"]])
    lines: list[str | Table] = []
    for found in shown[:MOST_FINDINGS]:
        lines += _finding_lines(found)
        piece = excerpt(found) if excerpt else None
        lines += [f"      {piece}"] if piece else []
    more = max(len(shown) - MOST_FINDINGS, 0) + untold
    if more:
        lines.append(f"… and {more} more: --json has them all")
    return lines


def _finding_lines(found: Document) -> list[Any]:
    head = Text(f"{found['level']:<5} ", style=_STYLES[found["level"]])
    head.append(found["code"], style="bold")
    subject = found.get("subject") or ""
    path = found.get("path") or ""
    head.append(shown(f"  {subject}{' ' if subject and path else ''}{path}"), style="not bold")
    details = [found["message"]]
    where = found.get("where") or {}
    if where:
        details.append("at " + ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in where.items()))
    if found.get("expected") is not None:
        details.append(f"expected {found['expected']}")
    if found.get("actual") is not None:
        details.append(f"got {found['actual']}")
    if found.get("count", 1) > 1:
        details.append(f"stands for {found['count']}")
    advice = REGISTER[found["code"]].advice
    return [head, shown(f"      {'; '.join(details)}"), Text(f"      hint: {advice}", style="dim")]


def _cell(value: Any) -> Text:
    word = "-" if value is None else shown(str(value))
    return Text(word, style=_STYLES.get(word, ""))
