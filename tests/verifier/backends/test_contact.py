"""Whom a store is asked at and as whom: told from what is at hand, without a request and without a secret."""

from __future__ import annotations

import base64
import json
from contextlib import closing
from pathlib import Path

import pytest

from verifier.backends.base import Contact
from verifier.backends.registry import open_backend
from verifier.backends.url_rules import host_and_port
from verifier.backends.urls import parse_location

SECRET = base64.b64encode(b"hush, a secret of forty-eight bytes, no less ...").decode()
AZURE = "az://exports@acme.blob.core.windows.net/daily"
OBJECT_ID = "0ac8f3c0-29bd-40aa-82c1-f1b7e0657b19"
SIGNED = f"sv=2021-12-02&sig={SECRET}"


def contact(url: str, **options: object) -> Contact:
    """Return what a store says, and check that it asked nobody and gave no secret away."""
    with closing(open_backend(parse_location(url, options))) as backend:
        found = backend.contact()
        assert backend.requests == 0
    assert SECRET not in str(found)
    return found


@pytest.mark.parametrize(
    ("options", "endpoint", "identity"),
    [
        (
            {"key": "AKIAEXAMPLE", "secret": SECRET, "region": "eu-west-1"},
            "s3.eu-west-1.amazonaws.com:443",
            "AKIAEXAMPLE",
        ),
        ({"anon": True, "endpoint_url": "http://[::1]:9000"}, "[::1]:9000", "anonymous"),
        ({"endpoint_url": "https://minio.example"}, "minio.example:443", None),
    ],
)
def test_s3_is_asked_by_the_id_of_an_access_key(
    options: dict[str, object], endpoint: str, identity: str | None
) -> None:
    assert contact("s3://bucket", **options) == Contact(endpoint=endpoint, identity=identity)


@pytest.mark.parametrize(
    ("options", "identity"),
    [
        ({"account_key": SECRET}, "acme (account key)"),
        ({"sas_token": SIGNED}, "acme (SAS)"),
        ({"sas_token": f"{SIGNED}&skoid={OBJECT_ID}"}, f"acme (SAS of {OBJECT_ID})"),
        ({"sas_token": f"{SIGNED}&skoid={SECRET}"}, "acme (SAS)"),
        ({"tenant_id": "t", "client_id": "c-1", "client_secret": SECRET}, "c-1"),
        ({"managed_identity_client_id": "m-1"}, "m-1"),
        ({"anon": True}, "anonymous"),
        ({}, None),
    ],
)
def test_azure_is_asked_as_an_account_or_a_client(options: dict[str, object], identity: str | None) -> None:
    assert contact(AZURE, **options) == Contact(endpoint="acme.blob.core.windows.net:443", identity=identity)


def account(**said: object) -> dict[str, object]:
    return {"type": "service_account", "private_key": SECRET, **said}


@pytest.mark.parametrize(
    ("token", "identity"),
    [
        (account(client_email="landproof@testing.example"), "landproof@testing.example"),
        (
            {
                "type": "impersonated_service_account",
                "service_account_impersonation_url": "https://iam.example/v1/-/serviceAccounts/a@b.example:generate",
            },
            "a@b.example",
        ),
        ({"type": "authorized_user", "client_id": "gcloud", "client_secret": SECRET}, None),
        ("anon", "anonymous"),
        (SECRET, None),
        (None, None),
    ],
)
def test_google_is_asked_as_a_service_account(token: object, identity: str | None) -> None:
    found = contact("gs://bucket", **({} if token is None else {"token": token}))
    assert found == Contact(endpoint="storage.googleapis.com:443", identity=identity)


@pytest.mark.parametrize(("text", "identity"), [("x@y.example", "x@y.example"), ("", None), ("{", None)])
def test_google_is_asked_as_the_environments_account(
    text: str, identity: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "account.json"
    path.write_text(text if text == "{" else json.dumps(account(client_email=text)))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert contact("gs://bucket").identity == identity


def test_a_google_bucket_by_hmac_keys_is_asked_by_their_id() -> None:
    found = contact("gs://bucket", key="GOOG1EXAMPLE", secret=SECRET)
    assert found == Contact(endpoint="storage.googleapis.com:443", identity="GOOG1EXAMPLE")


def test_a_server_is_asked_as_a_user() -> None:
    login = {
        "password": SECRET,
        "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAoFwBuBXnVWBfX9B3ZrNPsk3VhXVMGbMuZzzXnwT3z0",
    }
    assert contact("sftp://me@files.example:2222/in", password=SECRET).identity == "me@files.example"
    assert contact("sftp://me@files.example:2222/in", **login).endpoint == "files.example:2222"
    assert contact("ftp://files.example/in") == Contact(endpoint="files.example:21", identity="anonymous")
    assert contact("ftp://me@files.example:2121/in", password=SECRET).endpoint == "files.example:2121"


def test_a_landing_zone_is_asked_as_adobes_client() -> None:
    login = {"client_id": "c-1", "client_secret": SECRET, "org_id": "o@AdobeOrg"}
    assert contact("dlz://prod", **login) == Contact(endpoint=None, identity="c-1")


def test_a_folder_is_asked_as_nobody(tmp_path: Path) -> None:
    assert contact(str(tmp_path)) == Contact()


@pytest.mark.parametrize("url", ["", "ftp://a", "nonsense", "http://"])
def test_what_is_no_http_url_has_no_host_and_port(url: str) -> None:
    assert host_and_port(url) is None
