"""The files that a bundle's rows are written into, one after the other, and counted; knows no row's meaning."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from catalog.evidence.contents import LISTS, POPULATION
from catalog.evidence.rows.values import Row
from catalog.ledger.canonical import canonical

_BUFFER = 1 << 20


class Sheets:
    """All files with rows in a folder; use it as a context, and read its counts at any time."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}
        self.folder = folder
        self.counts: Counter[str] = Counter()
        self.not_in_ledger: Counter[str] = Counter()
        self.slots: Counter[str] = Counter()
        self.only_in_ledger = 0
        self._named = bytearray()

    def __enter__(self) -> Self:
        with self._stack as opened:  # closed again where one of them cannot be opened
            for name in LISTS:
                path = self.folder / f"{name}.jsonl"
                self._files[name] = opened.enter_context(path.open("xb", buffering=_BUFFER))
                self.counts[name] = 0
            self._stack = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """Write rows to one of the files, as canonical JSON, one a line."""
        file, count = self._files[name], 0
        for row in rows:
            file.write(canonical(row) + b"\n")
            count += 1
        self.counts[name] += count

    def add_stated(self, name: str, rows: Iterable[Row]) -> None:
        """Write rows that entries of the ledger state, naming the entries; those without one are counted."""
        for row in rows:
            self.name(row.get("entry"))
            for other in (row.get("previous_entries"), row.get("read_entries")):
                for sequence in other if isinstance(other, list) else ():
                    self.name(sequence)
            self.not_in_ledger[name] += row.get("entry") is None
            self.add(name, (row,))

    def add_line(self, name: str, line: bytes) -> None:
        """Write a line that is canonical JSON already."""
        self._files[name].write(line + b"\n")
        self.counts[name] += 1

    def add_population(self, rows: Iterable[Row]) -> None:
        """Write the population as CSV (RFC 4180, but lines end with a newline alone); null is an empty field."""
        with (self.folder / "population.csv").open("x", encoding="utf-8", newline="", buffering=_BUFFER) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(POPULATION)
            for row in rows:
                self.name(row["snapshot_entry"])
                self.name(row["slot_entry"])
                self.not_in_ledger["population"] += row["slot_entry"] is None
                self.slots[str(row["status"])] += 1
                writer.writerow(["" if row[name] is None else row[name] for name in POPULATION])

    def name(self, sequence: object) -> None:
        """Take note that an entry of the ledger is named by a row; None is none."""
        if isinstance(sequence, int):
            place, bit = divmod(sequence, 8)
            if place >= len(self._named):
                self._named.extend(bytes(max(place + 1 - len(self._named), len(self._named))))
            self._named[place] |= 1 << bit

    def named(self) -> list[int]:
        """Return all entries that were named, in order."""
        return [
            place * 8 + bit for place, byte in enumerate(self._named) if byte for bit in range(8) if byte >> bit & 1
        ]
