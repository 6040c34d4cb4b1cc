"""Writes what a look at one zone finds to the catalog as it comes, so that a killed scan keeps what it had finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.segments.names import SegmentKind
from catalog.store.batches import change_rows
from catalog.store.codec import Row
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import begin, record
from catalog.store.reads import SnapshotRead
from catalog.store.recording import ScanEnd, ScanStart, read_rows, stray_rows
from verifier.errors import CatalogError
from verifier.model import SnapshotChange
from verifier.zone_model import Stray

_MOST_SNAPSHOTS = 256
_MOST_FILES = 4000
_FEWEST_SECONDS, _MOST_SECONDS = 3.0, 60.0


@dataclass(slots=True)
class Recorder:
    """Collects what is new and writes it when there is enough of it or enough time has passed.

    Enough time is a tenth of that of the whole look, so that a long one does not come in very many pieces.
    """

    catalog: Catalog
    start: ScanStart
    clock: Callable[[], datetime]
    _changes: list[SnapshotChange] = field(default_factory=list)
    _reads: list[SnapshotRead] = field(default_factory=list)
    _strays: list[Row] = field(default_factory=list)
    _end: ScanEnd | None = None
    _entry: Entry | None = None
    _parts: int = 0
    _files: int = 0
    _began_at: float = field(default_factory=time.monotonic)
    _written_at: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """Note that the look has begun; raises CatalogError now where nothing could be written later."""
        begin(self.catalog, self.start.row())

    def add(self, change: SnapshotChange | None, read: SnapshotRead | None = None) -> None:
        """Take in what is new about a snapshot, and which files of it were read in full; both are written as one."""
        if change:
            self._changes.append(change)
            self._files += len(change.files)
        if read:
            self._reads.append(read)
            self._files += len(read.paths or ())
        is_full = max(len(self._changes), len(self._reads)) >= _MOST_SNAPSHOTS or self._files > _MOST_FILES
        now = time.monotonic()
        patience = min(max((now - self._began_at) / 10, _FEWEST_SECONDS), _MOST_SECONDS)
        if is_full or now - self._written_at > patience:
            self.flush()

    def add_strays(self, strays: Sequence[Stray]) -> None:
        """Take in what belongs to no snapshot."""
        for row in stray_rows(strays):
            self._strays.append(row)
            if len(self._strays) >= _MOST_FILES:
                self.flush()

    def end(self, end: ScanEnd) -> None:
        """Take in how the look ended and write all that is left."""
        self._end = end
        self.flush()

    def flush(self) -> None:
        """Write what has been collected, if anything; what an interrupt cut off is written again, as the same."""
        try:
            self._write()
            if self._changes or self._reads or self._strays or self._end:
                self._take()
                self._write()
        except CatalogError:
            self._forget()
            self._entry = None
            raise
        self._written_at = time.monotonic()

    def _write(self) -> None:
        if self._entry:
            record(self.catalog, self._entry)
            self._entry = None

    def _take(self) -> None:
        """Make an entry of all that was collected."""
        start = self.start
        rows = {
            "scan": [start.row()],
            **change_rows(self._changes),
            "read": read_rows(self._reads),
            "stray": self._strays,
            **(self._end.rows() if self._end else {}),
        }
        self._entry = Entry(
            kind=SegmentKind.SCAN,
            id=start.scan_id,
            zone=start.zone,
            part=self._parts,
            tool_version=start.tool_version,
            written_at=self.clock(),
            rows={of: some for of, some in rows.items() if some},
        )
        self._parts += 1
        self._forget()

    def _forget(self) -> None:
        self._changes, self._reads, self._strays, self._end, self._files = [], [], [], None, 0
