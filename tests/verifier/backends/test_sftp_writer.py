"""Writing new files to SFTP servers: whole or not at all, and over nothing."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.sftp_servers import SftpServer, asyncssh_server, make_keys, openssh, rclone_sftp
from support.sftp_store import KeyStore, PasswordStore, SftpStore
from support.tcp_proxy import How, Spoil, tcp_proxy

from verifier.backends.base import Writer
from verifier.backends.registry import open_writer
from verifier.errors import ExistsError, NetworkError, SourceError

DATA = random.Random(7).randbytes(3_500_000)
_numbers = itertools.count()


@pytest.fixture(scope="module", params=["openssh", "asyncssh", "rclone"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """Every server."""
    folder = tmp_path_factory.mktemp("server")
    if request.param == "openssh":
        started = openssh(folder)
    elif request.param == "asyncssh":
        started = asyncssh_server(folder, make_keys(folder / "keys"))
    else:
        started = rclone_sftp(folder)
    with started as running:
        yield running


@pytest.fixture
def place(server: SftpServer) -> SftpStore:
    """An empty folder."""
    kind = KeyStore if server.key else PasswordStore
    return kind(server, f"place-{next(_numbers)}")


@pytest.fixture
def writer(place: SftpStore) -> Iterator[Writer]:
    """The folder's writer."""
    with closing(open_writer(place.location())) as opened:
        yield opened


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut data to pieces of no particular size."""
    for start in range(0, len(data), 100_001):
        yield data[start : start + 100_001]


def written(store: SftpStore) -> dict[str, bytes]:
    """Return what is on the server."""
    root = store.files.root
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [0, 1, len(DATA)])
def test_a_new_file_is_whole_and_its_folders_are_made(place: SftpStore, writer: Writer, size: int) -> None:
    writer.write("a folder/größer/file", pieces(DATA[:size]), size)
    writer.write("a folder/größer/second", [DATA[:size]], size)
    assert written(place) == {"a folder/größer/file": DATA[:size], "a folder/größer/second": DATA[:size]}


def test_the_root_is_made_where_it_is_not_there(place: SftpStore) -> None:
    with closing(open_writer(place.location("new/zone"))) as writer:
        writer.write("file", [b"data"], 4)
    assert written(place) == {"new/zone/file": b"data"}


def test_nothing_is_written_over(place: SftpStore, writer: Writer) -> None:
    place.put("file", b"old")
    with pytest.raises(ExistsError):
        writer.write("file", [b"data"], 4)
    place.put("folder/file", b"old")
    with pytest.raises(ExistsError):
        writer.write("folder", [b"data"], 4)
    assert written(place) == {"file": b"old", "folder/file": b"old"}


def test_what_comes_to_be_there_meanwhile_is_not_written_over(place: SftpStore, writer: Writer) -> None:
    def slow() -> Iterator[bytes]:
        yield b"da"
        place.put("file", b"other")
        yield b"ta"

    with pytest.raises(ExistsError):
        writer.write("file", slow(), 4)
    assert written(place) == {"file": b"other"}


def test_what_the_pieces_raise_passes_and_leaves_nothing(place: SftpStore, writer: Writer) -> None:
    def broken() -> Iterator[bytes]:
        yield DATA
        raise KeyError("from the pieces")

    with pytest.raises(KeyError, match="from the pieces"):
        writer.write("folder/file", broken(), len(DATA))
    assert written(place) == {}
    writer.write("folder/file", [b"data"], 4)
    assert written(place) == {"folder/file": b"data"}


@pytest.mark.parametrize("size", [3, 5])
def test_another_size_than_promised_leaves_nothing(place: SftpStore, writer: Writer, size: int) -> None:
    with pytest.raises(NetworkError, match=f"expected {size} bytes, got 4"):
        writer.write("file", [b"data"], size)
    assert written(place) == {}


def test_what_an_ended_run_left_behind_is_written_over(place: SftpStore, writer: Writer) -> None:
    place.put(".file.landproof-part", b"a longer rest of an earlier run")
    writer.write("file", [b"data"], 4)
    assert written(place) == {"file": b"data"}


def test_a_long_name_can_be_written(place: SftpStore, writer: Writer) -> None:
    writer.write("z" * 255, [b"data"], 4)
    assert written(place) == {"z" * 255: b"data"}


@pytest.mark.usefixtures("short_waits")
def test_a_file_in_place_of_a_folder_is_an_error(place: SftpStore, writer: Writer) -> None:
    place.put("file", b"x")
    with pytest.raises(SourceError):
        writer.write("file/below", [b"data"], 4)
    assert written(place) == {"file": b"x"}


@pytest.mark.parametrize("path", ["", "/etc/file", "../file", "a/../b", "a//b", "a\0b"])
def test_a_path_that_leaves_the_place_is_refused(writer: Writer, path: str) -> None:
    with pytest.raises(SourceError, match="leaves"):
        writer.write(path, [b"data"], 4)


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("how", list(How))
def test_a_connection_that_breaks_leaves_nothing_under_the_name(place: SftpStore, how: How) -> None:
    with (
        tcp_proxy(place.server.port) as proxy,
        closing(open_writer(place.through(proxy.port, timeout=2))) as writer,
    ):

        def breaking() -> Iterator[bytes]:
            yield DATA
            proxy.spoil_now(how)
            yield DATA

        with pytest.raises(NetworkError):
            writer.write("file", breaking(), 2 * len(DATA))
        assert set(written(place)) <= {".file.landproof-part"}
        writer.write("file", pieces(DATA), len(DATA))
    assert written(place) == {"file": DATA}


@pytest.mark.usefixtures("short_waits")
def test_a_connection_that_breaks_before_anything_is_written_does_not_show(place: SftpStore) -> None:
    with (
        tcp_proxy(place.server.port, Spoil(How.RESET, 100)) as proxy,
        closing(open_writer(place.through(proxy.port))) as writer,
    ):
        writer.write("file", [b"data"], 4)
        assert proxy.connections == 2
    assert written(place) == {"file": b"data"}
