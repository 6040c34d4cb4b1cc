"""The catalog's shape: named steps in SQL, applied in order, each once and whole; not the facts in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import duckdb

from verifier.errors import CatalogError

TABLE = "landproof_migration"
_LEDGER = """
CREATE TABLE landproof_migration (
    name VARCHAR NOT NULL, checksum VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL);
COMMENT ON TABLE landproof_migration IS 'the steps that made this catalog, in order; tells a catalog of ours';
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: its file's name without the ending, and its SQL."""

    name: str
    statements: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the SQL, in hex."""
        return hashlib.sha256(self.statements.encode("utf-8")).hexdigest()


@cache
def migrations() -> tuple[Migration, ...]:
    """Return all steps that this program knows, in order."""
    folder = files("catalog.store") / "migrations"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return tuple(Migration(entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8")) for entry in found)


def pending(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[Migration, ...]:
    """Return the steps that the catalog still lacks; reads only.

    Raises CatalogError where the file is a DuckDB file but not ours, newer than this program, or made by other steps.
    """
    known = migrations()
    there = applied(connection, path)
    unknown = [name for name, _ in there if name not in {step.name for step in known}]
    if unknown:
        raise CatalogError(
            f"catalog {path}: is newer than this program: it has {unknown[0]}, this program ends at {known[-1].name}",
            hint="update landproof; the file was left as it is",
        )
    for (name, checksum), step in zip(there, known, strict=False):
        if name != step.name or checksum != step.checksum:
            raise CatalogError(
                f"catalog {path}: was made by another edition of this program: "
                f"expected step {step.name} ({step.checksum[:12]}), got {name} ({checksum[:12]})",
                hint="use the program that made it; the file was left as it is",
            )
    return known[len(there) :]


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Make an empty database ours; the steps follow by `apply`."""
    connection.execute(_LEDGER)


def apply(connection: duckdb.DuckDBPyConnection, steps: tuple[Migration, ...]) -> None:
    """Apply steps in order, each in a transaction of its own; the first that fails leaves no trace and raises."""
    for step in steps:
        connection.execute("BEGIN")
        try:
            connection.execute(step.statements)
            connection.execute(
                "INSERT INTO landproof_migration VALUES (?, ?, CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP))",
                [step.name, step.checksum],
            )
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def applied(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple[str, str]]:
    """Return name and checksum of the steps that made a catalog. Raises CatalogError where it is not one of ours."""
    try:
        return connection.execute("SELECT name, checksum FROM main.landproof_migration ORDER BY name").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise CatalogError(
            f"catalog {path}: is a DuckDB file, but not a catalog of landproof",
            hint="name another file with --catalog; this one was left as it is",
        ) from error
