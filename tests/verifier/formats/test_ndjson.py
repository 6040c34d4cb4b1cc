"""Judging NDJSON: strictness of a line, splitting, findings, shape, limits, both depths."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from verifier.errors import NetworkError
from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.formats.json_line import judge_line
from verifier.formats.ndjson import verify_json, verify_json_gzip
from verifier.model import Content, Depth, Finding

DEEP = Limits().json_depth


class Memory:
    """A file in memory that remembers what was asked for."""

    path = "part-00000.json.gz"
    is_local = True

    def __init__(self, data: bytes, step: int = 1 << 20) -> None:
        self._data = data
        self._step = step
        self.size = len(data)
        self.fetched = 0

    def read_range(self, start: int, end: int) -> bytes:
        self.fetched += end - start
        return self._data[start:end]

    def stream(self) -> Iterator[bytes]:
        for start in range(0, self.size, self._step):
            yield self._data[start : start + self._step]


class Broken(Memory):
    def stream(self) -> Iterator[bytes]:
        yield self._data[:10]
        raise NetworkError("the store hung up")


def verify(body: bytes, *, step: int = 1 << 20, limits: Limits | None = None, depth: Depth = Depth.FULL) -> Content:
    return verify_json_gzip(Memory(gzip.compress(body, mtime=0), step), depth, limits or Limits())


def plain(body: bytes, *, step: int = 1 << 20, limits: Limits | None = None, depth: Depth = Depth.FULL) -> Content:
    return verify_json(Memory(body, step), depth, limits or Limits())


def codes(content: Content) -> list[str]:
    return [found.code for found in content.findings]


def only(content: Content) -> Finding:
    (found,) = content.findings
    return found


# ---- a line by itself, in the style of JSONTestSuite

VALID = [
    b"{}",
    b'{"a":[]}',
    b'{"a":-0}',
    b'{"a":1e999,"b":1E+2,"c":0.5e-7}',
    b'{"a":123456789012345678901234567890}',
    b'{"a":1,"a":2}',
    b'{"":0}',
    b'{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000"}',
    b'{"a":"\x7f"}',
    b' \t{ "a" : [ 1 , 2 ] } \r',
    '{"a":"é€😀"}'.encode(),
    b'{"a":"\\ud83d\\ude00"}',
    '{"é":"\u2028"}'.encode(),
    b'{"a":true,"b":false,"c":null}',
    b'{"a":"\\u0000"}',
    b'{"a":"[[[["}',
]
INVALID = [
    b"{",
    b"}",
    b'{"a"}',
    b'{"a":}',
    b'{"a":1,}',
    b'{,"a":1}',
    b'{"a":1 "b":2}',
    b"{'a':1}",
    b"{a:1}",
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":-Infinity}',
    b'{"a":nan}',
    b'{"a":True}',
    b'{"a":nul}',
    b'{"a":01}',
    b'{"a":-01}',
    b'{"a":+1}',
    b'{"a":.5}',
    b'{"a":5.}',
    b'{"a":1e}',
    b'{"a":0x1}',
    b'{"a":1_000}',
    b'{"a":-}',
    b'{"a":[1,]}',
    b'{"a":[1 2]}',
    b'{"a":[}',
    b'{"a":"\t"}',
    b'{"a":"\x00"}',
    b'{"a":"\x1f"}',
    b'{"\x01":1}',
    b'{"a":"\\x"}',
    b'{"a":"\\u12"}',
    b'{"a":"\\u12G4"}',
    b'{"a":"\\"}',
    b'{"a":"b}',
    b'{"a":1}\x00',
    b"\x00",
    b'\x0b{"a":1}',
    b'\x0c{"a":1}',
    b'{"a":1}x',
    b'{"a":1},{"a":2}',
    b'{"a":1}//c',
    b'/**/{"a":1}',
    b'\xef\xbb\xbf{"a":1}',
    '{"a":\u00a01}'.encode(),
    b'{"a":"\\ud800\\u12"}',
    b'{"a":"\\ud8"}',
]
INVALID_UTF8 = {
    "lone continuation": b"\x80",
    "cut sequence": b"\xc3",
    "overlong slash": b"\xc0\xaf",
    "overlong NUL": b"\xc0\x80",
    "overlong three": b"\xe0\x80\x80",
    "encoded surrogate": b"\xed\xa0\x80",
    "encoded pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "latin-1": b"\xe9",
    "0xff": b"\xff",
}


@pytest.mark.parametrize("line", VALID)
def test_a_valid_line_among_others_is_a_row(line: bytes) -> None:
    content = verify(b'{"z":0}\n' + line + b'\n{"z":1}\n')
    assert (content.rows, codes(content)) == (3, [])


@pytest.mark.parametrize("line", INVALID)
@pytest.mark.parametrize("around", [1, 1200], ids=["while learning", "at full speed"])
def test_an_invalid_line_is_found_where_it_stands(line: bytes, around: int) -> None:
    good = b'{"z":0}\n' * around
    content = verify(good + line + b"\n" + good)
    found = only(content)
    assert (found.code, found.where) == ("json.invalid-line", {"line": around + 1, "byte_offset": len(good)})
    assert content.rows == 2 * around


@pytest.mark.parametrize("bad", INVALID_UTF8.values(), ids=INVALID_UTF8)
@pytest.mark.parametrize("form", [b'{"a":"%s"}', b'{"%s":1}', b'{"a":[{"b":"x%sy"}]}'])
@pytest.mark.parametrize("around", [1, 1200], ids=["while learning", "at full speed"])
def test_bytes_that_are_not_utf8_are_found(bad: bytes, form: bytes, around: int) -> None:
    good = b'{"z":0}\n' * around
    found = only(verify(good + form.replace(b"%s", bad) + b"\n" + good))
    assert (found.code, found.where["line"]) == ("json.invalid-utf8", around + 1)


@pytest.mark.parametrize(
    ("line", "lone"),
    [
        (b'{"a":"\\ud800"}', True),
        (b'{"a":"\\uDFFF"}', True),
        (b'{"a":"x\\ud800y"}', True),
        (b'{"a":"\\ud800\\ud800\\udc00"}', True),
        (b'{"a":"\\udc00\\ud800"}', True),
        (b'{"\\ud800":1}', True),
        (b'{"a":"\\\\\\ud800"}', True),
        (b'{"a":"\\\\ud800"}', False),
        (b'{"a":"\\\\\\\\ud800"}', False),
        (b'{"a":"\\ud83d\\ude00"}', False),
    ],
)
@pytest.mark.parametrize("around", [1, 1200], ids=["while learning", "at full speed"])
def test_half_a_surrogate_pair_is_legal_and_said(line: bytes, lone: bool, around: int) -> None:
    content = verify(b'{"z":0}\n' * around + (line + b"\n") * 3)
    assert content.rows == around + 3
    assert [(found.code, found.level, found.count) for found in content.findings] == (
        [("json.lone-surrogate", Level.INFO, 3)] if lone else []
    )


def test_a_lone_surrogate_hides_no_other_fault() -> None:
    assert codes(verify(b'{}\n{"a":"\\ud800",}\n')) == ["json.invalid-line"]


@pytest.mark.parametrize(
    ("line", "word"), [(b"[1]", "array"), (b'"x"', "string"), (b"1", "number"), (b"null", "null"), (b"true", "boolean")]
)
def test_a_line_that_is_no_object_says_what_it_is(line: bytes, word: str) -> None:
    found = only(verify(b"{}\n" + line + b"\n{}\n"))
    assert (found.code, found.expected, found.actual, found.where["line"]) == (
        "json.not-an-object",
        "object",
        word,
        2,
    )


def strict(line: bytes) -> bool:
    def refuse(word: str) -> object:
        raise ValueError(word)

    try:
        text = line.decode("utf-8")
        if text.startswith("\ufeff"):
            return False
        return isinstance(json.loads(text.strip(" \t\r"), parse_constant=refuse), dict)
    except (ValueError, RecursionError):
        return False


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line of JSON, often with a byte or two changed."""
    line = bytearray(json.dumps(draw(objects), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(line)))
        line[place : place + draw(st.integers(0, 1))] = draw(
            st.sampled_from(
                [b"", b",", b'"', b"\\", b"{", b"}", b"[", b"\xff", b"\xc3", b"\x00", b"0", b"-", b"\\ud800"]
            )
        )
    return bytes(line).replace(b"\n", b" ")


