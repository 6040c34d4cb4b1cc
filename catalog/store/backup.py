"""The catalog as Parquet files: all its tables, to make it again from, or what it answers, for other tools."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.store import migrate
from catalog.store.database import Catalog, Connection, create
from verifier.errors import UsageError

LIST = "landproof-backup.json"
SCHEMA = "landproof/backup/1"
EXPORTED = (
    "datasets", "snapshots", "files", "findings", "strays", "scans", "slots", "schedules", "copies", "restores",
    "full_reads",
)  # fmt: skip
"""The views of an export."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file of a backup or an export."""

    name: str
    rows: int
    size: int
    sha256: str


def back_up(catalog: Catalog, folder: Path) -> list[Written]:
    """Write every table to a Parquet file in a new folder, and a list of them at last; read in one transaction.

    Raises `UsageError` where the folder cannot be made or is not empty.
    """
    _make(folder)
    with catalog.read() as connection:
        steps = [name for name, _ in migrate.applied(connection, catalog.path)]
        names = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY ALL").fetchall()]
        written = _write(connection, folder, {name: f"FROM {name}" for name in names})
    files = [{"name": w.name, "rows": w.rows, "size": w.size, "sha256": w.sha256} for w in written]
    text = json.dumps({"schema": SCHEMA, "migrations": steps, "files": files}, indent=1)
    (folder / LIST).write_text(f"{text}\n", encoding="utf-8")
    return written


def load(path: Path, folder: Path) -> None:
    """Make a catalog, where there is none, of a backup's files.

    Raises `UsageError` where they are not those that were written, or are of a newer program.
    """
    steps, files = _listed(folder)
    known = migrate.migrations()
    unknown = [step for step in steps if step not in {one.name for one in known}]
    if unknown:
        raise UsageError(f"{folder}: is newer than this program: it has {unknown[0]}", hint="update landproof")

    def fill(connection: Connection) -> None:
        migrate.apply(connection, known[: len(steps)])
        for file in files:
            table, quoted = file.stem, str(file).replace("'", "''")
            if table != migrate.TABLE:
                connection.execute(f"INSERT INTO {table} BY NAME FROM read_parquet('{quoted}')")
        migrate.apply(connection, known[len(steps) :])

    create(path, fill)


def _listed(folder: Path) -> tuple[list[str], list[Path]]:
    """Return the steps that made the catalog of a backup, and its files, every byte of which is as it was written."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))
        if listed["schema"] != SCHEMA:
            raise UsageError(f"{folder / LIST}: expected {SCHEMA}, got {listed['schema']}", hint="update landproof")
        for file in listed["files"]:
            digest = _digest(folder / file["name"])
            if digest != file["sha256"]:
                what = f"{folder / file['name']}: expected SHA-256 {file['sha256']}, got {digest}"
                raise UsageError(what, hint="the file was changed after the backup; nothing was made of it")
        return list(listed["migrations"]), [folder / Path(file["name"]).name for file in listed["files"]]
    except OSError as error:
        raise UsageError(f"{folder}: is no whole backup: {error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder / LIST}: is not the list of a backup") from error


def export(catalog: Catalog, folder: Path) -> list[Written]:
    """Write what the catalog knows now to Parquet files in a new folder, one for each of its views."""
    _make(folder)
    with catalog.read() as connection:
        return _write(connection, folder, {name: f"FROM {name} ORDER BY ALL" for name in EXPORTED})


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = next(folder.iterdir(), None) is None
    except OSError as error:
        raise UsageError(f"{folder}: cannot be made: {error.strerror}", hint="name a new folder") from error
    if not is_empty:
        raise UsageError(f"{folder}: is not empty", hint="name a new folder; nothing is ever overwritten")


def _write(connection: Connection, folder: Path, queries: Mapping[str, str]) -> list[Written]:
    connection.execute("BEGIN")
    written = []
    for name, query in queries.items():
        file = folder / f"{name}.parquet"
        quoted = str(file).replace("'", "''")
        copied = connection.execute(f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)").fetchall()
        written.append(Written(file.name, copied[0][0], file.stat().st_size, _digest(file)))
    connection.execute("COMMIT")
    return written


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
