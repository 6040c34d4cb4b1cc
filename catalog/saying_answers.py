"""The documents of `accept` and `waive`; they add nothing to what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.accepting import Acceptance
from catalog.answers import Document, accepted_object, moment
from catalog.store.said import Waiver


def accept_document(acceptances: Iterable[Acceptance], what: str) -> Document:
    """The document of `accept`; `what` became of them: accepted, or taken back."""
    return {"schema": "landproof/accept/1", "state": what, "acceptances": [_acceptance(one) for one in acceptances]}


def waive_document(waivers: Iterable[Waiver], what: str, names: Mapping[tuple[str, str], str | None]) -> Document:
    """The document of `waive`; `names` are those of the configured datasets."""
    return {
        "schema": "landproof/waive/1",
        "state": what,
        "waivers": [
            {
                "zone": one.zone,
                "dataset_id": one.dataset_id,
                "name": names.get((one.zone, one.dataset_id)),
                "from": moment(one.starts_at),
                "to": moment(one.ends_at),
                "reason": one.reason,
                "by": one.said_by,
                "at": moment(one.said_at),
            }
            for one in waivers
        ],
    }


def _acceptance(one: Acceptance) -> Document:
    return {
        "subject": one.path or one.snapshot or one.subject[0],
        "zone": one.subject[0],
        "snapshot": one.snapshot,
        "path": one.path,
        "code": one.code,
        "actual": one.actual,
        "count": one.count,
        "where": dict(one.where),
        **(accepted_object(one.accepted) or {}),
    }
