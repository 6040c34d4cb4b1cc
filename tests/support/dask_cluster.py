"""A real Dask cluster on loopback: a scheduler and workers, each a process of its own; not what is run on it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import running


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """A running cluster. Nobody starts a worker again."""

    address: str
    folder: Path

    def kill(self, name: str) -> None:
        """Kill `scheduler`, `worker-0` or another."""
        os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name: str) -> int:
        """Return whose process that is."""
        return int((self.folder / f"{name}.pid").read_text())


@contextmanager
def dask_cluster(folder: Path, workers: int = 2, environment: Mapping[str, str] | None = None) -> Iterator[DaskCluster]:
    """Run a scheduler and workers of one thread each until the block ends, with these variables besides their own."""

    def start(name: str, *words: str) -> str:
        module = f"distributed.cli.dask_{name.partition('-')[0]}"
        mute = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        command = [sys.executable, "-m", module, *words, *mute, "--pid-file", str(folder / f"{name}.pid")]
        said = r"(?:Scheduler at|Registered to): +(tcp://[0-9.:]+)"
        return stack.enter_context(running(command, folder / f"{name}.log", said, environment))

    with ExitStack() as stack:
        address = start("scheduler", "--port", "0")
        for number in range(workers):
            words = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
            start(f"worker-{number}", address, *words)
        yield DaskCluster(address, folder)
