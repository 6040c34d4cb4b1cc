from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verifier.backends import local_walk
from verifier.backends.local import PIECE_BYTES, LocalBackend
from verifier.backends.urls import parse_location
from verifier.errors import ChangedError, NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "zone"
    folder.mkdir()
    return folder


@pytest.fixture
def backend(root: Path) -> LocalBackend:
    return LocalBackend(parse_location(str(root)))


def files(backend: LocalBackend, prefix: str = "") -> list[StoredFile]:
    return [file for page in backend.list(prefix) for file in page]


def paths(backend: LocalBackend) -> list[str]:
    return [file.path for file in files(backend)]


def test_files_come_in_the_order_of_their_paths_and_in_pages(root: Path, backend: LocalBackend) -> None:
    for name in ["b/1", "a/z", "a.txt", "a/b/c", "a-1", "a0"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    assert paths(backend) == sorted(["b/1", "a/z", "a.txt", "a/b/c", "a-1", "a0"])
    (root / "many").mkdir()
    for number in range(2500):
        (root / "many" / f"{number:04}").touch()
    assert [len(page) for page in backend.list("many")] == [1000, 1000, 500]


def test_an_empty_folder_is_a_placeholder(root: Path, backend: LocalBackend) -> None:
    (root / "a" / "empty").mkdir(parents=True)
    (root / "a" / "file").touch()
    assert [(file.path, file.size) for file in files(backend)] == [("a/empty/", 0), ("a/file", 0)]
    assert files(backend, "a/empty") == []


def test_times_are_kept_to_the_microsecond(root: Path, backend: LocalBackend) -> None:
    (root / "file").touch()
    os.utime(root / "file", ns=(0, 1_780_000_000_123_456_789))
    assert files(backend)[0].modified_at == datetime.fromtimestamp(1_780_000_000, UTC).replace(microsecond=123456)


def test_a_root_that_is_a_file_is_said_to_be_one(root: Path) -> None:
    (root / "file").touch()
    with pytest.raises(SourceError, match="expected a folder, got a file"):
        paths(LocalBackend(parse_location(str(root / "file"))))


def test_linked_folders_are_followed_and_loops_are_not(root: Path, backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"data")
    (root / "a").mkdir()
    (root / "a" / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "self").symlink_to(root / "a" / "self")
    (root / "file").symlink_to(tmp_path / "elsewhere" / "file")
    found = {file.path: file.size for file in files(backend)}
    assert found == {"a/linked/file": 4, "a/loop/": 0, "a/self": 0, "file": 4}
    with closing(backend.open(StoredFile("file", 4))) as source:
        assert source.read_range(0, 4) == b"data"


def test_links_that_multiply_are_refused(root: Path, backend: LocalBackend) -> None:
    for level in range(12):
        (root / f"{level:02}").mkdir()
        for link in "ab":
            (root / f"{level:02}" / link).symlink_to(root / f"{level + 1:02}")
    (root / "12").mkdir()
    with pytest.raises(SourceError, match="linked folders on one path"):
        paths(backend)


def test_folders_nested_deeper_than_python_recurses_are_listed(root: Path, backend: LocalBackend) -> None:
    folders = [root / "/".join("d" * depth) for depth in range(1, 1051)]
    for folder in folders:
        folder.mkdir()
    assert paths(backend) == ["d/" * len(folders)]
    for folder in reversed(folders):  # pytest's own clean-up would recurse
        folder.rmdir()


def test_what_is_not_a_regular_file_is_listed_and_cannot_be_read(root: Path, backend: LocalBackend) -> None:
    os.mkfifo(root / "pipe")
    (root / "broken").symlink_to(root / "nowhere")
    (root / "device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
        found = files(backend)
        assert [(file.path, file.size) for file in found] == [("broken", 0), ("device", 0), ("pipe", 0), ("socket", 0)]
        for file in found:
            with pytest.raises(NotFoundError if file.path == "broken" else SourceError):
                backend.open(file)


def test_a_name_that_is_not_utf8_is_listed_so_that_it_can_be_written_down(root: Path, backend: LocalBackend) -> None:
    (root / os.fsdecode(b"bad\xff")).mkdir()
    (root / os.fsdecode(b"bad\xff/name\xe9.json")).touch()
    (file,) = files(backend)
    assert json.loads(json.dumps(file.path).encode("utf-8")) == "bad\\xff/name\\xe9.json"
    with pytest.raises(SourceError, match="not valid UTF-8"):
        backend.open(file)


def test_paths_never_leave_the_root(root: Path, backend: LocalBackend) -> None:
    (root.parent / "secret").write_bytes(b"x")
    for path in ["../secret", "a/../../secret", str(root.parent / "secret"), "se\0cret"]:
        assert backend.stat(path) is None
        assert files(backend, path) == []
        with pytest.raises(SourceError):
            backend.open(StoredFile(path, 1))


def test_a_file_that_shrinks_or_grows_while_it_is_read_has_changed(root: Path, backend: LocalBackend) -> None:
    data = bytes(3 * PIECE_BYTES)
    for change in (PIECE_BYTES, 4 * PIECE_BYTES):
        (root / "file").write_bytes(data)
        with closing(backend.open(files(backend)[0])) as source:
            stream = source.stream()
            next(stream)
            os.truncate(root / "file", change)
            with pytest.raises(ChangedError):
                list(stream)
            if change < len(data):
                with pytest.raises(ChangedError):
                    source.read_range(0, len(data))


def test_a_rewritten_file_of_the_same_size_has_changed(root: Path, backend: LocalBackend) -> None:
    (root / "file").write_bytes(b"a" * 10)
    with closing(backend.open(files(backend)[0])) as source:
        stream = source.stream()
        (root / "file").write_bytes(b"b" * 10)
        os.utime(root / "file", ns=(0, 1))
        with pytest.raises(ChangedError):
            list(stream)


def test_a_listed_file_that_became_a_pipe_is_not_waited_for(root: Path, backend: LocalBackend) -> None:
    (root / "file").write_bytes(b"data")
    file = files(backend)[0]
    (root / "file").unlink()
    os.mkfifo(root / "file")
    with pytest.raises(SourceError):
        backend.open(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_one_closed_folder_ends_the_listing(root: Path, backend: LocalBackend) -> None:
    (root / "a").mkdir(mode=0)
    (root / "b").touch()
    with pytest.raises(SourceError):
        paths(backend)


class Disturbed:
    """Changes a folder in the moment between reading its names and looking them up, as another program might."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *moves: tuple[str, Path, Path | None]) -> None:
        self.moves = list(moves)
        self.look = local_walk.look
        monkeypatch.setattr(local_walk, "look", self)

    def __call__(self, path: str, name: str = "") -> local_walk.Entry:
        for move in [move for move in self.moves if move[0] == name]:
            self.moves.remove(move)
            _, source, target = move
            source.rename(target) if target else source.unlink()
        return self.look(path, name)


def test_a_file_renamed_while_its_folder_is_listed_is_found_under_its_new_name(
    root: Path, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["a", "b.tmp", "c"]:
        (root / name).touch()
    Disturbed(monkeypatch, ("b.tmp", root / "b.tmp", root / "b"))
    assert sorted(paths(backend)) == ["a", "b", "c"]


def test_a_file_that_vanishes_while_its_folder_is_listed_is_left_out(
    root: Path, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ["a", "b"]:
        (root / name).touch()
    Disturbed(monkeypatch, ("b", root / "b", None))
    assert paths(backend) == ["a"]


def test_files_moved_up_from_a_folder_that_then_goes_are_found(root: Path, backend: LocalBackend) -> None:
    for number in range(1000):
        (root / f"a{number:04}").touch()
    (root / "b_temporary" / "0").mkdir(parents=True)
    (root / "b_temporary" / "0" / "part").touch()
    pages = backend.list()
    seen = [file.path for file in next(pages)]
    (root / "b_temporary" / "0" / "part").rename(root / "a-part")
    (root / "b_temporary" / "0").rmdir()
    (root / "b_temporary").rmdir()
    seen += [file.path for page in pages for file in page]
    assert len(seen) == len(set(seen)) == 1001
    assert "a-part" in seen


def test_a_folder_that_never_holds_still_is_not_called_complete(
    root: Path, backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "0").touch()
    Disturbed(monkeypatch, *[(str(n), root / str(n), root / str(n + 1)) for n in range(20)])
    with pytest.raises(NetworkError, match="changes faster"):
        paths(backend)


def test_an_open_file_is_closed_once(root: Path, backend: LocalBackend) -> None:
    (root / "file").write_bytes(b"data")
    source = backend.open(files(backend)[0])
    source.close()
    source.close()
    with pytest.raises(SourceError):
        source.read_range(0, 1)
