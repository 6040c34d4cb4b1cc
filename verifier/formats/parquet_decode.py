"""Decodes row groups with pyarrow and validates every value; bounds and checksums come before.

Nothing of what pyarrow says is passed on: its messages may quote values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from verifier.formats.base import MIB
from verifier.formats.parquet_bytes import Stored
from verifier.formats.parquet_entries import judge_entries
from verifier.formats.parquet_face import Face
from verifier.formats.parquet_footer import Chunk, Footer, Leaf, Physical
from verifier.formats.parquet_layout import Part
from verifier.formats.parquet_parts import parts_of
from verifier.formats.parquet_plan import Plan, is_text_or_bytes, plain_rows
from verifier.formats.parquet_shapes import Shapes
from verifier.formats.parquet_shortage import refuse_shortage

FOREIGN_ERRORS = (pa.ArrowException, OSError, ValueError, TypeError, MemoryError)
"""What pyarrow raises for bytes it cannot make sense of."""

_PREBUFFERED = 16 * MIB
_WHOLE = MIB
"""Up to this size a file is given to pyarrow as it is: asking for every range costs more."""
_SMALL = 128 << 10
_FEW = 4096
"""A row group of so many bytes before compression and of so few values is decoded before stand-ins would be made."""

_BUFFERS = 8 * MIB
_BUFFER_LEAST, _BUFFER_MOST = 4 << 10, 64 << 10


def code_of(error: Exception) -> str:
    """Say which finding an error of pyarrow's stands for. Raises MemoryError where it tells nothing of the bytes."""
    refuse_shortage(error)
    text = str(error).lower()
    if isinstance(error, NotImplementedError) or text.startswith("not yet implemented"):
        return "unsupported"
    return "invalid-utf8" if "utf8" in text or "utf-8" in text else "corrupt-page"


class Decoder:
    """Decodes one row group at a time, by stand-ins or as a plain reader does.

    The stand-ins are the fast way and may only say that all is well: where they do not, the plain reader's word counts.
    """

    def __init__(self, file: Stored, metadata: pq.FileMetaData, footer: Footer) -> None:
        self._file = file
        self._metadata = metadata
        self._footer = footer

    def is_sound(self, plan: Plan) -> bool:
        """Tell whether a row group is worth stand-ins, and they decode to what was promised. Raises SourceError."""
        if plan.expanded < _SMALL and plan.most_values < _FEW:
            return False
        read, shapes = self._file.read_range, Shapes()
        chunks = [(walk, self._footer.leaves[walk.chunk.leaf]) for walk in plan.walks]
        try:
            if not all(_is_described(walk.chunk, leaf) for walk, leaf in chunks):
                return False
            for parts in parts_of(plan, self._footer, read):
                rows = [self.part_rows(part, shapes) for part in parts]
                if sum(rows) != plan.rows or any(
                    part.rows not in (None, n) for part, n in zip(parts, rows, strict=True)
                ):
                    return False
            judge_entries([(walk, leaf) for walk, leaf in chunks if is_text_or_bytes(leaf)], read)
        except FOREIGN_ERRORS:
            return False
        return bool(chunks) and shapes.agree()

    def part_rows(self, part: Part, shapes: Shapes) -> int:
        """Decode and validate one stand-in, count its lists and return its rows.

        Raises FOREIGN_ERRORS or SourceError.
        """
        face = Face(partial(part.read, self._file.read_range), part.size)
        try:
            reader = pq.ParquetFile(face, pre_buffer=False).reader
            batches = reader.iter_batches(
                part.batch_rows, row_groups=[0], column_indices=list(part.columns), use_threads=False
            )
            repeats = any(leaf.repeats for leaf in part.leaves)
            return _validated(batches, partial(shapes.add, part.leaves) if repeats else None)
        except FOREIGN_ERRORS:
            face.reraise()
            raise

    def plain_rows(self, plan: Plan) -> int:
        """Decode and validate the planned chunks as they stand and return their rows.

        Raises FOREIGN_ERRORS or SourceError.
        """
        is_small = plan.size <= _PREBUFFERED
        buffer = max(_BUFFER_LEAST, min(_BUFFER_MOST, _BUFFERS // max(1, len(self._footer.leaves))))
        rows = plain_rows(plan, self._footer.leaves, self._file.read_range)
        face = Face(self._file.read_range, self._file.size)
        try:
            shown = pa.BufferReader(face.read()) if self._file.size <= _WHOLE else face
            file = pq.ParquetFile(
                shown, metadata=self._metadata, pre_buffer=False, buffer_size=0 if is_small else buffer
            )
            # Columns go by number, which only the inner reader takes: names with dots in them are ambiguous.
            batches = file.reader.iter_batches(
                rows, row_groups=[plan.number], column_indices=list(plan.leaves), use_threads=False
            )
            return _validated(batches)
        except FOREIGN_ERRORS:
            face.reraise()
            raise


def _is_described(chunk: Chunk, leaf: Leaf) -> bool:
    """Tell whether what the footer counts of a chunk fits its column: pyarrow looks at it, but no stand-in has it.

    It cannot be asked: its own view of a chunk that it refuses ends the process.
    """
    counted = ((chunk.sizes.get(2), leaf.repetition_levels), (chunk.sizes.get(3), leaf.definition_levels))
    if any(histogram and len(histogram) != levels + 1 for histogram, levels in counted):
        return False
    return 1 not in chunk.sizes or leaf.physical is Physical.BYTE_ARRAY


def _validated(batches: Iterable[pa.RecordBatch], then: Callable[[pa.RecordBatch], None] | None = None) -> int:
    rows = 0
    for batch in batches:
        batch.validate(full=True)
        if then:
            then(batch)
        rows += batch.num_rows
        del batch  # two batches at once would be twice the memory
    return rows
