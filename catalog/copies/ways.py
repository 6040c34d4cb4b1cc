"""From where to where the files of a snapshot go, level by level, and which places are but one; copies nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.targets import Target
from verifier.backends.urls import join, local_path, parse_location, relative_to
from verifier.errors import UsageError
from verifier.layout import PlaceKind
from verifier.model import SnapshotId, StoredFile


@dataclass(frozen=True, slots=True)
class Ways:
    """From where to where the files of one snapshot go, level by level."""

    rests: Mapping[str, str]
    above: frozenset[str]
    folder: str
    root: str

    @classmethod
    def of(cls, source: Target, snapshot: SnapshotId, files: Iterable[StoredFile], to: tuple[str, str]) -> Ways:
        """Sort files by whether they lie in the snapshot's folder; `to` is that folder and the root at the target."""
        layout, rests, above = source.layout, dict[str, str](), set[str]()
        for file in files:
            place = layout.place(file.path)
            is_own = place.dataset_id in ("", snapshot.dataset_id) and place.export_time == snapshot.export_time
            if place.kind is PlaceKind.SNAPSHOT and is_own:
                rests[file.path] = place.rest
                above.add(place.folder.rpartition("/")[0])
        return cls(rests, frozenset(above), *to)

    def path(self, file: StoredFile) -> str:
        """Return where a file goes: a manifest outside the snapshot's folder keeps its level, dataset or zone."""
        if file.path in self.rests:
            return f"{self.folder}/{self.rests[file.path]}"
        folder, _, name = file.path.rpartition("/")
        return joined(self.folder.rpartition("/")[0] if folder in self.above else self.root, name)


def joined(folder: str, name: str) -> str:
    """Return the path of a name in a folder, "" being the root."""
    return f"{folder}/{name}" if folder else name


def refuse_same_place(source: Target, target: Target) -> None:
    """Nothing is a copy that lies where its original does, and a zone inside another is a part of it."""
    one, other = _real(source.location.url), _real(join(target.location.url, target.prefix))
    if relative_to(other, one) is not None or relative_to(one, other) is not None:
        hint = "copy to a place that neither is inside the zone nor holds it"
        raise UsageError(f"{other} is no other place than zone {source.zone}, {one}", hint=hint)


def _real(url: str) -> str:
    """Return the URL with the links of a local path followed."""
    return parse_location(str(Path(local_path(url)).resolve())).url if url.startswith("file://") else url
