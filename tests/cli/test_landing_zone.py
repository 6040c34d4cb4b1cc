"""A landing zone from the command line: what is about to expire, what has, and credentials that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.adobe_server import CLIENT_ID, CLIENT_SECRET, ORG_ID, Adobe, adobe, on_aws, on_azure
from support.azure_store import AzureServer, AzureStore, azurite
from support.landproof import Answer, findings_of, landproof
from support.proxy import Proxy, Rule, faulty_proxy, say
from support.servers import S3Server, moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, digits, some_json

from fixtures.content import json_part

NOW = datetime.now(UTC)
TODAY = digits(NOW)
LOGIN = f'[adobe]\nclient_id = "{CLIENT_ID}"\nclient_secret = "${{DLZ_CLIENT_SECRET}}"\norg_id = "{ORG_ID}"\n'


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_s3(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureServer]:
    try:
        with azurite(tmp_path_factory.mktemp("azurite")) as server:
            yield server
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLZ_CLIENT_SECRET", CLIENT_SECRET)


def paths(*datasets: str) -> list[str]:
    return [f"{dataset}/exportTime={TODAY}/{json_part(0)}" for dataset in datasets]


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")


def subjects(answer: Answer, code: str) -> set[str]:
    """Return which datasets the findings of a code name."""
    messages = [f["message"] for f in findings_of(answer.document) if f["code"] == code]
    return {dataset for dataset in (ALPHA, BETA) if any(dataset in message for message in messages)}


class TestOnAws:
    """Fetched from Adobe; the store's clock is moved ahead, since no server lets us set when an object landed."""

    @pytest.fixture
    def store(self, moto: S3Server, request: pytest.FixtureRequest) -> S3Store:
        store = S3Store(moto, f"bucket-{abs(hash(request.node.name))}")
        for path in paths(ALPHA, BETA):
            store.put(f"dlz-destination/exports/{path}", some_json())
        return store

    @pytest.fixture
    def proxy(self, moto: S3Server) -> Iterator[Proxy]:
        with faulty_proxy(moto.url) as proxy:
            yield proxy

    @pytest.fixture
    def server(self, store: S3Store) -> Iterator[Adobe]:
        with adobe(lambda number: on_aws(store.server, store.bucket, expires_at=NOW.timestamp() + 3600)) as server:
            yield server

    @pytest.fixture
    def zone(self, tmp_path: Path, server: Adobe, proxy: Proxy) -> Zone:
        zone = Zone(tmp_path, "exports")
        urls = f'ims_url = "{server.url}"\nplatform_url = "{server.url}"\n'
        zone.config.write_text(
            '[catalog]\npath = "landproof.duckdb"\n[zones.exports]\nurl = "dlz://prod/exports"\n'
            f'options = {{endpoint_url = "{proxy.url}", region = "us-east-1"}}\n'
            + daily(ALPHA, zone="exports", starts_at=at(-30))
            + LOGIN
            + urls
        )
        return zone

    def test_what_landed_is_about_to_expire_and_then_has(self, zone: Zone, store: S3Store, proxy: Proxy) -> None:
        first = zone.scan("--settle-minutes", 0)
        assert (first.status, set(first.verdicts.values())) == (0, {"good"})
        assert "zone.credential-expiring" not in first.codes, "what is fetched again is nobody's concern"
        for day, expected in ((4, set()), (5.5, {ALPHA, BETA}), (7.5, set())):
            assert subjects(zone.run("check", "--at", at(day)), "zone.expiring") == expected
        proxy.rules.append(
            Rule(lambda request: True, say("Date", f"{NOW + timedelta(days=8):%a, %d %b %Y %H:%M:%S} GMT"))
        )
        for path in paths(ALPHA, BETA):
            store.delete(f"dlz-destination/exports/{path}")
        gone = zone.scan()
        assert (gone.codes["file.expired"], gone.codes["file.vanished"], gone.codes["zone.mass-vanish"]) == (2, 0, 0)
        presences = {s["presence"] for s in zone.run("snapshots").document["snapshots"]}
        assert presences == {"expired"}

    def test_a_wrong_client_secret_is_could_not_look_and_is_not_shown(
        self, zone: Zone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DLZ_CLIENT_SECRET", "hush-this-is-another")
        seen = zone.scan()
        (one,) = seen.document["zones"]
        assert (seen.status, one["complete"], one["error"]["kind"]) == (3, False, "denied")
        assert "invalid_client" in one["error"]["message"]
        assert "hush" not in seen.out + seen.err

    def test_workers_fetch_their_own(self, zone: Zone, server: Adobe) -> None:
        seen = zone.run("scan", "--settle-minutes", 0, "--workers", 2)
        assert set(seen.verdicts.values()) == {"good"}
        assert len(server.tokens) >= 2


class TestOnAzure:
    def test_a_bare_sas_uri_expires_by_itself_and_its_credentials_are_about_to_end(
        self, azure: AzureServer, tmp_path: Path
    ) -> None:
        store = AzureStore(azure, "dlz-destination")
        for path in paths(ALPHA):
            store.put(f"exports/{path}", some_json())
        other = Zone(tmp_path, "other")
        other.export(BETA, TODAY)
        other.settings(daily(BETA, zone="other"))
        sas = azure.container_sas("dlz-destination", hours=30)
        uri = f"{azure.endpoint}/dlz-destination/exports?{sas}"
        seen = landproof("scan", uri, "--settle-minutes", 0, "--workers", 0, "--config", other.config, "--json")
        ends = seen.only("zone.credential-expiring")
        assert (seen.status, ends["level"], seen.document["zones"][0]["zone"]) == (1, "warn", "exports")
        assert ends["actual"] < ends["expected"].removeprefix("after ")
        hours_left = (datetime.fromisoformat(ends["actual"]) - datetime.now(UTC)) / timedelta(hours=1)
        assert 29.9 < hours_left < 30.1
        assert subjects(other.run("check", "--at", at(5.5)), "zone.expiring") == {ALPHA}
        assert subjects(other.run("check", "other", "--at", at(5.5)), "zone.expiring") == set()
        assert "sig=" not in seen.out + seen.err

    def test_a_configured_zones_ending_credentials_are_told_of_by_check_until_there_are_others(
        self, azure: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store = AzureStore(azure, "landing")
        for path in paths(ALPHA):
            store.put(path, some_json())
        zone = Zone(tmp_path, "z")
        zone.config.write_text(
            '[catalog]\npath = "landproof.duckdb"\n[zones.z]\nurl = "${SAS_URI}"\n' + daily(zone="z", starts_at=at(-30))
        )
        for hours, count in ((20, 1), (24 * 30, 0)):
            monkeypatch.setenv("SAS_URI", f"{azure.endpoint}/landing?{azure.container_sas('landing', hours=hours)}")
            assert zone.scan("--settle-minutes", 0).codes["zone.credential-expiring"] == count
            assert zone.run("check").codes["zone.credential-expiring"] == count

    def test_a_bare_landing_zone_takes_its_login_from_the_environment(
        self, azure: AzureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        AzureStore(azure, "dlz-user-container").put(paths(ALPHA)[0], some_json())
        sas = azure.container_sas("dlz-user-container")
        with adobe(lambda number: on_azure(azure.endpoint, sas, container="dlz-user-container")) as server:
            for name, value in {"IMS_URL": server.url, "PLATFORM_URL": server.url}.items():
                monkeypatch.setenv(f"LANDPROOF_ADOBE__{name}", value)
            for name, value in {"CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET, "ORG_ID": ORG_ID}.items():
                monkeypatch.setenv(f"ADOBE_{name}", value)
            monkeypatch.chdir(tmp_path)
            seen = landproof("scan", "dlz://prod", "--settle-minutes", 0, "--workers", 0, "--json")
            looked = landproof("doctor", "dlz://prod", "--json")
            started = landproof("init", "dlz://prod", "--json")
        assert (seen.status, set(seen.verdicts.values()), server.tokens != []) == (0, {"good"}, True)
        (told,) = seen.document["zones"]
        assert told.pop("requests") > 2  # for credentials, the listing and one file
        assert told == {
            "zone": "prod",
            "url": "dlz://prod",
            "complete": True,
            "error": None,
            "endpoint": None,
            "identity": CLIENT_ID,
            "findings": [],
        }
        assert (looked.status, started.status, started.document["url"]) == (0, 0, "dlz://prod"), looked.out
        assert CLIENT_SECRET not in looked.out + started.out + (tmp_path / "landproof.toml").read_text()


def test_all_that_is_wrong_with_the_options_of_several_zones_is_told_before_any_is_looked_at(tmp_path: Path) -> None:
    zone = Zone(tmp_path, "zone")
    zone.export()
    extra = '[zones.a]\nurl = "s3://bucket"\noptions = {endpont_url = "hush"}\n[zones.b]\nurl = "dlz://prod"\n'
    zone.settings(extra)
    seen = landproof("scan", "--config", zone.config, "--workers", 0, "--json")
    assert (seen.status, seen.out, zone.catalog.exists()) == (64, "", False)
    message = seen.error["message"]
    assert "zone a: unknown option of an S3 zone: endpont_url; did you mean endpoint_url?" in message
    assert "zone b: asking Adobe for the credentials of a landing zone needs client_id" in message
