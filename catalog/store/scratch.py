"""A DuckDB file of its own that data files are loaded into to be counted, and that is thrown away; judges no bytes.

It reaches nothing but its folder. What DuckDB says of a file may hold values of it, so that only the class of its error
is told.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from catalog.store.database import Connection
from verifier.model import FileKind

_OPTIONS = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "preserve_insertion_order": "false",
    "enable_external_file_cache": "false",
    "threads": str(min(4, os.cpu_count() or 1)),
    "memory_limit": "512MB",
}
_DATABASE = "scratch.duckdb"
_SMALL_BYTES = 64 << 20
_OBJECT_BYTES = 16 << 20
_PARQUET = "read_parquet($files, union_by_name = true, hive_partitioning = false)"
_JSON = (
    "read_json($files, format = 'newline_delimited', union_by_name = true, hive_partitioning = false,"
    " sample_size = -1, compression = '{compression}', maximum_object_size = {object_bytes})"
)
_FULL = ("No space left on device", "Disk quota exceeded", "Permission denied", "Too many open files")


@dataclass(frozen=True, slots=True)
class ScratchFile:
    """A data file in the scratch folder, and the path it is known by."""

    name: str
    kind: FileKind
    known_as: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading: the rows that were counted, or why DuckDB refuses, or what it lacked here to do it."""

    rows: int | None = None
    refusal: str | None = None
    trouble: str | None = None


class Loader:
    """Loads data files of a folder into tables and counts their rows, one after the other; close it in the end.

    `line_bytes` is how long a line may be. Its database is used again while it is small, since making one takes longer
    than loading a small file.
    """

    def __init__(self, folder: Path, line_bytes: int) -> None:
        self._folder, self._line_bytes = folder, line_bytes
        self._own = folder / ".database"
        self._connection: Connection | None = None

    def load(self, files: Sequence[ScratchFile]) -> Loaded:
        """Load all files, those of each kind into one table, and count their rows; leaves nothing but the files."""
        rows = 0
        for kind in FileKind:
            own = [file for file in files if file.kind is kind]
            if own:
                loaded = self._load(own)
                if loaded.rows is None:
                    return loaded
                rows += loaded.rows
        return Loaded(rows)

    def close(self) -> None:
        """Remove the database."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            shutil.rmtree(self._own, ignore_errors=True)

    def _load(self, files: Sequence[ScratchFile]) -> Loaded:
        """Load files of one kind; where that is refused, find out which of them is to blame."""
        try:
            return Loaded(self._count(files))
        except _RefusedError as refused:
            reason = refused.reason
        except _LackingError as lacking:
            return Loaded(trouble=lacking.reason)
        culprits = [(file, why) for file in files if len(files) > 1 and (why := self._why_refused(file))]
        if len(files) == 1:
            culprits = [(files[0], reason)]
        if not culprits:
            each = f"its {len(files)} files into one table ({reason}); each alone it does"
            return Loaded(refusal=f"DuckDB does not put {each}")
        file, why = culprits[0]
        others = f" and {len(culprits) - 1} more" if len(culprits) > 1 else ""
        return Loaded(refusal=f"DuckDB refuses {file.known_as}{others} ({why})")

    def _why_refused(self, file: ScratchFile) -> str | None:
        try:
            self._count([file])
        except _RefusedError as refused:
            return refused.reason
        except _LackingError:
            return None
        return None

    def _count(self, files: Sequence[ScratchFile]) -> int:
        try:
            return self._tried(files, _OBJECT_BYTES)
        except _RefusedError as refused:
            if not refused.is_too_long or self._line_bytes <= _OBJECT_BYTES:
                raise
        return self._tried(files, self._line_bytes)

    def _tried(self, files: Sequence[ScratchFile], object_bytes: int) -> int:
        """Load and count once; what is not known to be sound and small afterwards is thrown away."""
        source = _PARQUET if files[0].kind is FileKind.PARQUET else _JSON
        compression = "gzip" if files[0].kind is FileKind.JSON_GZIP else "none"
        reader = source.format(compression=compression, object_bytes=object_bytes)
        paths, is_reusable = [str(self._folder / file.name) for file in files], False
        try:
            with _told():
                connection = self._opened()
                connection.execute(f"CREATE TABLE restored AS FROM {reader}", {"files": paths}).fetchall()
                rows = int(connection.execute("SELECT count(*) FROM restored").fetchall()[0][0])
                connection.execute("DROP TABLE restored")
            is_reusable = (self._own / _DATABASE).stat().st_size < _SMALL_BYTES
        finally:
            if not is_reusable:
                with _told():
                    self.close()
        return rows

    def _opened(self) -> Connection:
        if self._connection is not None:
            return self._connection
        try:
            self._own.mkdir(mode=0o700)
            connection = self._connection = duckdb.connect(
                str(self._own / _DATABASE), config={**_OPTIONS, "temp_directory": f"{self._own}/temp"}
            )
            connection.execute("SET allowed_directories = [?]", [f"{self._folder}/"])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
        except duckdb.Error as error:
            raise _LackingError(f"no scratch database could be made ({_class_of(error)})") from None
        return connection


class _RefusedError(Exception):
    """DuckDB would not take the files; `reason` is the class of its error in words."""

    def __init__(self, error: duckdb.Error) -> None:
        super().__init__()
        self.reason = _class_of(error)
        self.is_too_long = "maximum_object_size" in str(error)


class _LackingError(Exception):
    """DuckDB had not what it takes: nothing is said of the files."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


@contextmanager
def _told() -> Iterator[None]:
    """Sort DuckDB's errors; the cause is left out, since its text may hold values from the files."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise _LackingError(f"DuckDB has too little memory or scratch space, with {_OPTIONS['memory_limit']}") from None
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        lacking = next((text for text in _FULL if text in str(error)), None)
        raise (_LackingError(f"scratch folder: {lacking.lower()}") if lacking else _RefusedError(error)) from None
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from None  # as which DuckDB's own wait for a signal comes out


def _class_of(error: duckdb.Error) -> str:
    return type(error).__name__.removesuffix("Exception").removesuffix("Error") or "an error"
