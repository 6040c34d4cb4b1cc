"""One segment to bytes and back, whole or not at all; not where the bytes are kept, nor what the records mean.

A segment is gzip over lines of JSON: a header, one record a line, a footer with the number of records and the SHA-256
of all lines before it. The gzip header holds the SHA-256 of all that follows it, since a few bits of compressed data
can change without a trace in what is unpacked.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from isal import isal_zlib

from catalog.segments.names import SegmentKind, segment_path
from catalog.segments.texts import each_text, given_back, kept, may_be_kept
from verifier.errors import CatalogError

SCHEMA = "landproof/segment/1"
MOST_BYTES = 1 << 30
"""How long all lines of a segment may be together."""

Record = Mapping[str, Any]

_FAMILY = "landproof/segment/"
_LEVEL = 2
_CHUNK = 1 << 18
_END = "end"
# Magic, deflate, an extra field, no time, no level, no system; then the field: 36 bytes, "LP", of which 32.
_HEAD = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff" + struct.pack("<H2sH", 36, b"LP", 32)
_BODY = len(_HEAD) + 32
_FIELDS = {"schema", "kind", "id", "zone", "part", "tool_version", "written_at"}
_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """What a segment says of itself; `written_at` is aware, `part` counts the segments of one id from 0."""

    kind: SegmentKind
    id: str
    zone: str
    tool_version: str
    written_at: datetime
    part: int = 0

    @property
    def path(self) -> str:
        """Where it stands on a shelf. Raises ValueError as `segment_path` does."""
        return segment_path(self.kind, self.id, self.zone, self.written_at, self.part)


@dataclass(frozen=True, slots=True)
class Segment:
    """A whole segment: its header, its records, in order, and the SHA-256 of the file, which packing may change."""

    header: SegmentHeader
    records: tuple[dict[str, Any], ...]
    sha256: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Damage:
    """Why bytes are not a segment that can be relied on."""

    message: str
    expected: str | int | None = None
    actual: str | int | None = None


def encode_segment(header: SegmentHeader, records: Iterable[Record]) -> bytes:
    """Return the bytes of a segment; the same header and records give the same bytes, at least from one machine.

    Records are plain JSON values with finite numbers, and have a `type`. Raises ValueError for one without or with the
    footer's, and for a header that makes no name; `CatalogError` for more than `MOST_BYTES`.
    """
    packer = _Packer(header.path)
    packer.line(_header_line(header))
    count = 0
    for record in records:
        if not isinstance(record.get("type"), str) or record["type"] == _END:
            raise ValueError(f"expected a record with a type of its own, got record {count} without")
        packer.line(_line(dict(record)))
        count += 1
    return packer.end(count)


def decode_segment(data: bytes) -> Segment | Damage:
    """Return the segment that these bytes are, or what is wrong with them: never a part of it."""
    try:
        return _segment(_unpacked(data), hashlib.sha256(data).hexdigest())
    except _DamageError as error:
        return error.damage


class _DamageError(Exception):
    def __init__(self, message: str, expected: str | int | None = None, actual: str | int | None = None) -> None:
        super().__init__(message)
        self.damage = Damage(message, expected, actual)


class _Packer:
    """Lines on their way into one gzip member."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._deflate = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, -zlib.MAX_WBITS)
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._packed = bytearray()
        self._crc = self._size = 0

    def line(self, line: bytes) -> None:
        """Take one line, without its end."""
        self._waiting += line
        self._waiting += b"\n"
        if len(self._waiting) >= _CHUNK:
            self._flush()

    def end(self, count: int) -> bytes:
        """Add the footer and return all bytes of the file."""
        self._flush()
        self.line(_footer_line(count, self._digest.hexdigest()))
        self._flush()
        self._packed += self._deflate.flush()
        self._packed += struct.pack("<LL", self._crc, self._size)
        return b"".join((_HEAD, hashlib.sha256(self._packed).digest(), self._packed))

    def _flush(self) -> None:
        self._digest.update(self._waiting)
        self._crc = zlib.crc32(self._waiting, self._crc)
        self._size += len(self._waiting)
        if self._size > MOST_BYTES:
            hint = "cut it into parts"
            raise CatalogError(f"{self._path}: expected at most {MOST_BYTES} bytes in one segment, got more", hint=hint)
        self._packed += self._deflate.compress(self._waiting)
        self._waiting.clear()


