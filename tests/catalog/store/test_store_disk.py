"""Permissions and a full disk: clear errors, and all that was acknowledged stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from support.recording import begin_scan, record_snapshots

from catalog.segments.shelf import open_shelf
from catalog.store import known
from catalog.store.database import Catalog
from catalog.store.examine import examine
from verifier.backends.urls import parse_location
from verifier.errors import CatalogError


def in_a_child_as_nobody(act) -> str:
    """Run in a forked child without root's rights, which no permission would stop; return what it says."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        said = "another exception"
        try:
            os.setgid(65534)
            os.setuid(65534)
            act()
            said = "nothing raised"
        except CatalogError as error:
            said = f"{error.message} | {error.hint}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.skipif(os.getuid() != 0, reason="drops root's rights in a child; others are tested by the lines below")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_folder_that_may_not_be_written_is_an_error_for_a_writer_and_none_for_a_reader(samples):
    folder = Path(tempfile.mkdtemp(prefix="landproof-test-"))
    folder.chmod(0o777)
    try:
        catalog = Catalog(folder / "a.duckdb", wait_seconds=1)
        begin_scan(catalog, samples.start())
        folder.chmod(0o555)
        assert "cannot write a.duckdb.lock" in in_a_child_as_nobody(lambda: begin_scan(catalog, samples.start("b")))
        assert in_a_child_as_nobody(lambda: known.known_snapshots(catalog, "cja")) == "nothing raised"
        then = catalog.as_known_at(samples.NOW)
        assert in_a_child_as_nobody(lambda: known.known_snapshots(then, "cja")) == "nothing raised"
        catalog.path.with_name("a.duckdb.lock").unlink()
        assert in_a_child_as_nobody(lambda: known.known_snapshots(catalog, "cja")) == "nothing raised"
        folder.chmod(0o777)
        assert "no permission" in in_a_child_as_nobody(lambda: begin_scan(catalog, samples.start("b")))
        catalog.path.chmod(0o000)
        assert "no permission" in in_a_child_as_nobody(lambda: known.known_snapshots(catalog, "cja"))
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True)
    if not made or made.returncode:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("keeps_segments", [False, True])
def test_a_full_disk_is_an_error_and_loses_nothing_that_was_acknowledged(tiny_disk, samples, keeps_segments):
    segments = parse_location(str(tiny_disk / "segments")) if keeps_segments else None
    catalog = Catalog(tiny_disk / "a.duckdb", segments=segments)
    begin_scan(catalog, samples.start())
    acknowledged: set[str] = set()

    def fill() -> None:
        for number in range(200):
            times = samples.export_times(number * 100, 100)
            record_snapshots(catalog, "scan-1", [samples.change(t, 10) for t in times], samples.NOW)
            acknowledged.update(times)

    with pytest.raises(CatalogError, match=r"(?i)disk is full|no space left") as caught:
        fill()
    assert acknowledged
    assert "nothing of this step was recorded" in caught.value.message
    assert caught.value.hint

    assert {key[1] for key in known.known_snapshots(catalog, "cja")} == acknowledged
    subprocess.run(["mount", "-o", "remount,size=64m", str(tiny_disk)], check=True)
    record_snapshots(catalog, "scan-1", [samples.change("202611010100", 10)], samples.NOW)
    assert {key[1] for key in known.known_snapshots(catalog, "cja")} == acknowledged | {"202611010100"}
    if keeps_segments:
        with closing(open_shelf(catalog.segments)) as shelf:
            assert {m.kind for m in examine(catalog, shelf).mismatches} <= {"not-taken-in"}
