"""Everything that is recorded goes through here: first it becomes a segment, then rows, in one short transaction."""

from __future__ import annotations

from contextlib import closing
from hashlib import sha256

from catalog.segments.format import encode_segment
from catalog.segments.shelf import open_shelf
from catalog.store.codec import storable
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.insert import insert, other_place
from verifier.errors import CatalogError, SourceError


def record(catalog: Catalog, entry: Entry) -> None:
    """Record an entry; the same again changes nothing.

    Its segment is whole where it belongs before any row is. Raises CatalogError where either cannot be written; a
    segment without its rows is taken in later.
    """
    digest = _shelve(catalog, entry)
    with catalog.write() as connection:
        insert(connection, entry, digest)


def prepare(catalog: Catalog, zone: str, url: str) -> None:
    """See that something can be recorded of a zone, before the work that is to be; makes the file where there is none.

    Raises CatalogError where it cannot, or another place is recorded under the zone's name.
    """
    with catalog.write() as connection:
        known = connection.execute("SELECT url FROM zone WHERE zone = ?", [storable(zone)]).fetchall()
    if known and known != [(url,)]:
        raise other_place(zone, url, known[0][0])


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
