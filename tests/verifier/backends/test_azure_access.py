"""What only Azure does, against Azurite: ways in, placeholders, encodings, permissions, and what is never shown."""

from __future__ import annotations

import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from support.azure_store import KINDS, AzureServer, AzureStore
from support.stores import list_paths

from verifier.backends.azure_access import beyond_reading_of, expiry_of
from verifier.backends.base import Access, Location
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, SourceError
from verifier.model import StoredFile

STORED = b"\x1f\x8b not really gzip, but said to be"


@pytest.fixture(params=KINDS)
def each(request: pytest.FixtureRequest, azure: AzureStore) -> AzureStore:
    """An empty container for each kind of credentials."""
    return AzureStore(azure.server, f"{azure.container}-too", request.param)


def listed(location: Location) -> dict[str, StoredFile]:
    with closing(open_backend(location)) as backend:
        return {file.path: file for page in backend.list() for file in page}


def read(location: Location, path: str) -> bytes:
    file = listed(location)[path]
    with closing(open_backend(location)) as backend:
        return b"".join(backend.open(file).stream())


def access(location: Location) -> Access:
    with closing(open_backend(location)) as backend:
        return backend.access()


def test_each_kind_of_credential_lists_and_reads(each: AzureStore) -> None:
    each.put("folder/file", b"data")
    assert list(listed(each.location())) == ["folder/file"]
    assert read(each.location("folder"), "file") == b"data"


def test_every_way_to_write_the_place_leads_to_it(azure: AzureStore) -> None:
    azure.put("a b/c%d/file", b"x")
    options = azure.location().options
    for text in (
        f"az://{azure.container}/a b/c%d",
        f"abfss://{azure.container}@{azure.server.account}.dfs.core.windows.net/a b/c%d/",
        f"wasbs://{azure.container}@{azure.server.account}.blob.core.windows.net/a b/c%d",
        f"{azure.server.endpoint}/{azure.container}/a%20b/c%25d",
    ):
        location = parse_location(text, options)
        assert location.url == azure.location("a b/c%d").url
        assert list_paths(location) == ["file"]


def test_a_bare_url_with_a_sas_is_all_it_takes(azure: AzureStore) -> None:
    azure.put("a b/file", b"x")
    sas = azure.server.container_sas(azure.container)
    location = parse_location(f"{azure.server.endpoint}/{azure.container}/a%20b?{sas}")
    assert list_paths(location) == ["file"]
    assert "sig" not in f"{location!r}{location.url}"


def test_what_stands_for_a_folder_is_no_file(azure: AzureStore) -> None:
    azure.put_placeholder("exports")
    azure.put_placeholder("exports/dataset")
    azure.put("exports/dataset/file", b"x")
    assert sorted(listed(azure.location())) == ["exports/", "exports/dataset/", "exports/dataset/file"]
    found = listed(azure.location("exports"))
    assert sorted(found) == ["dataset/", "dataset/file"]
    with closing(open_backend(azure.location("exports"))) as backend:
        assert backend.stat("dataset/") == found["dataset/"]
        assert backend.stat("dataset") is None
        assert backend.stat("dataset/file/") is None


