"""A catalog whose log was left one checkpoint behind by a kill: made to open again, checked, and written down.

Not a repair of damaged data: what cannot be proved consistent stays as it was found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from catalog.store import migrate
from verifier.errors import CatalogError

_OF_REVISION = "ANTI JOIN snapshot_revision USING (scan_key, snapshot_key)"
# Each gives the number of rows that contradict another table; none in a whole catalog.
_CONTRADICTIONS: tuple[tuple[str, str], ...] = (
    ("an end without its scan", "FROM scan_end ANTI JOIN scan USING (scan_key)"),
    ("a batch without its scan", "FROM batch ANTI JOIN scan USING (scan_key)"),
    ("a snapshot's revision without its scan", "FROM snapshot_revision ANTI JOIN scan USING (scan_key)"),
    ("a snapshot's revision without its snapshot", "FROM snapshot_revision ANTI JOIN snapshot USING (snapshot_key)"),
    ("a file's revision without its snapshot's", f"FROM file_revision {_OF_REVISION}"),
    ("a finding without its snapshot's revision", f"FROM finding {_OF_REVISION}"),
    ("a read without its snapshot", "FROM full_read ANTI JOIN snapshot USING (snapshot_key)"),
    (
        "a revision whose columns are not recorded",
        "FROM snapshot_revision r ANTI JOIN column_set c ON digest = columns_digest WHERE columns_digest IS NOT NULL",
    ),
)
_TOTALS: tuple[tuple[str, str], ...] = (
    ("snapshots", "snapshot_revision"),
    ("files", "file_revision"),
    ("findings", "finding"),
    ("strays", "stray"),
    ("reads", "full_read"),
)


def contradictions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return what in the catalog contradicts itself, in words; empty when every recorded batch is there in full."""
    found = []
    for what, rows in _CONTRADICTIONS:
        if count := _number(connection, f"SELECT count(*) {rows}"):
            found.append(f"{count} times {what}")
    for counted, table in _TOTALS:
        query = f"""
            SELECT count(*) FROM (SELECT scan_key, sum({counted}) AS promised FROM batch GROUP BY scan_key) b
            FULL JOIN (SELECT scan_key, count(*) AS there FROM {table} GROUP BY scan_key) t USING (scan_key)
            WHERE coalesce(promised, 0) <> coalesce(there, 0)"""
        if count := _number(connection, query):
            found.append(f"{count} scans with another number of {counted} than was recorded")
    return found


@contextmanager
def stale_log_aside(path: Path) -> Iterator[Path]:
    """Move the log aside for the time of the body; an exception in there moves it back."""
    aside = set_aside(path)
    if aside is None:
        raise CatalogError(f"catalog {path}: its log is gone while it was looked at", hint="try again")
    try:
        yield aside
    except BaseException:
        aside.rename(_log(path))
        raise


def set_aside(path: Path) -> Path | None:
    """Rename the log beside a database file, never delete it; return its new name, or None where there was none."""
    log = _log(path)
    if not log.exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return log.rename(log.with_name(f"{log.name}.aside-{stamp}"))


def confirm(connection: duckdb.DuckDBPyConnection, path: Path, aside: Path) -> None:
    """Check a catalog that opened without its log and write the event down. Closes and raises where it is not whole."""
    try:
        migrate.pending(connection, path)
        wrong = contradictions(connection)
        if wrong:
            raise CatalogError(
                f"catalog {path}: opens only without its log, and is not whole then: {'; '.join(wrong)}",
                hint="both files were left as they are; restore a copy, or scan again into a new catalog",
            )
        connection.execute(
            "INSERT INTO event VALUES (?, 'log-set-aside', ?)",
            [datetime.now(UTC).replace(tzinfo=None), json.dumps({"log": aside.name})],
        )
    except BaseException:
        connection.close()
        raise


def _log(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
