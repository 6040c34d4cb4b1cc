"""A Flow Service on loopback, a client for it, and no waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from support.flow_server import FlowServer, flow_server, without_waits

from catalog.adobe.client import FlowClient


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    without_waits(monkeypatch)


@pytest.fixture
def server() -> Iterator[FlowServer]:
    """Flow Service, with nothing in it yet."""
    with flow_server() as running:
        yield running


@pytest.fixture
def client(server: FlowServer) -> Iterator[FlowClient]:
    """A client of it."""
    with closing(FlowClient(server.login())) as made:
        yield made
