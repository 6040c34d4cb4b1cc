"""One entry into the tables, inside a transaction; the same entry again changes nothing. Not what is in entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, restored, storable, to_stored
from catalog.store.database import Connection
from catalog.store.entries import FIELDS, Entry, table
from verifier.errors import CatalogError

_SCAN_KEY = "(SELECT scan_key FROM scan WHERE scan_id = $id AND zone = $zone)"
_SCAN = (
    "INSERT INTO zone SELECT zone, url, started_at FROM incoming_scan ANTI JOIN zone USING (zone)",
    """INSERT INTO scan BY NAME
       SELECT (SELECT coalesce(max(scan_key), 0) + 1 FROM scan) AS scan_key, i.*
       FROM incoming_scan i ANTI JOIN scan USING (scan_id, zone)""",
)
# Of the snapshots there are, those of the same times: in order as they are stored, the others are not looked at.
_SNAPSHOT = """(
    FROM snapshot WHERE zone = $zone
    AND export_time BETWEEN (SELECT min(export_time) FROM {of}) AND (SELECT max(export_time) FROM {of}))"""
_OF_SNAPSHOT, _OF_READ = _SNAPSHOT.format(of="incoming_snapshot"), _SNAPSHOT.format(of="incoming_read")
# What a scan has recorded of a snapshot stands.
_SNAPSHOTS = (
    f"""INSERT INTO snapshot
        SELECT (SELECT coalesce(max(snapshot_key), 0) FROM snapshot) + row_number() OVER (ORDER BY i.n),
               i.zone, i.dataset_id, i.export_time, i.export_at, i.folder, i.writer, $now
        FROM incoming_snapshot i ANTI JOIN {_OF_SNAPSHOT} s USING (zone, dataset_id, export_time) ORDER BY i.n""",
    f"""CREATE OR REPLACE TEMP TABLE fresh AS
        SELECT i.n, {_SCAN_KEY} AS scan_key, s.snapshot_key, s.folder, s.writer
        FROM incoming_snapshot i JOIN {_OF_SNAPSHOT} s USING (zone, dataset_id, export_time)
        ANTI JOIN (FROM snapshot_revision WHERE scan_key = {_SCAN_KEY}) r ON r.snapshot_key = s.snapshot_key""",
    "INSERT INTO column_set FROM incoming_columns i ANTI JOIN column_set c USING (digest)",
    """INSERT INTO snapshot_revision BY NAME
       SELECT f.scan_key, f.snapshot_key, i.* EXCLUDE (n, zone, dataset_id, export_time, export_at, folder, writer),
              $now AS recorded_at
       FROM incoming_snapshot i JOIN fresh f USING (n) ORDER BY n""",
    """INSERT INTO file_revision BY NAME
       SELECT f.scan_key, f.snapshot_key, to_name(i.path, f.folder, f.writer) AS name, i.* EXCLUDE (n, path),
              TRY_CAST('0x' || i.sha256[1:8] AS UINTEGER) AS sha256_head, $now AS recorded_at
       FROM incoming_file i JOIN fresh f USING (n) ORDER BY n, name""",
    """INSERT INTO finding BY NAME
       SELECT f.scan_key, f.snapshot_key, to_name(i.path, f.folder, f.writer) AS name, i.* EXCLUDE (n, path)
       FROM incoming_finding i JOIN fresh f USING (n) ORDER BY n, position""",
)
_READS = (
    f"""INSERT INTO full_read
        SELECT {_SCAN_KEY}, s.snapshot_key, to_name(i.path, s.folder, s.writer) AS name, $now
        FROM incoming_read i JOIN {_OF_READ} s USING (zone, dataset_id, export_time)
        ANTI JOIN (FROM full_read WHERE scan_key = {_SCAN_KEY}) r ON r.snapshot_key = s.snapshot_key
        ORDER BY s.snapshot_key, name""",
)
_STRAYS = (
    f"""INSERT INTO stray BY NAME SELECT {_SCAN_KEY} AS scan_key, i.*, $now AS recorded_at FROM incoming_stray i
        ANTI JOIN (FROM stray WHERE scan_key = {_SCAN_KEY}) s USING (path) ORDER BY path""",
)
_SCAN_END = (
    f"""CREATE OR REPLACE TEMP TABLE ending AS
        SELECT {_SCAN_KEY} AS scan_key, i.*, $now AS recorded_at FROM incoming_scan_end i
        WHERE NOT EXISTS (FROM scan_end WHERE scan_key = {_SCAN_KEY})""",
    "INSERT INTO scan_end BY NAME FROM ending",
    """INSERT INTO zone_finding BY NAME
       SELECT scan_key, i.* FROM incoming_zone_finding i CROSS JOIN (SELECT scan_key FROM ending) ORDER BY position""",
)
_SLOTS = (
    """INSERT INTO slot_transition BY NAME SELECT DISTINCT *, $now AS recorded_at FROM incoming_slot
       ORDER BY zone, dataset_id, due_at""",
)
_SCHEDULES = (
    """INSERT INTO schedule_seen BY NAME SELECT DISTINCT *, $now AS recorded_at FROM incoming_schedule
       ORDER BY zone, dataset_id""",
)
# What a catalog wrote itself is there already when its segment comes.
_LEDGER_ENTRIES = """INSERT INTO ledger_entry BY NAME
    SELECT *, unhex(sha256('\\x00'::BLOB || encode(body))) AS leaf FROM incoming_ledger_entry i ANTI JOIN (
        FROM ledger_entry WHERE sequence BETWEEN (SELECT min(sequence) FROM incoming_ledger_entry)
                                             AND (SELECT max(sequence) FROM incoming_ledger_entry)) e
    USING (origin, sequence, body) ORDER BY origin, sequence"""


def _dated(table_name: str, of: str) -> tuple[str, ...]:
    """Return the step that appends rows of one kind with the moment as of which they are recorded."""
    return (f"INSERT INTO {table_name} BY NAME SELECT *, $now AS recorded_at FROM incoming_{of}",)


# In this order, each where there are rows of what it takes.
_STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("scan", _SCAN),
    ("snapshot", _SNAPSHOTS),
    ("read", _READS),
    ("stray", _STRAYS),
    ("scan-end", _SCAN_END),
    ("slot", _SLOTS),
    ("schedule", _SCHEDULES),
    ("copy", _dated("copies", "copy")),
    ("restore", _dated("restore", "restore")),
    ("gap-acceptance", _dated("gap_acceptance", "gap_acceptance")),
    ("drill", _dated("drill", "drill")),
    ("waiver", _dated("waiver", "waiver")),
    ("acceptance", _dated("acceptance", "acceptance")),
    ("hold", _dated("hold", "hold")),
    ("control-test", _dated("control_test", "control_test")),
    ("signing-key", _dated("signing_key", "signing_key")),
    ("ledger-entry", (_LEDGER_ENTRIES,)),
    ("checkpoint", _dated("checkpoint", "checkpoint")),
    ("night", ("INSERT INTO night BY NAME FROM incoming_night",)),
    ("notice", ("INSERT INTO notice BY NAME FROM incoming_notice",)),
    ("delivery", ("INSERT INTO delivery BY NAME FROM incoming_delivery",)),
    ("flow", ("INSERT INTO flow_seen BY NAME FROM incoming_flow",)),
    ("run", ("INSERT INTO flow_run BY NAME FROM incoming_run",)),
    ("empty-slot", ("INSERT INTO empty_slot BY NAME FROM incoming_empty_slot",)),
)
# What a batch promises of the tables, so that a catalog can be checked against itself.
_COUNTED = {
    "snapshot_revision": "snapshots",
    "file_revision": "files",
    "finding": "findings",
    "stray": "strays",
    "full_read": "reads",
}


def begin(connection: Connection, start: Row) -> None:
    """Note that a look at a zone has begun; the same again changes nothing. Raises CatalogError as `insert` does."""
    connection.register("incoming_scan", table([start], FIELDS["scan"]))
    _refuse_other_place(connection)
    for statement in _SCAN:
        connection.execute(statement)


def insert(connection: Connection, entry: Entry, sha256: str | None) -> bool:
    """Append an entry and return True, or False where it is there; `sha256` is of its segment's file, if there is one.

    Raises CatalogError where another place is recorded under the zone's name, or rows are not what they should be.
    """
    path = entry.header.path
    if connection.execute("SELECT 1 FROM segment WHERE path = ?", [path]).fetchall():
        return False
    for name, rows in _incoming(entry):
        connection.register(name, rows)
    _refuse_other_place(connection)
    values = {"id": storable(entry.id), "zone": storable(entry.zone), "now": to_stored(entry.written_at)}
    counts: Counter[str] = Counter()
    for of, statements in _STEPS:
        for statement in statements if entry.rows.get(of) else ():
            used = {name: value for name, value in values.items() if f"${name}" in statement}
            done = connection.execute(statement, used).fetchall()
            counts[statement.split(maxsplit=3)[2]] += done[0][0] if done else 0
    if entry.kind is SegmentKind.SCAN:
        counted = {name: counts[of] for of, name in _COUNTED.items()}
        connection.execute(
            f"""INSERT INTO batch BY NAME
                SELECT {_SCAN_KEY} AS scan_key, $now AS recorded_at, {", ".join(f"${n} AS {n}" for n in counted)}""",
            values | counted,
        )
    noted = [path, entry.kind.value, sha256, entry.count, values["now"]]
    connection.execute("INSERT INTO segment VALUES (?, ?, ?, ?, ?)", noted)
    return True


def _incoming(entry: Entry) -> Iterator[tuple[str, pa.Table]]:
    try:
        for of, fields in FIELDS.items():
            yield f"incoming_{of.replace('-', '_')}", table(entry.rows.get(of, ()), fields)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise CatalogError(f"segment {entry.header.path}: holds values that are not what they should be") from error


def _refuse_other_place(connection: Connection) -> None:
    rows = connection.execute(
        "SELECT i.zone, i.url, z.url FROM incoming_scan i JOIN zone z USING (zone) WHERE i.url <> z.url"
    ).fetchall()
    for zone, url, known in rows:
        raise CatalogError(
            f"catalog: zone {restored(zone)} is {known} here, expected {url}",
            hint="give the new place another zone name, or name another file with --catalog",
        )
