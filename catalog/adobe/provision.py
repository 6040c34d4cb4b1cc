"""Set up an export at Adobe: look at what is there, then send what is missing, in order; what is missing is `plan`.

Nothing is remembered here: who goes on after a failure looks again, and finds what was made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from catalog.adobe.calls import (
    base_connections,
    dataset_flows,
    get_base_connection,
    get_target_connection,
    source_connections,
    target_connections,
)
from catalog.adobe.client import FlowClient, LostAnswerError, created_id
from catalog.adobe.model import BaseConnection, Flow, SourceConnection, TargetConnection
from catalog.adobe.provision_bodies import sent_ask
from catalog.adobe.provision_plan import plan_provision
from catalog.adobe.provision_values import Found, Part, Plan, State, Step, Wanted
from catalog.adobe.told import quoted
from verifier.errors import DeniedError, NetworkError, NotFoundError, UsageError

SECONDS_TO_APPEAR = 3.0
"""How long what was made may take to be listed, when the answer to making it was lost."""
LOOKS = 3

_Connection = TypeVar("_Connection", SourceConnection, BaseConnection, TargetConnection)
_DONE = {State.CREATE: State.CREATED, State.CHANGE: State.CHANGED}


def look(client: FlowClient, wanted: Wanted) -> Found:
    """Return what Adobe has of an export. Raises `UsageError` where a dataflow of its name is somebody else's."""
    spec = wanted.kind.connection_spec
    flow = _own_flow(wanted, dataset_flows(client))
    targets = _named(target_connections(client, spec), wanted.name_of(Part.TARGET))
    bases = _named(base_connections(client, spec), wanted.name_of(Part.BASE))
    targets += _missing(client, get_target_connection, flow.target_connection_ids if flow else (), targets)
    wanted_bases = [one.base_connection_id for one in targets if one.base_connection_id]
    bases += _missing(client, get_base_connection, wanted_bases, bases)
    sources = _named(source_connections(client), wanted.name_of(Part.SOURCE))
    return Found(sources=sources, bases=bases, targets=targets, flow=flow)


def apply(
    client: FlowClient, plan: Plan, environment: Mapping[str, str], tell: Callable[[Step], None] = lambda step: None
) -> Plan:
    """Send the requests of a plan in order, and return it with what became of each step.

    `tell` hears of each step that was taken. Raises `SourceError` where one fails: the others are as they were told.
    """
    ids: dict[Part, str] = {step.part: step.id for step in plan.steps if step.id is not None}
    steps = []
    for step in plan.steps:
        taken = _taken(client, plan.wanted, step, (ids, environment))
        if taken.id is not None:
            ids[step.part] = taken.id
        if step.ask:
            tell(taken)
        steps.append(taken)
    return replace(plan, steps=tuple(steps))


def _taken(client: FlowClient, wanted: Wanted, step: Step, known: tuple[Mapping[Part, str], Mapping[str, str]]) -> Step:
    if step.ask is None:
        return step
    try:
        answer = client.ask(sent_ask(step.ask, *known))
    except LostAnswerError as lost:
        made = _made_after_all(client, wanted, step)
        if made is None:
            hint = "run it again: it looks at what is there first"
            raise NetworkError(f"{lost.message}; whether the {step.part} was made is not known", hint=hint) from lost
        return replace(step, state=_DONE[step.state], id=made)
    return replace(step, state=_DONE[step.state], id=step.id or created_id(answer))


def _made_after_all(client: FlowClient, wanted: Wanted, step: Step) -> str | None:
    """Return the id of what was made or changed though the answer was lost, None where it does not appear."""
    for _ in range(LOOKS):
        with suppress(NetworkError):
            there = plan_provision(wanted, look(client, wanted))
            again = next(one for one in there.steps if one.part is step.part)
            if again.id is not None and again.ask is None:
                return again.id
        time.sleep(SECONDS_TO_APPEAR)
    return None


def _named(connections: Iterable[_Connection], name: str) -> tuple[_Connection, ...]:
    return tuple(one for one in connections if one.name == name)


def _own_flow(wanted: Wanted, flows: Iterable[Flow]) -> Flow | None:
    """Return the dataflow with our mark, whatever its name has become."""
    listed = list(flows)
    named = [flow for flow in listed if flow.name == wanted.name]
    own = [flow for flow in listed if flow.description == wanted.marker]
    hint = "give the export another name, or watch that dataflow as it is: landproof adobe sync"
    if len(own) > 1:
        ids = ", ".join(flow.id for flow in own)
        raise UsageError(f"several dataflows are export {quoted(wanted.name)}: {ids}", hint="delete all but one")
    if named and not own:
        text = f"a dataflow named {quoted(wanted.name)} is there that was not set up from these settings"
        raise UsageError(f"{text}: {named[0].id}", hint=hint)
    return own[0] if own else None


def _missing(
    client: FlowClient,
    get: Callable[[FlowClient, str], _Connection],
    ids: Iterable[str],
    known: Iterable[_Connection],
) -> tuple[_Connection, ...]:
    """Return what is in use under a name that it was not given here; what may not be seen is left out."""
    there = {one.id for one in known}
    found = []
    for identity in dict.fromkeys(ids):
        if identity not in there:
            with suppress(NotFoundError, DeniedError):
                found.append(get(client, identity))
    return tuple(found)
