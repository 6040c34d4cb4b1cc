"""Verifies one Parquet file: head, tail and footer, then every page and every row; not the names of files or folders.

Checked at full depth: SHA-256 of every byte; bounds, sums and CRC-32 of every page; every value decoded and validated,
text for UTF-8. What no checksum covers is counted in `unchecked_bytes`: the magic bytes, the page headers and all that
follows the pages, which carry no checksum in Parquet, and pages without a CRC, unless they are gzip, whose own CRC-32
and length pyarrow's decoder checks. There, a flipped bit may go unnoticed by all but the SHA-256 of before.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from verifier.formats.base import Limits, Source
from verifier.formats.parquet_bounds import HEAD, judge_footer
from verifier.formats.parquet_bytes import Scanner, stored
from verifier.formats.parquet_decode import FOREIGN_ERRORS, code_of
from verifier.formats.parquet_events import read_event_span
from verifier.formats.parquet_findings import Findings
from verifier.formats.parquet_footer import Footer, parse_footer
from verifier.formats.parquet_pages import Read
from verifier.formats.parquet_rows import Rows, verify_rows
from verifier.formats.parquet_schema import columns, event_span
from verifier.formats.parquet_thrift import ThriftError
from verifier.model import Content, Depth

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TAIL = 64 << 10
_ENDING = 8
_THRIFT_LIMIT = (1 << 31) - 1


def verify_parquet(source: Source, depth: Depth, limits: Limits) -> Content:
    """Judge a Parquet file at depth structure (head, tail and footer only) or full (every byte).

    `rows` are the footer's at structure, the decoded ones at full, None where they could not be counted or believed.
    Raises SourceError where the source fails, and nothing else.
    """
    findings = Findings()
    if not depth.covers(Depth.FULL):
        counted = _Counted(source)
        footer, metadata = _judge_structure(counted.read, source, limits, findings)
        rows = footer.rows if footer and metadata else None
        events = event_span(footer) if footer else None
        return _content(footer, findings, Content(rows=rows, events=events, bytes_read=counted.bytes))
    with stored(source) as file, Scanner(file) as scanner:
        footer, metadata = _judge_structure(file.read_range, source, limits, findings)
        rows_seen = Rows()
        if footer and not findings.has("bomb", "encrypted"):
            rows_seen = verify_rows(scanner, footer, metadata, limits, findings)
        events = event_span(footer) if footer else None
        if footer and metadata and events is None and rows_seen.count:
            events = read_event_span(file, metadata, footer)
        facts, sha256 = rows_seen.facts(), scanner.sha256()
        seen = Content(rows=rows_seen.count, sha256=sha256, events=events, facts=facts, bytes_read=source.size)
    return _content(footer, findings, seen)


class _Counted:
    """Reads ranges of a source and counts their bytes."""

    def __init__(self, source: Source) -> None:
        self.bytes = 0
        self._source = source

    def read(self, start: int, end: int) -> bytes:
        self.bytes += end - start
        return self._source.read_range(start, end)


def _content(footer: Footer | None, findings: Findings, seen: Content) -> Content:
    """Add the findings, and what the footer alone tells, to what was seen."""
    return Content(
        findings=findings.all(),
        rows=seen.rows,
        sha256=seen.sha256,
        columns=columns(footer) if footer else None,
        events=seen.events,
        facts={**({"row_groups": len(footer.groups)} if footer else {}), **seen.facts},
        bytes_read=seen.bytes_read,
    )


def _judge_structure(
    read: Read, source: Source, limits: Limits, findings: Findings
) -> tuple[Footer | None, pq.FileMetaData | None]:
    """Judge head, tail and footer; return our own reading of the footer and pyarrow's, where there are any."""
    size = source.size
    tail_start = 0 if size <= _TAIL else size - _TAIL
    tail = read(tail_start, size)
    head = tail[:HEAD] if not tail_start else read(0, HEAD)
    length = _footer_length(head, tail, size, findings)
    if length is None:
        return None, None
    if length > limits.footer_bytes:
        message = "the footer is larger than the limit"
        findings.add("bomb", message, expected=limits.footer_bytes, actual=length)
        return None, None
    start = size - _ENDING - length
    missing = read(start, tail_start) if start < tail_start else b""
    raw = missing + tail[max(0, start - tail_start) : -_ENDING]
    try:
        footer = parse_footer(raw, start)
    except ThriftError as error:
        findings.add("bad-footer", f"the footer cannot be read: {error}", where={"offset": start})
        return None, None
    judge_footer(footer, source.path, limits, findings)
    if findings.has("bomb", "encrypted"):
        return footer, None
    return footer, _metadata(footer, raw, findings)


def _footer_length(head: bytes, tail: bytes, size: int, findings: Findings) -> int | None:
    """Judge the magic bytes at both ends and return the length of the footer between them, if there can be one."""
    if head == _ENCRYPTED or (head == _MAGIC and tail[-HEAD:] == _ENCRYPTED):
        findings.add("encrypted", "the file is encrypted by Parquet's own means")
    elif head != _MAGIC and (size >= HEAD or not head or not _MAGIC.startswith(head)):
        findings.add("not-parquet", "the file does not begin as Parquet does", where={"offset": 0}, expected="PAR1")
    elif size < HEAD + _ENDING or tail[-HEAD:] != _MAGIC:
        findings.add("truncated", "the file does not end as Parquet does", where={"offset": size}, expected="PAR1")
    else:
        length = int.from_bytes(tail[-_ENDING:-HEAD], "little")
        if length <= size - HEAD - _ENDING:
            return length
        message = "the file is shorter than its footer says"
        findings.add("truncated", message, expected=f"at least {length + HEAD + _ENDING} bytes", actual=f"{size} bytes")
    return None


def _metadata(footer: Footer, raw: bytes, findings: Findings) -> pq.FileMetaData | None:
    """Let pyarrow read the same footer; what it refuses or reads differently is not to be decoded."""
    file = pa.BufferReader(b"".join((_MAGIC, raw, len(raw).to_bytes(4, "little"), _MAGIC)))
    limits = {"thrift_string_size_limit": _THRIFT_LIMIT, "thrift_container_size_limit": _THRIFT_LIMIT}
    try:
        metadata = pq.ParquetFile(file, **limits).metadata
    except FOREIGN_ERRORS as error:
        code = "unsupported" if code_of(error) == "unsupported" else "bad-footer"
        findings.add(code, "pyarrow cannot read the footer", where={"offset": footer.start})
        return None
    theirs = (metadata.num_rows, metadata.num_row_groups, metadata.num_columns)
    if theirs != (footer.rows, len(footer.groups), len(footer.leaves)):
        findings.add("bad-footer", "the footer can be read in two ways", where={"offset": footer.start})
        return None
    return metadata
