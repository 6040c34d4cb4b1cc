"""What a kill or an older program left behind is put right, or left as it is with a clear error; nothing is deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.recording import begin_scan, record_snapshots

from catalog.store import known, migrate
from catalog.store.database import Catalog
from verifier.errors import CatalogError


def run_sql_on(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_kill_while_the_file_was_made_is_forgotten(catalog, samples):
    unfinished = catalog.path.with_name(catalog.path.name + ".new")
    unfinished.write_bytes(b"half a file")
    Path(f"{unfinished}.wal").write_bytes(b"half a log")
    begin_scan(catalog, samples.start())

    assert known.known_zones(catalog) == {"cja": "s3://bucket/cja"}
    assert not unfinished.exists()
    assert not Path(f"{unfinished}.wal").exists()


def test_a_log_without_its_file_is_moved_aside_and_kept(catalog, samples):
    log = catalog.path.with_name(catalog.path.name + ".wal")
    log.write_bytes(b"of a file that somebody deleted")
    begin_scan(catalog, samples.start())
    (kept,) = catalog.path.parent.glob("*.wal.aside-*")
    assert kept.read_bytes() == b"of a file that somebody deleted"


def leave_a_stale_log(catalog: Catalog) -> bytes:
    """Put back a log that the file has taken in already, as a kill at the wrong moment can."""
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute(\"INSERT INTO event VALUES (TIMESTAMP '2026-01-01', 'test', '{}')\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(catalog.path)], check=True)
    log = catalog.path.with_name(catalog.path.name + ".wal")
    stale = log.read_bytes()
    run_sql_on(catalog.path, "CHECKPOINT")
    assert not log.exists()
    log.write_bytes(stale)
    with pytest.raises(duckdb.IOException, match="WAL checkpoint iteration does not match"):
        duckdb.connect(str(catalog.path))
    return stale


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_log_one_checkpoint_behind_is_set_aside_and_the_event_recorded(catalog, samples, mode):
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [samples.change("202611010100")], samples.NOW)
    stale = leave_a_stale_log(catalog)
    if mode == "write":
        begin_scan(catalog, samples.start("scan-2"))

    assert len(known.known_snapshots(catalog, "cja")) == 1
    (kept,) = catalog.path.parent.glob("*.wal.aside-*")
    assert kept.read_bytes() == stale
    with catalog.read() as connection:
        events = connection.execute("SELECT kind, detail->>'log' FROM event ORDER BY happened_at").fetchall()
    assert events == [("test", None), ("log-set-aside", kept.name)]


def test_a_log_behind_a_catalog_that_is_not_whole_stops_and_changes_nothing(catalog, samples):
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [samples.change("202611010100")], samples.NOW)
    run_sql_on(catalog.path, "DELETE FROM file_revision WHERE name LIKE '%00001%'")
    stale = leave_a_stale_log(catalog)

    with pytest.raises(CatalogError, match="not whole then: 1 scans with another number of files"):
        begin_scan(catalog, samples.start("scan-2"))
    assert catalog.path.with_name(catalog.path.name + ".wal").read_bytes() == stale
    assert list(catalog.path.parent.glob("*.aside-*")) == []


def test_a_log_two_checkpoints_behind_stops(catalog, samples):
    begin_scan(catalog, samples.start())
    log = catalog.path.with_name(catalog.path.name + ".wal")
    stale = leave_a_stale_log(catalog)
    log.unlink()
    run_sql_on(catalog.path, "INSERT INTO event VALUES (TIMESTAMP '2026-01-01', 'more', '{}')", "CHECKPOINT")
    log.write_bytes(stale)

    for use in (lambda: begin_scan(catalog, samples.start("scan-2")), lambda: known.known_zones(catalog)):
        with pytest.raises(CatalogError, match="does not belong to this state"):
            use()
    assert log.read_bytes() == stale


def test_an_older_catalog_is_brought_up_to_date_even_by_a_reader(catalog, monkeypatch):
    every = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: every[:1])
    with catalog.write():
        pass
    monkeypatch.undo()

    assert known.known_snapshots(catalog, "cja") == {}
    with catalog.read() as connection:
        assert migrate.pending(connection, catalog.path) == ()


def test_a_step_that_fails_leaves_the_catalog_as_it_was(catalog, monkeypatch):
    with catalog.write():
        pass
    every = migrate.migrations()
    broken = migrate.Migration("9000_broken", "CREATE TABLE half (i INTEGER); SELECT * FROM nowhere;")
    monkeypatch.setattr(migrate, "migrations", lambda: (*every, broken))
    with pytest.raises(CatalogError, match="nowhere"), catalog.write():
        pass
    monkeypatch.undo()

    with catalog.read() as connection:
        tables = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'half'").fetchall()
    assert tables == [(0,)]
