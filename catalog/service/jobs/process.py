"""One command as a process of its own: started, heard, ended in steps; which command and why is not known here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from catalog.caller import RUN_BY

_NICER = 10
_LOOK_SECONDS = 0.2
_MOST_LINE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Steps:
    """How long a process that is to end has after each signal, in seconds: to record what it finished, to let go."""

    after_interrupt: float
    after_terminate: float = 5.0


CANCEL = Steps(60.0)
STOP = Steps(7.0, 2.0)


class Child:
    """A `landproof` command, in a process group of its own, behind the service when both want a processor."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
        """Start it; the document goes to `output`, a new file. Raises OSError where that cannot be."""
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "catalog.cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.PIPE,
                env=dict(environment),
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICER)
        self._steps: Steps | None = None
        self._ending = threading.Event()

    @property
    def identity(self) -> tuple[int, str]:
        """Id and start of the process, which no other one has."""
        return self._process.pid, started(self._process.pid)

    def end(self, steps: Steps) -> None:
        """Ask it to end, and make it when it does not; asked again, by the shorter steps."""
        if self._steps is None or steps.after_interrupt < self._steps.after_interrupt:
            self._steps = steps
        self._ending.set()

    def wait(self, hear: Callable[[str], None]) -> int:
        """Pass on what it says, line by line, until it has ended; return its status, negative for a signal."""
        assert self._process.stderr is not None
        listener = threading.Thread(target=_listen, args=(self._process.stderr, hear), name="job-stderr", daemon=True)
        listener.start()
        try:
            self._await_end()
        finally:
            # Whoever it started must not outlive it, and holds its stderr open.
            signal_group(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
            listener.join()
            self._process.stderr.close()
        return status

    def _await_end(self) -> None:
        while not self._ending.is_set():
            if self._ended_within(_LOOK_SECONDS):
                return
        signal_group(self._process.pid, signal.SIGINT)
        began = time.monotonic()
        while not self._ended_within(_LOOK_SECONDS):
            assert self._steps is not None
            if time.monotonic() - began >= self._steps.after_interrupt:
                signal_group(self._process.pid, signal.SIGTERM)
                self._ended_within(self._steps.after_terminate)
                return

    def _ended_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def environment_for(asked_by: str) -> dict[str, str]:
    """Return the environment of a command that somebody asked the service for."""
    return dict(os.environ) | {RUN_BY: asked_by, "LANDPROOF_PROGRESS": "json"}


def signal_group(leader: int, number: int) -> None:
    """Send a signal to a process group, if there still is one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def started(pid: int) -> str:
    """Return when a process started, as the kernel counts it; empty where that is not told or there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]


def end_left_over(process: tuple[int, str]) -> None:
    """End what a service that was killed left running; nothing where that is gone, or not known to be it."""
    pid, since = process
    if not since or started(pid) != since:
        return
    signal_group(pid, signal.SIGINT)
    deadline = time.monotonic() + STOP.after_interrupt
    while started(pid) == since and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    if started(pid) == since:
        signal_group(pid, signal.SIGKILL)


def _listen(pipe: IO[bytes], hear: Callable[[str], None]) -> None:
    while line := pipe.readline(_MOST_LINE_BYTES):
        hear(line.decode("utf-8", "replace").rstrip("\r\n"))
