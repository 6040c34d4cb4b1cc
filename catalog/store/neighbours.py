"""What stands around one snapshot: neighbours, its slot, its hold, its ledger; judges and proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.store.codec import from_stored, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from catalog.store.holds import Hold
from catalog.store.queries import files_of
from verifier.model import Depth, FileReport, Presence, SnapshotId, Verdict

MOST_BESIDE = 3
_MOST_ENTRIES = 200
_OWN = "(SELECT any_value(origin) FROM own_ledger)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another snapshot of the same dataset, as known now; `rows` is None where they were not counted."""

    id: SnapshotId
    verdict: Verdict
    depth: Depth
    checked: int
    files: int
    bytes: int
    rows: int | None
    presence: Presence


@dataclass(frozen=True, slots=True)
class JudgedSlot:
    """What the last recorded check made of a slot, and which snapshot filled it."""

    status: str
    snapshot: str | None
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the catalog's own ledger: its place in it, and its canonical text."""

    sequence: int
    kind: str
    recorded_at: datetime
    appended_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Note:
    """One checkpoint of that ledger: how many entries it covers, its note, when it was made."""

    size: int
    text: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """All of it; `before` has the nearest first, `after` too. `slot` is None where no check has judged it.

    `notes` are the checkpoints that cover the entry of the verdict, the first one and the first that carries any
    signature; `keys` are the public keys on record.
    """

    folder: str
    name: str | None
    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]
    slot: JudgedSlot | None
    hold: Hold | None
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]
    keys: tuple[str, ...]


def around(catalog: Catalog, wanted: SnapshotId, judged_at: datetime, due_at: datetime | None) -> Around:
    """Return what stands around a snapshot whose verdict was recorded then, and which fills the slot due then."""
    place = [storable(wanted.zone), storable(wanted.dataset_id)]
    with catalog.read() as connection:
        entries = _entries(connection, wanted)
        told = next((e for e in entries if e.kind == "snapshot" and e.recorded_at == judged_at), None)
        folder = connection.execute(
            "SELECT folder FROM snapshot WHERE zone = ? AND dataset_id = ? AND export_time = ?",
            [*place, storable(wanted.export_time)],
        ).fetchall()
        name = connection.execute("SELECT name FROM schedules WHERE zone = ? AND dataset_id = ?", place).fetchall()
        return Around(
            folder=restored(folder[0][0]) if folder else "",
            name=name[0][0] if name else None,
            before=_beside(connection, wanted, is_before=True),
            after=_beside(connection, wanted, is_before=False),
            slot=None if due_at is None else _slot(connection, place, due_at),
            hold=_hold(connection, wanted),
            entries=entries,
            notes=() if told is None else _notes(connection, told.sequence),
            keys=_keys(connection) if told is not None else (),
        )


def _beside(connection: Connection, wanted: SnapshotId, *, is_before: bool) -> tuple[Neighbour, ...]:
    """Return the nearest by export time; keys first, so that the view is asked for those alone."""
    sign, order = ("<", "DESC") if is_before else (">", "ASC")
    near = connection.execute(
        f"""SELECT snapshot_key FROM snapshot
            WHERE zone = ? AND dataset_id = ? AND (export_at, export_time) {sign} (?, ?)
            ORDER BY export_at {order}, export_time {order} LIMIT {MOST_BESIDE}""",
        [storable(wanted.zone), storable(wanted.dataset_id), to_stored(wanted.export_at), wanted.export_time],
    ).fetchall()
    if not near:
        return ()
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE beside AS SELECT unnest(?::INTEGER[]) AS snapshot_key", [[key for (key,) in near]]
    )
    rows = connection.execute(
        f"""SELECT export_time, verdict, depth, checked, files, bytes, rows, presence
            FROM snapshots SEMI JOIN beside USING (snapshot_key) ORDER BY export_at {order}, export_time {order}"""
    ).fetchall()
    return tuple(
        Neighbour(
            id=SnapshotId(wanted.zone, wanted.dataset_id, restored(row[0])),
            verdict=Verdict(row[1]),
            depth=Depth(row[2]),
            checked=row[3],
            files=row[4],
            bytes=row[5],
            rows=row[6],
            presence=Presence(row[7]),
        )
        for row in rows
    )


