"""Progress bars on a terminal: bytes, with files, rate and time left beside them; one bar a zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from catalog.cli.sums import Sums
from catalog.words import number, plural


@contextmanager
def shown_bars() -> Iterator[Bars]:
    """Draw on stderr until the end of the block, and leave nothing behind."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[files]}"),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        yield Bars(display)


class Bars:
    """A `catalog.progress.Progress` that draws."""

    def __init__(self, display: Progress) -> None:
        self._display = display
        self._sums = Sums()
        self._task: TaskID | None = None

    def zone(self, name: str) -> None:
        """A look at a zone begins."""
        self._sums = Sums()
        self._task = self._display.add_task(name, total=None, files="listing")

    def listed(self, files: int) -> None:
        """So many files have been listed so far."""
        self._sums.listed_files = files
        self._draw(f"{plural(files, 'file')} listed")

    def planned(self, files: int, size: int) -> None:
        """So many more files are to be read."""
        self._sums.planned_files += files
        self._sums.planned_bytes += size
        self._draw_counts()

    def read(self, files: int, size: int) -> None:
        """So many more files have been read."""
        self._sums.read_files += files
        self._sums.read_bytes += size
        self._draw_counts()

    def _draw_counts(self) -> None:
        self._draw(f"{number(self._sums.read_files)}/{number(self._sums.planned_files)} files")

    def _draw(self, files: str) -> None:
        if self._task is not None:
            total = self._sums.planned_bytes or None
            self._display.update(self._task, total=total, completed=self._sums.read_bytes, files=files)
