"""Ways to damage an NDJSON file of a copy: its gzip envelope and its lines; looks at nothing and judges nothing."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

from catalog.evidence.damages.values import Change, Damage, NotApplicableError, Specimen
from verifier.model import FileKind

_MOST_EXPANDED = 64 << 20
"""Larger ones are not taken apart: a test of controls is to be over in a minute."""

Edit = Callable[[bytes, Specimen], bytes]
_ROW = b'{"landproof":"selftest"}\n'


def _to_gzip(edit: Edit) -> Callable[[Specimen], Change]:
    def made(whole: Specimen) -> Change:
        if whole.kind is not FileKind.JSON_GZIP:
            raise NotApplicableError("the file is not compressed")
        return Change(path=whole.data, write={whole.data: edit(whole.read(whole.data), whole)})

    return made


def _to_lines(edit: Edit) -> Callable[[Specimen], Change]:
    def made(whole: Specimen) -> Change:
        raw = whole.read(whole.data)
        is_gzip = whole.kind is FileKind.JSON_GZIP
        lines = edit(_expanded(raw) if is_gzip else raw, whole)
        return Change(path=whole.data, write={whole.data: gzip.compress(lines, 1, mtime=0) if is_gzip else lines})

    return made


def _expanded(raw: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as member:
        lines = member.read(_MOST_EXPANDED + 1)
    if len(lines) > _MOST_EXPANDED:
        raise NotApplicableError(f"the file expands to more than {_MOST_EXPANDED} bytes")
    return lines


def _flipped(at: float) -> Edit:
    """Return what flips a bit: at a share of the file, or so many bytes before its end."""

    def edit(data: bytes, _: Specimen) -> bytes:
        changed = bytearray(data)
        changed[int(at) if at < 0 else int(len(data) * at)] ^= 4
        return bytes(changed)

    return edit


def _expands_too_far(data: bytes, whole: Specimen) -> bytes:
    """Append members of blanks until the file expands beyond the limit of the ratio."""
    ratio = whole.limits.expansion_ratio
    if ratio > 900:
        raise NotApplicableError("limits.expansion_ratio is more than gzip can expand")
    blanks = gzip.compress(b" " * (8 << 20), 9, mtime=0)
    count = 1
    while (count * (8 << 20)) < 1.2 * ratio * (len(data) + count * len(blanks)):
        count += 1
        if count > 64:
            raise NotApplicableError("the file is too large to be made one that expands too far")
    return data + blanks * count


def _rows(lines: bytes) -> list[bytes]:
    """Return the lines, each with its newline, at least three: a file of fewer rows is given more of them."""
    rows = [line for line in lines.splitlines(keepends=True) if line.strip()]
    rows = [line if line.endswith(b"\n") else line + b"\n" for line in rows]
    return rows + [_ROW] * max(3 - len(rows), 0)


def _cut_line(lines: bytes, _: Specimen) -> bytes:
    rows = _rows(lines)
    middle = rows[len(rows) // 2].rstrip()
    rows[len(rows) // 2] = middle[:-1] + b"\n"
    return b"".join(rows)


def _insert(line: bytes) -> Edit:
    def edit(lines: bytes, _: Specimen) -> bytes:
        rows = _rows(lines)
        return b"".join([*rows[:1], line, *rows[1:]])

    return edit


def _bad_text(lines: bytes, _: Specimen) -> bytes:
    """Put a byte that is no UTF-8 into the first name of a line in the middle."""
    rows = _rows(lines)
    rows[len(rows) // 2] = rows[len(rows) // 2].replace(b'"', b'"\xff', 1)
    if not any(b"\xff" in row for row in rows):
        raise NotApplicableError("the line in the middle has no names")
    return b"".join(rows)


def _list(lines: bytes, _: Specimen) -> bytes:
    return b"[" + b",\n".join(row.rstrip() for row in _rows(lines)) + b"]\n"


def _deep(lines: bytes, whole: Specimen) -> bytes:
    depth = whole.limits.json_depth + 1
    return b"".join([*_rows(lines), b'{"landproof":' + b"[" * depth + b"]" * depth + b"}\n"])


def _long(lines: bytes, whole: Specimen) -> bytes:
    if whole.limits.line_bytes > _MOST_EXPANDED:
        raise NotApplicableError(f"limits.line_bytes is more than {_MOST_EXPANDED}")
    block = "".join(f"{number:08x}" for number in range(1 << 14)).encode()  # not so alike that it expands too far
    digits = block * (whole.limits.line_bytes // len(block) + 1)
    return b"".join([*_rows(lines), b'{"landproof":"' + digits + b'"}\n'])


GZIP: tuple[Damage, ...] = (
    Damage(name="gzip cut in half", expected=("gzip.truncated",), change=_to_gzip(lambda d, _: d[: len(d) // 2])),
    Damage(name="gzip cut within its trailer", expected=("gzip.truncated",), change=_to_gzip(lambda d, _: d[:-3])),
    Damage(name="one bit flipped in the CRC of gzip", expected=("gzip.corrupt",), change=_to_gzip(_flipped(-6))),
    Damage(name="one bit flipped in the length of gzip", expected=("gzip.corrupt",), change=_to_gzip(_flipped(-2))),
    *(
        Damage(
            name=f"one bit flipped after {share} % of the file",
            expected=("gzip.corrupt", "gzip.truncated", "gzip.trailing-garbage"),
            change=_to_gzip(_flipped(share / 100)),
        )
        for share in (25, 50, 75)
    ),
    Damage(
        name="rubbish after the end of gzip",
        expected=("gzip.trailing-garbage",),
        change=_to_gzip(lambda d, _: d + b"rubbish"),
    ),
    Damage(name="gzip that expands too far", expected=("gzip.bomb",), change=_to_gzip(_expands_too_far)),
)
"""Of the gzip envelope of NDJSON files."""

JSON: tuple[Damage, ...] = (
    Damage(name="a line in the middle cut", expected=("json.invalid-line",), change=_to_lines(_cut_line)),
    Damage(
        name="a value that is no JSON: NaN",
        expected=("json.invalid-line",),
        change=_to_lines(_insert(b'{"landproof":NaN}\n')),
    ),
    Damage(
        name="the last line cut",
        expected=("json.incomplete-last-line",),
        change=_to_lines(lambda lines, _: b"".join(_rows(lines)).rstrip()[:-1]),
    ),
    Damage(name="a line that is not an object", expected=("json.not-an-object",), change=_to_lines(_insert(b"[1]\n"))),
    Damage(name="a byte that is not UTF-8", expected=("json.invalid-utf8",), change=_to_lines(_bad_text)),
    Damage(name="one array in place of lines", expected=("json.not-ndjson",), change=_to_lines(_list)),
    Damage(name="a value nested too deep", expected=("json.too-deep",), change=_to_lines(_deep)),
    Damage(name="a line too long", expected=("json.line-too-long",), change=_to_lines(_long)),
)
"""Of the lines of NDJSON files."""
