"""The fast way of decoding: taken for every sound file, in pieces of any size, and never kinder than the plain one."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pyarrow as pa
import pytest
from support.parquet_files import flipped, footer_of, footer_start, pages_of, table, verified, written

from verifier.formats.parquet_decode import FOREIGN_ERRORS, Decoder
from verifier.formats.parquet_pages import PageType
from verifier.formats.parquet_plan import Plan

CODECS = ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]
WAYS = {
    "usual": {},
    "version 2": {"data_page_version": "2.0"},
    "no dictionaries": {"use_dictionary": False},
    "dictionaries left half way": {"dictionary_pagesize_limit": 40, "data_page_size": 1, "write_batch_size": 2},
    "one page for each value": {"data_page_size": 1, "write_batch_size": 1},
}


class Watched:
    """What the fast way and the plain one said of the row groups since."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sound: list[bool] = []
        self.too_kind: list[Plan] = []
        fast = Decoder.is_sound

        def is_sound(decoder: Decoder, plan: Plan) -> bool:
            said = fast(decoder, plan)
            self.sound.append(said)
            try:
                rows = decoder.plain_rows(plan) if said else plan.rows
            except FOREIGN_ERRORS:
                rows = None
            self.too_kind += [plan] if rows != plan.rows else []
            return said

        monkeypatch.setattr(Decoder, "is_sound", is_sound)
        monkeypatch.setattr("verifier.formats.parquet_decode._SMALL", 0)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


@pytest.fixture(params=["whole row groups", "columns", "single pages"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    chosen: str = request.param
    if chosen != "whole row groups":
        monkeypatch.setattr("verifier.formats.parquet_parts._TOGETHER", 0)
    if chosen == "single pages":
        monkeypatch.setattr("verifier.formats.parquet_parts._PART_BYTES", -(1 << 30))
    return chosen


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("codec", CODECS)
def test_a_sound_file_is_decoded_the_fast_way(codec: str, way: str, pieces: str, watched: Watched) -> None:
    content = verified(written(compression=codec, **WAYS[way]))
    assert (content.findings, content.rows) == ((), 60)
    # Where a row of a list runs on from page to page, pages cannot be decoded one by one.
    if pieces != "single pages" or way not in ("dictionaries left half way", "one page for each value"):
        assert watched.sound == [True, True]
    assert not watched.too_kind


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"\xff\xfe", None, b""] * 10, pa.binary()),
        pa.array([b"abcd", None] * 15, pa.binary(4)),
        pa.array([1, None] * 15, pa.decimal128(20, 2)),
        pa.array([True, None, False] * 10),
        pa.array([None] * 30, pa.null()),
        pa.array([[["a"], None, []]] * 30, pa.list_(pa.large_list(pa.string()))),
        pa.array([[("k", "v"), ("l", None)]] * 30, pa.map_(pa.string(), pa.string())),
        pa.array([{"a.b": {"c": "x"}}, None] * 15),
    ],
    ids=lambda column: str(column.type),
)
def test_every_type_is_decoded_the_fast_way(column: pa.Array, pieces: str, watched: Watched) -> None:
    content = verified(written(pa.table({"with.dot": column, "twin": column}), compression="gzip"))
    assert (content.findings, content.rows, watched.sound) == ((), 30, [True])
    assert pieces


def _damaged(data: bytes, dice: random.Random) -> Iterator[bytes]:
    for _ in range(40):
        yield flipped(data, dice.randrange(4, footer_start(data)), dice.randrange(8))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip"])
def test_no_damage_passes_the_fast_way_that_the_plain_one_refuses(
    codec: str, version: str, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.formats.parquet_parts._TOGETHER", 500)
    options = {"write_page_checksum": False, "compression": codec, "data_page_version": version}
    data = written(table(30), dictionary_pagesize_limit=60, **options)
    assert len(footer_of(data).groups) == 1
    for damaged in _damaged(data, random.Random(codec + version)):
        verified(damaged)
    assert {True, False} <= set(watched.sound)
    assert not watched.too_kind


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip"])
def test_the_header_of_a_dictionary_is_judged_even_where_it_holds_nothing(codec: str, watched: Watched) -> None:
    content = pa.table({"never": pa.nulls(5, pa.string()), "some": ["a", "b"] * 2 + [None]})
    data = written(content, compression=codec, write_page_checksum=False)
    for leaf in (0, 1):
        page = pages_of(data, 0, leaf)[0]
        assert page.kind is PageType.DICTIONARY
        for at in range(page.offset, page.end):
            verified(flipped(data, at, at % 8))
            verified(flipped(data, at, (at + 3) % 8))
    assert {True, False} <= set(watched.sound)
    assert not watched.too_kind


def test_a_text_that_is_not_utf8_does_not_hide_in_a_dictionary(watched: Watched) -> None:
    raw = pa.array([b"fine", b"\xff\xfe"] * 15, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
    assert [found.code for found in verified(written(pa.table({"t": text}))).findings] == ["parquet.invalid-utf8"]
    assert watched.sound == [False]
