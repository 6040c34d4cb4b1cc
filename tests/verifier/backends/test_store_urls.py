from __future__ import annotations

import pytest

from verifier.backends.urls import join, last_segment, parse_location, relative_to
from verifier.errors import UsageError

ACCOUNT = "abfss://exports@acme.dfs.core.windows.net"
KEYED = "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=aGlkZGVu;EndpointSuffix=core.windows.net"


@pytest.fixture(autouse=True)
def no_account_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for end in ("ACCOUNT_NAME", "CONNECTION_STRING"):
        monkeypatch.delenv(f"AZURE_STORAGE_{end}", raising=False)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("abfss://exports@acme.dfs.core.windows.net/a b/c", {}),
        ("abfs://exports@acme.dfs.core.windows.net/a b/c/", {}),
        ("ABFSS://exports@ACME.dfs.core.windows.net/a b/c", {}),
        ("wasbs://exports@acme.blob.core.windows.net/a b/c", {}),
        ("https://acme.blob.core.windows.net/exports/a%20b/c", {}),
        ("https://acme.blob.core.windows.net:443/exports/a%20b/c/?sv=2024-11-04&sig=hidden%3D", {}),
        ("https://acme.dfs.core.windows.net/exports/a b/c", {}),
        ("az://exports/a b/c", {"account_name": "acme"}),
        ("az://exports@acme/a b/c", {}),
        ("az://exports/a b/c", {"connection_string": KEYED}),
        ("az://exports/a b/c", {"account_host": "acme.blob.core.windows.net"}),
        ("az://exports/a b/c", {"endpoint_url": "https://acme.blob.core.windows.net"}),
        ("az://exports/a b/c", {"sas_uri": "https://acme.blob.core.windows.net/exports?sig=hidden"}),
    ],
)
def test_every_way_to_write_a_place_in_azure_is_one_place(text: str, options: dict[str, object]) -> None:
    assert parse_location(text, options).url == f"{ACCOUNT}/a b/c"


def test_the_environment_names_the_account_where_nothing_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    assert parse_location("az://exports").url == ACCOUNT
    assert parse_location("az://exports", {"account_name": "other"}).url == "abfss://exports@other.dfs.core.windows.net"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", KEYED.replace("acme", "third"))
    assert parse_location("az://exports").url == "abfss://exports@third.dfs.core.windows.net"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "http://127.0.0.1:10000/devstoreaccount1/exports/a%20b"),
        ({}, "http://localhost:10000/devstoreaccount1/exports/a b"),
        ({"connection_string": "UseDevelopmentStorage=true"}, "az://exports/a b"),
        (
            {"connection_string": "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;SharedAccessSignature=sig=x"},
            "az://exports/a b",
        ),
    ],
)
def test_an_emulator_is_an_account_whose_endpoint_is_no_part_of_the_name(options: dict[str, object], text: str) -> None:
    assert parse_location(text, options).url == "abfss://exports@devstoreaccount1.dfs.core.windows.net/a b"


def test_a_signature_moves_from_the_url_into_the_options() -> None:
    location = parse_location("http://127.0.0.1:10000/acme/exports/x?sv=1&sig=hidden%3D")
    assert location.options == {"endpoint_url": "http://127.0.0.1:10000/acme", "sas_token": "sv=1&sig=hidden%3D"}
    assert "hidden" not in f"{location!r}{location.url}"


def test_a_sovereign_cloud_is_another_place() -> None:
    chinese = parse_location("https://acme.blob.core.chinacloudapi.cn/exports").url
    assert chinese == "abfss://exports@acme.dfs.core.chinacloudapi.cn"
    assert parse_location(chinese).url == chinese


