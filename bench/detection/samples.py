"""Sound files to be damaged, and which of their bytes a checksum covers by construction; damages nothing."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from verifier.formats.parquet_footer import parse_footer
from verifier.formats.parquet_pages import Page, read_pages

_ROWS, _ROWS_A_GROUP, _ROWS_A_LOOK, _PAGE_BYTES = 320, 160, 32, 1200
_GZIP_HEADER = 10
_MEMBERS = 4
_STARTED_AT = datetime(2026, 9, 1, tzinfo=UTC)
_PAGES = ("home", "search", "product", "cart", "checkout", "account")
_SCHEMA = pa.schema(
    [
        ("_id", pa.string()),
        ("timestamp", pa.timestamp("ms", "UTC")),
        ("eventType", pa.string()),
        ("count", pa.int64()),
        ("web", pa.struct([("name", pa.string()), ("views", pa.struct([("value", pa.float64())]))])),
        ("items", pa.list_(pa.struct([("sku", pa.string()), ("quantity", pa.int32()), ("price", pa.float64())]))),
        ("identityMap", pa.map_(pa.string(), pa.list_(pa.struct([("id", pa.string()), ("primary", pa.bool_())])))),
        ("never", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of a file, from `start` up to `end`."""

    start: int
    end: int

    def __contains__(self, at: object) -> bool:
        return isinstance(at, int) and self.start <= at < self.end

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sound file; `group` is the rows of the table it counts in.

    `covered` are the bytes that a checksum inside the file covers, `movable` runs of neighbours that can change places
    and leave every checksum in place: the pages of a column chunk with their headers, the members of a gzip stream.
    """

    name: str
    group: str
    data: bytes
    covered: tuple[Span, ...]
    movable: tuple[tuple[Span, ...], ...]

    @property
    def is_parquet(self) -> bool:
        """True for Parquet, False for gzipped NDJSON."""
        return self.name.endswith(".parquet")

    @property
    def is_of_stored_bytes(self) -> bool:
        """True where the checksum is of the stored bytes, so that even a bit without meaning is noticed."""
        return self.is_parquet and self.name.endswith("-crc.parquet")

    @property
    def covered_bytes(self) -> int:
        """How many bytes a checksum covers."""
        return sum(map(len, self.covered))


def samples(seed: int) -> Iterator[Sample]:
    """Yield Parquet of every codec, with and without page checksums, of both page versions; then gzipped NDJSON."""
    dice = random.Random(seed)
    for codec, has_checksums, version in product(("none", "snappy", "gzip", "zstd"), (True, False), ("1.0", "2.0")):
        yield _parquet(dice, codec, version, has_checksums=has_checksums)
    for members in (1, _MEMBERS):
        yield _ndjson(dice, members)


def _rows(dice: random.Random) -> list[dict[str, Any]]:
    """Rows shaped like Adobe's experience events: structs, lists, maps, moments, text and what is never filled."""
    return [
        {
            "_id": f"{dice.getrandbits(64):016x}",
            "timestamp": _STARTED_AT + timedelta(milliseconds=dice.randrange(86_400_000)),
            "eventType": dice.choice(("web.webpagedetails.pageViews", "commerce.purchases")),
            "count": dice.randrange(1000) if dice.random() < 0.7 else None,
            "web": {"name": f"{dice.choice(_PAGES)} {dice.randrange(40)}", "views": {"value": dice.random()}},
            "items": [
                {"sku": f"sku-{dice.randrange(5000)}", "quantity": dice.randrange(9), "price": dice.random() * 100}
                for _ in range(dice.randrange(3))
            ],
            "identityMap": [
                (space, [{"id": f"{dice.getrandbits(96):024x}", "primary": space == "ECID"}])
                for space in ("ECID", "email")[: 1 + dice.randrange(2)]
            ],
            "never": None,
        }
        for _ in range(_ROWS)
    ]


def _parquet(dice: random.Random, codec: str, version: str, *, has_checksums: bool) -> Sample:
    out = io.BytesIO()
    pq.write_table(
        pa.Table.from_pylist(_rows(dice), schema=_SCHEMA),
        out,
        compression=codec,
        data_page_version=version,
        write_page_checksum=has_checksums,
        row_group_size=_ROWS_A_GROUP,
        write_batch_size=_ROWS_A_LOOK,
        data_page_size=_PAGE_BYTES,
        use_dictionary=["eventType", "web.name"],
    )
    data = out.getvalue()
    chunks = list(_pages(data))
    if has_checksums:
        group = "Parquet, page checksums"
    else:
        group = "Parquet gzip, no page checksums" if codec == "gzip" else "Parquet, no checksums"
    spans = (_covered(page, is_gzip=codec == "gzip") for chunk in chunks for page in chunk)
    return Sample(
        name=f"{codec}-v{version[0]}-{'crc' if has_checksums else 'plain'}.parquet",
        group=group,
        data=data,
        covered=tuple(span for span in spans if len(span) > 0),
        movable=tuple(tuple(Span(page.offset, page.end) for page in chunk if page.is_data) for chunk in chunks),
    )


def _pages(data: bytes) -> Iterator[list[Page]]:
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for chunk in parse_footer(data[start:-8], start).chunks:
        yield list(read_pages(lambda first, end: data[first:end], chunk))


def _covered(page: Page, *, is_gzip: bool) -> Span:
    """A page's CRC-32 covers all that follows its header; gzip's own, what follows the header of gzip."""
    if page.crc is not None:
        return Span(page.body, page.end)
    if is_gzip and page.is_compressed and page.size > page.levels:
        return Span(page.body + page.levels + _GZIP_HEADER, page.end)
    return Span(page.end, page.end)


def _ndjson(dice: random.Random, members: int) -> Sample:
    def plain(value: object) -> str:
        assert isinstance(value, datetime)
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    rows = [row | {"identityMap": dict(row["identityMap"])} for row in _rows(dice)]
    lines = [json.dumps(row, default=plain, separators=(",", ":")) + "\n" for row in rows]
    share = _ROWS // members
    parts = ["".join(lines[first : first + share]).encode() for first in range(0, _ROWS, share)]
    stored = [gzip.compress(part, compresslevel=dice.choice((1, 6, 9)), mtime=0) for part in parts]
    ends = [sum(map(len, stored[: number + 1])) for number in range(members)]
    whole = tuple(Span(end - len(part), end) for part, end in zip(stored, ends, strict=True))
    return Sample(
        name=f"{members}-members.json.gz",
        group="NDJSON.gz",
        data=b"".join(stored),
        covered=tuple(Span(span.start + _GZIP_HEADER, span.end) for span in whole),
        movable=(whole,),
    )
