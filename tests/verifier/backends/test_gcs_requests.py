"""What is asked of Google Cloud Storage and how its answers are sorted."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest
from support.gcs_store import GcsServer, GcsStore, behind, gcs_server
from support.proxy import Fault, Request, Response, Rule, empty_page, refused, say

from verifier.backends import gcs
from verifier.backends.base import Backend
from verifier.backends.gcs_source import refuse_transcoded
from verifier.backends.registry import open_backend
from verifier.errors import ChangedError, NetworkError, SourceError
from verifier.model import StoredFile

pytestmark = pytest.mark.usefixtures("short_waits")
_numbers = itertools.count()
ODD_NAMES = [
    "a b+c%20#?.json",
    "/leading",
    "double//slash",
    "up/../and/./here",
    "folder/",
    "a%2Fb",
    "é+ &<>/日本",
    "..a",
]
PACKED = gzip.compress(b"a row\n" * 1000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    with gcs_server(tmp_path_factory.mktemp("gcs")) as running:
        yield running


@pytest.fixture
def store(server: GcsServer) -> GcsStore:
    return GcsStore(server, f"bucket-{next(_numbers)}")


def only(backend: Backend) -> StoredFile:
    (file,) = [file for page in backend.list() for file in page]
    return file


def asked(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.target).query)


def test_a_scan_asks_for_pages_and_media_and_nothing_else(store: GcsStore) -> None:
    """gcsfs's own class would ask a layout service of Google's first, wherever the endpoint is."""
    store.put_many(["a/1", "b/2"])
    with behind(store) as (backend, proxy):
        for file in [file for page in backend.list() for file in page]:
            list(backend.open(file).stream())
        base = f"/b/{store.bucket}/o"
        assert [urlsplit(request.target).path for request in proxy.requests] == [
            f"/storage/v1{base}",
            f"/download/storage/v1{base}/a%2F1",
            f"/download/storage/v1{base}/b%2F2",
        ]
        assert backend.requests == len(proxy.requests)


def test_reads_are_pinned_to_the_listed_generation_and_take_what_is_stored(store: GcsStore) -> None:
    store.put("file", b"data")
    with behind(store) as (backend, proxy):
        file = only(backend)
        backend.open(file).read_range(1, 3)
        read = proxy.requests[-1]
    assert asked(read) == {"alt": ["media"], "ifGenerationMatch": [file.etag]}
    assert (read.headers["Accept-Encoding"], read.headers["Range"]) == ("gzip", "bytes=1-2")


def test_names_that_no_file_system_knows_come_through(store: GcsStore) -> None:
    for name in ODD_NAMES:
        store.put(name, b"" if name.endswith("/") else name.encode())
    with closing(open_backend(store.location())) as backend:
        found = {file.path: file for page in backend.list() for file in page}
        assert set(found) == set(ODD_NAMES)
        for name, file in found.items():
            assert backend.stat(name) == file
            assert b"".join(backend.open(file).stream()) == (b"" if name.endswith("/") else name.encode())


@pytest.mark.parametrize("data", [PACKED, b"\x1f\x8b not really gzip, but said to be"], ids=["gzip", "not gzip"])
def test_what_is_stored_with_an_encoding_comes_as_it_is_stored(store: GcsStore, data: bytes) -> None:
    store.put("file", data, encoding="gzip")
    with behind(store) as (backend, _):
        source = backend.open(only(backend))
        assert b"".join(source.stream()) == data
        assert source.read_range(2, 9) == data[2:9]
        assert source.provider_checksum() is not None


def decompressed(response: Response) -> None:
    """Do as Google documents for who takes no gzip, which fake-gcs-server does not."""
    del response.headers["Content-Encoding"]
    response.headers["Warning"] = "214 UploadServer gunzipped"
    response.replace_body(gzip.decompress(PACKED))


def compressed(response: Response) -> None:
    response.headers["Content-Encoding"] = "gzip"
    response.replace_body(gzip.compress(response.body))


def test_what_was_decompressed_on_the_way_is_not_taken_for_the_object(store: GcsStore) -> None:
    store.put("file", PACKED, encoding="gzip")
    with behind(store, Rule(store.is_read, decompressed)) as (backend, _):
        source = backend.open(only(backend))
        with pytest.raises(SourceError, match="on the way"):
            list(source.stream())


def test_what_was_compressed_on_the_way_is_not_taken_for_the_object(store: GcsStore) -> None:
    store.put("file", PACKED)
    with behind(store, Rule(store.is_read, compressed)) as (backend, _):
        source = backend.open(only(backend))
        with pytest.raises(NetworkError, match="got an answer of"):
            list(source.stream())


def test_what_was_compressed_on_the_way_with_its_length_unsaid_is_refused() -> None:
    with pytest.raises(SourceError, match="on the way"):
        refuse_transcoded({"content-encoding": "gzip", "x-goog-stored-content-encoding": "identity"}, "reading")


def test_an_object_that_was_replaced_is_refused_by_its_generation(store: GcsStore) -> None:
    """fake-gcs-server takes no notice of ifGenerationMatch here; the gate answers 412 as Google documents."""
    store.put("file", b"data")
    with behind(store) as (backend, proxy):
        source = backend.open(only(backend))
        store.put("file", b"data")
        with pytest.raises(ChangedError):
            list(source.stream())
        assert len(proxy.requests) == 2


def test_a_server_that_takes_no_notice_of_the_pin_is_noticed_too(store: GcsStore) -> None:
    store.put("file", b"data")
    with closing(open_backend(store.location(endpoint_url=store.server.raw_url))) as backend:
        source = backend.open(only(backend))
        store.put("file", b"data")
        with pytest.raises(ChangedError, match="its ETag is not the listed one"):
            list(source.stream())


def test_a_change_of_metadata_alone_changes_nothing(store: GcsStore) -> None:
    store.put("file", b"data")
    with closing(open_backend(store.location())) as backend:
        before = only(backend)
        store._send("PATCH", f"/storage/v1/b/{store.bucket}/o/file", json.dumps({"metadata": {"a": "b"}}).encode())
        assert only(backend) == before
        assert b"".join(backend.open(before).stream()) == b"data"


@pytest.mark.parametrize(
    ("header", "algorithm", "value"),
    [
        ("crc32c=n03x6A==,md5=XUFAKrxLKna5cZ2REBfFkg==", "crc32c", "9f4df1e8"),
        ("md5=XUFAKrxLKna5cZ2REBfFkg==", "md5", hashlib.md5(b"hello").hexdigest()),
        (" crc32c=n03x6A== ", "crc32c", "9f4df1e8"),
        ("crc32c=damaged,md5=XUFAKrxLKna5cZ2REBfFkg==", "md5", hashlib.md5(b"hello").hexdigest()),
        ("crc32c=AAAA", None, None),
        ("", None, None),
    ],
)
def test_the_stores_checksum_is_what_its_header_says(
    store: GcsStore, header: str, algorithm: str | None, value: str | None
) -> None:
    store.put("file", b"hello")
    with behind(store, Rule(store.is_read, say("X-Goog-Hash", header))) as (backend, _):
        source = backend.open(only(backend))
        source.read_range(1, 2)
        checksum = source.provider_checksum()
    assert (checksum and checksum.algorithm, checksum and checksum.value) == (algorithm, value)


PAGE_TWO: dict[str, Fault] = {
    "an empty 200": empty_page,
    "an empty object": refused(200, "{}"),
    "folders": refused(200, '{"kind": "storage#objects", "prefixes": ["a/"]}'),
    "of something else": refused(200, '{"kind": "storage#buckets", "items": []}'),
}


@pytest.mark.parametrize("fault", PAGE_TWO.values(), ids=PAGE_TWO)
def test_a_second_page_that_is_none_is_a_network_error(
    store: GcsStore, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "PAGE_OBJECTS", 2)
    store.put_many(["a", "b", "c"])
    with behind(store, Rule(store.is_listing, fault, on=range(2, 9))) as (backend, _):
        pages = backend.list()
        assert len(next(pages)) == 2
        with pytest.raises(NetworkError):
            list(pages)


def test_a_404_on_the_second_page_does_not_end_the_listing(store: GcsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs, "PAGE_OBJECTS", 2)
    store.put_many(["a", "b", "c"])
    gone = Rule(store.is_listing, refused(404, ""), on=[2])
    with behind(store, gone) as (backend, _), pytest.raises(SourceError, match="status 404"):
        list(backend.list())


def test_empty_pages_that_never_end_are_given_up(store: GcsStore) -> None:
    numbers = itertools.count()

    def more(response: Response) -> None:
        page = {"kind": "storage#objects", "nextPageToken": f"token-{next(numbers)}"}
        response.replace_body(json.dumps(page).encode())

    endless = Rule(store.is_listing, more)
    with behind(store, endless) as (backend, _), pytest.raises(NetworkError, match="do not come to an end"):
        list(backend.list())


def test_pages_that_repeat_are_given_up(store: GcsStore) -> None:
    again = refused(200, json.dumps({"kind": "storage#objects", "nextPageToken": "again"}))
    with behind(store, Rule(store.is_listing, again)) as (backend, proxy):
        with pytest.raises(NetworkError, match="do not come to an end"):
            list(backend.list())
        assert len(proxy.requests) == 2


def test_a_compressed_page_is_a_page(store: GcsStore) -> None:
    def packed(response: Response) -> None:
        response.headers["Content-Encoding"] = "gzip"
        response.replace_body(gzip.compress(response.body))

    store.put("file", b"x")
    with behind(store, Rule(store.is_listing, packed)) as (backend, proxy):
        assert only(backend).path == "file"
        assert proxy.requests[-1].headers["Accept-Encoding"] == "gzip"
