"""New files in a folder: what a kill leaves, who else may be writing, and where there are no links."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from verifier.backends import local_writer
from verifier.backends.local_writer import LocalWriter
from verifier.backends.registry import open_writer
from verifier.backends.urls import parse_location
from verifier.errors import DeniedError, ExistsError, NetworkError, SourceError, UsageError
from verifier.layout import is_marker

PART = ".file.landproof-part"


@pytest.fixture
def writer(tmp_path: Path) -> LocalWriter:
    return LocalWriter(parse_location(str(tmp_path / "root")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_nothing_is_under_its_name_before_it_is_whole(writer: LocalWriter, root: Path) -> None:
    seen: list[list[str]] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"one", b"two"):
            yield piece
            seen.append(names(root))

    writer.write("file", pieces(), 6)
    assert seen == [[PART], [PART]]
    assert (names(root), (root / "file").read_bytes()) == (["file"], b"onetwo")
    assert (root / "file").stat().st_nlink == 1


def test_a_part_is_a_marker_to_every_scan() -> None:
    assert is_marker(f"64e0a1fa0000000000000001/exportTime=202609200100/{PART}")


def test_a_part_that_a_kill_left_is_replaced(writer: LocalWriter, root: Path) -> None:
    (root / PART).write_bytes(b"left over, and longer")
    writer.write("file", [b"new"], 3)
    assert (names(root), (root / "file").read_bytes()) == (["file"], b"new")


def test_a_part_that_a_kill_left_linked_to_its_name_harms_nothing(writer: LocalWriter, root: Path) -> None:
    (root / "other").write_bytes(b"whole")
    os.link(root / "other", root / PART)
    writer.write("file", [b"new"], 3)
    assert ((root / "other").read_bytes(), (root / "file").read_bytes(), names(root)) == (
        b"whole", b"new", ["file", "other"]
    )  # fmt: skip


def test_a_part_that_another_program_is_writing_is_left_alone(writer: LocalWriter, root: Path) -> None:
    with (root / PART).open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"theirs")
        other.flush()
        with pytest.raises(SourceError, match="another program is writing this file now"):
            writer.write("file", [b"ours"], 4)
        assert (root / PART).read_bytes() == b"theirs"


def test_the_name_of_a_part_is_never_too_long(writer: LocalWriter, root: Path) -> None:
    name = "ü" * 127
    writer.write(name, [b"x"], 1)
    assert names(root) == [name]


@pytest.mark.parametrize("there", ["file", "folder", "broken link"])
def test_whatever_is_there_stays(writer: LocalWriter, root: Path, there: str) -> None:
    target = root / "file"
    match there:
        case "file":
            target.write_bytes(b"first")
        case "folder":
            target.mkdir()
        case _:
            target.symlink_to("nowhere")
    before = target.lstat()
    with pytest.raises(ExistsError):
        writer.write("file", [b"x"], 1)
    assert (target.lstat(), names(root)) == (before, ["file"])


@pytest.mark.parametrize("taken", [False, True])
def test_a_filesystem_without_links_takes_files_all_the_same(
    writer: LocalWriter, root: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    def pieces() -> Iterator[bytes]:
        yield b"new"
        if taken:
            (root / "file").write_bytes(b"first")

    monkeypatch.setattr(local_writer.os, "link", refuse)
    if taken:
        with pytest.raises(ExistsError):
            writer.write("file", pieces(), 3)
    else:
        writer.write("file", pieces(), 3)
    assert (names(root), (root / "file").read_bytes()) == (["file"], b"first" if taken else b"new")


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x"])
def test_nothing_is_written_outside(writer: LocalWriter, tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceError, match="leaves the zone"):
        writer.write(path, [b"x"], 1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_as_such(writer: LocalWriter, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local_writer.os, "write", refuse)
    with pytest.raises(NetworkError, match="writing: no space left on device"):
        writer.write("file", [b"x"], 1)
    assert names(root) == []


def test_a_file_in_place_of_a_folder_is_an_error(writer: LocalWriter, root: Path) -> None:
    (root / "folder").write_bytes(b"x")
    with pytest.raises(SourceError):
        writer.write("folder/file", [b"x"], 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_denied_with_a_hint(writer: LocalWriter, root: Path) -> None:
    root.chmod(0o500)
    with pytest.raises(DeniedError) as caught:
        writer.write("file", [b"x"], 1)
    assert caught.value.hint == "check who may write into the folder, with: ls -ld"


def test_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no options"):
        open_writer(parse_location(str(tmp_path), {"key": "x"}))