@given(lines())
@example(b'{"\\ud800": 1, "a": "\\\\\\udc00"}')
def test_a_line_is_judged_as_a_strict_reference_does(line: bytes) -> None:
    assert (judge_line(line + b"\n", DEEP).code is None) == strict(line)


@given(st.lists(lines(), min_size=1, max_size=8), st.integers(1, 40), st.booleans())
def test_rows_and_bad_lines_do_not_depend_on_how_the_bytes_arrive(body: list[bytes], step: int, newline: bool) -> None:
    head = b'{"first":1}'
    data = b"\n".join([head, *body]) + (b"\n" if newline else b"")
    content = plain(data, step=step)
    several = "json.not-ndjson" in codes(content)
    assert content.rows == (None if several else sum(strict(line) for line in [head, *body]))
    offsets = [0]
    for line in [head, *body]:
        offsets.append(offsets[-1] + len(line) + 1)
    bad = [
        (found.where["line"], found.where["byte_offset"]) for found in content.findings if found.level is Level.ERROR
    ]
    blank = {number for number, line in enumerate(body, 2) if not line.strip()}
    assert bad == [
        (number, offsets[number - 1])
        for number, line in enumerate([head, *body], 1)
        if not strict(line) and number not in blank
    ]
    assert content == plain(data, step=1 << 20)


