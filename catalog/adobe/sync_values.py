"""What bringing settings in line with Adobe works with: flows with their connections, and the differences found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.adobe.model import BaseConnection, DatasetRef, Flow, SourceConnection, TargetConnection
from catalog.adobe.noticed import Noticed

_FLOW_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Value = str | bool | datetime | None
"""What a key of the settings may be set to; None takes it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowParts:
    """A dataflow with what it is made of; what Adobe does not show is absent, and `trouble` says why."""

    flow: Flow
    sources: tuple[SourceConnection, ...] = ()
    target: TargetConnection | None = None
    base: BaseConnection | None = None
    trouble: str | None = None

    @property
    def datasets(self) -> tuple[DatasetRef, ...]:
        """The datasets it exports, each once, in Adobe's order."""
        found: dict[str, DatasetRef] = {}
        for one in (dataset for source in self.sources for dataset in source.datasets):
            found.setdefault(one.id, one)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A key whose value is to become another."""

    key: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneChange:
    """A zone that is to be added, or changed in these keys; `needs` says what of it only people can give."""

    name: str
    is_new: bool
    changes: tuple[KeyChange, ...]
    flow_ids: tuple[str, ...] = ()
    needs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetChange:
    """A dataset that is to be added (`position` is None), or changed in these keys at its place in the settings."""

    zone: str
    dataset_id: str
    name: str | None
    flow_id: str
    changes: tuple[KeyChange, ...]
    position: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether the settings do not have it yet."""
        return self.position is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A dataset of the settings whose flow Adobe does not show, or whose flow does not export it any more."""

    zone: str
    dataset_id: str
    name: str | None
    flow_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What of a flow cannot be put into the settings, and what people can do about it."""

    flow_id: str
    flow_name: str
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPlan:
    """What the settings and Adobe differ in; `in_sync` datasets do not."""

    flows: tuple[FlowParts, ...]
    zones: tuple[ZoneChange, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    in_sync: int = 0
    gone: tuple[Gone, ...] = ()
    problems: tuple[Problem, ...] = ()
    findings: tuple[Noticed, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """The zone of each flow that has one."""

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.zones or self.datasets)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left for people to do, once what can be written is written."""
        return not self.gone and not self.problems


def is_flow_id(text: str) -> bool:
    """Tell whether a text is the id of a dataflow, and no name that people gave to what runs together."""
    return _FLOW_ID.fullmatch(text) is not None
