"""Measure what readers of the service wait for while a scan records on the same machine, and what the scan waits.

Run it as `python -m bench.service [--readers N] [--seconds N] [--datasets N] [--days N] [--keep FILE] [--files N]`. It
starts the real `landproof serve` over a catalog of years, has as many readers ask it, each over a connection of its own
for something else (pages and documents, of all datasets alike), and runs the real `landproof scan` beside it. Readers
ask once a second each, and without any pause. All of it, who asks included, shares the processors of one machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import IO
from urllib.parse import urlsplit

import httpx
import uvloop

from bench.catalog_builder import FIRST, ZONE, Plan, build
from catalog.store.database import Catalog

PROGRAM = Path(sys.executable).with_name("landproof")
_LIMIT = 100
_LIVE, _LIVE_FIRST, _LIVE_DATASETS = "live", 100_000, 20
_LINE = b'{"_id":"%d","timestamp":"2026-11-01T00:00:00Z","web":{"page":"home","value":%d}}\n'


@dataclass(frozen=True, slots=True)
class Asked:
    """The answers of one phase: how long each took in seconds, the statuses, over how long."""

    took: tuple[float, ...]
    wrong: Counter[tuple[int, str]]
    seconds: float

    def most(self, share: float) -> float:
        """Return the milliseconds that this share of the answers did not pass."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    def text(self) -> str:
        """Return answers a second, percentiles in ms, and how many were wrong."""
        shares = " | ".join(f"{self.most(share):.0f}" for share in (0.5, 0.95, 0.99, 1.0))
        return f"{len(self.took) / self.seconds:.0f} | {shares} | {self.wrong.total()}"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a catalog of years, settings, and a zone that grows."""

    folder: Path
    plan: Plan
    files: int

    @property
    def catalog(self) -> Path:
        """The catalog's file."""
        return self.folder / "landproof.duckdb"

    def grow(self, night: int) -> None:
        """Have one more export of each dataset of the zone that grows land."""
        at = datetime.now(UTC) - timedelta(days=2, hours=-night)
        body = gzip.compress(b"".join(_LINE % (n, n * 7919 % 9973) for n in range(20_000)), 1)
        for number in range(_LIVE_DATASETS):
            folder = self.folder / _LIVE / self.plan.dataset_id(_LIVE_FIRST + number) / f"exportTime={at:%Y%m%d%H%M}"
            folder.mkdir(parents=True)
            for part in range(self.files):
                name = f"part-{part:05}-tid-{night}{number}-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-{part}-1-c000.json.gz"
                (folder / name).write_bytes(body)

    def scan(self) -> subprocess.Popen[bytes]:
        """Start to record what landed there."""
        words = ("scan", _LIVE, "--workers", "1", "--settle-minutes", "0", "--json")
        return subprocess.Popen([PROGRAM, *words], cwd=self.folder, stdout=subprocess.DEVNULL)

    def recorded(self) -> int:
        """Return how many files of that zone the catalog has."""
        with Catalog(self.catalog).read() as connection:
            query = "SELECT count(*) FROM files WHERE zone = ? AND kind <> 'manifest'"
            return int(connection.execute(query, [_LIVE]).fetchall()[0][0])


