"""How a long run is shown on stderr: bars on a terminal, a plain line now and then in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from catalog.cli.sums import Sums
from catalog.progress import Progress
from catalog.words import number, plural, size

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Yield what fits stderr."""
    if sys.stderr.isatty():
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
