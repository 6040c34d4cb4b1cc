"""A copy of the catalog that stands still: like the catalog to the byte, of one state, and in nobody's way."""

from __future__ import annotations

import gc
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.old_catalogs import older_copy
from support.processes import until
from support.recording import begin_scan, end_scan, record_snapshots

from catalog.store import blocks, known, lock, queries, sql
from catalog.store.blocks import Pair, bring_over
from catalog.store.database import OPTIONS, Catalog
from catalog.store.lock import Patience
from catalog.store.standing import Copies, StandingCatalog
from verifier.errors import CatalogError, UsageError


@pytest.fixture
def copies(catalog: Catalog, tmp_path: Path) -> Iterator[Copies]:
    folder = tmp_path / "copies"
    folder.mkdir()
    made = Copies(catalog, folder)
    yield made
    made.close()


@pytest.fixture
def recorded(catalog: Catalog, samples) -> Catalog:
    begin_scan(catalog, samples.start())
    record(catalog, samples, 0)
    return catalog


def record(catalog: Catalog, samples, first: int, count: int = 5) -> None:
    changes = [samples.change(t) for t in samples.export_times(first, count)]
    record_snapshots(catalog, "scan-1", changes, samples.NOW)


def count_of(catalog: Catalog) -> int:
    with catalog.read() as connection:
        return int(connection.execute("SELECT count(*) FROM snapshot").fetchall()[0][0])


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_copy_stands_still_while_the_catalog_goes_on(recorded, copies, samples):
    before = copies.make()
    record(recorded, samples, 5)
    after = copies.make()
    assert (count_of(before), count_of(after), count_of(recorded)) == (5, 10, 10)
    assert (before.exists, str(before), before.path) == (True, str(recorded), recorded.path)


def test_every_copy_is_the_catalog_to_the_byte_after_whatever_was_recorded(recorded, copies, samples):
    dice, held = random.Random(7), []
    for step in range(40):
        for _ in range(dice.randrange(3)):
            record(recorded, samples, 5 + step * 7, dice.randrange(1, 7))
        copy = copies.make()
        assert copy.file.read_bytes() == recorded.path.read_bytes()
        held = [copy, *held][: dice.randrange(4)]
        del copy
    assert copies.held <= 5


def test_blocks_that_differ_are_brought_over_in_pieces_that_let_writers_through(tmp_path, monkeypatch):
    source, target = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute("CREATE TABLE t AS SELECT hash(i) AS h FROM range(2000000) r(i)")
    monkeypatch.setattr(blocks, "_MOST_BYTES", 1 << 20)
    entered, finished = [], []
    before = source.read_bytes()

    @contextmanager
    def undisturbed() -> Iterator[None]:
        entered.append(source.stat().st_mtime_ns)
        yield
        if len(entered) == 3:  # a writer has its turn in the middle
            with duckdb.connect(str(source)) as connection:
                connection.execute("UPDATE t SET h = h + 1 WHERE rowid < 100000; CHECKPOINT")

    # In a process of its own the file may be opened and closed beside DuckDB; here nobody else locks it.
    with source.open("rb") as one, target.open("w+b") as other:
        bring_over(Pair(one.fileno(), other.fileno()), undisturbed, lambda: finished.append(len(entered)))
    assert target.read_bytes() == source.read_bytes() != before
    assert len(entered) > 8
    assert finished == [len(entered)]


def test_a_file_that_got_shorter_and_one_that_is_no_database_are_brought_over(tmp_path):
    source, target = tmp_path / "a", tmp_path / "b"
    for content in (b"x" * 100_000, b"", b"short", bytes(20_000)):
        source.write_bytes(content)
        with source.open("rb") as one, target.open("r+b" if target.exists() else "w+b") as other:
            bring_over(Pair(one.fileno(), other.fileno()), nullcontext, lambda: None)
        expected = content[: blocks.HEADERS_BYTES]
        assert target.read_bytes()[: len(expected)] == expected
        assert target.stat().st_size == len(expected)


