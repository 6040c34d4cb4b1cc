"""How much there is to audit in a period, counted from what is recorded; the report judges it anew and in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.store.codec import from_stored, storable, to_stored
from catalog.store.database import Catalog, Connection
from catalog.store.evidence_ledger import ledger_state

Values = dict[str, object]
_PLACE = "($zone IS NULL OR zone = $zone) AND ($dataset_id IS NULL OR dataset_id = $dataset_id)"
_ID = """($zone IS NULL OR split_part({0}, '/', 1) = $zone)
    AND ($dataset_id IS NULL OR split_part({0}, '/', 2) = $dataset_id)"""
_IN = "BETWEEN $since AND $until"
# A slot was an exception where it was ever recorded as missing, or as filled by bytes that are bad.
_SLOTS = f"""
WITH chosen AS (FROM slots WHERE due_at {_IN} AND {_PLACE}),
ever AS (
    SELECT DISTINCT zone, dataset_id, due_at FROM slot_transition
    WHERE due_at {_IN} AND {_PLACE} AND (after = 'missing' OR verdict IN ('corrupt', 'incomplete')))
SELECT status, verdict, count(*), count(e.due_at) FROM chosen LEFT JOIN ever e USING (zone, dataset_id, due_at)
GROUP BY status, verdict ORDER BY status, verdict"""
_READS = f"""
SELECT count(*), count(DISTINCT snapshot_key) FROM full_read
SEMI JOIN (FROM snapshot WHERE {_PLACE}) USING (snapshot_key) WHERE read_at {_IN}"""
_COUNTED = {
    "scans": f"""SELECT state, count(*) FROM scans
                 WHERE started_at {_IN} AND ($zone IS NULL OR zone = $zone) GROUP BY ALL""",
    "drills": f"SELECT state, count(*) FROM drill WHERE started_at {_IN} AND {_PLACE} GROUP BY ALL",
    "restores": f"SELECT state, count(*) FROM restores WHERE started_at {_IN} GROUP BY ALL",
    "copies": f"""SELECT CASE WHEN complete THEN 'complete' ELSE 'incomplete' END, count(*) FROM copies
                  WHERE finished_at {_IN} AND {_ID.format("source")} GROUP BY ALL""",
    "control_tests": f"""SELECT CASE WHEN passed THEN 'passed' ELSE 'failed' END, count(*) FROM control_test
                         WHERE started_at {_IN} AND {_ID.format("snapshot")} GROUP BY ALL""",
    "decisions": f"""
        SELECT 'waivers', count(*) FROM waivers WHERE starts_at <= $until AND ends_at >= $since AND {_PLACE} UNION ALL
        SELECT 'acceptances', count(*) FROM acceptances WHERE said_at {_IN}
            AND ($zone IS NULL OR zone = $zone) AND ($dataset_id IS NULL OR dataset_id = $dataset_id) UNION ALL
        SELECT 'accepted_gaps', count(*) FROM gap_acceptance WHERE accepted_at {_IN} UNION ALL
        SELECT 'holds_now', count(*) FROM holds WHERE {_ID.format("snapshot")}""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPeriod:
    """A time, both ends included, of all zones and datasets or of one."""

    since: datetime
    until: datetime
    zone: str | None = None
    dataset_id: str | None = None

    @property
    def values(self) -> Values:
        """The values of the SQL that keeps to it."""
        return {
            "since": to_stored(self.since),
            "until": to_stored(self.until),
            "zone": self.zone and storable(self.zone),
            "dataset_id": self.dataset_id and storable(self.dataset_id),
        }


@dataclass(frozen=True, slots=True)
class SlotCount:
    """How many slots of the period stand so; `ever` of them were once missing, or filled by bad bytes."""

    status: str
    verdict: str | None
    slots: int
    ever: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures:
    """How far the catalog's own ledger is, and how much of it was appended in the period."""

    origin: str | None
    entries: int
    entries_in_period: int
    note: str | None
    checkpoints: int
    begun_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFigures:
    """What the catalog has of a period; `counted` by kind, then by state."""

    slots: tuple[SlotCount, ...]
    counted: dict[str, dict[str, int]]
    full_reads: int
    snapshots_read: int
    ledger: LedgerFigures


def audit_figures(catalog: Catalog, period: AuditPeriod) -> AuditFigures:
    """Return what is recorded of a period, in figures."""
    with catalog.read() as connection:
        reads, snapshots = _rows(connection, _READS, period.values)[0]
        return AuditFigures(
            slots=tuple(SlotCount(*row) for row in _rows(connection, _SLOTS, period.values)),
            counted={kind: dict(_rows(connection, query, period.values)) for kind, query in _COUNTED.items()},
            full_reads=reads,
            snapshots_read=snapshots,
            ledger=_ledger(connection, period),
        )


def first_due(catalog: Catalog) -> datetime | None:
    """Return when the first slot that is recorded was due."""
    with catalog.read() as connection:
        return from_stored(connection.execute("SELECT min(due_at) FROM slot_transition").fetchall()[0][0])


def _rows(connection: Connection, query: str, values: Values) -> Sequence[Any]:
    """Run a query with those of some values that it names: one too many is an error."""
    return connection.execute(query, {k: v for k, v in values.items() if f"${k}" in query}).fetchall()


def _ledger(connection: Connection, period: AuditPeriod) -> LedgerFigures:
    state = ledger_state(connection)
    entries, checkpoints, begun_at = 0, 0, None
    if state.origin is not None:
        own = {"origin": state.origin}
        entries = connection.execute(
            f"SELECT count(*) FROM ledger_entry WHERE origin = $origin AND recorded_at {_IN}",
            own | {"since": to_stored(period.since), "until": to_stored(period.until)},
        ).fetchall()[0][0]
        checkpoints = connection.execute("SELECT count(*) FROM checkpoint WHERE origin = $origin", own).fetchall()[0][0]
        begun_at = connection.execute("SELECT min(begun_at) FROM own_ledger WHERE origin = $origin", own).fetchall()[0][
            0
        ]
    return LedgerFigures(
        origin=state.origin,
        entries=state.size,
        entries_in_period=entries,
        note=state.note,
        checkpoints=checkpoints,
        begun_at=None if begun_at is None else begun_at.replace(tzinfo=UTC),
    )
