"""The files of a bundle's `data/`, read row by row from a folder or a ZIP; checks nothing of them and makes none.

Whatever is told of a bundle is made of these rows alone, so that it comes out the same from the bundle itself.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from verifier.errors import UsageError

Row = dict[str, Any]

DATA = "data"
POPULATION = (
    "zone", "dataset_id", "name", "due_at", "deadline", "status", "reason", "snapshot", "verdict", "depth", "coverage",
    "presence", "landed_at", "snapshot_entry", "slot_entry",
)  # fmt: skip
"""The columns of population.csv, in order; an empty field is null, entries are numbers."""
LISTS = (
    "snapshots", "files", "findings", "scans", "copies", "restores", "drills", "controls", "decisions",
    "recovery", "ledger", "proofs",
)  # fmt: skip
"""The files with one JSON object a line, without `.jsonl`."""
_NUMBERS = frozenset({"snapshot_entry", "slot_entry"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in `data/` of a folder or of a bundle's ZIP; every call opens the file anew."""

    path: Path

    def bundle(self) -> Row:
        """Return what the bundle says of itself. Raises `UsageError` where there is none."""
        text = self.text("bundle.json")
        if text is None:
            raise UsageError(f"{self.path}: is no bundle: it has no {DATA}/bundle.json")
        return dict(msgspec.json.decode(text))

    def population(self) -> Iterator[Row]:
        """Yield every slot that was due, by zone, dataset and due time, with the columns of `POPULATION`."""
        with self._opened("population.csv") as file:
            if file is not None:
                with io.TextIOWrapper(file, "utf-8", newline="") as text:
                    for row in csv.DictReader(text):
                        yield {k: (int(v) if k in _NUMBERS else v) if v else None for k, v in row.items()}

    def rows(self, name: str) -> Iterator[Row]:
        """Yield the rows of one of `LISTS`, in the file's order; none where there is no such file."""
        with self._opened(f"{name}.jsonl") as file:
            for line in file or ():
                yield msgspec.json.decode(line)

    def text(self, name: str) -> str | None:
        """Return the whole of a small file, such as checkpoint.txt; None where there is none."""
        with self._opened(name) as file:
            return None if file is None else file.read().decode("utf-8")

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes] | None]:
        if self.path.is_dir():
            path = self.path / DATA / name
            if not path.is_file():
                yield None
                return
            with path.open("rb") as file:
                yield file
            return
        try:
            with zipfile.ZipFile(self.path) as bundle:
                found = [n for n in bundle.namelist() if n.partition("/")[2] == f"{DATA}/{name}"]
                if not found:
                    yield None
                    return
                with bundle.open(found[0]) as member:
                    yield member
        except (OSError, zipfile.BadZipFile) as error:
            raise UsageError(f"{self.path}: cannot be read as a bundle: {error}") from error
