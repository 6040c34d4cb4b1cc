"""Measure what people wait for at a catalog of years: questions with the file open, commands, a night's recording.

Run it as `python -m bench.catalog [--datasets N] [--days N] [--files N] [--runs N] [--keep FILE] [NAME...]`, a name
being `open`, `command` or `night`. Without sizes it is 200 datasets, three years and 20 files an export: 4.3 million
files, which takes a minute to build and half a gigabyte of disk. A kept file is built once and asked again.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import duckdb

from bench.catalog_builder import ZONE, Plan, build
from bench.catalog_nights import Timed, record_night
from catalog.difference import difference
from catalog.store.chains import known_exports
from catalog.store.contents import get_contents
from catalog.store.database import OPTIONS, Catalog, Connection
from catalog.store.history import path_history, snapshot_history
from catalog.store.queries import SnapshotFilter, get_snapshot, list_files, list_snapshots
from catalog.store.search import Search, find_all
from verifier.model import SnapshotId

_OPEN, _PREFIX, _COLD, _LOCK, _BYTES = 100, 1000, 800, 300, 150
_NIGHTS = 7

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured thing: every value in the order they were taken, and the most that nineteen in twenty may be."""

    name: str
    unit: str
    values: tuple[float, ...]
    limit: float

    @property
    def most(self) -> float:
        """The 95th percentile: the least value that nineteen in twenty do not pass."""
        return sorted(self.values)[-(-95 * len(self.values) // 100) - 1]

    @property
    def holds(self) -> bool:
        """True when the 95th percentile is within the limit."""
        return self.most <= self.limit

    def text(self) -> str:
        """One row of the table."""
        figures = f"{self.values[0]:.0f} | {statistics.median(self.values):.0f} | {self.most:.0f} | {self.limit:g}"
        return f"| {self.name} | {self.unit} | {figures} | {'yes' if self.holds else 'no'} |"


@dataclass(frozen=True, slots=True)
class Open(Catalog):
    """A catalog whose file is open already, as in a service: every question gets a cursor of that connection."""

    connection: Connection | None = None

    @contextmanager
    def read(self, options: Mapping[str, str] = OPTIONS) -> Iterator[Connection]:
        """Yield a cursor; its options are those of the open file."""
        assert self.connection is not None, f"expected an open file, got none; options {options}"
        with closing(self.connection.cursor()) as cursor:
            yield cursor


@dataclass(frozen=True, slots=True)
class Subject:
    """What one run of a question is about, drawn anew each time: a snapshot, one of its dataset, and a file of it."""

    catalog: Catalog
    snapshot: SnapshotId
    neighbour: SnapshotId
    path: str
    sha256: str

    def rows(self, query: str, *values: object) -> Sequence[object]:
        """Return the answer to plain SQL, all of it."""
        with self.catalog.read() as connection:
            return connection.execute(query, list(values)).fetchall()


def main() -> int:
    """Build or take the catalog, run what was asked for, row by row; 0 when all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of open, command and night; default: all")
    for name, value in (("datasets", 200), ("days", 1095), ("files", 20), ("runs", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="build the catalog here, or ask the one that is here")
    asked = parser.parse_args()
    plan = Plan(datasets=asked.datasets, days=asked.days, files=asked.files)
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "open": lambda file: questions(file, plan, asked.runs),
        "command": lambda file: commands(file, plan, asked.runs),
        "night": lambda file: nights(file, plan),
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="landproof-catalog-") as scratch:
        file = asked.keep or Path(scratch, "catalog.duckdb")
        if not file.exists():
            began = perf_counter()
            build(file, plan)
            say(f"built in {perf_counter() - began:.0f} s: {file.stat().st_size / 1e6:.0f} MB\n")
        say("| what | unit | first | median | 95 % | limit | holds |\n|---|---|---:|---:|---:|---:|---|")
        for name in asked.names or parts:
            rows += parts[name](file)
    return 0 if all(row.holds for row in rows) else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def questions(file: Path, plan: Plan, runs: int) -> list[Row]:
    """Ask each question of one open file, of other snapshots every time."""
    with closing(duckdb.connect(str(file), read_only=True, config=dict(OPTIONS))) as connection:
        catalog, dice = Open(file, connection=connection), random.Random(plan.seed)
        subjects = [draw(catalog, plan, dice) for _ in range(runs)]
        files = connection.execute("SELECT count(*) FROM file_revision").fetchall()[0][0]
        rows = [_shown(Row(name="the file, per file", unit="B", values=(file.stat().st_size / files,), limit=_BYTES))]
        for name, (limit, ask) in _questions().items():
            times = tuple(_milliseconds(ask, one) for one in subjects)
            rows.append(_shown(Row(name=name, unit="ms", values=times, limit=limit)))
    return rows


def draw(catalog: Catalog, plan: Plan, dice: random.Random) -> Subject:
    """Return a snapshot of the built ones and one of its files."""
    while True:
        dataset, night = dice.randrange(plan.datasets), dice.randrange(1, plan.days)
        before, here = (SnapshotId(ZONE, plan.dataset_id(dataset), plan.export_time(n)) for n in (night - 1, night))
        found = list_files(catalog, here)
        if found and list_files(catalog, before):
            chosen = dice.choice(found).known.report
            return Subject(catalog, here, before, chosen.file.path, chosen.content.sha256 or "")


def _questions() -> dict[str, tuple[float, Callable[[Subject], object]]]:
    year = timedelta(days=365)

    def missing(one: Subject) -> object:
        start = one.snapshot.export_at.astimezone(UTC).replace(tzinfo=None)
        query = (
            "SELECT dataset_id, due_at FROM slots WHERE status = 'missing' AND due_at >= ? AND due_at < ? ORDER BY ALL"
        )
        return one.rows(query, start, start + year)

    def calendar(one: Subject) -> object:
        query = "SELECT due_at, status, verdict FROM slots WHERE zone = ? AND dataset_id = ? ORDER BY due_at"
        return one.rows(query, ZONE, one.snapshot.dataset_id)

    def chain(one: Subject) -> object:
        return known_exports(one.catalog, ZONE, one.snapshot.dataset_id, {})

    def differ(one: Subject) -> object:
        before, after = get_contents(one.catalog, one.neighbour, one.snapshot)
        assert before is not None, f"expected {one.neighbour} in the catalog, got nothing"
        assert after is not None, f"expected {one.snapshot} in the catalog, got nothing"
        return difference(before, after)

    def find(text: Callable[[Subject], str]) -> Callable[[Subject], object]:
        return lambda one: find_all(one.catalog, Search(text=text(one)))

    def latest_good(one: Subject) -> object:
        return list_snapshots(one.catalog, SnapshotFilter(latest_good=True))

    return {
        "latest good snapshot of each dataset": (_OPEN, latest_good),
        "all exports of a dataset, for a chain": (_OPEN, chain),
        "missing exports of a year": (_OPEN, missing),
        "calendar of a dataset": (_OPEN, calendar),
        "a snapshot by its id": (_OPEN, lambda one: get_snapshot(one.catalog, one.snapshot)),
        "files of a snapshot": (_OPEN, lambda one: list_files(one.catalog, one.snapshot)),
        "history of a snapshot": (_OPEN, lambda one: snapshot_history(one.catalog, one.snapshot)),
        "history of a path": (_OPEN, lambda one: path_history(one.catalog, one.path)),
        "difference of two snapshots": (_OPEN, differ),
        "search by id": (_OPEN, find(lambda one: str(one.snapshot))),
        "search by the beginning of a path": (_PREFIX, find(lambda one: one.path[:42])),
        "search by digest": (_OPEN, find(lambda one: one.sha256)),
    }


def commands(file: Path, plan: Plan, runs: int) -> list[Row]:
    """Run commands as whole processes, as anybody would."""
    with closing(duckdb.connect(str(file), read_only=True, config=dict(OPTIONS))) as connection:
        one = draw(Open(file, connection=connection), plan, random.Random(plan.seed))
    asked = (
        ("snapshots", "--latest-good"),
        ("snapshots", "--dataset", one.snapshot.dataset_id),
        ("show", str(one.snapshot)),
        ("history", str(one.snapshot)),
        ("history", one.path),
        ("diff", str(one.neighbour), str(one.snapshot)),
        ("find", one.path[:42]),
        ("find", one.sha256),
    )
    rows = []
    for words in asked:
        command = [Path(sys.executable).with_name("landproof"), *words, "--catalog", file]
        times = tuple(_milliseconds(_run, command) for _ in range(runs))
        said = {one.path: "PATH", one.path[:42]: "PREFIX", one.sha256: "SHA256", one.snapshot.dataset_id: "DATASET"}
        said |= {str(one.snapshot): "SNAPSHOT", str(one.neighbour): "SNAPSHOT"}
        shown = " ".join(said.get(word, word) for word in words)
        rows.append(_shown(Row(name=f"`landproof {shown}`", unit="ms", values=times, limit=_COLD)))
    return rows


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    # A snapshot that is not good is shown with a status of its own.
    if done.returncode not in (0, 1):
        raise AssertionError(f"{command}: got status {done.returncode}: {done.stderr.decode(errors='replace')}")


def nights(file: Path, plan: Plan) -> list[Row]:
    """Record some more nights in a copy, and tell how long each kept the lock at a stretch and what it added."""
    with tempfile.TemporaryDirectory(prefix="landproof-catalog-", dir=file.resolve().parent) as scratch:
        catalog = Timed(Path(shutil.copy(file, scratch)))
        before, longest, whole = file.stat().st_size, list[float](), list[float]()
        for night in range(plan.days, plan.days + _NIGHTS):
            catalog.held.clear()
            record_night(catalog, plan, night)
            longest.append(max(catalog.held) * 1000)
            whole.append(sum(catalog.held) * 1000)
        added = (catalog.path.stat().st_size - before) / (_NIGHTS * plan.datasets * plan.files)
    count = f"{plan.datasets * plan.files:,}"
    return [
        _shown(Row(name=f"lock at a stretch, a night of {count} files", unit="ms", values=tuple(longest), limit=_LOCK)),
        _shown(Row(name="lock in all, the same night", unit="ms", values=tuple(whole), limit=_LOCK)),
        _shown(Row(name="added by a night, per file", unit="B", values=(added,), limit=_BYTES)),
    ]


def _shown(row: Row) -> Row:
    say(row.text())
    return row


def _milliseconds(work: Callable[[T], object], subject: T) -> float:
    began = perf_counter()
    work(subject)
    return (perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