def _line(value: dict[str, Any]) -> bytes:
    try:
        line = _ENCODER.encode(value)
    except UnicodeEncodeError:
        return _ENCODER.encode(each_text(value, kept))
    return _ENCODER.encode(each_text(value, kept)) if may_be_kept(line) else line


def _header_line(header: SegmentHeader) -> bytes:
    return _line(
        {
            "schema": SCHEMA,
            "kind": header.kind.value,
            "id": header.id,
            "zone": header.zone,
            "part": header.part,
            "tool_version": header.tool_version,
            "written_at": header.written_at.astimezone(UTC).isoformat(),
        }
    )


def _footer_line(count: int, digest: str) -> bytes:
    return _ENCODER.encode({"records": count, "sha256": digest, "type": _END})


def _unpacked(data: bytes) -> bytes:
    """Return all lines of a file of which every byte is right."""
    if not data.startswith(_HEAD):
        if _HEAD.startswith(data):
            raise _DamageError("the file is cut short", actual=len(data))
        raise _DamageError("not a segment: it does not begin as one")
    gunzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        lines = gunzip.decompress(data, MOST_BYTES + 1)
    except zlib.error:
        raise _DamageError("the file is damaged: it cannot be unpacked") from None
    if len(lines) > MOST_BYTES:
        raise _DamageError("not a segment: more in it than a segment holds", expected=MOST_BYTES)
    if not gunzip.eof:
        raise _DamageError("the file is cut short", actual=len(data))
    if gunzip.unused_data:
        end = len(data) - len(gunzip.unused_data)
        raise _DamageError("more bytes follow the end of the segment", expected=end, actual=len(data))
    expected, actual = data[len(_HEAD) : _BODY].hex(), hashlib.sha256(memoryview(data)[_BODY:]).hexdigest()
    if expected != actual:
        raise _DamageError("the file is damaged: its compressed bytes have another SHA-256", expected, actual)
    return lines


def _segment(text: bytes, sha256: str) -> Segment:
    *lines, rest = text.split(b"\n")
    if rest or len(lines) < 2:
        raise _DamageError("not a whole segment: it does not end with a footer")
    first, *middle, last = lines
    _check_footer(last, len(middle), hashlib.sha256(memoryview(text)[: len(text) - len(last) - 1]).hexdigest())
    header = _header(first)
    records = tuple(_record(line, number) for number, line in enumerate(middle, start=2))
    return Segment(header, records, sha256)


def _check_footer(line: bytes, count: int, digest: str) -> None:
    footer = _object(line)
    if footer is None or footer.get("type") != _END or set(footer) != {"type", "records", "sha256"}:
        raise _DamageError("not a whole segment: it does not end with a footer")
    if footer["records"] != count:
        raise _DamageError("the footer tells of another number of records", _number(footer["records"]), count)
    if footer["sha256"] != digest:
        raise _DamageError("the lines have another SHA-256 than the footer says", str(footer["sha256"]), digest)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _header(line: bytes) -> SegmentHeader:
    found = _object(line) or {}
    schema = found.get("schema")
    if schema != SCHEMA:
        is_ours = isinstance(schema, str) and schema.startswith(_FAMILY)
        message = "the segment is of another version" if is_ours else "not a segment: the first line is no header"
        raise _DamageError(message, SCHEMA, str(schema) if is_ours else None)
    del found["schema"]
    try:
        found["kind"], found["written_at"] = SegmentKind(found["kind"]), datetime.fromisoformat(found["written_at"])
        header = msgspec.convert(found, SegmentHeader)
        is_right = {*found, "schema"} == _FIELDS and bool(header.path)
    except (KeyError, TypeError, ValueError):
        is_right = False
    if not is_right:
        raise _DamageError(f"the header is not one of {SCHEMA}")
    return header


def _record(line: bytes, number: int) -> dict[str, Any]:
    record = _object(line)
    if record is None or not isinstance(record.get("type"), str) or record["type"] == _END:
        raise _DamageError("a line is not a record", actual=number)
    return record


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = _DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = each_text(value, given_back) if may_be_kept(line) else value
    return found
