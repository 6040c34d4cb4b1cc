"""The login page: a token in, a session out; and its end. Which tokens let in is `access`'s to say."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from catalog.service.access.arrivals import LOGIN, LOGOUT, next_path
from catalog.service.access.callers import COOKIE, Access, Viewer, cookie_name
from catalog.service.access.proxies import Came
from catalog.service.responses.problems import Problem
from catalog.service.responses.rendering import render, wants_json

router = APIRouter(include_in_schema=False)

_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Cookie"}


class LoginForm(BaseModel):
    """What the form of the page sends."""

    token: str = ""
    next: str = ""


@router.get(LOGIN)
async def login_page(request: Request) -> Response:
    """Show the form; of a service without access control, go on at once."""
    access: Access = request.app.state.service.access
    target = next_path(request.query_params.get("next"))
    if access.is_open:
        return _go(target)
    return _form(request, target, None)


@router.post(LOGIN)
async def login(request: Request, form: Annotated[LoginForm, Form()]) -> Response:
    """Begin a session, and go to where the browser wanted to; or say what was wrong, on the same page."""
    access: Access = request.app.state.service.access
    target = next_path(form.next)
    try:
        secret = access.login(request, form.token)
    except Problem as problem:
        if wants_json(request):
            raise
        return _form(request, target, problem)
    answer = _go(target)
    came: Came = request.state.came
    answer.set_cookie(
        cookie_name(request),
        secret,
        max_age=access.service.session_hours * 3600,
        secure=came.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post(LOGOUT)
async def logout(request: Request, caller: Viewer) -> Response:
    """End the session, and forget what the browser kept of the pages."""
    access: Access = request.app.state.service.access
    access.logout(request)
    answer = _go(LOGIN)
    for name in (COOKIE, f"__Host-{COOKIE}"):
        is_secure = name != COOKIE
        answer.delete_cookie(name, secure=is_secure, httponly=True, samesite="lax")
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _form(request: Request, target: str, problem: Problem | None) -> Response:
    status, headers = (200, {}) if problem is None else (problem.status, problem.headers)
    text = render(request, "login.html", {"next": target, "problem": problem})
    return Response(text, status, _HEADERS | headers, "text/html; charset=utf-8")


def _go(target: str) -> RedirectResponse:
    """A path is all that a browser is sent to, so that no name of a host that somebody made up is in it."""
    return RedirectResponse(target, 303, _HEADERS)
