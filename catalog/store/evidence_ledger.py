"""What this catalog's own ledger holds, for evidence: entries by what they are about, bodies, leaves, checkpoints.

Verifies nothing, and knows nothing of ledgers that were taken in with others' segments.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from catalog.store.codec import storable, to_stored
from catalog.store.database import Connection

_OWN = "(SELECT any_value(origin) FROM own_ledger)"
_ROWS_AT_ONCE = 10_000


class Told(NamedTuple):
    """One entry of the ledger."""

    sequence: int
    kind: str
    about: str
    body: str


class SlotTold(NamedTuple):
    """What the newest entry about a slot says of it."""

    sequence: int
    status: str
    snapshot: str | None
    verdict: str | None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """The ledger's name and the newest checkpoint of it; None where there is none yet."""

    origin: str | None
    size: int
    note: str | None


def ledger_state(connection: Connection) -> LedgerState:
    """Return how far the ledger has grown, and its newest checkpoint's note."""
    rows = connection.execute("SELECT origin FROM own_ledger ORDER BY begun_at, origin LIMIT 1").fetchall()
    if not rows:
        return LedgerState(None, 0, None)
    origin = str(rows[0][0])
    size = connection.execute("SELECT count(*) FROM ledger_entry WHERE origin = ?", [origin]).fetchall()[0][0]
    notes = connection.execute(
        "SELECT note FROM checkpoint WHERE origin = ? ORDER BY size DESC, made_at DESC, note LIMIT 1", [origin]
    ).fetchall()
    return LedgerState(origin, int(size), str(notes[0][0]) if notes else None)


def of_block(connection: Connection) -> dict[str, list[Told]]:
    """Return the entries about the snapshots of the table `block`, and of reading them again, by snapshot, in order."""
    rows = connection.execute(
        f"""SELECT sequence, kind, about, body FROM ledger_entry SEMI JOIN block ON about = id
            WHERE origin = {_OWN} AND kind IN ('snapshot', 'read') ORDER BY sequence"""
    ).fetchall()
    told: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        told[row[2]].append(Told(*row))
    return told


def of_kinds(connection: Connection, kinds: Sequence[str]) -> list[Told]:
    """Return all entries of some kinds, in order."""
    rows = connection.execute(
        f"""SELECT sequence, kind, about, body FROM ledger_entry
            WHERE origin = {_OWN} AND list_contains(?::VARCHAR[], kind) ORDER BY sequence""",
        [list(kinds)],
    ).fetchall()
    return [Told(*row) for row in rows]


def snapshots_only_told(connection: Connection) -> list[Told]:
    """Return the newest entry of each snapshot that the catalog itself does not have, by what it is about."""
    rows = connection.execute(
        f"""SELECT max(sequence), 'snapshot', about, arg_max(body, sequence) FROM ledger_entry
            ANTI JOIN (SELECT zone || '/' || dataset_id || '/' || export_time AS about FROM snapshot) USING (about)
            WHERE origin = {_OWN} AND kind = 'snapshot' GROUP BY about ORDER BY about"""
    ).fetchall()
    return [Told(*row) for row in rows]


def slot_entries(connection: Connection, since: datetime, until: datetime) -> dict[str, SlotTold]:
    """Return the newest entry of each slot due in a time, by what it is about."""
    rows = connection.execute(
        f"""SELECT about, max_by({{s: sequence, b: body}}, (recorded_at, sequence)) FROM ledger_entry
            WHERE origin = {_OWN} AND kind = 'slot'
              AND try_strptime(right(about, 20), '%Y-%m-%dT%H:%M:%SZ') BETWEEN ? AND ?
            GROUP BY about""",
        [to_stored(since), to_stored(until)],
    ).fetchall()
    told = {}
    for about, newest in rows:
        facts = json.loads(newest["b"])["facts"]
        told[str(about)] = SlotTold(newest["s"], facts["after"], facts["snapshot"], facts["verdict"])
    return told


def snapshot_entries(
    connection: Connection, zone: str, dataset_id: str
) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Return the entries about all snapshots of a dataset: sequence and body by id and moment, as evidence tells it."""
    rows = connection.execute(
        f"""SELECT about, recorded_at, sequence, body FROM ledger_entry
            WHERE origin = {_OWN} AND kind = 'snapshot' AND starts_with(about, ?) ORDER BY sequence""",
        [f"{storable(zone)}/{storable(dataset_id)}/"],
    ).fetchall()
    found: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for about, at, sequence, body in rows:
        found[about, f"{at.isoformat()}Z"].append((sequence, body))
    return dict(found)


def bodies(connection: Connection, sequences: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield the sequence and body of some entries, named in order, in that order."""
    for at in range(0, len(sequences), _ROWS_AT_ONCE):
        some = sequences[at : at + _ROWS_AT_ONCE]
        rows = connection.execute(
            f"""SELECT sequence, body FROM ledger_entry
                WHERE origin = {_OWN} AND sequence BETWEEN ? AND ? AND list_contains(?::BIGINT[], sequence)
                ORDER BY sequence""",
            [some[0], some[-1], list(some)],
        ).fetchall()
        yield from ((int(sequence), str(body).encode()) for sequence, body in rows)


def key_lines(connection: Connection) -> list[str]:
    """Return the verifier lines of all keys on record, the newest first."""
    rows = connection.execute("SELECT verifier FROM signing_key ORDER BY said_at DESC, name DESC").fetchall()
    return list(dict.fromkeys(str(row[0]) for row in rows))
