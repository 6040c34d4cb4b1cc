"""What DuckDB's errors about a catalog file mean to its user, translated once; not the errors in a user's SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from verifier.errors import CatalogError

_BACKUP = "make it again from its segments: landproof catalog rebuild; this one is moved aside, not deleted"
_OTHER = "name another file with --catalog; this one was left as it is"

# Text of the error (any of these) -> what to say and a hint. The first that matches is taken.
_MEANINGS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("not a valid DuckDB database file", "sqlite_scanner"), "is not a DuckDB file", _OTHER),
    (
        ("but we can only read versions", "Unsupported Storage Version"),
        "was written by a newer DuckDB than this program has",
        "use the newer landproof that wrote it",
    ),
    (
        ("No space left on device", "Disk quota exceeded"),
        "the disk is full; nothing of this step was recorded",
        "make room, then run the command again",
    ),
    (
        ("Permission denied", "Read-only file system", "Operation not permitted"),
        "no permission to use the file or its folder",
        "a catalog and its folder must be readable, and writable for a scan or a check",
    ),
    (("Is a directory",), "is a folder, not a file", _OTHER),
    (("database does not exist",), "does not exist", "run a scan first, or name another file with --catalog"),
    (
        ("Corrupt database file", "checksum", "Could not read enough bytes", "Failed to load metadata", "deserialize"),
        "is damaged",
        _BACKUP,
    ),
)
_DAMAGE_TYPES = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
_STALE_LOG = re.compile(
    r"WAL checkpoint iteration does not match.*File checkpoint iteration: (\d+), WAL checkpoint iteration: (\d+)", re.S
)


def is_busy(error: duckdb.Error) -> bool:
    """Tell whether another opener is in the way, so that a later try may succeed."""
    text = str(error)
    return (
        "Could not set lock on file" in text
        or "different configuration" in text
        or "unique file handle" in text.lower()
    )


def is_one_log_behind(error: duckdb.Error) -> bool:
    """Tell whether the log left beside the file is exactly one checkpoint older than the file.

    A kill at the wrong moment can leave this; the file then holds all that was acknowledged.
    """
    found = _STALE_LOG.search(str(error))
    return found is not None and int(found[1]) == int(found[2]) + 1


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Make a CatalogError of what DuckDB raises in the body about the catalog at `path`.

    What a signal's handler raised while a query ran DuckDB turns into a RuntimeError; it is an interrupt again.
    """
    try:
        yield
    except duckdb.Error as error:
        raise translate(error, path) from error
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from error


def translate(error: duckdb.Error, path: Path) -> CatalogError:
    """Make the error that a user sees of one that DuckDB raised about the catalog at `path`."""
    text = str(error)
    for needles, meaning, hint in _MEANINGS:
        if any(needle in text for needle in needles):
            return CatalogError(f"catalog {path}: {meaning} ({first_line(text)})", hint=hint)
    if _STALE_LOG.search(text):
        return CatalogError(
            f"catalog {path}: the log {path.name}.wal does not belong to this state of the file", hint=_BACKUP
        )
    if isinstance(error, _DAMAGE_TYPES):
        return CatalogError(f"catalog {path}: is damaged ({first_line(text)})", hint=_BACKUP)
    return CatalogError(f"catalog {path}: {first_line(text)}")


def first_line(text: str) -> str:
    """Return the first line of DuckDB's message without the name of its class of error."""
    line = text.strip().partition("\n")[0]
    return re.sub(r"^[A-Za-z][A-Za-z ]* Error: ", "", line)
