"""Ask Adobe for dataflows with all that they are made of; what is to become of them is the business of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from catalog.adobe.calls import (
    dataset_flows,
    get_base_connection,
    get_source_connection,
    get_target_connection,
    remember_connections,
)
from catalog.adobe.client import FlowClient
from catalog.adobe.model import BaseConnection, Flow, SourceConnection, TargetConnection
from catalog.adobe.sync_values import FlowParts
from catalog.adobe.told import quoted
from verifier.errors import DeniedError, NotFoundError, UsageError

_T = TypeVar("_T")
_WITH_LOGIN = ("sftp", "adls-gen2")
"""The kinds whose place is told by the login alone: its host, or its container."""


def fetch_flows(client: FlowClient, wanted: Sequence[str] = ()) -> tuple[FlowParts, ...]:
    """Return the dataset flows that are wanted, by id or unique name, or all, with their connections; by name.

    Raises `UsageError` for one that Adobe does not show, and `SourceError` where Adobe cannot be asked. A connection
    that is hidden is no such error: its flow comes without it.
    """
    flows = sorted(choose_flows(list(dataset_flows(client)), wanted), key=lambda f: (f.name, f.id))
    remember_connections(client, flows)
    gathering = _Gathering(client)
    return tuple(gathering.parts(flow) for flow in flows)


def choose_flows(flows: Sequence[Flow], wanted: Iterable[str]) -> list[Flow]:
    """Return the flows of these ids or names, each once, or all where none is named. Raises `UsageError`."""
    chosen: dict[str, Flow] = {}
    for text in dict.fromkeys(wanted):
        found = [f for f in flows if f.id == text] or [f for f in flows if f.name == text]
        if len(found) > 1:
            ids = ", ".join(f.id for f in found)
            raise UsageError(f"dataflow {quoted(text)} is ambiguous", hint=f"name it by its id: {ids}")
        if not found:
            hint = "list them with: landproof adobe flows"
            raise UsageError(f"Adobe shows no dataflow {quoted(text)} that exports datasets", hint=hint)
        chosen[found[0].id] = found[0]
    return list(chosen.values()) if chosen else list(flows)


@dataclass(slots=True)
class _Gathering:
    """Asks for each connection once, however many flows share it."""

    client: FlowClient
    _sources: dict[str, SourceConnection | str] = field(default_factory=dict)
    _targets: dict[str, TargetConnection | str] = field(default_factory=dict)
    _bases: dict[str, BaseConnection | str] = field(default_factory=dict)

    def parts(self, flow: Flow) -> FlowParts:
        troubles: list[str] = []
        sources = []
        for identity in flow.source_connection_ids:
            source = self._asked(self._sources, get_source_connection, identity, troubles)
            sources += [source] if source else []
        target = None
        for identity in flow.target_connection_ids[:1]:
            target = self._asked(self._targets, get_target_connection, identity, troubles)
        base = None
        if target and target.base_connection_id and target.kind and target.kind.name in _WITH_LOGIN:
            base = self._asked(self._bases, get_base_connection, target.base_connection_id, troubles)
        trouble = "; ".join(troubles) or None
        return FlowParts(flow=flow, sources=tuple(sources), target=target, base=base, trouble=trouble)

    def _asked(
        self,
        kept: dict[str, _T | str],
        ask: Callable[[FlowClient, str], _T],
        identity: str,
        troubles: list[str],
    ) -> _T | None:
        """Return a connection; one that may not be seen adds a trouble, so that one flow does not hide the others."""
        if identity not in kept:
            try:
                kept[identity] = ask(self.client, identity)
            except (NotFoundError, DeniedError) as error:
                kept[identity] = error.message
        found = kept[identity]
        if isinstance(found, str):
            troubles.append(found)
            return None
        return found
