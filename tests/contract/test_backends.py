"""What every store promises, tried on each destination with each kind of credentials."""

from __future__ import annotations

import logging
import os
import pickle
import random
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support.destinations import Destination, other_spellings
from support.processes import one_process
from support.stores import Store, list_paths

from verifier.backends.base import Backend, Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.checksums import hasher
from verifier.errors import ChangedError, DeniedError, NotFoundError
from verifier.model import StoredFile

NAMES = [
    "64e0c0ffee0123456789abcd/exportTime=202611010100/part-00000-tid-1-c000.gz.parquet",
    "64e0c0ffee0123456789abcd/exportTime=202611010100/manifest-1.json",
    "a",
    "a b/c d.json",
    "ab/e",
    "ä/ö/日本語.json",
    "cafe\u0301/caf\u00e9",
    "plus+and&percent%20and#hash?query=1",
    "quote'\"<>;:@,$!()*~[]{}|^`",
    "back\\slash",
    "UPPER/lower",
    "z" * 200,
    "tab\tand\x01control",
]
DATA = random.Random(1).randbytes(300_001)


@pytest.fixture(scope="module")
def worker() -> Iterator[Executor]:
    """One worker process that shares nothing with this one, as the engine's."""
    with one_process("forkserver") as executor:
        yield executor


def listed(backend: Backend, prefix: str = "") -> dict[str, StoredFile]:
    files = [file for page in backend.list(prefix) for file in page]
    assert len({file.path for file in files}) == len(files)
    return {file.path: file for file in files}


def _list_there(environment: dict[str, str], location: Location) -> list[str]:
    os.environ.update(environment)
    return list_paths(location)


def only(backend: Backend) -> StoredFile:
    (file,) = listed(backend).values()
    return file


def test_a_listing_is_what_was_put(store: Store, backend: Backend, destination: Destination) -> None:
    names = [name for name in NAMES if not any(part in name for part in destination.cannot_hold)]
    contents = {name: random.Random(name).randbytes(len(name)) for name in names}
    for name, data in contents.items():
        store.put(name, data)
    found = listed(backend)
    assert set(found) == set(names)
    for name, data in contents.items():
        assert found[name].size == len(data)
        with closing(backend.open(found[name])) as source:
            assert b"".join(source.stream()) == data
            assert source.read_range(0, 1) == data[:1]
            assert source.path == name
        assert backend.stat(name) == found[name]


def test_a_listing_goes_over_several_pages_by_one_request_each(
    store: Store, backend: Backend, destination: Destination
) -> None:
    numbers = range(destination.page_files * 5 // 2)
    names = {f"dataset-{number % 7}/exportTime={number % 11:012}/part-{number:05}" for number in numbers}
    store.put_many(sorted(names))
    backend.stat("first")  # so that what logs in has done so
    before = backend.requests
    pages = list(backend.list())
    assert sorted(file.path for page in pages for file in page) == sorted(names)
    if backend.capabilities.is_flat:
        assert len(pages) >= 3
        assert backend.requests - before <= len(pages) + 1


def test_an_empty_place_lists_nothing(backend: Backend) -> None:
    assert listed(backend) == {}


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_name(store: Store, backend: Backend) -> None:
    store.put_many(["a/1", "a/b/2", "ab/3", "a.txt"])
    assert set(listed(backend, "a")) == {"a/1", "a/b/2"}
    assert set(listed(backend, "a/")) == {"a/1", "a/b/2"}
    assert set(listed(backend, "a/b")) == {"a/b/2"}
    assert listed(backend, "none") == {}
    assert list_paths(store.location("a")) == ["1", "b/2"]


def test_times_are_the_stores_and_in_utc(store: Store, backend: Backend, destination: Destination) -> None:
    store.put("file", b"x")
    now, seen = backend.now(), only(backend).modified_at
    assert seen is not None
    assert seen.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - seen) < timedelta(seconds=10)
    assert (now is not None) == destination.has_clock
    if now is not None:
        assert now.utcoffset() == timedelta(0)
        assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_ranges_are_exact_at_the_edges(store: Store, backend: Backend) -> None:
    store.put("file", DATA)
    with closing(backend.open(only(backend))) as source:
        for start, end in [(0, 0), (0, 1), (7, 7), (5, 70_000), (300_000, 300_001), (0, 300_001), (300_001, 300_001)]:
            assert source.read_range(start, end) == DATA[start:end]


@pytest.mark.parametrize("size", [0, 1, 9 << 20])
def test_a_stream_is_every_byte_in_small_pieces(store: Store, backend: Backend, size: int) -> None:
    data = random.Random(size).randbytes(size)
    store.put("folder/file", data)
    with closing(backend.open(only(backend))) as source:
        pieces = list(source.stream())
    assert b"".join(pieces) == data
    assert all(len(piece) <= 4 << 20 for piece in pieces)


