"""Group the files of a listing into snapshots, loose manifests and strays; opens nothing and judges no content."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verifier.layout import Layout, Place, PlaceKind, is_marker, kind_by_name, parse_export_time
from verifier.model import FileKind, Finding, SnapshotId, StoredFile, finding
from verifier.zone_model import Stray

Key = tuple[str, str]
"""A snapshot inside its zone: dataset id and export time in digits."""


@dataclass(slots=True)
class Group:
    """Everything listed for one snapshot. `nested` holds the paths below the folder's own level."""

    id: SnapshotId
    folders: set[str] = field(default_factory=set)
    files: list[StoredFile] = field(default_factory=list)
    markers: list[StoredFile] = field(default_factory=list)
    nested: set[str] = field(default_factory=set)
    loose_manifests: list[StoredFile] = field(default_factory=list)
    _digest: str = ""

    @property
    def key(self) -> Key:
        """Dataset id and export time."""
        return (self.id.dataset_id, self.id.export_time)

    @property
    def data(self) -> list[StoredFile]:
        """The files that hold rows, going by their names."""
        return [f for f in self.files if kind_by_name(f.path).is_data]

    @property
    def manifests(self) -> list[StoredFile]:
        """The manifests, those outside the snapshot's folder included."""
        return [f for f in self.files if kind_by_name(f.path) is FileKind.MANIFEST] + self.loose_manifests

    def digest(self) -> str:
        """Return a digest of what the listing shows of this snapshot: paths, sizes, times and etags.

        Computed once: ask when the group is complete.
        """
        if self._digest:
            return self._digest
        sink = hashlib.blake2b(digest_size=16)
        for f in sorted((*self.files, *self.markers, *self.loose_manifests), key=lambda f: f.path):
            when = f.modified_at.isoformat() if f.modified_at else ""
            sink.update(f"{f.path}\0{f.size}\0{when}\0{f.etag or ''}\n".encode("utf-8", "surrogateescape"))
        self._digest = sink.hexdigest()
        return self._digest


@dataclass(slots=True)
class Gathering:
    """What a complete listing came to. `datasets` of a group are told by the template, or by `default_dataset`."""

    zone: str
    layout: Layout
    ignore: Sequence[str] = ()
    default_dataset: str = ""
    groups: dict[Key, Group] = field(default_factory=dict)
    loose_manifests: list[StoredFile] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    listed: int = 0
    _bad_folders: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _empty_outside: list[StoredFile] = field(default_factory=list)

    def add(self, pages: Iterable[Sequence[StoredFile]]) -> Gathering:
        """Take in all pages of a listing; whatever it raises is passed on, and nothing gathered may be used then."""
        ignored = _ignored(self.ignore)
        for page in pages:
            for file in page:
                if not (ignored and ignored.match(file.path)):
                    self._take(file)
        self._close()
        return self

    def is_empty(self) -> bool:
        """Tell whether nothing but markers was there."""
        return not (self.groups or self.loose_manifests or any(s for s in self.strays if not _only_marker(s)))

    def _take(self, file: StoredFile) -> None:
        self.listed += 1
        place = self.layout.place(file.path)
        if place.kind is PlaceKind.SNAPSHOT and not is_marker(f"{place.folder}/"):
            self._into_group(place, file)
        elif _is_marker(file.path, file):
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

    def _into_group(self, place: Place, file: StoredFile) -> None:
        dataset = place.dataset_id or self.default_dataset
        key = (dataset, place.export_time)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(SnapshotId(self.zone, dataset, place.export_time))
        group.folders.add(place.folder)
        if not place.rest or _is_marker(place.rest, file):
            group.markers.append(file)
            return
        group.files.append(file)
        if "/" in place.rest:
            group.nested.add(file.path)

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
        above = {at for group in self.groups.values() for folder in group.folders for at in _and_above(folder)}
        for file in self._empty_outside:
            if file.path in above:
                self._stray(file, finding("layout.marker", "a folder placeholder", path=file.path))
            else:
                self._stray(file, _stray_finding(file))
        self.groups = dict(sorted(self.groups.items(), key=lambda item: (item[0][0], _moment(item[0][1]), item[0][1])))
        for group in self.groups.values():
            group.files.sort(key=_path)
            group.markers.sort(key=_path)
        self.loose_manifests.sort(key=_path)
        self.strays.sort(key=_path)


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
