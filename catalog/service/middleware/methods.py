"""HEAD at every address that takes GET, and all that an address takes told to who asks otherwise; nothing else.

Routes know of one method each: two of them that share an address would each deny the other's.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def install_methods(app: FastAPI) -> None:
    """Let an app answer HEAD wherever it answers GET; it stands around all that was added before."""
    app.add_middleware(Methods)


class Methods:
    """ASGI middleware: asks as GET where HEAD was asked, and sends what comes of it without a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_bare, is_over = scope["method"] == "HEAD", False
        inner = {**scope, "method": "GET"} if is_bare else scope

        async def passed(message: Message) -> None:
            nonlocal is_over
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
                MutableHeaders(scope=message)["Allow"] = ", ".join(_taken(scope))
            if not is_bare or message["type"] != "http.response.body":
                await send(message)
            elif not is_over:
                is_over = True  # a stream may go on for long, and its end is not waited for
                await send({"type": "http.response.body", "body": b""})

        await self._app(inner, receive, passed)


def _taken(scope: Scope) -> list[str]:
    """Return the methods that an address takes, whichever route it is that does."""
    app: FastAPI = scope["app"]
    plain = {"type": "http", "path": scope["path"], "root_path": "", "method": scope["method"]}
    found: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.methods and route.matches(dict(plain))[0] is not Match.NONE:
            found |= route.methods
    if not found:
        found = {"GET"}  # a file, which no route of ours knows
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
