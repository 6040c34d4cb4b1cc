"""Inflating: members, headers, damage, limits; compared with the standard library's own gzip."""

from __future__ import annotations

import gzip
import hashlib
import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.findings import Effect, Level
from verifier.formats.base import Limits
from verifier.formats.gzip import Inflated, Stored, header_length

BODY = b"".join(b'{"id":%d,"name":"row %d"}\n' % (number, number * 7919) for number in range(40))
MEMBER = gzip.compress(BODY, mtime=0)
HEADER_BYTES_WITHOUT_MEANING = {4, 5, 6, 7, 8, 9}


def pieces(data: bytes, step: int) -> Iterator[bytes]:
    for start in range(0, len(data), step):
        yield data[start : start + step]


def inflate(data: bytes, step: int = 1 << 20, limits: Limits | None = None) -> tuple[bytes, Inflated, Stored]:
    stored = Stored(pieces(data, step))
    inflated = Inflated(stored, len(data), limits or Limits())
    return b"".join(inflated), inflated, stored


def codes(inflated: Inflated) -> list[str]:
    return [found.code for found in inflated.findings]


def header(flags: int, *, extra: bytes = b"", wrong_crc: bool = False) -> bytes:
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    if flags & 4:
        head += struct.pack("<H", len(extra)) + extra
    if flags & 8:
        head += b"part-00000.json\0"
    if flags & 16:
        head += b"a comment\0"
    if flags & 2:
        head += struct.pack("<H", (zlib.crc32(head) & 0xFFFF) ^ wrong_crc)
    return head


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000, 1 << 20])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_members_one_after_the_other_are_one_stream_however_they_arrive(step: int, count: int) -> None:
    data = MEMBER * count
    body, inflated, stored = inflate(data, step)
    assert body == BODY * count
    assert (inflated.members, inflated.expanded, inflated.damaged) == (count, len(BODY) * count, False)
    assert inflated.findings == []
    assert stored.sha256 == hashlib.sha256(data).hexdigest()


def test_empty_members_are_legal() -> None:
    empty = gzip.compress(b"", mtime=0)
    body, inflated, _ = inflate(empty + MEMBER + empty * 50)
    assert body == BODY
    assert (inflated.members, inflated.findings) == (52, [])


def test_no_bytes_at_all_are_left_to_the_caller() -> None:
    body, inflated, stored = inflate(b"")
    assert (body, inflated.findings, inflated.damaged) == (b"", [], False)
    assert stored.sha256 == hashlib.sha256().hexdigest()


@pytest.mark.parametrize("flags", range(32))
@pytest.mark.parametrize("step", [1, 5, 1 << 20])
def test_every_optional_part_of_a_header_is_skipped(flags: int, step: int) -> None:
    body, inflated, _ = inflate(header(flags, extra=b"\0" * 300) + MEMBER[10:], step)
    assert (body, inflated.findings) == (BODY, [])


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(header(0x20), id="reserved flag 5"),
        pytest.param(header(0x80), id="reserved flag 7"),
        pytest.param(header(2, wrong_crc=True), id="header CRC"),
        pytest.param(b"\x1f\x8b\x07" + bytes(7), id="method that is not deflate"),
        pytest.param(header(8)[:10] + b"n" * (2 << 20), id="name without an end"),
    ],
)
def test_a_bad_header_is_corrupt(bad: bytes) -> None:
    body, inflated, stored = inflate(bad + MEMBER[10:])
    assert (body, codes(inflated), inflated.damaged) == (b"", ["gzip.corrupt"], True)
    assert stored.sha256 == hashlib.sha256(bad + MEMBER[10:]).hexdigest()


def test_something_that_is_not_gzip_is_called_so() -> None:
    _, inflated, _ = inflate(b'{"a":1}\n')
    assert codes(inflated) == ["gzip.corrupt"]
    assert "not a gzip stream" in inflated.findings[0].message


@pytest.mark.parametrize("step", [3, 1 << 20])
def test_a_stream_cut_at_any_byte_is_truncated_and_hashed(step: int) -> None:
    for end in range(1, len(MEMBER)):
        body, inflated, stored = inflate(MEMBER[:end], step)
        assert codes(inflated) == ["gzip.truncated"], end
        assert inflated.findings[0].where == {"offset": end}
        assert BODY.startswith(body)
        assert stored.sha256 == hashlib.sha256(MEMBER[:end]).hexdigest()


def test_a_second_member_cut_at_any_byte_is_truncated() -> None:
    for end in range(1, len(MEMBER)):
        body, inflated, _ = inflate(MEMBER + MEMBER[:end])
        assert codes(inflated) == ["gzip.truncated"], end
        assert body.startswith(BODY)


def test_a_cut_in_the_trailer_loses_no_content() -> None:
    for end in range(len(MEMBER) - 8, len(MEMBER)):
        assert inflate(MEMBER[:end])[0] == BODY


@pytest.mark.parametrize(("place", "what"), [(-5, "CRC"), (-1, "length")])
def test_a_wrong_trailer_says_which_part_is_wrong_and_loses_no_content(place: int, what: str) -> None:
    data = bytearray(MEMBER)
    data[place] ^= 1
    body, inflated, _ = inflate(bytes(data))
    assert (body, codes(inflated)) == (BODY, ["gzip.corrupt"])
    assert what in inflated.findings[0].message


