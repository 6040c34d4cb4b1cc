"""A zone of real files on this disk, so that scans, drills and restores have something to read; not its catalog."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from fixtures.content import entries, events, flipped, gz, lines, manifest, parquet, part, table

DISK = "disk"
"""The zone's name, and its folder's beside the settings."""
DATASETS = {
    "64e0d15c0000000000000001": ("Till receipts", "parquet"),
    "64e0d15c0000000000000002": ("Stock levels", "json"),
    "64e0d15c0000000000000003": ("Price labels", "parquet"),
}
CORRUPT_BACK, MISSING_BACK = 9, 4
"""Of the second dataset one export is corrupt, of the third one never came, so many days before the last."""


def settings_text(folder: Path, now: datetime, days: int) -> str:
    """Return the settings of the zone and its datasets; a copy of the catalog looks at the same files."""
    first = _due(now, days - 1)
    text = f'\n[zones.{DISK}]\nurl = "{folder.resolve() / DISK}"\n'
    for dataset_id, (name, kind) in DATASETS.items():
        text += (
            f'\n[[datasets]]\nzone = "{DISK}"\nid = "{dataset_id}"\nname = "{name}"\nevery = "24h"\n'
            f'starts_at = "{first:%Y-%m-%dT%H:%M:%SZ}"\nformat = "{kind}"\nmanifest = true\nrecovery_point = "36h"\n'
        )
    return text


def write(folder: Path, now: datetime, days: int) -> None:
    """Write the exports of so many days, as if each had landed when it was due."""
    for number, (dataset_id, (_, kind)) in enumerate(DATASETS.items()):
        for back in range(days):
            if number == 2 and back == MISSING_BACK:
                continue
            due = _due(now, back)
            files = _files(kind, number, back, due)
            if number == 1 and back == CORRUPT_BACK:
                name = next(iter(files))
                files = {**files, name: flipped(files[name], -6)}
            landed = due + timedelta(minutes=25)
            place = folder / DISK / dataset_id / f"exportTime={due:%Y%m%d%H%M}"
            place.mkdir(parents=True)
            for name, data in files.items():
                (place / name).write_bytes(data)
                os.utime(place / name, (landed.timestamp(),) * 2)


def _files(kind: str, number: int, back: int, due: datetime) -> Mapping[str, bytes]:
    files = {}
    for n in range(2):
        seed = number * 100_000 + back * 10 + n
        rows = events(seed, 60, since=due - timedelta(days=1), until=due - timedelta(minutes=1))
        name = part(n, "gz.parquet" if kind == "parquet" else "json.gz", write=(f"{seed + 7}", _token(seed)))
        files[name] = parquet(table(rows)) if kind == "parquet" else gz(lines(rows))
    sink = f"/{list(DATASETS)[number]}/exportTime={due:%Y%m%d%H%M}"
    run = f"{number:08x}-0000-4000-8000-{due:%Y%m%d%H%M}"
    return {**files, **manifest(entries(files, sink), run=run, scheduled=f"{due:%Y%m%d%H%M}")}


def _token(seed: int) -> str:
    return f"{seed:08x}-9999-4cff-bdf5-1f32c8c47cb9"


def _due(now: datetime, back: int) -> datetime:
    """Return when the newest export but so many was due: two hours ago, to the hour, on its day."""
    newest = (now - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    return newest - timedelta(days=back)
