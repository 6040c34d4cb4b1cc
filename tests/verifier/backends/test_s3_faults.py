"""Faults of the network and of servers in front of a real S3 server: what is noticed, and what is tried again."""

from __future__ import annotations

import hashlib
import itertools
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from support.proxy import (
    Fault,
    Proxy,
    Request,
    Response,
    Rule,
    cut,
    delay,
    empty_page,
    faulty_proxy,
    flip,
    is_listing,
    is_read,
    reset,
    rewrite,
    shorten,
    unavailable,
)
from support.servers import S3Server, moto_s3
from support.stores import S3Store

from verifier.backends import retry
from verifier.backends.registry import open_backend
from verifier.backends.s3 import S3Backend
from verifier.backends.urls import parse_location
from verifier.errors import ChangedError, NetworkError, SourceError
from verifier.model import StoredFile

PAGE_KEYS = 10
KEYS = sorted(f"folder/{number:03}" for number in range(25))
DATA = random.Random(5).randbytes(3_500_000)
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_s3(tmp_path_factory.mktemp("moto"), page_keys=PAGE_KEYS) as server:
        yield server


@pytest.fixture(scope="module")
def filled(server: S3Server) -> S3Store:
    store = S3Store(server, "filled")
    store.put_many(KEYS)
    return store


@pytest.fixture
def store(server: S3Server) -> S3Store:
    return S3Store(server, f"bucket-{next(_numbers)}")


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)


@contextmanager
def behind(store: S3Store, *rules: Rule, **options: object) -> Iterator[tuple[S3Backend, Proxy]]:
    with faulty_proxy(store.server.url, *rules) as proxy:
        place = parse_location(f"s3://{store.bucket}", store.server.options(endpoint_url=proxy.url, **options))
        backend = open_backend(place)
        assert isinstance(backend, S3Backend)
        with closing(backend):
            yield backend, proxy


def paths(backend: S3Backend) -> list[str]:
    return [file.path for page in backend.list() for file in page]


def only(backend: S3Backend) -> StoredFile:
    (file,) = [file for page in backend.list() for file in page]
    return file


def is_page(number: int) -> Callable[[Request], bool]:
    tokens: list[str] = [""]

    def matches(request: Request) -> bool:
        token = request.target.partition("continuation-token=")[2].partition("&")[0]
        if is_listing(request) and token not in tokens:
            tokens.append(token)
        return is_listing(request) and tokens.index(token) == number - 1

    return matches


LISTING_FAULTS = {
    "503": unavailable,
    "empty 200": empty_page,
    "cut": cut(700),
    "cut, length rewritten": shorten(700),
    "reset": reset,
    "a key gone, count kept": rewrite(b"<Key>folder", b"<Kez>folder"),
    "count too high": rewrite(b"<KeyCount>", b"<KeyCount>1"),
    "does not say whether it ends": rewrite(b"IsTruncated", b"IsTruncatex"),
    "no next token": rewrite(b"NextContinuationToken", b"NextContinuationTokex"),
    "an error inside 200": lambda response: response.replace_body(b"<Error><Code>InternalError</Code></Error>"),
    "a document type": lambda response: response.replace_body(b"<!DOCTYPE x><ListBucketResult/>"),
    "no listing": lambda response: response.replace_body(b"<html><body>sign in</body></html>"),
}


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_lasting_fault_on_any_page_raises_and_never_makes_the_listing_shorter(filled: S3Store, page: int) -> None:
    seen: list[str] = []
    with behind(filled, Rule(is_page(page), unavailable)) as (backend, _), pytest.raises(NetworkError) as caught:
        seen.extend(file.path for files in backend.list() for file in files)
    assert seen == KEYS[: PAGE_KEYS * (page - 1)]
    assert "s3://filled: listing" in str(caught.value)


@pytest.mark.parametrize("fault", LISTING_FAULTS.values(), ids=LISTING_FAULTS.keys())
def test_a_listing_whose_second_page_is_never_whole_raises(filled: S3Store, fault: Fault) -> None:
    with behind(filled, Rule(is_listing, fault, on=range(2, 20))) as (backend, _):
        pages = backend.list()
        next(pages)
        with pytest.raises(NetworkError):
            list(pages)


