"""The ledger that a catalog writes: whatever is recorded is told in it, in the same transaction; not who signs it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pyarrow as pa

from catalog.caller import who
from catalog.ledger.canonical import canonical_plain
from catalog.ledger.merkle import Peaks, leaf_hash
from catalog.store.codec import Row, from_stored, to_stored
from catalog.store.database import OPTIONS, WRITE_OPTIONS, Catalog, Connection
from catalog.store.ledger_facts import ROWS, Fact, facts_of, recorded_moments

SCHEMA = "landproof/ledger-entry/1"
_MOST_MOMENTS = 64
_FIELDS = {
    "origin": pa.string(), "sequence": pa.int64(), "kind": pa.string(), "about": pa.string(),
    "recorded_at": pa.timestamp("us"), "body": pa.string(), "leaf": pa.binary(), "appended_at": pa.timestamp("us"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One entry as it is kept: its canonical JSON, and what the columns beside it repeat."""

    origin: str
    sequence: int
    kind: str
    about: str
    recorded_at: datetime
    body: str
    appended_at: datetime

    def row(self) -> Row:
        """Return its row, as it stands in a segment."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A ledger as far as it has grown, with its newest checkpoint: how many entries that covers, and its note."""

    origin: str
    peaks: Peaks
    covered: int = 0
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """When something is told in a ledger, and by which version of this program."""

    at: datetime
    tool_version: str


def append(connection: Connection, moments: Sequence[datetime], telling: Telling, of: Collection[str] = ROWS) -> None:
    """Tell in the catalog's own ledger all that was recorded as of these moments (as stored) and is not told yet.

    `of` says which rows came, as in an entry of the journal. Begins the ledger where there is none; then everything
    that is recorded is told.
    """
    if not ROWS & set(of):
        return
    origin = own_origin(connection)
    if origin is None:
        origin, moments, of = begin(connection, telling.at), recorded_moments(connection), ROWS
    # The files of a snapshot are sorted at once, and of a catalog with a past those of many.
    connection.execute(f"SET memory_limit = '{OPTIONS['memory_limit']}'")
    for start in range(0, len(moments), _MOST_MOMENTS):
        facts = _untold(connection, origin, moments[start : start + _MOST_MOMENTS], of)
        if facts:
            _append(connection, origin, facts, telling)
    connection.execute(f"SET memory_limit = '{WRITE_OPTIONS['memory_limit']}'")


def tell_all(catalog: Catalog, telling: Telling) -> None:
    """Begin the ledger of a catalog that has recorded anything, and has none."""
    with catalog.write() as connection:
        if own_origin(connection) is None and recorded_moments(connection):
            append(connection, (), telling)


def own_origin(connection: Connection) -> str | None:
    """Return the name of the ledger that this catalog writes, None where it has written none."""
    rows = connection.execute("SELECT origin FROM own_ledger").fetchall()
    return str(rows[0][0]) if rows else None


def begin(connection: Connection, at: datetime, origin: str | None = None) -> str:
    """Begin a ledger of this catalog's own, or go on with one that is known; return its name."""
    origin = origin or f"landproof/ledger/{uuid.uuid4().hex}"
    connection.execute("INSERT INTO own_ledger VALUES (?, ?)", [origin, to_stored(at)])
    return origin


def adopt(connection: Connection, at: datetime) -> None:
    """Go on with the ledger that there is, in a catalog that was made again of segments.

    Of several, which come from several machines, none: two that go on with one would both be wrong.
    """
    rows = connection.execute("SELECT DISTINCT origin FROM checkpoint").fetchall()
    if len(rows) == 1 and own_origin(connection) is None:
        begin(connection, at, str(rows[0][0]))


def untold_moments(connection: Connection) -> list[datetime]:
    """Return the moments as of which anything is recorded, and that no entry of the catalog's own ledger is of."""
    told = connection.execute("SELECT DISTINCT recorded_at FROM ledger_entry SEMI JOIN own_ledger USING (origin)")
    known = {row[0] for row in told.fetchall()}
    return [moment for moment in recorded_moments(connection) if moment not in known]


def read_head(catalog: Catalog, verifier: str | None = None) -> tuple[Head | None, bool]:
    """Return how far the catalog's own ledger has grown, None where there is none; and whether a key is known in it."""
    with catalog.read() as connection:
        origin = own_origin(connection)
        keys = connection.execute("SELECT 1 FROM signing_key WHERE verifier = ?", [verifier]).fetchall()
        if origin is None:
            return None, bool(keys)
        rows = connection.execute(
            "SELECT size, note FROM checkpoint WHERE origin = ? ORDER BY size DESC, made_at DESC LIMIT 1", [origin]
        ).fetchall()
        covered, note = rows[0] if rows else (0, None)
        return Head(origin=origin, peaks=_peaks(connection, origin), covered=covered, note=note), bool(keys)