def test_a_database_with_blocks_of_another_length_is_brought_over(tmp_path):
    source, target = tmp_path / "a.duckdb", tmp_path / "b.duckdb"
    for step in range(3):
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH '{source}' AS a (BLOCK_SIZE 16384)")
            connection.execute(f"CREATE TABLE a.t{step} AS SELECT hash(i) AS h FROM range(20000) r(i)")
        with source.open("rb") as one, target.open("r+b" if target.exists() else "w+b") as other:
            bring_over(Pair(one.fileno(), other.fileno()), nullcontext, lambda: None)
        assert target.read_bytes() == source.read_bytes()


def test_a_copy_answers_what_the_catalog_does_also_as_known_then_and_in_own_sql(recorded, copies, samples):
    end_scan(recorded, "scan-1", samples.end())
    copy = copies.make()
    assert queries.list_datasets(copy) == queries.list_datasets(recorded)
    assert known.known_snapshots(copy, "cja") == known.known_snapshots(recorded, "cja")
    before = samples.NOW - timedelta(days=1)
    assert known.known_snapshots(copy.as_known_at(before), "cja") == {}
    assert str(copy.as_known_at(before)) == str(recorded.as_known_at(before))
    statement = "SELECT count(*) FROM snapshots"
    assert sql.run_sql(copy, statement) == sql.run_sql(recorded, statement)
    with pytest.raises(UsageError, match="not allowed"):
        sql.run_sql(copy, "SELECT * FROM read_text('/etc/hostname')")
    assert {path.name for path in copy.file.parent.iterdir()} == {copy.file.name}


def test_times_are_utc_wherever_the_machine_stands(recorded, copies, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        with copies.make().read() as connection:
            assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_nothing_is_recorded_in_a_copy(recorded, copies):
    copy = copies.make()
    with pytest.raises(CatalogError, match="is a copy for reading only"), copy.write():
        pass
    with copy.read() as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM snapshot")


def test_fifty_threads_ask_one_copy_at_once_and_none_sees_anothers_temporary_tables(recorded, copies, samples):
    copy = copies.make()
    then = copy.as_known_at(samples.NOW)
    expected = known.known_snapshots(recorded, "cja")
    key = next(iter(expected))

    def ask(number: int) -> bool:
        if number % 3 == 0:
            return known.known_snapshots(then, "cja") == expected
        if number % 3 == 1:
            return len(known.known_files(copy, "cja", [key])[key]) == 3
        with copy.read() as connection:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE asked AS SELECT {number} AS number")
            return connection.execute("SELECT number FROM asked").fetchall() == [(number,)]

    with ThreadPoolExecutor(50) as pool:
        assert all(pool.map(ask, range(600)))


def test_hundreds_of_renewals_under_thousands_of_reads_leave_nothing_behind(recorded, copies, samples):
    current = [copies.make()]
    ended, counts = threading.Event(), []

    def ask() -> int:
        done, seen = 0, 0
        while not ended.is_set():
            copy = current[0]
            first, second = count_of(copy), count_of(copy)
            assert first == second >= seen, "one copy is of one state, and none goes back"
            done, seen = done + 1, first
        return done

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(ask) for _ in range(8)]
        before = None
        for number in range(200):
            if number % 10 == 0:
                record(recorded, samples, 5 + number, 2)
            current[0] = copies.make()
            if number == 20:
                before = open_files()
        ended.set()
        counts = [asked.result() for asked in asking]
    gc.collect()
    copies.tidy()
    assert sum(counts) > 1000
    assert copies.held == 1
    assert open_files() <= before + 2
    files = {path.name for path in current[0].file.parent.iterdir()}
    assert len(files) == 2, "the copy that is asked, and a file for the next"
    assert current[0].file.name in files


WRITER = """
import sys, time
from pathlib import Path
from catalog.store.database import Catalog
catalog, until, done, longest = Catalog(Path(sys.argv[1])), time.monotonic() + float(sys.argv[2]), 0, 0.0
while time.monotonic() < until:
    with catalog.write() as connection:
        connection.execute("INSERT INTO event VALUES (now()::TIMESTAMP, 'tested', '{}')")
    done += 1
print(done)
"""


