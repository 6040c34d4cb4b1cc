"""A private copy of the catalog that many read at once while it stands still; not when it is renewed.

Whoever asks it never waits for a writer and never keeps one waiting. Answers that belong together are of one state: who
holds a `StandingCatalog` keeps its copy, and a copy that nobody holds is made like the catalog again, in milliseconds.
"""

from __future__ import annotations

import os
import shutil
import weakref
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from types import MappingProxyType

import duckdb

from catalog.store import lock, migrate, past, trouble
from catalog.store.blocks import Pair, bring_over
from catalog.store.database import OPTIONS, Catalog, Connection
from catalog.store.lock import Patience
from catalog.store.users import Users
from verifier.errors import CatalogError

_ENDS = ("", ".wal")
_TRIES = 3
_SHARED: Mapping[str, str] = MappingProxyType({**OPTIONS, "memory_limit": "512MB", "threads": "1"})
"""Of all who ask one copy together; what does not fit goes to the private folder for a while.

Several ask at a time, each by a thread of its own: more for each would only take turns, with whoever records, too.
"""


class Copy:
    """One copy that is open; closed when the last who holds it lets it go, in whatever thread that is."""

    __slots__ = ("__weakref__", "_connection", "_links", "_users", "file")

    def __init__(self, file: Path, connection: Connection, users: Users) -> None:
        self.file, self._connection, self._users = file, connection, users
        self._links = count()

    @contextmanager
    def connected(self, options: Mapping[str, str]) -> Iterator[Connection]:
        """Yield a connection to it, of nobody else: usual ones share what is in memory, others have their own."""
        if options == OPTIONS:
            with closing(self._connection.cursor()) as cursor, self._users.one(cursor):
                yield cursor
            return
        # One file may be open with one set of options only; by another name it is another file.
        name = self.file.with_name(f"{self.file.name}-{next(self._links)}")
        try:
            for end in _ENDS:
                with suppress(FileNotFoundError):
                    os.link(f"{self.file}{end}", f"{name}{end}")
            with closing(_opened(name, options)) as connection, self._users.one(connection):
                yield connection
        finally:
            for end in _ENDS:
                Path(f"{name}{end}").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class StandingCatalog(Catalog):
    """A catalog as it was when it was copied; `path` is where the catalog itself is, for messages."""

    copy: Copy | None = field(default=None, kw_only=True, repr=False, compare=False)

    @property
    def exists(self) -> bool:
        """True: it was copied."""
        return True

    @property
    def file(self) -> Path:
        """The file of the copy, which nobody writes to."""
        return self._copy.file

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Raise CatalogError: what is recorded goes into the catalog itself."""
        raise CatalogError(f"{self}: is a copy for reading only", hint="record into the catalog itself")
        yield  # type: ignore[unreachable]  # what makes it a context manager

    @contextmanager
    def read(self, options: Mapping[str, str] = OPTIONS) -> Iterator[Connection]:
        """Yield a read-only connection that no other thread has. Raises CatalogError."""
        with trouble.translated(self.path), self._copy.connected(options) as connection:
            if self.known_at is not None:
                past.go_back(connection, self.known_at)
            yield connection

    @property
    def _copy(self) -> Copy:
        assert self.copy is not None, "made by Copies"
        return self.copy


class Copies:
    """Makes copies of a catalog in a private folder, each in a file that no copy in use has; close it in the end.

    One thread at a time makes them; any may hold them.
    """

    def __init__(self, catalog: Catalog, folder: Path) -> None:
        self._catalog, self._folder = catalog, folder
        self._numbers = count()
        self._let_go: SimpleQueue[tuple[Path, Connection]] = SimpleQueue()
        self._free: list[Path] = []
        self._source = _Source()
        self._users = Users()
        self.held = 0
        """How many copies somebody holds, or held until lately."""

    def make(self) -> StandingCatalog:
        """Return the catalog as it is now. Raises CatalogError, also where there is none.

        As for any reader, an older catalog is brought up to date first, and one whose log is a step behind is mended.
        """
        path = self._catalog.file
        if not path.exists():
            raise CatalogError(f"catalog {self._catalog.path}: does not exist", hint="run a scan first")
        for _ in range(_TRIES):
            self.tidy()
            is_used = bool(self._free)
            file = self._free.pop() if is_used else self._folder / f"{next(self._numbers)}.duckdb"
            try:
                return self._made(path, file)
            except _BehindError:
                with replace(self._catalog, known_at=None).write():
                    """Only a writer may set a stale log aside or bring an older file up to date."""
            except CatalogError:
                if not is_used:  # else a file that is copied whole tells whether the catalog is damaged or the copy
                    raise
        raise CatalogError(f"catalog {path}: could not be brought up to date", hint="try again")

    def prepare(self) -> None:
        """Have a file ready for the next copy, so that only what changes is left to copy. Raises CatalogError."""
        self.tidy()
        if self._free:
            return
        path, file = self._catalog.file, self._folder / f"{next(self._numbers)}.duckdb"
        try:
            with _told_of(file, path):
                self._bring_over(path, file)
        except BaseException:
            _remove(file)
            raise
        self._free.append(file)

    def tidy(self) -> None:
        """Close the copies that nobody holds any more; the file of one is kept for the next."""
        with suppress(Empty):
            while True:
                file, connection = self._let_go.get_nowait()
                connection.close()
                self._free.append(file)
                self.held -= 1
        while len(self._free) > 1:
            _remove(self._free.pop(0))

    def interrupt(self, most_seconds: float) -> None:
        """End what is being asked: a thread inside the database must not outlive the process. Nobody can ask again."""
        self._users.end(most_seconds)

    def close(self) -> None:
        """Close what nobody holds, and the catalog's own file."""
        self.tidy()
        self._source.close()

    def _made(self, path: Path, file: Path) -> StandingCatalog:
        try:
            with _told_of(file, path):
                self._bring_over(path, file)
                connection = _connected(file, path)
        except BaseException:
            _remove(file)
            raise
        copy = Copy(file, connection, self._users)
        # Closing takes longer than who lets go of it last may be kept.
        weakref.finalize(copy, self._let_go.put, (file, connection)).atexit = False
        self.held += 1
        return StandingCatalog(self._catalog.path, copy=copy)

    def _bring_over(self, path: Path, file: Path) -> None:
        patience = Patience.of(self._catalog.wait_seconds)
        target = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            pair = Pair(self._source.opened(path), target)
            bring_over(pair, lambda: lock.sharing(path, patience), lambda: _bring_log_over(path, file))
        finally:
            os.close(target)


