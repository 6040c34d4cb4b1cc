"""Whole snapshots: each with its files and the folder it is in, as known now; not what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.store.database import Catalog, Connection
from catalog.store.queries import RecordedFile, RecordedSnapshot, files_of, find_key, snapshot_of
from verifier.model import SnapshotId


@dataclass(frozen=True, slots=True)
class Contents:
    """A snapshot with all its recorded files, by path, and its folder, relative to its zone."""

    snapshot: RecordedSnapshot
    files: Sequence[RecordedFile]
    folder: str


def get_contents(catalog: Catalog, *wanted: SnapshotId) -> list[Contents | None]:
    """Return what is known of some snapshots, in their order, at one moment; None for one that is not known."""
    with catalog.read() as connection:
        return [_contents(connection, one) for one in wanted]


def _contents(connection: Connection, wanted: SnapshotId) -> Contents | None:
    snapshot, found = snapshot_of(connection, wanted), find_key(connection, wanted)
    if snapshot is None or found is None:
        return None
    key, folder = found
    return Contents(snapshot, files_of(connection, key), folder)
