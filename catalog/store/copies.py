"""Copies of snapshots at other places: rows for them, and read back; makes and judges none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.store.codec import Row, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from verifier.model import Presence, SnapshotId, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRecord:
    """One copy that was tried to its end; `target_url` is that of the zone it is in.

    `is_complete` tells that every file was read back there with the bytes of the original.
    """

    source: SnapshotId
    target: SnapshotId
    target_url: str
    is_complete: bool
    files: int
    bytes: int
    copied: int
    already_there: int
    started_at: datetime
    finished_at: datetime
    tool_version: str
    run_by: str | None = None

    def row(self) -> Row:
        """Return its row."""
        return {
            "source": str(self.source),
            "target": str(self.target),
            "target_url": self.target_url,
            "complete": self.is_complete,
            "files": self.files,
            "bytes": self.bytes,
            "copied": self.copied,
            "already_there": self.already_there,
            "started_at": to_stored(self.started_at),
            "finished_at": to_stored(self.finished_at),
            "seconds": (self.finished_at - self.started_at).total_seconds(),
            "tool_version": self.tool_version,
            "run_by": self.run_by,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCopy:
    """The other side of a recorded copy: a copy of the snapshot asked about, or its original, as known now.

    Verdict and presence are None where the catalog has no such snapshot.
    """

    id: SnapshotId
    is_original: bool
    url: str | None
    is_complete: bool
    copied_at: datetime
    verdict: Verdict | None
    presence: Presence | None


def copies_of(catalog: Catalog, snapshot: SnapshotId) -> list[KnownCopy]:
    """Return the copies of a snapshot and what it is a copy of, each once, a complete one before others, by id."""
    with catalog.read() as connection:
        rows = connection.execute(
            """FROM (
                   SELECT target AS id, FALSE AS is_original, target_url AS url, complete, finished_at FROM copies
                   WHERE source = $id
                   UNION ALL
                   SELECT source, TRUE, (SELECT any_value(url) FROM zone WHERE zone = split_part(source, '/', 1)),
                          complete, finished_at FROM copies
                   WHERE target = $id) c
               QUALIFY row_number() OVER (PARTITION BY id, is_original ORDER BY complete DESC, finished_at DESC) = 1
               ORDER BY is_original DESC, id""",
            {"id": storable(str(snapshot))},
        ).fetchall()
        return [_known(connection, row) for row in rows]


def _known(connection: Connection, row: Sequence[Any]) -> KnownCopy:
    """Return one side with what is known of it now; asked for by its parts, it is found without the others."""
    found = connection.execute(
        "SELECT verdict, presence FROM snapshots WHERE zone = ? AND dataset_id = ? AND export_time = ?",
        row[0].split("/"),
    ).fetchall()
    verdict, presence = found[0] if found else (None, None)
    return KnownCopy(
        id=_id(row[0]),
        is_original=row[1],
        url=row[2],
        is_complete=row[3],
        copied_at=row[4].replace(tzinfo=UTC),
        verdict=Verdict(verdict) if verdict else None,
        presence=Presence(presence) if presence else None,
    )


def _id(text: str) -> SnapshotId:
    zone, dataset_id, export_time = restored(text).split("/")
    return SnapshotId(zone, dataset_id, export_time)
