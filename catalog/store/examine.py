"""Hold a catalog against itself and against its segments: what contradicts, is missing, or differs; mends nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.segments.names import parse_segment_name
from catalog.segments.shelf import Shelf
from catalog.store.compare import Sums, differences, sums
from catalog.store.database import Catalog
from catalog.store.ingest import Ingestion, recorded_segments
from catalog.store.rebuild import rebuilt_in
from catalog.store.recovery import contradictions

Digests = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it should be: what kind, of what (a segment's path, a scan, or the catalog), in words.

    `kind` is `contradiction`, `damaged-segment`, `unknown-segment`, `missing-segment`, `changed-segment`,
    `not-taken-in` or `differs`.
    """

    kind: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What was looked at, and what was wrong with it."""

    segments: int
    rows: int
    mismatches: tuple[Mismatch, ...]


def examine(catalog: Catalog, shelf: Shelf) -> Examination:
    """Make a second catalog of the segments, in a scratch folder, and compare the two.

    Raises CatalogError where the catalog cannot be read, `SourceError` where the segments cannot.
    """
    with catalog.read() as connection:
        contradicting = [Mismatch("contradiction", "catalog", text) for text in contradictions(connection)]
        recorded = recorded_segments(connection)
    here = sums(catalog)
    with TemporaryDirectory(prefix="landproof-") as scratch, rebuilt_in(Path(scratch), shelf) as (made, ingestion):
        with made.read() as connection:
            rebuilt = recorded_segments(connection)
        of_segments = list(_of_segments(recorded, rebuilt, ingestion))
        of_rows = list(_of_rows(here, sums(made), {one.subject for one in of_segments}))
    return Examination(ingestion.taken, ingestion.rows, (*contradicting, *of_segments, *of_rows))


def _of_segments(recorded: Digests, rebuilt: Digests, ingestion: Ingestion) -> Iterator[Mismatch]:
    refused = {one.path: one for one in ingestion.refused}
    for path, one in sorted(refused.items()):
        yield Mismatch("damaged-segment" if one.is_damage else "unknown-segment", path, one.message)
    for path in sorted(recorded.keys() - rebuilt.keys() - refused.keys()):
        yield Mismatch("missing-segment", path, "recorded here, and not where the segments are")
    for path in sorted(rebuilt.keys() - recorded.keys()):
        yield Mismatch("not-taken-in", path, "not in this catalog; take it in with: landproof catalog ingest")
    for path in sorted(recorded.keys() & rebuilt.keys()):
        if recorded[path] not in (None, rebuilt[path]):
            message = f"another file than was recorded: expected SHA-256 {recorded[path]}, got {rebuilt[path]}"
            yield Mismatch("changed-segment", path, message)


def _of_rows(here: Sums, there: Sums, wrong_segments: Collection[str]) -> Iterator[Mismatch]:
    """Yield what differs though all segments of it are there as they were recorded."""
    names = [name for path in wrong_segments if (name := parse_segment_name(path))]
    explained = {name.id for name in names}
    told: dict[str, list[str]] = {}
    for one in differences(here, there):
        if one.scan_id in explained or (not one.scan_id and names):
            continue
        subject = f"scan {one.scan_id} of zone {one.zone}" if one.scan_id else "catalog"
        told.setdefault(subject, []).append(
            f"{one.what}: {one.here} here, {one.there} in segments"
            if one.here != one.there
            else f"{one.what}: {one.here} here and in segments, but not the same"
        )
    for subject, texts in told.items():
        yield Mismatch("differs", subject, "; ".join(texts))
