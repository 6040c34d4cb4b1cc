"""Reading from SFTP servers: exactly the listed bytes, over connections that break and from servers that cut short."""

from __future__ import annotations

import hashlib
import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support.sftp_servers import SftpServer, asyncssh_server, make_keys, openssh, rclone_sftp
from support.sftp_store import KeyStore, PasswordStore, SftpStore
from support.tcp_proxy import How, Spoil, tcp_proxy

from verifier.backends.base import Backend
from verifier.backends.registry import open_backend
from verifier.backends.sftp_session import READ_BYTES, REQUESTS_IN_FLIGHT
from verifier.errors import ChangedError, DeniedError, NetworkError, SourceError
from verifier.model import StoredFile

DATA = random.Random(5).randbytes(6_000_000)
LARGE = random.Random(6).randbytes(1 << 20) * 20
_numbers = itertools.count()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """OpenSSH's server."""
    with openssh(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def place(sshd: SftpServer) -> KeyStore:
    """A folder that holds one file."""
    store = KeyStore(sshd, f"place-{next(_numbers)}")
    store.put("file", DATA)
    return store


@pytest.fixture
def backend(place: KeyStore) -> Iterator[Backend]:
    """The folder's backend."""
    with closing(open_backend(place.location())) as opened:
        yield opened


def only(backend: Backend) -> StoredFile:
    (file,) = [file for page in backend.list() for file in page]
    return file


@pytest.mark.parametrize("software", ["openssh", "rclone", "asyncssh", "asyncssh with short answers"])
def test_a_large_file_comes_whole_from_every_server(tmp_path: Path, software: str) -> None:
    kind: type[SftpStore] = KeyStore
    with ExitStack() as stack:
        if software == "openssh":
            server = stack.enter_context(openssh(tmp_path))
        elif software == "rclone":
            server, kind = stack.enter_context(rclone_sftp(tmp_path)), PasswordStore
        else:
            flags = ("--most-bytes", "20001") if software.endswith("answers") else ()
            server = stack.enter_context(asyncssh_server(tmp_path, make_keys(tmp_path / "keys"), *flags))
        store = kind(server, "zone")
        store.put("large", LARGE)
        backend = stack.enter_context(closing(open_backend(store.location())))
        with closing(backend.open(only(backend))) as source:
            digest = hashlib.sha256()
            for piece in source.stream():
                assert len(piece) <= 1 << 20
                digest.update(piece)
            assert digest.digest() == hashlib.sha256(LARGE).digest()
            assert source.read_range(1_000_000, 5_000_001) == LARGE[1_000_000:5_000_001]


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("how", [How.CLOSE, How.RESET])
@pytest.mark.parametrize("after_bytes", [6_000, 1_234_567, 5_900_000])
def test_a_stream_goes_on_over_another_connection_from_where_it_broke(
    place: KeyStore, how: How, after_bytes: int
) -> None:
    with (
        tcp_proxy(place.server.port, Spoil(how, after_bytes)) as proxy,
        closing(open_backend(place.through(proxy.port))) as backend,
    ):
        source = backend.open(only(backend))
        assert b"".join(source.stream()) == DATA
        assert source.read_range(100, 2_000_000) == DATA[100:2_000_000]
        assert proxy.connections == 2
        most = len(DATA) - after_bytes + REQUESTS_IN_FLIGHT * READ_BYTES + 2_000_000
        assert proxy.received[2] < most * 1.1 + 20_000


@pytest.mark.usefixtures("short_waits")
def test_a_connection_that_stalls_in_a_stream_does_not_hang(place: KeyStore) -> None:
    with (
        tcp_proxy(place.server.port, Spoil(How.STALL, 1_234_567)) as proxy,
        closing(open_backend(place.through(proxy.port, timeout=1))) as backend,
    ):
        assert b"".join(backend.open(only(backend)).stream()) == DATA
        assert proxy.connections == 2


@pytest.mark.usefixtures("short_waits")
def test_a_connection_that_always_breaks_in_a_range_is_a_network_error(place: KeyStore) -> None:
    with (
        tcp_proxy(place.server.port, Spoil(How.CLOSE, 200_000, on=())) as proxy,
        closing(open_backend(place.through(proxy.port))) as backend,
    ):
        source = backend.open(only(backend))
        with pytest.raises(NetworkError):
            source.read_range(0, 1_000_000)
        assert source.read_range(7, 11) == DATA[7:11]


@pytest.mark.usefixtures("short_waits")
def test_a_file_that_seems_to_end_early_is_never_given_out_short(tmp_path: Path) -> None:
    with asyncssh_server(tmp_path, make_keys(tmp_path / "keys"), "--ends-at", "1000000") as server:
        store = KeyStore(server, "zone")
        store.put("file", DATA)
        with closing(open_backend(store.location())) as backend:
            source = backend.open(only(backend))
            with pytest.raises(NetworkError, match="got 0"):
                list(source.stream())
            with pytest.raises(NetworkError, match="got 0"):
                source.read_range(900_000, 1_100_000)
            assert source.read_range(0, 1_000) == DATA[:1_000]


def test_a_file_that_may_not_be_read_is_denied(tmp_path: Path) -> None:
    with asyncssh_server(tmp_path, make_keys(tmp_path / "keys"), "--denied", "file") as server:
        store = KeyStore(server, "zone")
        store.put("file", DATA)
        with closing(open_backend(store.location())) as backend, pytest.raises(DeniedError) as caught:
            backend.open(only(backend)).read_range(0, 10)
    assert caught.value.hint
    assert caught.value.message.endswith("reading file: permission denied")


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def truncated(path: Path) -> None:
    os.truncate(path, 1_000_000)


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(DATA[::-1])
    os.utime(other, (1, 1))
    other.rename(path)


def rewritten(path: Path) -> None:
    path.write_bytes(DATA[::-1])
    os.utime(path, (1, 1))


def deleted(path: Path) -> None:
    path.unlink()


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES = [grown, truncated, replaced, rewritten, deleted, made_a_folder]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_it_was_listed_is_not_given_out(
    place: KeyStore, backend: Backend, change: Callable[[Path], None]
) -> None:
    file = only(backend)
    change(place.files.root / "file")
    with pytest.raises((ChangedError, SourceError)) as caught:
        backend.open(file).read_range(10, 20)
    assert not isinstance(caught.value, NetworkError)
    with pytest.raises(SourceError) as caught:
        list(backend.open(file).stream())
    assert not isinstance(caught.value, NetworkError)


@pytest.mark.parametrize("change", [grown, truncated, rewritten])
def test_what_changes_while_it_is_read_has_changed(
    place: KeyStore, backend: Backend, change: Callable[[Path], None]
) -> None:
    stream = backend.open(only(backend)).stream()
    next(stream)
    change(place.files.root / "file")
    with pytest.raises(ChangedError):
        list(stream)


def test_an_open_file_that_is_deleted_is_still_the_listed_one(place: KeyStore, backend: Backend) -> None:
    stream = backend.open(only(backend)).stream()
    first = next(stream)
    deleted(place.files.root / "file")
    assert first + b"".join(stream) == DATA


def test_a_small_file_is_read_in_two_round_trips(place: KeyStore) -> None:
    place.put_many(["small"])
    with tcp_proxy(place.server.port) as proxy, closing(open_backend(place.through(proxy.port))) as backend:
        file = backend.stat("small")
        assert file
        before = proxy.pieces
        with closing(backend.open(file)) as source:
            assert source.read_range(0, 1) == b"x"
            assert proxy.pieces - before == 2
            assert source.read_range(0, 1) == b"x"
            assert proxy.pieces - before == 3


def test_streams_of_one_backend_may_be_read_in_turns(place: KeyStore, backend: Backend) -> None:
    file = only(backend)
    streams = [backend.open(file).stream() for _ in range(3)]
    abandoned = backend.open(file).stream()
    next(abandoned)
    read: list[list[bytes]] = [[], [], []]
    for pieces in zip(*streams, strict=True):
        for own, piece in zip(read, pieces, strict=True):
            own.append(piece)
    assert [b"".join(own) for own in read] == [DATA] * 3


def test_the_fingerprint_is_told(place: KeyStore, backend: Backend) -> None:
    access = backend.access()
    assert str(access.host_key).startswith("SHA256:")
    assert (access.beyond_reading, access.expires_at) == (None, None)
    assert backend.now() is None
