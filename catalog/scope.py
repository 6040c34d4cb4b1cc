"""Which part of a zone a scan looks at, in values and in the words the catalog keeps; lists nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from verifier.groups import Key
from verifier.layout import Layout, PlaceKind, parse_export_time

_DATASETS = "datasets "
_PART = "a part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What was asked for: datasets by id, export times from and to (both included), single snapshots; None is all."""

    datasets: frozenset[str] | None = None
    start: datetime | None = None
    end: datetime | None = None
    keys: frozenset[Key] | None = None
    is_partial: bool = False
    """True where only some folder was listed, so that what is absent from it may be elsewhere."""

    @property
    def is_all(self) -> bool:
        """True where nothing was left out."""
        return self == Scope()

    def selects(self, key: Key) -> bool:
        """Tell whether a snapshot was asked for."""
        moment = parse_export_time(key[1])
        return (
            (self.datasets is None or key[0] in self.datasets)
            and (self.keys is None or key in self.keys)
            and (self.start is None or (moment is not None and moment >= self.start))
            and (self.end is None or (moment is not None and moment <= self.end))
        )

    @property
    def text(self) -> str:
        """What the catalog keeps: "" for a whole zone, the datasets where they were looked at whole, else "a part"."""
        if self.is_all:
            return ""
        whole = self.datasets is not None and not (self.start or self.end or self.keys or self.is_partial)
        return _DATASETS + " ".join(sorted(self.datasets)) if whole and self.datasets else _PART


def covers(text: str, dataset_id: str) -> bool:
    """Tell whether a recorded look with this scope shows everything there is of a dataset."""
    return text == "" or (text.startswith(_DATASETS) and dataset_id in text.removeprefix(_DATASETS).split(" "))


def narrowed(scope: Scope, layout: Layout, prefix: str) -> Scope:
    """Narrow a scope to a folder of the zone: to the dataset or the snapshot it is, else to "some folder"."""
    if not prefix:
        return scope
    snapshot = layout.place(f"{prefix}/x")
    if snapshot.kind is PlaceKind.SNAPSHOT:
        keys = frozenset({(snapshot.dataset_id, snapshot.export_time)})
        return replace(scope, keys=_both(scope.keys, keys), is_partial=snapshot.folder != prefix)
    dataset = layout.place(f"{prefix}/exportTime=200001010000/x")
    if dataset.kind is PlaceKind.SNAPSHOT and prefix.endswith(dataset.dataset_id) and _is_id(dataset.dataset_id):
        return replace(scope, datasets=_both(scope.datasets, frozenset({dataset.dataset_id})))
    return replace(scope, is_partial=True)


_T = TypeVar("_T")


def _both(asked: frozenset[_T] | None, here: frozenset[_T]) -> frozenset[_T]:
    """What was asked for and is here; None asks for all."""
    return here if asked is None else asked & here


def _is_id(name: str) -> bool:
    """Only a dataset id as Adobe's are tells a dataset's folder from any other."""
    return len(name) == 24
