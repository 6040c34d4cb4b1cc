"""Builds the demo: a small, realistic landing zone, its settings, and a few troubles planted; runs nothing on it.

The same moment and seed give the same bytes. Files land minutes after their export time, as Adobe's do; what is planted
lies within the last two weeks, so that a nightly run shows all of it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from catalog import demo_data
from catalog.demo_data import Encode, Rows, Span
from verifier.errors import UsageError

WEEKS = 5
ZONE = "demo"
_SIGNATURE = "# Written by: landproof demo."


class Planted(StrEnum):
    """What can be wrong with one export of the demo."""

    MISSING = "missing"
    LATE = "late"
    INCOMPLETE = "incomplete"
    CORRUPT_PAGE = "corrupt-page"
    TRUNCATED = "truncated"
    DUPLICATE_WRITE = "duplicate-write"
    MARKERS = "markers"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDataset:
    """One dataset of the demo: due every `every_hours` from `at_hour` on, in `parts` files of `extension`.

    `planted` gives what is wrong by how many exports ago; `flow_id` names its manifests, None where it has none.
    """

    id: str
    name: str
    every_hours: int
    at_hour: int
    mode: str
    extension: str
    parts: int
    rows: Rows
    encode: Encode
    flow_id: str | None = None
    settings: tuple[str, ...] = ()
    planted: Mapping[int, Planted] = field(default_factory=dict)


DATASETS = (
    DemoDataset(
        id="64e0c0ffee0123456789ab01",
        name="Web events",
        every_hours=24,
        at_hour=1,
        mode="full-then-incremental",
        extension="gz.parquet",
        parts=3,
        rows=demo_data.web_events,
        encode=demo_data.web_parquet,
        flow_id="d0420d72-756c-4159-9e7f-7d3e2f8b501e",
        settings=('format = "parquet"', "compressed = true", "manifest = true"),
        planted={2: Planted.CORRUPT_PAGE, 6: Planted.INCOMPLETE, 9: Planted.MARKERS},
    ),
    DemoDataset(
        id="64e0c0ffee0123456789ab02",
        name="Orders",
        every_hours=12,
        at_hour=2,
        mode="full-then-incremental",
        extension="json.gz",
        parts=2,
        rows=demo_data.orders,
        encode=demo_data.json_gz,
        flow_id="3f1c9a5e-8b27-4c64-9d0a-51e7b6f2c830",
        settings=('format = "json"', "manifest = true"),
        planted={7: Planted.MISSING},
    ),
    DemoDataset(
        id="64e0c0ffee0123456789ab03",
        name="Customer profiles",
        every_hours=24,
        at_hour=3,
        mode="full",
        extension="gz.parquet",
        parts=1,
        rows=demo_data.profiles,
        encode=demo_data.profile_parquet,
        planted={4: Planted.LATE, 10: Planted.DUPLICATE_WRITE},
    ),
    DemoDataset(
        id="64e0c0ffee0123456789ab04",
        name="Call centre",
        every_hours=24,
        at_hour=5,
        mode="full-then-incremental",
        extension="json.gz",
        parts=1,
        rows=demo_data.calls,
        encode=demo_data.json_gz,
        planted={3: Planted.TRUNCATED, 8: Planted.MARKERS},
    ),
)


@dataclass(frozen=True, slots=True)
class _Export:
    """One export to write: what it covers, what is wrong with it and where it goes."""

    dataset: DemoDataset
    span: Span
    planted: Planted | None
    folder: Path

    @property
    def landed_at(self) -> datetime:
        """When its last file lands."""
        delay = timedelta(hours=5) if self.planted is Planted.LATE else timedelta()
        return self.span.until + delay + timedelta(minutes=7, seconds=18)


def build_demo(folder: Path, now: datetime, seed: int = 7) -> Path:
    """Build the demo in `folder`/zone and return its landproof.toml, written beside the zone.

    `now` is aware; whole hours count. A demo that is there is built anew, without what was recorded of it. Raises
    UsageError where `folder` cannot be written, or holds a zone or settings that are not a demo's.
    """
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    try:
        return _build(folder, hour, seed)
    except OSError as error:
        raise UsageError(f"demo folder {folder}: cannot be written: {error.strerror}") from error


def _build(folder: Path, hour: datetime, seed: int) -> Path:
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    zone = folder.resolve() / "zone"
    settings = folder / "landproof.toml"
    settings.write_text(_settings(zone, hour), encoding="utf-8")
    for dataset in DATASETS:
        for export in _exports(dataset, zone, hour, seed):
            _write(export)
    left = zone / "_$azuretmpfolder$" / "stage-0"
    _put(left, b"", hour - timedelta(weeks=WEEKS))
    return settings


def _clear(folder: Path) -> None:
    """Remove an older demo and what was recorded of it; nothing that the demo did not make."""
    settings, zone = folder / "landproof.toml", folder / "zone"
    if not settings.exists() and not zone.exists():
        return
    if zone.is_symlink() or not settings.is_file() or not settings.read_bytes().startswith(_SIGNATURE.encode()):
        hint = "name an empty or new folder"
        raise UsageError(f"demo folder {folder}: expected nothing or an older demo, got other files", hint=hint)
    for path in (zone, *folder.glob("landproof.*")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _due(dataset: DemoDataset, now: datetime) -> list[datetime]:
    """Return the moments an export was due in the last weeks, oldest first; the newest is at least an hour ago."""
    step = timedelta(hours=dataset.every_hours)
    first = (now - timedelta(weeks=WEEKS)).replace(hour=dataset.at_hour)
    first += step * (first < now - timedelta(weeks=WEEKS))
    return [first + step * number for number in range((now - timedelta(hours=1) - first) // step + 1)]


def _exports(dataset: DemoDataset, zone: Path, now: datetime, seed: int) -> Iterator[_Export]:
    """Yield the exports to write, oldest first; one after a missing export covers its time too."""
    due = _due(dataset, now)
    since = due[0]
    for number, until in enumerate(due):
        planted = dataset.planted.get(len(due) - 1 - number)
        if planted is Planted.MISSING:
            continue
        dice = random.Random(f"{seed} {dataset.id} {until.isoformat()}")
        folder = zone / dataset.id / f"exportTime={until:%Y%m%d%H%M}"
        yield _Export(dataset, Span(since, until, dice, number == 0), planted, folder)
        since = until


def _write(export: _Export) -> None:
    rows = export.dataset.rows(export.span)
    count = export.dataset.parts
    files = [export.dataset.encode(rows[number::count]) for number in range(count)]
    names = _names(export, count)
    listed = {name: len(data) for name, data in zip(names, files, strict=True)}
    if export.planted is Planted.CORRUPT_PAGE:
        files[1] = demo_data.with_flipped_bit(files[1])
    elif export.planted is Planted.TRUNCATED:
        files[0] = files[0][: len(files[0]) * 2 // 3]
    elif export.planted is Planted.INCOMPLETE:
        del files[-1]
    elif export.planted is Planted.DUPLICATE_WRITE:
        names += _names(export, count)
        files += files
    elif export.planted is Planted.MARKERS:
        _write_markers(export)
    for number, (name, data) in enumerate(zip(names, files, strict=False)):
        _put(export.folder / name, data, export.landed_at - timedelta(seconds=20 * (len(files) - 1 - number)))
    if export.dataset.flow_id is not None:
        _write_manifest(export, export.dataset.flow_id, listed)


def _names(export: _Export, count: int) -> list[str]:
    """Return the part names of one write, which share a tid and a uuid."""
    dice = export.span.dice
    tid, task = dice.randrange(10**18, 9 * 10**18), dice.randrange(100_000, 900_000)
    write = f"tid-{tid}-{uuid.UUID(int=dice.getrandbits(128), version=4)}"
    return [f"part-{number:05d}-{write}-{task + number}-1-c000.{export.dataset.extension}" for number in range(count)]


def _write_markers(export: _Export) -> None:
    tid = export.span.dice.randrange(10**18, 9 * 10**18)
    for name in (f"_started_{tid}", f"_committed_{tid}", "_SUCCESS"):
        _put(export.folder / name, b"", export.landed_at)


def _write_manifest(export: _Export, flow_id: str, listed: Mapping[str, int]) -> None:
    run_id = export.span.id()
    sink = f"/{export.dataset.id}/{export.folder.name}"
    document = {
        "flowRunId": run_id,
        "scheduledTime": f"{export.span.until:%Y-%m-%dT%H:%M:%SZ}",
        "exportResults": [{"sinkPath": sink, "name": name, "size": size} for name, size in listed.items()],
    }
    text = json.dumps(document, separators=(",", ":"))
    at = export.landed_at + timedelta(seconds=5)
    _put(export.folder / f"manifest-{flow_id}-{run_id}.json", text.encode(), at)


def _put(path: Path, data: bytes, modified_at: datetime) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (modified_at.timestamp(),) * 2)


def _settings(zone: Path, now: datetime) -> str:
    head = [
        f"{_SIGNATURE} Every key is explained in the project's documentation.",
        "[catalog]",
        'path = "landproof.duckdb"',
        "",
        f"[zones.{ZONE}]",
        f"url = {json.dumps(str(zone), ensure_ascii=False)}",
        "settle_minutes = 30",
    ]
    return "\n".join(head + [line for dataset in DATASETS for line in _dataset_settings(dataset, now)]) + "\n"


def _dataset_settings(dataset: DemoDataset, now: datetime) -> list[str]:
    return [
        "",
        "[[datasets]]",
        f'zone = "{ZONE}"',
        f'id = "{dataset.id}"',
        f'name = "{dataset.name}"',
        f'every = "{dataset.every_hours}h"',
        f'starts_at = "{_due(dataset, now)[0]:%Y-%m-%dT%H:%M:%SZ}"',
        'grace = "3h"',
        f'mode = "{dataset.mode}"',
        *dataset.settings,
    ]