def entries_from(catalog: Catalog, origin: str, start: int, count: int) -> list[LedgerEntry]:
    """Return some entries of a ledger by sequence, from `start` on."""
    with catalog.read() as connection:
        rows = connection.execute(
            """SELECT origin, sequence, kind, about, recorded_at, body, appended_at FROM ledger_entry
               WHERE origin = ? AND sequence >= ? AND sequence < ? ORDER BY sequence""",
            [origin, start, start + count],
        ).fetchall()
    names = ("origin", "sequence", "kind", "about", "recorded_at", "body", "appended_at")
    return [LedgerEntry(**dict(zip(names, row, strict=True))) for row in rows]


def _untold(connection: Connection, origin: str, moments: Sequence[datetime], of: Collection[str]) -> list[Fact]:
    """Return what was recorded as of some moments and is in no entry; there rarely is any for the same moment."""
    facts = list(facts_of(connection, moments, of))
    told = connection.execute(
        "SELECT body FROM ledger_entry SEMI JOIN ledger_moment USING (recorded_at) WHERE origin = ?", [origin]
    ).fetchall()
    if not told:
        return facts
    bodies = (json.loads(body) for (body,) in told)
    known = {Fact.digest_of(body["kind"], body["about"], body["facts"]) for body in bodies}
    return [fact for fact in facts if fact.digest not in known]


def _append(connection: Connection, origin: str, facts: Sequence[Fact], telling: Telling) -> None:
    peaks, by = _peaks(connection, origin), who()
    rows = [_row(origin, peaks.size + n, fact, telling, by) for n, fact in enumerate(facts)]
    columns = [pa.array([row[name] for row in rows], kind) for name, kind in _FIELDS.items()]
    connection.register("ledger_new", pa.table(columns, schema=pa.schema(list(_FIELDS.items()))))
    connection.execute("INSERT INTO ledger_entry BY NAME FROM ledger_new ORDER BY sequence")
    grown = peaks.append(row["leaf"] for row in rows)
    kept = [origin, grown.size, json.dumps([one.hex() for one in grown.hashes]), to_stored(telling.at)]
    connection.execute("INSERT INTO ledger_head VALUES (?, ?, ?, ?)", kept)


def _row(origin: str, sequence: int, fact: Fact, telling: Telling, by: str) -> Row:
    body = canonical_plain(
        {
            "schema": SCHEMA,
            "sequence": sequence,
            "time": telling.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "kind": fact.kind,
            "about": fact.about,
            "by": by,
            "tool_version": telling.tool_version,
            "facts": fact.facts,
        }
    )
    return {
        "origin": origin,
        "sequence": sequence,
        "kind": fact.kind,
        "about": fact.about,
        "recorded_at": fact.recorded_at,
        "body": body.decode(),
        "leaf": leaf_hash(body),
        "appended_at": to_stored(telling.at),
    }


def _peaks(connection: Connection, origin: str) -> Peaks:
    """Return what a ledger grows on from: as kept, or made of all its entries where they came with segments."""
    rows = connection.execute(
        """SELECT h.size, h.peaks FROM ledger_head h
           JOIN (SELECT max(sequence) + 1 AS size FROM ledger_entry WHERE origin = $origin) e USING (size)
           WHERE h.origin = $origin ORDER BY h.appended_at DESC LIMIT 1""",
        {"origin": origin},
    ).fetchall()
    for size, peaks in rows:
        return Peaks(size, tuple(bytes.fromhex(one) for one in json.loads(peaks)))
    return Peaks().append(leaves(connection, origin))


def leaves(connection: Connection, origin: str) -> Iterator[bytes]:
    """Yield the hashes of all entries of a ledger, in order."""
    cursor = connection.execute("SELECT leaf FROM ledger_entry WHERE origin = ? ORDER BY sequence", [origin])
    while some := cursor.fetchmany(100_000):
        yield from (row[0] for row in some)


def newest_entry_at(catalog: Catalog) -> datetime | None:
    """Return when anything was last told in the catalog's own ledger, None where nothing was."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT max(appended_at) FROM ledger_entry SEMI JOIN own_ledger USING (origin)")
        return from_stored(rows.fetchall()[0][0])
