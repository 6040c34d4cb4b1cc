"""One object on its way from one store to another: right and whole, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.proxy import Rule, faulty_proxy, flip, is_read
from support.servers import moto_s3
from support.stores import LocalStore, S3Store

from verifier.backends.registry import open_backend
from verifier.errors import ChangedError, ExistsError
from verifier.model import StoredFile
from verifier.transfer import Parcel, Route, read_back

DATA = bytes(range(256)) * (3 << 12)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "source")
    store.put("folder/file", DATA)
    return store


@pytest.fixture
def target(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "target")


@pytest.fixture
def route(source: LocalStore, target: LocalStore) -> Iterator[Route]:
    with closing(Route(source.location(), target.location())) as opened:
        yield opened


def listed(store: LocalStore | S3Store) -> StoredFile:
    with closing(open_backend(store.location())) as backend:
        (file,) = [file for page in backend.list() for file in page]
    return file


def nothing() -> None:
    """Hear a piece pass."""


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_what_arrives_is_what_was_listed(
    source: LocalStore, target: LocalStore, route: Route, sha256: str | None
) -> None:
    pieces = []
    done = route.deliver(Parcel(listed(source), "other/name", sha256), lambda: pieces.append(1))
    assert (done.sha256, done.was_sent, done.mismatch) == (SHA256, True, None)
    assert (target.root / "other/name").read_bytes() == DATA
    assert read_back(target.location(), "other/name") == SHA256
    assert len(pieces) == 3


@pytest.mark.parametrize("data", [DATA, b""])
def test_other_bytes_than_were_recorded_are_not_stored(source: LocalStore, target: LocalStore, data: bytes) -> None:
    source.put("folder/file", data)
    with closing(Route(source.location(), target.location())) as route:
        done = route.deliver(Parcel(listed(source), "file", "0" * 64), nothing)
    assert done.mismatch is not None
    assert done.is_source_wrong
    assert (done.mismatch.code, done.mismatch.path) == ("copy.mismatch", "folder/file")
    assert (done.mismatch.expected, done.mismatch.actual) == ("0" * 64, hashlib.sha256(data).hexdigest())
    assert list(target.root.iterdir()) == []


@pytest.mark.parametrize("sha256", [SHA256, None])
def test_the_same_bytes_there_already_are_not_sent(source: LocalStore, target: LocalStore, sha256: str | None) -> None:
    target.put("file", DATA)
    with closing(Route(source.location(), target.location())) as route:
        done = route.deliver(Parcel(listed(source), "file", sha256), nothing)
    assert (done.sha256, done.was_sent, done.mismatch) == (SHA256, False, None)


@pytest.mark.parametrize("there", [DATA[:-1], DATA[:-1] + b"x", b""])
def test_other_bytes_there_already_stay(source: LocalStore, target: LocalStore, there: bytes) -> None:
    target.put("file", there)
    with closing(Route(source.location(), target.location())) as route:
        done = route.deliver(Parcel(listed(source), "file"), nothing)
    assert done.mismatch is not None
    assert (done.mismatch.expected, done.mismatch.actual) == (SHA256, hashlib.sha256(there).hexdigest())
    assert (target.root / "file").read_bytes() == there


def test_what_is_no_object_there_is_in_the_way(source: LocalStore, target: LocalStore, route: Route) -> None:
    (target.root / "file").mkdir()
    with pytest.raises(ExistsError):
        route.deliver(Parcel(listed(source), "file", SHA256), nothing)


@pytest.mark.parametrize("then", [DATA + b"more", None])
def test_another_version_than_was_listed_is_not_copied(
    source: LocalStore, target: LocalStore, route: Route, then: bytes | None
) -> None:
    file = listed(source)
    source.delete("folder/file")
    if then:
        source.put("folder/file", then)
    with pytest.raises(ChangedError, match="changed since it was scanned") as caught:
        route.deliver(Parcel(file, "file", SHA256), nothing)
    assert caught.value.hint == "scan the zone it is copied from, then copy again"
    assert list(target.root.iterdir()) == []


def test_it_ends_at_the_next_piece_when_nobody_waits_any_more(
    source: LocalStore, target: LocalStore, route: Route
) -> None:
    class EnoughError(Exception):
        """Nobody waits."""

    def pulse() -> None:
        pieces.append(1)
        if len(pieces) == 2:
            raise EnoughError

    pieces: list[int] = []
    with pytest.raises(EnoughError):
        route.deliver(Parcel(listed(source), "file", SHA256), pulse)
    assert list(target.root.iterdir()) == []


@pytest.mark.parametrize("flipped", [False, True])
def test_without_a_record_the_stores_own_checksum_is_held_against_the_bytes(
    tmp_path: Path, target: LocalStore, flipped: bool
) -> None:
    with moto_s3(tmp_path) as server, faulty_proxy(server.url) as proxy:
        store = S3Store(server, "bucket")
        store.put("file", DATA)
        proxy.rules += [Rule(is_read, flip(1000))] if flipped else []
        with closing(Route(store.through(proxy.url), target.location())) as route:
            done = route.deliver(Parcel(listed(store), "file"), nothing)
    assert (done.mismatch is not None, list(target.root.iterdir()) == []) == (flipped, flipped)
    if done.mismatch:
        assert done.mismatch.expected == hashlib.md5(DATA, usedforsecurity=False).hexdigest()
        assert "the store's own md5" in done.mismatch.message


def test_what_was_touched_may_be_delivered_as_it_is_now_where_its_digest_can_judge_it(
    source: LocalStore, target: LocalStore, route: Route
) -> None:
    parcel = Parcel(listed(source), "file", SHA256)
    (source.root / "folder/file").touch()
    with pytest.raises(ChangedError):
        route.deliver(parcel, nothing)
    renewed = route.renewed(parcel)
    assert renewed is not None
    assert route.deliver(renewed, nothing).was_sent
    assert route.renewed(Parcel(parcel.file, "file")) is None
    source.put("folder/file", DATA[:-1])
    assert route.renewed(parcel) is None
    source.delete("folder/file")
    assert route.renewed(parcel) is None
