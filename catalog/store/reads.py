"""When every byte of which file was read, as recorded; plans no reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.store.codec import SnapshotKey, from_stored, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from verifier.model import SnapshotId

LAST_READ = """
SELECT f.*, greatest(w.read_at, n.read_at) AS read_at FROM ({files}) f
LEFT JOIN (SELECT snapshot_key, max(read_at) AS read_at FROM full_read SEMI JOIN {snapshots} USING (snapshot_key)
           WHERE name IS NULL AND read_at <= {at} GROUP BY snapshot_key) w USING (snapshot_key)
LEFT JOIN (SELECT snapshot_key, name, max(read_at) AS read_at FROM full_read SEMI JOIN {snapshots} USING (snapshot_key)
           WHERE name IS NOT NULL AND read_at <= {at} GROUP BY snapshot_key, name) n USING (snapshot_key, name)
"""
"""SQL that adds to `files`, with its `snapshot_key` and `name`, when each was last read in full, by the moment `at`.

`snapshots` is a table with the keys of their snapshots, so that no other's reads are gone through.
"""

NEWEST_FILES = """
FROM file_revision SEMI JOIN {snapshots} USING (snapshot_key) JOIN turns USING (scan_key)
QUALIFY row_number() OVER (PARTITION BY snapshot_key, name ORDER BY recorded_at DESC, turn DESC) = 1
"""
"""SQL that gives the newest revision of every file of `snapshots`, a table with their `snapshot_key`."""

_DATA_KINDS = "('parquet', 'json-gzip', 'json')"


@dataclass(frozen=True, slots=True)
class SnapshotRead:
    """The files of a snapshot of which every byte was read in one look, by path; None for all of its files."""

    id: SnapshotId
    paths: tuple[str, ...] | None = None


def oldest_reads(connection: Connection, snapshots: str, at: str = "'infinity'::TIMESTAMP") -> dict[int, datetime]:
    """Return the oldest last full read among each snapshot's data files, by snapshot key.

    `snapshots` is a table with the keys, `at` SQL for the moment by which the reads were made. A snapshot is left out
    where it has no data file, or one that was never read in full.
    """
    files = LAST_READ.format(files=NEWEST_FILES.format(snapshots=snapshots), snapshots=snapshots, at=at)
    rows = connection.execute(
        f"""SELECT snapshot_key, min(read_at) FROM ({files})
            WHERE presence = 'present' AND kind IN {_DATA_KINDS}
            GROUP BY snapshot_key HAVING count(*) = count(CASE WHEN sha256 IS NOT NULL THEN read_at END)"""
    ).fetchall()
    return {key: moment for key, read_at in rows if (moment := from_stored(read_at))}


def dataset_reads(catalog: Catalog, zone: str, datasets: Sequence[str], at: datetime) -> dict[SnapshotKey, datetime]:
    """Return the oldest last full read by the moment `at` of each snapshot of some datasets, as `oldest_reads` does."""
    if not datasets:
        return {}
    moment = f"'{to_stored(at).isoformat(sep=' ')}'::TIMESTAMP"
    with catalog.read() as connection:
        connection.execute(
            """CREATE TEMP TABLE of_datasets AS
               FROM snapshot WHERE zone = ? AND dataset_id IN (SELECT unnest(?::VARCHAR[]))""",
            [storable(zone), [storable(d) for d in datasets]],
        )
        found = oldest_reads(connection, "of_datasets", moment)
        names = connection.execute("SELECT snapshot_key, dataset_id, export_time FROM of_datasets").fetchall()
    return {(restored(dataset), restored(time)): found[key] for key, dataset, time in names if key in found}
