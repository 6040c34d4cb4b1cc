"""Listing folders on SFTP servers that misbehave, behind connections that break: all files, or an error."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.sftp_servers import Keys, SftpServer, asyncssh_server, make_keys, openssh
from support.sftp_store import KeyStore
from support.stores import list_paths
from support.tcp_proxy import How, Spoil, tcp_proxy

from verifier.backends import sftp
from verifier.backends.registry import open_backend
from verifier.errors import DeniedError, NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile

NAMES = sorted(f"dataset-{n % 4}/exportTime={n % 40:012}/part-{n:05}" for n in range(400))
_numbers = itertools.count()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """OpenSSH's server."""
    with openssh(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The keys of all servers that misbehave."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def place(sshd: SftpServer) -> KeyStore:
    """An empty folder."""
    return KeyStore(sshd, f"place-{next(_numbers)}")


@pytest.fixture
def full(place: KeyStore) -> KeyStore:
    """A folder with four hundred files in forty folders."""
    place.put_many(NAMES)
    return place


@contextmanager
def misbehaving(folder: Path, keys: Keys, *flags: str) -> Iterator[KeyStore]:
    """Serve twenty folders by a server with flags."""
    with asyncssh_server(folder, keys, *flags) as server:
        store = KeyStore(server, "zone")
        store.put_many([f"folder-{n:02}/file" for n in range(20)])
        yield store


def files(store: KeyStore, prefix: str = "") -> dict[str, StoredFile]:
    with closing(open_backend(store.location())) as backend:
        found = [file for page in backend.list(prefix) for file in page]
    assert len({file.path for file in found}) == len(found)
    return {file.path: file for file in found}


def test_a_denied_folder_among_many_ends_the_listing_and_is_named(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys, "--denied", "folder-13") as store, pytest.raises(DeniedError) as caught:
        list_paths(store.location())
    assert caught.value.message.endswith("zone/folder-13/: permission denied")
    assert caught.value.hint


def test_a_folder_that_vanishes_while_it_is_listed_is_looked_for_again(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys, "--vanish", "folder-13") as store:
        assert list_paths(store.location()) == [f"folder-{n:02}/file" for n in range(20) if n != 13]


@pytest.mark.usefixtures("short_waits")
def test_a_folder_that_never_holds_still_is_a_network_error(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys, "--ghost", "folder-13") as store, pytest.raises(NetworkError) as caught:
        list_paths(store.location())
    assert "changes faster" in caught.value.message


@pytest.mark.usefixtures("short_waits")
def test_a_folder_that_always_fails_is_a_network_error_that_names_it(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys, "--fail", "folder-13") as store, pytest.raises(NetworkError) as caught:
        list_paths(store.location())
    assert caught.value.message.endswith("zone/folder-13/: the server failed to do it")


@pytest.mark.usefixtures("short_waits")
def test_a_folder_that_is_never_answered_for_does_not_hang(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys, "--stall", "folder-13") as store, pytest.raises(NetworkError):
        list_paths(store.location(timeout=1))


CUTS = [3_000, 8_000, 30_000]


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("how", [How.CLOSE, How.RESET])
@pytest.mark.parametrize("after_bytes", CUTS)
def test_a_connection_that_breaks_once_shows_only_in_the_requests(full: KeyStore, how: How, after_bytes: int) -> None:
    undisturbed = open_backend(full.location())
    list(undisturbed.list())
    undisturbed.close()
    with (
        tcp_proxy(full.server.port, Spoil(how, after_bytes)) as proxy,
        closing(open_backend(full.through(proxy.port))) as backend,
    ):
        assert sorted(file.path for page in backend.list() for file in page) == NAMES
        assert proxy.connections == 2
        if after_bytes > 8_000:
            assert backend.requests > undisturbed.requests


@pytest.mark.usefixtures("short_waits")
@pytest.mark.parametrize("how", list(How))
@pytest.mark.parametrize("after_bytes", [0, 6_000])
def test_a_connection_that_always_breaks_is_a_network_error(full: KeyStore, how: How, after_bytes: int) -> None:
    with (
        tcp_proxy(full.server.port, Spoil(how, after_bytes, on=())) as proxy,
        closing(open_backend(full.through(proxy.port, timeout=0.5))) as backend,
        pytest.raises(NetworkError),
    ):
        list(backend.list())


@pytest.mark.usefixtures("short_waits")
def test_a_server_that_is_not_there_is_a_network_error(full: KeyStore) -> None:
    with tcp_proxy(full.server.port) as proxy:
        gone = full.through(proxy.port)
    with pytest.raises(NetworkError, match="refused"):
        list_paths(gone)


@pytest.mark.usefixtures("short_waits")
def test_what_is_no_ssh_server_is_a_network_error(full: KeyStore, caplog: pytest.LogCaptureFixture) -> None:
    with tcp_proxy(full.server.port, Spoil(How.CLOSE, 5, on=())) as proxy, pytest.raises(NetworkError):
        list_paths(full.through(proxy.port))


def test_a_root_that_is_missing_or_a_file(place: KeyStore) -> None:
    place.put("file", b"x")
    with pytest.raises(NotFoundError):
        list_paths(place.missing())
    with pytest.raises(SourceError, match="got a file"):
        list_paths(place.location("file"))
    with closing(open_backend(place.missing())) as backend, pytest.raises(NotFoundError):
        list(backend.list("some-prefix"))


@pytest.mark.parametrize("prefix", ["none", "file", "file/below", "../other", "folder/none"])
def test_a_prefix_that_is_no_folder_lists_nothing(place: KeyStore, tmp_path: Path, keys: Keys, prefix: str) -> None:
    place.put_many(["file", "folder/file"])
    assert files(place, prefix) == {}


def test_what_is_below_a_file_is_nothing_on_servers_that_call_it_a_failure(tmp_path: Path, keys: Keys) -> None:
    with misbehaving(tmp_path, keys) as store, closing(open_backend(store.location())) as backend:
        assert list(backend.list("folder-01/file/below")) == []
        assert backend.stat("folder-01/file/below") is None
        assert backend.stat("none/below") is None


def test_links_are_followed_and_loops_end(place: KeyStore) -> None:
    place.put_many(["data/one", "elsewhere/two"])
    root = place.files.root
    (root / "data/to-folder").symlink_to(root / "elsewhere")
    (root / "data/to-file").symlink_to("one")
    (root / "data/broken").symlink_to("nowhere")
    (root / "data/loop").symlink_to(root / "data")
    (root / "data/up").symlink_to(root)
    found = files(place)
    assert sorted(found) == [
        "data/broken",
        "data/loop/",
        "data/one",
        "data/to-file",
        "data/to-folder/two",
        "data/up/",
        "elsewhere/two",
    ]
    assert found["data/to-file"].size == 1
    assert found["data/broken"].size == 0


def test_a_link_to_itself_is_a_file_or_ends_the_listing_but_is_never_left_out(place: KeyStore) -> None:
    # OpenSSH says that it leads nowhere; other servers only that they failed, which may be for any reason.
    place.put_many(["data/one"])
    (place.files.root / "data/self").symlink_to("self")
    if place.server.software == "OpenSSH":
        assert sorted(files(place)) == ["data/one", "data/self"]
    else:
        with pytest.raises(NetworkError, match=r"data/self: the server failed to do it"):
            files(place)


def test_what_is_no_file_is_listed_and_cannot_be_read(place: KeyStore) -> None:
    os.mkfifo(place.files.root / "pipe")
    with closing(open_backend(place.location())) as backend:
        (pipe,) = [file for page in backend.list() for file in page]
        assert (pipe.path, pipe.size) == ("pipe", 0)
        with pytest.raises(SourceError, match="expected a regular file"):
            list(backend.open(pipe).stream())


def test_empty_folders_are_placeholders(place: KeyStore) -> None:
    (place.files.root / "empty/inner").mkdir(parents=True)
    assert list(files(place)) == ["empty/inner/"]


def test_names_that_are_not_utf8_are_listed_escaped(place: KeyStore) -> None:
    folder = place.files.root / os.fsdecode(b"odd-\xff")
    folder.mkdir()
    (folder / os.fsdecode(b"\xfe")).touch()
    place.put("fine", b"x")
    assert sorted(files(place)) == ["fine", "odd-\\xff/\\xfe"]


def test_times_are_the_servers_to_the_second(place: KeyStore) -> None:
    place.put("file", b"x")
    os.utime(place.files.root / "file", ns=(0, 1_700_000_000_900_000_000))
    assert files(place)["file"].modified_at == datetime.fromtimestamp(1_700_000_000, UTC)


def test_pages_are_bounded_and_a_folder_larger_than_one_is_whole(
    place: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "PAGE_FILES", 100)
    names = [f"folder/{n:04}" for n in range(950)]
    place.put_many(names)
    with closing(open_backend(place.location())) as backend:
        pages = list(backend.list())
    assert max(len(page) for page in pages) == 100
    assert sorted(file.path for page in pages for file in page) == names


def test_folders_are_asked_for_together(full: KeyStore) -> None:
    # 45 folders at four round trips each, one after the other, would be 180 times this delay
    with (
        tcp_proxy(full.server.port, delay_seconds=0.02) as proxy,
        closing(open_backend(full.through(proxy.port))) as backend,
    ):
        backend.access()
        before = proxy.pieces
        list(backend.list())
        assert backend.requests > 170  # the last folders are closed with the session
        assert proxy.pieces - before < 140  # as OpenSSH bundles its answers, some 90


def test_reading_and_looking_up_go_on_while_a_listing_is_open(full: KeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "PAGE_FILES", 10)
    with closing(open_backend(full.location())) as backend:
        seen = []
        for page in backend.list():
            seen += [file.path for file in page]
            assert backend.stat(page[0].path) == page[0]
            with closing(backend.open(page[0])) as source:
                assert source.read_range(0, 1) == b"x"
    assert sorted(seen) == NAMES


def test_a_listing_that_is_given_up_leaves_a_backend_that_works(
    full: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "PAGE_FILES", 10)
    with closing(open_backend(full.location())) as backend:
        listing = iter(backend.list())
        file = next(listing)[0]
        listing.close()
        assert backend.stat(file.path) == file


def test_two_threads_with_a_backend_each(full: KeyStore) -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(list_paths(full.location()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [NAMES, NAMES]
