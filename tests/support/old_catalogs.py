"""A catalog as an earlier edition of the program would have left it: its rows in the tables of the first few steps."""

from __future__ import annotations

from pathlib import Path

import duckdb

from catalog.store import migrate
from catalog.store.database import STORAGE_VERSION, Catalog


def older_copy(catalog: Catalog, path: Path, steps: int) -> Catalog:
    """Make a catalog with the first `steps` steps only, and every row of the other one that fits into it."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{path}' AS older (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute(f"ATTACH '{catalog.path}' AS newer (READ_ONLY)")
        connection.execute("USE older")
        migrate.start(connection)
        migrate.apply(connection, migrate.migrations()[:steps])
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            """SELECT table_name, column_name FROM duckdb_columns() SEMI JOIN duckdb_tables()
                   USING (database_name, table_name)
               WHERE database_name = 'older' AND table_name <> 'landproof_migration' ORDER BY ALL"""
        ).fetchall():
            columns.setdefault(table, []).append(column)
        for table, names in columns.items():
            connection.execute(f"INSERT INTO older.{table} BY NAME SELECT {', '.join(names)} FROM newer.{table}")
        connection.execute("USE memory")
        connection.execute("DETACH older")
    return Catalog(path)
