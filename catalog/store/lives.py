"""Every recorded state of a dataset's snapshots, and when its zone was listed; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime

from catalog.judging.rpo_values import Revision
from catalog.scope import covers
from catalog.store.chains import Lifetimes, holding_of
from catalog.store.codec import from_stored, restored, storable
from catalog.store.database import Catalog
from verifier.model import SnapshotId

_Dataset = tuple[str, str]

# What `holding_of` takes; that a state is accepted is known of the newest alone.
_COLUMNS = """s.zone, s.dataset_id, s.export_time, r.verdict, r.depth, r.checked, r.files, r.bytes, r.rows, r.presence,
    r.landed_at, false"""


def recorded_states(
    catalog: Catalog, datasets: Iterable[_Dataset], lifetimes: Lifetimes
) -> dict[SnapshotId, list[Revision]]:
    """Return the states of all snapshots of some datasets, each as (zone, id), in the order they were recorded in."""
    found: dict[SnapshotId, list[Revision]] = defaultdict(list)
    with catalog.read() as connection:
        for zone, dataset_id in sorted(set(datasets)):
            rows = connection.execute(
                f"""SELECT {_COLUMNS}, k.started_at, r.recorded_at
                    FROM snapshot s JOIN snapshot_revision r USING (snapshot_key) JOIN scan k USING (scan_key)
                    JOIN turns USING (scan_key) WHERE s.zone = ? AND s.dataset_id = ? ORDER BY r.recorded_at, turn""",
                [storable(zone), storable(dataset_id)],
            ).fetchall()
            for row in rows:
                holding, landed_at = holding_of(row, lifetimes), from_stored(row[10])
                listed_at, recorded_at = (moment.replace(tzinfo=UTC) for moment in row[-2:])
                found[holding.id].append(Revision(holding, landed_at, listed_at, recorded_at))
    return dict(found)


def looks_at(catalog: Catalog, datasets: Iterable[_Dataset]) -> dict[_Dataset, tuple[datetime, ...]]:
    """Return when each complete and trusted listing that shows a dataset began, in order."""
    wanted = sorted(set(datasets))
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT zone, scope, started_at FROM scans WHERE complete AND NOT suspect ORDER BY started_at"""
        ).fetchall()
    looks: dict[_Dataset, list[datetime]] = {one: [] for one in wanted}
    for zone, scope, started_at in rows:
        for one in wanted:
            if storable(one[0]) == zone and covers(restored(scope), one[1]):
                looks[one].append(started_at.replace(tzinfo=UTC))
    return {one: tuple(moments) for one, moments in looks.items()}
