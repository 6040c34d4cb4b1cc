"""Files as writers make them: none of them may be found fault with, and what they say of themselves must come out."""

from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta

import pyarrow as pa
import pytest
from support.parquet_files import (
    STARTED_AT,
    StoredBytes,
    all_pages,
    codes,
    edited,
    group_tree,
    is_refused,
    meta_tree,
    table,
    verified,
    written,
)
from support.thrift_trees import BINARY, I64

from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.model import Content, Depth


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_every_codec_and_page_version_is_good_and_every_page_is_covered(codec: str, version: str) -> None:
    data = written(compression=codec, data_page_version=version)
    content = verified(data)
    assert content.findings == ()
    assert content.rows == 60
    assert content.sha256 == hashlib.sha256(data).hexdigest()
    assert content.bytes_read == len(data)
    assert content.facts["pages"] == content.facts["pages_with_checksum"] > 36
    assert content.facts["unchecked_bytes"] == len(data) - sum(page.size for page in all_pages(data))
    assert content.facts["row_groups"] == 2


@pytest.mark.parametrize(
    "options",
    [
        {"use_dictionary": False},
        {"use_dictionary": False, "use_byte_stream_split": ["count"]},
        {"use_dictionary": False, "column_encoding": {"_id": "DELTA_BYTE_ARRAY", "count": "DELTA_BINARY_PACKED"}},
        {"dictionary_pagesize_limit": 40},
        {"data_page_size": 1, "write_batch_size": 1},
        {"write_page_index": True},
        {"bloom_filter_options": {"_id": True}},
        {"version": "1.0"},
        {"store_schema": False},
        {"write_statistics": False},
        {"use_deprecated_int96_timestamps": True},
        {"use_compliant_nested_type": False},
        {"row_group_size": 1},
    ],
    ids=str,
)
def test_every_way_of_writing_is_good(options: dict[str, object]) -> None:
    content = verified(written(**options))
    assert content.findings == ()
    assert content.rows == 60


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b", None] * 10).dictionary_encode(),
        pa.array(["a", "b", None] * 10, pa.large_string()),
        pa.array(["a", "b", None] * 10, pa.string_view()),
        pa.array([b"\xff\xfe", None] * 15, pa.binary()),
        pa.array([b"abcd", None] * 15, pa.binary(4)),
        pa.array([1, None] * 15, pa.decimal128(20, 2)),
        pa.array([True, None, False] * 10),
        pa.array([None] * 30, pa.null()),
        pa.array([[["a"], None, []]] * 30, pa.list_(pa.large_list(pa.string()))),
        pa.array([[1.5, 2.5]] * 30, pa.list_(pa.float32(), 2)),
        pa.array([timedelta(seconds=1)] * 30, pa.duration("us")),
        pa.array([{"a.b": {"c": "x"}}] * 30),
    ],
    ids=lambda column: str(column.type),
)
def test_every_type_is_good(column: pa.Array) -> None:
    content = verified(written(pa.table({"with.dot": column, "twin": column})))
    assert content.findings == ()
    assert content.rows == 30


@pytest.mark.parametrize("options", [{}, {"row_group_size": 0}])
def test_no_rows_are_no_fault(options: dict[str, object]) -> None:
    content = verified(written(table(0), **{key: value for key, value in options.items() if value}))
    assert codes(content) == {"parquet.no-rows"}
    assert content.rows == 0
    assert not is_refused(content)


def test_a_schema_without_columns_is_good() -> None:
    assert codes(verified(written(pa.table({})))) == {"parquet.no-rows"}


def test_pages_without_checksums_are_told_and_gzip_covers_its_own() -> None:
    plain = verified(written(write_page_checksum=False))
    assert codes(plain) == {"parquet.no-page-checksums"}
    assert plain.facts["pages_with_checksum"] == 0
    pages = plain.facts["pages"]
    assert plain.findings[0].message == f"0 of {pages} pages carry a checksum"
    assert plain.facts["unchecked_bytes"] == plain.bytes_read
    data = written(write_page_checksum=False, compression="gzip")
    covered = sum(page.size - len(gzip.compress(b"")[:10]) for page in all_pages(data))
    assert verified(data).facts["unchecked_bytes"] == len(data) - covered


def test_gzip_levels_of_version_two_are_outside_its_own_checksum() -> None:
    data = written(write_page_checksum=False, compression="gzip", data_page_version="2.0")
    checked = len(data) - verified(data).facts["unchecked_bytes"]
    assert 0 < checked < sum(page.size - page.levels for page in all_pages(data))


def test_a_dictionary_offset_of_zero_counts_as_absent() -> None:
    data = written(use_dictionary=False)
    assert verified(edited(data, lambda tree: meta_tree(tree, 0, 0).update({11: [I64, 0]}))).findings == ()


