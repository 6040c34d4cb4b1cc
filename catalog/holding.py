"""Put on record that snapshots are on hold, or are not any more; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.saying import Speaker
from catalog.segments.names import SegmentKind
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.holds import Hold
from catalog.store.journal import record


def hold(catalog: Catalog, holds: Sequence[Hold], speaker: Speaker, *, lifted: bool = False) -> None:
    """Record holds, or that they are taken back, all or none."""
    entry = Entry(
        kind=SegmentKind.HOLD,
        id=speaker.entry_id,
        zone="",
        tool_version=speaker.tool_version,
        written_at=speaker.at,
        rows={"hold": [one.row(lifted=lifted) for one in holds]},
    )
    record(catalog, entry)
