"""When every byte of which file was read: rows for the recording, and look-ups; plans no reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from catalog.store.batches import table
from catalog.store.codec import SnapshotKey, from_stored, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from verifier.model import SnapshotId

_READS: Mapping[str, pa.DataType] = dict.fromkeys(("zone", "dataset_id", "export_time", "path"), pa.string())
# What this scan has recorded already of a snapshot is left out, as everywhere.
_CHOOSE_READS = """
CREATE TEMP TABLE fresh_read AS
SELECT k.scan_key, s.snapshot_key, to_name(i.path, s.folder, s.writer) AS name
FROM incoming_read i
JOIN snapshot s USING (zone, dataset_id, export_time)
JOIN scan k ON k.zone = i.zone AND k.scan_id = ?
ANTI JOIN full_read r ON r.scan_key = k.scan_key AND r.snapshot_key = s.snapshot_key
"""
LAST_READ = """
SELECT f.*, greatest(w.read_at, n.read_at) AS read_at FROM ({files}) f
LEFT JOIN (SELECT snapshot_key, max(read_at) AS read_at FROM full_read WHERE name IS NULL AND read_at <= {at}
           GROUP BY snapshot_key) w USING (snapshot_key)
LEFT JOIN (SELECT snapshot_key, name, max(read_at) AS read_at FROM full_read WHERE name IS NOT NULL AND read_at <= {at}
           GROUP BY snapshot_key, name) n USING (snapshot_key, name)
"""
"""SQL that adds to `files`, with its `snapshot_key` and `name`, when each was last read in full, by the moment `at`."""

NEWEST_FILES = """
FROM file_revision SEMI JOIN {snapshots} USING (snapshot_key)
QUALIFY row_number() OVER (PARTITION BY snapshot_key, name ORDER BY recorded_at DESC, scan_key DESC) = 1
"""
"""SQL that gives the newest revision of every file of `snapshots`, a table with their `snapshot_key`."""

_DATA_KINDS = "('parquet', 'json-gzip', 'json')"


@dataclass(frozen=True, slots=True)
class SnapshotRead:
    """The files of a snapshot of which every byte was read in one look, by path; None for all of its files."""

    id: SnapshotId
    paths: tuple[str, ...] | None = None


def insert_reads(connection: Connection, scan_id: str, reads: Sequence[SnapshotRead], now: datetime) -> None:
    """Append reads inside a transaction, after the snapshots they are of; `fresh_read` then holds what was new."""
    rows = [
        {"zone": r.id.zone, "dataset_id": r.id.dataset_id, "export_time": r.id.export_time, "path": path}
        for r in reads
        for path in ((None,) if r.paths is None else sorted(r.paths))
    ]
    connection.register("incoming_read", table(rows, _READS))
    connection.execute(_CHOOSE_READS, [scan_id])
    connection.execute(
        "INSERT INTO full_read SELECT *, ? FROM fresh_read ORDER BY snapshot_key, name", [to_stored(now)]
    )


def file_reads(connection: Connection, wanted: SnapshotId) -> dict[str, datetime]:
    """Return when every byte of each file of a snapshot was last read, by path as stored; others are left out."""
    rows = connection.execute(
        """SELECT path, last_full_read_at FROM last_full_reads
           WHERE zone = ? AND dataset_id = ? AND export_time = ? AND last_full_read_at IS NOT NULL""",
        [storable(wanted.zone), storable(wanted.dataset_id), storable(wanted.export_time)],
    ).fetchall()
    return {path: moment for path, at in rows if (moment := from_stored(at))}


def oldest_reads(connection: Connection, snapshots: str, at: str = "'infinity'::TIMESTAMP") -> dict[int, datetime]:
    """Return the oldest last full read among each snapshot's data files, by snapshot key.

    `snapshots` is a table with the keys, `at` SQL for the moment by which the reads were made. A snapshot is left out
    where it has no data file, or one that was never read in full.
    """
    files = LAST_READ.format(files=NEWEST_FILES.format(snapshots=snapshots), at=at)
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
        asked = pa.table({"dataset_id": pa.array([storable(d) for d in datasets], pa.string())})
        connection.register("asked", asked)
        connection.execute(
            "CREATE TEMP TABLE of_datasets AS FROM snapshot SEMI JOIN asked USING (dataset_id) WHERE zone = ?",
            [storable(zone)],
        )
        found = oldest_reads(connection, "of_datasets", moment)
        names = connection.execute("SELECT snapshot_key, dataset_id, export_time FROM of_datasets").fetchall()
    return {(restored(dataset), restored(time)): found[key] for key, dataset, time in names if key in found}
