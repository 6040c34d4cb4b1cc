"""Run what is too large for the tests, and print seconds and peaks of memory: zones up to a million files, huge files.

Run it as `python -m bench.soak [--most FILES] [--depth DEPTH] [NAME...]`, a name being `zones`, `json` or `parquet`.
Every input is made in a temporary folder and removed; all of it takes some 10 GB of disk and, at a million files, an
hour or more. Each scan is a process of its own. What it takes is read from /proc: this runs on Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import pyarrow as pa
import pyarrow.parquet as pq

from bench.zones import build_zone, write_part

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ZONE_LIMIT, FILE_LIMIT = 400, 300
_MB = 1_000_000
_JSON_BYTES = 10_000 * _MB
_PARQUET_BYTES = 2_000 * _MB
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One scan: seconds by the clock and of all processors, peaks of memory in megabytes, and its document's counts.

    `limit` is in megabytes, for each process of its own.
    """

    name: str
    seconds: float
    cpu: float
    main: float
    worker: float
    limit: int
    counts: dict[str, int]

    @property
    def holds(self) -> bool:
        """True when no process took more than the limit."""
        return max(self.main, self.worker) <= self.limit

    def row(self) -> str:
        """One row of the table."""
        return (
            f"| {self.name} | {self.counts['files_read']} | {self.seconds:.1f} | {self.cpu:.1f} | {self.main:.0f} "
            f"| {self.worker:.0f} | {self.limit} | {'yes' if self.holds else 'no'} |"
        )


@dataclass(frozen=True, slots=True)
class Used:
    """What one process has used: processor seconds, and at most so many megabytes of memory at a time."""

    seconds: float
    peak: float


def main() -> int:
    """Run what was asked for, row by row; 0 when all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of zones, json and parquet; default: all")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="files in the largest zone")
    parser.add_argument("--depth", default="full")
    asked = parser.parse_args()
    parts: dict[str, Callable[[Path], list[Run]]] = {
        "zones": lambda scratch: zones(scratch, asked.most, asked.depth),
        "json": lambda scratch: [one_file(scratch, "one .json.gz of 10 GB expanded", write_json)],
        "parquet": lambda scratch: [one_file(scratch, "one Parquet file of 2 GB", write_parquet)],
    }
    say("| what | files read | s | processor s | MB, main | MB, worker | limit | holds |")
    say("|---|---:|---:|---:|---:|---:|---:|---|")
    runs: list[Run] = []
    for name in asked.names or parts:
        with tempfile.TemporaryDirectory(prefix="landproof-soak-") as scratch:
            runs += parts[name](Path(scratch))
    return 0 if all(run.holds for run in runs) else 1


def say(line: str) -> None:
    """Print a line at once: the next one may be an hour away."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def zones(scratch: Path, most: int, depth: str) -> list[Run]:
    """Scan zones of growing size: for the first time, again, and once ten snapshots have joined them."""
    runs = []
    for files in (size for size in SIZES if size <= most):
        root, catalog = scratch / f"zone{files}", scratch / f"zone{files}.duckdb"
        build_zone(root, files)
        for when in ("first", "again", "ten more snapshots"):
            if when.startswith("ten"):
                _add_snapshots(root, 10)
            runs.append(scan(f"{files:,} files at depth {depth}, {when}", root, catalog, ZONE_LIMIT, depth))
        shutil.rmtree(root)
    return runs


def _add_snapshots(root: Path, count: int) -> None:
    for number in range(count):
        folder = root / "64e0c0ffee01234567ffffff" / f"exportTime=2025010101{number:02}"
        folder.mkdir(parents=True)
        for part in range(10):
            write_part(folder, 10**9 + number, part, 10**9 + number * 10 + part)


