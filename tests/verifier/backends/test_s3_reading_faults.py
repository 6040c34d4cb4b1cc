"""Faults in front of a real S3 server while it is read: what is noticed, and what is tried again."""

from __future__ import annotations

import hashlib
import random

import pytest
from support.faulty_s3 import behind, only
from support.proxy import Fault, Response, Rule, cut, flip, is_read, reset, shorten, unavailable
from support.stores import S3Store

from verifier.errors import ChangedError, NetworkError

DATA = random.Random(5).randbytes(3_500_000)
pytestmark = pytest.mark.usefixtures("short_waits")

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


ODD_KEYS = ["/leading", "double//slash", "up/../and/./here", "folder/", "a%2Fb", "name\x7f\x01", "\u2028é+ &<>"]


def test_keys_that_no_file_system_knows_come_through(store: S3Store) -> None:
    for key in ODD_KEYS:
        store.put(key, b"" if key.endswith("/") else key.encode())
    with behind(store) as (backend, _):
        found = {file.path: file for page in backend.list() for file in page}
        assert set(found) == set(ODD_KEYS)
        for key, file in found.items():
            assert backend.stat(key) == file
            assert b"".join(backend.open(file).stream()) == (b"" if key.endswith("/") else key.encode())
