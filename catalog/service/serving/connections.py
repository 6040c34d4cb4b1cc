"""One connection of a client: how much a request's head may hold, how long a client may take; HTTP itself is uvicorn's.

uvicorn bounds neither the head of a request nor the time that one may take to arrive, or an answer to be fetched.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 << 10
HEAD_SECONDS, WHOLE_SECONDS, FETCH_SECONDS = 10.0, 30.0, 60.0
"""How long the head of a request may take, all of it, and how long a client may fetch nothing of an answer."""


class Connection(HttpToolsProtocol):
    """A connection that ends where the client is too slow, or sends a head without end."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._head_bytes: int | None = 0
        """Of the request that is being received; None once its head is whole."""
        self._arriving: asyncio.TimerHandle | None = None
        self._fetching: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arriving = self.loop.call_later(HEAD_SECONDS, self._give_up, "408 Request Timeout")

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._arriving is None and (self.cycle is None or self.cycle.response_complete):
            self._arriving = self.loop.call_later(HEAD_SECONDS, self._give_up, "408 Request Timeout")
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > MOST_HEAD_BYTES:
            self._give_up("431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        if self._arriving:
            self._arriving.cancel()
        self._arriving = self.loop.call_later(WHOLE_SECONDS, self._give_up, "408 Request Timeout")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        if self._arriving:
            self._arriving.cancel()
            self._arriving = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._fetching = self._fetching or self.loop.call_later(FETCH_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._fetching:
            self._fetching.cancel()
            self._fetching = None

    def _give_up(self, status: str) -> None:
        """Say so, unless an answer has begun or nothing was asked, and end the connection."""
        self._forget()
        if self.transport.is_closing():
            return
        has_begun = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if self._head_bytes != 0 and not has_begun:
            head = f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode("ascii"))
        self.transport.close()

    def _forget(self) -> None:
        for timer in (self._arriving, self._fetching):
            if timer:
                timer.cancel()
        self._arriving = self._fetching = None
