"""HEAD where there is GET, and what an address takes told to who asks otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from support.zones import Zone

from catalog.service.app import create_app
from catalog.service.middleware.methods import Methods
from catalog.service.serving.running import make_service
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog

Ask = Callable[[httpx.AsyncClient], Awaitable[None]]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    zone = Zone(tmp_path_factory.mktemp("methods"))
    zone.settings()
    zone.exports(3)
    zone.scan()
    return zone.config


def _ask(config: Path, ask: Ask) -> None:
    """Ask the app itself, open to this machine."""
    settings = load_settings(config, {})
    app = create_app(make_service(settings, config, Catalog(settings.catalog_path), lambda _: None))

    async def main() -> None:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=Methods(app), client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                await ask(client)

    asyncio.run(main())


def test_head_is_get_without_its_body(config: Path) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        for address in (
            "/api/v1/snapshots?limit=1",
            "/api/v1/lines/snapshots",
            "/openapi.json",
            "/healthz",
            "/api/v1/nothing",
        ):
            got, head = await client.get(address), await client.head(address)
            assert (head.status_code, head.content) == (got.status_code, b""), address
            kept = ("content-type", "etag", "link", "vary", "content-length")
            assert [head.headers.get(name) for name in kept] == [got.headers.get(name) for name in kept]

    _ask(config, ask)


def test_what_an_address_takes_is_told_whole(config: Path) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        for address, allowed in (("/api/v1/sql", "GET, HEAD, POST"), ("/api/v1/datasets", "GET, HEAD")):
            answer = await client.delete(address)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
            assert answer.headers["content-type"] == "application/problem+json"

    _ask(config, ask)


def test_nothing_is_shared_with_other_sites(config: Path) -> None:
    async def ask(client: httpx.AsyncClient) -> None:
        headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
        for answer in (
            await client.options("/api/v1/datasets", headers=headers),
            await client.get("/api/v1/datasets", headers={"Origin": "https://elsewhere.example"}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]
        assert (await client.get("/api/v1/datasets/")).status_code == 404

    _ask(config, ask)
