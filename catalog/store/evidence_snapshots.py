"""How the snapshots of the table `block` came to be what they are: states, findings, files, reads; judges nothing.

All rows come by the number `n` of their snapshot; texts as they are stored, which is as a ledger has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from catalog.store.database import Connection
from catalog.store.reads import LAST_READ, oldest_reads

_ROWS_AT_ONCE = 10_000


class State(NamedTuple):
    """What one look came to of a snapshot; `settings` is the digest of the settings that judged it."""

    n: int
    snapshot_key: int
    scan_key: int
    id: str
    zone: str
    dataset_id: str
    export_at: datetime
    recorded_at: datetime
    scan: str
    verdict: str
    depth: str
    checked: int
    files: int
    bytes: int
    rows: int | None
    landed_at: datetime | None
    settled_at: datetime | None
    presence: str
    manifest: str | None
    settings: str
    tool_version: str
    files_changed: int
    files_read: int


class FoundRow(NamedTuple):
    """A finding of one look at a snapshot; `place` is JSON."""

    n: int
    scan_key: int
    position: int
    path: str | None
    code: str
    level: str
    message: str
    expected: str | None
    actual: str | None
    occurrences: int
    place: str | None


class FileRow(NamedTuple):
    """A file as known now, also where it is gone."""

    snapshot: str
    path: str
    size: int
    sha256: str | None
    kind: str
    rows: int | None
    presence: str
    first_seen_at: datetime
    last_full_read_at: datetime | None


class Reads(NamedTuple):
    """How often files of a snapshot were read in full, and the oldest last time of all its data files."""

    times: int
    full_read_at: datetime | None


_STATES = """
SELECT b.n, b.snapshot_key, r.scan_key, b.id, s.zone, s.dataset_id, s.export_at, r.recorded_at, k.scan_id, r.verdict,
       r.depth, r.checked, r.files, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence, r.manifest, r.basis,
       k.tool_version, r.files_changed, r.files_read
FROM block b JOIN snapshot s USING (snapshot_key) JOIN snapshot_revision r USING (snapshot_key)
JOIN scan k USING (scan_key) JOIN turns t USING (scan_key)
ORDER BY b.n, r.recorded_at, t.turn"""
_FOUND = """
SELECT b.n, f.scan_key, f.position, to_path(f.name, s.folder, s.writer), f.code, f.level, f.message, f.expected,
       f.actual, f.count, f.place
FROM block b JOIN finding f USING (snapshot_key) JOIN snapshot s USING (snapshot_key)
ORDER BY b.n, f.scan_key, f.position"""
# Whole paths are made of the newest state of each file alone.
_NEWEST = """
SELECT r.*, min(r.seen_at) OVER same AS first_seen_at
FROM (FROM file_revision SEMI JOIN block USING (snapshot_key)) r JOIN turns t USING (scan_key)
WINDOW same AS (PARTITION BY r.snapshot_key, r.name)
QUALIFY row_number() OVER (PARTITION BY r.snapshot_key, r.name ORDER BY r.recorded_at DESC, t.turn DESC) = 1"""
_FILES = f"""
SELECT b.id, to_path(f.name, s.folder, s.writer) AS path, f.size, f.sha256, f.kind, f.rows, f.presence, f.first_seen_at,
       CASE WHEN f.presence = 'present' AND f.sha256 IS NOT NULL THEN f.read_at END
FROM ({LAST_READ.format(files=_NEWEST, snapshots="block", at="'infinity'::TIMESTAMP")}) f
JOIN block b USING (snapshot_key) JOIN snapshot s USING (snapshot_key)
ORDER BY b.n, path"""


def states(connection: Connection) -> list[State]:
    """Return all recorded states of the block's snapshots, by snapshot, oldest first."""
    return [State(*row) for row in connection.execute(_STATES).fetchall()]


def found(connection: Connection) -> list[FoundRow]:
    """Return all findings of all these states, by snapshot, look and position."""
    return [FoundRow(*row) for row in connection.execute(_FOUND).fetchall()]


def reads(connection: Connection) -> dict[int, Reads]:
    """Return what was read in full of the block's snapshots, by their keys; those of which nothing was are left out."""
    oldest = oldest_reads(connection, "block")
    rows = connection.execute(
        "SELECT snapshot_key, count(DISTINCT scan_key) FROM full_read SEMI JOIN block USING (snapshot_key) GROUP BY ALL"
    ).fetchall()
    return {key: Reads(times, oldest.get(key)) for key, times in rows}


def files(connection: Connection) -> Iterator[FileRow]:
    """Yield all files of the block's snapshots, the gone ones included, by snapshot and the bytes of their paths."""
    result = connection.execute(_FILES)
    while rows := result.fetchmany(_ROWS_AT_ONCE):
        yield from map(FileRow._make, rows)
