"""Where recorded manifests belong, for those that lie outside their snapshot's folder; not what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa

from catalog.store.codec import SnapshotKey, from_stored, restored, storable
from catalog.store.database import Catalog
from verifier.model import StoredFile


def manifest_owners(
    catalog: Catalog, zone: str, paths: Sequence[str]
) -> dict[str, list[tuple[SnapshotKey, StoredFile]]]:
    """Return, by path, the snapshots under which a manifest is recorded as present, and the version that was seen."""
    owners: dict[str, list[tuple[SnapshotKey, StoredFile]]] = defaultdict(list)
    asked = pa.table({"path": pa.array([storable(p) for p in paths], pa.string())})
    with catalog.read() as connection:
        connection.register("asked", asked)
        rows = connection.execute(
            """SELECT dataset_id, export_time, path, size, modified_at, etag FROM files SEMI JOIN asked USING (path)
               WHERE zone = ? AND kind = 'manifest' AND presence = 'present' ORDER BY ALL""",
            [storable(zone)],
        ).fetchall()
    for dataset_id, export_time, path, size, modified_at, etag in rows:
        file = StoredFile(restored(path), size, from_stored(modified_at), etag)
        owners[file.path].append(((restored(dataset_id), restored(export_time)), file))
    return dict(owners)
