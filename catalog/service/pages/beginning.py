"""What is told before there is anything to show: no catalog yet, or none judged yet; judges nothing."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from catalog.service.responses.problems import Problem
from catalog.service.responses.rendering import render, wants_json
from catalog.service.service import service_of

_AGAIN_SECONDS = "2"


def being_judged() -> Problem:
    """Return what who asks for everything is told while that is judged for the first time since the start."""
    detail = "all exports are being judged for the first time since the service began, which takes some seconds"
    headers = {"Retry-After": _AGAIN_SECONDS}
    return Problem(503, detail, "the page comes by itself; a program asks again", "Being judged", headers)


def tell(request: Request, problem: Problem) -> Response:
    """Answer on the Overview that there is nothing to show, and what to do; a browser asks again by itself.

    With 503 where it is for a person to begin, with 202 where the answer is under way; neither is kept by anybody.
    Raises the problem where a document was asked for.
    """
    if wants_json(request):
        raise problem
    state, status = ("nothing", 503) if service_of(request).is_before_all else ("judging", 202)
    text = render(request, "overview.html", {"beginning": {"state": state}})
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Cookie, Authorization, HX-Request", **problem.headers}
    headers["Refresh"] = problem.headers["Retry-After"]
    return Response(text, status, headers, "text/html; charset=utf-8")