def test_what_a_store_can_tell_is_what_it_tells(store: Store, backend: Backend) -> None:
    store.put("file", DATA)
    before, able = only(backend), backend.capabilities
    assert able.is_local == (backend.location.kind == "local")
    assert (able.lifetime == timedelta(days=7)) == (backend.location.kind == "data-landing-zone")
    assert (before.modified_at is not None, before.etag is not None) == (able.has_times, able.has_etags)
    with closing(backend.open(before)) as source:
        assert b"".join(source.stream()) == DATA
        checksum = source.provider_checksum()
    assert (checksum is not None) == bool(able.checksums)
    if checksum is not None:
        expected = hasher(checksum.algorithm)
        expected.update(DATA)
        assert checksum.algorithm in able.checksums
        assert checksum.value == expected.hexdigest()
    store.put("file", DATA[::-1])
    assert not able.has_etags or only(backend).etag != before.etag


def test_looking_up_what_is_not_there_gives_none(store: Store, backend: Backend) -> None:
    store.put("folder/file", b"x")
    assert backend.stat("folder/fil") is None
    assert backend.stat("folder") is None
    assert backend.stat("folder/file/below") is None


@pytest.mark.parametrize("new", [b"DATA" * 1000, b"longer" * 1000, b"", b"short"])
def test_what_was_overwritten_since_it_was_listed_has_changed(store: Store, backend: Backend, new: bytes) -> None:
    store.put("file", b"data" * 1000)
    file = only(backend)
    store.put("file", new)
    with pytest.raises(ChangedError):
        backend.open(file).read_range(10, 20)
    with pytest.raises(ChangedError):
        b"".join(backend.open(file).stream())


@pytest.mark.parametrize("size", [0, 4])
def test_what_was_deleted_since_it_was_listed_has_changed(store: Store, backend: Backend, size: int) -> None:
    store.put("file", b"x" * size)
    store.put("other", b"x")
    file = listed(backend)["file"]
    store.delete("file")
    with pytest.raises((ChangedError, NotFoundError)):
        list(backend.open(file).stream())
    assert backend.stat("file") is None


def test_a_place_that_does_not_exist_is_not_found(store: Store) -> None:
    with closing(open_backend(store.missing())) as backend, pytest.raises(NotFoundError):
        list(backend.list())


def test_wrong_credentials_are_denied_and_not_shown(store: Store) -> None:
    location = store.denied()
    if location is None:
        pytest.skip("nothing is denied here")
    with closing(open_backend(location)) as backend, pytest.raises(DeniedError) as caught:
        list(backend.list())
    assert caught.value.hint
    right = store.location().options
    wrong = [str(value) for name, value in location.options.items() if value != right.get(name)]
    assert not [text for text in wrong if text in f"{caught.value!r}{caught.value.hint}{location!r}"]


def test_requests_are_counted(store: Store, backend: Backend) -> None:
    store.put("file", b"x")
    before = backend.requests
    file = only(backend)
    after_listing = backend.requests
    with closing(backend.open(file)) as source:
        source.read_range(0, 1)
    assert before < after_listing < backend.requests


def test_no_secret_is_in_any_text_form_or_log(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store.put("file", b"x")
    location = store.location()
    with closing(open_backend(location)) as backend:
        with closing(backend.open(only(backend))) as source:
            list(source.stream())
        texts = [repr(location), repr(backend), str(backend), location.url, repr(source), repr(backend.access())]
    with pytest.raises(NotFoundError) as caught, closing(open_backend(store.missing())) as absent:
        list(absent.list())
    texts += [repr(caught.value), str(caught.value.hint), caplog.text]
    assert not [secret for secret in store.secrets for text in texts if secret in text]


def test_every_way_to_write_a_place_opens_that_place(store: Store) -> None:
    store.put("a b/ä/file", b"x")
    place = store.location("a b")
    for text in (place.url, *other_spellings(place.url)):
        again = parse_location(text, place.options, place.kind)
        assert (again.url, again.kind) == (place.url, place.kind)
        assert list_paths(again) == ["ä/file"]


def test_a_pickled_location_opens_in_a_worker_process(store: Store, worker: Executor) -> None:
    store.put_many(["a/1", "b/2"])
    location: Location = pickle.loads(pickle.dumps(store.location()))
    assert worker.submit(_list_there, dict(os.environ), location).result(timeout=60) == ["a/1", "b/2"]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_process_forked_after_a_store_was_used_opens_it_anew(store: Store, backend: Backend) -> None:
    store.put_many(["a/1", "b/2"])
    listed(backend)
    with one_process("fork") as executor:
        assert executor.submit(list_paths, store.location()).result(timeout=60) == ["a/1", "b/2"]