# ---- splitting and ends


def test_a_zero_byte_file_does_not_raise() -> None:
    for verifier in (verify_json, verify_json_gzip):
        for depth in Depth:
            content = verifier(Memory(b""), depth, Limits())
            assert (content.findings, content.rows) == ((), None)
    assert verify_json(Memory(b""), Depth.FULL, Limits()).sha256 == hashlib.sha256().hexdigest()


@pytest.mark.parametrize(("body", "extra"), [(b"", []), (b"\n \r\n", ["json.blank-line"])])
def test_no_rows_is_said_where_nothing_was_wrong(body: bytes, extra: list[str]) -> None:
    content = verify(body)
    assert (content.rows, codes(content)) == (0, [*extra, "json.no-rows"])


def test_no_rows_is_not_said_of_a_file_of_bad_lines() -> None:
    content = verify(b"{}x\nnope\n")
    assert (content.rows, codes(content)) == (0, ["json.invalid-line"] * 2)


def test_carriage_returns_are_white_space() -> None:
    content = verify(b'{"a":1}\r\n{"a":2}\r\n')
    assert (content.rows, codes(content), content.facts["lines"]) == (2, [], 2)


def test_blank_lines_are_one_finding_at_the_first() -> None:
    found = only(verify(b'{"a":1}\n\n{"a":1}\n \t\n\r\n'))
    assert (found.code, found.count, found.where) == ("json.blank-line", 3, {"line": 2, "byte_offset": 8})


@pytest.mark.parametrize("step", [1, 50, 1 << 20])
def test_many_blank_lines_are_counted_and_hide_nothing(step: int) -> None:
    body = b"\n" * 300 + b"[1]\n" + b'{"a":1}\n\n' * 300 + b"\n{nope}\n"
    content = plain(body, step=step)
    assert [(found.code, found.count, found.where["line"]) for found in content.findings[1:]] == [
        ("json.blank-line", 601, 1),
        ("json.not-an-object", 1, 301),
        ("json.invalid-line", 1, 903),
    ]
    assert (content.rows, content.facts["lines"]) == (300, 903)


def test_a_byte_order_mark_is_a_warning_and_the_line_counts() -> None:
    content = verify(b'\xef\xbb\xbf{"a":1}\n{"a":2}\nx\n')
    assert [(found.code, found.where) for found in content.findings] == [
        ("json.byte-order-mark", {"line": 1, "byte_offset": 0}),
        ("json.invalid-line", {"line": 3, "byte_offset": 19}),
    ]
    assert content.rows == 2


@pytest.mark.parametrize("count", [1, 3, 3000])
def test_a_whole_last_line_without_newline_is_info(count: int) -> None:
    content = verify(b'{"a":1}\n' * (count - 1) + b'{"a":1}')
    assert (only(content).code, content.rows, content.facts["lines"]) == ("json.missing-final-newline", count, count)


@pytest.mark.parametrize("last", [b'{"a":', b'{"a":"\xc3', b"nope", b'{"a":"\\ud8'])
@pytest.mark.parametrize("count", [0, 1, 3000])
def test_a_cut_last_line_is_incomplete(last: bytes, count: int) -> None:
    content = verify(b'{"a":1}\n' * count + last)
    found = only(content)
    assert (found.code, found.where) == ("json.incomplete-last-line", {"line": count + 1, "byte_offset": 8 * count})
    assert content.rows == count