@pytest.mark.parametrize(
    ("text", "options", "kind"),
    [
        ("az://exports", {"account_name": "acme"}, "azure-blob"),
        (ACCOUNT, {}, "adls-gen2"),
        ("https://acme.blob.core.windows.net/dlz-destination/x?sig=a", {}, "data-landing-zone"),
        ("dlz://prod/folder", {}, "data-landing-zone"),
        ("gcs://bucket/x", {}, "gcs"),
        ("sftp://host/x", {}, "sftp"),
    ],
)
def test_the_kind_follows_from_the_url(text: str, options: dict[str, object], kind: str) -> None:
    location = parse_location(text, options)
    assert location.kind == kind
    assert parse_location(location.url).url == location.url


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ACCOUNT, "azure-blob"),
        ("https://acme.blob.core.windows.net/exports", "adls-gen2"),
        (ACCOUNT, "data-landing-zone"),
        ("s3://bucket/dlz", "data-landing-zone"),
    ],
)
def test_a_place_may_be_named_as_what_it_also_is(text: str, kind: str) -> None:
    assert parse_location(text, None, kind).kind == kind


@pytest.mark.parametrize(
    ("text", "url", "options"),
    [
        ("sftp://bob@Host.Example//a/b/", "sftp://bob@host.example/a/b", {"username": "bob"}),
        ("sftp://host:2222/a", "sftp://host:2222/a", {"port": 2222}),
        ("sftp://bob@host:22", "sftp://bob@host", {"username": "bob", "port": 22}),
        ("sftp://[::1]:2222/a%20b?c", "sftp://[::1]:2222/a%20b?c", {"port": 2222}),
        ("gcs://bucket//a/", "gs://bucket//a", {}),
        ("DLZ://prod/a/", "dlz://prod/a", {}),
    ],
)
def test_other_stores_have_one_canonical_url_too(text: str, url: str, options: dict[str, object]) -> None:
    location = parse_location(text)
    assert (location.url, location.options) == (url, options)
    assert parse_location(url).url == url


def test_a_user_and_port_may_stand_in_the_options() -> None:
    location = parse_location("sftp://host/a", {"username": "bob", "port": 2222})
    assert location.url == "sftp://bob@host:2222/a"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("az://exports/x", {}),
        ("az://Ex_ports/x", {"account_name": "acme"}),
        ("az://", {"account_name": "acme"}),
        (f"{ACCOUNT}/a/../b", {}),
        (ACCOUNT, {"account_name": "other"}),
        ("https://hidden:hidden@acme.blob.core.windows.net/exports", {}),
        ("https://exports.example.com/container?sig=hidden", {}),
        ("https://acme.blob.core.windows.net/?sig=hidden", {}),
        ("sftp://bob:hidden@host/x", {}),
        ("sftp:///x", {}),
        ("sftp://host:99999/x", {}),
        ("sftp://bob@host/x", {"username": "hidden"}),
        ("sftp://host/a/./b", {}),
        ("gs://b/x", {}),
        ("gs://bucket/x?X-Goog-Signature=hidden", {}),
        ("dlz:///x", {}),
        ("dlz://prod/../x", {}),
    ],
)
def test_what_is_no_place_is_refused_without_showing_a_secret(text: str, options: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_location(text, options)
    assert "hidden" not in f"{caught.value!r}{caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (ACCOUNT, "exports"),
        (f"{ACCOUNT}/a/b", "b"),
        ("sftp://bob@host:2222", "host"),
        ("sftp://bob@host/folder", "folder"),
        ("gs://bucket", "bucket"),
        ("dlz://prod", "prod"),
    ],
)
def test_a_place_is_named_after_its_last_segment_or_its_container(url: str, name: str) -> None:
    assert last_segment(url) == name


@pytest.mark.parametrize("url", [ACCOUNT, f"{ACCOUNT}/a", "sftp://bob@host", "gs://bucket/a", "dlz://prod"])
def test_paths_below_a_place_come_back(url: str) -> None:
    below = join(url, "x y/100%.json")
    assert below == f"{url}/x y/100%.json"
    assert relative_to(below, url) == "x y/100%.json"
    assert relative_to(url, below) is None
