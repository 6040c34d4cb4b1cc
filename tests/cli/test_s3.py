"""The same zone by URL on a real S3 server as on disk, and what a server that fails is taken for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.landproof import Answer, Document
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily

from fixtures.content import TIME


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Two datasets with and without manifests, a corrupt file, markers and strays."""
    zone = Zone(tmp_path_factory.mktemp("s3"), "exports")
    for time_ in ("202609180100", "202609190100", TIME):
        zone.export(ALPHA, time_, 2, manifest_in="snapshot")
    zone.flip(zone.export(BETA, files=2, manifest_in="zone"))
    zone.put(f"{BETA}/exportTime={TIME}/_SUCCESS", b"")
    zone.put("stray +&%41 ü.txt", b"x")
    zone.put(f"{BETA}/exportTime=yesterday/part.json.gz", b"x")
    return zone


@pytest.fixture(scope="module")
def remote(local: Zone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zone]:
    """The same zone in a bucket, with settings that lead to it."""
    folder = tmp_path_factory.mktemp("moto")
    with moto_s3(folder, page_keys=3) as server:
        store = S3Store(server, "landing")
        for path in sorted(p for p in local.root.rglob("*") if p.is_file()):
            store.put(f"exports/{path.relative_to(local.root)}", path.read_bytes())
        yield pointed(folder, server.url)


def pointed(folder: Path, endpoint: str, bucket: str = "landing") -> Zone:
    """Write settings for the zone in a bucket behind an endpoint."""
    zone = Zone(folder, "exports")
    zone.config.write_text(
        f'[catalog]\npath = "landproof.duckdb"\n[zones.exports]\nurl = "s3://{bucket}/exports"\n[zones.exports.options]\n'
        f'endpoint_url = "{endpoint}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
        + daily(ALPHA, zone="exports")
    )
    return zone


def comparable(answer: Answer) -> Document:
    """Return a scan's document without what differs between stores: places, moments, landed times."""
    document = answer.document
    for field in ("scan_id", "started_at", "finished_at"):
        del document[field]
    for zone in document["zones"]:
        for field in ("url", "endpoint", "identity", "requests"):
            del zone[field]
    for snapshot in document["snapshots"]:
        del snapshot["landed_at"]
    return document


@pytest.mark.parametrize("depth", ["list", "full"])
def test_the_document_is_that_of_the_same_files_on_disk(local: Zone, remote: Zone, depth: str) -> None:
    on_disk = local.scan("--depth", depth, "--settle-minutes", 0)
    in_bucket = remote.scan("--depth", depth, "--settle-minutes", 0)
    assert in_bucket.status == on_disk.status
    assert comparable(in_bucket) == comparable(on_disk)


def test_a_second_scan_reads_nothing(remote: Zone) -> None:
    first = remote.scan("--settle-minutes", 0)
    again = remote.scan()
    assert (again.counts["files_read"], again.counts["bytes_read"], again.status) == (0, 0, first.status)
    assert again.document["snapshots"] == first.document["snapshots"]


def test_a_url_inside_the_zone_is_that_part_of_it(remote: Zone) -> None:
    remote.scan("--settle-minutes", 0)
    part = remote.run("scan", f"s3://landing/exports/{ALPHA}")
    assert (part.status, part.counts["snapshots"], part.counts["files_read"]) == (0, 3, 0)
    assert part.document["zones"][0]["zone"] == "exports"


def test_looking_after_a_bucket(remote: Zone, tmp_path: Path) -> None:
    assert {c["status"] for c in remote.run("doctor").document["checks"]} == {"ok"}
    endpoint = remote.config.read_text().split('endpoint_url = "')[1].split('"')[0]
    wrong = pointed(tmp_path, endpoint, bucket="elsewhere")
    seen = wrong.scan()
    (zone,) = seen.document["zones"]
    assert (seen.status, zone["error"]["kind"], zone["complete"]) == (3, "not-found", False)
    assert "elsewhere" in zone["error"]["message"]
    assert wrong.run("doctor").status == 3


def test_a_server_that_stops_is_never_a_finding_about_data(local: Zone, tmp_path: Path) -> None:
    with moto_s3(tmp_path) as server:
        store = S3Store(server, "landing")
        for path in sorted(p for p in local.root.rglob("*") if p.is_file()):
            store.put(f"exports/{path.relative_to(local.root)}", path.read_bytes())
        zone = pointed(tmp_path, server.url)
        zone.scan("--settle-minutes", 0)
        before = zone.run("snapshots").document["snapshots"]
    began = time.monotonic()
    seen = zone.scan()
    assert time.monotonic() - began < 30
    assert (seen.status, set(seen.codes), seen.document["snapshots"]) == (3, {"zone.unreachable"}, [])
    assert seen.document["zones"][0]["error"]["kind"] == "network"
    assert zone.run("snapshots").document["snapshots"] == before