def main() -> int:
    """Build or take the catalog, serve it, ask; 0 when nothing was wrong, nothing lost and readers were in time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("readers", 200), ("seconds", 30), ("datasets", 200), ("days", 1095), ("files", 25)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument(
        "--keep", type=Path, metavar="FILE", help="build the catalog here, or copy the one that is here"
    )
    parser.add_argument("--documents", action="store_true", help="ask for documents only, not for pages")
    asked = parser.parse_args()
    plan = Plan(datasets=asked.datasets, days=asked.days)
    with tempfile.TemporaryDirectory(prefix="landproof-service-") as scratch:
        place = made(Path(scratch), plan, asked.files, asked.keep)
        place.grow(0)
        timed_scan(place.scan())  # the first to write to what was built in bulk puts it in order, too
        place.grow(1)
        alone = timed_scan(place.scan())
        place.grow(2)
        with serving(place) as (pid, url):
            holds = measured(place, (pid, url), addresses(place, only_documents=asked.documents), asked, alone)
    return 0 if holds else 1


def made(folder: Path, plan: Plan, files: int, keep: Path | None) -> Place:
    """Build the catalog, or copy the one that was kept, and write settings for it."""
    place = Place(folder, plan, files)
    if keep is None or not keep.exists():
        build(keep or place.catalog, plan)
    if keep is not None:
        shutil.copy(keep, place.catalog)
    zones = "".join(f'[zones.{name}]\nurl = "{name}"\n' for name in (ZONE, _LIVE))
    table = '[[datasets]]\nzone = "{}"\nid = "{}"\nname = "Dataset {}"\nevery = "24h"\nstarts_at = "{}"\ngrace = "6h"\n'
    datasets = (table.format(ZONE, plan.dataset_id(n), n, f"{FIRST:%Y-%m-%dT%H:%M:%SZ}") for n in range(plan.datasets))
    for name in (ZONE, _LIVE):
        (folder / name).mkdir()
    (folder / "landproof.toml").write_text(zones + "".join(datasets), encoding="utf-8")
    return place


def addresses(place: Place, *, only_documents: bool) -> list[str]:
    """Return what readers ask for: what all look at as often as what is about one dataset."""
    with Catalog(place.catalog).read() as connection:
        newest = connection.execute(
            "SELECT dataset_id, max(export_time) FROM snapshot WHERE zone = ? GROUP BY ALL ORDER BY ALL", [ZONE]
        ).fetchall()
    shared = ["/api/v1/overview", "/api/v1/datasets"] + ([] if only_documents else ["/", "/findings"])
    own = []
    for dataset_id, export_time in newest:
        own += [f"/api/v1/snapshots?dataset={dataset_id}", f"/api/v1/show?snapshot={ZONE}/{dataset_id}/latest"]
        if not only_documents:
            own += [f"/datasets/{ZONE}/{dataset_id}", f"/snapshots/{ZONE}/{dataset_id}/{export_time}"]
    return shared * (len(own) // len(shared)) + own


@contextmanager
def serving(place: Place) -> Iterator[tuple[int, str]]:
    """Start the service; yield its process and its address."""
    words = ("serve", "--port", "0", "--json")
    process = subprocess.Popen([PROGRAM, *words], cwd=place.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        yield process.pid, str(_first_document(process.stdout)["url"])
    finally:
        process.terminate()
        process.wait()


def _first_document(lines: IO[bytes]) -> dict[str, object]:
    text = ""
    for line in lines:
        text += line.decode()
        try:
            document: dict[str, object] = json.loads(text)
        except json.JSONDecodeError:
            continue
        return document
    raise AssertionError(f"the service did not start: {text}")


def measured(
    place: Place, service: tuple[int, str], every: Sequence[str], asked: argparse.Namespace, alone: tuple[float, float]
) -> bool:
    """Ask in every way and print a row for each; tell whether all was right and in time."""
    pid, url = service
    began = perf_counter()
    cold = uvloop.run(ask(url, Load(sorted(set(every)), readers=4)))
    say(f"{len(set(every))} addresses, each asked once: {perf_counter() - began:.0f} s\n")
    say("| readers | a second | 50 % ms | 95 % | 99 % | most | wrong | renewals | service, processor s |")
    say("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for (status, address), count in cold.wrong.items():
        say(f"{count} times {status} at {address}")
    right = not cold.wrong
    for pause, scans in ((1.0, False), (1.0, True), (0.0, False), (0.0, True)):
        before, spent = renewals(url), processor(pid)
        used = of_children()
        scan = place.scan() if scans else None
        load = Load(every, asked.readers, pause, asked.seconds, scan)
        answers = uvloop.run(ask(url, load))
        what = f"{asked.readers}, {'once a second' if pause else 'no pause'}{', a scan records' if scans else ''}"
        say(f"| {what} | {answers.text()} | {renewals(url) - before:.0f} | {processor(pid) - spent:.1f} |")
        right = right and not answers.wrong and (pause == 0 or answers.most(0.95) <= _LIMIT)
        if scan:
            took = answers.seconds
            right = scan.wait() == 0 and right
            used = of_children() - used
            words = f"{took:.1f} s, alone {alone[0]:.1f} s, ratio {took / alone[0]:.2f}"
            say(f"| (the scan: {words}; processor {used:.1f} s, alone {alone[1]:.1f} s) | | | | | | | | |")
            place.grow(3 if pause else 4)
    expected = 4 * _LIVE_DATASETS * place.files
    say(f"\nrecorded {place.recorded()} of {expected} files")
    return right and place.recorded() == expected


@dataclass(frozen=True, slots=True)
class Load:
    """Who asks for what, how often: without `seconds` each address once, with a scan for as long as that runs."""

    addresses: Sequence[str]
    readers: int
    pause: float = 0.0
    seconds: float | None = None
    scan: subprocess.Popen[bytes] | None = None

    def is_over(self, began: float) -> bool:
        """Tell whether it is time to end."""
        if self.scan is not None:
            return self.scan.poll() is not None
        return self.seconds is not None and perf_counter() - began > self.seconds


async def ask(url: str, load: Load) -> Asked:
    """Have all readers ask at once, each over one connection."""
    took: list[float] = []
    wrong = Counter[tuple[int, str]]()
    began = perf_counter()
    once = iter(load.addresses) if load.seconds is None else None

    async def reader(number: int) -> None:
        dice = random.Random(number)
        connection = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        await asyncio.sleep(dice.random() * load.pause)
        while not load.is_over(began):
            address = dice.choice(load.addresses) if once is None else next(once, None)
            if address is None:
                break
            at = perf_counter()
            status = await _answered(connection, url, address)
            took.append(perf_counter() - at)
            if status != 200:
                wrong[status, address] += 1
            await asyncio.sleep(max(0.0, load.pause - took[-1]))
        connection[1].close()

    await asyncio.gather(*(reader(number) for number in range(load.readers)))
    return Asked(tuple(took), wrong, perf_counter() - began)


async def _answered(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], url: str, address: str) -> int:
    """Ask once and read the answer to its end; return its status."""
    reader, writer = connection
    accept = "application/json" if address.startswith("/api/") else "text/html"
    writer.write(f"GET {address} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAccept: {accept}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


def timed_scan(scan: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Return how long a scan takes that nobody disturbs, and its processor time."""
    began, spent = perf_counter(), of_children()
    if scan.wait():
        raise AssertionError(f"the scan ended with {scan.returncode}")
    return perf_counter() - began, of_children() - spent


def of_children() -> float:
    """Return the processor time of the processes that were waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def renewals(url: str) -> float:
    """Return how often the service has copied the catalog, by its own metrics."""
    answer = httpx.get(f"{url.rstrip('/')}/metrics", timeout=120, trust_env=False).raise_for_status()
    line = next(line for line in answer.text.splitlines() if line.startswith("landproof_copies_total "))
    return float(line.split()[1])


def processor(pid: int) -> float:
    """Return the processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
