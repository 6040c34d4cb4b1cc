"""Documents into responses, as pages or as JSON, with their validators; which document answers is not its business."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from catalog.answers import Document
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_known_at
from catalog.service.responses.beginning import is_before_all, nothing_recorded
from catalog.service.responses.rendering import render, wants_json
from catalog.service.values import Service

_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Cookie, Authorization, HX-Request"}


def service_of(request: Request) -> Service:
    """Return the running service of a request."""
    service: Service = request.app.state.service
    return service


def _inquiry(request: Request, known_at: datetime | None = None) -> Inquiry:
    service = service_of(request)
    if is_before_all(service):
        raise nothing_recorded(service)
    return service.current.inquiry(known_at)


async def _asked(request: Request) -> Inquiry:
    return _inquiry(request)


async def _asked_then(
    request: Request,
    as_known_at: Annotated[
        str | None,
        Query(description="Answer with what was recorded by this moment.", examples=["2026-11-01T00:00:00Z"]),
    ] = None,
) -> Inquiry:
    return _inquiry(request, parse_known_at(as_known_at or None, "as_known_at"))


Asked = Annotated[Inquiry, Depends(_asked)]
"""The question of a request: settings and the newest copy of the catalog, the same for all of the request."""

AskedThen = Annotated[Inquiry, Depends(_asked_then)]
"""The same, as known at the moment that the request names, if it names one."""


def page(request: Request, template: str, document: Document, **more: Any) -> Response:
    """Answer with a document, as the page that a template makes of it or as JSON, whichever is asked for.

    The template has it as `document`, and what else is given, which only pages need.
    """
    if wants_json(request):
        return answer(request, document)
    text = render(request, template, {"document": document} | more)
    return _validated(request, text.encode("utf-8"), _HTML)


def answer(request: Request, document: Document, headers: dict[str, str] | None = None) -> Response:
    """Answer with a document as JSON."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _validated(request, content.encode("utf-8"), _JSON, headers)


def _validated(request: Request, content: bytes, media_type: str, headers: dict[str, str] | None = None) -> Response:
    """Answer with a strong validator, or with nothing new where the request has that already."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    sent = _HEADERS | {"ETag": tag} | (headers or {})
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=sent)
    return Response(content, headers=sent, media_type=media_type)
