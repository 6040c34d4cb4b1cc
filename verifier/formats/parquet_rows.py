"""Walks and decodes all row groups of a Parquet file, one behind the other, and sums up what was there.

The pages of a row group are walked before it is decoded, so that no decoder follows what the walk refused, and a page
that fails its checksum is not reported again. While one row group of a large file decodes, the next ones are walked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import pyarrow.parquet as pq

from verifier.formats.ahead import helper
from verifier.formats.base import Limits
from verifier.formats.parquet_bounds import decodable, has_place, where
from verifier.formats.parquet_bytes import Scanner
from verifier.formats.parquet_decode import Decoder
from verifier.formats.parquet_findings import Findings
from verifier.formats.parquet_footer import Chunk, Footer, RowGroup
from verifier.formats.parquet_locate import Decoded, decode_group
from verifier.formats.parquet_pages import PageError
from verifier.formats.parquet_plan import Plan, judge_records
from verifier.formats.parquet_walk import Walk, walk_chunk

_AHEAD = 2


@dataclass(slots=True)
class Rows:
    """What was seen of pages and rows; `count` is None where a row group could not be counted."""

    count: int | None = None
    pages: int | None = None
    checksums: int = 0
    checked: int = 0
    size: int = 0
    expanded: int = 0

    def add(self, walk: Walk) -> None:
        """Count a chunk's pages."""
        self.pages = (self.pages or 0) + walk.pages
        self.checksums += walk.checksums
        self.checked += walk.checked
        self.expanded += walk.expanded

    def facts(self) -> Mapping[str, int]:
        """Return the counts worth reporting, none where no page was looked for."""
        if self.pages is None:
            return {}
        return {
            "pages": self.pages,
            "pages_with_checksum": self.checksums,
            "unchecked_bytes": self.size - self.checked,
            "expanded_bytes": self.expanded,
        }


def verify_rows(
    scanner: Scanner, footer: Footer, metadata: pq.FileMetaData | None, limits: Limits, findings: Findings
) -> Rows:
    """Check every page and decode every row group; without `metadata` the pages only. Raises SourceError."""
    job = _Job(scanner, footer, metadata, limits, findings)
    with helper(scanner.file.size, "decode") as decoding:
        try:
            job.run(decoding)
        finally:
            decoding.shutdown(cancel_futures=True)
    return job.finish()


class _Job:
    """One run over a file's row groups."""

    def __init__(
        self, scanner: Scanner, footer: Footer, metadata: pq.FileMetaData | None, limits: Limits, findings: Findings
    ) -> None:
        self._scanner = scanner
        self._footer = footer
        self._limits = limits
        self._findings = findings
        self._decoder = Decoder(scanner.file, metadata, footer) if metadata else None
        self._pending: deque[tuple[int, Future[Decoded]]] = deque()
        self._rows = Rows(count=0, pages=0, size=scanner.file.size)

    def run(self, decoding: Executor) -> None:
        """Walk the row groups in the footer's order, each handed over to be decoded when it is walked."""
        for number, group in enumerate(self._footer.groups):
            plan = self._walk(number, group)
            if plan is None and group.rows:
                self._rows.count = None
            elif plan is not None and self._decoder:
                self._pending.append(
                    (number, decoding.submit(decode_group, self._decoder, plan, self._scanner.file, self._footer))
                )
            if len(self._pending) > _AHEAD:
                self._collect()
        while self._pending:
            self._collect()

    def finish(self) -> Rows:
        """Judge what can only be judged of the whole file, and return the sums."""
        rows, findings = self._rows, self._findings
        if self._decoder is None:
            rows.count = None
        if rows.count not in (None, self._footer.rows) and not findings.has("row-count-mismatch"):
            message = "the file decodes to another number of rows than the footer says"
            findings.add("row-count-mismatch", message, expected=self._footer.rows, actual=rows.count)
        if rows.pages and rows.checksums < rows.pages:
            message = f"{rows.checksums} of {rows.pages} pages carry a checksum"
            findings.add("no-page-checksums", message, expected=rows.pages, actual=rows.checksums)
        return rows

    def _walk(self, number: int, group: RowGroup) -> Plan | None:
        """Walk a row group's pages and plan its decoding: no plan where nothing of it can or need be decoded."""
        walks = [self._walk_chunk(chunk, group) for chunk in group.chunks if self._has_pages(chunk)]
        sound = [walk for walk in walks if walk.sound and decodable(walk.chunk.codec)]
        if group.rows <= 0 or (group.chunks and not sound):
            return None
        return Plan(number, tuple(sound), group.rows)

    def _has_pages(self, chunk: Chunk) -> bool:
        return chunk.values > 0 and not chunk.elsewhere and has_place(chunk, self._footer)

    def _walk_chunk(self, chunk: Chunk, group: RowGroup) -> Walk:
        leaf = self._footer.leaves[chunk.leaf]
        walk = walk_chunk(self._scanner, chunk, leaf, self._limits, self._findings)
        self._rows.add(walk)
        at = where(chunk, self._footer)
        if walk.sound and walk.version2_rows not in (None, group.rows):
            walk.sound = False
            message = "the pages of a column chunk hold another number of rows than the footer says"
            self._findings.add("row-count-mismatch", message, where=at, expected=group.rows, actual=walk.version2_rows)
        if walk.sound:
            try:
                judge_records(walk, leaf, self._limits)
            except PageError as error:
                walk.sound = False
                self._findings.add(error.code, error.message, where=at)
        return walk

    def _collect(self) -> None:
        """Take the oldest row group's outcome into findings and sums."""
        number, future = self._pending.popleft()
        decoded = future.result()
        for problem in decoded.problems:
            self._findings.add(problem.code, problem.message, where=problem.where)
        if decoded.rows is None or self._rows.count is None:
            self._rows.count = None
        else:
            self._rows.count += decoded.rows
        promised = self._footer.groups[number].rows
        if decoded.rows not in (None, promised):
            message = "a row group decodes to another number of rows than the footer says"
            at = {"row_group": number}
            self._findings.add("row-count-mismatch", message, where=at, expected=promised, actual=decoded.rows)
