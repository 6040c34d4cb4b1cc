"""What people said of slots and findings: waivers and acceptances, rows for them and read back; judges nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.accepting import Acceptance, Acceptances, acceptances_of
from catalog.judging.values import Pause
from catalog.store.codec import Row, from_json, from_stored, restored, storable, to_json, to_moment, to_stored
from catalog.store.database import Catalog, Connection
from verifier.model import Accepted

_ACCEPTANCES = """
SELECT zone, dataset_id, export_time, path, code, actual, place, count, reason, ends_at, said_by, said_at
FROM acceptances ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """The slots of a dataset due from `starts_at` to `ends_at`, both included; who waived them, when and why."""

    zone: str
    dataset_id: str
    starts_at: datetime
    ends_at: datetime
    reason: str
    said_by: str
    said_at: datetime

    def pause(self) -> Pause:
        """Return it as slots are judged by it."""
        return Pause(self.starts_at, self.ends_at, self.reason)

    def row(self, *, lifted: bool = False) -> Row:
        """Return its row; lifted, it is one that takes it back."""
        return {
            "zone": self.zone,
            "dataset_id": self.dataset_id,
            "starts_at": to_stored(self.starts_at),
            "ends_at": to_stored(self.ends_at),
            "reason": self.reason,
            "lifted": lifted,
            "said_by": self.said_by,
            "said_at": to_stored(self.said_at),
        }


def acceptance_row(one: Acceptance, *, lifted: bool = False) -> Row:
    """Return the row of an acceptance; lifted, it is one that takes it back."""
    zone, dataset_id, export_time = one.subject
    return {
        "zone": zone,
        "dataset_id": dataset_id,
        "export_time": export_time,
        "path": one.path,
        "code": one.code,
        "actual": one.actual,
        "place": to_json(dict(one.where)) if one.where else None,
        "count": one.count,
        "reason": one.accepted.reason,
        "ends_at": to_moment(one.accepted.until),
        "lifted": lifted,
        "said_by": one.accepted.by,
        "said_at": to_stored(one.accepted.at),
    }


def list_waivers(catalog: Catalog, zone: str | None = None, dataset_id: str | None = None) -> list[Waiver]:
    """Return the waivers that stand, of all datasets or of one, by dataset and beginning."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT zone, dataset_id, starts_at, ends_at, reason, said_by, said_at FROM waivers
               WHERE ($zone IS NULL OR zone = $zone) AND ($dataset IS NULL OR dataset_id = $dataset) ORDER BY ALL""",
            {"zone": zone and storable(zone), "dataset": dataset_id and storable(dataset_id)},
        ).fetchall()
    return [
        Waiver(
            zone=restored(row[0]),
            dataset_id=restored(row[1]),
            starts_at=row[2].replace(tzinfo=UTC),
            ends_at=row[3].replace(tzinfo=UTC),
            reason=restored(row[4]),
            said_by=restored(row[5]),
            said_at=row[6].replace(tzinfo=UTC),
        )
        for row in rows
    ]


def pauses(catalog: Catalog) -> dict[tuple[str, str], tuple[Pause, ...]]:
    """Return what nothing is asked of, by zone and dataset: what was waived, and slots without anything to export."""
    found: dict[tuple[str, str], list[Pause]] = defaultdict(list)
    for waiver in list_waivers(catalog):
        found[waiver.zone, waiver.dataset_id].append(waiver.pause())
    for key, slots in empty_slots(catalog).items():
        found[key] += [Pause(due, due, f"run {run} of Adobe had nothing to export") for due, run in slots.items()]
    return {key: tuple(some) for key, some in found.items()}


def empty_slots(catalog: Catalog) -> dict[tuple[str, str], dict[datetime, str]]:
    """Return the slots of which a run of Adobe had nothing to export, by zone and dataset: when due, and the run."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT zone, dataset_id, due_at, run_id FROM empty_slots ORDER BY ALL").fetchall()
    found: dict[tuple[str, str], dict[datetime, str]] = defaultdict(dict)
    for zone, dataset_id, due_at, run_id in rows:
        found[restored(zone), restored(dataset_id)][due_at.replace(tzinfo=UTC)] = run_id
    return found


def list_acceptances(catalog: Catalog) -> list[Acceptance]:
    """Return what was accepted and not taken back, also where its time is over."""
    with catalog.read() as connection:
        return _acceptances(connection)


def acceptances_at(catalog: Catalog, at: datetime) -> Acceptances:
    """Return what is accepted at a moment, as known now."""
    return acceptances_of(list_acceptances(catalog) if catalog.exists else (), at)


def acceptances_now(connection: Connection) -> Acceptances:
    """Return what is accepted now, by the clock that the views go by."""
    now = connection.execute("SELECT now() AT TIME ZONE 'UTC'").fetchall()[0][0]
    return acceptances_of(_acceptances(connection), now.replace(tzinfo=UTC))


def _acceptances(connection: Connection) -> list[Acceptance]:
    return [_acceptance(row) for row in connection.execute(_ACCEPTANCES).fetchall()]


def _acceptance(row: Sequence[object]) -> Acceptance:
    zone, dataset_id, export_time, path, code, actual, place, count, reason, ends_at, said_by, said_at = row
    texts = [None if text is None else restored(str(text)) for text in (dataset_id, export_time, path)]
    return Acceptance(
        subject=(restored(str(zone)), texts[0], texts[1]),
        path=texts[2],
        code=str(code),
        actual=None if actual is None else str(actual),
        where=from_json(str(place)) if place else {},
        count=int(str(count)),
        accepted=Accepted(
            by=restored(str(said_by)),
            at=_moment(said_at),
            reason=restored(str(reason)),
            until=None if ends_at is None else _moment(ends_at),
        ),
    )


def _moment(value: object) -> datetime:
    moment = from_stored(value) if isinstance(value, datetime) else None
    if moment is None:
        raise TypeError(f"expected a moment, got {type(value).__name__}")
    return moment