# ---- not NDJSON


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps({"a": 1, "b": [1, 2]}, indent=2).encode(), id="pretty-printed object"),
        pytest.param(json.dumps([{"a": 1}, {"a": 2}], indent=1).encode() + b"\n", id="pretty-printed array"),
        pytest.param(b"[{},\n{}]\n", id="array over two lines"),
        pytest.param(b'[\n{"a":1}\n,\n{"a":2}\n]\n', id="array with objects on lines of their own"),
        pytest.param(b'[{"a":1},{"a":2}]\n', id="array on one line"),
        pytest.param(b'[{"a":1},{"a":2}]', id="array without newline"),
        pytest.param(b"{\n}", id="smallest"),
        pytest.param(b"{\n" + b'"a":[\n1,\n' * 9000, id="long and cut"),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_one_document_is_one_finding(body: bytes, step: int) -> None:
    content = plain(body, step=step)
    assert codes(content) == ["json.uncompressed", "json.not-ndjson"]
    assert (content.rows, content.columns) == (None, None)


def test_several_objects_on_one_line_are_found_on_that_line() -> None:
    content = verify(b'{"a":1}\n{"a":2}{"a":3} {"a":4}\n{"a":5}\n')
    found = only(content)
    assert (found.code, found.actual, found.where["line"]) == ("json.not-ndjson", "3 objects", 2)
    assert content.rows is None


def test_a_newline_between_and_inside_objects_cannot_hide_each_other() -> None:
    content = verify(b'{"z":0}\n' * 1200 + b'{"a":1}{"a":\n2}\n' + b'{"z":0}\n')
    assert [(found.code, found.where["line"]) for found in content.findings] == [
        ("json.invalid-line", 1201),
        ("json.invalid-line", 1202),
    ]


@pytest.mark.parametrize("first", [b'{"a":', b'{"a', b'{"a":1'])
def test_a_damaged_first_line_before_good_ones_is_an_invalid_line(first: bytes) -> None:
    content = verify(first + b'\n{"a":1}\n{"a":2}\n')
    assert (only(content).code, only(content).where["line"], content.rows) == ("json.invalid-line", 1, 2)


def test_two_bad_lines_that_are_complete_are_two_invalid_lines() -> None:
    assert codes(verify(b"{nope}\n{nope}\n")) == ["json.invalid-line"] * 2


def test_an_only_line_that_is_cut_but_ends_is_an_invalid_line() -> None:
    assert codes(verify(b'{"a":\n')) == ["json.invalid-line"]


def test_an_array_before_objects_is_a_line_that_is_no_object() -> None:
    content = verify(b"[1]\n{}\n")
    assert (codes(content), content.rows) == (["json.not-an-object"], 1)


def test_bytes_that_are_not_utf8_are_found_in_a_document_too() -> None:
    content = verify(b'{\n"a":"\xff",\n"b":1\n}\n')
    assert [(found.code, found.where["line"]) for found in content.findings] == [
        ("json.not-ndjson", 1),
        ("json.invalid-utf8", 2),
    ]


# ---- limits


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"a":' + opening * (depth - 1) + b"1" * (opening != b"[") + closing * (depth - 1) + b"}"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"":', b"}"), (b'{"k":[', b"]}")])
@pytest.mark.parametrize("around", [1, 1200], ids=["while learning", "at full speed"])
def test_depth_is_judged_exactly(opening: bytes, closing: bytes, around: int) -> None:
    levels = opening.count(b"{") + opening.count(b"[")
    limits = Limits(json_depth=1 + levels * 20)
    good = b'{"z":0}\n' * around
    assert codes(verify(good + nested(21, opening, closing) + b"\n", limits=limits)) == []
    found = only(verify(good + nested(22, opening, closing) + b"\n", limits=limits))
    assert (found.code, found.where["line"]) == ("json.too-deep", around + 1)


def test_the_innermost_object_may_be_empty() -> None:
    limits = Limits(json_depth=4)
    assert codes(verify(b'{"":{"":{"":{}}}}\n', limits=limits)) == []
    assert codes(verify(b'{"":{"":{"":{"":{}}}}}\n', limits=limits)) == ["json.too-deep"]


