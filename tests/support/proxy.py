"""A small HTTP proxy on loopback that injects faults in front of a real server; not the server.

It forwards each request with its own headers (the Host among them, so that signatures hold) and gives the answers back
unchanged, but for the requests a `Rule` picks. Every connection serves one request, so that faults never mix.
"""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What a rule may look at; `target` is path and query as sent, names of headers are written Like-This."""

    method: str
    target: str
    headers: dict[str, str]


@dataclass(slots=True)
class Response:
    """An answer on its way back. A fault changes it, and may ask for a body cut short or a reset connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    send_bytes: int | None = None
    """Send only so many bytes of the body, then close: the promised length stays."""
    reset: bool = False
    """Reset the connection after what was sent."""

    def replace_body(self, body: bytes) -> None:
        """Put another body in place, its length rewritten to match."""
        self.body = body
        self.headers["Content-Length"] = str(len(body))


Fault = Callable[[Response], None]
Predicate = Callable[[Request], bool]


@dataclass(slots=True)
class Rule:
    """Apply `fault` to the matching requests whose number is in `on` (from 1); to all of them when it is empty."""

    matches: Predicate
    fault: Fault
    on: Sequence[int] = ()
    seen: int = field(default=0, init=False)

    def applies(self, request: Request) -> bool:
        """Count a request that matches and tell whether it is one to spoil."""
        if not self.matches(request):
            return False
        self.seen += 1
        return not self.on or self.seen in self.on


def unavailable(response: Response) -> None:
    """Answer 503 with S3's own words."""
    response.status = 503
    response.replace_body(b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>")


def refused(status: int, text: str, **headers: str) -> Fault:
    """Answer with a status, a text and headers, whose names are written with underscores."""

    def fault(response: Response) -> None:
        response.status = status
        response.headers.update({name.replace("_", "-").title(): value for name, value in headers.items()})
        response.replace_body(text.encode())

    return fault


def say(name: str, value: str) -> Fault:
    """Put a header into the answer, in place of one of that name."""
    return lambda response: response.headers.update({name.title(): value})


def empty_page(response: Response) -> None:
    """Answer 200 without a body."""
    response.status = 200
    response.replace_body(b"")


def cut(count: int) -> Fault:
    """Send `count` bytes of the body and close; the length still promises all."""

    def fault(response: Response) -> None:
        response.send_bytes = count

    return fault


def shorten(count: int) -> Fault:
    """Send `count` bytes of the body and rewrite the length, so that the answer looks whole."""
    return lambda response: response.replace_body(response.body[:count])


def flip(position: int) -> Fault:
    """Flip the lowest bit of one byte of the body."""

    def fault(response: Response) -> None:
        changed = bytearray(response.body)
        changed[position] ^= 1
        response.body = bytes(changed)

    return fault


def rewrite(old: bytes, new: bytes) -> Fault:
    """Replace a piece of the body wherever it stands."""
    return lambda response: response.replace_body(response.body.replace(old, new))


def reset(response: Response) -> None:
    """Reset the connection before anything is sent."""
    response.reset, response.send_bytes = True, -1


def delay(seconds: float) -> Fault:
    """Answer only after some seconds."""
    return lambda response: time.sleep(seconds)


def is_listing(request: Request) -> bool:
    """Tell whether a request asks S3 for a page of a listing."""
    return request.method == "GET" and "list-type=2" in request.target


def is_read(request: Request) -> bool:
    """Tell whether a request asks S3 for an object's bytes."""
    return request.method == "GET" and "list-type=2" not in request.target


@dataclass(slots=True)
class Proxy:
    """A running proxy: its URL, and the rules, which may be changed between requests."""

    url: str
    rules: list[Rule]
    requests: list[Request] = field(default_factory=list)


@contextmanager
def faulty_proxy(upstream: str, *rules: Rule) -> Iterator[Proxy]:
    """Run a proxy before the server at `upstream` until the block ends."""
    state = Proxy("", list(rules))
    target = urlsplit(upstream)

    class Handler(_Handler):
        proxy = state
        address = (target.hostname or "", target.port or 80)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    address: tuple[str, int]

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        self.close_connection = True
        request = Request(self.command, self.path, {name.title(): value for name, value in self.headers.items()})
        self.proxy.requests.append(request)
        response = self._forward(request)
        for rule in self.proxy.rules:
            if rule.applies(request):
                rule.fault(response)
        with suppress(ConnectionError):
            self._send(response)

    def _forward(self, request: Request) -> Response:
        body = self.rfile.read(int(request.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection(*self.address)
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            headers = {name.title(): value for name, value in answer.getheaders()}
            headers.pop("Transfer-Encoding", None)
            return Response(answer.status, headers, answer.read())
        finally:
            upstream.close()

    def _send(self, response: Response) -> None:
        if response.send_bytes != -1:
            lines = [f"HTTP/1.1 {response.status} Answer"]
            response.headers.setdefault("Content-Length", str(len(response.body)))
            lines += [f"{name}: {value}" for name, value in response.headers.items() if name.lower() != "connection"]
            head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
            self.wfile.write(head + (b"" if self.command == "HEAD" else response.body[: response.send_bytes]))
        if response.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
