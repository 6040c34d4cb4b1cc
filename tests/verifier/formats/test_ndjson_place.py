"""Where a bad line stands: compared with a plain reference, whatever the pieces, members, blocks and line endings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.formats.gzip import Inflated, Stored
from verifier.formats.json_bulk import is_utf8, may_be_deep
from verifier.formats.json_judge import Judge
from verifier.formats.json_line import is_deeper
from verifier.formats.json_order import KeyOrder
from verifier.formats.json_split import Splitter

LIMITS = Limits(line_bytes=300, json_depth=8)
LINES = [
    b'{"id":1}',
    b'{"id":2,"name":"Z\xc3\xbcrich","more":{"a":[1,2,{"b":null}]}}',
    b'{"id":3,"text":"' + b"\xf0\x9f\x98\x80" * 50 + b'"}',
    b' {"id" : 4 } \t',
    b'{"deep":' + b"[" * 7 + b"]" * 7 + b"}",
    b'{"deep":' + b"[" * 8 + b"]" * 8 + b"}",
    b'{"deep":{"":{"":{"":{"":{"":{"":{"":{"":1}}}}}}}}}',
    b'{"long":"' + b"x" * 289 + b'"}',
    b'{"long":"' + b"x" * 290 + b'"}',
    b'{"long":"' + b"x" * 2000,
    b"",
    b" \t ",
    b"nope",
    b'{"id":1',
    b'{"id":NaN}',
    b'{"id":"\x01"}',
    b"[1]",
    b"null",
    b'{"id":"\xff"}',
    b'{"id":"\xed\xa0\x80"}',
    b'{"id":"\xc0\xaf"}',
    b'{"id":"\xe2\x82"}',
    b"\x00",
]


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


def refuse(word: str) -> object:
    raise ValueError(word)


def code_of(line: bytes) -> str | None:
    """What the reference says of one line without its ending."""
    if len(line.rstrip(b"\r")) > LIMITS.line_bytes:
        return "json.line-too-long"
    if not line.strip(b" \t\r"):
        return "json.blank-line"
    try:
        value = json.loads(line.decode("utf-8").strip(" \t\r"), parse_constant=refuse)
    except UnicodeDecodeError:
        return "json.invalid-utf8"
    except ValueError:
        return "json.invalid-line"
    if depth_of(value) > LIMITS.json_depth:
        return "json.too-deep"
    return None if isinstance(value, dict) else "json.not-an-object"


def reference(data: bytes) -> tuple[list[tuple[int, int, str]], int]:
    """Return number, offset and code of every line that is not a row, and how many are."""
    odd, rows, offset = [], 0, 0
    parts = data.split(b"\n")
    for number, line in enumerate(parts, 1):
        last = number == len(parts)
        if last and not line:
            break
        code = code_of(line)
        rows += code is None
        if last and code == "json.invalid-line":
            code = "json.incomplete-last-line"
        if code is not None:
            odd.append((number, offset, code))
        offset += len(line) + 1
    return odd, rows


def expected_errors(odd: list[tuple[int, int, str]]) -> list[tuple[int, int, str, int]]:
    """Fold the reference's errors: twenty stand alone, a later one adds to the last of its code or is its first."""
    found: list[tuple[int, int, str, int]] = []
    last: dict[str, int] = {}
    alone = 0
    for number, offset, code in odd:
        if alone >= 20 and code in last:
            place = last[code]
            found[place] = (*found[place][:3], found[place][3] + 1)
            continue
        alone += 1
        last[code] = len(found)
        found.append((number, offset, code, 1))
    return found


def pieces(data: bytes, step: int) -> Iterator[bytes]:
    for start in range(0, len(data), step):
        yield data[start : start + step]


