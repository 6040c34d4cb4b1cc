"""Damaged files: what is found, how exactly it is placed, and what of a file can change without being noticed."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from support.parquet_files import (
    StoredBytes,
    codes,
    edited,
    flipped,
    footer_of,
    footer_start,
    is_refused,
    meta_tree,
    pages_of,
    table,
    verified,
    written,
)

from verifier.errors import NetworkError
from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.formats.parquet_pages import Page, PageType
from verifier.model import Depth, Level

SMALL = pa.table({"n": pa.array([1, 2, None, 4]), "t": ["a", "b", "a", None]})


def test_every_cut_is_an_error() -> None:
    data = written(SMALL)
    for end in range(len(data)):
        for depth in (Depth.STRUCTURE, Depth.FULL):
            content = verified(data[:end], depth=depth)
            assert any(found.level is Level.ERROR for found in content.findings), end
            assert codes(content) <= {"parquet.truncated", "parquet.not-parquet"}


def _place(data: bytes, at: int) -> str:
    """Name the part of a file that a byte belongs to."""
    if at >= footer_start(data):
        return "footer"
    for chunk in footer_of(data).chunks:
        for page in pages_of(data, chunk.group, chunk.leaf):
            if page.offset <= at < page.body:
                return "page header"
            if page.body <= at < page.end:
                return "page"
    return "between"


@pytest.mark.parametrize(
    "options",
    [{"compression": "snappy"}, {"compression": "gzip", "data_page_version": "2.0"}],
    ids=["snappy, version 1", "gzip, version 2"],
)
def test_no_flipped_bit_in_a_page_goes_unnoticed(options: dict[str, object]) -> None:
    data = written(SMALL, store_schema=False, **options)
    unnoticed = [
        at
        for at in range(len(data))
        for bit in (at % 8, (at + 3) % 8)
        if not is_refused(verified(flipped(data, at, bit)))
    ]
    assert unnoticed
    assert {_place(data, at) for at in unnoticed} == {"page header", "footer"}


def test_what_goes_unnoticed_in_page_headers_is_statistics() -> None:
    data = written(SMALL, write_statistics=False, store_schema=False)
    headers = [at for at in range(footer_start(data)) if _place(data, at) == "page header"]
    assert len(headers) > 60
    unnoticed = [at for at in headers if not is_refused(verified(flipped(data, at, at % 8)))]
    # What is left changes no meaning: the name of a number's width, ids of fields that may be absent.
    assert len(unnoticed) <= 4


def test_a_damaged_page_is_named_once_by_row_group_column_page_and_offset() -> None:
    data = written()
    page = pages_of(data, 1, 3)[1]
    content = verified(flipped(data, page.body + page.size // 2))
    (found,) = content.findings
    assert found.code == "parquet.corrupt-page"
    assert found.where == {"row_group": 1, "column": "web.name", "page": 1, "offset": page.offset}
    assert content.rows == 60


def test_all_damaged_pages_are_found_and_the_last_shown_stands_for_the_rest() -> None:
    changed = bytearray(written(row_group_size=10))
    damaged = 0
    for chunk in footer_of(bytes(changed)).chunks:
        page = pages_of(bytes(changed), chunk.group, chunk.leaf)[-1]
        changed[page.end - 1] ^= 1
        damaged += 1
    found = verified(bytes(changed)).findings
    assert len(found) == 20
    assert sum(each.count for each in found) == damaged == 60
    assert {each.count for each in found[:-1]} == {1}


@pytest.mark.parametrize("codec", ["gzip", "snappy", "zstd"])
def test_without_checksums_a_page_that_cannot_be_decompressed_is_named(codec: str) -> None:
    data = written(compression=codec, write_page_checksum=False, use_dictionary=False)
    page = pages_of(data, 0, 0)[0]
    broken = bytearray(data)
    broken[page.body : page.end] = bytes(page.size)
    errors = [found for found in verified(bytes(broken)).findings if found.level is Level.ERROR]
    assert [found.code for found in errors] == ["parquet.corrupt-page"]
    assert errors[0].where == {"row_group": 0, "column": "_id", "page": 0, "offset": page.offset}


def test_gzip_pages_are_covered_without_page_checksums() -> None:
    data = written(SMALL, compression="gzip", write_page_checksum=False, store_schema=False)
    for chunk in footer_of(data).chunks:
        for page in pages_of(data, chunk.group, chunk.leaf):
            # The ten bytes of a gzip member's own head say nothing of the data.
            for at in range(page.body + 10, page.end):
                content = verified(flipped(data, at, at % 8))
                # Deflate pads its last byte with bits that mean nothing.
                assert is_refused(content) or at == page.end - 9


def test_text_that_is_not_utf8_is_named_by_column_and_page() -> None:
    raw = pa.array([b"fine", b"\xff\xfe secret", None] * 10, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
    for use_dictionary in (True, False):
        data = written(
            pa.table({"good": ["x"] * 30, "bad": pa.StructArray.from_arrays([text], ["text"])}),
            use_dictionary=use_dictionary,
        )
        content = verified(data)
        page = pages_of(data, 0, 1)[0]
        (found,) = content.findings
        place = {"row_group": 0, "column": "bad.text", "page": 0, "offset": page.offset}
        assert (found.code, found.where) == ("parquet.invalid-utf8", place)
        assert "secret" not in repr(content.findings)


def _levels_broken(data: bytes, page: Page) -> bytes:
    """The same file with the length of an uncompressed page's levels beyond its end."""
    return data[: page.body] + b"\xff\xff\x00\x00" + data[page.body + 4 :]


