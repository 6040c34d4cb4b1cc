"""Small landing zones on disk that a test changes between commands; contents come from `fixtures.content`."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.landproof import Answer, landproof

from fixtures.case import LANDS_AFTER
from fixtures.content import TIME, entries, events, gz, json_part, lines, manifest, moment

ALPHA = "64e0a1fa0000000000000001"
BETA = "64e0be7a0000000000000002"

_seeds = itertools.count(100)


def some_json(rows: int = 5) -> bytes:
    """Return a good .json.gz whose bytes no other call returns."""
    return gz(lines(events(next(_seeds), rows)))


def digits(at: datetime) -> str:
    """Write a moment as an export time."""
    return at.strftime("%Y%m%d%H%M")


def days_before(last: str, count: int) -> list[str]:
    """Return `count` daily export times, oldest first, the last given."""
    return [digits(moment(last) - timedelta(days=back)) for back in reversed(range(count))]


class Zone:
    """A landing zone in a folder of its own, with a catalog and, once written, settings beside it."""

    def __init__(self, folder: Path, name: str = "zone") -> None:
        self.folder = folder
        self.root = folder / name
        self.root.mkdir(parents=True, exist_ok=True)
        self.catalog = folder / "landproof.duckdb"
        self.config = folder / "landproof.toml"

    def put(self, path: str, data: bytes, landed: datetime | None = None) -> Path:
        """Write one file as if it had landed then, by default long ago.

        What takes the place of a file of the same size lands a second later than it: a store never shows two
        contents under one size and time, and what is compressed is at times as long as what was there before.
        """
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        when = landed or moment(TIME) + LANDS_AFTER
        before = target.stat() if target.exists() else None
        if before and landed is None and (before.st_size, before.st_mtime) == (len(data), when.timestamp()):
            when += timedelta(seconds=1)
        target.write_bytes(data)
        self.touch(path, when)
        return target

    def touch(self, path: str, landed: datetime) -> None:
        """Set when a file landed."""
        os.utime(self.root / path, (landed.timestamp(),) * 2)

    def export(
        self,
        dataset: str = ALPHA,
        time: str = TIME,
        files: Mapping[str, bytes] | int = 1,
        *,
        manifest_in: str | None = None,
        landed: datetime | None = None,
    ) -> str:
        """Write one export and return its folder; `files` by name or how many; a manifest may go into any folder."""
        parts = {json_part(n): some_json() for n in range(files)} if isinstance(files, int) else files
        landed = landed or moment(time) + LANDS_AFTER
        folder = f"{dataset}/exportTime={time}"
        for name, data in parts.items():
            self.put(f"{folder}/{name}", data, landed)
        if manifest_in is not None:
            where = {"snapshot": f"{folder}/", "dataset": f"{dataset}/", "zone": ""}[manifest_in]
            run = f"{int(dataset[:8], 16):08x}-0000-4000-8000-{time:0>12}"
            said = manifest(entries(parts, f"/{folder}"), run=run, scheduled=time)
            for name, data in said.items():
                self.put(f"{where}{name}", data, landed)
        return folder

    def exports(self, count: int, dataset: str = ALPHA, last: str = TIME, files: int = 1) -> list[str]:
        """Write daily exports up to the last and return their folders."""
        return [self.export(dataset, time, files) for time in days_before(last, count)]

    def file(self, folder: str, number: int = 0) -> Path:
        """Return the path on disk of one part file of an export."""
        return self.root / folder / json_part(number)

    def remove(self, path: str) -> None:
        """Delete a file, or a folder with all that is in it."""
        gone = self.root / path
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()

    def flip(self, folder: str, number: int = 0, at: int | None = None) -> None:
        """Change one byte of a part file, in its middle unless told, and leave its size and time as they are.

        In the middle it may break more than one thing; of the last eight bytes of gzip it breaks the sum alone.
        """
        path = self.file(folder, number)
        before = path.stat()
        data = bytearray(path.read_bytes())
        data[len(data) // 2 if at is None else at] ^= 0x10
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def settings(self, *tables: str, zone: str = "") -> Path:
        """Write settings: the zone under the name of its folder with extra lines, then tables."""
        head = f'[catalog]\npath = "{self.catalog.name}"\n[zones.{self.root.name}]\nurl = "{self.root}"\n{zone}\n'
        self.config.write_text(head + "\n".join(tables), encoding="utf-8")
        return self.config

    def scan(self, *words: object) -> Answer:
        """Scan the whole zone, or what the words say where they begin with a place."""
        return self.run("scan", *([] if self.config.exists() else [self.root]), *words, "--workers", 0)

    def run(self, command: str, *words: object) -> Answer:
        """Run a command on the zone's settings, or on its catalog where there are none, for a document."""
        where = ["--config", self.config] if self.config.exists() else ["--catalog", self.catalog]
        return landproof(command, *words, *where, "--json")


def daily(dataset: str = ALPHA, *lines: str, zone: str = "zone", starts_at: str = "2026-09-01T01:00:00Z") -> str:
    """Return the table of a dataset that is exported every day at one, with extra lines."""
    head = f'[[datasets]]\nzone = "{zone}"\nid = "{dataset}"\nevery = "24h"\nstarts_at = "{starts_at}"\n'
    return head + "".join(f"{line}\n" for line in lines)


def utc(text: str) -> datetime:
    """Read a moment of a document."""
    return datetime.fromisoformat(text).astimezone(UTC)
