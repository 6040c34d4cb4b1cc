"""What every request passes first, and every answer carries: host names, other sites, sizes, who asks, headers.

What who asks may do is for the routes to say. This stands around everything else, so that failures carry them, too.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.datastructures import MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.service.access.callers import Access, admit, is_public
from catalog.service.access.proxies import Came
from catalog.service.responses.problems import Problem

MOST_BYTES = 1 << 20
"""Of the body of a request: a form, or a question."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_A_YEAR = "max-age=31536000"
_ANYWHERE = ("/healthz", "/readyz")
_SAFE = ("GET", "HEAD", "OPTIONS")
_HOST = re.compile(
    r"(?P<name>[a-z0-9_](?:[a-z0-9._-]{0,253})|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_PORTS = {"http": "80", "https": "443"}


def install_headers(app: FastAPI) -> None:
    """Put the shield around an app, outside of all that was added before."""
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MOST_BYTES)
    app.add_middleware(Shield)


def is_loopback(host: str) -> bool:
    """Tell whether a host, as settings or a request name it, is this machine alone."""
    name = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


class Shield:
    """ASGI middleware; keeps where the request came from at `request.state.came`, for who asks who it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        access: Access = scope["app"].state.service.access
        came = access.proxies.came(scope)
        scope["client"], scope["scheme"] = (came.client, 0), came.scheme
        scope.setdefault("state", {})["came"] = came
        answer = _Answer(scope, came, send)
        try:
            _refuse_wrong(Request(scope), access)
            if not is_public(scope["path"]):
                admit(Request(scope))  # before anything is looked up or read for them
            await self._app(scope, receive, answer.send)
        except Problem as problem:
            await answer.tell(problem, receive)
        except Exception as error:
            await answer.tell(error, receive)
            raise  # for the log


class _Answer:
    """An answer on its way out, which is given the headers."""

    def __init__(self, scope: Scope, came: Came, send: Send) -> None:
        self._scope, self._came, self._send = scope, came, send
        self._has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)  # an answer may forbid itself more
            headers.setdefault(
                "Cache-Control", "no-cache" if self._scope["path"].startswith("/static/") else "no-store"
            )
            if self._came.is_secure:
                headers["Strict-Transport-Security"] = _A_YEAR
        await self._send(message)

    async def tell(self, error: Exception, receive: Receive) -> None:
        """Answer with what went wrong, as the app does it for what goes wrong within."""
        if self._has_begun:
            return
        kind = Problem if isinstance(error, Problem) else Exception
        response = await self._scope["app"].exception_handlers[kind](Request(self._scope), error)
        await response(self._scope, receive, self.send)


def _refuse_wrong(request: Request, access: Access) -> None:
    """Raise `Problem` for a name that is not ours, for what another site makes a browser ask, and for too much."""
    hosts = request.headers.getlist("host")
    match = _HOST.fullmatch(hosts[0].lower()) if len(hosts) == 1 else None
    if match is None:
        raise Problem(400, "expected one name of a host in the request, got none that can be read")
    if request.url.path not in _ANYWHERE and not _is_ours(match["name"], access):
        hint = "whoever runs this can name it: hosts, of the table [service] of the settings"
        raise Problem(421, f"this service is not known as {match['name']}", hint)
    if _is_foreign(request, match, access):
        raise Problem(403, "another site made the browser ask for this", "open the page by its own address")
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        raise Problem(413, f"expected at most {MOST_BYTES} bytes, got more", headers={"Connection": "close"})


def _is_ours(name: str, access: Access) -> bool:
    """A page of another site that points its own name at this machine must not get to read what is here."""
    known = access.service.hosts
    if name.rstrip(".") in known or is_loopback(name):
        return True
    return not known and not is_loopback(access.service.host)


def _is_foreign(request: Request, host: re.Match[str], access: Access) -> bool:
    """Tell whether another site has its hand in it: following a link to a page is all that others may cause.

    What no browser sends has neither of the two headers.
    """
    site, is_safe = request.headers.get("sec-fetch-site"), request.method in _SAFE
    if site is not None:
        if site in ("same-origin", "none"):
            return False
        is_link = (
            request.headers.get("sec-fetch-mode") == "navigate" and request.headers.get("sec-fetch-dest") == "document"
        )
        return not (is_safe and is_link)
    origin = request.headers.get("origin")
    if origin is None or is_safe:
        return False
    return not _is_same(origin, host, access)


def _is_same(origin: str, host: re.Match[str], access: Access) -> bool:
    """Tell whether the origin of a form is this service: the host that was asked, or a name that it has."""
    try:
        parts = urlsplit(origin.lower())
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if name in access.service.hosts:
        return True
    asked = host["name"].strip("[]"), host["port"] or _PORTS.get(parts.scheme, "")
    return (name, str(port) if port else _PORTS.get(parts.scheme)) == asked
