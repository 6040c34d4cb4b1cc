"""Measure what people wait for at a catalog of years: questions with the file open, commands, a night's recording.

Run it as `python -m bench.catalog [--datasets N] [--days N] [--files N] [--runs N] [--times N] [--keep FILE] [NAME...]`
with `open`, `command`, `night` or `growth` as names. Without sizes it is 200 datasets, three years and 20 files an
export: 4.3 million files, which takes a minute to build and half a gigabyte of disk. A kept file is built once and
asked again; one of an older program is brought up to date. `growth` asks a catalog of so many times the datasets, too.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import duckdb

from bench.catalog_builder import Plan, build
from bench.catalog_nights import Timed, record_night
from bench.catalog_questions import Open, draw, questions
from catalog.store.database import OPTIONS, Catalog

_COLD, _LOCK, _BYTES = 800, 300, 150
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


def main() -> int:
    """Build or take the catalog, run what was asked for, row by row; 0 when all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of open, command, night and growth; default: all")
    for name, value in (("datasets", 200), ("days", 1095), ("files", 20), ("runs", 20), ("times", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="build the catalog here, or ask the one that is here")
    asked = parser.parse_args()
    plan = Plan(datasets=asked.datasets, days=asked.days, files=asked.files)
    parts: dict[str, Callable[[Path], list[Row]]] = {
        "open": lambda file: answers(file, plan, asked.runs),
        "command": lambda file: commands(file, plan, asked.runs),
        "night": lambda file: nights(file, plan),
        "growth": lambda file: growth(file, plan, asked.runs, asked.times),
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="landproof-catalog-") as scratch:
        file = asked.keep or Path(scratch, "catalog.duckdb")
        if not file.exists():
            began = perf_counter()
            build(file, plan)
            say(f"built in {perf_counter() - began:.0f} s: {file.stat().st_size / 1e6:.0f} MB\n")
        with Catalog(file).read():
            """Brought up to date, where it was kept."""
        say("| what | unit | first | median | 95 % | limit | holds |\n|---|---|---:|---:|---:|---:|---|")
        for name in asked.names or parts:
            rows += parts[name](file)
    return 0 if all(row.holds for row in rows) else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def answers(file: Path, plan: Plan, runs: int) -> list[Row]:
    """Ask each question of one open file, of other snapshots every time."""
    with closing(duckdb.connect(str(file), read_only=True, config=dict(OPTIONS))) as connection:
        files = connection.execute("SELECT count(*) FROM file_revision").fetchall()[0][0]
        rows = [_shown(Row(name="the file, per file", unit="B", values=(file.stat().st_size / files,), limit=_BYTES))]
        catalog, dice = Open(file, connection=connection), random.Random(plan.seed)
        subjects = [draw(catalog, plan, dice) for _ in range(runs)]
        for name, (limit, ask) in questions().items():
            times = tuple(_milliseconds(ask, one) for one in subjects)
            rows.append(_shown(Row(name=name, unit="ms", values=times, limit=limit)))
    return rows


def growth(file: Path, plan: Plan, runs: int, times: int) -> list[Row]:
    """Ask the same of a catalog of so many times the datasets, in turn, and tell what grows; nothing is promised."""
    larger = replace(plan, datasets=plan.datasets * times)
    with (
        tempfile.TemporaryDirectory(prefix="landproof-catalog-", dir=file.resolve().parent) as scratch,
        ExitStack() as s,
    ):
        build(grown := Path(scratch, "catalog.duckdb"), larger)
        asked = []
        for one, its_plan in ((file, plan), (grown, larger)):
            connection = s.enter_context(closing(duckdb.connect(str(one), read_only=True, config=dict(OPTIONS))))
            dice, catalog = random.Random(plan.seed), Open(one, connection=connection)
            asked.append([draw(catalog, its_plan, dice) for _ in range(runs)])
        say(f"\n| {times} times the datasets, {grown.stat().st_size / 1e6:.0f} MB | median ms | then | ratio |")
        say("|---|---:|---:|---:|")
        for name, (_, ask) in questions().items():
            pairs = [(_milliseconds(ask, few), _milliseconds(ask, many)) for few, many in zip(*asked, strict=True)]
            before, after = (statistics.median(taken) for taken in zip(*pairs, strict=True))
            say(f"| {name} | {before:.0f} | {after:.0f} | {after / before:.1f} |")
    return []


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
        before, longest, whole = _used(catalog), list[float](), list[float]()
        for night in range(plan.days, plan.days + _NIGHTS):
            catalog.held.clear()
            record_night(catalog, plan, night)
            longest.append(max(catalog.held) * 1000)
            whole.append(sum(catalog.held) * 1000)
        added = (_used(catalog) - before) / (_NIGHTS * plan.datasets * plan.files)
    count = f"{plan.datasets * plan.files:,}"
    return [
        _shown(Row(name=f"lock at a stretch, a night of {count} files", unit="ms", values=tuple(longest), limit=_LOCK)),
        _shown(Row(name="lock in all, the same night", unit="ms", values=tuple(whole), limit=_LOCK)),
        _shown(Row(name="added by a night, per file", unit="B", values=(added,), limit=_BYTES)),
    ]


def _used(catalog: Catalog) -> int:
    """Return the bytes of a catalog's file that hold anything: what was rewritten leaves room that is used again."""
    with catalog.read() as connection:
        size, used = connection.execute("SELECT block_size, used_blocks FROM pragma_database_size()").fetchall()[0]
    return int(size) * int(used)


def _shown(row: Row) -> Row:
    say(row.text())
    return row


def _milliseconds(work: Callable[[T], object], subject: T) -> float:
    began = perf_counter()
    work(subject)
    return (perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
