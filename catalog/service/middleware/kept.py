"""Answers that are made of the copy are made once and given to all who ask; whether they may is not decided here.

An answer is kept for what it is made of and for whom: address, representation, role; a page that carries a secret, for
one caller. For moments after a renewal who asks gets the answer before it while it is made again, unless this service
itself has recorded something: then what was before it is given to nobody.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.service.responses.rendering import wants_json
from catalog.service.service import Service
from catalog.service.values import Caller, Way

MOST_BYTES = 64 << 20
_MOST_OF_ONE = 4 << 20
_FRESH_SECONDS = 60.0
"""So long an answer counts as of now."""
_BEHIND_SECONDS, _MOST_BEHIND_SECONDS = 10.0, 60.0
"""So long after it was the newest an answer is given while it is made again; the longer where many wait for that."""
_FEW = 10
_AT_ONCE = max(2, os.cpu_count() or 1)
"""How many answers are made at a time: more would only make each slower, and whoever records on this machine."""
_MOST_PAUSE_SECONDS = 0.25
_OVERHEAD_BYTES = 2000
_CONDITIONS = (b"if-none-match", b"if-modified-since", b"range")

_STREAMED = "application/x-ndjson"
_PAGES = ("/datasets/", "/snapshots/", "/restore", "/findings", "/search")
_LOOKUPS = ("datasets", "snapshots", "show", "diff", "history", "find", "check", "rpo", "retention", "restore/plan")
_PARTS = ("overview", "dataset", "findings", "hold", "waive", "accept")
_OF_THE_COPY = (*_PAGES, *(f"/api/v1/{name}" for name in (*_LOOKUPS, *_PARTS)))
"""Addresses below which all is made of the copy alone; jobs, keys and the like change without it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer: of which version, begun when, and the route that gave it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    version: Hashable
    began: float
    route: object = None


Make = Callable[[], Awaitable[Answer]]


class Shelf:
    """Answers by key, bounded by bytes: those that nobody asked for the longest go first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self.bytes = 0

    def get(self, key: Hashable) -> Answer | None:
        """Return the answer of a key, None where there is none."""
        answer = self._answers.get(key)
        if answer:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer in place of the one before it."""
        self.drop(key)
        self._answers[key] = answer
        self.bytes += _size(answer)
        while self.bytes > self._most_bytes:
            self.drop(next(iter(self._answers)))

    def drop(self, key: Hashable) -> None:
        """Keep no answer of a key."""
        answer = self._answers.pop(key, None)
        if answer:
            self.bytes -= _size(answer)


class Versions(Protocol):
    """What tells of which version answers are made now, and since when those before it are given to nobody."""

    @property
    def version(self) -> Hashable: ...

    @property
    def recorded_at(self) -> float: ...

    def renewed_after(self, moment: float) -> float | None: ...


