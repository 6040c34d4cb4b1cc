"""What every store promises that takes copies, tried on each destination: new files whole, or nothing at all."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.destinations import Destination
from support.stores import Store

from verifier.backends.base import Backend, Location, Writer
from verifier.backends.registry import open_writer
from verifier.errors import DeniedError, ExistsError, NetworkError, SourceError, UsageError

PIECE = 1 << 20
BIG = (9 << 20) + 1
"""More than any store takes in one piece."""


class _EndedError(Exception):
    """What the reading side raises."""


@pytest.fixture
def writer(store: Store, destination: Destination) -> Iterator[Writer]:
    with closing(opened_at(store.location(), destination)) as opened:
        yield opened


def opened_at(location: Location, destination: Destination) -> Writer:
    """Open a place for new files, where there is a way to."""
    if not destination.may_write:
        pytest.skip("these credentials may only read")
    try:
        return open_writer(location)
    except UsageError as error:
        pytest.skip(error.message)


def pieces_of(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]


def broken_off(data: bytes, after: int, error: Exception) -> Iterator[bytes]:
    yield from pieces_of(data[:after])
    raise error


def contents(backend: Backend) -> dict[str, bytes]:
    """Return all files, but for our own unfinished ones, with their bytes."""
    found = {}
    for file in [file for page in backend.list() for file in page if not file.path.endswith("/")]:
        with closing(backend.open(file)) as source:
            found[file.path] = b"".join(source.stream())
    return found


@pytest.mark.parametrize("size", [0, 1000, BIG])
def test_what_was_written_is_there_whole(writer: Writer, backend: Backend, size: int) -> None:
    data = random.Random(size).randbytes(size)
    path = "64e0c0ffee0123456789abcd/exportTime=202611010100/part-00000.gz.parquet"
    writer.write(path, pieces_of(data), size)
    found = contents(backend)
    assert list(found) == [path]
    assert hashlib.sha256(found[path]).digest() == hashlib.sha256(data).digest()


def test_names_come_through(writer: Writer, backend: Backend, destination: Destination) -> None:
    names = ["a", "a b/c d.json", "ä/ö/日本語.json", "plus+and&percent%20and#hash?query=1", "z" * 200, "z" * 240]
    names += ["quote'\"<>;:@,$!()*~[]{}|^`"]
    names = [name for name in names if not any(part in name for part in destination.cannot_hold)]
    for name in names:
        writer.write(name, [name.encode()], len(name.encode()))
    assert contents(backend) == {name: name.encode() for name in names}


@pytest.mark.parametrize("size", [0, 3, BIG])
def test_what_is_there_is_never_overwritten_and_nothing_is_read_for_it(
    store: Store, writer: Writer, backend: Backend, size: int
) -> None:
    store.put("folder/file", b"first")
    with pytest.raises(ExistsError):
        writer.write("folder/file", broken_off(b"", 0, AssertionError("read in vain")), size)
    assert contents(backend) == {"folder/file": b"first"}


@pytest.mark.parametrize("size", [3, BIG])
def test_what_appears_while_it_is_written_is_not_overwritten(
    store: Store, writer: Writer, backend: Backend, destination: Destination, size: int
) -> None:
    if destination.place == "s3-rclone":
        pytest.skip("rclone's server takes no notice of the condition")

    def pieces() -> Iterator[bytes]:
        yield from pieces_of(b"x" * size)
        store.put("folder/file", b"first")

    with pytest.raises(ExistsError):
        writer.write("folder/file", pieces(), size)
    assert contents(backend) == {"folder/file": b"first"}


@pytest.mark.parametrize(("size", "missing"), [(5, 0), (5, 1), (BIG, 0)])
def test_what_is_cut_short_leaves_nothing_and_says_why(
    writer: Writer, backend: Backend, size: int, missing: int
) -> None:
    with pytest.raises(_EndedError):
        writer.write("folder/file", broken_off(b"x" * size, size - missing, _EndedError()), size)
    assert contents(backend) == {}
    writer.write("folder/file", pieces_of(b"y" * size), size)
    assert contents(backend) == {"folder/file": b"y" * size}


@pytest.mark.parametrize(("size", "off"), [(5, -1), (5, 1), (BIG, -1)])
def test_another_number_of_bytes_than_promised_leaves_nothing(
    writer: Writer, backend: Backend, size: int, off: int
) -> None:
    with pytest.raises(NetworkError):
        writer.write("folder/file", pieces_of(b"x" * (size + off)), size)
    assert contents(backend) == {}


def test_a_fault_of_the_source_passes_through(writer: Writer, backend: Backend) -> None:
    for fault in (NetworkError("cut short"), DeniedError("no"), SourceError("other")):
        with pytest.raises(type(fault)) as caught:
            writer.write("file", broken_off(b"x" * 10, 5, fault), 10)
        assert caught.value is fault
    assert contents(backend) == {}


def test_a_folder_is_made_as_it_is_needed(store: Store, backend: Backend, destination: Destination) -> None:
    with closing(opened_at(store.location("not/there/yet"), destination)) as opened:
        opened.write("a/b", [b"x"], 1)
        opened.write("a/c", [b"y"], 1)
    assert contents(backend) == {"not/there/yet/a/b": b"x", "not/there/yet/a/c": b"y"}


def test_wrong_credentials_are_denied_with_a_hint_and_not_shown(store: Store, destination: Destination) -> None:
    location = store.denied()
    if location is None:
        pytest.skip("the server checks no credentials, or root runs the tests")
    with closing(opened_at(location, destination)) as opened, pytest.raises(DeniedError) as caught:
        opened.write("file", [b"x"], 1)
    assert caught.value.hint
    told = f"{caught.value!r}{caught.value.hint}{opened!r}"
    assert not [secret for secret in (*store.secrets, "an-entirely-wrong-secret") if secret in told]
