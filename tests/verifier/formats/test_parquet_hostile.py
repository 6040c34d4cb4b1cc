"""Footers and pages written to harm a reader: refused before anything is decoded, within limits, and said so."""

from __future__ import annotations

import io
import resource
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.parquet_files import (
    codes,
    edited,
    footer_start,
    group_tree,
    meta_tree,
    pages_of,
    table,
    verified,
    with_footer,
    written,
)
from support.thrift_trees import BINARY, BOOLEAN_TRUE, I32, I64, STRUCT, Tree, varint

from verifier.formats.base import MIB, Limits
from verifier.formats.parquet_thrift import Plain, ThriftError, read_struct
from verifier.model import Depth, Effect

BOTH = (Depth.STRUCTURE, Depth.FULL)


@pytest.mark.parametrize("depth", BOTH)
def test_a_file_of_other_bytes_is_not_parquet(depth: Depth) -> None:
    for data in (b"", b"<html>503</html>", b"PK\x03\x04" + bytes(100), bytes(12)):
        assert codes(verified(data, depth=depth)) == {"parquet.not-parquet"}


@pytest.mark.parametrize("depth", BOTH)
def test_a_file_encrypted_by_parquets_own_means_is_told_so(depth: Depth) -> None:
    data = written()
    for closed in (
        b"PARE" + data[4:-4] + b"PARE",
        edited(data, lambda tree: tree.update({8: [STRUCT, {1: [STRUCT, {}]}]})),
    ):
        content = verified(closed, depth=depth)
        assert codes(content) == {"parquet.encrypted"}
        assert content.rows is None

    def encrypt_column(tree: Tree) -> None:
        group_tree(tree, 0)[1][1][1][2].update({8: [STRUCT, {1: [STRUCT, {}]}]})

    assert codes(verified(edited(data, encrypt_column), depth=depth)) == {"parquet.encrypted"}


@pytest.mark.parametrize("depth", BOTH)
def test_a_small_file_that_promises_rows_without_end_is_refused_at_once(depth: Depth) -> None:
    def promise(tree: Tree) -> None:
        tree[3][1] = 2 * 6 * 10**14
        for group in (0, 1):
            group_tree(tree, group)[3][1] = 6 * 10**14
            for leaf in range(10):
                meta_tree(tree, group, leaf)[5][1] = 6 * 10**14

    started = perf_counter()
    content = verified(edited(written(), promise), depth=depth)
    assert perf_counter() - started < 1
    assert codes(content) == {"parquet.bomb"}
    assert content.rows is None
    assert all(found.effect is Effect.UNVERIFIABLE for found in content.findings)


@pytest.mark.parametrize("depth", BOTH)
def test_promises_over_the_limits_are_refused(depth: Depth) -> None:
    data = written()
    size = len(data)
    assert codes(verified(data, depth=depth, limits=replace(Limits(), rows=59))) == {"parquet.bomb"}
    assert codes(verified(data, depth=depth, limits=replace(Limits(), rows=60))) == set()
    assert codes(verified(data, depth=depth, limits=replace(Limits(), expanded_bytes=1000))) == {"parquet.bomb"}
    footer = size - 8 - footer_start(data)
    assert codes(verified(data, depth=depth, limits=replace(Limits(), footer_bytes=footer - 1))) == {"parquet.bomb"}
    assert codes(verified(data, depth=depth, limits=replace(Limits(), footer_bytes=footer))) == set()
    grown = edited(data, lambda tree: meta_tree(tree, 0, 0)[6].__setitem__(1, 1 << 32))
    assert codes(verified(grown, depth=depth)) == {"parquet.bomb"}


def _set(group: int, leaf: int, number: int, value: int) -> Callable[[Tree], None]:
    return lambda tree: meta_tree(tree, group, leaf).update({number: [I64, value]})


@pytest.mark.parametrize("depth", BOTH)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set(0, 0, 7, 1 << 40), "out-of-bounds"),
        (_set(0, 0, 11, 2), "out-of-bounds"),
        (_set(1, 9, 9, 1 << 50), "out-of-bounds"),
        (_set(1, 9, 9, -5), "out-of-bounds"),
        (_set(0, 0, 11, 1 << 50), "out-of-bounds"),
        (_set(0, 0, 7, 400), "out-of-bounds"),
        (_set(0, 0, 14, 1 << 50), "out-of-bounds"),
        (_set(0, 0, 5, -1), "bad-footer"),
        (_set(0, 0, 6, -1), "bad-footer"),
        (_set(0, 0, 5, 31), "bad-footer"),
        (_set(0, 5, 5, 29), "bad-footer"),
        (lambda tree: group_tree(tree, 0)[3].__setitem__(1, -30), "bad-footer"),
        (lambda tree: group_tree(tree, 0)[1][1][1].pop(), "bad-footer"),
        (lambda tree: group_tree(tree, 0)[1][1][1].reverse(), "bad-footer"),
        (lambda tree: group_tree(tree, 0)[1][1][1][0].pop(3), "bad-footer"),
        (lambda tree: meta_tree(tree, 0, 0).update({1: [I32, 1]}), "bad-footer"),
        (lambda tree: tree[2][1][1].pop(), "bad-footer"),
        (lambda tree: tree[2][1][1][0].update({5: [I32, 1 << 30]}), "bad-footer"),
        (lambda tree: tree[2][1][1][1].update({4: [BINARY, b"\xff"]}), "bad-footer"),
        (lambda tree: tree.pop(3), "bad-footer"),
        (lambda tree: group_tree(tree, 0)[1][1][1][0].update({1: [BINARY, b"other.parquet"]}), "unsupported"),
        (lambda tree: [meta_tree(tree, g, n).update({4: [I32, 3]}) for g in (0, 1) for n in range(10)], "unsupported"),
        (lambda tree: meta_tree(tree, 0, 0).update({4: [I32, 77]}), "unsupported"),
    ],
)
def test_a_footer_that_contradicts_itself_is_found_from_the_footer_alone(
    change: Callable[[Tree], None], code: str, depth: Depth
) -> None:
    assert f"parquet.{code}" in codes(verified(edited(written(), change), depth=depth))


