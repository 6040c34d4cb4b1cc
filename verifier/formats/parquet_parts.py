"""Cuts a walked row group into stand-in files that pyarrow decodes fast and within bounded memory; decodes nothing.

A stand-in holds the pages of the real file as they are, but for two things. Pages whose values are numbers of entries
of a dictionary of texts are decoded as those numbers, against a dictionary of as many integers: levels, numbers and
their bounds are judged as ever, while the entries, each of which may be used a million times, are judged once and
apart (`parquet_entries`). And gzip pages come inflated. Small row groups are one stand-in, columns beside each other;
of large ones every column comes alone, some pages at a time, whatever the size of the row group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.formats.base import MIB
from verifier.formats.parquet_compact import INT32, MAGIC, Column, chain, footer, leaf_element
from verifier.formats.parquet_footer import Footer, Leaf
from verifier.formats.parquet_layout import Layout, Part, Run
from verifier.formats.parquet_pages import Read
from verifier.formats.parquet_plan import Plan, batches, is_text_or_bytes
from verifier.formats.parquet_thrift import RAW
from verifier.formats.parquet_unpack import PackedError, unpacked_size
from verifier.formats.parquet_walk import GZIP, UNCOMPRESSED, Place, Role, Walk

_TOGETHER = 24 * MIB
_PART_BYTES = 8 * MIB


def parts_of(plan: Plan, whole: Footer, read: Read) -> Iterator[list[Part]]:
    """Yield the stand-ins of a row group in lists, each of which decodes to all rows of the columns it holds.

    Raises PackedError where there can be none, or what `read` raises.
    """
    together: list[Run] = []
    alone: list[list[Run]] = []
    for walk in plan.walks:
        runs = _runs(walk, whole.leaves[walk.chunk.leaf])
        if len(runs) == 1:
            together += runs
        else:
            alone.append(runs)
    if sum(map(_size, together)) > _TOGETHER:
        alone += [[run] for run in together]
        together = []
    if together:
        yield [_tree(together, plan.rows, whole, read)]
    for runs in alone:
        yield [_single(piece, read) for run in runs for piece in _cut(run)]


def single(walk: Walk, leaf: Leaf, place: Place, read: Read) -> Part:
    """Return the stand-in of one data page."""
    is_indexed = place.role is Role.INDEXED
    dictionary = tuple(each for each in walk.places if is_indexed and each.role is Role.DICTIONARY)
    run = Run(walk, leaf, (*dictionary, place), is_indexed and is_text_or_bytes(leaf))
    return _single(run, read)


def _runs(walk: Walk, leaf: Leaf) -> list[Run]:
    """Part a chunk of texts into its pages by dictionary and its plain ones; leave any other as it is."""
    places = tuple(walk.places)
    roles = {place.role for place in places}
    if Role.OTHER in roles:
        raise PackedError("a page of a kind that holds no values")
    if Role.INDEXED not in roles or not is_text_or_bytes(leaf):
        return [Run(walk, leaf, places, as_numbers=False)]
    indexed = tuple(place for place in places if place.role is not Role.PLAIN)
    plain = tuple(place for place in places if place.role is Role.PLAIN)
    runs = [Run(walk, leaf, indexed, as_numbers=True)]
    return [*runs, Run(walk, leaf, plain, as_numbers=False)] if plain else runs


def _size(run: Run) -> int:
    gzip = run.walk.chunk.codec == GZIP
    return sum(unpacked_size(place) if gzip else place.end - place.offset for place in run.places)


def _cut(run: Run) -> Iterator[Run]:
    """Cut a run into runs of some MiB, each with the dictionary that its pages need."""
    dictionary = tuple(place for place in run.places if place.role is Role.DICTIONARY)
    most = _PART_BYTES + 4 * sum(place.expanded for place in dictionary)
    taken: list[Place] = []
    size = 0
    for place in run.places[len(dictionary) :]:
        if taken and size + place.expanded > most:
            yield Run(run.walk, run.leaf, (*dictionary, *taken), run.as_numbers)
            taken, size = [], 0
        taken.append(place)
        size += place.expanded
    yield Run(run.walk, run.leaf, (*dictionary, *taken), run.as_numbers)


def _tree(runs: Sequence[Run], rows: int, whole: Footer, read: Read) -> Part:
    """Make one stand-in of whole chunks under the file's own schema."""
    schema = list(whole.elements)
    by_leaf = {run.walk.chunk.leaf: run for run in runs}
    layout = Layout(read)
    columns = []
    for number, leaf in enumerate(whole.leaves):
        run = by_leaf.get(number)
        if run is None:
            columns.append(Column(leaf.physical, UNCOMPRESSED, 0, len(MAGIC), 0, data=len(MAGIC)))
            continue
        if run.as_numbers:
            schema[leaf.place] = leaf_element(INT32, leaf.repetitions[-1], name=leaf.path[-1])
        columns.append(layout.add(run))
    batch_rows = max(1, rows // batches(sum(run.decoded_bytes for run in runs)))
    segments = layout.close(footer(schema, columns, rows))
    return Part(segments, tuple(by_leaf), tuple(run.leaf for run in runs), batch_rows, rows)


def _single(run: Run, read: Read) -> Part:
    """Make a stand-in of some pages of one chunk under a schema of its own."""
    leaf = run.leaf
    element = leaf_element(INT32, leaf.repetitions[-1]) if run.as_numbers else leaf.element[RAW]
    layout = Layout(read)
    column = layout.add(run)
    # Where rows repeat, their number is not known before decoding; it cannot be greater.
    rows = run.values
    written = footer(chain(leaf.repetitions, element), [column], rows)
    batch_rows = max(1, rows // batches(run.decoded_bytes))
    return Part(layout.close(written), (0,), (leaf,), batch_rows, None if leaf.repeats else rows)