@pytest.mark.parametrize("fault", LISTING_FAULTS.values(), ids=LISTING_FAULTS.keys())
def test_one_passing_fault_in_a_listing_shows_only_in_the_requests(filled: S3Store, fault: Fault) -> None:
    with behind(filled, Rule(is_page(2), fault, on=[1])) as (backend, proxy):
        assert paths(backend) == KEYS
        assert len(proxy.requests) == 4
        # a connection that ends without an answer is dialled again by aiohttp itself, once, where we cannot count it
        assert backend.requests == (3 if fault is reset else 4)


def test_a_listing_whose_pages_repeat_raises(filled: S3Store) -> None:
    first: list[bytes] = []

    def repeat(response: Response) -> None:
        first.append(response.body)
        response.replace_body(first[0])

    with behind(filled, Rule(is_listing, repeat)) as (backend, proxy):
        with pytest.raises(NetworkError, match="do not come to an end"):
            paths(backend)
        assert len(proxy.requests) < 5


def test_keys_outside_the_prefix_are_left_out(filled: S3Store) -> None:
    with behind(filled, Rule(is_listing, rewrite(b"<Key>folder/003", b"<Key>elsewhere/003"))) as (backend, _):
        assert [file.path for page in backend.list("folder") for file in page] == [k for k in KEYS if "003" not in k]


READING_FAULTS = {
    "503": unavailable,
    "cut": cut(1_234_567),
    "cut, length rewritten": shorten(1_234_567),
    "reset": reset,
    "empty": shorten(0),
}


@pytest.mark.parametrize("fault", READING_FAULTS.values(), ids=READING_FAULTS.keys())
def test_one_passing_fault_in_reading_shows_only_in_the_requests(store: S3Store, fault: Fault) -> None:
    store.put("file", DATA)
    with behind(store, Rule(is_read, fault, on=[1])) as (backend, proxy):
        source = backend.open(only(backend))
        assert b"".join(source.stream()) == DATA
        assert len([request for request in proxy.requests if is_read(request)]) == 2
    with behind(store, Rule(is_read, fault, on=[1])) as (backend, _):
        assert backend.open(only(backend)).read_range(100, 2_000_000) == DATA[100:2_000_000]


def test_an_undisturbed_stream_is_one_request(store: S3Store) -> None:
    store.put("file", DATA)
    with behind(store) as (backend, proxy):
        assert b"".join(backend.open(only(backend)).stream()) == DATA
        assert [("Range" in request.headers) for request in proxy.requests if is_read(request)] == [False]


def test_a_stream_goes_on_from_where_it_was_cut_off(store: S3Store) -> None:
    store.put("file", DATA)
    with behind(store, Rule(is_read, cut(1_234_567), on=[1])) as (backend, proxy):
        assert b"".join(backend.open(only(backend)).stream()) == DATA
    start = int(proxy.requests[-1].headers["Range"].removeprefix("bytes=").partition("-")[0])
    assert 1 << 20 <= start <= 1_234_567


@pytest.mark.parametrize("fault", [unavailable, reset, cut(0), shorten(0)], ids=["503", "reset", "cut", "short"])
def test_a_lasting_fault_in_reading_is_a_network_error(store: S3Store, fault: Fault) -> None:
    store.put("file", DATA)
    with behind(store, Rule(is_read, fault)) as (backend, _):
        source = backend.open(only(backend))
        with pytest.raises(NetworkError):
            source.read_range(0, 10)
        with pytest.raises(NetworkError):
            list(source.stream())


