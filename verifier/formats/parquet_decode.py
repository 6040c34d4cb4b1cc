"""Decodes row groups with pyarrow and tells which column and page fails; bounds and checksums come before.

Nothing of what pyarrow says is passed on: its messages may quote values.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from verifier.errors import SourceError
from verifier.formats.base import MIB
from verifier.formats.parquet_bounds import where
from verifier.formats.parquet_bytes import Stored
from verifier.formats.parquet_entries import decompress
from verifier.formats.parquet_footer import Chunk, Footer
from verifier.formats.parquet_pages import PageError, Walk, read_pages
from verifier.formats.parquet_plan import Plan, plan_plainly
from verifier.model import Where

FOREIGN_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, MemoryError)
"""What pyarrow raises for bytes it cannot make sense of."""

_PREBUFFERED = 16 * MIB
_BUFFERS = 8 * MIB
_BUFFER_LEAST, _BUFFER_MOST = 4 << 10, 64 << 10
_SENTENCES = {
    "unsupported": "our reader cannot decode this",
    "bomb": "decoding needs more memory than there is",
    "invalid-utf8": "text is not valid UTF-8",
    "corrupt-page": "decoding fails",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where; becomes a finding of the family parquet."""

    code: str
    message: str
    where: Where


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came of one row group: its rows, or None where they could not be counted, and what was wrong."""

    rows: int | None
    problems: tuple[Problem, ...] = ()


def code_of(error: Exception) -> str:
    """Say which finding an error of pyarrow's stands for."""
    text = str(error).lower()
    if isinstance(error, NotImplementedError) or text.startswith("not yet implemented"):
        return "unsupported"
    if isinstance(error, MemoryError):
        return "bomb"
    return "invalid-utf8" if "utf8" in text or "utf-8" in text else "corrupt-page"


class Decoder:
    """Decodes one row group at a time; keeps the reader between row groups that are read alike."""

    def __init__(self, file: Stored, metadata: pq.FileMetaData, footer: Footer) -> None:
        self._file = file
        self._metadata = metadata
        self._footer = footer
        self._alike: tuple[frozenset[int], bool] | None = None
        self._reader: pq.ParquetFile | None = None
        self._face = _Face(file)

    def decode(self, plan: Plan) -> Decoded:
        """Decode the planned chunks with full validation. Raises SourceError where the store fails."""
        try:
            return Decoded(self._rows(plan))
        except FOREIGN_ERRORS as error:
            self._face.reraise()
            code = code_of(error)
        if plan.dictionaries:
            # What fails only when read as dictionaries is our own choice's fault and says nothing about the file.
            try:
                return Decoded(self._rows(plan_plainly(plan, None, self._file.read_range)))
            except FOREIGN_ERRORS as error:
                self._face.reraise()
                code = code_of(error)
        return Decoded(None, tuple(self._locate(plan, code)))

    def _locate(self, plan: Plan, code: str) -> Iterator[Problem]:
        """Read every chunk alone, and where all of them can be read, name the row group only."""
        found = False
        for walk in plan.walks:
            try:
                self._rows(plan_plainly(plan, walk, self._file.read_range))
            except FOREIGN_ERRORS as error:
                self._face.reraise()
                found = True
                yield from self._problems(walk, code_of(error))
        if not found:
            message = f"{_SENTENCES[code]} when the columns are put together"
            yield Problem(code, message, {"row_group": plan.number})

    def _problems(self, walk: Walk, code: str) -> Sequence[Problem]:
        chunk = walk.chunk
        if code == "unsupported" and walk.unlisted_encoding:
            # No writer used an encoding that its footer does not list: the page's header is damaged.
            code = "corrupt-page"
        at = where(chunk, self._footer)
        pages = list(self._bad_pages(chunk)) if code == "corrupt-page" else []
        return [
            Problem(code, f"a page: {_SENTENCES[code]}", {**at, "page": number, "offset": offset})
            for number, offset in pages
        ] or [Problem(code, _SENTENCES[code], at)]

    def _bad_pages(self, chunk: Chunk) -> Iterator[tuple[int, int]]:
        """Yield the pages that cannot be decompressed, or the only data page there is."""
        data_pages: list[tuple[int, int]] = []
        bad = False
        try:
            for page in read_pages(self._file.read_range, chunk):
                data_pages += [(page.number, page.offset)] if page.is_data and len(data_pages) < 2 else []
                try:
                    decompress(page, chunk.codec, self._file.read_range)
                except FOREIGN_ERRORS:
                    bad = True
                    yield page.number, page.offset
        except PageError:
            return
        if not bad and len(data_pages) == 1:
            yield data_pages[0]

    def _rows(self, plan: Plan) -> int:
        is_small = plan.size <= _PREBUFFERED
        reader = self._open(plan.dictionaries, prebuffered=is_small)
        # Columns go by number, which only the inner reader takes: names with dots in them are ambiguous. Threads keep
        # memory of their own, which a large row group needs for itself.
        batches = reader.reader.iter_batches(
            plan.batch_rows, row_groups=[plan.number], column_indices=list(plan.leaves), use_threads=is_small
        )
        rows = 0
        for batch in batches:
            batch.validate(full=True)
            rows += batch.num_rows
            del batch  # two batches at once would be twice the memory
        if not is_small:
            # Memory given back costs as much again to take; what small row groups leave, the next ones use.
            pa.default_memory_pool().release_unused()
        return rows

    def _open(self, dictionaries: frozenset[int], *, prebuffered: bool) -> pq.ParquetFile:
        if self._reader is None or self._alike != (dictionaries, prebuffered):
            buffer = max(_BUFFER_LEAST, min(_BUFFER_MOST, _BUFFERS // max(1, len(self._footer.leaves))))
            self._reader = pq.ParquetFile(
                self._face,
                metadata=self._metadata,
                read_dictionary=sorted(dictionaries),
                pre_buffer=prebuffered,
                buffer_size=0 if prebuffered else buffer,
            )
            self._alike = (dictionaries, prebuffered)
        return self._reader


class _Face(io.RawIOBase):
    """A stored file as pyarrow wants to see one; keeps the store's error, which pyarrow may turn into another."""

    def __init__(self, file: Stored) -> None:
        self._file = file
        self._position = 0
        self._error: SourceError | None = None

    def reraise(self) -> None:
        if self._error:
            raise self._error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        start = min(self._position, self._file.size)
        end = self._file.size if size < 0 else min(self._file.size, start + size)
        try:
            data = self._file.read_range(start, end)
        except SourceError as error:
            self._error = error
            raise
        self._position = end
        return data
