"""Everything that is recorded goes through here: a segment, then rows and what the ledger tells, in one transaction."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256

from catalog.segments.format import encode_segment
from catalog.segments.shelf import open_shelf
from catalog.store import insert, ledger
from catalog.store.codec import Row, to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from verifier.errors import CatalogError, SourceError


def record(catalog: Catalog, entry: Entry) -> None:
    """Record an entry; the same again changes nothing.

    Its segment is whole where it belongs before any row is. Raises CatalogError where either cannot be written; a
    segment without its rows is taken in later.
    """
    digest = _shelve(catalog, entry)
    with catalog.write() as connection:
        if insert.insert(connection, entry, digest):
            telling = ledger.Telling(entry.written_at, entry.tool_version)
            ledger.append(connection, [to_stored(entry.written_at)], telling, of=entry.rows.keys())


def begin(catalog: Catalog, start: Row) -> None:
    """Note that a look at a zone has begun, before the work that is to be recorded; makes the file where there is none.

    This alone is in no segment. Raises CatalogError where nothing could be recorded, or another place is recorded under
    the zone's name.
    """
    with catalog.write() as connection:
        insert.begin(connection, start)


def _shelve(catalog: Catalog, entry: Entry) -> str | None:
    if catalog.segments is None:
        return None
    data = encode_segment(entry.header, entry.records)
    try:
        with closing(open_shelf(catalog.segments)) as shelf:
            shelf.put(entry.header.path, data)
    except SourceError as error:
        raise CatalogError(
            f"segments at {catalog.segments.url}: {error.message}; nothing of this step was recorded",
            hint=error.hint or "everything recorded is kept there, too; see [catalog] segments in the settings",
        ) from error
    return sha256(data).hexdigest()
