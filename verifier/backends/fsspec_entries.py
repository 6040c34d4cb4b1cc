"""What fsspec's drivers say of files and folders as checked values; neither the drivers nor the walk.

Drivers agree on `name`, `type` and `size`, and on nothing else: a time has many names and forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from verifier.errors import SourceError
from verifier.model import StoredFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "modify")
_DIGITS = re.compile(r"(\d{8})(\d{6})(\.\d{1,6})?\d*")
_SCHEME = re.compile(r"[a-z0-9+.-]+://")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at one path; a folder has size 0. The time is None where none is told that is sure."""

    is_folder: bool
    size: int
    modified_at: datetime | None

    def file(self, path: str) -> StoredFile:
        """Return it as a file at this path."""
        return StoredFile(path, self.size, self.modified_at)


def entries_of(listed: object, folder: str, where: str) -> dict[str, Entry]:
    """Return what a listing of a folder shows, by name; the folder's own placeholder is left out.

    Raises `SourceError` for what is not in the folder or there twice, and where the folder is a file.
    """
    if not isinstance(listed, list | tuple):
        raise SourceError(f"{where}: fsspec's driver gave no list")
    found: dict[str, Entry] = {}
    for facts in listed:
        name, entry = _name(facts, folder, where), entry_of(facts, where)
        if name in found:
            raise SourceError(f"{where}: a name is listed twice")
        if name:
            found[name] = entry
        elif not entry.is_folder and (entry.size or (len(listed) == 1 and not str(facts["name"]).endswith("/"))):
            hint = "give the folder that holds the file"
            raise SourceError(f"{where}: expected a folder, got a file", hint=hint)
    return found


def entry_of(facts: object, where: str) -> Entry:
    """Check what a driver says of one path. Raises `SourceError` where it does not tell its kind or size."""
    if not isinstance(facts, Mapping) or facts.get("type") not in ("file", "directory"):
        raise SourceError(f"{where}: the store does not tell of an entry whether it is a file or a folder")
    is_folder, size = facts["type"] == "directory", facts.get("size")
    if not is_folder and (not isinstance(size, int) or isinstance(size, bool) or size < 0):
        raise SourceError(f"{where}: the store does not tell the size of a file")
    told = next((facts[key] for key in _TIMES if facts.get(key) is not None), None)
    return Entry(is_folder, 0 if is_folder else int(size or 0), _moment(told))


def _name(facts: object, folder: str, where: str) -> str:
    """Return the name of an entry below the folder, empty for the folder itself."""
    name = facts.get("name") if isinstance(facts, Mapping) else None
    inside = name.partition("://")[2] if isinstance(name, str) and _SCHEME.match(name) else name
    if not isinstance(inside, str):
        raise SourceError(f"{where}: fsspec's driver listed what has no name")
    head, inside = folder.strip("/"), inside.removeprefix("/").removesuffix("/")
    if inside == head:
        return ""
    below = inside.removeprefix(f"{head}/") if head else inside
    is_below = not head or inside.startswith(f"{head}/")
    if not is_below or "/" in below or "\0" in below or below in ("", ".", ".."):
        raise SourceError(f"{where}: fsspec's driver listed what is not in this folder")
    return below


def _moment(told: object) -> datetime | None:
    """Return a time as drivers tell it: seconds, ISO 8601, FTP's digits; None for one of no certain time zone."""
    try:
        if isinstance(told, int | float):
            return _EPOCH + timedelta(seconds=told)
        if isinstance(told, str):
            digits = _DIGITS.fullmatch(told)
            told = datetime.fromisoformat(f"{digits[1]}T{digits[2]}{digits[3] or ''}Z" if digits else told)
        return told.astimezone(UTC) if isinstance(told, datetime) and told.tzinfo else None
    except (ValueError, OverflowError):
        return None
