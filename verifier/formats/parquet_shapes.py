"""Counts the items of decoded lists, on which the columns of one repeated group must agree; judges no value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from verifier.formats.parquet_footer import Leaf

Shape = tuple[int, ...]
"""How many items a column's lists hold in all, from the outermost to the innermost."""


class Shapes:
    """The shapes of the columns of one row group, added up over its batches, and over the parts they come in."""

    def __init__(self) -> None:
        self._counts: dict[Leaf, Shape] = {}

    def add(self, leaves: Sequence[Leaf], batch: pa.RecordBatch) -> None:
        """Count a decoded batch of these columns; raises ValueError where it has others."""
        counted = [shape for column in batch.columns for shape in _shapes(column, ())]
        for leaf, shape in zip(leaves, counted, strict=True):
            before = self._counts.get(leaf, (0,) * len(shape))
            self._counts[leaf] = tuple(map(sum, zip(before, shape, strict=True)))

    def agree(self) -> bool:
        """Tell whether all columns count the same items in the groups that they have in common."""
        seen: dict[tuple[str, ...], int] = {}
        for leaf, shape in self._counts.items():
            for group, count in zip(leaf.repeated_groups, shape, strict=True):
                if seen.setdefault(group, count) != count:
                    return False
        return True


def _shapes(column: pa.Array, above: Shape) -> Iterator[Shape]:
    if isinstance(column, pa.StructArray):
        for number in range(column.type.num_fields):
            yield from _shapes(column.field(number), above)
    elif isinstance(column, pa.ListArray):  # maps are lists, too
        first, last = column.offsets[0].as_py(), column.offsets[-1].as_py()
        yield from _shapes(column.values.slice(first, last - first), (*above, last - first))
    else:
        yield above
