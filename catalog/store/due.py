"""Which recorded files are to be read again, as sets of short digests; not why, nor the reading.

A digest of eight bytes a file keeps the choice among a million files small. Two files of one digest would both be read.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.scope import Scope
from catalog.store.codec import SnapshotKey, storable, to_moment
from catalog.store.database import Connection
from catalog.store.reads import LAST_READ, NEWEST_FILES
from verifier.model import Depth

# What would stand by what is recorded of it: anything else is read in any case. No path is kept, nor anything that can
# be had without: a zone may have a million files.
_CANDIDATES = """
INSERT INTO candidate
SELECT $zone, {digest_of_snapshot}, {digest_of_path}, {digest_of_lot}, export_at, size, read_at
FROM (SELECT r.*, to_path(r.name, s.folder, s.writer) AS path, s.dataset_id, s.export_time, s.export_at
      FROM ({files}) r JOIN of_scope s USING (snapshot_key))
WHERE presence = 'present' AND looked AND kind <> 'manifest' AND list_contains($depths, depth)
"""
_WHOLE_BELOW = """
DELETE FROM of_scope WHERE snapshot_key IN (
    SELECT snapshot_key FROM file_revision JOIN of_scope s USING (snapshot_key)
    WHERE NOT starts_with(to_path(name, s.folder, s.writer), ?))
"""
_ROWS_AT_ONCE = 10_000
_DIGEST = "md5_number_upper({})"


@dataclass(frozen=True, slots=True)
class Place:
    """A zone, or a part of it, whose files may be read again: all of a scope, below a folder ("" for the root)."""

    zone: str
    scope: Scope
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Digests of snapshots and of files, each sorted."""

    snapshots: array[int] = field(default_factory=lambda: array("Q"))
    files: array[int] = field(default_factory=lambda: array("Q"))

    def has_snapshot(self, key: SnapshotKey) -> bool:
        """Tell whether a file of this snapshot is among them."""
        return _has(self.snapshots, _digest("/".join(key)))

    def has_file(self, path: str) -> bool:
        """Tell whether this file is among them."""
        return _has(self.files, _digest(path))


class Candidates:
    """The recorded files of some places that need not be read, for one choice among them; made inside `choosing`."""

    def __init__(self, connection: Connection, places: Iterable[Place], depth: Depth, seed: str) -> None:
        self._connection = connection
        # The rest of a scan is frugal too: what does not fit goes to a file beside the catalog for a while.
        connection.execute("SET memory_limit = '200MB'")
        connection.execute(
            """CREATE TEMP TABLE candidate (
                   zone VARCHAR, snapshot UBIGINT, file UBIGINT, lot UBIGINT, export_at TIMESTAMP, size BIGINT,
                   read_at TIMESTAMP)"""
        )
        for place in places:
            self._add(place, depth, seed)

    def _add(self, place: Place, depth: Depth, seed: str) -> None:
        connection, where, values = self._connection, *_conditions(place)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE of_scope AS FROM snapshot WHERE {where}", values)
        if place.prefix:
            connection.execute(_WHOLE_BELOW, [storable(f"{place.prefix}/")])
        statement = _CANDIDATES.format(
            digest_of_snapshot=_DIGEST.format("dataset_id || '/' || export_time"),
            digest_of_path=_DIGEST.format("path"),
            digest_of_lot=_DIGEST.format("$seed || '/' || $zone || '/' || path"),
            files=LAST_READ.format(
                files=NEWEST_FILES.format(snapshots="of_scope"), snapshots="of_scope", at="'infinity'::TIMESTAMP"
            ),
        )
        deep_enough = [d.value for d in Depth if d.covers(depth)]
        connection.execute(statement, {"zone": storable(place.zone), "seed": seed, "depths": deep_enough})

    def sums(self) -> tuple[int, int]:
        """Return how many they are and their bytes."""
        rows = self._connection.execute("SELECT count(*), coalesce(sum(size), 0)::BIGINT FROM candidate").fetchall()
        return int(rows[0][0]), int(rows[0][1])

    def sizes(self) -> array[int]:
        """Return their sizes, the longest unread first."""
        return self._numbers("q", f"SELECT size FROM candidate ORDER BY {_LONGEST_UNREAD}")

    def older_than(self, moment: datetime) -> int:
        """Return how many were last read before a moment, or never."""
        rows = self._connection.execute(
            "SELECT count(*) FROM candidate WHERE read_at IS NULL OR read_at < ?", [to_moment(moment)]
        ).fetchall()
        return int(rows[0][0])

    def take(self, count: int, *, by_lot: bool) -> tuple[dict[str, Chosen], int]:
        """Return the first `count`, by zone, and their bytes: drawn by lot, or the longest unread."""
        connection, order = self._connection, "lot, zone, file" if by_lot else _LONGEST_UNREAD
        connection.execute(f"CREATE TEMP TABLE chosen AS FROM candidate ORDER BY {order} LIMIT {int(count)}")
        zones = connection.execute("SELECT zone, sum(size)::BIGINT FROM chosen GROUP BY zone").fetchall()
        chosen = {zone: Chosen(self._digests("snapshot", zone), self._digests("file", zone)) for zone, _ in zones}
        return chosen, sum(size for _, size in zones)

    def _digests(self, what: str, zone: str) -> array[int]:
        return self._numbers("Q", f"SELECT DISTINCT {what} FROM chosen WHERE zone = ? ORDER BY 1", zone)

    def _numbers(self, kind: str, query: str, *values: object) -> array[int]:
        numbers: array[int] = array(kind)
        found = self._connection.execute(query, list(values))
        while rows := found.fetchmany(_ROWS_AT_ONCE):
            numbers.extend(number for (number,) in rows)
        return numbers


_LONGEST_UNREAD = "read_at NULLS FIRST, export_at, zone, file"


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.md5(storable(text).encode(), usedforsecurity=False).digest()[:8], "little")


def _has(digests: Sequence[int], wanted: int) -> bool:
    at = bisect_left(digests, wanted)
    return at < len(digests) and digests[at] == wanted


def _conditions(place: Place) -> tuple[str, list[object]]:
    scope = place.scope
    texts, values = ["zone = ?"], list[object]([storable(place.zone)])
    if scope.datasets is not None:
        texts.append("list_contains(?::VARCHAR[], dataset_id)")
        values.append([storable(d) for d in sorted(scope.datasets)])
    if scope.keys is not None:
        texts.append("list_contains(?::VARCHAR[], dataset_id || '/' || export_time)")
        values.append([storable("/".join(key)) for key in sorted(scope.keys)])
    for compared, moment in ((">=", scope.start), ("<=", scope.end)):
        if moment is not None:
            texts.append(f"export_at {compared} ?")
            values.append(to_moment(moment))
    return " AND ".join(texts), values
