"""Whether the service lives and can answer, and its metrics: never ready without a copy that was renewed lately."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from support.doors import Doors
from support.landproof import landproof
from support.settings_files import load

from catalog.metrics.families import exposition
from catalog.service.api import health
from catalog.service.current.copy import Current
from catalog.service.middleware.counted import install_counts
from catalog.service.middleware.headers import install_headers
from catalog.service.middleware.kept import install_kept
from catalog.service.responses import problems
from catalog.store.database import Catalog
from verifier.errors import CatalogError

SETTINGS = """
[zones.z]
url = "zone"
[[datasets]]
zone = "z"
id = "64e0c0ffee0123456789abcd"
every = "24h"
starts_at = 2026-10-01T01:00:00Z
"""


class Place:
    """A service over a catalog of a folder, of which nothing watches the catalog but what a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.doors = folder, Doors(folder / "state")
        settings = load(folder, SETTINGS)
        self.catalog = Catalog(folder / "landproof.duckdb", wait_seconds=2)
        self.current = Current(settings, self.catalog, lambda: self.doors.now)
        self.app = FastAPI(openapi_url=None)
        self.app.state.service = SimpleNamespace(
            access=self.doors.access, current=self.current, clock=lambda: self.doors.now
        )
        self.app.include_router(health.router)
        problems.install(self.app)
        install_kept(self.app)
        install_headers(self.app)
        install_counts(self.app)
        self.doors.app = self.app

    def scan(self) -> None:
        folder = self.folder / "zone/64e0c0ffee0123456789abcd/exportTime=202611010100"
        folder.mkdir(parents=True, exist_ok=True)
        name = "part-00000-tid-1-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-1-1-c000.json"
        (folder / name).write_text('{"_id":"1"}\n')
        words = ("--workers", "0", "--settle-minutes", "0", "--fail-on", "error")
        answer = landproof("scan", *words, "--config", self.folder / "landproof.toml")
        assert answer.status == 0, answer.err

    def ready(self) -> httpx.Response:
        return self.doors.client().get("/readyz")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "state").mkdir()
    made = Place(tmp_path)
    yield made
    made.current.stop()


def test_it_lives_whatever_the_catalog_is_like_and_for_whoever_asks(place: Place) -> None:
    place.catalog.path.write_text("something else")
    place.doors.token()
    answer = place.doors.client().get("/healthz", headers={"Host": "10.1.2.3:8437"})
    assert (answer.status_code, answer.text, answer.headers["cache-control"]) == (200, "ok\n", "no-store")


def test_it_is_ready_once_there_is_a_copy_and_says_to_strangers_nothing_more(place: Place) -> None:
    place.doors.token()
    answer = place.ready()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    probe = place.doors.client().get("/readyz", headers={"Accept": "*/*"})
    assert (probe.status_code, probe.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"]
    assert (answer.json()["detail"], answer.json()["hint"]) == ("not ready", None)
    assert str(place.folder) not in answer.text
    place.scan()
    place.current.renew_now()
    assert (place.ready().status_code, place.ready().text) == (200, "ok\n")


def test_it_is_ready_no_more_when_the_copy_could_not_be_renewed_for_a_minute(place: Place) -> None:
    place.scan()
    place.current.renew_now()
    whole = place.catalog.path.read_bytes()
    place.catalog.path.write_text("something else")
    with pytest.raises(CatalogError):
        place.current.renew_now()
    assert place.ready().status_code == 200
    place.doors.now += timedelta(seconds=61)
    assert place.ready().status_code == 503
    place.catalog.path.write_bytes(whole)
    place.current.renew_now()
    assert place.ready().status_code == 200


def test_metrics_are_those_of_the_watch_and_of_the_service_for_those_who_may(place: Place) -> None:
    place.scan()
    place.current.renew_now()
    client = place.doors.client(place.doors.token())
    assert client.get("/healthz").status_code == 200
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = set(answer.text.splitlines())
    assert set(exposition(place.current.facts()).decode().splitlines()) <= lines
    assert place.current.copied_at is not None
    (copied,) = [line.split()[1] for line in lines if line.startswith("landproof_copy_timestamp_seconds ")]
    assert float(copied) == place.current.copied_at.timestamp()
    assert {"landproof_copies_total 1.0", "landproof_copies_held 1.0"} <= lines
    assert 'landproof_answers_total{how="made"} 0.0' in lines
    assert 'landproof_http_requests_total{method="GET",route="/healthz",status="200"} 1.0' in lines
    assert 'landproof_http_request_duration_seconds_count{method="GET",route="/healthz"} 1.0' in lines
    other = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert other.text.endswith("# EOF\n")
    assert place.doors.client().get("/metrics").status_code == 401


def test_a_scrape_fails_while_the_catalog_cannot_be_read(place: Place) -> None:
    client = place.doors.client(place.doors.token())
    assert client.get("/metrics").status_code == 503
    place.scan()
    place.current.renew_now()
    assert client.get("/metrics").status_code == 200
    place.catalog.path.write_text("something else")
    with pytest.raises(CatalogError):
        place.current.renew_now()
    answer = client.get("/metrics")
    assert answer.status_code == 503
    assert "is not a DuckDB file" in answer.json()["detail"]
