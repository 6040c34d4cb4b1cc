"""A small server on loopback that takes pings as healthchecks does, or misbehaves as told; keeps all it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Ping:
    """One request: method, path with its query, and body."""

    method: str
    target: str
    body: bytes


@dataclass(slots=True)
class PingServer:
    """A running server: `statuses` come in turn, the last again and again; `drips` answers without an end."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    words: bytes = b"OK"
    headers: dict[str, str] = field(default_factory=dict)
    slow_seconds: float = 0.0
    drips: bool = False
    pings: list[Ping] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def ping_server() -> Iterator[PingServer]:
    """Run a server until the block ends."""
    served = PingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            served.pings.append(Ping("POST", self.path, body))
            status = served.statuses.pop(0) if len(served.statuses) > 1 else served.statuses[0]
            with suppress(OSError):
                self._answer(status)

        def _answer(self, status: int) -> None:
            served.ended.wait(served.slow_seconds)
            self.wfile.write(f"HTTP/1.0 {status} Said\r\n".encode())
            while served.drips and not served.ended.is_set():
                self.wfile.write(b"x-more: and more\r\n")
                time.sleep(0.02)
            for name, value in served.headers.items():
                self.wfile.write(f"{name}: {value}\r\n".encode())
            self.wfile.write(b"\r\n" + served.words)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}/ping/a-secret-key"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
