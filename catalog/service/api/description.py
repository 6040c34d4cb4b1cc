"""What the API is, for programs: its OpenAPI description and the list of its addresses; answers nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from catalog.service.access.callers import COOKIE, PUBLIC, Auditor, Changing, Operator, Viewer
from catalog.service.api.examples import EXAMPLES, PARAMETERS, PROBLEM
from catalog.service.api.parameters import READING
from catalog.service.responses.answering import answer
from catalog.service.responses.links import API
from catalog.service.responses.problems import MEDIA_TYPE
from catalog.service.values import Role
from catalog.workflow import tool_version

router = APIRouter(tags=["about"], dependencies=READING)

_PROBLEMS = {
    400: "The question is wrong: a parameter, a time, a cursor.",
    401: "Nobody is known without a token.",
    403: "The role does not cover this, or nothing is changed for a caller like this.",
    404: "There is nothing of that name.",
    429: "Too much at a time; `Retry-After` says when to come again.",
    503: "The catalog or the settings cannot be read.",
}
_TAGS = (
    ("look-ups", "What is recorded: datasets, snapshots, files, scans."),
    ("judgements", "What that comes to: schedules, recovery points, retention, plans of restores."),
    ("pages", "What the pages show, as documents."),
    ("evidence", "Periods for auditors."),
    ("findings", "What was seen and judged, across snapshots."),
    ("record", "What people said, and what the evidence rests on."),
    ("changes", "What is put on record for people."),
    ("jobs", "Commands that are run for people."),
    ("sql", "Questions in one's own words."),
    ("about", "The API itself."),
    ("health", "Whether the service is well."),
)
_ROLES = {
    get_args(Auditor)[1].dependency: Role.AUDITOR,
    get_args(Operator)[1].dependency: Role.OPERATOR,
    **{Changing(role): role for role in Role},
}


@router.get(f"{API}", summary="List the addresses of the API", responses={200: {"description": "The addresses."}})
def index(request: Request, caller: Viewer) -> Response:
    """Who asks, as the service knows them, and every address with what it answers."""
    described = description(request.app)
    addresses = [
        {"path": path, "method": method.upper(), "summary": one["summary"], "role": one["x-landproof-role"]}
        for path, operations in described["paths"].items()
        for method, one in operations.items()
    ]
    document = {
        "schema": "landproof/api/1",
        "tool_version": tool_version(),
        "caller": {"name": caller.name, "role": caller.role.value, "may_change": caller.may_change},
        "openapi": "/openapi.json",
        "addresses": addresses,
    }
    return answer(request, document)


@router.get("/openapi.json", summary="Describe the API", responses={200: {"description": "OpenAPI 3.1."}})
def openapi(request: Request, _: Viewer) -> Response:
    """The description of all this, by which clients can be made."""
    return answer(request, description(request.app))


def description(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description of an app, made once."""
    made: dict[str, Any] | None = getattr(app.state, "description", None)
    if made is None:
        made = app.state.description = _described(app)
    return made


def _described(app: FastAPI) -> dict[str, Any]:
    found = app.openapi()
    _untitle(found["paths"])
    _untitle(found.get("components"))
    found["tags"] = [{"name": name, "description": text} for name, text in _TAGS]
    found["security"] = [{"token": []}, {"session": []}]
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        f"Problem{status}": {"description": text, "content": content} for status, text in _PROBLEMS.items()
    }
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A token of `landproof tokens new`."},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The session of a browser."},
    }
    roles = dict(_roles(app))
    for path, operations in found["paths"].items():
        for method, one in operations.items():
            _complete(one, path, roles.get((path, method), Role.VIEWER))
    for name, example in EXAMPLES.items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    return found


def _complete(operation: dict[str, Any], path: str, role: Role) -> None:
    """Add what all operations have in common."""
    responses = operation["responses"]
    responses.pop("422", None)
    operation["x-landproof-role"] = None if path in PUBLIC else role.value
    if path in PUBLIC:
        operation["security"] = []
        return
    for status in _PROBLEMS:
        responses.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    parameters = operation.setdefault("parameters", [])
    told = {one["name"] for one in parameters if one["in"] == "path"}
    for name in re.findall(r"\{(\w+)", path):
        if name not in told:  # read by the route itself
            parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    for one in parameters:
        if one["name"] in PARAMETERS:
            one["example"] = PARAMETERS[one["name"]]


def _roles(app: FastAPI) -> Iterator[tuple[tuple[str, str], Role]]:
    """Yield the role that each operation takes beyond that of a viewer, by address and method."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        needed = [_ROLES[call] for call in _calls(dependant) if call in _ROLES] if dependant else []
        for method in route.methods or ():
            if needed and route.path:
                yield (route.path, method.lower()), max(needed, key=list(Role).index)


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _untitle(value: object) -> None:
    """Take away the titles that only repeat names."""
    if isinstance(value, dict):
        if isinstance(value.get("title"), str):
            del value["title"]
        for inner in value.values():
            _untitle(inner)
    elif isinstance(value, list):
        for inner in value:
            _untitle(inner)
