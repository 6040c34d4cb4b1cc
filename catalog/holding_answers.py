"""The document of `hold`; it adds nothing to what was said."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.answers import Document, moment
from catalog.store.holds import Hold


def hold_document(holds: Iterable[Hold], what: str) -> Document:
    """The document of `hold add`, `remove` and `list`; `what` became of them: on hold, or not on hold any more."""
    return {
        "schema": "landproof/hold/1",
        "state": what,
        "holds": [
            {
                "snapshot": str(one.snapshot),
                "reason": one.reason,
                "by": one.said_by,
                "at": moment(one.said_at),
                "presence": one.presence and one.presence.value,
            }
            for one in holds
        ],
    }
