"""landproof scan --estimate: what a scan would read is what it then reads; asking costs the listing alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.landproof import landproof
from support.proxy import Proxy, faulty_proxy, is_listing
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone

from fixtures.content import TIME, events, parquet, table


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Two exports of two files each, one with its manifest beside the datasets."""
    zone = Zone(tmp_path)
    zone.export(files=2)
    zone.export(BETA, files=2, manifest_in="zone")
    return zone


def test_a_zone_never_seen_would_be_read_whole_and_nothing_is_recorded(zone: Zone) -> None:
    asked = zone.scan("--estimate")
    assert (asked.status, zone.catalog.exists(), "snapshots" in asked.document) == (0, False, False)
    estimate = asked.document["estimate"]
    done = zone.scan()
    assert (estimate["files"], estimate["bytes"]) == (done.counts["files_read"], done.counts["bytes_read"])
    assert (estimate["manifests"], estimate["files_unchanged"], estimate["again"]) == (1, 0, None)
    assert done.document["estimate"] is None


@pytest.mark.parametrize("words", [[], ["--reverify", "all"], ["--depth", "structure"], ["--dataset", ALPHA]])
def test_a_known_zone_costs_what_is_new_and_what_is_read_again(zone: Zone, words: list[str]) -> None:
    zone.scan()
    zone.export(time="202609210100", manifest_in="dataset")
    asked = zone.scan("--estimate", *words)
    again = zone.scan("--estimate", *words)
    assert asked.document["estimate"] == again.document["estimate"]
    estimate, done = asked.document["estimate"], zone.scan(*words)
    assert (estimate["files"], estimate["files_unchanged"]) == (
        done.counts["files_read"],
        done.counts["files_unchanged"],
    )
    assert "--depth" in words or estimate["bytes"] == done.counts["bytes_read"]
    more = {"files": 5, "manifests": 1} if "--reverify" in words else None
    assert estimate["again"] is more or {k: estimate["again"][k] for k in more or ()} == more


def test_a_zone_that_cannot_be_listed_is_told_beside_the_others(zone: Zone) -> None:
    words = [zone.root, zone.root.with_name("nowhere"), "--catalog", zone.catalog, "--estimate"]
    asked = landproof("scan", *words, "--json")
    assert (asked.status, [z["complete"] for z in asked.document["zones"]]) == (3, [True, False])
    assert [z["files"] for z in asked.document["estimate"]["zones"]] == [5, 0]
    told = landproof("scan", *words)
    assert "would read 5 files" in told.out
    assert "nothing was read or recorded" in told.out
    assert "could not look" in told.out


class TestAStoreThatCountsRequests:
    """An object store behind a proxy that sees each request."""

    @pytest.fixture
    def proxy(self, zone: Zone, tmp_path: Path) -> Iterator[Proxy]:
        zone.put(
            f"{ALPHA}/exportTime={TIME}/part-00007.parquet",
            parquet(table(events(1, 3000)), compression="none", row_group_size=3000),
        )
        zone.put(f"{ALPHA}/exportTime={TIME}/part-00008.parquet", parquet())
        with moto_s3(tmp_path, page_keys=3) as server, faulty_proxy(server.url) as proxy:
            store = S3Store(server, "landing")
            for path in sorted(p for p in zone.root.rglob("*") if p.is_file()):
                store.put(f"zone/{path.relative_to(zone.root)}", path.read_bytes())
            zone.config.write_text(
                f'[catalog]\npath = "landproof.duckdb"\n[zones.zone]\nurl = "s3://landing/zone"\n[zones.zone.options]\n'
                f'endpoint_url = "{proxy.url}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
            )
            yield proxy

    @pytest.mark.parametrize("depth", ["structure", "full"])
    def test_is_sent_as_many_as_were_expected(self, zone: Zone, proxy: Proxy, depth: str) -> None:
        estimate = zone.scan("--estimate", "--depth", depth).document["estimate"]
        assert all(is_listing(request) for request in proxy.requests)
        assert estimate["listing_requests"] == len(proxy.requests) == 3
        proxy.requests.clear()
        zone.scan("--depth", depth)
        assert len(proxy.requests) == estimate["requests"] + estimate["listing_requests"]