@pytest.mark.parametrize("use_dictionary", [True, False])
def test_a_page_that_cannot_be_decoded_is_named_among_many(use_dictionary: bool) -> None:
    options = {"compression": "none", "write_page_checksum": False, "data_page_size": 1, "write_batch_size": 4}
    data = written(use_dictionary=use_dictionary, **options)
    for leaf, column in ((0, "_id"), (3, "web.name")):
        pages = [page for page in pages_of(data, 1, leaf) if page.is_data]
        assert len(pages) > 5
        for page in (pages[0], pages[3], pages[-1]):
            (found,) = verified(_levels_broken(data, page)).findings[:1]
            place = {"row_group": 1, "column": column, "page": page.number, "offset": page.offset}
            assert (found.code, found.where) == ("parquet.corrupt-page", place)


def test_a_dictionary_page_that_is_damaged_is_named() -> None:
    for codec in ("none", "snappy", "gzip", "zstd"):
        for has_checksum in (True, False):
            data = written(compression=codec, write_page_checksum=has_checksum)
            page = pages_of(data, 0, 3)[0]
            assert page.kind is PageType.DICTIONARY
            broken = data[: page.body] + b"\xff" * page.size + data[page.end :]
            found = verified(broken).findings[0]
            place = {"row_group": 0, "column": "web.name", "page": 0, "offset": page.offset}
            assert (found.code, found.where) == ("parquet.corrupt-page", place)


def test_a_page_header_that_leads_out_of_its_chunk_is_named() -> None:
    data = written(compression="none", use_dictionary=False)
    page = pages_of(data, 1, 0)[0]
    header = bytearray(data[page.offset : page.body])
    assert header[:1] + header[2:3] == b"\x15\x15"
    sizes = header.index(0x15, 3)
    header[sizes + 1] |= 0x40
    found = verified(data[: page.offset] + bytes(header) + data[page.body :]).findings[0]
    assert found.where == {"row_group": 1, "column": "_id", "page": 0, "offset": page.offset}
    assert found.code in ("parquet.out-of-bounds", "parquet.corrupt-page")


def test_text_that_is_not_utf8_is_named_by_its_page_among_many() -> None:
    raw = [b"fine"] * 30
    raw[17] = b"\xff\xfe"
    values = pa.array(raw, pa.binary())
    text = pa.Array.from_buffers(pa.string(), len(values), values.buffers())
    data = written(pa.table({"t": text}), use_dictionary=False, data_page_size=1, write_batch_size=1)
    page = pages_of(data, 0, 0)[17]
    (found,) = verified(data).findings
    place = {"row_group": 0, "column": "t", "page": 17, "offset": page.offset}
    assert (found.code, found.where) == ("parquet.invalid-utf8", place)


def test_pages_whose_bytes_were_swapped_do_not_pass() -> None:
    content = pa.table({"a": list(range(30)), "b": [-number for number in range(30)]})
    data = written(content, use_dictionary=False, compression="none")
    (first,), (second,) = pages_of(data, 0, 0), pages_of(data, 0, 1)
    assert first.size == second.size
    changed = bytearray(data)
    changed[first.body : first.end], changed[second.body : second.end] = (
        data[second.body : second.end],
        data[first.body : first.end],
    )
    found = verified(bytes(changed)).findings
    assert [(each.code, each.where["column"]) for each in found] == [
        ("parquet.corrupt-page", "a"),
        ("parquet.corrupt-page", "b"),
    ]


def test_fewer_rows_decoded_than_promised_is_a_row_count_mismatch() -> None:
    data = written(pa.table({"n": [1, 2, 3]}))

    def promise(tree: dict[int, list[object]]) -> None:
        tree[3][1] = 4
        tree[4][1][1][0][3][1] = 4
        meta_tree(tree, 0, 0)[5][1] = 4

    content = verified(edited(data, promise))
    assert "parquet.row-count-mismatch" in codes(content)
    assert verified(edited(data, promise), depth=Depth.STRUCTURE).findings == ()


def test_a_footer_row_count_that_does_not_add_up_is_found_at_any_depth() -> None:
    data = edited(written(), lambda tree: tree[3].__setitem__(1, 61))
    assert codes(verified(data, depth=Depth.STRUCTURE)) == {"parquet.bad-footer"}
    content = verified(data)
    assert codes(content) == {"parquet.bad-footer", "parquet.row-count-mismatch"}
    assert content.rows == 60


def test_a_store_that_fails_is_not_a_finding() -> None:
    class Failing(StoredBytes):
        def read_range(self, start: int, end: int) -> bytes:
            if len(self.ranges) >= 3:
                raise NetworkError("gone")
            return super().read_range(start, end)

    with pytest.raises(NetworkError):
        verify_parquet(Failing(written()), Depth.FULL, Limits())


@pytest.mark.parametrize("seed", range(6))
def test_no_damage_makes_it_raise(seed: int) -> None:
    dice = random.Random(seed)
    codec = ("none", "snappy", "gzip")[seed % 3]
    data = written(table(20), compression=codec, write_page_checksum=seed < 3, row_group_size=10)
    for _ in range(50):
        changed = bytearray(data)
        low, high = dice.choice([(0, len(data)), (footer_start(data), len(data) - 8), (4, footer_start(data))])
        for _ in range(dice.choice([1, 1, 2, 5])):
            at, size = dice.randrange(low, high), dice.choice([1, 1, 4, 64])
            other = dice.randrange(low, high)
            piece = dice.choice([bytes(size), dice.randbytes(size), bytes(changed[other : other + size])])
            changed[at : at + len(piece)] = piece
        content = verified(bytes(changed))
        assert content.sha256
