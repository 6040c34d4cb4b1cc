"""Look at the first and last bytes of NDJSON, gzipped or plain, and say what they make certain; not at the rest."""

from __future__ import annotations

from collections.abc import Sequence

from verifier.findings import Effect, Level
from verifier.formats.base import Limits, Source
from verifier.formats.gzip import Inflated, Stored
from verifier.formats.json_judge import Judge
from verifier.formats.json_line import judge_line
from verifier.formats.json_split import Splitter
from verifier.model import Content, Finding, finding

_HEAD_BYTES = 64 << 10
_TAIL_BYTES = 4 << 10
_ZERO_TAIL = 16
"""A trailer may be eight zero bytes, but every deflate block has a bit that is set."""


class _Ends:
    """The first and last bytes of a file; `whole` when the first are all there are."""

    def __init__(self, source: Source) -> None:
        self.head = source.read_range(0, min(source.size, _HEAD_BYTES))
        self.tail_start = max(len(self.head), source.size - _TAIL_BYTES)
        self.whole = self.tail_start == source.size
        self.tail = b"" if self.whole else source.read_range(self.tail_start, source.size)

    def content(self, findings: Sequence[Finding]) -> Content:
        return Content(findings=tuple(findings), bytes_read=len(self.head) + len(self.tail))


def glimpse_json_gzip(source: Source, limits: Limits) -> Content:
    """Judge the first members or the first piece of one, its whole lines, and whether the file ends in zero bytes.

    Reads 68 KiB at most; raises `SourceError` only. Rows, SHA-256, columns and events stay unknown.
    """
    ends = _Ends(source)
    if not ends.head:
        return Content()
    inflated = Inflated(Stored([ends.head]), source.size, limits)
    judge = Judge(limits)
    splitter = Splitter(judge, limits.line_bytes)
    for piece in inflated:
        splitter.feed(piece)
    if ends.whole and not inflated.damaged:
        splitter.finish()
        judge.finish()
    else:
        judge.finish_early()
    certain = [found for found in inflated.findings if ends.whole or not _is_of_the_cut(found)]
    zeros = len(ends.tail) - len(ends.tail.rstrip(b"\0"))
    if zeros >= _ZERO_TAIL:
        certain.append(
            finding(
                "gzip.trailing-garbage",
                "the file ends in zero bytes",
                where={"offset": source.size - zeros},
                level=Level.WARN,
                effect=Effect.NONE,
            )
        )
    return ends.content([*certain, *judge.findings])


def glimpse_json(source: Source, limits: Limits) -> Content:
    """Judge the first whole lines and the last line, if it has no newline and starts within the last 4 KiB.

    Reads 68 KiB at most; raises `SourceError` only. Rows, SHA-256, columns and events stay unknown.
    """
    ends = _Ends(source)
    if not ends.head:
        return Content()
    judge = Judge(limits)
    splitter = Splitter(judge, limits.line_bytes)
    splitter.feed(ends.head)
    if ends.whole:
        splitter.finish()
        judge.finish()
    else:
        judge.finish_early()
    findings = [finding("json.uncompressed", "JSON without gzip"), *judge.findings]
    if judge.rows is not None:
        findings.extend(_last_line(ends, limits))
    return ends.content(findings)


def _is_of_the_cut(found: Finding) -> bool:
    """Tell whether looking at the first bytes only may be all that a finding is about."""
    return found.code == "gzip.truncated" or (found.code == "gzip.trailing-garbage" and found.level is Level.WARN)


def _last_line(ends: _Ends, limits: Limits) -> list[Finding]:
    start = ends.tail.rfind(b"\n") + 1
    line = ends.tail[start:]
    if not start or not line:
        return []
    verdict = judge_line(line, limits.json_depth).at_end()
    where = {"byte_offset": ends.tail_start + start}
    if verdict.code is None:
        return [finding("json.missing-final-newline", "the last line is whole but has no newline", where=where)]
    return [finding(verdict.code, verdict.message, expected=verdict.expected, actual=verdict.actual, where=where)]
