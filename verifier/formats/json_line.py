"""Judge one line of NDJSON by itself, strictly by RFC 8259; not its neighbours, its place or how many there are.

msgspec checks the grammar. What it does not check (UTF-8, depth, one object a line) and what it refuses although it is
legal (escapes of half a surrogate pair) is judged here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, chain

import msgspec

BLANK = b" \t\r\n"
_PIECE = 1 << 20
_RAW = msgspec.json.Decoder(msgspec.Raw)
_TRUNCATED = "Input data was truncated"
# One escape after the other, so that an escaped backslash never starts the next; group 1 is half a pair alone.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SOME_STRINGS = re.compile(rb'[^"]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"]*+){0,10000}+', re.DOTALL)
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_WORDS = {b'"': "string", b"{": "object", b"[": "array", b"t": "boolean", b"f": "boolean", b"n": "null"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """What one line is: `code` is None for a valid object; no part of it holds a value of the line but `text`.

    `text` is the line without white space around it, escapes of half a surrogate pair replaced by U+FFFD if there were
    any (`lone_surrogate`); `incomplete` tells that it is invalid for nothing but its early end.
    """

    code: str | None = None
    message: str = ""
    expected: str | None = None
    actual: str | None = None
    text: bytes = b""
    lone_surrogate: bool = False
    incomplete: bool = False

    @property
    def is_array(self) -> bool:
        """True for a line that starts as an array does."""
        return self.text.startswith(b"[")

    def at_end(self) -> LineVerdict:
        """Return the verdict of the same line at the end of a stream, where a cut explains what is invalid."""
        cut = self.code == "json.invalid-line" or (self.code == "json.invalid-utf8" and self.incomplete)
        if not cut:
            return self
        return replace(self, code="json.incomplete-last-line", message=f"the last line is cut short: {self.message}")


def judge_line(line: bytes, depth_limit: int) -> LineVerdict:
    """Judge one line, with or without its line ending."""
    text = line.strip(BLANK)
    if not text:
        return LineVerdict(code="json.blank-line", message="a line without content")
    flaw = utf8_flaw(line)
    if flaw is not None:
        return LineVerdict(
            code="json.invalid-utf8",
            message=utf8_message(flaw),
            text=text,
            incomplete=flaw.reason == "unexpected end of data",
        )
    reason = _grammar_flaw(text)
    repaired = _without_lone_surrogates(text) if reason and b"\\u" in text else text
    if repaired is not text:
        reason = _grammar_flaw(repaired)
    if reason:
        return _refused(repaired, reason, depth_limit)
    if is_deeper(repaired, depth_limit):
        return _too_deep(repaired, depth_limit)
    if not repaired.startswith(b"{"):
        word = type_word(repaired)
        return LineVerdict(
            code="json.not-an-object", message="not a JSON object", expected="object", actual=word, text=repaired
        )
    return LineVerdict(text=repaired, lone_surrogate=repaired is not text)


def utf8_flaw(line: bytes) -> UnicodeDecodeError | None:
    """Return where and why a line is not valid UTF-8, or None; a long line is decoded in pieces."""
    if line.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    kept = start = 0
    try:
        for start in range(0, len(line), _PIECE):
            kept = len(decoder.getstate()[0])
            decoder.decode(line[start : start + _PIECE], final=start + _PIECE >= len(line))
    except UnicodeDecodeError as error:
        error.start += start - kept
        return error.with_traceback(None)  # whose frames would keep the line alive
    return None


def utf8_message(flaw: UnicodeDecodeError) -> str:
    """Return what is said of a flaw: where in the line it is and of what sort, never the bytes."""
    return f"not valid UTF-8 at byte {flaw.start} of the line: {flaw.reason}"


def is_deeper(text: bytes, limit: int) -> bool:
    """Tell whether brackets are nested more than `limit` deep, the line's own object counting as one; exact."""
    arrays = text.count(b"[")
    if not may_be_deeper(arrays, len(text), limit) or arrays + text.count(b"{") <= limit:
        return False
    return max(accumulate(chain.from_iterable(_steps(text))), default=0) > limit


def may_be_deeper(most_arrays: int, longest: int, limit: int) -> bool:
    """Tell whether a valid line of at most so many `[` and bytes could be nested more than `limit` deep.

    On the way down an array takes two bytes at least and an object five, but for the innermost, which takes two.
    """
    return (3 * most_arrays + longest + 3) // 5 > limit


def type_word(text: bytes) -> str:
    """Return the JSON type of a valid value, by its first byte."""
    return _WORDS.get(bytes(text[:1]), "number")


def _grammar_flaw(text: bytes) -> str | None:
    """Return why msgspec refuses a text, in its own words, which hold positions only, or None."""
    try:
        _RAW.decode(text)
    except RecursionError:
        return "recursion"
    except msgspec.DecodeError as error:
        return str(error).removeprefix("JSON is malformed: ")
    return None


def _refused(text: bytes, reason: str, depth_limit: int) -> LineVerdict:
    if reason == "recursion":
        return _too_deep(text, depth_limit)
    if _object_count(text) > 1:
        return LineVerdict(
            code="json.not-ndjson",
            message="several objects on one line",
            expected="one object",
            actual=f"{_object_count(text)} objects",
            text=text,
        )
    incomplete = reason == _TRUNCATED
    words = "it ends too early" if incomplete else reason
    return LineVerdict(code="json.invalid-line", message=f"not valid JSON: {words}", text=text, incomplete=incomplete)


def _object_count(text: bytes) -> int:
    """Return how many objects a line holds one after the other, or 0 when it holds anything else."""
    try:
        values = _RAW.decode_lines(text)
    except (msgspec.DecodeError, RecursionError):
        return 0
    return len(values) if all(bytes(memoryview(value)[:1]) == b"{" for value in values) else 0


def _too_deep(text: bytes, depth_limit: int) -> LineVerdict:
    deeper = is_deeper(text, depth_limit)
    message = "nested deeper than limits.json_depth" if deeper else "nested deeper than the reader can follow"
    return LineVerdict(code="json.too-deep", message=message, expected=f"at most {depth_limit}", text=text)


def _without_lone_surrogates(text: bytes) -> bytes:
    """Return the text with every escape of half a surrogate pair replaced by one of U+FFFD; the same object if none."""
    patched: bytearray | None = None
    for escape in _ESCAPE.finditer(text):
        if escape[1] is not None:
            patched = bytearray(text) if patched is None else patched
            patched[escape.start() : escape.end()] = b"\\ufffd"
    return text if patched is None else bytes(patched)


def _steps(text: bytes) -> Iterator[memoryview]:
    """Yield +1 for every opening and -1 for every closing bracket outside strings, so many strings at a time."""
    if len(text) <= _PIECE and b"\\" not in text:
        yield memoryview(b"".join(text.split(b'"')[::2]).translate(_STEPS, _NO_BRACKETS)).cast("b")
        return
    start = 0
    while found := _SOME_STRINGS.match(text, start):
        if found.end() == start:
            return
        outside = _STRING.sub(b"", text[start : found.end()])
        yield memoryview(outside.translate(_STEPS, _NO_BRACKETS)).cast("b")
        start = found.end()
