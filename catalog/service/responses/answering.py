"""Documents into responses, as pages or as JSON, with their validators; which document answers is not its business."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from catalog.answers import Document
from catalog.service.responses.rendering import render, wants_json

_HTML, _JSON = "text/html; charset=utf-8", "application/json"
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept, Cookie, Authorization, HX-Request"}


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
