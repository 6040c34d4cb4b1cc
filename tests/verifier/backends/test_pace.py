"""How fast stores are asked: no faster than was said, over threads and processes; and waiting uses up no patience."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.destinations import DESTINATIONS, Servers
from support.proxy import Rule, faulty_proxy, unavailable
from support.stores import LocalStore

from fixtures.content import gz, lines
from verifier.backends import retry
from verifier.backends.base import Location
from verifier.backends.pace import Limit, Pace, Rates, before_request, set_pace
from verifier.backends.registry import open_backend
from verifier.engine import Engine, Task
from verifier.errors import NetworkError
from verifier.formats.base import Limits
from verifier.model import Depth

BURST = 0.25
FILES = 30


@pytest.fixture(autouse=True)
def no_pace_is_left() -> Iterator[None]:
    yield
    set_pace(None)


def seconds_of(work: object) -> float:
    began = time.monotonic()
    assert callable(work)
    work()
    return time.monotonic() - began


def hold(limit: Limit) -> None:
    """Take the lock of a limit and die with it; runs in a process of its own."""
    limit._lock.acquire()


def take(limit: Limit) -> None:
    """Take ten; runs in a process of its own."""
    for _ in range(10):
        limit.take(1)


def test_all_threads_and_processes_together_keep_to_a_limit() -> None:
    limit = Limit(40)
    context = multiprocessing.get_context("forkserver")
    workers = [*(threading.Thread(target=take, args=(limit,)) for _ in range(2))]
    others = [context.Process(target=take, args=(limit,)) for _ in range(2)]

    def work() -> None:
        for worker in (*workers, *others):
            worker.start()
        for worker in (*workers, *others):
            worker.join()

    assert seconds_of(work) >= 39 / 40 - BURST
    assert [other.exitcode for other in others] == [0, 0]


def test_a_worker_that_dies_with_the_lock_stops_nobody() -> None:
    limit = Limit(1000)
    process = multiprocessing.get_context("forkserver").Process(target=hold, args=(limit,))
    process.start()
    process.join()
    assert seconds_of(lambda: limit.take(1)) < 10
    assert seconds_of(lambda: limit.take(1)) < 1


def test_waiting_for_a_pace_is_not_part_of_the_seconds_a_request_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "SECONDS", 1.0)
    set_pace(Pace(Rates(requests=1)))
    seen: list[float] = []

    def attempt(seconds: float) -> None:
        seen.append(seconds)
        if len(seen) < 4:
            raise NetworkError("not yet")

    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    retry.retried(attempt)
    assert len(seen) == 4
    assert min(seen) > 0.5


@pytest.mark.parametrize("workers", [0, 2])
def test_a_scan_sends_no_more_requests_than_it_may(servers: Servers, workers: int) -> None:
    location = filled(servers)
    rate = 20
    with Engine(workers, rates=Rates(requests=rate)) as engine:
        tasks = tasks_of(location)

        def work() -> None:
            for pending in [engine.submit(task) for task in tasks]:
                assert pending.result().report.looked

        assert seconds_of(work) >= (FILES - 1) / rate - BURST
    assert seconds_of(lambda: [before_request() for _ in range(5 * rate)]) < 2, "the pace outlived its engine"


def test_a_request_that_is_sent_again_counts_again(servers: Servers) -> None:
    store = store_of(servers)
    store.put("part.json.gz", gz(lines()))
    with faulty_proxy(
        store.url, Rule(lambda r: "part" in r.target and "/o?" not in r.target, unavailable, on=(1, 2, 3))
    ) as proxy:
        (task,) = tasks_of(store.through(proxy.url))
        with Engine(0, rates=Rates(requests=2)) as engine:
            assert seconds_of(lambda: engine.submit(task).result()) >= 3 / 2 - BURST


@pytest.mark.parametrize("place", ["local", "distant"])
def test_a_scan_fetches_no_more_bytes_than_it_may(servers: Servers, tmp_path: Path, place: str) -> None:
    store: Any = store_of(servers) if place == "distant" else LocalStore(tmp_path / "zone")
    data = gz(lines())
    for number in range(FILES):
        store.put(f"part-{number:05}.json.gz", data)
    with Engine(2, rates=Rates(bytes=len(data) * 20)) as engine:
        tasks = tasks_of(store.location())

        def work() -> None:
            for pending in [engine.submit(task) for task in tasks]:
                assert pending.result().report.looked

        assert seconds_of(work) >= (FILES - 1) / 20 - BURST


def store_of(servers: Servers) -> Any:
    (row,) = [row for row in DESTINATIONS if row.name == "gcs-anonymous"]
    return row.new_store(servers)


def filled(servers: Servers) -> Location:
    store = store_of(servers)
    for number in range(FILES):
        store.put(f"part-{number:05}.json.gz", gz(lines()))
    location: Location = store.location()
    return location


def tasks_of(location: Location) -> list[Task]:
    with closing(open_backend(location)) as backend:
        return [Task(location, file, Depth.FULL, Limits()) for page in backend.list() for file in page]
