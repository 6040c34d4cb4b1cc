"""Which credential is taken from options and environment, and that no other's is."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from contextlib import closing

import pytest

from verifier.backends.azure_credentials import Credential, choose_credential
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, UsageError

URL = "abfss://exports@acme.dfs.core.windows.net/a"
ENDPOINT = "https://acme.blob.core.windows.net"
KEY, OTHER_KEY = b64encode(b"the key").decode(), b64encode(b"another").decode()
PRINCIPAL = {"tenant_id": "tenant", "client_id": "client", "client_secret": "hidden"}
_LOCAL = "http://127.0.0.1:10000/acme"


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)


def kind(credential: Credential) -> str:
    return type(credential.policy).__name__


def key_of(credential: Credential) -> tuple[str, str]:
    assert credential.is_key
    return credential.policy.account_name, credential.policy.account_key


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"account_key": KEY}, "SharedKeyCredentialPolicy"),
        ({"account_name": "acme", "account_key": KEY, "sas_token": "sig=x"}, "SharedKeyCredentialPolicy"),
        ({"sas_token": "?sv=1&sig=x"}, "AzureSasCredentialPolicy"),
        ({"sas_token": "sig=x", **PRINCIPAL}, "AzureSasCredentialPolicy"),
        ({"sas_uri": f"{ENDPOINT}/exports?sig=x"}, "AzureSasCredentialPolicy"),
        (PRINCIPAL, "StorageBearerTokenCredentialPolicy"),
        ({"anon": True}, "NoneType"),
        ({}, "StorageBearerTokenCredentialPolicy"),
        ({"anon": False, "exclude_managed_identity_credential": True}, "StorageBearerTokenCredentialPolicy"),
    ],
)
def test_options_choose_the_credential_in_adlfs_order(options: dict[str, object], expected: str) -> None:
    found = choose_credential(URL, options)
    assert (kind(found), found.endpoint) == (expected, ENDPOINT)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={KEY};EndpointSuffix=core.windows.net", ENDPOINT),
        (f"AccountName=acme;AccountKey={KEY}", ENDPOINT),
        (f"BlobEndpoint={_LOCAL}/;AccountName=acme;AccountKey={KEY};", _LOCAL),
    ],
)
def test_a_connection_string_overrides_everything_else(text: str, endpoint: str) -> None:
    found = choose_credential(URL, {"connection_string": text, "sas_uri": "https://x/y?sig=x", "account_key": "z"})
    assert (key_of(found), found.endpoint) == (("acme", KEY), endpoint)


def test_a_connection_string_may_hold_a_sas() -> None:
    found = choose_credential(URL, {"connection_string": f"BlobEndpoint={_LOCAL};SharedAccessSignature=sv=1&sig=a%3D"})
    assert (found.sas, found.endpoint, found.is_key) == ("sv=1&sig=a%3D", _LOCAL, False)


def test_the_development_account_has_its_own_key() -> None:
    url = "abfss://exports@devstoreaccount1.dfs.core.windows.net"
    found = choose_credential(url, {"connection_string": "UseDevelopmentStorage=true"})
    assert key_of(found)[0] == "devstoreaccount1"
    assert found.endpoint == "http://127.0.0.1:10000/devstoreaccount1"


@pytest.mark.parametrize(
    ("url", "options", "endpoint"),
    [
        ("abfss://exports@acme.dfs.core.chinacloudapi.cn", {}, "https://acme.blob.core.chinacloudapi.cn"),
        (URL, {"account_host": "acme.blob.storage.azure.net"}, "https://acme.blob.storage.azure.net"),
        (URL, {"endpoint_url": "http://127.0.0.1:10000"}, _LOCAL),
        (URL, {"endpoint_url": f"{_LOCAL}/"}, _LOCAL),
        (URL, {"endpoint_url": "https://blobs.acme.test"}, "https://blobs.acme.test"),
        ("abfss://exports@blobs.acme.test/a", {"account_name": "acme"}, "https://blobs.acme.test"),
        ("abfss://exports@acme-secondary.dfs.core.windows.net", {}, "https://acme-secondary.blob.core.windows.net"),
    ],
)
def test_an_account_is_reached_where_the_options_say(url: str, options: dict[str, object], endpoint: str) -> None:
    found = choose_credential(url, {"account_key": KEY, **options})
    assert (found.endpoint, key_of(found)[0]) == (endpoint, "acme")


def test_the_environment_counts_where_the_options_hold_no_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", OTHER_KEY)
    assert key_of(choose_credential(URL, {})) == ("acme", OTHER_KEY)
    assert key_of(choose_credential(URL, {"account_key": KEY})) == ("acme", KEY)
    assert choose_credential(URL, {"sas_token": "sig=x"}).sas == "sig=x"
    assert kind(choose_credential(URL, PRINCIPAL)) == "StorageBearerTokenCredentialPolicy"
    assert choose_credential(URL, {"anon": True}).policy is None


@pytest.mark.parametrize(
    "environment",
    [
        {"ACCOUNT_NAME": "other", "ACCOUNT_KEY": OTHER_KEY},
        {"ACCOUNT_NAME": "other", "SAS_TOKEN": "sig=other"},
        {"CONNECTION_STRING": f"AccountName=other;AccountKey={OTHER_KEY}"},
    ],
)
def test_what_the_environment_says_of_another_account_is_not_sent_to_this_one(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"AZURE_STORAGE_{name}", value)
    found = choose_credential(URL, {"exclude_managed_identity_credential": True})
    assert (kind(found), found.sas) == ("StorageBearerTokenCredentialPolicy", "")
    assert choose_credential("abfss://exports@other.dfs.core.windows.net", {}).endpoint.startswith("https://other.")


def test_the_environments_connection_string_and_anonymity_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ANON", "true")
    assert choose_credential(URL, {}).policy is None
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"AccountName=acme;AccountKey={KEY}")
    assert key_of(choose_credential(URL, {})) == ("acme", KEY)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"acount_key": KEY}, "unknown option of an Azure zone: acount_key"),
        ({"account_key": "hidden, not base64"}, "expected base64"),
        ({"connection_string": "AccountName=acme"}, "neither AccountKey nor SharedAccessSignature"),
        ({"connection_string": "SharedAccessSignature=sig=hidden"}, "neither AccountName nor BlobEndpoint"),
        ({"sas_uri": f"{ENDPOINT}/elsewhere?sig=hidden"}, "the zone's own container"),
        ({"sas_uri": f"{ENDPOINT}/exports"}, "the zone's own container"),
        ({"endpoint_url": "acme.blob.core.windows.net?sig=hidden"}, "expected http://host"),
        ({"endpoint_url": f"{ENDPOINT}?sig=hidden", "account_key": KEY}, "no query"),
        ({"client_id": "client", "client_secret": "hidden"}, "needs tenant_id"),
        ({**PRINCIPAL, "tenant_id": "not / a tenant"}, "not usable"),
        ({**PRINCIPAL, "endpoint_url": _LOCAL}, "https only"),
        ({"endpoint_url": _LOCAL}, "https only"),
    ],
)
def test_unusable_options_are_wrong_usage_and_not_shown(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        choose_credential(URL, options)
    assert "hidden" not in f"{caught.value!r}{caught.value.hint}{caught.value.__cause__!r}"


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        choose_credential(URL, {"sas_tokn": "x"})
    assert caught.value.hint == "did you mean sas_token?"


def test_where_there_is_no_credential_at_all_it_is_denied(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no az, azd or pwsh to log in with
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "dev")  # no managed identity is asked for
    place = parse_location(URL, {"exclude_shared_token_cache_credential": True})
    with closing(open_backend(place)) as backend:
        with pytest.raises(DeniedError, match="no usable credentials") as caught:
            list(backend.list())
        assert backend.requests == 0
    assert "az login" in (caught.value.hint or "")
