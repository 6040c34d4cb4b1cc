"""Answers `GET /metrics` with what the catalog knows at that moment; on loopback unless told otherwise.

An answer is kept for a few seconds, at most a minute where it took long. Where the catalog cannot be read the answer is
503, never one from before: then the scrape fails, which alert rules see.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client.exposition import choose_encoder

from catalog.metrics.families import registry_of
from catalog.metrics_values import Facts
from verifier.errors import LandproofError, UsageError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

KEPT_SECONDS, MOST_SECONDS = 5.0, 60.0
_TIMES_LONGER = 4
"""An answer is kept for so many times as long as it took: years of exports are not judged all the time."""
_CLIENT_SECONDS = 5.0
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 lets the system choose."""

    host: str
    port: int


def parse_address(text: str) -> Address:
    """Read HOST:PORT, [IPV6]:PORT, :PORT or PORT; without a host it is loopback. Raises `UsageError`."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and int(port) <= 65535):
        raise UsageError(f"--listen: expected HOST:PORT, got {text!r}", hint="write 127.0.0.1:9437, or 9437")
    return Address(host or "127.0.0.1", int(port))


class Metrics:
    """A WSGI application over a function that gathers the facts; one caller gathers, the others wait for it."""

    def __init__(self, gather: Callable[[], Facts], kept_seconds: float = KEPT_SECONDS) -> None:
        self._gather, self._kept_seconds = gather, kept_seconds
        self._gathering = threading.Lock()
        self._kept: tuple[float, Facts] | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, headers, body = self._answer(environ)
        start_response(status, [*headers, ("Content-Length", str(len(body))), ("Cache-Control", "no-store")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        if environ.get("PATH_INFO") != "/metrics":
            return "404 Not Found", [_TEXT], b"the metrics are at /metrics\n"
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return "405 Method Not Allowed", [_TEXT, ("Allow", "GET, HEAD")], b"expected GET\n"
        try:
            facts = self._facts()
        except LandproofError as error:
            hint = f"hint: {error.hint}\n" if error.hint else ""
            text = f"{error.message}\n{hint}".encode("utf-8", "backslashreplace")
            return "503 Service Unavailable", [_TEXT, ("Retry-After", "15")], text
        encode, content_type = choose_encoder(environ.get("HTTP_ACCEPT", ""))
        return "200 OK", [("Content-Type", content_type)], encode(registry_of(facts))

    def _facts(self) -> Facts:
        with self._gathering:
            if self._kept is None or time.monotonic() > self._kept[0]:
                self._kept, began = None, time.monotonic()
                facts = self._gather()
                took = time.monotonic() - began
                self._kept = (
                    time.monotonic() + max(self._kept_seconds, min(_TIMES_LONGER * took, MOST_SECONDS)),
                    facts,
                )
            return self._kept[1]


class _Server(ThreadingMixIn, WSGIServer):
    """Answers several at once, and ends when those that were begun are given."""

    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that went away is no news."""


class _ServerOfSix(_Server):
    """The same for an address of IPv6."""

    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """Waits for a client for a bounded time, and logs nothing."""

    timeout = _CLIENT_SECONDS

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def listening(application: Metrics, address: Address) -> WSGIServer:
    """Return a server that listens and does not answer yet. Raises `UsageError` where the address cannot be had."""
    kind = _ServerOfSix if ":" in address.host else _Server
    try:
        return make_server(address.host, address.port, application, kind, _Handler)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"--listen: {address.host}:{address.port} cannot be listened on: {reason}") from error


def serve(application: Metrics, address: Address, ready: Callable[[str], None]) -> None:
    """Answer until KeyboardInterrupt, which both Ctrl-C and SIGTERM are; `ready` is told the URL.

    Answers that were begun are given. Raises `UsageError` where the address cannot be listened on.
    """
    with listening(application, address) as server:
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            ready(f"http://{host}:{server.server_port}/metrics")
            server.serve_forever()
        except KeyboardInterrupt:
            """Told to end."""
