"""One catalog file: opened late and closed early, by one writer or many readers; not what is stored in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import duckdb

from catalog.store import lock, migrate, past, recovery, trouble
from catalog.store.codec import to_stored
from catalog.store.lock import Patience
from verifier.backends.base import Location
from verifier.errors import CatalogError

Connection = duckdb.DuckDBPyConnection

# Files made so can still be opened by DuckDB 1.5, a way back.
STORAGE_VERSION = "v1.5.0"
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "threads": str(min(4, os.cpu_count() or 1)),
        "memory_limit": "1GB",
    }
)

# A checkpoint that puts small row groups together takes all the memory it may, the more the larger the table; held to
# this it is no slower. Reading gets more, since people's questions sort and group.
WRITE_OPTIONS: Mapping[str, str] = MappingProxyType({**OPTIONS, "threads": "1", "memory_limit": "64MB"})


@dataclass(frozen=True, slots=True)
class Catalog:
    """The catalog at `path`; every use opens it anew, so that a lock is held for moments only.

    `segments` is the place where all that is recorded goes, too; None for a catalog that is kept by itself alone.
    `known_at` is the moment as known at which it answers whatever is asked of it; None for now.

    Another opener in the way is waited for, `wait_seconds` in total; then CatalogError. A use inside a use of the same
    catalog waits for itself, in vain: do one after the other.
    """

    path: Path
    wait_seconds: float = 30.0
    segments: Location | None = None
    known_at: datetime | None = None

    def __str__(self) -> str:
        """What messages call it."""
        then = "" if self.known_at is None else f" as known at {to_stored(self.known_at).isoformat()}Z"
        return f"catalog {self.path}{then}"

    def as_known_at(self, moment: datetime | None) -> Catalog:
        """Return the same catalog as it was known at a moment, aware, for reading only; itself where there is none."""
        return self if moment is None else replace(self, known_at=moment, segments=None)

    @property
    def exists(self) -> bool:
        """True where there is a file, whatever it holds."""
        return self.path.exists()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection inside one transaction: committed at the end, or rolled back on any exception.

        Makes the file where there is none, and brings an older one up to date. Raises CatalogError for whatever the
        file or the disk does, and where it is read as it was known.
        """
        path, patience = self.file, Patience.of(self.wait_seconds)
        if self.known_at is not None:
            raise CatalogError(f"{self}: is for reading only", hint="record without --as-known-at")
        with trouble.translated(path), lock.writing(path, patience):
            _forget_unfinished(path)
            if not path.exists():
                create(path)
            with closing(_connect_to_write(path, patience)) as connection:
                _bring_up_to_date(connection, path)
                with _transaction(connection):
                    yield connection

    @contextmanager
    def read(self, options: Mapping[str, str] = OPTIONS) -> Iterator[Connection]:
        """Yield a read-only connection. Raises CatalogError, also where there is no file."""
        path, patience = self.file, Patience.of(self.wait_seconds)
        with trouble.translated(path), closing(self._connect_to_read(path, options, patience)) as connection:
            if self.known_at is not None:
                past.go_back(connection, self.known_at)
            yield connection

    @property
    def file(self) -> Path:
        """The file itself: it has one lock, whatever name it is reached by."""
        return Path(os.path.realpath(self.path))

    def _connect_to_read(self, path: Path, options: Mapping[str, str], patience: Patience) -> Connection:
        if not path.exists():
            raise CatalogError(
                f"catalog {self.path}: does not exist", hint="run a scan first, or name another file with --catalog"
            )
        for _ in range(2):
            try:
                connection = _connect(path, options, patience, read_only=True)
            except duckdb.Error as error:
                if not trouble.is_one_log_behind(error):
                    raise
            else:
                if not _is_behind(connection, path):
                    return connection
                connection.close()
            with replace(self, known_at=None).write():
                """Only a writer may set a stale log aside or bring an older file up to date."""
        raise CatalogError(f"catalog {path}: could not be brought up to date", hint="try again")


def _is_behind(connection: Connection, path: Path) -> bool:
    try:
        return bool(migrate.pending(connection, path))
    except BaseException:
        connection.close()
        raise


def _connect(path: Path, options: Mapping[str, str], patience: Patience, *, read_only: bool) -> Connection:
    while True:
        if read_only:
            lock.pass_gate(path, patience)
        try:
            connection = duckdb.connect(str(path), read_only=read_only, config=dict(options))
        except duckdb.Error as error:
            if not trouble.is_busy(error):
                raise
            if not patience.wait():
                raise _busy(error, path) from error
        else:
            connection.execute("SET TimeZone = 'UTC'")
            return connection


def _bring_up_to_date(connection: Connection, path: Path) -> None:
    steps = migrate.pending(connection, path)
    if steps:  # some of which go through all that is recorded
        connection.execute(f"SET memory_limit = '{OPTIONS['memory_limit']}'")
        migrate.apply(connection, steps)


def _connect_to_write(path: Path, patience: Patience) -> Connection:
    try:
        return _connect(path, WRITE_OPTIONS, patience, read_only=False)
    except duckdb.Error as error:
        if not trouble.is_one_log_behind(error):
            raise
        with recovery.stale_log_aside(path) as aside:
            connection = _connect(path, WRITE_OPTIONS, patience, read_only=False)
            recovery.confirm(connection, path, aside)
            return connection


def _busy(error: duckdb.Error, path: Path) -> CatalogError:
    pid = str(error).partition("(PID ")[2].partition(")")[0]
    if not pid.isdigit():
        return lock.locked(path)
    return CatalogError(
        f"catalog {path}: locked by PID {pid}, and stayed so", hint="close the program that has it open, then try again"
    )


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        # After a failed statement that somebody swallowed, COMMIT would discard everything without a word; this raises.
        connection.execute("SELECT 1").fetchall()
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise


def _roll_back(connection: Connection) -> None:
    try:
        connection.execute("ROLLBACK")
    except duckdb.Error:
        """A failed COMMIT has ended the transaction already; the exception on its way says why."""


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _forget_unfinished(path: Path) -> None:
    """Remove what a kill left of a file being made; nothing was ever recorded in it."""
    made = _unfinished(path)
    for leftover in (made, Path(f"{made}.wal")):
        leftover.unlink(missing_ok=True)


def create(path: Path, fill: Callable[[Connection], None] | None = None) -> None:
    """Make a catalog under another name, then give it its own: there is a whole one or none.

    `fill` is what applies the migrations, to a catalog that has none yet; all of them unless it is given.
    """
    recovery.set_aside(path)
    made = _unfinished(path)
    with closing(duckdb.connect(":memory:", config=dict(OPTIONS))) as connection:
        quoted = str(made).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS made (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE made")
        migrate.start(connection)
        if fill:
            fill(connection)
        else:
            migrate.apply(connection, migrate.migrations())
        connection.execute("CHECKPOINT made")
        connection.execute("USE memory")
        connection.execute("DETACH made")
    made.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