def test_a_writer_of_another_process_is_neither_blocked_nor_torn_while_copies_are_made(recorded, copies):
    """The catalog is read by DuckDB in this process, too: making copies must not drop its lock on the file."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(recorded.path), "3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    made, seen = 0, 0
    while writer.poll() is None:
        copy = copies.make()
        with copy.read() as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall()
        with recorded.read() as connection:
            ((now,),) = connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall()
        assert seen <= count <= now
        seen, made = count, made + 1
    out, error = writer.communicate()
    assert error == b""
    assert made > 3
    with copies.make().read() as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall() == [(int(out),)]


def test_a_reader_of_this_process_keeps_its_lock_while_a_copy_is_made(recorded, copies):
    opener = [sys.executable, "-c", f"import duckdb; duckdb.connect({str(recorded.path)!r})"]
    with recorded.read() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        copies.make()
        refused = subprocess.run(opener, capture_output=True, text=True)
    assert "Could not set lock on file" in refused.stderr


def test_a_copy_waits_for_the_writer_of_this_process_and_is_of_what_it_committed(recorded, copies, samples):
    made = []
    with recorded.write() as connection:
        thread = threading.Thread(target=lambda: made.append(copies.make()))
        thread.start()
        connection.execute("INSERT INTO event VALUES (now()::TIMESTAMP, 'tested', '{}')")
        assert not until(lambda: made, 0.3)
    thread.join()
    with made[0].read() as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall() == [(1,)]


def test_a_writer_that_stays_is_named_and_the_copy_before_stays_as_it_was(recorded, tmp_path):
    copies = Copies(Catalog(recorded.path, wait_seconds=0.2), tmp_path)
    before = copies.make()
    with lock.writing(recorded.file, Patience.of(1)), pytest.raises(CatalogError, match=f"locked by PID {os.getpid()}"):
        copies.make()
    assert count_of(before) == count_of(copies.make()) == 5
    copies.close()


@pytest.mark.parametrize("seed", range(6))
def test_copies_of_a_catalog_whose_writers_are_killed_hold_what_was_committed(recorded, copies, seed):
    dice = random.Random(seed)
    seen = 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, str(recorded.path), "30"]
        writer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.4 + dice.random() * 0.5)
        writer.kill()
        writer.wait()
        with copies.make().read() as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall()
        with recorded.read() as connection:
            assert connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall() == [(count,)]
        assert count >= seen
        seen = count


def test_a_log_that_a_killed_writer_left_is_part_of_the_copy(recorded, copies):
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]);"
        "c.execute(\"INSERT INTO event VALUES (now()::TIMESTAMP, 'tested', '{}')\"); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(recorded.path)])
    assert Path(f"{recorded.path}.wal").exists()
    copy = copies.make()
    with copy.read() as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall() == [(1,)]
    assert Path(f"{recorded.path}.wal").exists(), "whose it is to take in is the next writer's business"
    assert sql.run_sql(copy, "SELECT count(*) FROM event WHERE kind = 'tested'").rows == [(1,)]
    del copy
    with recorded.write():
        """Takes the log in."""
    with copies.make().read() as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE kind = 'tested'").fetchall() == [(1,)]


def test_an_older_catalog_is_brought_up_to_date_once(recorded, tmp_path):
    catalog = older_copy(recorded, tmp_path / "old.duckdb", 5)
    copies = Copies(catalog, tmp_path)
    queries.list_datasets(copies.make())
    changed_at = catalog.path.stat().st_mtime_ns
    queries.list_datasets(copies.make())
    assert catalog.path.stat().st_mtime_ns == changed_at
    copies.close()


def test_a_catalog_in_place_of_another_is_copied_as_it_is(recorded, copies, tmp_path, samples):
    before = copies.make()
    other = Catalog(tmp_path / "other.duckdb")
    begin_scan(other, samples.start("scan-2"))
    other.path.rename(recorded.path)
    after = copies.make()
    assert (count_of(before), count_of(after)) == (5, 0)
    assert after.file.read_bytes() == recorded.path.read_bytes()


def test_what_cannot_be_copied_is_told_of_the_catalog_and_leaves_no_file(recorded, copies, samples):
    before = copies.make()
    whole = recorded.path.read_bytes()
    for content, told in (
        (b"not a database" * 5000, "is not a DuckDB file"),
        (whole[: blocks.HEADERS_BYTES + 1000], "is damaged"),
        (whole[:4096] + bytes(len(whole) - 4096), "is damaged"),
    ):
        recorded.path.write_bytes(content)
        with pytest.raises(CatalogError, match=told) as caught:
            copies.make()
        assert str(recorded.path) in caught.value.message
        assert str(before.file.parent) not in caught.value.message
    recorded.path.unlink()
    with pytest.raises(CatalogError, match="does not exist"):
        copies.make()
    assert count_of(before) == 5
    assert {path.name for path in before.file.parent.iterdir()} == {before.file.name}
    recorded.path.write_bytes(whole)
    assert count_of(copies.make()) == 5


def test_a_catalog_of_a_newer_program_is_refused(recorded, copies):
    with recorded.write() as connection:
        connection.execute("INSERT INTO landproof_migration VALUES ('9999_later', 'x', now()::TIMESTAMP)")
    with pytest.raises(CatalogError, match="is newer than this program") as caught:
        copies.make()
    assert str(recorded.path) in caught.value.message


def test_a_copy_that_went_bad_is_made_anew_and_is_no_trouble(recorded, copies):
    copies.make()
    gc.collect()
    copies.tidy()
    (file,) = copies._folder.iterdir()
    # The checksum at the front of each block is right, what follows is not: as a write that was cut off leaves it.
    with file.open("r+b") as torn:
        size = file.stat().st_size
        for at in range(blocks.HEADERS_BYTES, size, 1 << 18):
            torn.seek(at + 4096)
            torn.write(b"\xff" * 8192)
    copy = copies.make()
    assert count_of(copy) == 5
    assert copy.file.read_bytes() == recorded.path.read_bytes()


def test_a_full_disk_leaves_the_copy_before_as_it_was_and_is_told(recorded, tmp_path, samples):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(folder)], capture_output=True)
    if not made or made.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        copies = Copies(recorded, folder)
        before = copies.make()
        while recorded.path.stat().st_size < 5 << 20:
            record(recorded, samples, 1000 + recorded.path.stat().st_size // 100_000, 50)
        with pytest.raises(CatalogError, match=r"could not be copied to .*: no space left on device") as caught:
            [copies.make(), copies.make()]
        assert caught.value.hint
        assert count_of(before) == 5
        copies.close()
        del before
    finally:
        gc.collect()
        copies.tidy()
        subprocess.run(["umount", str(folder)], check=True)


def test_options_of_ones_own_get_a_connection_of_ones_own(recorded, copies):
    copy = copies.make()
    own = {**OPTIONS, "memory_limit": "123MB"}
    with copy.read(own) as connection, copy.read() as other:
        ((mine,),) = connection.execute("SELECT current_setting('memory_limit')").fetchall()
        ((theirs,),) = other.execute("SELECT current_setting('memory_limit')").fetchall()
    assert mine != theirs
    assert theirs != OPTIONS["memory_limit"]


def test_a_copy_outlives_the_maker_for_who_holds_it(recorded, tmp_path):
    copies = Copies(recorded, tmp_path)
    copy: StandingCatalog = copies.make()
    copies.close()
    assert count_of(copy) == 5


def test_who_asks_a_copy_when_it_is_over_is_interrupted_and_nobody_can_ask_again(recorded, copies):
    copy, begun = copies.make(), threading.Event()

    def ask() -> None:
        with copy.read() as connection:
            begun.set()
            connection.execute(
                "SELECT sum(hash(a.range + b.range)) FROM range(10000000) a, range(10000000) b"
            ).fetchall()

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        assert begun.wait(60)
        copies.interrupt(60)
        assert isinstance(asking.exception(60), CatalogError | duckdb.InterruptException)
    with pytest.raises(CatalogError, match="is being closed"):
        count_of(copy)