class _Source:
    """Keeps the catalog's file open: to close it would drop the lock of whoever reads it in this process by DuckDB."""

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def opened(self, path: Path) -> int:
        """Return a descriptor of the file that is there; that of one that was replaced is closed."""
        if self._descriptor is None or not os.path.samestat(os.fstat(self._descriptor), path.stat()):
            self.close()
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return self._descriptor

    def close(self) -> None:
        """Close it; nothing of this process may read the catalog by DuckDB meanwhile."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _BehindError(Exception):
    """The catalog lacks what only a writer may do."""


@contextmanager
def _told_of(file: Path, path: Path) -> Iterator[None]:
    """Make a CatalogError about the catalog of what goes wrong with its copy."""
    try:
        yield
    except duckdb.Error as error:
        if trouble.is_one_log_behind(error):
            raise _BehindError from error
        told = type(error)(str(error).replace(str(file), str(path)))
        raise trouble.translate(told, path) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise CatalogError(
            f"catalog {path}: could not be copied to {file.parent}: {reason}",
            hint="the folder needs room for three times the catalog",
        ) from error


def _connected(file: Path, path: Path) -> Connection:
    connection = _opened(file, _SHARED)
    try:
        if migrate.pending(connection, path):
            raise _BehindError
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(file: Path, options: Mapping[str, str]) -> Connection:
    connection = duckdb.connect(str(file), read_only=True, config=dict(options))
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def _bring_log_over(path: Path, file: Path) -> None:
    """Bring over what a writer that was killed left beside the catalog; most leave nothing."""
    log = Path(f"{file}.wal")
    try:
        shutil.copyfile(f"{path}.wal", log)
    except FileNotFoundError:
        log.unlink(missing_ok=True)


def _remove(file: Path) -> None:
    for end in _ENDS:
        Path(f"{file}{end}").unlink(missing_ok=True)
