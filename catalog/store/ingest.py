"""Take in segments that a catalog does not have yet, each once, in any order; writes none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.segments.format import Damage
from catalog.segments.shelf import Inventory, Shelf
from catalog.store import ledger
from catalog.store.codec import to_stored
from catalog.store.database import Catalog, Connection
from catalog.store.entries import Entry, entry_of
from catalog.store.insert import insert
from catalog.store.ledger import Telling
from verifier.errors import CatalogError

_MOST_ROWS = 20_000

Read = tuple[Entry, str]
"""What a segment recorded, and the SHA-256 of its file."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a segment was not taken in; `damage` tells that its file is not what was once written."""

    path: str
    message: str
    is_damage: bool = False


@dataclass(slots=True)
class Ingestion:
    """What came of it: how many segments and rows were taken in, how many were there already, what was not taken."""

    taken: int = 0
    rows: int = 0
    already_there: int = 0
    refused: list[Refusal] = field(default_factory=list)
    unknown: tuple[str, ...] = ()


def ingest(catalog: Catalog, shelf: Shelf, telling: Telling | None = None) -> Ingestion:
    """Take in what is new, in order of time, some thousand rows at once; makes the catalog where there is none.

    With `telling` the catalog's own ledger tells what came; a catalog that is made again is told by its old entries.
    Raises `SourceError` where the shelf cannot be read; what was taken in before stays.
    """
    inventory, done = shelf.inventory(), Ingestion()
    done.unknown = inventory.unknown
    with catalog.write() as connection:
        known = recorded_segments(connection)
    for reads in _portions(shelf, inventory, known, done):
        _take_in(catalog, reads, done, telling)
    return done


def recorded_segments(connection: Connection) -> dict[str, str | None]:
    """Return the SHA-256 of every segment in a catalog, None where no file was written, by path."""
    return dict(connection.execute("SELECT path, sha256 FROM segment").fetchall())


def _portions(
    shelf: Shelf, inventory: Inventory, known: dict[str, str | None], done: Ingestion
) -> Iterator[Sequence[Read]]:
    reads: list[Read] = []
    count = 0
    for name in inventory.segments:
        if name.path in known:
            done.already_there += 1
            continue
        found = shelf.read(name.path)
        if isinstance(found, Damage):
            done.refused.append(Refusal(name.path, found.message, is_damage=True))
            continue
        try:
            reads.append((entry_of(found), found.sha256))
        except CatalogError as error:
            done.refused.append(Refusal(name.path, error.message))
            continue
        count += len(found.records)
        if count >= _MOST_ROWS:
            yield reads
            reads, count = [], 0
    if reads:
        yield reads


def _take_in(catalog: Catalog, reads: Sequence[Read], done: Ingestion, telling: Telling | None) -> None:
    taken, rows, refused, moments = 0, 0, list[Refusal](), set[datetime]()
    with catalog.write() as connection:
        for entry, sha256 in reads:
            try:
                is_new = insert(connection, entry, sha256)
            except CatalogError as error:
                refused.append(Refusal(entry.header.path, error.message))
                continue
            taken += is_new
            rows += entry.count if is_new else 0
            if is_new:
                moments.add(to_stored(entry.written_at))
        if telling:
            ledger.append(connection, sorted(moments), telling)
    done.taken += taken
    done.rows += rows
    done.already_there += len(reads) - taken - len(refused)
    done.refused += refused
