"""Group the files of a listing into snapshots, loose manifests and strays; opens nothing and judges no content."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verifier.groups import Group, Groups
from verifier.layout import Layout, Place, PlaceKind, is_marker, kind_by_name, may_be_marker, parse_export_time
from verifier.model import FileKind, Finding, StoredFile, finding
from verifier.zone_model import Stray


@dataclass(frozen=True, slots=True)
class _Folder:
    """What the folder of a file is: its path with a slash at the end, and the snapshot that it is in, if it is.

    `is_plain` tells that it is the snapshot's own level, where next to all files are `files` of the snapshot.
    """

    path: str
    place: Place
    group: Group | None = None
    files: list[StoredFile] = field(default_factory=list)
    is_plain: bool = False


_NOWHERE = _Folder("no folder", Place(PlaceKind.OUTSIDE))


@dataclass(slots=True)
class Gathering:
    """What a complete listing came to. `datasets` of a group are told by the template, or by `default_dataset`."""

    zone: str
    layout: Layout
    ignore: Sequence[str] = ()
    default_dataset: str = ""
    groups: Groups = field(init=False)
    loose_manifests: list[StoredFile] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    listed: int = 0
    _bad_folders: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _empty_outside: list[StoredFile] = field(default_factory=list)
    _folder: _Folder = field(default=_NOWHERE, compare=False)

    def __post_init__(self) -> None:
        self.groups = Groups(self.zone)

    def add(self, pages: Iterable[Sequence[StoredFile]]) -> Gathering:
        """Take in all pages of a listing; whatever it raises is passed on, and nothing gathered may be used then."""
        ignored = _ignored(self.ignore)
        for page in pages:
            self._take([file for file in page if not ignored.match(file.path)] if ignored else page)
        self._close()
        return self

    def is_empty(self) -> bool:
        """Tell whether nothing but markers was there."""
        return not (self.groups or self.loose_manifests or any(s for s in self.strays if not _only_marker(s)))

    def _take(self, page: Sequence[StoredFile]) -> None:
        """Sort in the files of a page: what a folder is is asked once for all of its files that come together."""
        folder = self._folder
        for file in page:
            path = file.path
            start = path.rfind("/") + 1
            if path[:start] != folder.path:
                folder = self._enter(path[:start])
            if folder.is_plain and not may_be_marker(path, start):
                folder.files.append(file)
            else:
                self._put(folder, file)
        self._folder = folder
        self.listed += len(page)

    def _enter(self, path: str) -> _Folder:
        place = self.layout.place(path)
        if place.kind is not PlaceKind.SNAPSHOT or is_marker(f"{place.folder}/"):
            return _Folder(path, place)
        group = self.groups.opened((place.dataset_id or self.default_dataset, place.export_time))
        group.folders.add(place.folder)
        return _Folder(path, place, group, group.files, is_plain=not place.rest)

    def _put(self, folder: _Folder, file: StoredFile) -> None:
        """Find the place of a file that is not simply one of a snapshot's."""
        group, rest = folder.group, folder.place.rest + file.path[len(folder.path) :]
        if group is None:
            self._outside(folder.place, file)
        elif not rest or _is_marker(rest, file):
            group.markers.append(file)
        else:
            group.files.append(file)
            if "/" in rest:
                group.nested.add(file.path)

    def _outside(self, place: Place, file: StoredFile) -> None:
        if _is_marker(file.path, file):
            self._stray(file, finding("layout.marker", "a marker", path=file.path))
        elif place.kind is PlaceKind.BAD_EXPORT_TIME:
            _, count, size = self._bad_folders.get(place.folder, ("", 0, 0))
            self._bad_folders[place.folder] = (place.export_time, count + 1, size + file.size)
        elif kind_by_name(file.path) is FileKind.MANIFEST:
            self.loose_manifests.append(file)
        elif file.size == 0:
            self._empty_outside.append(file)
        else:
            self._stray(file, _stray_finding(file))

    def _stray(self, file: StoredFile, found: Finding) -> None:
        self.strays.append(Stray(path=file.path, size=file.size, findings=(found,)))

    def _close(self) -> None:
        """Settle what only the whole listing can tell: bad folders as one entry each, placeholders without a slash.

        Everything is put in order of path, since not every store lists in one.
        """
        for folder, (digits, count, size) in self._bad_folders.items():
            path = f"{folder}/"
            message = f"{digits[:40]!r} is not an export time"
            expected = "12 or 14 digits of a real UTC time"
            found = finding(
                "layout.bad-export-time", message, path=path, expected=expected, actual=digits[:40], count=count
            )
            self.strays.append(Stray(path=path, size=size, findings=(found,)))
        self.groups.seal(lambda key: (key[0], _moment(key[1]), key[1]))
        above = self._folders_above() if self._empty_outside else set()
        for file in self._empty_outside:
            if file.path in above:
                self._stray(file, finding("layout.marker", "a folder placeholder", path=file.path))
            else:
                self._stray(file, _stray_finding(file))
        self.loose_manifests.sort(key=_path)
        self.strays.sort(key=_path)

    def _folders_above(self) -> set[str]:
        return {at for group in self.groups.values() for folder in group.folders for at in _and_above(folder)}


def _is_marker(path: str, file: StoredFile) -> bool:
    """A folder's placeholder is empty and ends in a slash; an object with content may end in one too, and counts."""
    return is_marker(path) or (file.size == 0 and path.endswith("/"))


def _and_above(folder: str) -> Iterable[str]:
    """Yield a folder's path and those of all folders above it."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


def _path(item: StoredFile | Stray) -> str:
    return item.path


def _moment(digits: str) -> str:
    """Order 12 and 14 digits as the moments they name."""
    return digits.ljust(14, "0") if parse_export_time(digits) else digits


def _stray_finding(file: StoredFile) -> Finding:
    return finding("layout.stray-file", "a file that belongs to no snapshot", path=file.path)


def _only_marker(stray: Stray) -> bool:
    return all(f.code == "layout.marker" for f in stray.findings)


def _ignored(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """Combine glob patterns on the path below the root; `*` takes in slashes too."""
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{fnmatch.translate(p)})" for p in patterns))
