"""Google Cloud Storage by HMAC keys, over rclone's S3 server, which checks signatures, and moto's, which does not."""

from __future__ import annotations

import hashlib
import itertools
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.gcs_store import GcsHmacStore, behind
from support.proxy import Response, Rule, refused, say
from support.servers import S3Server, rclone_s3

from verifier.backends.base import Access, Backend
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, ExistsError, NotFoundError, SourceError
from verifier.model import Checksum, StoredFile

pytestmark = pytest.mark.usefixtures("short_waits")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")


@pytest.fixture(scope="module")
def rclone(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone_s3(root, tmp_path_factory.mktemp("log") / "rclone.log") as running:
        yield running


@pytest.fixture
def checked(rclone: S3Server, root: Path) -> GcsHmacStore:
    """A bucket on the server that checks signatures."""
    return GcsHmacStore(rclone, f"bucket-{next(_numbers)}", root)


@pytest.fixture
def store(server: S3Server) -> GcsHmacStore:
    """A bucket on the server that does not."""
    return GcsHmacStore(server, f"hmac-{next(_numbers)}")


def only(backend: Backend) -> StoredFile:
    (file,) = [file for page in backend.list() for file in page]
    return file


def test_a_signed_scan_reads_and_writes_and_asks_for_paths_of_the_bucket(checked: GcsHmacStore) -> None:
    checked.put("a b/c+d.json", b"data")
    with behind(checked) as (backend, proxy):
        file = only(backend)
        assert b"".join(backend.open(file).stream()) == b"data"
        assert {request.target.split("/")[1].partition("?")[0] for request in proxy.requests} == {checked.bucket}
        assert {"auto" in request.headers["Authorization"] for request in proxy.requests} == {True}
    with closing(open_writer(checked.location())) as writer:
        writer.write("new", [b"one", b"two"], 6)
        with pytest.raises(ExistsError):
            writer.write("new", [b"other"], 5)
    with closing(open_backend(checked.location())) as backend:
        assert {f.path: b"".join(backend.open(f).stream()) for page in backend.list() for f in page}["new"] == b"onetwo"


def test_a_wrong_secret_is_denied_in_googles_words(checked: GcsHmacStore) -> None:
    place = checked.denied()
    assert place
    with closing(open_backend(place)) as backend, pytest.raises(DeniedError) as caught:
        only(backend)
    assert "HMAC key of Cloud Storage" in (caught.value.hint or "")
    texts = "".join(traceback.format_exception(caught.value)) + repr(place) + repr(backend)
    assert str(place.options["secret"]) not in texts


def test_a_missing_bucket_is_not_found_in_googles_words(checked: GcsHmacStore) -> None:
    with closing(open_backend(checked.missing())) as backend, pytest.raises(NotFoundError) as caught:
        only(backend)
    assert caught.value.hint == "check the bucket's name"


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (403, "AccessDenied", "roles/storage.objectViewer"),
        (403, "InvalidAccessKeyId", "HMAC key"),
        (403, "RequestTimeTooSkewed", "clock"),
        (400, "ExpiredToken", "HMAC key"),
    ],
)
def test_no_hint_speaks_of_amazon(store: GcsHmacStore, status: int, code: str, hint: str) -> None:
    answer = refused(status, f"<Error><Code>{code}</Code></Error>")
    with behind(store, Rule(store.is_listing, answer)) as (backend, _), pytest.raises(DeniedError) as caught:
        only(backend)
    assert hint in (caught.value.hint or "")
    assert "s3:" not in (caught.value.hint or "")


def test_the_checksum_is_the_one_that_google_says_and_not_the_etag(store: GcsHmacStore) -> None:
    store.put("file", b"hello")
    with behind(store, Rule(store.is_read, say("X-Goog-Hash", "crc32c=n03x6A=="))) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() == Checksum("crc32c", "9f4df1e8")


def test_a_server_that_says_none_has_the_etag_for_a_checksum_where_it_is_an_md5(store: GcsHmacStore) -> None:
    store.put("file", b"hello")
    with behind(store) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() == Checksum("md5", hashlib.md5(b"hello").hexdigest())


def test_the_etag_of_a_composed_object_is_no_checksum(store: GcsHmacStore) -> None:
    """Google's ETags of composed objects look like this; neither test server composes."""
    store.put("file", b"hello")
    composed = '"-CKicn4fknd0CEAE="'

    def replace_etag(response: Response) -> None:
        response.headers["Etag"] = composed
        if b"<ETag>" in response.body:
            before, _, rest = response.body.partition(b"<ETag>")
            rest = rest.partition(b"</ETag>")[2]
            response.replace_body(before + f"<ETag>{composed}</ETag>".encode() + rest)

    with behind(store, Rule(lambda _: True, replace_etag)) as (backend, _):
        file = only(backend)
        assert file.etag == composed.strip('"')
        source = backend.open(StoredFile(file.path, file.size, file.modified_at))
        list(source.stream())
        assert source.provider_checksum() is None


def test_what_google_decompressed_is_not_taken_for_the_object(store: GcsHmacStore) -> None:
    """The S3 client cannot say that it takes gzip, so that Google decompresses what is stored so."""
    store.put("file", b"hello")
    rule = Rule(store.is_read, say("X-Goog-Stored-Content-Encoding", "gzip"))
    with behind(store, rule) as (backend, _), pytest.raises(SourceError, match="on the way") as caught:
        backend.open(only(backend)).read_range(0, 2)
    assert "token" in (caught.value.hint or "")


def test_nothing_is_asked_that_only_amazon_knows(store: GcsHmacStore) -> None:
    """Google refuses requests with headers of both kinds, and knows none of Amazon's checksums."""
    store.put("file", b"hello")
    with behind(store) as (backend, proxy):
        list(backend.open(only(backend)).stream())
        assert backend.access() == Access()
        sent = {name for request in proxy.requests for name in request.headers}
        assert len(proxy.requests) == 2
    assert {name for name in sent if name.startswith("X-Amz-")} == {"X-Amz-Date", "X-Amz-Content-Sha256"}
    assert not [name for name in sent if name.startswith("X-Goog-")]


def test_google_is_where_keys_lead_when_nothing_else_is_said() -> None:
    with closing(open_backend(parse_location("gs://bucket", {"key": "GOOG1E", "secret": "s"}))) as backend:
        assert backend.location.kind == "gcs"
        assert backend.location.url == "gs://bucket"
        assert backend.capabilities.has_versions
        assert backend.requests == 0
