"""Verify newline-delimited JSON, gzipped or plain: the two validators; not the rules of gzip or of a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from verifier.findings import Level
from verifier.formats.ahead import PIECE, ahead, worth_it
from verifier.formats.base import Limits, Source
from verifier.formats.gzip import Inflated, Stored
from verifier.formats.json_glimpse import glimpse_json, glimpse_json_gzip
from verifier.formats.json_judge import Judge
from verifier.formats.json_split import Splitter
from verifier.model import Content, Depth, Finding, finding


def verify_json_gzip(source: Source, depth: Depth, limits: Limits) -> Content:
    """Judge a file of gzipped NDJSON; raises `SourceError` only.

    At full depth every member, line and byte; at structure what the first 64 KiB and the last 4 KiB make certain.
    """
    if depth is not Depth.FULL:
        return glimpse_json_gzip(source, limits)
    stored, inflated, pieces = _inflated(source, limits)
    judge = Judge(limits)
    splitter = Splitter(judge, limits.line_bytes)
    for piece in pieces:
        splitter.feed(piece)
    if inflated.damaged:
        judge.finish_early()
    else:
        splitter.finish()
        judge.finish()
    facts = {
        "members": inflated.members,
        "expanded_bytes": inflated.expanded,
        "unchecked_bytes": stored.size - inflated.checked,
    }
    return _content(stored, judge, inflated.findings, facts, countable=not inflated.damaged)


def verify_json(source: Source, depth: Depth, limits: Limits) -> Content:
    """Judge a file of NDJSON that is not compressed, and say that it is not; raises `SourceError` only.

    At full depth every line and byte; at structure what the first 64 KiB and the last 4 KiB make certain.
    """
    if depth is not Depth.FULL:
        return glimpse_json(source, limits)
    stored = Stored(source.stream())
    judge = Judge(limits)
    splitter = Splitter(judge, limits.line_bytes)
    while piece := stored.next():
        splitter.feed(piece)
    splitter.finish()
    judge.finish()
    facts = {"expanded_bytes": stored.size, "unchecked_bytes": stored.size}
    return _content(stored, judge, [finding("json.uncompressed", "JSON without gzip")], facts)


def _inflated(source: Source, limits: Limits) -> tuple[Stored, Inflated, Iterator[bytes]]:
    """Open a gzip stream; of a large file the pieces are hashed, inflated and checked ahead of who takes them."""
    if not worth_it(source.size):
        stored = Stored(source.stream())
        inflated = Inflated(stored, source.size, limits)
        return stored, inflated, iter(inflated)
    stored = Stored(source.stream(), PIECE // 8)
    inflated = Inflated(stored, source.size, limits, PIECE)
    return stored, inflated, ahead(iter(inflated))


def _content(
    stored: Stored,
    judge: Judge,
    of_stream: Sequence[Finding],
    facts: Mapping[str, int],
    *,
    countable: bool = True,
) -> Content:
    if not stored.size:
        return Content(sha256=stored.sha256)
    rows = judge.rows if countable else None
    findings = (*of_stream, *judge.findings)
    if rows == 0 and not any(found.level is Level.ERROR for found in findings):
        findings = (*findings, finding("json.no-rows", "a valid file without rows"))
    return Content(
        findings=findings,
        rows=rows,
        sha256=stored.sha256,
        columns=None if rows is None else judge.shape.columns,
        events=None if rows is None else judge.shape.events,
        facts={**facts, "lines": judge.lines},
        bytes_read=stored.size,
    )
