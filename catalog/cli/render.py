"""Documents as text: tables for people, with colour on a terminal and plain columns in a pipe; adds no facts."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.answers import Document
from catalog.words import shown, when
from verifier.findings import REGISTER

_STYLES = {
    "good": "green", "ok": "green", "on_time": "green", "empty": "cyan", "arriving": "cyan", "waiting": "cyan",
    "not_due": "dim", "paused": "dim", "info": "dim", "expired": "dim",
    "warn": "yellow", "arrived_late": "yellow", "degraded": "yellow", "unverifiable": "yellow", "unknown": "magenta",
    "error": "bold red", "corrupt": "bold red", "incomplete": "bold red", "missing": "bold red", "failing": "bold red",
    "vanished": "bold red", "passed": "green", "failed": "bold red", "success": "green", "enabled": "green",
    "partial_success": "yellow", "in_progress": "cyan", "disabled": "yellow",
}  # fmt: skip
_IN_WORDS = ("zone", "snapshot", "flow")
"""Of a place what the message says already."""
MOST_FINDINGS = 50
_WIDTH = 10_000
"""Wider than any line, so that ids and paths stay whole when copied; a terminal breaks what is too long for it."""


Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with its style."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells that will stand below each other: each column as wide as its widest, two spaces apart."""

    rows: Sequence[Line]
    to_right: frozenset[int]

    def lines(self) -> Iterator[Line]:
        """Yield the rows as lines."""
        widths = [max(map(_width, (text for text, _ in column))) for column in zip(*self.rows, strict=True)]
        for row in self.rows:
            line: list[tuple[str, str]] = []
            for index, (text, style) in enumerate(row):
                space = " " * (widths[index] - _width(text))
                line += [(space, ""), (text, style)] if index in self.to_right else [(text, style), (space, "")]
                line.append(("  ", ""))
            yield tuple(line)


Part = str | Line | Grid


def text_of(*parts: Part) -> str:
    """Lay out lines and tables as they will stand on stdout."""
    lines = [line for part in parts for line in _lines_of(part)]
    is_terminal = sys.stdout.isatty()
    text = _coloured(lines) if is_terminal else "\n".join("".join(text for text, _ in line) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in f"{text}\n".splitlines())


def _lines_of(part: Part) -> Iterable[Line]:
    if isinstance(part, Grid):
        return part.lines()
    return [((part, ""),)] if isinstance(part, str) else [part]


def _coloured(lines: Iterable[Line]) -> str:
    """Put in what steers this terminal."""
    from rich.console import Console  # on use: nobody sees colours in a pipe
    from rich.text import Text

    sink = io.StringIO()
    console = Console(
        file=sink, force_terminal=True, width=_WIDTH, highlight=False, emoji=False, markup=False, soft_wrap=True
    )
    for line in lines:
        console.print(Text.assemble(*line))
    return sink.getvalue().removesuffix("\n")


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> Grid:
    """Lay out rows under headings; known words get their colour, numbers in `right` columns stand right."""
    heading = [tuple((text, "bold") for text in headings)] if any(headings) else []
    return Grid([*heading, *(tuple(_cell(value) for value in row) for row in rows)], frozenset(right))


Excerpt = Callable[[Document], str | None]
"""Gives a piece of the file where a finding stands, for this terminal; None where there is none to be shown."""


def findings_text(
    findings: Sequence[Document], *, with_info: bool = False, excerpt: Excerpt | None = None, untold: int = 0
) -> list[Part]:
    """Lay out findings, worst first, each with its place, what was expected and got, and what to do about it.

    `untold` more were left out already, which were no worse than as many of these.
    """
    order = {"error": 0, "warn": 1, "info": 2}
    shown = sorted((f for f in findings if with_info or f["level"] != "info"), key=lambda f: order[f["level"]])
    lines: list[Part] = []
    for found in shown[:MOST_FINDINGS]:
        lines += _finding_lines(found)
        piece = excerpt(found) if excerpt else None
        lines += [f"      {piece}"] if piece else []
    more = max(len(shown) - MOST_FINDINGS, 0) + untold
    if more:
        lines.append(f"… and {more} more: --json has them all")
    return lines


def _finding_lines(found: Document) -> list[Part]:
    subject = found.get("subject") or ""
    path = found.get("path") or ""
    style = _STYLES[found["level"]]
    head = (
        (f"{found['level']:<5} ", style),
        (found["code"], f"{style} bold"),
        (shown(f"  {subject}{' ' if subject and path else ''}{path}"), f"{style} not bold"),
    )
    details = [found["message"]]
    where = {k: v for k, v in (found.get("where") or {}).items() if k not in _IN_WORDS}
    if where:
        details.append("at " + ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in where.items()))
    if found.get("expected") is not None:
        details.append(f"expected {found['expected']}")
    if found.get("actual") is not None:
        details.append(f"got {found['actual']}")
    if found.get("count", 1) > 1:
        details.append(f"stands for {found['count']}")
    return [head, shown(f"      {'; '.join(details)}"), ((shown(f"      {_last_words(found)}"), "dim"),)]


def _last_words(found: Document) -> str:
    """Say what to do about a finding, or who said that nothing needs to be done."""
    accepted = found.get("accepted")
    if not accepted:
        return f"hint: {REGISTER[found['code']].advice}"
    until = f" until {when(accepted['until'])}" if accepted["until"] else ""
    return f"accepted by {accepted['by']}{until}: {accepted['reason']}"


def _cell(value: Any) -> tuple[str, str]:
    word = "-" if value is None else shown(str(value))
    return word, _STYLES.get(word, "")
