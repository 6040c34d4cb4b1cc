"""Whole snapshots: each with its files and the folder it is in, as known now; not what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.store.database import Catalog
from catalog.store.queries import RecordedFile, RecordedSnapshot, files_of, find_key, snapshots_of
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
        found = {one: key for one in set(wanted) if (key := find_key(connection, one))}
        keys = [key for key, _ in found.values()]
        snapshots = {s.report.id: s for s in snapshots_of(connection, keys)} if keys else {}
        files = files_of(connection, keys) if keys else {}
    contents = {one: Contents(snapshots[one], files.get(key, []), folder) for one, (key, folder) in found.items()}
    return [contents.get(one) for one in wanted]
