"""The longest entry of a dictionary, on which the memory of decoding rests: never told shorter than it is."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from support.parquet_files import pages_of, written

from verifier.formats.parquet_entries import longest_entry
from verifier.formats.parquet_pages import Page

CODECS = {"none": 0, "snappy": 1, "gzip": 2, "zstd": 6}


def _dictionary(texts: list[str | None], codec: str) -> tuple[bytes, Page]:
    data = written(pa.table({"t": texts}), compression=codec, row_group_size=100_000)
    return data, pages_of(data, 0, 0)[0]


def _longest(data: bytes, page: Page, codec: str) -> int:
    return longest_entry(page, CODECS[codec], lambda start, end: data[start:end])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("texts", "longest"),
    [
        (["a", "four", None, "", "four"], 4),
        ([""], 0),
        ([None, None], 0),
        (["\0" * 70_000, "\x01\0\0\0x"], 70_000),
        ([f"text {number}" for number in range(40_000)], 10),
    ],
    ids=["short", "empty", "none", "zeros", "many"],
)
def test_the_longest_entry_is_measured_under_every_codec(codec: str, texts: list[str | None], longest: int) -> None:
    data, page = _dictionary(texts, codec)
    assert _longest(data, page, codec) == longest


@pytest.mark.parametrize("codec", CODECS)
def test_a_dictionary_that_cannot_be_followed_counts_as_one_entry(codec: str) -> None:
    data, page = _dictionary(["a", "four", "b" * 300], codec)
    assert _longest(data, replace(page, own={**page.own, 1: page.values + 1}), codec) == page.expanded
    broken = data[: page.body] + b"\xff" * page.size + data[page.end :]
    assert _longest(broken, page, codec) == page.expanded
