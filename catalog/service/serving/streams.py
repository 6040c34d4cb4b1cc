"""Event streams: ended when the service stops, and when who asked is let in no more; tells nothing itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.service.access.callers import Access
from catalog.service.values import Caller

LOOK_SECONDS = 0.5
"""How often it is asked whether a caller is still let in."""


class Streams:
    """ASGI middleware around an app; `stop` ends all event streams that are open, and those that would begin."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End event streams; other answers are given to their end."""
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, receive, send)
        watch: asyncio.Task[None] | None = None

        async def sent(message: Message) -> None:
            nonlocal watch
            await answer.send(message)
            if watch is None and answer.is_stream and not answer.is_over:
                watch = asyncio.create_task(self._watch(answer))

        try:
            await self._app(scope, answer.receive, sent)
        finally:
            if watch is not None:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch
        await answer.complete()

    async def _watch(self, answer: _Answer) -> None:
        while not self._stopping.is_set() and self._stands(answer.scope):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)
        answer.ended.set()

    def _stands(self, scope: Scope) -> bool:
        caller: Caller | None = scope.get("state", {}).get("caller")
        return caller is None or self._access.stands(Request(scope), caller)


class _Answer:
    """One answer, of which the app is told that nobody listens any more when it is to end."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.is_stream = self.is_over = False
        self.ended = asyncio.Event()

    async def receive(self) -> Message:
        if not self.is_stream and self.scope["method"] != "GET":
            return await self._receive()
        tasks = {asyncio.create_task(self.ended.wait()), asyncio.ensure_future(self._receive())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.ended.is_set():
                return {"type": "http.disconnect"}
            message: Message = next(iter(done)).result()  # type: ignore[assignment]
            return message
        finally:
            for task in tasks:
                task.cancel()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_stream = Headers(raw=message["headers"]).get("content-type", "").startswith("text/event-stream")
        self.is_over = self.is_over or (message["type"] == "http.response.body" and not message.get("more_body"))
        await self._send(message)

    async def complete(self) -> None:
        """Give a stream that was ended its end, so that the client knows that nothing is missing."""
        if self.is_stream and not self.is_over and self.ended.is_set():
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