def test_every_flipped_bit_is_found_unless_it_means_nothing() -> None:
    unseen = set()
    for place in range(len(MEMBER) * 8):
        data = bytearray(MEMBER)
        data[place // 8] ^= 1 << place % 8
        body, inflated, _ = inflate(bytes(data))
        if inflated.findings:
            assert {found.level for found in inflated.findings} == {Level.ERROR}
            continue
        # time, system and text flag of the header, padding of the last deflate byte, another copy of the same words
        assert body == gzip.decompress(bytes(data)) == BODY, place
        unseen.add(place // 8)
    assert unseen >= HEADER_BYTES_WITHOUT_MEANING
    assert len(unseen) < 20


def test_what_stood_before_the_damage_is_given() -> None:
    rough = random.Random(3)
    lines = b"".join(b"%d,%d\n" % (number, rough.getrandbits(60)) for number in range(20_000))
    data = bytearray(gzip.compress(lines, mtime=0))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    body, inflated, _ = inflate(bytes(data))
    assert codes(inflated) == ["gzip.corrupt"]
    common = next(at for at, (seen, true) in enumerate(zip(body, lines, strict=False)) if seen != true)
    assert common > len(lines) * 0.45


@pytest.mark.parametrize(
    ("rest", "level", "effect"),
    [
        (b"rubbish", Level.ERROR, Effect.CORRUPT),
        (b"\0", Level.WARN, Effect.NONE),
        (b"\0" * 200_000, Level.WARN, Effect.NONE),
        (b"\0" * 200_000 + b"x", Level.ERROR, Effect.CORRUPT),
        (b"\0" + MEMBER, Level.ERROR, Effect.CORRUPT),
        (b"\x1f\x00", Level.ERROR, Effect.CORRUPT),
        (b"\n", Level.ERROR, Effect.CORRUPT),
    ],
)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_bytes_after_the_last_member(rest: bytes, level: Level, effect: Effect, step: int) -> None:
    body, inflated, stored = inflate(MEMBER + rest, step)
    (found,) = inflated.findings
    assert (found.code, found.level, found.effect) == ("gzip.trailing-garbage", level, effect)
    assert (found.where, found.actual) == ({"offset": len(MEMBER)}, f"{len(rest)} bytes")
    assert (body, inflated.damaged) == (BODY, False)
    assert stored.sha256 == hashlib.sha256(MEMBER + rest).hexdigest()


def test_a_stream_over_the_limit_of_bytes_is_not_inflated_further() -> None:
    data = gzip.compress(random.Random(1).randbytes(5 << 20), mtime=0)
    body, inflated, stored = inflate(data, limits=Limits(expanded_bytes=2 << 20))
    assert codes(inflated) == ["gzip.bomb"]
    assert inflated.findings[0].effect is Effect.UNVERIFIABLE
    assert len(body) <= 2 << 20
    assert stored.sha256 == hashlib.sha256(data).hexdigest()


def test_a_stream_of_exactly_the_limit_is_no_bomb() -> None:
    data = gzip.compress(random.Random(1).randbytes(3 << 20), mtime=0)
    assert inflate(data, limits=Limits(expanded_bytes=3 << 20))[1].findings == []
    assert codes(inflate(data, limits=Limits(expanded_bytes=(3 << 20) - 1))[1]) == ["gzip.bomb"]


def test_a_ratio_is_judged_only_after_the_first_mebibyte() -> None:
    assert inflate(gzip.compress(bytes(1 << 20), mtime=0))[1].findings == []
    assert codes(inflate(gzip.compress(bytes(8 << 20), mtime=0))[1]) == ["gzip.bomb"]
    assert inflate(gzip.compress(bytes(8 << 20), mtime=0), limits=Limits(expansion_ratio=1100))[1].findings == []


@given(st.data())
def test_the_verdict_is_that_of_the_standard_library(data: st.DataObject) -> None:
    body = data.draw(st.binary(max_size=300).map(lambda seed: seed * 5))
    stored = bytearray(gzip.compress(body, compresslevel=data.draw(st.sampled_from([0, 1, 6, 9])), mtime=0))
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(stored) - 1))
        stored[place] = data.draw(st.integers(0, 255))
    stored = stored[: data.draw(st.integers(1, len(stored)))] if data.draw(st.booleans()) else stored
    ours, inflated, _ = inflate(bytes(stored), data.draw(st.sampled_from([1, 9, 1 << 20])))
    reference = zlib.decompressobj(wbits=31)
    try:
        theirs = reference.decompress(bytes(stored))
        whole = reference.eof and not reference.unused_data
    except zlib.error:
        whole = False
    assert whole == (not inflated.findings)
    if whole:
        assert ours == theirs


@pytest.mark.parametrize("end", range(len(header(31, extra=b"abc"))))
def test_a_header_is_asked_for_more_bytes_until_it_is_whole(end: int) -> None:
    whole = header(31, extra=b"abc")
    assert header_length(whole[:end]) is None
    assert header_length(whole + b"x") == len(whole)
