"""Runs looks in a process that may crash or hang, which is an answer too; knows no tool."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
from multiprocessing.connection import Connection
from pathlib import Path

from bench.detection.tools import Answer, UnsoundError, look

_SECONDS = 20.0
_FIRST_SECONDS = 120.0
_MEMORY_BYTES = 8 << 30


class Looker:
    """One process that looks at files, and a new one whenever it crashes or hangs. A context manager."""

    def __init__(self) -> None:
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection | None = None
        self._known: set[tuple[str, Path]] = set()

    def __enter__(self) -> Looker:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def look(self, tool: str, path: Path, sound: Path) -> Answer:
        """Return what a tool says of a damaged file, CRASHED and HUNG included. Raises UnsoundError."""
        line = self._started()
        seconds = _SECONDS if (tool, sound) in self._known else _FIRST_SECONDS
        try:
            line.send((tool, path, sound))
            if not line.poll(seconds):
                self._end()
                return Answer.HUNG
            answer = line.recv()
        except (EOFError, OSError):
            self._end()
            return Answer.CRASHED
        self._known.add((tool, sound))
        if isinstance(answer, str):
            raise UnsoundError(answer)
        assert isinstance(answer, Answer)
        return answer

    def _started(self) -> Connection:
        if self._line is None:
            context = multiprocessing.get_context("spawn")
            self._line, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
            self._known.clear()
        return self._line

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._line = self._process = None


def _serve(line: Connection) -> None:
    """Look at what is asked for until nobody asks; panics and crashes have nobody to talk to."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with contextlib.suppress(EOFError):
        while True:
            tool, path, sound = line.recv()
            try:
                line.send(look(tool, path, sound))
            except UnsoundError as error:
                line.send(str(error))