def members(data: bytes, cuts: list[int]) -> bytes:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return b"".join(gzip.compress(data[start:end], mtime=0) for start, end in pairwise(places))


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Many lines, most of them good, after a good first one; sometimes enough to be past what is learned from."""
    before = draw(st.sampled_from([1, 3, 1100]))
    some = draw(st.lists(st.sampled_from(LINES), max_size=60))
    spread = draw(st.integers(0, 4))
    ending = draw(st.sampled_from([b"\n", b"\r\n"]))
    rows = [LINES[0]] * before + [row for line in some for row in (line, *[LINES[0]] * spread)]
    return ending.join(rows) + (ending if draw(st.booleans()) else b"")


@given(
    streams(),
    st.sampled_from([7, 64, 1000, 4096, 1 << 20]),
    st.sampled_from([64, 1000, 1 << 16]),
    st.sampled_from([1, 50, 512, 4096, 1 << 17]),
    st.lists(st.integers(0, 10_000), max_size=4),
)
@example(b"{}\n" + b"nope\n" * 30 + b"[1]\n" * 30 + b'{"id":NaN}', 7, 1000, 50, [3, 11])
def test_places_and_counts_are_those_of_a_plain_reference(
    data: bytes, feed: int, step: int, block: int, cuts: list[int]
) -> None:
    packed = members(data, cuts)
    limits = Limits(line_bytes=LIMITS.line_bytes, json_depth=LIMITS.json_depth, expansion_ratio=5000)
    judge = Judge(limits)
    splitter = Splitter(judge, limits.line_bytes, block)
    inflated = Inflated(Stored(pieces(packed, 1 << 20), feed), len(packed), limits, step)
    for piece in inflated:
        splitter.feed(piece)
    splitter.finish()
    judge.finish()
    assert inflated.findings == []
    odd, rows = reference(data)
    assert (judge.rows, judge.lines) == (rows, len(data.split(b"\n")) - data.endswith(b"\n"))
    errors = [
        (found.where["line"], found.where["byte_offset"], found.code, found.count)
        for found in judge.findings
        if found.level is Level.ERROR
    ]
    assert errors == expected_errors([line for line in odd if line[2] != "json.blank-line"])
    blank = [line for line in odd if line[2] == "json.blank-line"]
    told = [found for found in judge.findings if found.code == "json.blank-line"]
    assert [(found.where["line"], found.where["byte_offset"], found.count) for found in told] == [
        (*line[:2], len(blank)) for line in blank[:1]
    ]


def is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("around", [(b"", b""), (b'{"a":"0123456', b'789"}\n')], ids=["alone", "within"])
def test_a_block_is_utf8_exactly_when_a_strict_decoder_says_so(around: tuple[bytes, bytes]) -> None:
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    two = product(range(0x80, 0x100), range(0x100))
    three = product(range(0xE0, 0x100), range(0x100), edges)
    four = product(range(0xF0, 0xF9), edges, edges, edges)
    for sequence in (*two, *three, *four):
        data = bytes(sequence).join(around)
        assert is_utf8(data) == is_text(data), data


@given(st.integers(1, 40), st.integers(1, 45), st.sampled_from([b"[", b'{"":', b'{"k": [ ']), st.integers(0, 200))
def test_a_line_that_is_too_deep_is_never_passed_over(limit: int, depth: int, opening: bytes, padding: int) -> None:
    closing = bytes(b"]}"[letter == ord("{")] for letter in reversed(opening) if letter in b"[{")
    line = b'{"":' + opening * depth + b"0" + closing * depth + b"}" + b" " * padding
    lines = [b'{"a":[[]]}', line, b'{"a":1}']
    longest = max(map(len, lines))
    assert may_be_deep(b"\n".join(lines), longest, limit) or not any(is_deeper(one, limit) for one in lines)


@pytest.mark.parametrize("before", range((16 << 10) - 1300, 16 << 10, 100))
def test_a_line_that_is_too_deep_is_not_passed_over_wherever_in_a_block_it_stands(before: int) -> None:
    deep = b'{"a":' + b"[" * 600 + b"]" * 600 + b"}\n"
    block = b'{"a":"' + b"x" * (before - 9) + b'"}\n' + deep + b"{}\n" * 9999
    assert block.index(deep) == before
    assert may_be_deep(block, len(deep), 512)


def test_ordinary_lines_are_passed_over() -> None:
    line = b'{"a":"' + b"x" * 1500 + b'","b":[1,[2]],"c":{"d":{}}}\n'
    assert len(line) > 2 * Limits().json_depth
    assert not may_be_deep(line * 300, len(line), Limits().json_depth)


@given(st.lists(st.sets(st.integers(0, 30), max_size=20).map(sorted), max_size=20))
def test_keys_that_objects_leave_out_take_their_place_in_the_order(objects: list[list[int]]) -> None:
    order = KeyOrder()
    for numbers in objects:
        order.note([f"key{number}" for number in numbers])
    keys = order.keys()
    assert sorted(keys) == sorted({f"key{number}" for numbers in objects for number in numbers})
    place = {key: index for index, key in enumerate(keys)}
    for numbers in objects:
        places = [place[f"key{number}"] for number in numbers]
        assert places == sorted(places)


def test_keys_of_contradicting_objects_are_all_kept() -> None:
    order = KeyOrder()
    order.note(["b", "a", "c"])
    order.note(["a", "b", "d"])
    assert order.keys() == ["b", "a", "c", "d"]
