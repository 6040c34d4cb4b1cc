"""A filled place on a server that speaks HTTP, our backend, and a proxy between them that spoils; asserts nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from support.destinations import Destination, Servers, Wire
from support.proxy import Fault, Proxy, Rule, cut, empty_page, faulty_proxy, refused, reset, shorten
from support.stores import HttpStore

from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.model import StoredFile

DATA = random.Random(5).randbytes(400_000)
PIECES = random.Random(6).randbytes(3_000_000)
LASTING = range(1, 1000)

OfWire = Callable[[Wire], Fault]

PASSING: dict[str, OfWire] = {
    "throttled": lambda wire: wire.throttled,
    "429": lambda _: refused(429, ""),
    "500": lambda _: refused(500, ""),
    "reset": lambda _: reset,
    "cut short": lambda _: cut(700),
    "cut short, length rewritten": lambda _: shorten(700),
    "an empty 200": lambda _: empty_page,
}
"""Faults that pass, of a page and of a read, as the server's wire has them."""


@dataclass(frozen=True, slots=True)
class Line:
    """A filled place, our backend, and the proxy between them; `wire` says what the server says of trouble."""

    store: HttpStore
    backend: Backend
    proxy: Proxy
    wire: Wire
    keys: Sequence[str]

    def listed(self) -> list[str]:
        """List the many files in the order in which they come."""
        return [file.path for page in self.backend.list("keys") for file in page]

    def file(self, path: str = "data/file") -> StoredFile:
        """Look one file up by a listing."""
        (file,) = [file for page in self.backend.list(path.partition("/")[0]) for file in page]
        return file

    def spoil_listings(self, fault: Fault, on: Sequence[int] = LASTING) -> Rule:
        """Spoil these pages from now on; the rule counts them."""
        return self._spoil(Rule(self.store.is_listing, fault, on))

    def spoil_reads(self, fault: Fault, on: Sequence[int] = LASTING) -> Rule:
        """Spoil these reads from now on; the rule counts them."""
        return self._spoil(Rule(self.store.is_read, fault, on))

    def _spoil(self, rule: Rule) -> Rule:
        self.proxy.rules[:] = [rule]
        return rule


@contextmanager
def line_to(destination: Destination, servers: Servers) -> Iterator[Line]:
    """Fill a place with two and a half pages of small files, `data/file` and `pieces/file`, and open it."""
    assert destination.wire
    store = destination.new_http_store(servers)
    keys = sorted(f"keys/{number % 7}/{number:05}" for number in range(destination.page_files * 5 // 2))
    store.put_many(keys)
    store.put("data/file", DATA)
    store.put("pieces/file", PIECES)
    with faulty_proxy(store.url) as proxy, closing(open_backend(store.through(proxy.url))) as backend:
        yield Line(store, backend, proxy, destination.wire, keys)
