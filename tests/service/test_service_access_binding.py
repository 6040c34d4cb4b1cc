"""Where the service listens, and what keeps it from beginning."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from support.doors import Doors

from catalog.service.serving.binding import Listening, bind, refuse_unguarded
from catalog.service.serving.running import run_app
from verifier.errors import CatalogError, UsageError


def test_all_addresses_of_a_name_have_one_port() -> None:
    sockets = bind(Listening("localhost", 0))
    try:
        ports = {one.getsockname()[1] for one in sockets}
        assert len(ports) == 1
        for one in sockets:
            socket.create_connection(one.getsockname()[:2], timeout=5).close()
    finally:
        for one in sockets:
            one.close()


def test_a_port_is_not_shared_with_another_that_listens() -> None:
    (first,) = bind(Listening("127.0.0.1", 0))
    with first, pytest.raises(UsageError, match="address already in use"):
        bind(Listening("127.0.0.1", first.getsockname()[1]))


@pytest.mark.parametrize(
    ("listening", "url"),
    [
        (Listening("127.0.0.1", 0), "http://127.0.0.1:80"),
        (Listening("::1", 0), "http://[::1]:80"),
        (Listening("0.0.0.0", 0), "http://localhost:80"),
        (Listening("::", 0, Path("a"), Path("b")), "https://localhost:80"),
    ],
)
def test_an_address_is_one_that_a_browser_takes(listening: Listening, url: str) -> None:
    assert listening.url(80) == url


def test_other_machines_are_let_near_with_access_control_only(tmp_path: Path) -> None:
    doors = Doors(tmp_path)
    refuse_unguarded(Listening("127.0.0.1", 0), doors.access)
    for host in ("0.0.0.0", "::", "10.0.0.1", "box.example"):
        with pytest.raises(UsageError, match="no access control"):
            refuse_unguarded(Listening(host, 0), doors.access)
    vouched = Doors(tmp_path, {"trusted_proxies": ["10.1.2.3"], "default_role": "viewer"})
    refuse_unguarded(Listening("0.0.0.0", 0), vouched.access)
    without_roles = Doors(tmp_path, {"trusted_proxies": ["10.1.2.3"]})
    with pytest.raises(UsageError, match="no access control"):
        refuse_unguarded(Listening("0.0.0.0", 0), without_roles.access)
    doors.token()
    refuse_unguarded(Listening("0.0.0.0", 0), doors.access)


def test_what_keeps_an_app_from_beginning_is_raised_as_it_is(tmp_path: Path) -> None:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        raise CatalogError("the catalog is not one of ours")
        yield

    said: list[str] = []
    app = FastAPI(lifespan=lifespan)
    with pytest.raises(CatalogError, match="not one of ours"):
        run_app(app, Doors(tmp_path).access, Listening("127.0.0.1", 0), said.append, said.append)
    assert said == []