def test_brackets_in_strings_and_beside_each_other_are_not_depth() -> None:
    line = b'{"a":"' + b"[{" * 3000 + b'","b":[' + b"[],{}," * 3000 + b'0],"c":"\\"[[["}\n'
    assert codes(verify(line * 3, limits=Limits(json_depth=3))) == []
    assert codes(verify(line, limits=Limits(json_depth=2))) == ["json.too-deep"]


@pytest.mark.parametrize("depth", [513, 999, 5000, 1_000_000])
def test_any_depth_ends_in_a_finding(depth: int) -> None:
    content = verify(b"{}\n" + nested(depth) + b"\n{}\n", limits=Limits(expansion_ratio=2000))
    assert (codes(content), content.rows) == (["json.too-deep"], 2)


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize("where", ["first", "middle", "last", "last without newline"])
def test_a_line_over_the_limit_is_skipped_to_the_next(step: int, where: str) -> None:
    long = b'{"a":"' + b"x" * 94 + b'"}'
    body = {
        "first": long + b"\n{}\n{}\n",
        "middle": b"{}\n" + long + b"\n{}\n",
        "last": b"{}\n{}\n" + long + b"\n",
        "last without newline": b"{}\n{}\n" + long,
    }[where]
    assert codes(verify(body, limits=Limits(line_bytes=len(long)))) in ([], ["json.missing-final-newline"])
    content = plain(body, step=step, limits=Limits(line_bytes=len(long) - 1))
    (found,) = content.findings[1:]
    assert (found.code, found.where["byte_offset"]) == ("json.line-too-long", body.index(long))
    assert (content.rows, content.facts["lines"]) == (2, 3)


