"""Landing zones of tiny valid files, thousands a second, for the benches of scale; measures nothing itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

PER_SNAPSHOT = 10
SNAPSHOTS_PER_DATASET = 100
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def build_zone(root: Path, files: int, per_snapshot: int = PER_SNAPSHOT) -> None:
    """Write so many NDJSON.gz files of one row each, no two alike, into hourly exports of datasets."""
    for number, folder in enumerate(_folders(root, files // per_snapshot)):
        folder.mkdir(parents=True)
        for part in range(per_snapshot):
            write_part(folder, number, part, number * per_snapshot + part)


def write_part(folder: Path, snapshot: int, part: int, row: int) -> None:
    """Write one part file under a name such as Adobe's writer gives it."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    data = packer.compress(b'{"_id":"%d"}\n' % row) + packer.flush()
    uuid = f"00000000-0000-4000-8000-{snapshot:012x}"
    name = f"part-{part:05}-tid-{snapshot}-{uuid}-{row}-1-c000.json.gz"
    with (folder / name).open("wb", buffering=0) as file:
        file.write(data)


def _folders(root: Path, snapshots: int) -> Iterator[Path]:
    for number in range(snapshots):
        dataset, hour = divmod(number, SNAPSHOTS_PER_DATASET)
        yield root / f"64e0c0ffee01234567{dataset:06x}" / f"exportTime={_FIRST + timedelta(hours=hour):%Y%m%d%H%M}"
