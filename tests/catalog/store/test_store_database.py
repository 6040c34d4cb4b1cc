"""Whatever the catalog's file is or the disk does is one clear error, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from support.recording import begin_scan

from catalog.store import known
from catalog.store.database import Catalog
from verifier.errors import CatalogError

EVENT = "INSERT INTO event VALUES (TIMESTAMP '2026-01-01', 'x', '{}')"


def content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def make(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def text_file(path: Path) -> None:
    path.write_text("not a database\n" * 500)


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def sqlite_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE a (i)")
    connection.commit()
    connection.close()


def foreign_duckdb(path: Path) -> None:
    make(path, "CREATE TABLE mine AS SELECT 42 AS answer")


def empty_duckdb(path: Path) -> None:
    make(path)


def ours(path: Path) -> None:
    with Catalog(path).write():
        pass


def newer_catalog(path: Path) -> None:
    ours(path)
    make(path, "INSERT INTO landproof_migration VALUES ('9999_from_the_future', 'ab', TIMESTAMP '2030-01-01')")


def other_edition(path: Path) -> None:
    ours(path)
    make(path, "UPDATE landproof_migration SET checksum = 'ab' WHERE name LIKE '0001%'")


def damaged_header(path: Path) -> None:
    ours(path)
    data = bytearray(path.read_bytes())
    data[4096:12288] = bytes(8192)
    path.write_bytes(data)


def damaged_block(path: Path) -> None:
    ours(path)
    data = bytearray(path.read_bytes())
    for at in range(12288 + 4096, len(data), 4096):
        data[at] ^= 0xFF
    path.write_bytes(data)


def cut_short(path: Path) -> None:
    ours(path)
    with path.open("r+b") as file:
        file.truncate(9000)


def newer_storage(path: Path) -> None:
    """Give the file the storage version of a DuckDB to come, with the checksum that DuckDB expects of its header."""
    ours(path)
    data = bytearray(path.read_bytes())
    data[12:20] = struct.pack("<Q", 999)
    checksum = 5381
    for (word,) in struct.iter_unpack("<Q", data[8:4096]):
        checksum ^= word * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    data[0:8] = struct.pack("<Q", checksum)
    path.write_bytes(data)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (text_file, "is not a DuckDB file"),
        (empty_file, "is not a DuckDB file"),
        (sqlite_file, "is not a DuckDB file"),
        (foreign_duckdb, "not a catalog of landproof"),
        (empty_duckdb, "not a catalog of landproof"),
        (newer_catalog, "is newer than this program: it has 9999_from_the_future"),
        (other_edition, "made by another edition"),
        (damaged_header, "is damaged"),
        (damaged_block, "is damaged"),
        (cut_short, "is damaged"),
        (newer_storage, "newer DuckDB"),
        (a_folder, "is a folder"),
    ],
)
@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_file_that_is_no_catalog_of_this_program_is_refused_and_left_as_it_is(catalog, samples, spoil, words, mode):
    spoil(catalog.path)
    before = None if catalog.path.is_dir() else content(catalog.path)
    with pytest.raises(CatalogError, match=words) as caught:
        known.known_snapshots(catalog, "cja") if mode == "read" else begin_scan(catalog, samples.start())

    assert str(catalog.path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_status == 4
    assert "\n" not in caught.value.message
    assert before is None or content(catalog.path) == before


def test_reading_where_there_is_no_catalog_says_so_and_makes_none(catalog):
    with pytest.raises(CatalogError, match="does not exist") as caught:
        known.known_snapshots(catalog, "cja")
    assert "scan" in (caught.value.hint or "")
    assert list(catalog.path.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path, samples):
    with pytest.raises(CatalogError, match=r"folder .*nowhere does not exist"):
        begin_scan(Catalog(tmp_path / "nowhere" / "a.duckdb"), samples.start())


def test_a_path_with_quotes_and_spaces_is_a_path(tmp_path, samples):
    catalog = Catalog(tmp_path / 'it\'s a "catalog"; --.db')
    begin_scan(catalog, samples.start())
    assert known.known_zones(catalog) == {"cja": "s3://bucket/cja"}


def test_the_file_can_be_opened_by_the_version_before(catalog, samples):
    begin_scan(catalog, samples.start())
    with duckdb.connect(str(catalog.path), read_only=True) as connection:
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchall()
    assert "v1.5.0" in str(tags)


def test_an_exception_in_a_write_leaves_nothing_of_it(catalog, samples):
    begin_scan(catalog, samples.start())

    def interrupted() -> None:
        with catalog.write() as connection:
            connection.execute(EVENT)
            raise KeyboardInterrupt

    def wrong() -> None:
        with catalog.write() as connection:
            connection.execute(EVENT)
            connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(CatalogError, match="nowhere"):
        wrong()
    with catalog.read() as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchall() == [(0,)]


def test_a_failed_statement_that_is_swallowed_does_not_pass_for_a_commit(catalog, samples):
    begin_scan(catalog, samples.start())

    def careless() -> None:
        with catalog.write() as connection:
            connection.execute(EVENT)
            with contextlib.suppress(duckdb.Error):
                connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(CatalogError, match="aborted"):
        careless()


def hold(path: Path, *, read_only: bool) -> subprocess.Popen[str]:
    code = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True'); "
        "print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(read_only)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize("mode", ["read", "write"])
def test_a_catalog_that_stays_locked_is_an_error_that_names_the_process(tmp_path, samples, mode):
    catalog = Catalog(tmp_path / "a.duckdb", wait_seconds=0.3)
    begin_scan(catalog, samples.start())
    holder = hold(catalog.path, read_only=mode == "write")
    try:
        with pytest.raises(CatalogError, match=f"locked by PID {holder.pid}"):
            known.known_zones(catalog) if mode == "read" else begin_scan(catalog, samples.start("b"))
    finally:
        holder.communicate("\n")


def test_a_catalog_that_is_let_go_in_time_is_used(catalog, samples):
    begin_scan(catalog, samples.start())
    holder = hold(catalog.path, read_only=False)
    threading.Timer(0.5, lambda: holder.communicate("\n")).start()
    assert known.known_zones(catalog) == {"cja": "s3://bucket/cja"}
    holder.wait()


def test_two_writers_of_one_process_take_turns_and_a_third_gives_up(tmp_path, samples):
    patient, hasty = Catalog(tmp_path / "a.duckdb"), Catalog(tmp_path / "a.duckdb", wait_seconds=0.2)
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with patient.write():
            inside.set()
            go_on.wait(10)

    first = threading.Thread(target=slow)
    first.start()
    assert inside.wait(10)
    with pytest.raises(CatalogError, match=f"locked by PID {os.getpid()}"):
        begin_scan(hasty, samples.start("b"))
    with pytest.raises(CatalogError, match="locked by"):
        known.known_zones(hasty)
    second = threading.Thread(target=begin_scan, args=(patient, samples.start("c")))
    second.start()
    time.sleep(0.1)
    assert second.is_alive()
    go_on.set()
    first.join()
    second.join()
    assert known.known_zones(patient) == {"cja": "s3://bucket/cja"}
