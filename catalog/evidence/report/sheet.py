"""Pages of a PDF: headings, paragraphs and tables that go on over pages; knows nothing of what they tell.

The fonts that every reader of PDF has know Latin-1 only; whatever else a name holds is written as its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from fpdf.fonts import CORE_FONTS_CHARWIDTHS

from catalog.evidence.report.words import visible

_FONT, _FIXED = "helvetica", "courier"
_MARGIN = 12.0
_POINT = 25.4 / 72
_PAD = 1.0
Cell = str | tuple[str, ...]
_LIKE = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\u2026": "..."}
)


def latin(text: str) -> str:
    """Return a text in Latin-1: quotes and dashes simplified, everything else that it lacks as <U+XXXX>."""
    clean = visible(text).translate(_LIKE)
    return "".join(c if ord(c) < 256 else f"<U+{ord(c):04X}>" for c in clean)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, its part of the width, whether it holds numbers."""

    heading: str
    weight: float
    is_number: bool = False


class Sheet(FPDF):
    """A document of A4 pages in landscape; the same content gives the same bytes."""

    def __init__(self, title: str, made_at: datetime) -> None:
        super().__init__(orientation="landscape", format="A4")
        self._foot = latin(title)
        self.set_title(latin(title))
        self.set_lang("en")
        self.set_creation_date(made_at)
        self.set_producer("landproof")
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=False)
        self.alias_nb_pages()
        self.set_draw_color(170)
        self.add_page()

    def footer(self) -> None:
        """Write title and page number at the foot of each page."""
        self.set_font(_FONT, size=7)
        self.set_xy(_MARGIN, self.h - 9)
        self.cell(self.epw / 2, 4, self._foot)
        self.cell(self.epw / 2, 4, f"{self.page_no()} / {{nb}}", align="R")

    def heading(self, text: str, *, needs: float = 30) -> None:
        """Begin a part, on a new page where less than `needs` millimetres are left."""
        self.room(needs)
        self.ln(4)
        self.start_section(latin(text))
        self.set_font(_FONT, "B", 12)
        self.cell(self.epw, 7, latin(text), new_x="LMARGIN", new_y="NEXT")
        self.line(_MARGIN, self.get_y(), self.w - _MARGIN, self.get_y())
        self.ln(1.5)

    def room(self, needs: float) -> None:
        """Go to a new page where less than so many millimetres are left."""
        if self.get_y() + needs > self._bottom:
            self.add_page()

    def paragraph(self, text: str, size: float = 9, style: str = "") -> None:
        """Write lines over the whole width."""
        height = size * _POINT * 1.3
        for line in wrapped(latin(text), self.epw, size, is_bold=bool(style)):
            self.room(height)
            self.set_font(_FONT, style, size)
            self.cell(self.epw, height, line, new_x="LMARGIN", new_y="NEXT")

    def rows(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], size: float = 7) -> None:
        """Draw a table; its head is repeated on each page, and a row that fits on none goes on on the next.

        A cell is a text, or several that begin a line each.
        """
        whole = sum(column.weight for column in columns)
        widths = [self.epw * column.weight / whole for column in columns]
        self.room(20)
        self._head(columns, widths, size)
        for row in rows:
            cells = [_lines(cell, width - 2 * _PAD, size) for cell, width in zip(row, widths, strict=True)]
            self._row(cells, columns, widths, size)
        self.ln(2)

    def _head(self, columns: Sequence[Column], widths: Sequence[float], size: float) -> None:
        if not any(column.heading for column in columns):
            return
        cells = [
            wrapped(latin(c.heading), w - 2 * _PAD, size, is_bold=True) for c, w in zip(columns, widths, strict=True)
        ]
        height = max(len(lines) for lines in cells) * self._line_height(size) + 1
        self.set_fill_color(240)
        self.rect(_MARGIN, self.get_y(), self.epw, height, style="F")
        self._draw(cells, columns, widths, (size, "B"))

    def _row(self, cells: list[list[str]], columns: Sequence[Column], widths: Sequence[float], size: float) -> None:
        height = self._line_height(size)
        while any(cells):
            fits = int((self._bottom - self.get_y() - 1) / height)
            wanted = max(len(lines) for lines in cells)
            if fits < min(wanted, 4):
                self.add_page()
                self._head(columns, widths, size)
                continue
            self._draw([lines[:fits] for lines in cells], columns, widths, (size, ""))
            cells = [lines[fits:] for lines in cells]

    def _draw(
        self,
        cells: Sequence[Sequence[str]],
        columns: Sequence[Column],
        widths: Sequence[float],
        font: tuple[float, str],
    ) -> None:
        size, style = font
        height, top, left = self._line_height(size), self.get_y(), _MARGIN
        self.set_font(_FONT, style, size)
        for lines, column, width in zip(cells, columns, widths, strict=True):
            for number, line in enumerate(lines):
                gap = width - _PAD - _width(line, size, is_bold=bool(style)) if column.is_number else _PAD
                self.text(left + gap, top + (number + 0.8) * height, line)
            left += width
        bottom = top + max((len(lines) for lines in cells), default=1) * height + 1
        self.line(_MARGIN, bottom, self.w - _MARGIN, bottom)
        self.set_xy(_MARGIN, bottom)

    def blocks(self, blocks: Iterable[Sequence[str]], across: int, size: float = 6) -> None:
        """Draw blocks of lines in a fixed width, the first line of each in bold, so many side by side."""
        width, height = self.epw / across, self._line_height(size)
        every = list(blocks)
        for start in range(0, len(every), across):
            row = every[start : start + across]
            self.room(height * (max(map(len, row)) + 1))
            top = self.get_y()
            for number, lines in enumerate(row):
                for at, line in enumerate(lines):
                    self.set_font(*((_FONT, "B", size + 1) if at == 0 else (_FIXED, "", size)))
                    shown = wrapped(latin(line), width - 4, size + 1, is_bold=True)[0] if at == 0 else latin(line)
                    self.text(_MARGIN + number * width, top + (at + 0.8) * height, shown)
            self.set_xy(_MARGIN, top + height * (max(map(len, row)) + 1))

    @staticmethod
    def _line_height(size: float) -> float:
        return size * _POINT * 1.25

    @property
    def _bottom(self) -> float:
        return float(self.h) - 13


def _width(text: str, size: float, *, is_bold: bool) -> float:
    widths = CORE_FONTS_CHARWIDTHS["helveticaB" if is_bold else "helvetica"]
    return sum(widths[c] for c in text) * size / 1000 * _POINT


def _lines(cell: Cell, width: float, size: float) -> list[str]:
    texts = (cell,) if isinstance(cell, str) else cell
    return [line for text in texts for line in wrapped(latin(text), width, size)]


def wrapped(text: str, width: float, size: float, *, is_bold: bool = False) -> list[str]:
    """Return a Latin-1 text as lines that are no wider than so many millimetres; words that are wider are cut."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if _width(joined, size, is_bold=is_bold) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for c in word:
            if lines[-1] and _width(lines[-1] + c, size, is_bold=is_bold) > width:
                lines.append("")
            lines[-1] += c
    return lines
