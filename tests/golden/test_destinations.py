"""The demo zone gives the same document wherever it has landed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.destinations import Destination, Servers, one_of_each_place, zone_settings
from support.landproof import Document, landproof

from catalog.demo import ZONE, build_demo
from catalog.workflow import utc_now

_OF_THE_SCAN = ("scan_id", "started_at", "finished_at")
_OF_THE_PLACE = ("url", "endpoint", "identity", "requests")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The settings of the demo, its zone beside them."""
    return build_demo(tmp_path_factory.mktemp("demo"), utc_now())


@pytest.fixture(scope="module")
def on_disk(demo: Path) -> Document:
    """The document of the zone as the demo built it."""
    return _comparable(demo)


def _comparable(config: Path) -> Document:
    """Scan and return the document without what a place and a moment put into it: URL, requests, scan, times."""
    answer = landproof("scan", "--config", config, "--settle-minutes", 0, "--workers", 0, "--json")
    assert answer.status == 2
    document = answer.document
    for field in _OF_THE_SCAN:
        del document[field]
    for zone in document["zones"]:
        for field in _OF_THE_PLACE:
            del zone[field]
    for snapshot in document["snapshots"]:
        assert snapshot.pop("landed_at")
    return document


@pytest.mark.parametrize("destination", [r for r in one_of_each_place() if r.place != "local"], ids=lambda r: r.name)
def test_the_document_is_the_same_at_every_destination(
    destination: Destination, servers: Servers, demo: Path, on_disk: Document, tmp_path: Path
) -> None:
    try:
        servers.of(destination.start)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    store, zone = destination.new_store(servers), demo.parent / "zone"
    for path in sorted(path for path in zone.rglob("*") if path.is_file()):
        store.put(f"exports/{path.relative_to(zone)}", path.read_bytes())
    head, _, tail = demo.read_text().partition(f"[zones.{ZONE}]\n")
    datasets = tail[tail.index("[[datasets]]") :]
    config = tmp_path / "landproof.toml"
    config.write_text(f"{head}[zones.{ZONE}]\n{zone_settings(store.location('exports'))}\n{datasets}")
    seen = _comparable(config)
    assert [snapshot for snapshot in seen["snapshots"] if snapshot not in on_disk["snapshots"]] == []
    assert seen == on_disk
