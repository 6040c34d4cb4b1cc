"""Forms of the pages as bodies of the API: what a form says, as JSON, and where to go back to; answers no question."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, MutableHeaders
from starlette.types import Message

from catalog.answers import Document
from catalog.service.access.callers import CSRF_FIELD, CSRF_HEADER
from catalog.service.responses.rendering import FORM, render

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_BACK = "back"
_MOST_FIELDS = 500


class FormRoute(APIRoute):
    """A route that takes its JSON body as a form, too; whoever filled that in is answered with a page.

    Fields that nobody filled in are not there; those that are there several times are lists. `back` is the page to go
    to afterwards.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answered = super().get_route_handler()

        async def handler(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            return await answered(await _as_json(request) if kind in _FORMS else request)

        return handler


def done(
    request: Request, document: Document, status: int = 200, *, location: str | None = None, page: str = "/"
) -> Response:
    """Answer what was done: with its document and where that is, or after a form with the page to go to.

    Trouble that the document tells of is shown first, since nobody would see it on the next page.
    """
    headers = {"Cache-Control": "no-store"}
    if FORM not in request.scope:
        return JSONResponse(document, status, headers | ({"Location": location} if location else {}))
    if document.get("trouble"):
        problem = {"title": "Recorded, and not all is well", "detail": document["trouble"]["message"]}
        text = render(request, "problem.html", {"problem": problem | {"hint": document["trouble"]["hint"]}})
        return Response(text, 200, headers, "text/html; charset=utf-8")
    return RedirectResponse(request.scope[FORM] or page, 303, headers)


async def _as_json(request: Request) -> Request:
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        fields = _fields(form)
    back = fields.pop(_BACK, None)
    request.scope[FORM] = _own_page(back)
    scope = {**request.scope, "headers": list(request.scope["headers"])}
    headers = MutableHeaders(scope=scope)
    headers["content-type"] = "application/json"
    secret = fields.pop(CSRF_FIELD, None)
    if isinstance(secret, str):
        headers[CSRF_HEADER] = secret.encode("ascii", "replace").decode()
    content = json.dumps(fields).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request(scope, receive)


def _fields(form: FormData) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for name in form:
        values = [value for value in form.getlist(name) if isinstance(value, str) and value.strip()]
        if values:
            found[name] = values[0] if len(values) == 1 else values
    return found


def _own_page(back: str | list[str] | None) -> str | None:
    """Return the address of a page of this service, None for any other: nobody is sent elsewhere."""
    if not isinstance(back, str) or not back.startswith("/") or back.startswith("//") or "\\" in back:
        return None
    parts = urlsplit(back)
    is_plain = not parts.scheme and not parts.netloc and back.isascii() and back.isprintable()
    return back if is_plain else None
