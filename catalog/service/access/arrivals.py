"""What nobody in particular is told: programs that they need a token, people where to log in; knows nobody.

Where a login leads to afterwards is a path of this service, whatever an address says.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from fastapi import Request

from catalog.service.responses.problems import Problem
from catalog.service.responses.rendering import wants_json

LOGIN, LOGOUT = "/login", "/logout"
_LONGEST = 2000
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""Printable ASCII without a backslash, which some browsers take for a slash, and no second slash at the start."""


def next_path(text: str | None) -> str:
    """Return where to go after a login: a path of this service, or else its first page."""
    if not text or len(text) > _LONGEST or not _PATH.fullmatch(text):
        return "/"
    return "/" if urlsplit(text).path.rstrip("/") in (LOGIN, LOGOUT) else text


def login_url(request: Request) -> str:
    """Return the login page, with the way back to what was asked for."""
    path = request.scope.get("raw_path", b"").decode("ascii", "replace") or quote(request.url.path)
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    asked = next_path(f"{path}?{query}" if query else path)
    return LOGIN if asked == "/" else f"{LOGIN}?next={quote(asked, safe='/')}"


def refuse_nobody(request: Request, *, has_tokens: bool, is_vouched: bool) -> Problem:
    """Return what somebody unknown is told: a browser is sent to the login page, all others need a token.

    `is_vouched` tells whether there is a proxy whose word lets people in.
    """
    challenge = {"WWW-Authenticate": "Bearer"}
    if request.headers.get("hx-request") == "true":
        here = urlsplit(request.headers.get("hx-current-url", ""))
        back = next_path(f"{here.path}?{here.query}" if here.query else here.path)
        target = LOGIN if back == "/" else f"{LOGIN}?next={quote(back, safe='/')}"
        return Problem(401, "log in first", headers=challenge | {"HX-Redirect": target})
    if has_tokens and request.method in ("GET", "HEAD") and _is_browser(request):
        return Problem(303, "log in first", headers={"Location": login_url(request)})
    hint = "send a token as Authorization: Bearer TOKEN; landproof tokens new makes one"
    if not has_tokens and is_vouched:
        hint = "the proxy in front of this did not say who asks, and there is no token that lets anybody in"
    elif not has_tokens:
        hint = "no token lets anybody in: all are revoked or expired; landproof tokens new, where it runs, makes one"
    return Problem(401, "nobody is known here without a token", hint, headers=challenge)


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not wants_json(request)
