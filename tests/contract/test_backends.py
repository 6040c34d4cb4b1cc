"""What every store promises, tried on each: a local folder, moto's S3 server and rclone's, which checks signatures."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import pickle
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.servers import S3Server, moto_s3, rclone_s3
from support.stores import LocalStore, S3Store, Store, list_paths

from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.errors import ChangedError, DeniedError, NotFoundError
from verifier.model import StoredFile

PAGE_KEYS = 100
_numbers = itertools.count()

NAMES = [
    "64e0c0ffee0123456789abcd/exportTime=202611010100/part-00000-tid-1-c000.gz.parquet",
    "64e0c0ffee0123456789abcd/exportTime=202611010100/manifest-1.json",
    "a",
    "a b/c d.json",
    "ab/e",
    "ä/ö/日本語.json",
    "cafe\u0301/caf\u00e9",
    "plus+and&percent%20and#hash?query=1",
    "quote'\"<>;:@,$!()*~[]{}|^`\\",
    "UPPER/lower",
    "z" * 200,
]


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_s3(tmp_path_factory.mktemp("moto"), page_keys=PAGE_KEYS) as server:
        yield server


@pytest.fixture(scope="module")
def rclone_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")


@pytest.fixture(scope="module")
def rclone(rclone_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with rclone_s3(rclone_root, tmp_path_factory.mktemp("log") / "rclone.log") as server:
        yield server


@pytest.fixture(params=["local", "s3-moto", "s3-rclone"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    bucket = f"bucket-{next(_numbers)}"
    match request.param:
        case "local":
            return LocalStore(tmp_path / "a folder, größer")
        case "s3-moto":
            return S3Store(request.getfixturevalue("moto"), bucket)
        case _:
            return S3Store(request.getfixturevalue("rclone"), bucket, request.getfixturevalue("rclone_root"))


@pytest.fixture
def backend(store: Store) -> Iterator[Backend]:
    with closing(open_backend(store.location())) as opened:
        yield opened


def is_moto(store: Store) -> bool:
    return isinstance(store, S3Store) and store.files is None


def listed(backend: Backend, prefix: str = "") -> dict[str, StoredFile]:
    files = [file for page in backend.list(prefix) for file in page]
    assert len({file.path for file in files}) == len(files)
    return {file.path: file for file in files}


def only(backend: Backend) -> StoredFile:
    (file,) = listed(backend).values()
    return file


def test_a_listing_is_what_was_put(store: Store, backend: Backend) -> None:
    contents = {name: random.Random(name).randbytes(len(name)) for name in NAMES}
    for name, data in contents.items():
        store.put(name, data)
    found = listed(backend)
    assert set(found) == set(NAMES)
    for name, data in contents.items():
        assert found[name].size == len(data)
        with closing(backend.open(found[name])) as source:
            assert b"".join(source.stream()) == data
            assert source.path == name
        assert backend.stat(name) == found[name]


def test_control_characters_in_names_come_through(store: Store, backend: Backend) -> None:
    if isinstance(store, S3Store) and not is_moto(store):
        pytest.skip("rclone shows other characters in place of control characters")
    store.put("tab\tand\x01control", b"x")
    assert only(backend).path == "tab\tand\x01control"
    with closing(backend.open(only(backend))) as source:
        assert source.read_range(0, 1) == b"x"


def test_a_listing_goes_over_several_pages(store: Store, backend: Backend) -> None:
    count = 250 if is_moto(store) else 2500  # moto takes long to fill, so that its pages are short
    names = {f"dataset-{number % 7}/exportTime={number % 11:012}/part-{number:05}" for number in range(count)}
    store.put_many(sorted(names))
    pages = list(backend.list())
    assert len(pages) >= 3
    assert sorted(file.path for page in pages for file in page) == sorted(names)


def test_an_empty_place_lists_nothing(backend: Backend) -> None:
    assert listed(backend) == {}


def test_a_prefix_is_a_folder_and_not_the_beginning_of_a_name(store: Store, backend: Backend) -> None:
    store.put_many(["a/1", "a/b/2", "ab/3", "a.txt"])
    assert set(listed(backend, "a")) == {"a/1", "a/b/2"}
    assert set(listed(backend, "a/")) == {"a/1", "a/b/2"}
    assert set(listed(backend, "a/b")) == {"a/b/2"}
    assert listed(backend, "none") == {}
    assert list_paths(store.location("a")) == ["1", "b/2"]


def test_times_are_the_stores_and_in_utc(store: Store, backend: Backend) -> None:
    store.put("file", b"x")
    now, seen = backend.now(), only(backend).modified_at
    assert now is not None
    assert seen is not None
    assert now.utcoffset() == seen.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
    assert abs(now - seen) < timedelta(seconds=10)


def test_ranges_are_exact_at_the_edges(store: Store, backend: Backend) -> None:
    data = random.Random(1).randbytes(300_001)
    store.put("file", data)
    with closing(backend.open(only(backend))) as source:
        for start, end in [(0, 0), (0, 1), (7, 7), (5, 70_000), (300_000, 300_001), (0, 300_001), (300_001, 300_001)]:
            assert source.read_range(start, end) == data[start:end]


@pytest.mark.parametrize("size", [0, 1, 9 << 20])
def test_a_stream_is_every_byte_in_small_pieces(store: Store, backend: Backend, size: int) -> None:
    data = random.Random(size).randbytes(size)
    store.put("folder/file", data)
    with closing(backend.open(only(backend))) as source:
        pieces = list(source.stream())
        checksum = source.provider_checksum()
    assert hashlib.sha256(b"".join(pieces)).digest() == hashlib.sha256(data).digest()
    assert all(len(piece) <= 4 << 20 for piece in pieces)
    assert checksum is None or checksum.value == hashlib.new(checksum.algorithm, data).hexdigest()
    assert (checksum is not None) == bool(backend.capabilities.checksums)


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
    if isinstance(store, LocalStore):
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        store.put("closed/file", b"x")
        (store.root / "closed").chmod(0)
        location = store.location()
    elif is_moto(store):
        pytest.skip("moto checks no credentials")
    else:
        location = store.location(secret="an-entirely-wrong-secret")
    with closing(open_backend(location)) as backend, pytest.raises(DeniedError) as caught:
        list(backend.list())
    assert caught.value.hint
    assert "an-entirely-wrong-secret" not in f"{caught.value!r}{caught.value.hint}{location!r}"


def test_requests_are_counted(store: Store, backend: Backend) -> None:
    store.put("file", b"x")
    before = backend.requests
    file = only(backend)
    after_listing = backend.requests
    with closing(backend.open(file)) as source:
        source.read_range(0, 1)
    assert before < after_listing < backend.requests


def test_no_secret_is_in_any_text_form(store: Store, backend: Backend) -> None:
    location = store.location()
    secrets = [str(location.options[name]) for name in ("key", "secret") if name in location.options]
    with pytest.raises(NotFoundError) as caught, closing(open_backend(store.missing())) as absent:
        list(absent.list())
    texts = [repr(location), repr(backend), str(backend), location.url, repr(caught.value), str(caught.value.hint)]
    assert not [secret for secret in secrets for text in texts if secret in text]


@pytest.mark.parametrize("start", ["forkserver", "fork"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_a_pickled_location_opens_in_a_worker_process(store: Store, backend: Backend, start: str) -> None:
    store.put_many(["a/1", "b/2"])
    listed(backend)
    location = pickle.loads(pickle.dumps(store.location()))
    with multiprocessing.get_context(start).Pool(1) as pool:
        assert pool.apply_async(list_paths, (location,)).get(timeout=60) == ["a/1", "b/2"]
