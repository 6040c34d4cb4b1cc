"""Every address of the whole service by every role: nobody, viewers and an open service get what they may, not more."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from support.doors import Within

from catalog.service.access.callers import PUBLIC
from catalog.service.access.tokens import create_token
from catalog.service.app import create_app
from catalog.service.serving.running import make_service
from catalog.service.values import Role
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.workflow import utc_now

_READS = ("GET", "HEAD")
_BY_WHAT_IS_ASKED = ("/api/v1/jobs", "/audit")
"""There the role depends on the command that is asked for, which this does not know."""
_NO_CHANGE = ("/api/v1/sql", "/logout")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix")


def whole_app(folder: Path) -> FastAPI:
    return create_app(make_service(Settings(), None, Catalog(folder / "landproof.duckdb"), lambda _: None))


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Return every guarded address with something in place of what varies in it."""
    found = []
    for route in iter_route_contexts(app.routes):
        path = route.path or ""
        if path in PUBLIC:
            continue
        filled = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
        found += [(method, filled) for method in sorted(route.methods or ())]
    return found


def changing_routes(app: FastAPI) -> list[tuple[str, str]]:
    return [one for one in routes(app) if one[0] not in _READS and not one[1].startswith(_BY_WHAT_IS_ASKED)]


def ask(app: FastAPI, method: str, path: str, token: str | None) -> httpx.Response:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with httpx.Client(transport=Within(app, "127.0.0.1"), base_url="http://127.0.0.1", headers=headers) as client:
        return client.request(method, path)


def test_nobody_gets_anything(folder: Path) -> None:
    create_token(folder / "landproof.service", "anna", Role.VIEWER, None, ("test", utc_now()))
    app = whole_app(folder)
    every = routes(app)
    assert len(every) > 1
    told = {one: ask(app, *one, None).status_code for one in every}
    assert {one: status for one, status in told.items() if status != 401} == {}
    assert ask(app, "GET", "/there/is/nothing", None).status_code == 401


def test_a_viewer_changes_nothing(folder: Path) -> None:
    token = create_token(folder / "landproof.service", "bert", Role.VIEWER, None, ("test", utc_now()))
    app = whole_app(folder)
    changing = [one for one in changing_routes(app) if one[1] != "/logout"]
    told = {one: ask(app, *one, token).status_code for one in changing}
    assert {one: status for one, status in told.items() if status != 403} == {}


def test_an_open_service_lets_nobody_change_anything(tmp_path: Path) -> None:
    app = whole_app(tmp_path)
    changing = [one for one in changing_routes(app) if one[1] not in _NO_CHANGE]
    assert ("POST", "/api/v1/waive") in changing
    told = {one: ask(app, *one, None).status_code for one in changing}
    assert {one: status for one, status in told.items() if status != 403} == {}


@pytest.mark.parametrize(
    "path",
    [
        "/static/../access.py", "/static/%2e%2e/access.py", "/static/..%2faccess.py", "/static/....//access.py",
        "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/..\\access.py", "/static/%00", "/static/",
        "/static/templates/../../access.py", "/static/LICENSES.txt/../../access.py", "/static/..;/access.py",
    ],
)  # fmt: skip
def test_what_is_served_as_files_is_those_files(folder: Path, path: str) -> None:
    app = whole_app(folder)
    with httpx.Client(transport=Within(app, "127.0.0.1"), base_url="http://127.0.0.1") as client:
        request = client.build_request("GET", "/", headers={"Accept": "application/json"})
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = client.send(request)
        assert answer.status_code in (401, 404)
        assert "root:" not in answer.text
        assert "Access control of one service" not in answer.text
        style = client.get("/static/landproof.css")
    assert (style.status_code, style.headers["cache-control"]) == (200, "no-cache")
    assert style.headers["x-content-type-options"] == "nosniff"


_NEEDED = {
    ("POST", "/api/v1/waive"): Role.OPERATOR,
    ("POST", "/api/v1/accept"): Role.OPERATOR,
    ("POST", "/api/v1/hold/add"): Role.AUDITOR,
    ("POST", "/api/v1/hold/remove"): Role.AUDITOR,
    ("GET", "/api/v1/sql"): Role.AUDITOR,
    ("POST", "/api/v1/sql"): Role.AUDITOR,
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_is_refused_what_is_above_it_and_nothing_else(tmp_path: Path, role: Role) -> None:
    token = create_token(tmp_path / "landproof.service", "anna", role, None, ("test", utc_now()))
    app = whole_app(tmp_path)
    assert set(_NEEDED) <= set(routes(app))
    refused = {one for one in _NEEDED if ask(app, *one, token).status_code == 403}
    assert refused == {one for one, needed in _NEEDED.items() if not role.covers(needed)}
