"""Which snapshots are on hold: rows for that and read back; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.store.codec import Row, restored, to_stored
from catalog.store.database import Catalog
from verifier.model import Presence, SnapshotId


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A snapshot that is to be kept whatever a policy says; who said so (user@host), when and why.

    `presence` is that of the snapshot where it landed, as known now; None where the catalog does not know it.
    """

    snapshot: SnapshotId
    reason: str
    said_by: str
    said_at: datetime
    presence: Presence | None = None

    def row(self, *, lifted: bool = False) -> Row:
        """Return its row; lifted, it is one that takes it back."""
        return {
            "snapshot": str(self.snapshot),
            "reason": self.reason,
            "lifted": lifted,
            "said_by": self.said_by,
            "said_at": to_stored(self.said_at),
        }


def list_holds(catalog: Catalog) -> list[Hold]:
    """Return the holds that stand, by snapshot."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT h.snapshot, h.reason, h.said_by, h.said_at, s.presence
               FROM holds h LEFT JOIN snapshots s ON s.id = h.snapshot ORDER BY ALL"""
        ).fetchall()
    return [
        Hold(
            snapshot=SnapshotId(*restored(snapshot).split("/")),
            reason=restored(reason),
            said_by=restored(said_by),
            said_at=said_at.replace(tzinfo=UTC),
            presence=None if presence is None else Presence(presence),
        )
        for snapshot, reason, said_by, said_at, presence in rows
    ]
