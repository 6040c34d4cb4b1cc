"""Judge the lines of one NDJSON stream, one after the other: rows, findings, shape; not how the bytes were stored."""

from __future__ import annotations

from io import BytesIO

from verifier.formats.base import Limits
from verifier.formats.json_bulk import is_utf8, may_be_deep
from verifier.formats.json_line import BLANK, LineVerdict, is_deeper, judge_line, utf8_flaw, utf8_message
from verifier.formats.json_shape import Shape
from verifier.formats.json_tally import Tally
from verifier.model import Finding

_BLANK_LINE = "json.blank-line"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Judge:
    """Takes blocks of whole lines and remembers what was wrong with them, in bounded memory.

    A block whose lines are all valid objects passes at full speed; any other goes line by line. What the first line is
    can depend on the second: a line that is incomplete by itself is the start of a document over many lines when the
    second is not a valid object either, and a line of its own, damaged, when it is.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tally = Tally()
        self._opening: tuple[LineVerdict, dict[str, int]] | None = None
        self._opened = False
        self._is_ndjson = True
        self._offset = 0
        self._rows = 0
        self.shape = Shape()
        self.lines = 0

    @property
    def rows(self) -> int | None:
        """Valid objects so far, or None when the stream is not NDJSON, so that they cannot be counted."""
        return None if "json.not-ndjson" in self._tally else self._rows

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, in bounded number."""
        return self._tally.findings

    def block(self, block: bytes) -> None:
        """Judge whole lines, each ending in a newline."""
        lines = [block] if block.find(b"\n") == len(block) - 1 else BytesIO(block).readlines()
        if self._opening is None and self._is_ndjson and self._take(block, lines):
            self.lines += len(lines)
            self._offset += len(block)
            return
        for line in lines:
            self._line(line)

    def overlong(self, size: int) -> None:
        """Take note of a line that was too long to be kept."""
        if self._opening is not None:
            self._settle_opening()
        self._opened = True
        self._add(self._too_long(size), self._where())
        self.lines += 1
        self._offset += size

    def last(self, line: bytes) -> None:
        """Judge the last line, which has no newline."""
        self._line(line, ended=False)

    def finish(self) -> None:
        """Judge what only the end of the stream decides."""
        if self._opening is None:
            return
        verdict, where = self._opening
        if verdict.code == "json.not-an-object" and verdict.is_array:
            self._not_ndjson("the file is one array", where)
        else:
            self._settle_opening()

    def finish_early(self) -> None:
        """Stop where the stream was damaged or cut short by us: no more is known of its lines."""
        if self._opening is not None:
            self._settle_opening()

    def _take(self, block: bytes, lines: list[bytes]) -> bool:
        """Take a block at full speed if that can be done: all of it good, blank lines aside once one was told."""
        if self._all_good(block, lines):
            self._rows += len(lines)
            self._opened = True
            return True
        if _BLANK_LINE not in self._tally or max(map(len, lines)) > self._limits.line_bytes:
            return False
        filled = [line for line in lines if line.strip(BLANK)]
        blank = len(lines) - len(filled)
        if not blank or (filled and not self._all_good(block, filled)):
            return False
        self._tally.add_again(_BLANK_LINE, blank)
        self._rows += len(filled)
        self._opened = self._opened or bool(filled)
        return True

    def _all_good(self, block: bytes, lines: list[bytes]) -> bool:
        """Tell whether every line is one valid object within the limits, and take their shape if so."""
        depth, longest = self._limits.json_depth, max(map(len, lines))
        if longest - 1 > self._limits.line_bytes or not is_utf8(block):
            return False
        if may_be_deep(block, longest, depth) and any(is_deeper(line, depth) for line in lines):
            return False
        return self.shape.take(lines)

    def _line(self, line: bytes, *, ended: bool = True) -> None:
        where = self._where()
        if not self.lines and line.startswith(_BYTE_ORDER_MARK):
            self._tally.add("json.byte-order-mark", "a byte order mark before the first line", where)
            self._offset += len(_BYTE_ORDER_MARK)
            line = line[len(_BYTE_ORDER_MARK) :]
        self.lines += 1
        self._offset += len(line)
        if not self._is_ndjson:
            self._note_utf8(line, where)
            return
        content = len(line.rstrip(b"\r\n")) if ended else len(line)
        if content > self._limits.line_bytes:
            verdict = self._too_long(len(line))
        else:
            verdict = judge_line(line, self._limits.json_depth)
            if not ended:
                verdict = verdict.at_end()
        if verdict.code == _BLANK_LINE:
            self._add(verdict, where)
        elif self._opened or self._open(verdict, where):
            self._count(verdict, where)
            if not ended and verdict.code is None:
                self._tally.add("json.missing-final-newline", "the last line is whole but has no newline", where)

    def _open(self, verdict: LineVerdict, where: dict[str, int]) -> bool:
        """Decide what the first lines with content are; return whether this one is to be counted by itself."""
        if self._opening is None:
            self._opened = not (verdict.incomplete or (verdict.code == "json.not-an-object" and verdict.is_array))
            if not self._opened:
                self._opening = (verdict, where)
            return self._opened
        first, first_where = self._opening
        if first.incomplete and (first.is_array or verdict.code is not None):
            self._not_ndjson("one document over many lines", first_where)
            if verdict.code == "json.invalid-utf8":
                self._add(verdict, where)
            return False
        self._settle_opening()
        return True

    def _settle_opening(self) -> None:
        if self._opening is not None:
            self._count(*self._opening)
        self._opening = None
        self._opened = True

    def _not_ndjson(self, message: str, where: dict[str, int]) -> None:
        self._tally.add("json.not-ndjson", message, where, expected="one object a line")
        self._is_ndjson = False
        self._opening = None
        self._opened = True

    def _count(self, verdict: LineVerdict, where: dict[str, int]) -> None:
        if verdict.code is None:
            self._rows += 1
            self.shape.take([verdict.text])
            if verdict.lone_surrogate:
                self._tally.add("json.lone-surrogate", "an escape of half a surrogate pair", where)
        else:
            self._add(verdict, where)

    def _add(self, verdict: LineVerdict, where: dict[str, int]) -> None:
        if verdict.code is not None:
            self._tally.add(verdict.code, verdict.message, where, expected=verdict.expected, actual=verdict.actual)

    def _note_utf8(self, line: bytes, where: dict[str, int]) -> None:
        flaw = utf8_flaw(line)
        if flaw is not None:
            self._tally.add("json.invalid-utf8", utf8_message(flaw), where)

    def _too_long(self, size: int) -> LineVerdict:
        most = self._limits.line_bytes
        return LineVerdict(
            code="json.line-too-long",
            message="a line longer than limits.line_bytes",
            expected=f"at most {most} bytes",
            actual=f"{size} bytes",
        )

    def _where(self) -> dict[str, int]:
        return {"line": self.lines + 1, "byte_offset": self._offset}
