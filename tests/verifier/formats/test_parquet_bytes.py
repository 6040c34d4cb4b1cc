"""Bytes of a remote file while it is verified: fetched once, kept where nobody else can look, and gone afterwards."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.parquet_files import StoredBytes, written

from verifier.errors import SourceError, WorkerError
from verifier.formats.base import Limits
from verifier.formats.parquet import verify_parquet
from verifier.formats.parquet_bytes import stored
from verifier.model import Depth


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("verifier.formats.parquet_bytes._IN_MEMORY", 100)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _open_files() -> Iterator[os.stat_result]:
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            yield link.stat()


def test_a_large_remote_file_is_kept_without_a_name_readable_by_nobody_else_and_is_gone_after(scratch: Path) -> None:
    data = written()
    with stored(StoredBytes(data, is_local=False)) as file:
        assert file.read_range(4, 90) == data[4:90]
        assert list(scratch.iterdir()) == []
        (kept,) = (each for each in _open_files() if stat.S_ISREG(each.st_mode) and each.st_size == len(data))
        assert (kept.st_nlink, kept.st_mode & 0o077, kept.st_uid) == (0, 0, os.getuid())
    assert not any(each.st_ino == kept.st_ino and each.st_dev == kept.st_dev for each in _open_files())


def test_a_small_remote_file_is_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    source = StoredBytes(written(), is_local=False)
    assert verify_parquet(source, Depth.FULL, Limits()).rows == 60
    assert (source.streams, source.ranges) == (1, [])


def test_too_little_room_is_no_fault_of_the_file_and_is_told_before_anything_is_fetched(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = StoredBytes(written(), is_local=False)
    source.size = 1 << 60
    with pytest.raises(WorkerError) as raised:
        verify_parquet(source, Depth.FULL, Limits())
    assert f"room for {1 << 60} bytes" in raised.value.message
    assert str(scratch) in raised.value.message
    assert "TMPDIR" in (raised.value.hint or "")
    assert source.streams == 0
    monkeypatch.setattr(tempfile, "tempdir", str(scratch / "nowhere"))
    with pytest.raises(WorkerError, match=os.strerror(errno.ENOENT)):
        verify_parquet(StoredBytes(written(), is_local=False), Depth.FULL, Limits())


def test_a_stream_of_other_than_the_listed_size_is_no_finding(scratch: Path) -> None:
    source = StoredBytes(written(), is_local=False)
    source.size += 1
    with pytest.raises(SourceError, match="expected"):
        verify_parquet(source, Depth.FULL, Limits())
    assert list(scratch.iterdir()) == []
