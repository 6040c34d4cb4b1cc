"""Makes the demo's rows, XDM-like and seeded, and their Parquet and NDJSON bytes; not where or when they land."""

from __future__ import annotations

import gzip
import io
import json
import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]
FIRST_FULL_DAYS = 60
_PAGES = ("home", "search", "product", "basket", "checkout", "thank you", "help")
_TOWNS = ("Basel", "Bergen", "Bordeaux", "Brno", "Bilbao", "Bologna")
_FIRST = ("Ada", "Edsger", "Grace", "Barbara", "Donald", "Frances", "Alan", "Margaret")
_LAST = ("Keller", "Novak", "Olsen", "Martin", "Rossi", "Weber", "Garcia")
_REASONS = ("delivery", "invoice", "return", "complaint", "advice")

_TIME = pa.timestamp("ms", tz="UTC")
_WEB = pa.schema(
    [
        ("_id", pa.string()),
        ("timestamp", _TIME),
        ("eventType", pa.string()),
        ("web", pa.struct([("webPageDetails", pa.struct([("name", pa.string()), ("views", pa.float64())]))])),
        ("identityMap", pa.struct([("ECID", pa.list_(pa.struct([("id", pa.string()), ("primary", pa.bool_())])))])),
    ]
)
_PROFILE = pa.schema(
    [
        ("_id", pa.string()),
        ("personID", pa.string()),
        ("person", pa.struct([("name", pa.struct([("firstName", pa.string()), ("lastName", pa.string())]))])),
        ("homeAddress", pa.struct([("city", pa.string())])),
        ("modifiedAt", _TIME),
    ]
)


@dataclass(frozen=True, slots=True)
class Span:
    """The time an export covers, and a seeded source of chance of its own; `is_first` tells a full export."""

    since: datetime
    until: datetime
    dice: random.Random
    is_first: bool

    def moments(self, a_day: int) -> list[datetime]:
        """Return about `a_day` moments a day, the first a minute after the start of the span, the last at its end."""
        start = self.until - timedelta(days=FIRST_FULL_DAYS) if self.is_first else self.since
        length = (self.until - start) / timedelta(days=1)
        busy = 0.7 if self.until.weekday() >= 5 else 1.0
        count = max(2, round(length * a_day * busy * self.dice.uniform(0.9, 1.1)))
        first = start + timedelta(minutes=1)
        return [first + (self.until - first) * number / (count - 1) for number in range(count)]

    def id(self) -> str:
        """Return the next identifier."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))


def web_events(span: Span) -> list[Row]:
    """Return page views of the span."""
    return [
        {
            "_id": span.id(),
            "timestamp": moment,
            "eventType": "web.webpagedetails.pageViews",
            "web": {"webPageDetails": {"name": span.dice.choice(_PAGES), "views": 1.0}},
            "identityMap": {"ECID": [{"id": f"{span.dice.randrange(10**12):012d}", "primary": True}]},
        }
        for moment in span.moments(240)
    ]


def orders(span: Span) -> list[Row]:
    """Return purchases of the span."""
    return [
        {
            "_id": span.id(),
            "timestamp": moment,
            "eventType": "commerce.purchases",
            "commerce": {"order": {"purchaseID": f"P{span.dice.randrange(10**9):09d}", "currencyCode": "EUR"}},
            "productListItems": [
                {"SKU": f"S{span.dice.randrange(999):03d}", "quantity": span.dice.randrange(1, 4), "priceTotal": 9.5}
                for _ in range(span.dice.randrange(1, 4))
            ],
        }
        for moment in span.moments(120)
    ]


def profiles(span: Span) -> list[Row]:
    """Return all customers as they are at the end of the span."""
    count = 400 + span.until.toordinal() % 7
    return [
        {
            "_id": span.id(),
            "personID": f"C{number:06d}",
            "person": {"name": {"firstName": span.dice.choice(_FIRST), "lastName": span.dice.choice(_LAST)}},
            "homeAddress": {"city": span.dice.choice(_TOWNS)},
            "modifiedAt": span.until - timedelta(hours=number),
        }
        for number in range(count)
    ]


def calls(span: Span) -> list[Row]:
    """Return calls of the span."""
    return [
        {
            "_id": span.id(),
            "timestamp": moment,
            "eventType": "callCenter.call",
            "callCenter": {
                "agentID": f"A{span.dice.randrange(20):02d}",
                "durationSeconds": span.dice.randrange(30, 1800),
                "reason": span.dice.choice(_REASONS),
            },
        }
        for moment in span.moments(80)
    ]


def web_parquet(rows: Sequence[Row]) -> bytes:
    """Return page views as Parquet."""
    return _parquet(rows, _WEB)


def profile_parquet(rows: Sequence[Row]) -> bytes:
    """Return customers as Parquet."""
    return _parquet(rows, _PROFILE)


def _parquet(rows: Sequence[Row], schema: pa.Schema) -> bytes:
    out = io.BytesIO()
    data = pa.Table.from_pylist(list(rows), schema=schema)
    pq.write_table(data, out, compression="gzip", row_group_size=500, write_page_checksum=True)
    return out.getvalue()


def json_gz(rows: Sequence[Row]) -> bytes:
    """Return rows as NDJSON in one gzip member."""
    text = "".join(json.dumps(row, default=_iso, separators=(",", ":")) + "\n" for row in rows)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def _iso(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def with_flipped_bit(parquet: bytes) -> bytes:
    """Return the file with one bit flipped in the middle of a page that carries a checksum."""
    chunk = pq.ParquetFile(io.BytesIO(parquet)).metadata.row_group(0).column(0)
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    damaged = bytearray(parquet)
    damaged[start + chunk.total_compressed_size * 2 // 3] ^= 4
    return bytes(damaged)


Rows = Callable[[Span], list[Row]]
Encode = Callable[[Sequence[Row]], bytes]