def _slot(connection: Connection, place: Sequence[str], due_at: datetime) -> JudgedSlot | None:
    rows = connection.execute(
        "SELECT status, snapshot, recorded_at FROM slots WHERE zone = ? AND dataset_id = ? AND due_at = ?",
        [*place, to_stored(due_at)],
    ).fetchall()
    for status, snapshot, recorded_at in rows[-1:]:
        at = from_stored(recorded_at)
        if at is not None:
            return JudgedSlot(str(status), snapshot and restored(snapshot), at)
    return None


def _hold(connection: Connection, wanted: SnapshotId) -> Hold | None:
    rows = connection.execute(
        "SELECT reason, said_by, said_at FROM holds WHERE snapshot = ?", [storable(str(wanted))]
    ).fetchall()
    for reason, said_by, said_at in rows:
        at = from_stored(said_at)
        if at is not None:
            return Hold(snapshot=wanted, reason=restored(reason), said_by=restored(said_by), said_at=at)
    return None


def _entries(connection: Connection, wanted: SnapshotId) -> tuple[Entry, ...]:
    """Return the newest entries about a snapshot, in order."""
    rows = connection.execute(
        f"""SELECT sequence, kind, recorded_at, appended_at, body FROM ledger_entry
            WHERE about = ? AND origin = {_OWN} ORDER BY sequence DESC LIMIT {_MOST_ENTRIES}""",
        [storable(str(wanted))],
    ).fetchall()
    found = []
    for sequence, kind, recorded_at, appended_at, body in reversed(rows):
        recorded, appended = from_stored(recorded_at), from_stored(appended_at)
        if recorded is not None and appended is not None:
            found.append(Entry(int(sequence), str(kind), recorded, appended, str(body)))
    return tuple(found)


def _notes(connection: Connection, sequence: int) -> tuple[Note, ...]:
    rows = connection.execute(
        f"""SELECT DISTINCT size, note, made_at FROM (
                FROM checkpoint WHERE origin = {_OWN} AND size > $least
                QUALIFY row_number() OVER (PARTITION BY contains(note, chr(8212)) ORDER BY size, made_at, note) = 1)
            ORDER BY size, made_at""",
        {"least": sequence},
    ).fetchall()
    return tuple(Note(int(size), str(note), made) for size, note, at in rows if (made := from_stored(at)) is not None)


def _keys(connection: Connection) -> tuple[str, ...]:
    rows = connection.execute("SELECT verifier FROM signing_key ORDER BY said_at DESC, name DESC").fetchall()
    return tuple(dict.fromkeys(str(row[0]) for row in rows))


def files_there(catalog: Catalog, snapshots: Sequence[SnapshotId]) -> dict[SnapshotId, list[FileReport]]:
    """Return the files of some snapshots that are there, by path; quick for few snapshots of a large catalog."""
    wanted = {(storable(s.zone), storable(s.dataset_id), s.export_time): s for s in snapshots}
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT snapshot_key, zone, dataset_id, export_time FROM snapshot JOIN (
                   SELECT unnest(?::VARCHAR[]) AS zone, unnest(?::VARCHAR[]) AS dataset_id,
                          unnest(?::VARCHAR[]) AS export_time) USING (zone, dataset_id, export_time)""",
            [[key[part] for key in wanted] for part in range(3)],
        ).fetchall()
        found = files_of(connection, [row[0] for row in rows])
    return {
        wanted[zone, dataset_id, export_time]: [
            file.known.report for file in found.get(key, ()) if file.presence is Presence.PRESENT
        ]
        for key, zone, dataset_id, export_time in rows
    }
