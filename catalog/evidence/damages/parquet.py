"""Ways to damage a Parquet file of a copy: its ends, its footer, its pages; looks at nothing and judges nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.evidence.damages.values import Change, Damage, NotApplicableError, Specimen
from catalog.evidence.parquet_footers import Struct, column_metadata, row_groups, with_footer

_VALUES, _CHUNK_BYTES, _DATA_AT, _DICTIONARY_AT = 5, 7, 9, 11
_PATH, _CODEC, _GZIP = 3, 4, 2
"""Fields of ColumnMetaData, and codecs, as parquet.thrift numbers them."""
_ROWS, _GROUP_ROWS = 3, 3
"""Fields of FileMetaData and RowGroup."""

_MAGIC = b"PAR1"
FLIPPED_CODES = ("parquet.corrupt-page",)
_LEAST_BYTES = 16
_MOST_FLIPS = 24
"""So many column chunks, spread over the file, each get a flipped bit."""

Bytes = Callable[[bytes, Specimen], bytes]


def _to_data(change: Bytes) -> Callable[[Specimen], Change]:
    def made(whole: Specimen) -> Change:
        return Change(path=whole.data, write={whole.data: change(whole.read(whole.data), whole)})

    return made


def _in_footer(change: Callable[[Struct], None]) -> Callable[[Specimen], Change]:
    return _to_data(lambda data, _: with_footer(data, change))


def _footer_bytes(data: bytes) -> int:
    return int.from_bytes(data[-8:-4], "little")


def _noise(data: bytes, _: Specimen) -> bytes:
    length = _footer_bytes(data)
    return data[: -8 - length] + b"\xff" * length + data[-8:]


def _stops(data: bytes, _: Specimen) -> bytes:
    length = _footer_bytes(data)
    return data[: -8 - length // 2] + (length - length // 2).to_bytes(4, "little") + _MAGIC


def _promises_more(data: bytes, _: Specimen) -> bytes:
    return data[:-8] + min(len(data) + 1000, 2**31 - 1).to_bytes(4, "little") + _MAGIC


def _one_row_more(footer: Struct) -> None:
    footer[_ROWS][1] += 1
    last = row_groups(footer)[-1]
    last[_GROUP_ROWS][1] += 1
    for chunk in last[1][1][1]:
        chunk[3][1][_VALUES][1] += 1


def _beyond_the_end(footer: Struct) -> None:
    chunk = column_metadata(footer)[0]
    for field in (_DATA_AT, _DICTIONARY_AT):
        if field in chunk:
            chunk[field][1] += 1 << 40


def _too_long(footer: Struct) -> None:
    column_metadata(footer)[-1][_CHUNK_BYTES][1] += 1 << 40


def _overlapping(footer: Struct) -> None:
    first, *_, last = column_metadata(footer)
    for field in (_DATA_AT, _DICTIONARY_AT):
        if field in last:
            last[field][1] = first.get(field, first[_DATA_AT])[1]
    if first is last:
        raise NotApplicableError("there is a single column chunk")


def _bomb(footer: Struct) -> None:
    groups = row_groups(footer)
    footer[_ROWS][1] = 600_000_000_000_000
    for group in groups:
        group[_GROUP_ROWS][1] = footer[_ROWS][1] // len(groups)
        for chunk in group[1][1][1]:
            chunk[3][1][_VALUES][1] = group[_GROUP_ROWS][1]


def _bad_text(data: bytes, _: Specimen) -> bytes:
    """Write the table anew with a text column of bytes that are no text, as a writer without checks would."""
    table = pq.read_table(io.BytesIO(data))
    values = pa.array([b"\xff\xfe"] * table.num_rows, pa.binary())
    text = pa.StringArray.from_buffers(len(values), values.buffers()[1], values.buffers()[2])
    out = io.BytesIO()
    pq.write_table(table.append_column("landproof_selftest", text), out, compression="gzip")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A column chunk that holds more than a few bytes: its row group and column, where it lies, and its codec."""

    group: int
    column: str
    start: int
    length: int
    codec: int


