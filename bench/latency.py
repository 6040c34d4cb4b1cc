"""Measure what hides latency and what fills the cores: small files over a distance, and two workers against one.

Run it as `python -m bench.latency [--files N] [--seconds N] [--workers N] [--runs N] [NAME...]`, a name being that of a
destination, or `local` for the two workers. A server of the destination's own stands behind a proxy that holds every
answer back. One after the other is measured on a part of the files and scaled up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.harness import Ratio, compare, report
from fixtures.content import events, gz, lines, parquet, table
from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.engine import Engine, Task
from verifier.engine_work import close_backends, run_task
from verifier.formats.base import Limits
from verifier.model import Depth

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
# What is of the tests is imported where it is used: a worker imports this module again.

NAMES = ("s3-rclone", "gcs-anonymous", "sftp-key", "local")
ALONE = 100
"""So many files are read one after the other."""

_ROWS = 20_000


def main() -> int:
    """Measure place by place, print one table and what was skipped."""
    from support.destinations import Servers

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default: all")
    parser.add_argument("--files", type=int, default=2000, help="small files at each distant place")
    parser.add_argument("--seconds", type=float, default=0.05, help="how long the proxy holds back an answer")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    ratios = list[Ratio]()
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as scratch, Servers(Path(scratch)) as servers:
        for name in asked.names or NAMES:
            try:
                if name == "local":
                    ratios.append(two_workers(Path(scratch) / "zone", asked.runs))
                else:
                    ratios.append(behind_latency(name, servers, Path(scratch), asked))
            except FileNotFoundError as error:
                sys.stdout.write(f"skipped: {name}: {error}\n")
    report(ratios)
    return 0 if all(ratio.holds for ratio in ratios) else 1


def behind_latency(name: str, servers: Any, scratch: Path, asked: argparse.Namespace) -> Ratio:
    """Read many small files over a distance: all of them by the engine, a part one after the other, scaled up."""
    from support.destinations import DESTINATIONS

    (row,) = [row for row in DESTINATIONS if row.name == name]
    store: Any = row.new_store(servers)
    small = (("part-{:05}.json.gz", gz(lines())), ("part-{:05}.parquet", parquet()))
    for number in range(asked.files):
        path, data = small[number % 2]
        store.put(path.format(number), data)
    with distant(store, asked.seconds, scratch / "proxy.log") as place:
        tasks = listed(place)
        if len(tasks) != asked.files:
            raise AssertionError("the listing is not what was put there")
        alone = compare(
            f"{row.place}: {asked.files} small files behind {asked.seconds * 1000:g} ms",
            lambda: in_crew(tasks, asked.workers),
            lambda: one_after_the_other(tasks[:ALONE]),
            runs=asked.runs,
            peer_name=f"one after the other ({ALONE} measured, scaled)",
            aim=0.08,
        )
    return replace(alone, peer=tuple(seconds * asked.files / ALONE for seconds in alone.peer))


@contextmanager
def distant(store: Any, seconds: float, log: Path) -> Iterator[Location]:
    """Yield the place as reached over a distance."""
    from support.servers import running

    url = getattr(store.server, "raw_url", None) or getattr(store, "url", None)
    port = urlsplit(url).port if url else store.server.port
    command = [sys.executable, "-m", "bench.delayed", str(port), str(seconds)]
    with running(command, log, r"delayed on (\d+)") as opened:
        yield store.through(f"http://127.0.0.1:{opened}" if url else int(opened))


def two_workers(zone: Path, runs: int) -> Ratio:
    """Read a mixed zone of 200 files by two workers and by one."""
    zone.mkdir()
    rows = events(count=_ROWS)
    kinds = (
        ("json.gz", gz(lines(rows))),
        ("parquet", parquet(table(rows), row_group_size=_ROWS)),
        ("json", lines(rows[: _ROWS // 8])),
    )
    for number in range(200):
        ending, data = kinds[number % 3]
        (zone / f"part-{number:05}.{ending}").write_bytes(data)
    tasks = listed(parse_location(str(zone)))
    return compare(
        f"two workers, mixed zone of 200 files, {sum(t.file.size for t in tasks) >> 20} MiB",
        lambda: in_crew(tasks, 2),
        lambda: in_crew(tasks, 1),
        runs=runs,
        peer_name="one worker",
        aim=0.6,
    )


def listed(place: Location) -> list[Task]:
    """Return a task for each file of a place."""
    with closing(open_backend(place)) as backend:
        files = [file for page in backend.list() for file in page]
    return [Task(place, file, Depth.FULL, Limits()) for file in files]


def in_crew(tasks: Sequence[Task], workers: int) -> None:
    """Look at all files by the engine, the start of its workers included."""
    with Engine(workers) as engine:
        for pending in [engine.submit(task) for task in tasks]:
            check(pending.result().report.looked)


def one_after_the_other(tasks: Sequence[Task]) -> None:
    """Look at all files in this thread."""
    for task in tasks:
        check(run_task(task).report.looked)
    close_backends()


def check(looked: bool) -> None:  # noqa: FBT001  a fact of its own
    """Stop unless a file was looked at."""
    if not looked:
        raise AssertionError("a file could not be looked at")


if __name__ == "__main__":
    sys.exit(main())