def one_file(scratch: Path, name: str, write: Callable[[Path], None]) -> Run:
    """Scan a zone of one file."""
    folder = scratch / "zone" / "64e0c0ffee01234567000000" / "exportTime=202401010100"
    folder.mkdir(parents=True)
    write(folder)
    return scan(name, scratch / "zone", scratch / "catalog.duckdb", FILE_LIMIT, "full")


def write_json(folder: Path) -> None:
    """Write one gzip member of lines, 10 GB of them; compressed once and repeated, as deflate allows."""
    dice = random.Random(1)
    lines = (
        json.dumps({"_id": f"{n:032x}", "timestamp": "2024-01-01T01:00:00Z", "value": dice.random()}, indent=None)
        for n in range(300_000)
    )
    text = "".join(f"{line}\n" for line in lines).encode()
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)
    times, crc = _JSON_BYTES // len(text) + 1, 0
    with (folder / "part-00000.json.gz").open("wb") as file:
        file.write(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")
        for _ in range(times):
            file.write(block)
            crc = zlib.crc32(text, crc)
        file.write(b"\x03\x00" + crc.to_bytes(4, "little") + (times * len(text) % 2**32).to_bytes(4, "little"))


def write_parquet(folder: Path) -> None:
    """Write 2 GB of numbers that do not compress, in row groups as Spark makes them, with page checksums."""
    rows, columns = 2_000_000, 8
    names = [f"column{n}" for n in range(columns)]
    schema = pa.schema([(name, pa.int64()) for name in names])
    options = {"compression": "snappy", "use_dictionary": False, "write_page_checksum": True}
    with pq.ParquetWriter(folder / "part-00000.snappy.parquet", schema, **options) as writer:
        arrays = [
            pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(random.Random(n).randbytes(rows * 8))])
            for n in range(columns)
        ]
        for _ in range(_PARQUET_BYTES // (rows * columns * 8) + 1):
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=rows)


def scan(name: str, root: Path, catalog: Path, limit: int, depth: str) -> Run:
    """Scan a folder with the installed command, as anybody would, and print what it took."""
    command = [sys.executable, "-m", "catalog.cli.main", "scan", str(root), "--json", "--settle-minutes", "0"]
    command += ["--depth", depth, "--catalog", str(catalog), "--fail-on", "error"]
    answer = catalog.with_suffix(".json")
    began = perf_counter()
    with answer.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        used: dict[int, Used] = {}
        while process.poll() is None:
            used |= _used(process.pid)
            sleep(_SECONDS_BETWEEN_LOOKS)
    seconds = perf_counter() - began
    run = Run(
        name=name,
        seconds=seconds,
        cpu=sum(one.seconds for one in used.values()),
        main=used[process.pid].peak,
        worker=max((one.peak for pid, one in used.items() if pid != process.pid), default=0.0),
        limit=limit,
        counts=_counts(answer),
    )
    if process.returncode:
        raise AssertionError(f"{name}: expected status 0, got {process.returncode}")
    say(run.row())
    return run


def _counts(answer: Path) -> dict[str, int]:
    """Read the counts, which stand before the snapshots, without reading the whole document."""
    with answer.open(encoding="utf-8") as file:
        head = file.read(100_000)
    counts: dict[str, int] = json.JSONDecoder().raw_decode(head, head.index('"counts": ') + 10)[0]
    return counts


def _used(pid: int) -> dict[int, Used]:
    """Return what a process and all below it have used so far; of one that ends now, what it had used before."""
    found: dict[int, Used] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            status = Path(f"/proc/{one}/status").read_text(encoding="ascii", errors="replace")
            times = Path(f"/proc/{one}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            waiting += map(int, _children(one))
        except OSError:
            continue
        peak = status.partition("VmHWM:")[2].split()
        if peak:
            seconds = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            found[one] = Used(seconds, int(peak[0]) * 1024 / _MB)
    return found


def _children(pid: int) -> Sequence[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [child for thread in threads for child in (thread / "children").read_text(encoding="ascii").split()]


if __name__ == "__main__":
    sys.exit(main())
