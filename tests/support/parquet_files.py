"""Parquet files for tests: made by pyarrow in memory, then damaged on purpose; and where their pages are."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from support.thrift_trees import Tree, read_tree, write_tree

from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.formats.parquet_footer import Footer, parse_footer
from verifier.formats.parquet_pages import Page, read_pages
from verifier.model import Content, Depth, Effect

SCHEMA = pa.schema(
    [
        ("_id", pa.string()),
        ("timestamp", pa.timestamp("ms", "UTC")),
        ("count", pa.int64()),
        ("web", pa.struct([("name", pa.string()), ("views", pa.struct([("value", pa.float64())]))])),
        ("items", pa.list_(pa.struct([("sku", pa.string()), ("quantity", pa.int32())]))),
        ("identityMap", pa.map_(pa.string(), pa.list_(pa.struct([("id", pa.string())])))),
        ("never", pa.string()),
    ]
)
STARTED_AT = datetime(2026, 9, 1, tzinfo=UTC)


class StoredBytes:
    """Bytes as a source; counts what was read of it, and streams in odd pieces when it is not local."""

    def __init__(self, data: bytes, path: str = "part-0.parquet", *, is_local: bool = True) -> None:
        self.data = data
        self.path = path
        self.size = len(data)
        self.is_local = is_local
        self.ranges: list[tuple[int, int]] = []
        self.streams = 0

    def read_range(self, start: int, end: int) -> bytes:
        assert 0 <= start <= end <= self.size
        self.ranges.append((start, end))
        return self.data[start:end]

    def stream(self) -> Iterator[bytes]:
        self.streams += 1
        for start in range(0, self.size, 70_001):
            yield self.data[start : start + 70_001]


def table(rows: int = 60) -> pa.Table:
    """Rows with structs, lists, maps, nulls and an always empty column."""
    return pa.Table.from_pylist(
        [
            {
                "_id": f"id-{number}",
                "timestamp": STARTED_AT + timedelta(minutes=number),
                "count": number % 5 if number % 3 else None,
                "web": {"name": f"page {number % 4}", "views": {"value": number * 1.5}},
                "items": [{"sku": f"sku-{item}", "quantity": item} for item in range(number % 3)],
                "identityMap": [("ECID", [{"id": f"{number:05d}"}])],
                "never": None,
            }
            for number in range(rows)
        ],
        schema=SCHEMA,
    )


def written(content: pa.Table | None = None, **options: object) -> bytes:
    """Write a table, by default two row groups of thirty rows with page checksums, and return the file's bytes."""
    out = io.BytesIO()
    chosen = {"row_group_size": 30, "write_page_checksum": True, "compression": "snappy", **options}
    pq.write_table(table() if content is None else content, out, **chosen)
    return out.getvalue()


def verified(
    data: bytes, *, path: str = "part-0.parquet", depth: Depth = Depth.FULL, limits: Limits | None = None
) -> Content:
    """Verify bytes as a local file."""
    return verify_parquet(StoredBytes(data, path), depth, limits or Limits())


def codes(content: Content) -> set[str]:
    """The codes found."""
    return {found.code for found in content.findings}


def is_refused(content: Content) -> bool:
    """Tell whether anything found keeps the file from being good."""
    return any(found.effect is not Effect.NONE for found in content.findings)


def footer_start(data: bytes) -> int:
    """Where the footer begins."""
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


def footer_of(data: bytes) -> Footer:
    """The footer as our own reader sees it."""
    start = footer_start(data)
    return parse_footer(data[start:-8], start)


def pages_of(data: bytes, group: int, leaf: int) -> list[Page]:
    """The pages of one chunk."""
    return list(read_pages(lambda start, end: data[start:end], footer_of(data).groups[group].chunks[leaf]))


def all_pages(data: bytes) -> list[Page]:
    """The pages of all chunks."""
    return [page for chunk in footer_of(data).chunks for page in pages_of(data, chunk.group, chunk.leaf)]


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    """The same bytes with one bit turned."""
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def with_footer(data: bytes, footer: bytes) -> bytes:
    """The same file with another footer."""
    return data[: footer_start(data)] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def edited(data: bytes, change: Callable[[Tree], None]) -> bytes:
    """The same file with its footer's tree changed."""
    tree = read_tree(data[footer_start(data) : -8])
    change(tree)
    return with_footer(data, write_tree(tree))


def group_tree(tree: Tree, group: int) -> Tree:
    """One row group of a footer's tree."""
    found: Tree = tree[4][1][1][group]
    return found


def meta_tree(tree: Tree, group: int, leaf: int) -> Tree:
    """One column chunk's description in a footer's tree."""
    found: Tree = group_tree(tree, group)[1][1][1][leaf][3][1]
    return found
