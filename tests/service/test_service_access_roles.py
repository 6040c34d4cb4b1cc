"""Who may do what: every role at every route, by every way to be known; and a start that finds what nobody guards."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.applications import Starlette
from support.doors import PAGE, Doors

from catalog.service.access.callers import Changing, Viewer, guard_routes
from catalog.service.values import Role

ROLES = ("viewer", "auditor", "operator")
ROUTES = {
    ("GET", "/viewer"): "viewer",
    ("GET", "/auditor"): "auditor",
    ("GET", "/operator"): "operator",
    ("POST", "/viewer/asks"): "viewer",
    ("POST", "/auditor/changes"): "auditor",
    ("POST", "/operator/changes"): "operator",
}
PROXY = {"trusted_proxies": ["10.1.0.0/16"], "roles": {f"{role}@acme": role for role in ROLES}}


def expected(role: str, needed: str) -> int:
    return 200 if ROLES.index(role) >= ROLES.index(needed) else 403


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_token_lets_in_to_what_its_role_covers(tmp_path: Path, role: str, method: str, path: str) -> None:
    doors = Doors(tmp_path)
    answer = doors.client(doors.token(role)).request(method, path)
    needed = ROUTES[method, path]
    assert answer.status_code == expected(role, needed), answer.text
    if answer.status_code == 200:
        assert (answer.json()["name"], answer.json()["role"], answer.json()["way"]) == (role, role, "token")
    else:
        assert f"the role {needed}" in answer.json()["detail"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_so_does_a_session_with_its_secret(tmp_path: Path, role: str, method: str, path: str) -> None:
    doors = Doors(tmp_path)
    browser = doors.browser(doors.token(role))
    csrf = browser.get("/viewer").json()["csrf"]
    answer = browser.request(method, path, headers={"X-CSRF-Token": csrf})
    assert answer.status_code == expected(role, ROUTES[method, path])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_so_does_the_word_of_a_proxy(tmp_path: Path, role: str, method: str, path: str) -> None:
    doors = Doors(tmp_path, PROXY)
    client = doors.client(peer="10.1.2.3")
    client.headers["X-Forwarded-User"] = f"{role}@acme"
    client.headers["X-CSRF-Token"] = client.get("/viewer").json()["csrf"]
    answer = client.request(method, path)
    assert answer.status_code == expected(role, ROUTES[method, path])


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_is_told_to_bring_a_token(tmp_path: Path, method: str, path: str) -> None:
    doors = Doors(tmp_path)
    doors.token()
    answer = doors.client().request(method, path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_access_control_everybody_here_reads_and_nobody_changes(tmp_path: Path, method: str, path: str) -> None:
    answer = Doors(tmp_path).client().request(method, path)
    allowed = path in ("/viewer", "/auditor", "/viewer/asks")
    assert answer.status_code == (200 if allowed else 403)
    if allowed:
        assert (answer.json()["role"], answer.json()["way"]) == ("auditor", "open")


def test_a_person_is_sent_to_log_in_and_a_program_is_not(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    doors.token()
    client = doors.client()
    page = client.get("/viewer?zone=a%26b&q=%C3%A4", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (
        303,
        "/login?next=/viewer%3Fzone%3Da%2526b%26q%3D%25C3%25A4",
    )
    assert client.get("/viewer?format=json", headers=PAGE).status_code == 401
    assert client.post("/operator/changes", headers=PAGE).status_code == 401
    assert client.get("/viewer", headers={"Accept": "text/event-stream"}).status_code == 401
    fragment = client.get("/viewer", headers=PAGE | {"HX-Request": "true", "HX-Current-URL": "http://h/findings?a=b"})
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, "/login?next=/findings%3Fa%3Db")


def test_a_wrong_token_never_falls_back_to_something_better(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    assert doors.client("lp_000000000000_" + "A" * 43).get("/viewer").status_code == 401
    browser = doors.browser(doors.token("operator"))
    assert browser.get("/operator").status_code == 200
    answer = browser.get("/viewer", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_what_a_proxy_authorized_for_itself_is_none_of_our_business(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    browser = doors.browser(doors.token())
    assert browser.get("/viewer", headers={"Authorization": "Basic dXNlcjpwYXNz"}).status_code == 200


def test_an_open_service_closes_with_the_first_token_and_stays_closed(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    client = doors.client()
    assert client.get("/viewer").status_code == 200
    token = doors.token()
    assert client.get("/viewer").status_code == 401
    doors.revoke(token)
    assert client.get("/viewer").status_code == 401
    (tmp_path / "tokens.json").unlink()
    assert client.get("/viewer").status_code == 401


def test_an_open_service_answers_nothing_that_was_passed_on(tmp_path: Path) -> None:
    client = Doors(tmp_path).client()
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert client.get("/viewer", headers={header: "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": "landproof/token-file/2", "tokens": []}'])
def test_tokens_that_cannot_be_read_let_nobody_in_and_say_why_once(tmp_path: Path, damage: bytes) -> None:
    doors = Doors(tmp_path)
    token = doors.token("operator")
    browser, program, nobody = doors.browser(token), doors.client(token), doors.client()
    (tmp_path / "tokens.json").write_bytes(damage)
    for client in (browser, program, nobody, program):
        answer = client.get("/viewer", headers={"Accept": "application/json"})
        assert answer.status_code == 503
        assert str(tmp_path) not in answer.text
    assert len([line for line in doors.said if str(tmp_path / "tokens.json") in line]) == 1
    (tmp_path / "tokens.json").unlink()
    assert nobody.get("/viewer").status_code == 401


def test_an_open_service_with_broken_tokens_is_closed(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    client = doors.client()
    assert client.get("/viewer").status_code == 200
    (tmp_path / "tokens.json").write_text("{}")
    assert client.get("/viewer").status_code == 503


def test_a_start_refuses_routes_that_nobody_guards(tmp_path: Path) -> None:
    app, inner, deeper = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter(), APIRouter()

    @app.get("/healthz")
    async def healthz() -> None: ...

    @inner.get("/guarded")
    async def guarded(_: Viewer) -> None: ...

    guard_routes(app)

    @deeper.delete("/forgotten")
    async def forgotten() -> None: ...

    inner.include_router(deeper, prefix="/deep")
    app.include_router(inner, prefix="/api/v1")
    app.mount("/other", Starlette())
    with pytest.raises(RuntimeError) as caught:
        guard_routes(app)
    assert str(caught.value).endswith(": /other, DELETE /api/v1/deep/forgotten")


def test_a_start_refuses_what_changes_something_by_get() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/change", dependencies=[Depends(Changing(Role.OPERATOR))])(lambda: None)
    with pytest.raises(RuntimeError, match="GET /change"):
        guard_routes(app)


def test_documents_of_the_framework_are_not_open_either() -> None:
    with pytest.raises(RuntimeError, match=r"/openapi\.json"):
        guard_routes(FastAPI())
