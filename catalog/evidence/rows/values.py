"""How values are told in a bundle's rows: moments as text, names as the ledger has them; no row of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from catalog.ledger.canonical import Plain

Row = dict[str, Plain]


@lru_cache(maxsize=1024)  # all files of a look were seen at one moment
def stored_moment(value: datetime | None) -> str | None:
    """Write a moment of the catalog, naive and in UTC, as RFC 3339 with Z."""
    return None if value is None else f"{value.isoformat()}Z"


def told_moment(value: datetime | None) -> str | None:
    """Write an aware moment as RFC 3339 in UTC with Z."""
    return None if value is None else f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
