"""Which recorded snapshots are one backup at several places, however many copies lie in between; judges none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from catalog.judging.values import Place
from catalog.store.codec import restored
from catalog.store.database import Catalog
from verifier.model import Depth, Presence, SnapshotId, Verdict

Links = Mapping[str, Sequence[tuple[str, bool]]]
"""By stored id what a snapshot was copied to or from, and whether it was good when that was done."""

_PAIRS = "SELECT source, target FROM copies WHERE complete"


def places_elsewhere(catalog: Catalog) -> dict[SnapshotId, list[Place]]:
    """Return, for every snapshot of a complete copy, the other places where it is: copies, originals, their copies."""
    with catalog.read() as connection:
        pairs = connection.execute(_PAIRS).fetchall()
        rows = connection.execute(
            f"""SELECT id, verdict, presence, files, bytes, depth FROM snapshots
                WHERE id IN (SELECT unnest([source, target]) FROM ({_PAIRS}))"""
        ).fetchall()
    known = {
        row[0]: Place(_id(row[0]), Verdict(row[1]), Presence(row[2]), row[3], row[4], Depth(row[5])) for row in rows
    }
    both_ways = [*((one, other, True) for one, other in pairs), *((other, one, True) for one, other in pairs)]
    links = links_of(both_ways)
    return {
        known[one].id: [known[other] for other in sorted(reached(one, links)) if other in known]
        for one in links
        if one in known
    }


def links_of(pairs: Iterable[tuple[str, str, bool]]) -> Links:
    """Sort pairs, each given from both its sides, by the first of them."""
    links: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for own, other, was_good in pairs:
        links[own].append((other, was_good))
    return links


def reached(start: str, links: Links) -> dict[str, bool]:
    """Return what copies lead to from a snapshot, itself left out, and whether each on some way was made of good bytes.

    Bytes that were good when they were copied, and good there when they were copied on, are good in the end.
    """
    found: dict[str, bool] = {}
    waiting = [(start, True)]
    while waiting:
        one, is_good = waiting.pop()
        for other, was_good in links.get(one, ()):
            good = is_good and was_good
            if other != start and (other not in found or (good and not found[other])):
                found[other] = good
                waiting.append((other, good))
    return found


def _id(text: str) -> SnapshotId:
    zone, dataset_id, export_time = restored(text).split("/")
    return SnapshotId(zone, dataset_id, export_time)