@pytest.mark.parametrize("data", [STORED, b""], ids=["gzip", "empty"])
def test_what_is_stored_with_an_encoding_comes_as_stored(azure: AzureStore, data: bytes) -> None:
    azure.put("file", data, encoding="gzip")
    (file,) = listed(azure.location()).values()
    assert file.size == len(data)
    with closing(open_backend(azure.location())) as backend:
        source = backend.open(file)
        assert b"".join(source.stream()) == data
        assert source.read_range(0, len(data) // 2) == data[: len(data) // 2]


@pytest.mark.parametrize("name", ["double//slash", "/leading", "folder/", "per%20cent%2F+?#&=;", "\u2028é <>"])
def test_names_that_no_file_system_knows_come_through(azure: AzureStore, name: str) -> None:
    azure.put(name, name.encode())
    (file,) = listed(azure.location()).values()
    assert file.path == name
    assert read(azure.location(), name) == name.encode()
    with closing(open_backend(azure.location())) as backend:
        assert backend.stat(name) == file


def test_a_name_that_a_url_would_turn_into_another_is_not_asked_for(azure: AzureStore) -> None:
    azure.put("b", b"x")
    (file,) = listed(azure.location()).values()
    with closing(open_backend(azure.location())) as backend, pytest.raises(SourceError, match=r"\. or \.\."):
        backend.open(StoredFile("a/../b", file.size, file.modified_at, file.etag)).read_range(0, 1)


def test_a_key_may_do_everything(azure: AzureStore) -> None:
    assert access(azure.location()) == Access(beyond_reading=("create", "write", "delete"))


@pytest.mark.parametrize(("letters", "beyond"), [("rl", ()), ("racwdl", ("add", "create", "write", "delete"))])
def test_a_sas_says_what_it_allows_and_when_it_ends(azure: AzureStore, letters: str, beyond: tuple[str, ...]) -> None:
    sas = azure.server.container_sas(azure.container, letters, hours=2)
    found = access(parse_location(f"{azure.server.endpoint}/{azure.container}?{sas}"))
    assert found.beyond_reading == beyond
    assert found.expires_at is not None
    assert abs(found.expires_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("letters", "beyond"), [("rl", ()), ("rld", ("delete",)), ("rwdl", ("write", "delete")), ("racwl", ("write",))]
)
def test_what_a_stored_policy_hides_is_tried_without_changing_anything(
    azure_server: AzureServer, azure: AzureStore, letters: str, beyond: tuple[str, ...]
) -> None:
    store = AzureStore(azure_server, f"{azure.container}-policy", "azure-container-sas-policy", letters)
    store.put("file", b"x")
    before = listed(store.location())
    assert access(store.location()) == Access(beyond_reading=beyond)
    assert listed(store.location()) == before


def test_wrong_credentials_are_not_taken_for_harmless_ones(azure: AzureStore) -> None:
    store = AzureStore(azure.server, f"{azure.container}-policy", "azure-container-sas-policy")
    with pytest.raises(DeniedError):
        access(store.denied())


@pytest.mark.parametrize(
    ("sas", "beyond", "ends"),
    [
        ("", None, None),
        ("sv=1&si=policy&sr=c&sig=x", None, None),
        ("sp=rle&se=2026-11-22", (), datetime(2026, 11, 22, tzinfo=UTC)),
        ("?sp=rw&se=2026-11-22T01%3A02%3A03Z".lstrip("?"), ("write",), datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)),
        ("sp=l&se=2026-11-22T01:02Z", (), datetime(2026, 11, 22, 1, 2, tzinfo=UTC)),
        ("sp=l&se=soon", (), None),
    ],
)
def test_a_sas_is_read(sas: str, beyond: tuple[str, ...] | None, ends: datetime | None) -> None:
    assert (beyond_reading_of(sas), expiry_of(sas)) == (beyond, ends)


def test_an_expired_sas_is_denied_with_the_moment_it_ended(azure: AzureStore) -> None:
    sas = azure.server.container_sas(azure.container, hours=-1)
    with pytest.raises(DeniedError) as caught:
        listed(parse_location(f"{azure.server.endpoint}/{azure.container}?{sas}"))
    assert (caught.value.hint or "").startswith("the SAS ended at 20")


def test_an_anonymous_reader_is_let_into_a_public_container_only(azure: AzureStore) -> None:
    azure.put("file", b"x")
    options = {"anon": True, "endpoint_url": azure.server.endpoint}
    location = parse_location(f"az://{azure.container}", options)
    with pytest.raises(SourceError) as caught:
        listed(location)
    assert caught.value.hint
    azure.publish()
    assert read(location, "file") == b"x"


def test_reading_where_writing_is_not_allowed_says_what_writing_needs(azure: AzureStore) -> None:
    sas = azure.server.container_sas(azure.container)
    location = parse_location(f"{azure.server.endpoint}/{azure.container}?{sas}")
    with closing(open_writer(location)) as writer, pytest.raises(DeniedError) as caught:
        writer.write("file", [b"x"], 1)
    assert "Contributor" in (caught.value.hint or "")


@pytest.mark.parametrize("kind", ["right", "denied", "missing"])
def test_no_secret_is_logged_or_raised_at_any_level(
    each: AzureStore, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    each.put("file", b"x")
    location = {"right": each.location, "denied": each.denied, "missing": each.missing}[kind]()
    texts = [repr(location)]
    caplog.clear()
    with caplog.at_level(logging.DEBUG), closing(open_backend(location)) as backend:
        texts += [repr(vars(backend)), repr(backend)]
        try:
            files = [file for page in backend.list() for file in page]
            backend.open(files[0]).read_range(0, 1)
        except SourceError as error:
            texts += [repr(error), str(error.hint), repr(error.__cause__), repr(error.__context__)]
            assert kind != "right"
        assert backend.requests
    shown = "\n".join([*texts, caplog.text])
    options = [str(value) for name, value in location.options.items() if name not in ("account_name", "endpoint_url")]
    for secret in (*each.secrets, *options, *(quote(text, safe="") for text in each.secrets), "sig="):
        assert secret not in shown
