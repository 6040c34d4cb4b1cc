"""Between which moments a Parquet file's events lie: by statistics, by values without any, never by guess."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.formats.pgp_verify import Held
from verifier.model import Content, Depth

FIRST = datetime(2026, 11, 1, 3, 4, 5, 678000, tzinfo=UTC)
TIMES = [FIRST + timedelta(hours=hour) for hour in (5, 0, 7, 23, 11, 2)]
SPAN = (FIRST, FIRST + timedelta(hours=23))


def written(kind: pa.DataType, values: list[Any], **how: Any) -> bytes:
    out = io.BytesIO()
    columns = {"_id": pa.array([str(n) for n in range(len(values))]), "timestamp": pa.array(values, kind)}
    pq.write_table(pa.table(columns), out, row_group_size=4, **how)
    return out.getvalue()


def look(data: bytes, depth: Depth = Depth.FULL) -> Content:
    content = verify_parquet(Held("x.parquet", data), depth, Limits())
    assert "error" not in {f.level for f in content.findings}
    return content


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("depth", [Depth.STRUCTURE, Depth.FULL])
@pytest.mark.parametrize("nulls", [0, 1, 5])
def test_moments_of_every_unit_are_told_by_the_footer(unit: str, depth: Depth, nulls: int) -> None:
    data = written(pa.timestamp(unit, "UTC"), [None] * nulls + TIMES, coerce_timestamps=None if unit == "ns" else unit)
    assert look(data, depth).events == SPAN


def test_text_in_utc_is_told_by_the_footer() -> None:
    texts = [time.strftime("%Y-%m-%dT%H:%M:%S.678Z") for time in TIMES]
    assert look(written(pa.string(), texts), Depth.STRUCTURE).events == SPAN


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        (pa.timestamp("ns", "UTC"), {"use_deprecated_int96_timestamps": True}),
        (pa.timestamp("us", "UTC"), {"write_statistics": False}),
        (pa.timestamp("ms", "UTC"), {"write_statistics": ["_id"]}),
        (pa.timestamp("ns", "UTC"), {"write_statistics": False, "compression": "gzip"}),
    ],
    ids=["as Spark's INT96", "no statistics", "statistics of others", "no statistics, gzip"],
)
def test_without_statistics_the_values_tell_at_full_depth(kind: pa.DataType, how: dict[str, Any]) -> None:
    data = written(kind, [*TIMES, None], **how)
    assert (look(data, Depth.STRUCTURE).events, look(data).events) == (None, SPAN)


def test_text_without_statistics_tells_at_full_depth() -> None:
    texts = [time.strftime("%Y-%m-%dT%H:%M:%S.678Z") for time in TIMES]
    assert look(written(pa.string(), texts, write_statistics=False)).events == SPAN


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (pa.timestamp("us"), [time.replace(tzinfo=None) for time in TIMES]),
        (pa.int64(), [int(time.timestamp()) for time in TIMES]),
        (pa.string(), ["yesterday", "today"]),
        (pa.string(), ["2026-11-01T00:00:00+02:00"]),
        (pa.timestamp("us", "UTC"), [None, None]),
        (pa.timestamp("us", "UTC"), [10**18, 1]),
        (pa.struct([("timestamp", pa.timestamp("us", "UTC"))]), [{"timestamp": TIMES[0]}]),
        (pa.list_(pa.timestamp("us", "UTC")), [[TIMES[0]]]),
    ],
    ids=["no zone", "numbers", "no moments", "another zone", "nulls", "a year far beyond", "nested", "a list"],
)
@pytest.mark.parametrize("statistics", [True, False])
def test_what_names_no_moment_is_no_event_time(kind: pa.DataType, values: list[Any], statistics: bool) -> None:
    assert look(written(kind, values, write_statistics=statistics)).events is None
