"""How a long run is shown on stderr: bars on a terminal, a plain line now and then in a pipe, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from catalog.cli.sums import Sums
from catalog.progress import Progress
from catalog.words import number, plural, size

PROGRESS = "LANDPROOF_PROGRESS"
"""The variable by which a program that runs a command asks, with `json`, for a line of JSON a few times a second."""

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_OBJECTS = 0.25


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield what fits stderr, or what was asked for."""
    if os.environ.get(PROGRESS) == "json":
        objects = ProgressObjects()
        yield objects
        objects.tell()
    elif sys.stderr.isatty():
        from catalog.cli.bars import shown_bars

        with shown_bars() as bars:
            yield bars
    else:
        yield PlainProgress()


@dataclass(slots=True)
class PlainProgress:
    """A line every ten seconds, so that short runs are silent and long ones are seen to be alive."""

    _sums: Sums = field(default_factory=Sums)
    _started_at: float = field(default_factory=time.monotonic)
    _said_at: float = field(default_factory=time.monotonic)
    _zone: str = ""

    def zone(self, name: str) -> None:
        """A look at a zone begins."""
        self._zone, self._sums = name, Sums()

    def listed(self, files: int) -> None:
        """So many files have been listed so far."""
        self._sums.listed_files = files
        self._say(f"{self._zone}: listed {plural(files, 'file')}")

    def planned(self, files: int, size: int) -> None:
        """So many more files are to be read."""
        self._sums.planned_files += files
        self._sums.planned_bytes += size

    def read(self, files: int, size: int) -> None:
        """So many more files have been read."""
        sums = self._sums
        sums.read_files += files
        sums.read_bytes += size
        self._say(self._line())

    def _line(self) -> str:
        sums = self._sums
        rate = sums.read_bytes / max(time.monotonic() - self._started_at, 0.001)
        return f"{self._zone}: read {number(sums.read_files)} files, {size(sums.read_bytes)}, {size(int(rate))}/s"

    def _say(self, line: str) -> None:
        now = time.monotonic()
        if now - self._said_at >= _SECONDS_BETWEEN_LINES:
            self._said_at = now
            sys.stderr.write(f"{line}\n")


@dataclass(slots=True)
class ProgressObjects:
    """A line of JSON for whoever runs the command, when a zone begins, then a few times a second."""

    _sums: Sums = field(default_factory=Sums)
    _told_at: float = 0.0
    _zone: str | None = None

    def zone(self, name: str) -> None:
        """A look at a zone begins; how far the last one came is told first."""
        if self._zone is not None:
            self.tell()
        self._zone, self._sums = name, Sums()
        self.tell()

    def listed(self, files: int) -> None:
        """So many files have been listed so far."""
        self._sums.listed_files = files
        self._tell_sometimes()

    def planned(self, files: int, size: int) -> None:
        """So many more files are to be read."""
        self._sums.planned_files += files
        self._sums.planned_bytes += size
        self._tell_sometimes()

    def read(self, files: int, size: int) -> None:
        """So many more files have been read."""
        self._sums.read_files += files
        self._sums.read_bytes += size
        self._tell_sometimes()

    def tell(self) -> None:
        """Write how far it is."""
        self._told_at = time.monotonic()
        line = {"schema": "landproof/progress/1", "zone": self._zone} | asdict(self._sums)
        sys.stderr.write(f"{json.dumps(line)}\n")
        sys.stderr.flush()

    def _tell_sometimes(self) -> None:
        if time.monotonic() - self._told_at >= _SECONDS_BETWEEN_OBJECTS:
            self.tell()