class Kept:
    """Gives each answer from the shelf, or has it made, once for all who ask for it at the same time."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        self.shelf = shelf or Shelf()
        self._making: dict[tuple[Hashable, float], asyncio.Task[Answer]] = {}
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._behind: OrderedDict[Hashable, Make] = OrderedDict()
        self._renewing: asyncio.Task[None] | None = None
        self.counts = {"kept": 0, "behind": 0, "shared": 0, "made": 0}
        """How answers were given: as kept, one from before a renewal, one that was being made, one made for it."""

    async def answer(self, key: Hashable, versions: Versions, make: Make) -> Answer:
        """Return the answer of a key: the kept one where it is as good as new, else what `make` gives.

        `make` must begin with the version that there is when it is called. Raises what it raises, to all who wait.
        """
        now, recorded_at = time.monotonic(), versions.recorded_at
        kept = self.shelf.get(key)
        if kept and kept.version == versions.version and now - kept.began <= _FRESH_SECONDS:
            self.counts["kept"] += 1
            return kept
        if kept and kept.began > recorded_at and self._is_good_for_moments(kept, versions, now):
            self.counts["behind"] += 1
            self._renew(key, make)
            return kept
        # What was begun before something was recorded is not shared with who asks after it.
        task = self._making.get((key, recorded_at))
        self.counts["made" if task is None else "shared"] += 1
        if task is None:
            task = self._making[key, recorded_at] = asyncio.create_task(self._made(key, make))
            task.add_done_callback(lambda ended: self._ended((key, recorded_at), ended))
        return await asyncio.shield(task)  # who goes away must not end it for the others

    def _is_good_for_moments(self, kept: Answer, versions: Versions, now: float) -> bool:
        """Tell whether an answer of before may be given: longer where there is so much to make that nobody keeps up."""
        was_newest_until = min(kept.began + _FRESH_SECONDS, versions.renewed_after(kept.began) or now)
        return now - was_newest_until <= (_MOST_BEHIND_SECONDS if len(self._behind) > _FEW else _BEHIND_SECONDS)

    def _renew(self, key: Hashable, make: Make) -> None:
        """Have an answer made anew when those that wait for it longer are."""
        self._behind.setdefault(key, make)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew_behind())

    async def _renew_behind(self) -> None:
        while self._behind:
            key, make = self._behind.popitem(last=False)
            began = time.monotonic()
            with suppress(Exception):  # who waits for an answer is told, and here nobody does
                await self._made(key, make)
            # Nobody waits for these: at least half of the time is left to who waits, and to who records.
            await asyncio.sleep(min(_MOST_PAUSE_SECONDS, time.monotonic() - began))

    async def _made(self, key: Hashable, make: Make) -> Answer:
        async with self._turns:
            answer = await make()
        self._behind.pop(key, None)
        if answer.status == HTTPStatus.OK and len(answer.body) <= _MOST_OF_ONE:
            self.shelf.put(key, answer)
        else:
            self.shelf.drop(key)
        return answer

    def _ended(self, key: tuple[Hashable, float], task: asyncio.Task[Answer]) -> None:
        self._making.pop(key, None)
        if not task.cancelled():
            task.exception()  # nobody may be left to be told


def install_kept(app: FastAPI) -> None:
    """Keep the answers of an app that are made of the copy; who was added later stands around this."""
    app.state.kept = Kept()
    app.add_middleware(_Keeping, kept=app.state.kept)


class _Keeping:
    """ASGI middleware: looks for an answer that was made for such a one as asks."""

    def __init__(self, app: ASGIApp, kept: Kept) -> None:
        self._app, self._kept = app, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, of somebody who was let in."""
        if scope["type"] != "http" or scope["method"] != "GET" or not _is_of_the_copy(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        service: Service = scope["app"].state.service
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None or _STREAMED in request.headers.get("accept", ""):
            # Nobody whom `headers` let in: who they are is for the route to ask. Or what comes line by line.
            await self._app(scope, receive, send)
            return
        current = service.current
        answer = await self._kept.answer(_key(request, caller), current, lambda: self._make(scope, current))
        if answer.route is not None:
            scope["route"] = answer.route
        await _send(answer, request, send)

    async def _make(self, scope: Scope, versions: Versions) -> Answer:
        """Have the app answer as to a first request, which has nothing of the answer yet."""
        version, began = versions.version, time.monotonic()
        headers = [(name, value) for name, value in scope["headers"] if name not in _CONDITIONS]
        inner = {**scope, "headers": headers, "state": dict(scope.get("state", {}))}
        start: Message = {"status": HTTPStatus.INTERNAL_SERVER_ERROR, "headers": []}
        parts: list[bytes] = []

        async def send(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        try:
            await self._app(inner, _Nothing().receive, send)
        finally:
            if "route" in inner:
                scope["route"] = inner["route"]  # for who counts what fails
        sent = tuple((name, value) for name, value in start.get("headers", ()))
        return Answer(start["status"], sent, b"".join(parts), version, began, inner.get("route"))


class _Nothing:
    """The body of a request that has none, from somebody who never goes away."""

    def __init__(self) -> None:
        self._is_told = False

    async def receive(self) -> Message:
        """Return that there is nothing; the second time wait until it is of no use any more."""
        if self._is_told:
            await asyncio.Event().wait()
        self._is_told = True
        return {"type": "http.request", "body": b"", "more_body": False}


def _is_of_the_copy(path: str) -> bool:
    return path == "/" or path.startswith(_OF_THE_COPY)


def _key(request: Request, caller: Caller) -> Hashable:
    """Return what an answer is for: a page shows who asks and has their secret in its forms, a document has neither."""
    scope = request.scope
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    query = tuple(sorted(pairs, key=lambda pair: pair[0]))
    whose: Hashable = (caller.role, caller.way is Way.OPEN)
    if not wants_json(request):
        parts = tuple(request.headers.get(name) for name in ("hx-request", "hx-boosted", "hx-target"))
        whose = (caller, parts)
    return scope.get("raw_path", scope["path"]), query, whose


async def _send(answer: Answer, request: Request, send: Send) -> None:
    """Send an answer, or that it is the one which the caller has."""
    headers = list(answer.headers)
    tag = next((value.decode("latin-1") for name, value in headers if name == b"etag"), None)
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if answer.status == HTTPStatus.OK and tag and known & {tag, "*"}:
        headers = [(name, value) for name, value in headers if name not in (b"content-length", b"content-type")]
        await send({"type": "http.response.start", "status": HTTPStatus.NOT_MODIFIED, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _size(answer: Answer) -> int:
    return len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers) + _OVERHEAD_BYTES
