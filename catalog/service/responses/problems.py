"""What went wrong, as problem+json (RFC 9457) for programs and as a page for people; decides nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from catalog.service.responses.rendering import render, wants_json
from verifier.errors import CatalogError, LandproofError, SettingsError, UnknownError, UsageError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  # the word of RFC 9457
    """A refusal of the service's own; `status` is that of HTTP."""

    def __init__(
        self,
        status: int,
        detail: str,
        hint: str | None = None,
        title: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Say what was wrong and what to do about it."""
        super().__init__(detail)
        self.status, self.detail, self.hint = status, detail, hint
        self.title = title or HTTPStatus(status).phrase
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class _Told:
    """A problem in the fields of its document."""

    status: int
    detail: str
    hint: str | None = None
    title: str | None = None
    headers: dict[str, str] | None = None


def install(app: FastAPI) -> None:
    """Make the app answer every exception with a problem; only those of ours say more than their status."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, _Told(error.status, error.detail, error.hint, error.title, error.headers))

    async def on_ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, LandproofError)
        return answer(request, _Told(_status_of(error), error.message, error.hint))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = _DETAILS.get(error.status_code, str(error.detail))
        headers = dict(error.headers or {})
        return answer(request, _Told(error.status_code, detail, headers=headers))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, _Told(400, "; ".join(_mistake(one) for one in error.errors())))

    async def on_other(request: Request, error: Exception) -> Response:
        detail = f"{type(error).__name__} in landproof itself, which is a mistake of the program"
        return answer(request, _Told(500, detail, "the log of the service says where; report it"))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(LandproofError, on_ours)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_other)


def answer(request: Request, told: _Told) -> Response:
    """Return the response of a problem: a page for who reads pages, a document for all others."""
    title = told.title or HTTPStatus(told.status).phrase
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Cookie, Authorization"} | (told.headers or {})
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": told.status,
        "detail": told.detail,
        "hint": told.hint,
        "instance": request.url.path,
    }
    if wants_json(request):
        return JSONResponse(document, told.status, headers, MEDIA_TYPE)
    text = render(request, "problem.html", {"problem": document})
    return Response(text, told.status, headers, "text/html; charset=utf-8")


_DETAILS = {
    404: "there is nothing at this address",
    405: "this address takes no such request",
}


def _status_of(error: LandproofError) -> int:
    if isinstance(error, CatalogError | SettingsError):
        return 503
    if isinstance(error, UsageError):
        return 404 if isinstance(error, UnknownError) else 400
    return 502


def _mistake(error: dict[str, Any]) -> str:
    """One mistake of a request in our words: where it stands, what is wrong with it; never what was sent."""
    where = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    message = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{where}: {message[:1].lower()}{message[1:]}"
