"""What setting up an export works with: what is wanted, what is there, and the steps between; all frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.adobe.client import Ask
from catalog.adobe.kinds import Kind
from catalog.adobe.logins import LoginSpec
from catalog.adobe.model import BaseConnection, DatasetRef, Flow, SourceConnection, TargetConnection
from catalog.settings.exports import Held


class Part(StrEnum):
    """What an export is made of, in the order in which it is made."""

    SOURCE = "source connection"
    BASE = "base connection"
    TARGET = "target connection"
    FLOW = "dataflow"


class State(StrEnum):
    """How a part stands: there as wanted, to be created or changed, or just created or changed."""

    EXISTS = "exists"
    CREATE = "create"
    CHANGE = "change"
    CREATED = "created"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class IdOf:
    """Stands in a body for the id of a part that is not there yet."""

    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An export as it is to be: everything that Adobe is sent, its secrets as references or hidden."""

    name: str
    kind: Kind
    datasets: tuple[DatasetRef, ...]
    login: LoginSpec | None
    login_params: Mapping[str, Held] = field(repr=False)
    encryption_key: Held | None = field(default=None, repr=False)
    place: Mapping[str, object]
    schedule: Mapping[str, object]
    warnings: tuple[str, ...] = ()

    @property
    def marker(self) -> str:
        """The description that tells our dataflow from others of its name."""
        return f"landproof:{self.name}"

    def name_of(self, part: Part) -> str:
        """Return the name that a part has at Adobe, by which it is found again."""
        return self.name if part is Part.FLOW else f"{self.name} - landproof {part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is there already of an export: connections by name, and the one dataflow with those it stands on."""

    sources: tuple[SourceConnection, ...] = ()
    bases: tuple[BaseConnection, ...] = ()
    targets: tuple[TargetConnection, ...] = ()
    flow: Flow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part, how it stands, and the request that would make it as wanted; `differs` names what is not."""

    part: Part
    state: State
    id: str | None = None
    ask: Ask | None = field(default=None, repr=False)
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The steps of an export in order; `blocked` is what differs and cannot be changed from here."""

    wanted: Wanted
    steps: tuple[Step, ...]
    blocked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_work(self) -> bool:
        """Whether anything is to be created or changed."""
        return any(step.ask for step in self.steps)

    def id_of(self, part: Part) -> str | None:
        """Return the id of a part, None where it is not there yet."""
        return next((step.id for step in self.steps if step.part is part), None)