def test_the_file_name_speaks_of_the_codec() -> None:
    gzip, snappy = written(compression="gzip"), written(compression="snappy")
    for depth in (Depth.STRUCTURE, Depth.FULL):
        assert verified(gzip, path="a/part-0.gz.parquet", depth=depth).findings == ()
        assert verified(snappy, path="a/part-0.snappy.parquet", depth=depth).findings == ()
        assert verified(gzip, path="a/part-0.parquet", depth=depth).findings == ()
        (found,) = verified(snappy, path="a/part-0.GZ.parquet", depth=depth).findings
        assert (found.code, found.expected, found.actual) == ("parquet.codec-mismatch", "gzip", "snappy")
    assert codes(verified(gzip, path="part-0.snappy.parquet")) == {"parquet.codec-mismatch"}
    assert codes(verified(written(table(0)), path="part-0.gz.parquet")) == {"parquet.no-rows"}


def test_columns_are_leaves_by_dotted_path_with_types_in_words() -> None:
    types = {column.name: column.type for column in verified(written(), depth=Depth.STRUCTURE).columns or ()}
    assert types == {
        "_id": "string",
        "timestamp": "timestamp[ms, UTC]",
        "count": "int64",
        "web.name": "string",
        "web.views.value": "double",
        "items.list.element.sku": "string",
        "items.list.element.quantity": "int32",
        "identityMap.key_value.key": "string",
        "identityMap.key_value.value.list.element.id": "string",
        "never": "string",
    }


def _events(column: pa.Array, **options: object) -> object:
    return verified(written(pa.table({"timestamp": column}), **options), depth=Depth.STRUCTURE).events


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_event_times_come_from_the_statistics_of_every_row_group(unit: str) -> None:
    moments = [STARTED_AT + timedelta(minutes=number) for number in range(60)]
    assert _events(pa.array(moments, pa.timestamp(unit, "UTC"))) == (moments[0], moments[-1])


def test_event_times_as_text_count_when_they_are_utc() -> None:
    texts = [f"2026-09-{day:02d}T01:00:00.000Z" for day in range(1, 31)]
    least, greatest = STARTED_AT + timedelta(hours=1), STARTED_AT + timedelta(days=29, hours=1)
    assert _events(pa.array(texts)) == (least, greatest)
    assert _events(pa.array([text.removesuffix("Z") for text in texts])) is None
    assert _events(pa.array(["soonZ", "laterZ"])) is None


def test_event_times_are_unknown_unless_every_row_group_with_values_tells_them() -> None:
    moments = [STARTED_AT + timedelta(minutes=number) for number in range(30)]
    kind = pa.timestamp("ms", "UTC")
    assert _events(pa.array(moments, kind), write_statistics=False) is None
    assert _events(pa.array([*moments, *[None] * 30], kind)) == (moments[0], moments[-1])
    assert _events(pa.array([moment.replace(tzinfo=None) for moment in moments], pa.timestamp("ms"))) is None
    data = written(pa.table({"timestamp": pa.array(moments * 2, kind)}))
    blind = edited(data, lambda tree: meta_tree(tree, 1, 0).pop(12))
    assert verified(blind, depth=Depth.STRUCTURE).events is None
    odd = edited(data, lambda tree: meta_tree(tree, 0, 0)[12][1].update({5: [BINARY, b"?"]}))
    assert verified(odd, depth=Depth.STRUCTURE).events is None


def test_structure_reads_only_the_ends() -> None:
    small, large = written(), written(pa.table({"n": pa.array(range(40_000))}), compression="none", row_group_size=9999)
    assert len(large) > 200_000
    for data, most in ((small, 1), (large, 2)):
        source = StoredBytes(data)
        content = verify_parquet(source, Depth.STRUCTURE, Limits())
        assert content.sha256 is None
        assert len(source.ranges) <= most
        assert content.bytes_read == sum(end - start for start, end in source.ranges) <= 64 * 1024 + 4
        assert source.streams == 0
    assert content.rows == 40_000


def test_a_long_footer_is_read_in_one_more_piece() -> None:
    data = written(pa.table({f"column-{number:03d}": [number] for number in range(900)}))
    source = StoredBytes(data)
    content = verify_parquet(source, Depth.STRUCTURE, Limits())
    assert content.findings == ()
    assert len(source.ranges) == 3
    assert len(content.columns or ()) == 900


def test_a_store_far_away_is_read_once_and_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(compression="gzip")
    near = verified(data)

    def far() -> Content:
        source = StoredBytes(data, is_local=False)
        content = verify_parquet(source, Depth.FULL, Limits())
        assert (source.streams, source.ranges) == (1, [])
        return content

    assert far() == near
    monkeypatch.setattr("verifier.formats.parquet_bytes._IN_MEMORY", 100)
    assert far() == near


def test_any_offset_of_a_chunk_without_values_counts_as_absent() -> None:
    def empty(tree: dict[int, list[object]]) -> None:
        group = group_tree(tree, 1)
        tree[3][1] = 30
        group[3][1] = 0
        for chunk in group[1][1][1]:
            chunk[3][1].update({5: [I64, 0], 9: [I64, 1 << 40], 11: [I64, 7]})

    content = verified(edited(written(), empty))
    assert content.findings == ()
    assert content.rows == 30
