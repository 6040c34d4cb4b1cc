"""A small app behind the real access control, one route for each role, and clients that come from anywhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

from catalog.service.access.callers import Access, Auditor, Caller, Changing, Operator, Viewer, guard_routes
from catalog.service.access.tokens import create_token, revoke_token
from catalog.service.middleware.headers import install_headers
from catalog.service.pages import login
from catalog.service.responses import problems
from catalog.service.values import Role
from catalog.settings.loading import Settings
from catalog.settings.tables import Document, ServiceTable

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
HERE = "http://127.0.0.1:8437"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass
class Doors:
    """Access control over a folder, as of a moment that tests may move, and what it said."""

    folder: Path
    table: dict[str, object] = field(default_factory=dict)
    now: datetime = NOW
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(Document(service=ServiceTable.model_validate(self.table)))
        self.access = Access(settings, self.folder, lambda: self.now, self.said.append)
        self.app = small_app(self.access)

    def token(self, role: str = "viewer", name: str | None = None, *, hours: float | None = None) -> str:
        """Make a token of a role, named after it."""
        ends = None if hours is None else self.now + timedelta(hours=hours)
        return create_token(self.folder, name or role, Role(role), ends, ("test", self.now))

    def revoke(self, which: str) -> None:
        """Revoke a token."""
        revoke_token(self.folder, which, self.now)

    def client(self, token: str | None = None, *, peer: str = "127.0.0.1", base: str = HERE) -> httpx.Client:
        """Return a client that follows no redirect, with a token where one is given."""
        headers = {"Accept": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        return httpx.Client(transport=Within(self.app, peer), base_url=base, headers=headers)

    def browser(self, token: str, *, peer: str = "127.0.0.1", base: str = HERE) -> httpx.Client:
        """Return a browser that is logged in."""
        client = self.client(peer=peer, base=base)
        client.headers.update(PAGE)
        answer = client.post("/login", data={"token": token})
        assert answer.status_code == 303, answer.text
        return client


class Within(httpx.BaseTransport):
    """Asks an app of this process, as from some address."""

    def __init__(self, app: FastAPI, peer: str) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50_000))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._ask(request))

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        request.stream = httpx.ByteStream(request.read())
        answer = await self._inner.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers.raw, content=await answer.aread())


router = APIRouter()


def _told(caller: Caller) -> dict[str, str | None]:
    return {"name": caller.name, "role": caller.role, "way": caller.way, "csrf": caller.csrf}


@router.get("/viewer")
async def viewer(caller: Viewer) -> dict[str, str | None]:
    return _told(caller)


@router.get("/auditor")
async def auditor(caller: Auditor) -> dict[str, str | None]:
    return _told(caller)


@router.get("/operator")
async def operator(caller: Operator) -> dict[str, str | None]:
    return _told(caller)


@router.post("/viewer/asks")
async def asks(request: Request, caller: Viewer) -> dict[str, object]:
    return _told(caller) | {"form": dict(await request.form())}


@router.post("/auditor/changes")
async def changes(caller: Annotated[Caller, Depends(Changing(Role.AUDITOR))]) -> dict[str, str | None]:
    return _told(caller)


@router.post("/operator/changes")
async def orders(caller: Annotated[Caller, Depends(Changing(Role.OPERATOR))]) -> dict[str, str | None]:
    return _told(caller)


@router.get("/fails")
async def fails(caller: Viewer) -> None:
    raise ZeroDivisionError(caller.name)


@router.get("/slow")
async def slow(caller: Viewer, seconds: float) -> dict[str, str | None]:
    await asyncio.sleep(seconds)
    return _told(caller)


@router.get("/blocks")
def blocks_a_thread(caller: Viewer, seconds: float) -> dict[str, str | None]:
    time.sleep(seconds)
    return _told(caller)


@router.get("/large")
async def large(caller: Viewer) -> StreamingResponse:
    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield bytes(100_000)

    return StreamingResponse(blocks(), media_type="application/octet-stream")


@router.get("/events")
async def events(caller: Viewer) -> StreamingResponse:
    async def tick() -> AsyncIterator[str]:
        while True:
            yield "data: tick\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(tick(), media_type="text/event-stream")


def small_app(access: Access) -> FastAPI:
    """Return the app; what it answers is who asked."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.service = SimpleNamespace(access=access, current=SimpleNamespace(trouble=None, copied_at=None))
    app.include_router(login.router)
    app.include_router(router)
    problems.install(app)
    guard_routes(app)
    install_headers(app)
    return app
