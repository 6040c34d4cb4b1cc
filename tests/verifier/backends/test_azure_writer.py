"""New blobs on Azurite, behind faults: whole or not at all, and never over another."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.azure_store import AzureStore
from support.proxy import Request, Rule, faulty_proxy, refused, reset

from verifier.backends import azure_writer
from verifier.backends.azure_writer import block_bytes_of
from verifier.backends.base import Location
from verifier.backends.registry import open_backend, open_writer
from verifier.errors import ExistsError, NetworkError, NotFoundError, SourceError

DATA = random.Random(3).randbytes(250_001)
pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure_writer, "BLOCK_BYTES", 100_000)


def pieces(data: bytes = DATA) -> Iterator[bytes]:
    return (data[start : start + 7_000] for start in range(0, len(data), 7_000))


def write(location: Location, data: bytes = DATA, size: int | None = None) -> None:
    with closing(open_writer(location)) as writer:
        writer.write("ä b/file", pieces(data), len(data) if size is None else size)


def stored(store: AzureStore) -> dict[str, bytes]:
    with closing(open_backend(store.location())) as backend:
        files = [file for page in backend.list() for file in page]
        return {file.path: b"".join(backend.open(file).stream()) for file in files}


@pytest.mark.parametrize("size", [0, 1, 99_999, 100_000, 100_001, 200_000, 250_001])
def test_what_is_written_is_there_with_its_sum(azure: AzureStore, size: int) -> None:
    write(azure.location("copies"), DATA[:size])
    assert stored(azure) == {"copies/ä b/file": DATA[:size]}
    with closing(open_backend(azure.location())) as backend:
        source = backend.open(next(file for page in backend.list() for file in page))
        list(source.stream())
        checksum = source.provider_checksum()
        assert checksum is not None
        assert checksum.value == hashlib.md5(DATA[:size]).hexdigest()


@pytest.mark.parametrize("size", [10, 250_001])
def test_nothing_is_ever_overwritten(azure: AzureStore, size: int) -> None:
    azure.put("ä b/file", b"theirs")
    with pytest.raises(ExistsError):
        write(azure.location(), DATA[:size])
    assert stored(azure) == {"ä b/file": b"theirs"}


def test_what_appears_while_blocks_are_sent_is_not_overwritten(azure: AzureStore) -> None:
    def meanwhile() -> Iterator[bytes]:
        yield DATA
        azure.put("file", b"theirs")

    with closing(open_writer(azure.location())) as writer, pytest.raises(ExistsError):
        writer.write("file", meanwhile(), len(DATA))
    assert stored(azure) == {"file": b"theirs"}


@pytest.mark.parametrize("size", [10, 250_001])
@pytest.mark.parametrize("off", [-1, 1])
def test_bytes_of_another_number_leave_nothing(azure: AzureStore, size: int, off: int) -> None:
    with pytest.raises(NetworkError, match=f"expected {size + off} bytes"):
        write(azure.location(), DATA[:size], size + off)
    assert stored(azure) == {}


@pytest.mark.parametrize("size", [10, 250_001])
def test_what_the_pieces_raise_passes_through_and_leaves_nothing(azure: AzureStore, size: int) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA[:size]
        raise SourceError("the source is gone")

    with closing(open_writer(azure.location())) as writer, pytest.raises(SourceError, match="source is gone"):
        writer.write("file", broken(), size)
    assert stored(azure) == {}


def is_write(request: Request) -> bool:
    return request.method == "PUT"


def test_each_block_is_tried_again(azure: AzureStore) -> None:
    busy = refused(503, "", x_ms_error_code="ServerBusy")
    blocks = Rule(lambda request: is_write(request) and "comp=block&" in request.target, busy, on=[1, 3])
    with faulty_proxy(azure.url, blocks) as proxy:
        write(azure.through(proxy.url))
    assert stored(azure) == {"ä b/file": DATA}
    assert blocks.seen == 3 + 2


@pytest.mark.parametrize("size", [10, 250_001])
def test_a_lasting_fault_is_a_network_error(azure: AzureStore, size: int) -> None:
    with faulty_proxy(azure.url, Rule(is_write, refused(503, ""))) as proxy, pytest.raises(NetworkError):
        write(azure.through(proxy.url), DATA[:size])


@pytest.mark.parametrize("size", [10, 250_001])
def test_a_blob_whose_answer_was_lost_is_there_whole(azure: AzureStore, size: int) -> None:
    def makes_the_blob(request: Request) -> bool:
        return is_write(request) and "comp=block&" not in request.target

    with faulty_proxy(azure.url, Rule(makes_the_blob, reset, on=[1])) as proxy, pytest.raises(ExistsError):
        write(azure.through(proxy.url), DATA[:size])
    assert stored(azure) == {"ä b/file": DATA[:size]}


def test_bytes_that_are_damaged_on_their_way_are_not_stored(azure: AzureStore) -> None:
    damaged = refused(400, "", x_ms_error_code="Md5Mismatch")
    with faulty_proxy(azure.url, Rule(is_write, damaged)) as proxy, pytest.raises(NetworkError):
        write(azure.through(proxy.url), b"x")


def test_a_container_that_is_not_there_is_not_found(azure: AzureStore) -> None:
    for size in (10, 250_001):
        with pytest.raises(NotFoundError):
            write(azure.missing(), DATA[:size])


@pytest.mark.parametrize("size", [100_001, 5_000_000_000, 5_000_000_001, 190 << 40])
def test_no_blob_has_more_blocks_than_azure_takes(size: int) -> None:
    assert -(-size // block_bytes_of(size)) <= 50_000
