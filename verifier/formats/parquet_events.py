"""Between which moments a Parquet file's events lie, by the values of `timestamp` where no statistics tell.

Spark's older timestamps (INT96) have no statistics, and writers may leave them out. The file was judged before.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from verifier.formats.parquet_bytes import Stored
from verifier.formats.parquet_decode import FOREIGN_ERRORS
from verifier.formats.parquet_face import Face
from verifier.formats.parquet_footer import Footer, Leaf, Physical
from verifier.formats.parquet_schema import type_name

_BATCH_ROWS = 65_536
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Span = tuple[datetime, datetime]


def read_event_span(file: Stored, metadata: pq.FileMetaData, footer: Footer) -> Span | None:
    """Return the least and greatest moment among the values of the top-level column `timestamp`; nulls do not count.

    None where there is none, or it holds no moments that we may name: without a zone (INT96, which Spark writes in UTC,
    aside) or text that is not ISO 8601 in UTC. Raises SourceError.
    """
    place = next((number for number, leaf in enumerate(footer.leaves) if leaf.path == ("timestamp",)), None)
    if place is None or not _names_moments(footer.leaves[place]):
        return None
    face = Face(file.read_range, file.size)
    spans: list[Span] = []
    try:
        reader = pq.ParquetFile(face, metadata=metadata, pre_buffer=False, coerce_int96_timestamp_unit="us").reader
        groups = list(range(len(footer.groups)))
        for batch in reader.iter_batches(_BATCH_ROWS, row_groups=groups, column_indices=[place], use_threads=False):
            column = batch.column(0)
            if column.null_count < len(column):
                least, greatest = (pc.min_max(column)[end] for end in ("min", "max"))
                spans.append((_moment(least), _moment(greatest)))
    except (*FOREIGN_ERRORS, OverflowError):
        face.reraise()
        return None
    return (min(least for least, _ in spans), max(greatest for _, greatest in spans)) if spans else None


def _names_moments(leaf: Leaf) -> bool:
    kind = type_name(leaf)
    is_zoned = kind.startswith("timestamp[") and kind.endswith(", UTC]")
    return leaf.physical is Physical.INT96 or is_zoned or kind == "string"


def _moment(value: pa.Scalar) -> datetime:
    """Turn a value into a moment; raises ValueError or OverflowError where it names none."""
    if pa.types.is_timestamp(value.type):
        unit = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[value.type.unit]
        return _EPOCH + timedelta(microseconds=value.value * 1_000_000 // unit)
    text = value.as_py()
    if not text.endswith("Z"):
        raise ValueError("no moment in UTC")
    moment: datetime = datetime.fromisoformat(text)
    return moment.astimezone(UTC)