def test_a_line_far_over_the_limit_is_not_kept_in_memory() -> None:
    import tracemalloc

    body = b'{"a":"' + b"x" * (48 << 20) + b'"}\n{}\n'
    source = Memory(body)
    tracemalloc.start()
    try:
        content = verify_json(source, Depth.FULL, Limits(line_bytes=1 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (codes(content), content.rows) == (["json.uncompressed", "json.line-too-long"], 1)
    assert peak < 8 << 20


# ---- how many findings


def test_the_first_twenty_bad_lines_stand_alone_and_the_last_stands_for_the_rest() -> None:
    content = verify(b"{}\n" + b"nope\n" * 50)
    assert [found.count for found in content.findings] == [1] * 19 + [31]
    assert [found.where["line"] for found in content.findings] == list(range(2, 22))


def test_a_code_first_seen_after_twenty_bad_lines_is_not_lost() -> None:
    content = verify(b"{}\n" + b"nope\n" * 30 + b"1\n" * 4 + b'{"a":"\xff"}\n')
    assert [(found.code, found.count) for found in content.findings[19:]] == [
        ("json.invalid-line", 11),
        ("json.not-an-object", 4),
        ("json.invalid-utf8", 1),
    ]
    assert sum(found.count for found in content.findings) == 35


@given(st.text("abcdefghij", min_size=8, max_size=12))
def test_no_value_of_a_line_is_in_a_finding(secret: str) -> None:
    bad = ['{{"k":"{0}",}}', '{{"k":{0}}}', '"{0}"', '{{"k":"{0}"}}{{"k":"{0}"}}', '{{"k":"{0}\udcff"}}', '{{"k":"{0}']
    body = "\n".join(["{}", *(line.format(secret) for line in bad)]).encode("utf-8", "surrogateescape")
    assert secret not in repr(verify(body).findings)


# ---- shape


def shape(content: Content) -> dict[str, tuple[str, bool]]:
    assert content.columns is not None
    return {column.name: (column.type, column.always) for column in content.columns}


def test_columns_are_the_union_of_all_lines() -> None:
    rows = [{"id": number, "n": None} for number in range(5000)]
    rows[3]["early"] = {}
    rows[4000]["late"] = [1]
    rows[4500]["n"] = "x"
    rows[4600]['a "quoted" key'] = True
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    assert shape(verify(body)) == {
        "id": ("number", True),
        "n": ("string", True),
        "early": ("object", False),
        "late": ("array", False),
        'a "quoted" key': ("boolean", False),
    }


@given(st.lists(objects, min_size=1, max_size=12), st.integers(0, 1100))
def test_columns_are_those_a_slow_reference_finds(rows: list[dict[str, object]], before: int) -> None:
    rows = [*([{"z": 0}] * before), *rows]
    content = verify(b"".join(json.dumps(row).encode("utf-8") + b"\n" for row in rows))
    words = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    expected: dict[str, str] = {}
    for row in rows:
        for written, value in row.items():
            key = re.sub("[\ud800-\udfff]", "\ufffd", written)
            if expected.get(key, "null") == "null":
                expected[key] = words.get(type(value), "null")
    assert {name: word for name, (word, _) in shape(content).items()} == expected


def test_columns_are_not_claimed_when_there_are_too_many() -> None:
    many = b"".join(b'{"key%d":1}\n' % number for number in range(2500))
    assert verify(many).columns is None
    assert len(shape(verify(many[: many.index(b'{"key1999"')]))) == 1999


def test_columns_and_events_are_not_claimed_of_an_unlearned_giant() -> None:
    giant = b'{"timestamp":"2026-01-01T00:00:00Z","a":"' + b"x" * (5 << 20) + b'"}\n'
    content = plain(giant + b"{}\n")
    assert (content.rows, content.columns, content.events) == (2, None, None)


def events(*stamps: object, before: int = 0) -> tuple[datetime, datetime] | None:
    rows = [{"timestamp": "2026-01-02T00:00:00Z"}] * before + [{"timestamp": stamp} for stamp in stamps]
    return verify(b"".join(json.dumps(row).encode() + b"\n" for row in rows)).events


@pytest.mark.parametrize("before", [0, 1200], ids=["while learning", "at full speed"])
def test_events_span_the_least_and_greatest_time_in_utc(before: int) -> None:
    span = events("2026-01-03T12:00:00+14:00", "2026-01-02T00:00:00.5Z", "2026-01-01T23:59:59-01:00", before=before)
    assert span is not None
    assert span[1] == datetime(2026, 1, 2, 22, tzinfo=UTC)
    assert span[0] == (datetime(2026, 1, 2, tzinfo=UTC) if before else datetime(2026, 1, 2, 0, 0, 0, 500_000, UTC))
    assert all(moment.utcoffset() is not None and moment.tzinfo is UTC for moment in span)


@pytest.mark.parametrize("odd", [None, "", "yesterday", 1767225600, "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", {}])
@pytest.mark.parametrize("before", [0, 1200], ids=["while learning", "at full speed"])
def test_events_are_unknown_where_one_time_cannot_be_read(odd: object, before: int) -> None:
    assert events("2026-01-02T00:00:00Z", odd, "2026-01-03T00:00:00Z", before=before) is None


def test_events_are_unknown_where_a_line_has_none_or_utc_cannot_hold_it() -> None:
    assert verify(b'{"timestamp":"2026-01-02T00:00:00Z"}\n' * 2000 + b'{"a":1}\n').events is None
    assert verify(b'{"a":1}\n' * 2000 + b'{"timestamp":"2026-01-02T00:00:00Z"}\n').events is None
    assert events("0001-01-01T00:00:00+14:00") is None


# ---- stored bytes, gzip and depth

BODY = b"".join(b'{"id":%d,"name":"row %d"}\n' % (number, number * 7919) for number in range(12))
STORED = gzip.compress(BODY, mtime=0)


def test_a_good_file_is_told_in_full() -> None:
    content = verify_json_gzip(Memory(STORED * 2), Depth.FULL, Limits())
    assert content.findings == ()
    assert (content.rows, content.bytes_read) == (24, len(STORED) * 2)
    assert content.sha256 == hashlib.sha256(STORED * 2).hexdigest()
    heads = 2 * len(gzip.compress(b"")[:10])
    assert content.facts == {"members": 2, "lines": 24, "expanded_bytes": len(BODY) * 2, "unchecked_bytes": heads}


def test_only_what_stands_before_the_damage_counts_as_checked() -> None:
    content = verify_json_gzip(Memory(STORED + STORED[:-1]), Depth.FULL, Limits())
    assert content.facts["unchecked_bytes"] == 10 + len(STORED) - 1


def test_plain_json_says_that_nothing_checks_its_bytes() -> None:
    content = plain(BODY)
    assert (codes(content), content.rows) == (["json.uncompressed"], 12)
    assert content.facts == {"lines": 12, "expanded_bytes": len(BODY), "unchecked_bytes": len(BODY)}
    assert content.sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize("depth", [Depth.STRUCTURE, Depth.FULL])
def test_a_file_cut_at_any_byte_is_truncated_and_nothing_else(depth: Depth) -> None:
    for end in range(1, len(STORED)):
        content = verify_json_gzip(Memory(STORED[:end]), depth, Limits())
        assert (codes(content), content.rows) == (["gzip.truncated"], None), end


def test_every_flipped_bit_is_an_error_or_leaves_the_content_as_it_was() -> None:
    for place in range(len(STORED) * 8):
        data = bytearray(STORED)
        data[place // 8] ^= 1 << place % 8
        content = verify_json_gzip(Memory(bytes(data)), Depth.FULL, Limits())
        if not any(found.level is Level.ERROR for found in content.findings):
            assert gzip.decompress(bytes(data)) == BODY, place


def test_every_cut_of_plain_json_is_at_most_a_missing_newline() -> None:
    for end in range(1, len(BODY)):
        found = plain(BODY[:end]).findings[1:]
        cut_at_line_end = BODY[end - 1 : end] == b"\n"
        whole = BODY[end : end + 1] == b"\n"
        expected = [] if cut_at_line_end else ["json.missing-final-newline" if whole else "json.incomplete-last-line"]
        assert [one.code for one in found] == expected, end


def test_lines_before_damage_are_judged_and_the_line_it_cut_is_not() -> None:
    chance = random.Random(5)
    rows = b"".join(b'{"id":%d}\n' % chance.getrandbits(60) for _ in range(3000))
    data = gzip.compress(b"nope\n" + rows, mtime=0)
    content = verify_json_gzip(Memory(data[: len(data) // 2]), Depth.FULL, Limits())
    assert codes(content) == ["gzip.truncated", "json.invalid-line"]
    assert content.rows is None
    assert content.facts["lines"] > 1000


def test_what_the_source_raises_passes_through() -> None:
    for verifier in (verify_json, verify_json_gzip):
        with pytest.raises(NetworkError):
            verifier(Broken(STORED), Depth.FULL, Limits())


@given(st.binary(max_size=200), st.sampled_from(list(Depth)), st.booleans())
def test_no_bytes_make_a_validator_raise(data: bytes, depth: Depth, packed: bool) -> None:
    verify_json(Memory(data), depth, Limits(line_bytes=50, json_depth=3))
    verify_json_gzip(Memory(gzip.compress(data) if packed else data), depth, Limits(line_bytes=50, json_depth=3))


def glimpse(data: bytes, *, packed: bool = True) -> Content:
    source = Memory(data)
    content = (verify_json_gzip if packed else verify_json)(source, Depth.STRUCTURE, Limits())
    assert source.fetched == content.bytes_read <= 128 << 10
    assert (content.rows, content.sha256, content.columns) == (None, None, None)
    return content


def rough(count: int = 20_000) -> bytes:
    chance = random.Random(11)
    return b"".join(b'{"id":%d}\n' % chance.getrandbits(200) for _ in range(count))


def test_structure_finds_nothing_wrong_with_good_files_of_any_size() -> None:
    for body in (BODY, rough()):
        assert glimpse(gzip.compress(body)).findings == ()
        assert codes(glimpse(body, packed=False)) == ["json.uncompressed"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PAR1" + bytes(100), "gzip.corrupt"),
        (gzip.compress(b"nope\n" + rough()), "json.invalid-line"),
        (gzip.compress(b"[\n" + rough()), "json.not-ndjson"),
        (gzip.compress(rough())[:-5000] + bytes(5000), "gzip.trailing-garbage"),
        (STORED[:-5] + b"\xff" + STORED[-4:] + gzip.compress(rough()), "gzip.corrupt"),
    ],
)
def test_structure_says_what_the_ends_make_certain(data: bytes, code: str) -> None:
    assert code in codes(glimpse(data))


def test_structure_of_plain_json_judges_the_last_line() -> None:
    body = rough()
    assert codes(glimpse(body[:-1], packed=False)) == ["json.uncompressed", "json.missing-final-newline"]
    assert codes(glimpse(body[:-9], packed=False)) == ["json.uncompressed", "json.incomplete-last-line"]
    assert glimpse(body[:-9], packed=False).findings[1].where == {"byte_offset": body[:-1].rindex(b"\n") + 1}
