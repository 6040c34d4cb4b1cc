"""A private folder is gone in the end whatever happens, and what a kill left of one is removed by the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from catalog.scratch_folder import PREFIX, scratch_folder
from verifier.errors import LandproofError, UsageError

_HOLDER = """
import sys, time
from pathlib import Path
from catalog.scratch_folder import scratch_folder
with scratch_folder(Path(sys.argv[1]), 0) as folder:
    (folder / "data").write_text("x")
    print("ready", flush=True)
    time.sleep(60)
"""


def test_it_is_private_and_gone_after_an_error(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), scratch_folder(tmp_path, 1) as folder:
        (folder / "inside").mkdir()
        (folder / "inside" / "data").write_text("x")
        assert folder.stat().st_mode & 0o777 == 0o700
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_what_lives_stays_and_what_a_kill_left_is_removed(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        (theirs,) = tmp_path.iterdir()
        with scratch_folder(tmp_path, 0):
            assert (theirs / "data").exists()
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
    assert theirs.exists()
    with scratch_folder(tmp_path, 0) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_what_only_looks_like_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"{PREFIX}being-made").mkdir()
    (tmp_path / f"{PREFIX}file").write_text("x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".lock").write_text("")
    (tmp_path / f"{PREFIX}link").symlink_to(elsewhere)
    before = sorted(tmp_path.rglob("*"))
    with scratch_folder(tmp_path, 0):
        """Being made is enough."""
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_is_none_or_too_full_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a*b").mkdir()
    for unfit in ("none", "a*b"):
        with pytest.raises(UsageError, match="--scratch"), scratch_folder(tmp_path / unfit, 0):
            """Never entered."""
    with pytest.raises(LandproofError, match="too little room") as caught, scratch_folder(tmp_path, 1 << 60):
        """Never entered."""
    assert "--scratch DIR" in str(caught.value.hint)
