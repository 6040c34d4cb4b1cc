"""Who looked, where, as whom, with how many requests: what a scan says and records of it, counted by the servers."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from support.destinations import DESTINATIONS, Destination, Servers, zone_settings
from support.landproof import Document, landproof
from support.proxy import Proxy, Response, Rule, faulty_proxy
from support.stores import HttpStore
from support.zones import ALPHA, Zone

from catalog.caller import who
from fixtures.content import TIME
from verifier.backends.base import Location

ROWS = {row.name: row for row in DESTINATIONS}
IDENTITIES = {
    "s3-moto": "testing-key",
    "azure-account-key": "landprooftest (account key)",
    "azure-container-sas-policy": "landprooftest (SAS)",
    "gcs-anonymous": "anonymous",
    "gcs-service-account": "landproof@testing.iam.gserviceaccount.com",
    "gcs-hmac": "testing-key",
}


def recorded(config: Path) -> Document:
    """Return what the catalog has of the only scan."""
    columns = "run_by, endpoint, identity, requests, state"
    answer = landproof("sql", f"SELECT {columns} FROM scans", "--config", config, "--json").document
    (row,) = answer["rows"]
    return dict(zip(answer["columns"], row, strict=True))


def configured(folder: Path, location: Location) -> Path:
    """Write settings with one zone at a place."""
    config = folder / "landproof.toml"
    config.write_text(f'[catalog]\npath = "landproof.duckdb"\n[zones.zone]\n{zone_settings(location)}')
    return config


def filled(store: HttpStore, zone: Zone) -> None:
    """Copy a zone of twelve files to a store: more than a page of a listing."""
    zone.export(files=12)
    for path in sorted(path for path in zone.root.rglob("*") if path.is_file()):
        store.put(str(path.relative_to(zone.root)), path.read_bytes())


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", IDENTITIES)
def test_a_scan_counts_every_request_that_the_server_saw_and_says_as_whom_it_asked(
    name: str, workers: int, servers: Servers, tmp_path: Path
) -> None:
    row = ROWS[name]
    try:
        servers.of(row.start)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert row.wire
    store = row.new_http_store(servers)
    filled(store, Zone(tmp_path))
    with faulty_proxy(store.url) as proxy:
        proxy.rules.append(Rule(store.is_read, row.wire.throttled, on=(2, 5)))  # which are tried again
        config = configured(tmp_path, store.through(proxy.url))
        answer = landproof("scan", "--config", config, "--workers", workers, "--json")
        _is_told(answer.document, config, proxy, IDENTITIES[name])
    assert answer.status in (0, 1)
    assert not [secret for secret in store.secrets if secret in answer.out and secret != IDENTITIES[name]]


def _is_told(document: Document, config: Path, proxy: Proxy, identity: str) -> None:
    (zone,) = document["zones"]
    assert (zone["identity"], zone["endpoint"]) == (identity, proxy.url.removeprefix("http://"))
    sent = len(proxy.requests)
    assert zone["requests"] == sent > 12
    expected = {"run_by": who(), "state": "complete"} | {k: zone[k] for k in ("endpoint", "identity", "requests")}
    assert recorded(config) == expected


def test_a_listing_that_fails_is_counted_with_all_its_tries(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verifier.backends.retry.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr("verifier.backends.retry.TRIES", 3)
    row = ROWS["s3-moto"]
    store = row.new_http_store(servers)
    filled(store, Zone(tmp_path))
    with faulty_proxy(store.url) as proxy:
        config = configured(tmp_path, store.through(proxy.url))
        assert landproof("scan", "--config", config, "--workers", 0).status in (0, 1)
        before = len(proxy.requests)
        assert row.wire
        proxy.rules.append(Rule(store.is_listing, row.wire.throttled))
        answer = landproof("scan", "--config", config, "--workers", 0, "--json")
        assert answer.status == 3
        assert answer.document["zones"][0]["requests"] == len(proxy.requests) - before == 3


@pytest.mark.parametrize("row", [ROWS["sftp-key"], ROWS["fsspec-ftp"]], ids=lambda row: row.name)
def test_a_server_of_another_protocol_is_named_with_its_user(
    row: Destination, servers: Servers, tmp_path: Path
) -> None:
    try:
        server = servers.of(row.start)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    store = row.new_store(servers)
    store.put(f"{ALPHA}/exportTime={TIME}/part-00000.json", b'{"_id":"1"}\n')
    config = configured(tmp_path, store.location())
    (zone,) = landproof("scan", "--config", config, "--workers", 0, "--json").document["zones"]
    is_sftp = row.place == "sftp"
    assert zone["endpoint"] == f"127.0.0.1:{server.port}"
    assert zone["identity"] == (f"{server.user}@127.0.0.1" if is_sftp else server.user)
    # a driver may send several for each of our calls, so that there is no number
    assert (zone["requests"] is not None) == is_sftp
    assert {k: recorded(config)[k] for k in ("endpoint", "identity", "requests")} == {
        k: zone[k] for k in ("endpoint", "identity", "requests")
    }


def test_a_folder_is_asked_by_nobody_over_nothing(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export()
    zone.settings()
    (told,) = zone.scan().document["zones"]
    assert [told[name] for name in ("endpoint", "identity", "requests")] == [None] * 3
    assert recorded(zone.config)["run_by"] == who()


def test_what_a_worker_sent_before_it_died_makes_the_count_unknown(servers: Servers, tmp_path: Path) -> None:
    row = ROWS["s3-moto"]
    store = row.new_http_store(servers)
    filled(store, Zone(tmp_path))

    def kill(_: Response) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    with faulty_proxy(store.url) as proxy:
        proxy.rules.append(Rule(store.is_read, kill, on=(3,)))
        config = configured(tmp_path, store.through(proxy.url))
        answer = landproof("scan", "--config", config, "--workers", 1, "--json")
    assert answer.counts["files_read"] == 12
    assert answer.document["zones"][0]["requests"] is None
    assert recorded(config)["requests"] is None
