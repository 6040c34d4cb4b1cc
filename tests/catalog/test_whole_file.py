"""A text file is there whole or not at all, whoever reads it meanwhile."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from catalog.whole_file import write_report, write_whole
from verifier.errors import UsageError


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_report_replaces_the_one_before_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    for text in ("first", "ü\ud800"):
        write_report(path, text)
    assert path.read_bytes() == "ü".encode() + b"\\ud800"
    assert [each.name for each in tmp_path.iterdir()] == ["report.xml"]


def test_a_report_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_report(tmp_path / "report.xml", "")
    assert mode_of(tmp_path / "report.xml") == mode_of(tmp_path / "usual")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link.xml").symlink_to(tmp_path / "elsewhere" / "report.xml")
    write_report(tmp_path / "link.xml", "text")
    assert (tmp_path / "elsewhere" / "report.xml").read_text() == "text"
    assert (tmp_path / "link.xml").is_symlink()


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_report(pipe, "text")
    reader.join()
    assert (read, pipe.is_fifo()) == (["text"], True)


def test_no_reader_ever_sees_half_of_it(tmp_path: Path) -> None:
    path, size, seen = tmp_path / "metrics.prom", 1_000_000, set[int]()
    write_whole(path, b"a" * size, mode=0o644)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.add(len(path.read_bytes()))

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(20):
        write_whole(path, b"b" * size, mode=0o644)
    done.set()
    reader.join()
    assert seen == {size}


def test_where_it_cannot_be_written_what_was_there_stays(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: no such file or directory"):
        write_report(tmp_path / "nowhere" / "report.xml", "text")
    with pytest.raises(UsageError, match="cannot be written: is a directory"):
        write_report(tmp_path, "text")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_put_in_place_leaves_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.xml"
    path.write_text("before")

    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(UsageError, match="no space left on device"):
        write_report(path, "after")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("report.xml", "before")]
