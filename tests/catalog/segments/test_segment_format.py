"""One segment to bytes and back: everything comes back, and whatever is not right to the last bit is noticed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.segments import format as segment_format
from catalog.segments.format import Damage, Segment, SegmentHeader, decode_segment, encode_segment
from catalog.segments.names import SegmentKind
from verifier.errors import CatalogError

HEADER = SegmentHeader(
    kind=SegmentKind.SCAN,
    id="scan-1",
    zone="prod",
    tool_version="1.2.3",
    written_at=datetime(2026, 11, 1, 1, 2, 3, 123456, UTC),
)
RECORDS = ({"type": "scan-start", "zone": "prod"}, {"type": "snapshot", "rows": 7, "bytes": None}, {"type": "scan-end"})
TEXTS = st.text(st.characters(exclude_categories=()) | st.sampled_from("\ud800\udc80\U0010d800\U0010dfff\U0010e000"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def typed(fields: dict) -> dict:
    return {**fields, "type": "snapshot"}


def lines_of(data: bytes) -> list[bytes]:
    return gzip.decompress(data).splitlines(keepends=True)


def sealed(text: bytes) -> bytes:
    """Pack any text as a segment is packed, so that only what is in it can be wrong."""
    gzipped = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = gzipped.compress(text) + gzipped.flush()
    body += zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return encode_segment(HEADER, [])[:16] + hashlib.sha256(body).digest() + body


def ended(lines: list[bytes], **footer: object) -> bytes:
    """Add a footer that is right, but for what is given."""
    text = b"".join(lines)
    right = {"records": len(lines) - 1, "sha256": hashlib.sha256(text).hexdigest(), "type": "end", **footer}
    return sealed(text + json.dumps(right).encode() + b"\n")


@given(st.lists(st.dictionaries(TEXTS, VALUES, max_size=4).map(typed), max_size=4), TEXTS, TEXTS)
def test_any_records_and_any_zone_come_back_as_they_were(records, zone, version):
    header = replace(HEADER, zone=zone, tool_version=version)
    data = encode_segment(header, records)
    assert decode_segment(data) == Segment(header, tuple(records))
    assert encode_segment(header, [dict(reversed(record.items())) for record in records]) == data


def test_many_records_come_back_and_take_little_room():
    records = [{"type": "file", "path": f"dataset/part-{n:06}.parquet", "size": n} for n in range(20_000)]
    data = encode_segment(HEADER, iter(records))
    assert decode_segment(data) == Segment(HEADER, tuple(records))
    assert len(data) < 200_000


def test_the_bytes_are_the_same_in_another_process_at_another_time():
    code = (
        "import sys\nfrom datetime import *\n"
        "from catalog.segments.format import *\nfrom catalog.segments.names import *\n"
        "at = datetime(2026, 11, 1, 1, 2, 3, 123456, UTC)\n"
        "head = SegmentHeader(kind=SegmentKind.SCAN, id='scan-1', zone='prod', tool_version='1.2.3', written_at=at)\n"
        f"sys.stdout.buffer.write(encode_segment(head, {RECORDS!r}))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment, check=True)
    assert done.stdout == encode_segment(HEADER, RECORDS)


def test_a_moment_of_another_time_zone_is_the_same_segment():
    elsewhere = replace(HEADER, written_at=HEADER.written_at.astimezone(timezone(timedelta(hours=5))))
    assert encode_segment(elsewhere, RECORDS) == encode_segment(HEADER, RECORDS)


def test_any_tool_for_gzip_and_json_reads_a_segment():
    first, *middle, last = [json.loads(line) for line in lines_of(encode_segment(HEADER, RECORDS))]
    assert first == {
        "schema": "landproof/segment/1",
        "kind": "scan",
        "id": "scan-1",
        "zone": "prod",
        "part": 0,
        "tool_version": "1.2.3",
        "written_at": "2026-11-01T01:02:03.123456+00:00",
    }
    assert tuple(middle) == RECORDS
    assert (last["type"], last["records"]) == ("end", 3)


def test_every_truncation_is_noticed():
    data = encode_segment(HEADER, RECORDS)
    found = [decode_segment(data[:size]) for size in range(len(data))]
    assert {damage.message for damage in found} == {"the file is cut short"}


def test_every_flipped_bit_is_noticed():
    data = encode_segment(HEADER, RECORDS)
    assert isinstance(decode_segment(data), Segment)
    for at in range(len(data)):
        for bit in range(8):
            flipped = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
            assert isinstance(decode_segment(flipped), Damage), f"bit {bit} of byte {at}"


@pytest.mark.parametrize("more", [b"\0", b"\x1f\x8b", encode_segment(HEADER, RECORDS)])
def test_what_follows_a_segment_is_noticed(more):
    data = encode_segment(HEADER, RECORDS)
    found = decode_segment(data + more)
    assert found == Damage("more bytes follow the end of the segment", len(data), len(data) + len(more))


@pytest.mark.parametrize("data", [gzip.compress(b"{}\n", mtime=0), b"PK\x03\x04", b"{}\n", b"\0" * 100])
def test_other_files_are_not_segments(data):
    assert decode_segment(data) == Damage("not a segment: it does not begin as one")


def test_a_line_too_many_or_too_few_is_noticed_by_its_number():
    lines = lines_of(encode_segment(HEADER, RECORDS))
    assert isinstance(decode_segment(ended(lines[:-1])), Segment)
    message = "the footer tells of another number of records"
    assert decode_segment(ended(lines[:-1], records=4)) == Damage(message, 4, 3)
    assert decode_segment(ended(lines[:-2], records=3)) == Damage(message, 3, 2)


def test_a_changed_line_is_noticed_by_the_digest_of_the_lines():
    lines = lines_of(encode_segment(HEADER, RECORDS))
    found = decode_segment(sealed(b"".join(lines).replace(b'"rows":7', b'"rows":8')))
    assert isinstance(found, Damage)
    assert found.message == "the lines have another SHA-256 than the footer says"
    assert found.expected == json.loads(lines[-1])["sha256"]
    assert found.actual != found.expected


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [],
        lambda lines: lines[:1],
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-1], lines[-1].rstrip()],
        lambda lines: [*lines, b"\n"],
        lambda lines: [*lines, lines[1]],
        lambda lines: [*lines[:-1], lines[-1].replace(b"end", b"and")],
        lambda lines: [*lines[:-1], b"[1]\n"],
    ],
)
def test_a_text_without_its_footer_at_the_end_is_no_segment(change):
    lines = lines_of(encode_segment(HEADER, RECORDS))
    found = decode_segment(sealed(b"".join(change(lines))))
    assert found == Damage("not a whole segment: it does not end with a footer")


@pytest.mark.parametrize(
    "line", [b"7\n", b"{}\n", b'{"type":7}\n', b'{"type":"end"}\n', b'{"type":"x"\n', b"[" * 9999 + b"\n"]
)
def test_a_line_that_is_no_record_is_named_by_its_number(line):
    lines = lines_of(encode_segment(HEADER, RECORDS))[:-1]
    assert decode_segment(ended([*lines, line])) == Damage("a line is not a record", actual=5)


def test_a_segment_of_a_newer_version_says_so():
    lines = lines_of(encode_segment(HEADER, RECORDS))[:-1]
    newer = [lines[0].replace(b"segment/1", b"segment/2"), *lines[1:]]
    found = decode_segment(ended(newer))
    assert found == Damage("the segment is of another version", "landproof/segment/1", "landproof/segment/2")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "sacn"},
        {"kind": None},
        {"written_at": "yesterday"},
        {"written_at": "2026-11-01T01:02:03"},
        {"written_at": 7},
        {"part": "0"},
        {"part": -1},
        {"zone": None},
        {"id": ""},
        {"more": 1},
    ],
)
def test_a_header_that_is_not_quite_one_is_noticed(change):
    first, *lines = lines_of(encode_segment(HEADER, RECORDS))[:-1]
    changed = json.dumps({**json.loads(first), **change}).encode() + b"\n"
    assert decode_segment(ended([changed, *lines])) == Damage("the header is not one of landproof/segment/1")


@pytest.mark.parametrize("line", [b"{}\n", b"7\n", b'{"schema":"other/1"}\n'])
def test_a_first_line_that_is_no_header_is_noticed(line):
    assert decode_segment(ended([line])) == Damage(
        "not a segment: the first line is no header", expected="landproof/segment/1"
    )


@pytest.mark.parametrize("record", [{}, {"type": 7}, {"type": "end"}])
def test_a_record_that_could_not_be_read_back_is_refused(record):
    with pytest.raises(ValueError, match="record 1"):
        encode_segment(HEADER, [RECORDS[0], record])


def test_more_than_a_segment_holds_is_neither_written_nor_unpacked(monkeypatch):
    data = encode_segment(HEADER, RECORDS)
    monkeypatch.setattr(segment_format, "MOST_BYTES", 200)
    assert decode_segment(data) == Damage("not a segment: more in it than a segment holds", expected=200)
    with pytest.raises(CatalogError, match="at most 200 bytes"):
        encode_segment(HEADER, RECORDS)
