"""Writes what a scan finds to the catalog as it comes, in batches, so that a killed scan keeps what it had finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from catalog.store.database import Catalog
from catalog.store.reads import SnapshotRead
from catalog.store.recording import record_snapshots
from verifier.errors import CatalogError
from verifier.model import SnapshotChange

_MOST_SNAPSHOTS = 256
_MOST_FILES = 4000
_MOST_SECONDS = 3.0


@dataclass(slots=True)
class Recorder:
    """Collects changes and writes them when there are enough of them or enough time has passed."""

    catalog: Catalog
    scan_id: str
    clock: Callable[[], datetime]
    _changes: list[SnapshotChange] = field(default_factory=list)
    _reads: list[SnapshotRead] = field(default_factory=list)
    _files: int = 0
    _written_at: float = field(default_factory=time.monotonic)

    def add(self, change: SnapshotChange | None, read: SnapshotRead | None = None) -> None:
        """Take in what is new about a snapshot, and which files of it were read in full; both are written as one."""
        if change:
            self._changes.append(change)
            self._files += len(change.files)
        if read:
            self._reads.append(read)
            self._files += len(read.paths or ())
        is_full = max(len(self._changes), len(self._reads)) >= _MOST_SNAPSHOTS or self._files >= _MOST_FILES
        if is_full or time.monotonic() - self._written_at > _MOST_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what has been collected; after an interrupt in the middle the same may be written again."""
        try:
            record_snapshots(self.catalog, self.scan_id, self._changes, self.clock(), self._reads)
        except CatalogError:
            self._forget()
            raise
        self._forget()

    def _forget(self) -> None:
        self._changes, self._reads, self._files = [], [], 0
        self._written_at = time.monotonic()