def test_chunks_over_each_other_are_named() -> None:
    def move(tree: Tree) -> None:
        first, second = meta_tree(tree, 0, 0), meta_tree(tree, 0, 1)
        second[9][1] = second[11][1] = first[9][1] - 1

    found = next(each for each in verified(edited(written(), move)).findings if each.code == "parquet.out-of-bounds")
    assert found.where == {"row_group": 0, "column": "timestamp"}


def test_a_page_larger_than_its_chunk_is_out_of_bounds() -> None:
    data = written(pa.table({"n": [1, 2, 3]}), use_dictionary=False)

    def shrink(tree: Tree) -> None:
        meta_tree(tree, 0, 0)[7][1] -= 1

    (found,) = verified(edited(data, shrink)).findings
    assert found.code == "parquet.out-of-bounds"
    assert found.where["page"] == 0


@pytest.mark.parametrize(
    "footer", [b"", b"\x00", b"\x15" * 40, b"\x1c" * 5000, b"\x19\xfc" + varint(1 << 60), b"\x18" + varint(1 << 62)]
)
def test_a_footer_of_nonsense_is_bad(footer: bytes) -> None:
    for depth in BOTH:
        assert codes(verified(with_footer(written(), footer), depth=depth)) == {"parquet.bad-footer"}


def test_thrift_is_bounded_by_the_bytes_it_is_given() -> None:
    for data in (
        b"\x1c" * 100_000,
        b"\x19\x9c" * 50_000,
        b"\x1b" + varint(1 << 40) + b"\xcc",
        b"\x15" + b"\xff" * 11,
        b"",
    ):
        for struct in ({}, {1: Plain.INT32}):
            with pytest.raises(ThriftError):
                read_struct(data, 0, struct)
    assert read_struct(bytes([BOOLEAN_TRUE | 16, 0]), 0, {1: Plain.BOOLEAN}) == ({1: True}, 2)


def test_a_dictionary_that_claims_more_entries_than_bytes_is_refused() -> None:
    data = written(pa.table({"t": ["a", "b"] * 5}), write_page_checksum=False, compression="none")
    dictionary = pages_of(data, 0, 0)[0]
    header = data[dictionary.offset : dictionary.body]
    assert header.count(b"L\x15\x04") == 1  # two entries
    claimed = data[: dictionary.offset] + header.replace(b"L\x15\x04", b"L\x15\x7e") + data[dictionary.body :]
    assert "parquet.corrupt-page" in codes(verified(claimed))


def _megabyte_repeated(rows: int) -> bytes:
    """One text of a mebibyte, a million times, in a few kilobytes."""
    out = io.BytesIO()
    indices = pa.array([0] * rows, pa.int32())
    content = pa.table({"t": pa.DictionaryArray.from_arrays(indices, pa.array(["x" * MIB]))})
    pq.write_table(
        content, out, compression="zstd", write_page_checksum=True, write_statistics=False, store_schema=False
    )
    return out.getvalue()


def test_a_long_text_repeated_a_million_times_stays_within_memory() -> None:
    data = _megabyte_repeated(1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = verified(data)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert content.rows == 1_000_000
    assert content.findings == ()
    assert grown_kib < 200 * 1024


def test_a_row_with_nulls_without_end_is_refused_rather_than_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    row = pa.ListArray.from_arrays(pa.array([0, 1_000_000], pa.int32()), pa.nulls(1_000_000, pa.int64()))
    data = written(pa.table({"l": row}))
    assert len(data) < 4000
    assert verified(data).findings == ()
    monkeypatch.setattr("verifier.formats.parquet_plan._RECORD_BYTES", 4 * MIB)
    content = verified(data)
    assert codes(content) == {"parquet.bomb"}
    assert content.rows is None


def test_a_short_file_with_every_limit_at_its_least_never_raises() -> None:
    least = Limits(
        line_bytes=1, json_depth=1, expanded_bytes=1, expansion_ratio=1, footer_bytes=1, manifest_bytes=1, rows=0
    )
    for depth in BOTH:
        assert codes(verified(written(table(3)), depth=depth, limits=least)) == {"parquet.bomb"}
