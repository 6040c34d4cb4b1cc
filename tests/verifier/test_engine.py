"""Files over worker processes: the same answers as in one, whatever happens to a worker or to the parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.processes import Killer, marked, readers_of, until
from support.snapshots import MANIFEST, entries_of, manifest_bytes, stored
from support.stores import LocalStore

from fixtures.content import flipped, gz, lines, parquet
from verifier.backends.registry import open_backend
from verifier.engine import Engine, Outcome, Task
from verifier.formats.base import GIB, Limits
from verifier.model import Depth

ROOT = Path(__file__).parents[2]
FILES = {
    "a.parquet": parquet(),
    "b.json.gz": gz(lines()),
    "c.json.gz": gz(lines())[:-9],
    "d.parquet": flipped(parquet(), 100),
    "e.csv": b"a,b\n",
    "f.json": b"",
    MANIFEST: manifest_bytes(entries_of([stored("a.parquet", 1)])),
}
SLOW = "slow.csv"
"""A sparse file that takes a while to hash and no room on the disk."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="watches processes in /proc")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "zone")
    for path, data in FILES.items():
        store.put(path, data)
    return store


def slow(store: LocalStore, size: int) -> Path:
    path = store.root / SLOW
    with path.open("wb") as file:
        file.truncate(size)
    return path


def tasks(store: LocalStore, depth: Depth = Depth.FULL) -> list[Task]:
    location = store.location()
    listed = [file for page in open_backend(location).list() for file in page]
    return [Task(location, file, depth, Limits()) for file in sorted(listed, key=lambda f: f.path != SLOW)]


def run(engine: Engine, work: Sequence[Task]) -> dict[str, Outcome]:
    with engine:
        pending = [engine.submit(task) for task in work]
        return {p.task.file.path: p.result() for p in pending}


def codes(outcome: Outcome) -> list[str]:
    return [f.code for f in outcome.report.content.findings]


@pytest.mark.parametrize("depth", list(Depth))
def test_workers_give_the_same_answers_as_this_process(store: LocalStore, depth: Depth) -> None:
    alone = run(Engine(0), tasks(store, depth))
    assert run(Engine(2), tasks(store, depth)) == alone
    if depth is Depth.FULL:
        assert {path: codes(outcome) for path, outcome in alone.items() if codes(outcome)} == {
            "c.json.gz": ["gzip.truncated"],
            "d.parquet": ["parquet.corrupt-page"],
            "e.csv": ["file.unknown-kind"],
            "f.json": ["file.empty"],
        }
    manifest = alone[MANIFEST].manifest
    assert manifest is not None
    assert [entry.name for entry in manifest.entries] == ["a.parquet"]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_is_gone_is_unreadable_and_the_others_come_out_right(store: LocalStore, workers: int) -> None:
    work = tasks(store)
    store.delete("b.json.gz")
    found = run(Engine(workers), work)
    assert codes(found["b.json.gz"]) == ["file.unreadable"]
    assert not found["b.json.gz"].report.looked
    assert (found["a.parquet"].report.content.rows, codes(found["f.json"])) == (40, ["file.empty"])


@needs_proc
def test_a_worker_that_dies_on_a_file_twice_leaves_that_file_unreadable_and_no_other(store: LocalStore) -> None:
    expected = run(Engine(0), tasks(store))
    path = slow(store, 64 * GIB)
    with Killer(path, times=2) as killer:
        found = run(Engine(2), tasks(store))
    assert len(killer.killed) == 2
    assert codes(found[SLOW]) == ["file.unreadable"]
    assert (found[SLOW].report.looked, found[SLOW].report.content.sha256) == (False, None)
    assert {path: outcome for path, outcome in found.items() if path != SLOW} == expected


@needs_proc
@needs_proc
def test_a_worker_that_dies_once_costs_nothing_but_time_and_the_engine_goes_on(store: LocalStore) -> None:
    path = slow(store, GIB)
    with Killer(path, times=1) as killer, Engine(1) as engine:
        first = engine.submit(tasks(store)[0]).result()
        again = [engine.submit(task).result() for task in tasks(store)[1:]]
    assert len(killer.killed) == 1
    assert (codes(first), first.report.looked) == (["file.unknown-kind"], True)
    assert first.report.content.sha256 is not None
    assert {o.report.file.path: o for o in again} == run(Engine(0), tasks(store)[1:])


def test_an_engine_that_is_left_leaves_no_process_behind(store: LocalStore) -> None:
    run(Engine(2), tasks(store))
    assert multiprocessing.active_children() == []


PROGRAM = """
import sys
from verifier.backends.urls import parse_location
from verifier.backends.registry import open_backend
from verifier.engine import Engine, Task
from verifier.formats.base import Limits
from verifier.model import Depth

if __name__ == "__main__":
    location = parse_location(sys.argv[1])
    files = [f for page in open_backend(location).list() for f in page]
    with Engine(2) as engine:
        for pending in [engine.submit(Task(location, f, Depth.FULL, Limits())) for f in files]:
            pending.result()
"""


def send(number: int) -> Callable[[int], None]:
    return lambda pid: os.kill(pid, number)


@needs_proc
@pytest.mark.parametrize(
    "stop",
    [send(signal.SIGINT), lambda pid: os.killpg(pid, signal.SIGINT), send(signal.SIGKILL)],
    ids=["interrupted", "interrupted with its group", "killed"],
)
def test_no_worker_outlives_a_parent_that_is_stopped(
    store: LocalStore, tmp_path: Path, stop: Callable[[int], None]
) -> None:
    path = slow(store, 64 * GIB)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    mark = f"MARK={uuid.uuid4()}"
    parent = subprocess.Popen(
        [sys.executable, str(program), str(store.root)],
        cwd=ROOT,
        env={**os.environ, "MARK": mark, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert until(lambda: readers_of(path))
        started = time.monotonic()
        stop(parent.pid)
        assert parent.wait(timeout=20) != 0
        assert until(lambda: not marked(mark), seconds=10)
        assert time.monotonic() - started < 10
    finally:
        for pid in marked(mark):
            os.kill(pid, signal.SIGKILL)
        parent.wait()