def flips(whole: Specimen) -> tuple[Damage, ...]:
    """Return a damage for each column chunk, or for some that are spread over the file: a bit flipped in a page."""
    chunks = _chunks(whole.read(whole.data))
    count = min(len(chunks), _MOST_FLIPS)
    return tuple(_flip(chunks[(number * len(chunks)) // count]) for number in range(count))


def _flip(chunk: _Chunk) -> Damage:
    """Return what flips a bit near the end of a column chunk, which is inside of its last page."""

    def made(whole: Specimen) -> Change:
        checked = whole.facts.get("pages_with_checksum", 0)
        if checked < whole.facts.get("pages", 1) and chunk.codec != _GZIP:
            raise NotApplicableError(
                "pages carry no checksum and are not gzip: a flipped bit shows only once a SHA-256 is recorded"
            )
        data = bytearray(whole.read(whole.data))
        data[chunk.start + chunk.length - 2] ^= 4
        return Change(path=whole.data, write={whole.data: bytes(data)})

    name = f"one bit flipped in a page of column {chunk.column}, row group {chunk.group}"
    return Damage(name=name, expected=FLIPPED_CODES, change=made)


def _chunks(data: bytes) -> list[_Chunk]:
    found: list[_Chunk] = []

    def look(footer: Struct) -> None:
        for group, columns in enumerate(row_groups(footer)):
            for column in columns[1][1][1]:
                chunk: Struct = column[3][1]
                starts = [chunk[at][1] for at in (_DICTIONARY_AT, _DATA_AT) if at in chunk and chunk[at][1] > 0]
                if starts and chunk[_VALUES][1] and chunk[_CHUNK_BYTES][1] > _LEAST_BYTES:
                    path = b".".join(chunk[_PATH][1][1]).decode("utf-8", "backslashreplace")
                    name = path.encode("unicode_escape").decode("ascii")
                    found.append(_Chunk(group, name, min(starts), chunk[_CHUNK_BYTES][1], chunk[_CODEC][1]))

    with_footer(data, look)
    return found


PARQUET: tuple[Damage, ...] = (
    Damage(
        name="Parquet file cut in half", expected=("parquet.truncated",), change=_to_data(lambda d, _: d[: len(d) // 2])
    ),
    Damage(name="Parquet file cut by one byte", expected=("parquet.truncated",), change=_to_data(lambda d, _: d[:-1])),
    Damage(
        name="length of the footer larger than the file",
        expected=("parquet.truncated",),
        change=_to_data(_promises_more),
    ),
    Damage(
        name="magic bytes at the head overwritten",
        expected=("parquet.not-parquet",),
        change=_to_data(lambda d, _: b"XXXX" + d[4:]),
    ),
    Damage(name="footer overwritten", expected=("parquet.bad-footer",), change=_to_data(_noise)),
    Damage(name="footer stops early", expected=("parquet.bad-footer",), change=_to_data(_stops)),
    Damage(
        name="footer promises a row more",
        expected=("parquet.row-count-mismatch", "parquet.corrupt-page"),
        change=_in_footer(_one_row_more),
    ),
    Damage(
        name="column chunk beyond the end of the file",
        expected=("parquet.out-of-bounds",),
        change=_in_footer(_beyond_the_end),
    ),
    Damage(name="column chunk longer than the file", expected=("parquet.out-of-bounds",), change=_in_footer(_too_long)),
    Damage(name="two column chunks in one place", expected=("parquet.out-of-bounds",), change=_in_footer(_overlapping)),
    Damage(name="footer promises 600,000,000,000,000 rows", expected=("parquet.bomb",), change=_in_footer(_bomb)),
    Damage(name="text column that is not UTF-8", expected=("parquet.invalid-utf8",), change=_to_data(_bad_text)),
)
"""Of Parquet files, but for flipped bits, which are as many as there are column chunks."""
