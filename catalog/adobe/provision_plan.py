"""What is wanted against what is there: the steps between, in order; asks and sends nothing.

What exists is known by its name and compared by what Adobe shows of it. Secrets are not shown, and not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from catalog.adobe.client import Ask
from catalog.adobe.kinds import DATA_LAKE
from catalog.adobe.model import BaseConnection, Flow, SourceConnection, TargetConnection
from catalog.adobe.parse import parse_schedule
from catalog.adobe.provision_values import Found, IdOf, Part, Plan, State, Step, Wanted
from catalog.adobe.schedules import same_spelling
from verifier.backends.references import Reference

_TEMPLATES = ("foldernameTemplate", "folderNameTemplate")


def plan_provision(wanted: Wanted, found: Found) -> Plan:
    """Return the steps that make what is there what is wanted; none of them has a request where nothing differs."""
    target = _chosen_target(found)
    base = _chosen_base(found, target)
    blocked = tuple(_blocked(wanted, found.flow, target, base))
    source_step = _source_step(wanted, found)
    base_step = _base_step(wanted, base)
    target_step = _target_step(wanted, target if base else None, base)
    flow_step = _flow_step(wanted, found.flow, source_step)
    steps = (source_step, base_step, target_step, flow_step)
    return Plan(wanted=wanted, steps=steps, blocked=blocked, notes=tuple(_notes(found)))


def _source_step(wanted: Wanted, found: Found) -> Step:
    """Datasets are fixed once they are connected, so that others make another connection."""
    ids = {dataset.id for dataset in wanted.datasets}
    in_use = found.flow.source_connection_ids if found.flow else ()
    same = [one for one in found.sources if {d.id for d in one.datasets} == ids]
    same.sort(key=lambda one: (one.id not in in_use, one.id))
    if same:
        return Step(part=Part.SOURCE, state=State.EXISTS, id=same[0].id)
    listed = [{"dataSetId": d.id} | ({"name": d.name} if d.name else {}) for d in wanted.datasets]
    body = {
        "name": wanted.name_of(Part.SOURCE),
        "description": wanted.marker,
        "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
        "params": {"datasets": listed},
    }
    return _creating(Part.SOURCE, "/sourceConnections", body)


def _base_step(wanted: Wanted, base: BaseConnection | None) -> Step:
    auth = {"specName": wanted.login.name, "params": dict(wanted.login_params)} if wanted.login else None
    if base is None:
        body: dict[str, object] = {"name": wanted.name_of(Part.BASE), "connectionSpec": _spec(wanted)}
        body |= {"auth": auth} if auth else {}
        body |= {"encryption": _encryption(wanted)} if wanted.encryption_key is not None else {}
        return _creating(Part.BASE, "/connections", body)
    differs = _login_differences(wanted, base)
    if not differs or auth is None:
        return Step(part=Part.BASE, state=State.EXISTS, id=base.id)
    path, value = ("/auth", auth) if "auth.specName" in differs else ("/auth/params", dict(wanted.login_params))
    changes: list[dict[str, object]] = [{"op": "replace", "path": path, "value": value}]
    return _changing(Part.BASE, f"/connections/{base.id}", base, changes, differs)


def _login_differences(wanted: Wanted, base: BaseConnection) -> tuple[str, ...]:
    differs = ["auth.specName"] if wanted.login and base.auth_spec not in (None, wanted.login.name) else []
    for name, value in wanted.login_params.items():
        there = base.login.get(name)
        if there is not None and not isinstance(value, Reference) and str(value) != there:
            differs.append(f"auth.params.{name}")
    return tuple(differs)


def _target_step(wanted: Wanted, target: TargetConnection | None, base: BaseConnection | None) -> Step:
    if target is None:
        body = {
            "name": wanted.name_of(Part.TARGET),
            "baseConnectionId": base.id if base else IdOf(Part.BASE),
            "connectionSpec": _spec(wanted),
            "params": dict(wanted.place),
        }
        return _creating(Part.TARGET, "/targetConnections", body)
    there = _params(target)
    differs = tuple(
        f"params.{name}" for name, value in wanted.place.items() if not _is_same(value, there.get(name, _absent(name)))
    )
    if not differs:
        return Step(part=Part.TARGET, state=State.EXISTS, id=target.id)
    changes: list[dict[str, object]] = [{"op": "replace", "path": "/params", "value": {**there, **wanted.place}}]
    return _changing(Part.TARGET, f"/targetConnections/{target.id}", target, changes, differs)


def _flow_step(wanted: Wanted, flow: Flow | None, source: Step) -> Step:
    source_id = source.id or IdOf(Part.SOURCE)
    if flow is None:
        body = {
            "name": wanted.name,
            "description": wanted.marker,
            "flowSpec": {"id": wanted.kind.flow_spec, "version": "1.0"},
            "sourceConnectionIds": [source_id],
            "targetConnectionIds": [IdOf(Part.TARGET)],
            "transformations": [],
            "scheduleParams": dict(wanted.schedule),
        }
        return _creating(Part.FLOW, "/flows", body)
    changes: list[dict[str, object]] = []
    differs: list[str] = []
    if list(flow.source_connection_ids) != [source_id]:
        differs.append("datasets")
        changes.append({"op": "replace", "path": "/sourceConnectionIds", "value": [source_id]})
    schedule = tuple(_schedule_differences(wanted.schedule, flow))
    if schedule:
        differs += schedule
        kept = {
            n: v for n, v in _raw(flow, "scheduleParams").items() if n not in _TEMPLATES or not _has_template(wanted)
        }
        changes.append({"op": "replace", "path": "/scheduleParams", "value": {**kept, **wanted.schedule}})
    if not changes:
        return Step(part=Part.FLOW, state=State.EXISTS, id=flow.id)
    return _changing(Part.FLOW, f"/flows/{flow.id}", flow, changes, tuple(differs))


def _schedule_differences(wanted: Mapping[str, object], flow: Flow) -> Iterator[str]:
    """Yield what of a schedule differs; what is not wanted in any way may be as Adobe has it."""
    asked, there = parse_schedule(wanted), flow.schedule
    if asked.mode != there.mode:
        yield "exportMode"
    if (asked.is_once, asked.every) != (there.is_once, there.every):
        yield "interval"
    if asked.start_at != there.start_at:
        yield "startTime"
    if asked.end_at is not None and asked.end_at != there.end_at:
        yield "endTime"
    if asked.template is not None and same_spelling(asked.template) != same_spelling(there.template or ""):
        yield "foldernameTemplate"


def _blocked(
    wanted: Wanted, flow: Flow | None, target: TargetConnection | None, base: BaseConnection | None
) -> Iterator[str]:
    if flow and (target is None or list(flow.target_connection_ids) != [target.id]):
        yield "Adobe does not show the target connection of the dataflow, or it has several"
    if target and base and target.base_connection_id != base.id:
        yield f"the base connection of the target connection {target.id} is not shown"
    if flow and flow.kind is not wanted.kind:
        words = flow.kind.words if flow.kind else "another destination"
        yield f"the dataflow exports to {words}: another kind takes another export, with a name of its own"
    if base and base.encrypts != (wanted.encryption_key is not None):
        there = "encrypts" if base.encrypts else "does not encrypt"
        yield f"the base connection {base.id} {there}: another way takes another export, with a name of its own"


def _notes(found: Found) -> Iterator[str]:
    if found.flow and not found.flow.is_enabled:
        yield f"the dataflow is {found.flow.state}: it is left so"


def _chosen_target(found: Found) -> TargetConnection | None:
    in_use = found.flow.target_connection_ids if found.flow else ()
    return min(found.targets, key=lambda one: (one.id not in in_use, one.id), default=None)


def _chosen_base(found: Found, target: TargetConnection | None) -> BaseConnection | None:
    in_use = target.base_connection_id if target else None
    return min(found.bases, key=lambda one: (one.id != in_use, one.id), default=None)


def _creating(part: Part, path: str, body: Mapping[str, object]) -> Step:
    return Step(part=part, state=State.CREATE, ask=Ask(method="POST", path=path, body=body))


def _changing(
    part: Part,
    path: str,
    there: SourceConnection | BaseConnection | TargetConnection | Flow,
    changes: list[dict[str, object]],
    differs: tuple[str, ...],
) -> Step:
    ask = Ask(method="PATCH", path=path, body=changes, etag=there.etag)
    return Step(part=part, state=State.CHANGE, id=there.id, ask=ask, differs=differs)


def _encryption(wanted: Wanted) -> dict[str, object]:
    params = {"encryptionAlgo": "PGP/GPG", "publicKey": wanted.encryption_key}
    return {"specName": "File Encryption", "params": params}


def _spec(wanted: Wanted) -> dict[str, object]:
    return {"id": wanted.kind.connection_spec, "version": "1.0"}


def _params(target: TargetConnection) -> dict[str, object]:
    return _raw(target, "params")


def _raw(there: TargetConnection | Flow, name: str) -> dict[str, object]:
    found = json.loads(there.raw).get(name)
    return dict(found) if isinstance(found, dict) else {}


def _absent(name: str) -> object:
    return False if name == "includeFileManifest" else None


def _is_same(wanted: object, there: object) -> bool:
    """Compare as Adobe does: without regard to case where values are words of its own, or to slashes at the ends."""
    if isinstance(wanted, str) and isinstance(there, str):
        return wanted.strip("/") == there.strip("/") or (wanted.isupper() and wanted == there.upper())
    return wanted == there


def _has_template(wanted: Wanted) -> bool:
    return _TEMPLATES[0] in wanted.schedule