def test_a_short_range_is_never_returned(store: S3Store) -> None:
    store.put("file", DATA)
    short = Rule(is_read, lambda response: response.replace_body(response.body[: len(response.body) // 2]))
    with behind(store, short) as (backend, _), pytest.raises(NetworkError):
        backend.open(only(backend)).read_range(0, 1_000_000)


def test_an_object_that_changes_while_it_is_read_has_changed(store: S3Store) -> None:
    store.put("file", DATA)
    replaced = Rule(is_read, cut(1_234_567), on=[1])
    with behind(store, replaced) as (backend, _):
        stream = backend.open(only(backend)).stream()
        next(stream)
        store.put("file", DATA[::-1])
        with pytest.raises(ChangedError):
            list(stream)


def test_a_flipped_byte_contradicts_the_stores_checksum(store: S3Store) -> None:
    store.put("file", DATA)
    with behind(store, Rule(is_read, flip(2_000_000))) as (backend, _):
        source = backend.open(only(backend))
        found = hashlib.md5(b"".join(source.stream())).hexdigest()
        checksum = source.provider_checksum()
    assert checksum is not None
    assert checksum.algorithm == "md5"
    assert checksum.value == hashlib.md5(DATA).hexdigest() != found


def test_a_server_that_knows_no_ranges_and_sends_the_whole_body_still_works(store: S3Store) -> None:
    store.put("file", DATA)

    def whole(response: Response) -> None:
        response.status = 200
        response.headers.pop("Content-Range", None)
        response.replace_body(DATA)

    with behind(store, Rule(is_read, whole)) as (backend, _):
        source = backend.open(only(backend))
        assert source.read_range(2_345_678, 2_345_700) == DATA[2_345_678:2_345_700]
        assert source.read_range(0, len(DATA)) == DATA


def test_a_server_that_sends_another_range_is_not_believed(store: S3Store) -> None:
    store.put("file", DATA)

    def shift(response: Response) -> None:
        headers = response.headers
        headers["Content-Range"] = headers["Content-Range"].replace("bytes 10-", "bytes 9-")

    with behind(store, Rule(is_read, shift)) as (backend, _), pytest.raises(NetworkError, match="another range"):
        backend.open(only(backend)).read_range(10, 20)


def test_objects_stored_with_an_encoding_come_as_stored(store: S3Store) -> None:
    stored = b"\x1f\x8b not really gzip, but said to be"
    store.put("file", stored, Content_Encoding="gzip")
    with behind(store) as (backend, _):
        source = backend.open(only(backend))
        assert b"".join(source.stream()) == stored
        assert source.read_range(2, 9) == stored[2:9]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption", "aws:kms:dsse"),
        ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
    ],
)
def test_the_etag_of_an_object_under_other_keys_is_no_checksum(store: S3Store, name: str, value: str) -> None:
    store.put("file", DATA)

    def say(response: Response) -> None:
        response.headers[name] = value

    with behind(store, Rule(is_read, say)) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None


def test_the_option_turns_etags_as_checksums_off(store: S3Store) -> None:
    store.put("file", b"data")
    with behind(store, etag_is_md5=False) as (backend, _):
        source = backend.open(only(backend))
        list(source.stream())
        assert source.provider_checksum() is None
        assert backend.capabilities.checksums == ()


def test_an_answer_that_does_not_come_is_a_network_error(store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "SECONDS", 0.5)
    with behind(store, Rule(is_listing, delay(2))) as (backend, _), pytest.raises(NetworkError, match="in time"):
        paths(backend)


def test_a_closed_port_is_a_network_error(store: S3Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        place = parse_location("s3://bucket", store.server.options(endpoint_url=url))
        with closing(open_backend(place)) as backend, pytest.raises(NetworkError, match="cannot connect"):
            list(backend.list())
        assert backend.requests == retry.TRIES


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (400, "ExpiredToken", "denied", "expired"),
        (403, "AccessDenied", "denied", "s3:ListBucket"),
        (403, "SignatureDoesNotMatch", "denied", "check key and secret"),
        (404, "NoSuchBucket", "not-found", "bucket's name"),
        (503, "SlowDown", "network", ""),
        (501, "NotImplemented", "source", ""),
        (400, "\x1b[31m<evil>", "source", ""),
    ],
)
def test_answers_are_sorted_into_kinds(filled: S3Store, status: int, code: str, kind: str, hint: str) -> None:
    def refuse(response: Response) -> None:
        response.status = status
        text = f"<Error><Code>{code}</Code><Message>the id {filled.server.key}</Message></Error>"
        response.replace_body(text.encode())

    with behind(filled, Rule(is_listing, refuse)) as (backend, _), pytest.raises(SourceError) as caught:
        paths(backend)
    assert caught.value.kind == kind
    assert hint in (caught.value.hint or "")
    assert filled.server.key not in str(caught.value)
    assert str(caught.value).isprintable()
