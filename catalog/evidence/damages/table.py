"""The table of all known damages, and of the codes that no damage of a copy can raise; does nothing to any file."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.evidence.damages.files import FILES, LAYOUT
from catalog.evidence.damages.json import GZIP, JSON
from catalog.evidence.damages.manifest import MANIFEST
from catalog.evidence.damages.parquet import FLIPPED_CODES, PARQUET, flips
from catalog.evidence.damages.schedule import SCHEDULE
from catalog.evidence.damages.values import Damage, Specimen
from verifier.model import FileKind

_SHARED = (*FILES, *LAYOUT, *MANIFEST, *SCHEDULE)
EXPECTED = frozenset(FLIPPED_CODES).union(*(one.expected for one in (*PARQUET, *GZIP, *JSON, *_SHARED)))
"""The codes that damages are to raise; a code's author adds a damage, or the code to `BEYOND`."""

BEYOND: Mapping[str, str] = {
    "file.unreadable": "says that nobody could look, which no damage of bytes brings about",
    "file.checksum-mismatch": "needs a store that keeps a checksum of its own, which a folder does not",
}
"""Errors that cannot be raised by damaging a copy in a folder, and why."""

FAMILIES = ("file", "gzip", "json", "parquet", "manifest", "layout", "schedule")
"""Families of codes each of whose errors is in one of the two."""


def damages_for(whole: Specimen) -> tuple[Damage, ...]:
    """Return the damages that are for data files of its kind, in the order of the table.

    Raises what taking a file apart raises, where it is not written as we know them.
    """
    return (*PARQUET, *flips(whole), *_SHARED) if whole.kind is FileKind.PARQUET else (*GZIP, *JSON, *_SHARED)
