"""What the suites of the backends share: a destination, an empty place on it, and short waits between tries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from support.destinations import DESTINATIONS, Destination, Servers
from support.faulty_line import Line, line_to
from support.stores import Store

from verifier.backends import retry
from verifier.backends.base import Backend
from verifier.backends.registry import open_backend


@pytest.fixture(scope="module", params=DESTINATIONS, ids=lambda row: row.name)
def destination(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Destination]:
    """One row of the table, its server running."""
    row: Destination = request.param
    with ExitStack() as stack:
        try:
            stack.enter_context(row.ready(servers))
        except FileNotFoundError as error:
            pytest.skip(str(error))
        yield row


@pytest.fixture
def store(destination: Destination, servers: Servers) -> Store:
    """An empty place whose listings have small pages."""
    return destination.new_store(servers)


@pytest.fixture
def backend(store: Store) -> Iterator[Backend]:
    """Our backend, opened at the place."""
    with closing(open_backend(store.location())) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole_line(destination: Destination, servers: Servers) -> Iterator[Line]:
    """A filled place behind a proxy, of a destination that speaks HTTP."""
    with line_to(destination, servers) as line:
        yield line


@pytest.fixture
def line(whole_line: Line) -> Line:
    """The same, without a fault."""
    whole_line.proxy.rules.clear()
    return whole_line


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries and hardly a pause between them."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)
