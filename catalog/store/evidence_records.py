"""What was recorded of scans, copies, restores, drills, tests and decisions, as a ledger tells it; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from catalog.store.codec import to_stored
from catalog.store.database import Connection
from catalog.store.ledger_facts import Fact, facts_of

RECORDS = (
    "scan", "copy", "restore", "gap-acceptance", "drill", "waiver", "acceptance", "hold", "control-test",
)  # fmt: skip
"""The kinds of facts of which there are few enough to have them all at once."""
_ROWS = (*RECORDS[1:], "scan-end")
_MOMENTS = " UNION ".join(
    f"SELECT recorded_at FROM {table}"
    for table in (
        "scan_end", "copies", "restore", "gap_acceptance", "drill", "waiver", "acceptance", "hold", "control_test",
    )
)  # fmt: skip
_MOMENTS_AT_ONCE = 1_000


class Begun(NamedTuple):
    """A look at a zone: its number among all, and how it stands."""

    about: str
    scan_id: str
    zone: str
    url: str
    kind: str
    depth: str
    scope: str
    started_at: datetime
    state: str
    tool_version: str
    run_by: str | None
    endpoint: str | None
    identity: str | None
    settings: str


class ZoneFound(NamedTuple):
    """A finding of looks at a zone, of the zone itself or of a file in no snapshot; `place` is JSON.

    `first` and `last` are the looks that had it. For a file in no snapshot its findings are JSON in `strays`, and what
    follows `path` is None.
    """

    zone: str
    scope: str
    first: int
    last: int
    position: int | None
    path: str | None
    strays: str | None
    code: str | None
    level: str | None
    message: str | None
    expected: str | None
    actual: str | None
    occurrences: int | None
    place: str | None


class ZoneLook(NamedTuple):
    """A look at a zone that ended, in its turn."""

    zone: str
    scope: str
    scan_key: int
    about: str
    recorded_at: datetime
    complete: bool


class RecordedSlot(NamedTuple):
    """What was last recorded of a slot, due at an aware moment."""

    zone: str
    dataset_id: str
    due_at: datetime
    status: str
    snapshot: str | None
    verdict: str | None


def record_facts(connection: Connection) -> list[Fact]:
    """Return what the tables say of everything of the kinds of `RECORDS`, by kind and moment."""
    moments = [row[0] for row in connection.execute(f"SELECT * FROM ({_MOMENTS}) ORDER BY 1").fetchall()]
    facts = [
        fact
        for at in range(0, len(moments), _MOMENTS_AT_ONCE)
        for fact in facts_of(connection, moments[at : at + _MOMENTS_AT_ONCE], _ROWS)
    ]
    return sorted(facts, key=lambda fact: (RECORDS.index(fact.kind), fact.recorded_at, fact.about, fact.digest))


def begun_scans(connection: Connection, since: datetime, until: datetime) -> list[Begun]:
    """Return all looks that began in a time, also those that never ended, in their turns."""
    rows = connection.execute(
        """SELECT scan_id || '/' || zone, scan_id, zone, url, kind, depth, scope, started_at, state, tool_version,
                  run_by, endpoint, identity, basis
           FROM scans JOIN turns USING (scan_key) WHERE started_at BETWEEN ? AND ? ORDER BY turn""",
        [to_stored(since), to_stored(until)],
    ).fetchall()
    return [Begun(*row) for row in rows]


def zone_looks(connection: Connection) -> list[ZoneLook]:
    """Return all looks that ended, by zone and scope, in their turns."""
    rows = connection.execute(
        """SELECT k.zone, k.scope, k.scan_key, k.scan_id || '/' || k.zone, e.recorded_at, e.complete
           FROM scan_end e JOIN scan k USING (scan_key) JOIN turns t USING (scan_key) ORDER BY zone, scope, turn"""
    ).fetchall()
    return [ZoneLook(*row) for row in rows]


def zone_found(connection: Connection, since: datetime, until: datetime) -> list[ZoneFound]:
    """Return what a look that began in a time found of its zone, or of a file in no snapshot, each once.

    By zone, scope, path and code; as the last look found it.
    """
    last = ", ".join(f"arg_max(f.{name}, t.turn)" for name in ("level", "message", "expected"))
    rows = connection.execute(
        f"""SELECT k.zone, k.scope, arg_min(scan_key, t.turn), arg_max(scan_key, t.turn), arg_max(f.position, t.turn),
                   f.path, NULL AS strays, f.code, {last}, f.actual, arg_max(f.count, t.turn), f.place::VARCHAR AS place
            FROM zone_finding f JOIN scan k USING (scan_key) JOIN turns t USING (scan_key)
            GROUP BY k.zone, k.scope, f.path, f.code, f.actual, f.place::VARCHAR
            HAVING bool_or(k.started_at BETWEEN $since AND $until)
            UNION ALL
            SELECT k.zone, k.scope, arg_min(scan_key, t.turn), arg_max(scan_key, t.turn), NULL, s.path,
                   s.findings::VARCHAR, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM stray s JOIN scan k USING (scan_key) JOIN turns t USING (scan_key)
            GROUP BY k.zone, k.scope, s.path, s.findings::VARCHAR
            HAVING bool_or(k.started_at BETWEEN $since AND $until)
            ORDER BY 1, 2, 6 NULLS FIRST, 8, 12, 14, 7""",
        {"since": to_stored(since), "until": to_stored(until)},
    ).fetchall()
    return [ZoneFound(*row) for row in rows]


def recorded_slots(connection: Connection, since: datetime, until: datetime) -> list[RecordedSlot]:
    """Return what was last recorded of every slot due in a time, by zone, dataset and due time."""
    rows = connection.execute(
        """SELECT zone, dataset_id, due_at, status, snapshot, verdict FROM slots
           WHERE due_at BETWEEN ? AND ? ORDER BY zone, dataset_id, due_at""",
        [to_stored(since), to_stored(until)],
    ).fetchall()
    return [RecordedSlot(*row)._replace(due_at=row[2].replace(tzinfo=UTC)) for row in rows]


def recorded_schedules(connection: Connection) -> Sequence[tuple[str, str, str | None, str]]:
    """Return zone, dataset, name and schedule as last seen of every dataset that ever had settings."""
    return connection.execute("SELECT zone, dataset_id, name, schedule FROM schedules ORDER BY ALL").fetchall()
