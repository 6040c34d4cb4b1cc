"""What one snapshot has that another has not: files, columns and events, by what is recorded of them; reads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.store.contents import Contents
from catalog.store.queries import RecordedFile, RecordedSnapshot
from verifier.model import Column


class Change(StrEnum):
    """What became of a file; `SAME_SIZE`: of one size, and nobody has both digests to tell more."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME_SIZE = "same_size"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FileDifference:
    """A file of two snapshots by its name in them; None on the side that has none."""

    name: str
    change: Change
    before: RecordedFile | None
    after: RecordedFile | None


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """A column of two schemas by its name, where they differ; None on the side that has none."""

    name: str
    change: Change
    before: Column | None
    after: Column | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How two snapshots differ: every file, the columns that differ, None where one schema is not known."""

    before: RecordedSnapshot
    after: RecordedSnapshot
    files: tuple[FileDifference, ...]
    columns: tuple[ColumnDifference, ...] | None


def difference(before: Contents, after: Contents) -> Difference:
    """Compare two snapshots; files and columns in order of their names."""
    old, new = _named(before), _named(after)
    files = (_file(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()))
    return Difference(before.snapshot, after.snapshot, tuple(files), _columns(before.snapshot, after.snapshot))


def _named(one: Contents) -> dict[str, RecordedFile]:
    """Return the files of a snapshot by name below its folder, by whole path outside of it.

    A snapshot that is gone has the files that went with it, one that is there those that are.
    """
    inside = f"{one.folder}/"
    own = (f for f in one.files if f.presence is one.snapshot.report.presence)
    return {f.known.report.file.path.removeprefix(inside): f for f in own}


def _file(name: str, before: RecordedFile | None, after: RecordedFile | None) -> FileDifference:
    if before is None or after is None:
        return FileDifference(name, Change.ADDED if before is None else Change.REMOVED, before, after)
    old, new = before.known.report, after.known.report
    if old.file.size != new.file.size:
        change = Change.CHANGED
    elif old.content.sha256 is None or new.content.sha256 is None:
        change = Change.SAME_SIZE
    else:
        change = Change.SAME if old.content.sha256 == new.content.sha256 else Change.CHANGED
    return FileDifference(name, change, before, after)


def _columns(before: RecordedSnapshot, after: RecordedSnapshot) -> tuple[ColumnDifference, ...] | None:
    if before.report.columns is None or after.report.columns is None:
        return None
    old, new = ({c.name: c for c in one.report.columns or ()} for one in (before, after))
    found = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was is None or now is None:
            found.append(ColumnDifference(name, Change.ADDED if was is None else Change.REMOVED, was, now))
        elif was.type != now.type:
            found.append(ColumnDifference(name, Change.CHANGED, was, now))
    return tuple(found)
