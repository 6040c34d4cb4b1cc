"""Small files of distant stores: many under way at once, the same answers, and a death that costs one file at most."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, cast

import pytest
from support.destinations import DESTINATIONS, Servers
from support.proxy import Request, Response, Rule, faulty_proxy
from support.stores import HttpStore
from support.tcp_proxy import tcp_proxy

from fixtures.content import flipped, gz, lines, parquet
from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.engine import BATCH_BYTES, BATCH_FILES, SMALL_BYTES, Engine
from verifier.engine_work import Batch, Outcome, Task, close_backends, run_task
from verifier.formats.base import MIB, Limits
from verifier.model import Depth, StoredFile

FILES = 40
KILLER = "part-00017.json.gz"
AT_ONCE = 8


def content(number: int) -> bytes:
    """Return what a file holds: now and then what is wrong."""
    whole = gz(lines()) if number % 2 else parquet()
    return whole[:-9] if number % 10 == 1 else flipped(whole, 100) if number % 10 == 2 else whole


def path_of(number: int) -> str:
    return f"part-{number:05}.{'json.gz' if number % 2 else 'parquet'}"


@pytest.fixture(scope="module")
def store(servers: Servers) -> HttpStore:
    (row,) = [row for row in DESTINATIONS if row.name == "gcs-anonymous"]
    store = cast("HttpStore", row.new_store(servers))
    for number in range(FILES):
        store.put(path_of(number), content(number))
    return store


@pytest.fixture(scope="module")
def expected(store: HttpStore) -> Iterator[dict[str, Outcome]]:
    """What comes of the files one after the other, in this thread."""
    found = {task.file.path: run_task(task) for task in tasks(store.location())}
    close_backends()
    assert len({tuple(f.code for f in o.report.content.findings) for o in found.values()}) > 2
    return found


def tasks(location: Location) -> list[Task]:
    with closing(open_backend(location)) as backend:
        return [Task(location, file, Depth.FULL, Limits()) for page in backend.list() for file in page]


def run(engine: Engine, work: Sequence[Task]) -> dict[str, Outcome]:
    with engine:
        pending = [engine.submit(task) for task in work]
        return {p.task.file.path: p.result() for p in pending}


def is_read(request: Request) -> bool:
    return "part-" in request.target and "/o?" not in request.target


def kill_workers(count: int) -> Callable[[Response], None]:
    """Return a fault that kills so many workers of this process while they wait for an answer."""

    def fault(response: Response) -> None:
        for worker in multiprocessing.active_children()[:count]:
            os.kill(worker.pid or 0, signal.SIGKILL)

    return fault


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_files_looked_at_together_give_the_same_answers_as_one_after_the_other(
    store: HttpStore, expected: dict[str, Outcome], workers: int
) -> None:
    assert run(Engine(workers), tasks(store.location())) == expected


@pytest.mark.parametrize("workers", [0, 1])
def test_many_small_files_are_under_way_at_once(store: HttpStore, expected: dict[str, Outcome], workers: int) -> None:
    together = threading.Barrier(AT_ONCE)

    def wait_for_others(response: Response) -> None:
        together.wait(timeout=30)

    with faulty_proxy(store.url, Rule(is_read, wait_for_others)) as proxy:
        work = tasks(store.through(proxy.url))
        assert len(work) % AT_ONCE == 0
        assert run(Engine(workers), work) == expected


def test_a_file_that_always_kills_its_worker_is_unreadable_and_its_neighbours_are_not(
    store: HttpStore, expected: dict[str, Outcome]
) -> None:
    rule = Rule(lambda r: is_read(r) and KILLER in r.target, kill_workers(1))
    with faulty_proxy(store.url, rule) as proxy:
        found = run(Engine(1), tasks(store.through(proxy.url)))
    assert rule.seen == 2
    lost = found.pop(KILLER).report
    assert ([f.code for f in lost.content.findings], lost.looked, lost.content.sha256) == (
        ["file.unreadable"],
        False,
        None,
    )
    assert found == {path: outcome for path, outcome in expected.items() if path != KILLER}


def test_a_worker_killed_in_the_middle_of_a_batch_costs_no_file(store: HttpStore, expected: dict[str, Outcome]) -> None:
    rule = Rule(is_read, kill_workers(1), on=(FILES // 3,))
    with faulty_proxy(store.url, rule) as proxy:
        found = run(Engine(2), tasks(store.through(proxy.url)))
    assert rule.seen > FILES
    assert found == expected


def test_all_workers_together_log_in_to_an_sftp_server_no_more_often_than_it_lets_in(servers: Servers) -> None:
    (row,) = [row for row in DESTINATIONS if row.name == "sftp-key"]
    store: Any = row.new_store(servers)
    for number in range(FILES):
        store.put(path_of(number), content(number))
    with tcp_proxy(store.server.port) as proxy:
        work = tasks(store.through(proxy.port))
        before = proxy.connections
        found = run(Engine(3), work * 6)
    assert all(outcome.report.looked for outcome in found.values())
    assert 3 <= proxy.connections - before <= 8


class Listener:
    """A crew that keeps what it is handed."""

    size = 2
    has_room = False

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def submit(self, batch: Batch) -> Callable[[], Sequence[Outcome]]:
        self.batches.append(batch)
        return lambda: [run_task(task) for task in batch.tasks]

    def close(self, *, at_once: bool) -> None:
        close_backends()


def handed(url: str, sizes: Sequence[int], depth: Depth = Depth.FULL) -> list[list[int]]:
    """Return the sizes of the files of each batch in which an engine hands in files of these sizes."""
    crew, location = Listener(), parse_location(url)
    with Engine(0, crew) as engine:
        for number, size in enumerate(sizes):
            engine.submit(Task(location, StoredFile(str(number), size), depth, Limits()))
    return [[task.file.size for task in batch.tasks] for batch in crew.batches]


def test_small_files_share_a_worker_as_long_as_there_is_room_and_large_ones_go_alone() -> None:
    assert handed("s3://bucket", [1] * BATCH_FILES * 2 + [1]) == [[1] * BATCH_FILES] * 2
    four = BATCH_BYTES // SMALL_BYTES
    assert handed("s3://bucket", [SMALL_BYTES] * four * 2) == [[SMALL_BYTES] * four] * 2
    assert handed("s3://bucket", [1, SMALL_BYTES + 1, 1]) == [[SMALL_BYTES + 1]]
    assert handed("s3://bucket", [MIB, *[SMALL_BYTES] * four]) == [[MIB, *[SMALL_BYTES] * (four - 1)]]
    near = 256 << 10
    assert handed("file:///zone", [1] * BATCH_FILES + [1]) == [[1] * BATCH_FILES]
    assert handed("file:///zone", [near, near + 1, *[near] * 3, 1]) == [[near + 1], [near] * 4]


def test_files_of_which_only_the_structure_is_read_share_a_worker_whatever_their_size() -> None:
    assert handed("s3://bucket", [1 << 40] * BATCH_FILES, Depth.STRUCTURE) == [[1 << 40] * BATCH_FILES]


def test_what_waits_for_company_is_handed_in_when_its_answer_is_asked_for(
    store: HttpStore, expected: dict[str, Outcome]
) -> None:
    crew = Listener()
    with Engine(0, crew) as engine:
        pending = [engine.submit(task) for task in tasks(store.location())]
        assert crew.batches == []
        last = pending[-1]
        assert last.result() == expected[last.task.file.path]
        assert [len(batch.tasks) for batch in crew.batches] == [FILES]
