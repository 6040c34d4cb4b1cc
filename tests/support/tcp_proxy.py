"""A small proxy on loopback that spoils bytes on their way, whatever they mean; for protocols that are encrypted.

What comes from the server is counted per connection, from 1: a `Spoil` says on which connections, after how many bytes,
what happens. A delay holds every piece back, in both directions, without holding up those behind it.
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

_PIECE_BYTES = 1 << 16


class How(Enum):
    """What happens to a connection."""

    CLOSE = "close"
    RESET = "reset"
    STALL = "stall"


@dataclass(frozen=True, slots=True)
class Spoil:
    """Spoil the connections whose number is in `on` (from 1; all when it is empty) after some bytes of the server's."""

    how: How
    after_bytes: int
    on: Sequence[int] = (1,)


@dataclass(slots=True)
class TcpProxy:
    """A running proxy.

    `connections` counts those taken, `received` the server's bytes on each, passed on or not, `pieces` what the clients
    sent, so that it shows how often one waited for an answer.
    """

    port: int
    spoils: list[Spoil]
    delay_seconds: float = 0.0
    connections: int = 0
    received: dict[int, int] = field(default_factory=dict)
    pieces: int = 0
    _open: dict[int, _Pair] = field(default_factory=dict)

    def spoil_now(self, how: How) -> None:
        """Spoil all connections that are open."""
        for pair in list(self._open.values()):
            pair.spoil(how)


@contextmanager
def tcp_proxy(port: int, *spoils: Spoil, delay_seconds: float = 0.0) -> Iterator[TcpProxy]:
    """Run a proxy before a port of loopback until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    proxy = TcpProxy(listener.getsockname()[1], list(spoils), delay_seconds)
    threads: list[threading.Thread] = []

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            proxy.connections += 1
            pair = _Pair(client, socket.create_connection(("127.0.0.1", port)), proxy, proxy.connections)
            proxy._open[proxy.connections] = pair
            threads.extend(pair.start())

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threads[0].join()
        for pair in proxy._open.values():
            pair.end()
        for thread in threads:
            thread.join()


class _Pair:
    """One connection: the client's end, the server's, and what carries bytes between them."""

    def __init__(self, client: socket.socket, server: socket.socket, proxy: TcpProxy, number: int) -> None:
        self._client, self._server = client, server
        self._proxy, self._number = proxy, number
        self._is_stalled = threading.Event()
        self._is_over = threading.Event()
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the delays are to be ours alone

    def start(self) -> list[threading.Thread]:
        """Begin to carry."""
        made = [
            *self._carrier(self._client, self._server, is_answer=False),
            *self._carrier(self._server, self._client, is_answer=True),
        ]
        for thread in made:
            thread.start()
        return made

    def spoil(self, how: How) -> None:
        """Make something happen to the connection."""
        if how is How.STALL:
            self._is_stalled.set()
            return
        if how is How.RESET:
            with suppress(OSError):
                self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def end(self) -> None:
        """Close both ends."""
        self._is_over.set()
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RD)  # wakes who reads from it
            end.close()

    def _carrier(self, source: socket.socket, sink: socket.socket, *, is_answer: bool) -> list[threading.Thread]:
        waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

        def take() -> None:
            with suppress(OSError):
                while piece := source.recv(_PIECE_BYTES):
                    waiting.put((time.monotonic() + self._proxy.delay_seconds, piece))
                    if self._is_stalled.is_set():
                        self._is_over.wait()
            waiting.put((0.0, b""))

        def give() -> None:
            while True:
                due, piece = waiting.get()
                time.sleep(max(due - time.monotonic(), 0.0) if self._proxy.delay_seconds else 0.0)
                if not piece:
                    break
                if not self._pass(sink, piece, is_answer=is_answer):
                    return
            if not self._is_stalled.is_set():
                self.end()

        return [threading.Thread(target=take), threading.Thread(target=give)]

    def _pass(self, sink: socket.socket, piece: bytes, *, is_answer: bool) -> bool:
        """Pass a piece on, spoiled where that is due; False where the connection is over."""
        spoil, keep = None, len(piece)
        self._proxy.pieces += not is_answer
        if is_answer:
            before = self._proxy.received.get(self._number, 0)
            self._proxy.received[self._number] = before + len(piece)
            for one in self._proxy.spoils:
                if (not one.on or self._number in one.on) and before + len(piece) > one.after_bytes:
                    spoil, keep = one, max(one.after_bytes - before, 0)
        if self._is_stalled.is_set():
            return True
        try:
            sink.sendall(piece[:keep])
        except OSError:
            self.end()
            return False
        if spoil:
            self.spoil(spoil.how)
        return spoil is None or spoil.how is How.STALL
