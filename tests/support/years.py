"""A catalog as a company has after years, with settings; `python -m tests.support.years FOLDER` makes one to look at.

200 datasets over three years in five zones, as scans, checks, people and drills record them. The bytes of its exports
exist nowhere, and what was recorded in bulk is in no segment. The same for the same `now` and seed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from catalog.judging.values import Period
from catalog.sealing import Occasion, Sealing, seal
from catalog.settings.loading import load_settings
from catalog.shelving import segments_of
from catalog.store.codec import columns_digest, columns_text
from catalog.store.database import Catalog, Connection
from catalog.store.ledger import Telling, tell_all
from catalog.workflow import DEFAULT_PERIOD, Question, check, tool_version

from . import years_disk, years_life, years_sql
from .years_plan import KINDS, ZONES, Dataset, Plan, all_columns, settings_text

DISK_DAYS = 20
_ROOT, _ERRORS_FOUND = Path(__file__).resolve().parents[2], 2
LAST_NIGHT = timedelta(minutes=50)
"""How long before the end the last night began."""
_ENDPOINTS = {
    "cja": ("s3.eu-central-1.amazonaws.com:443", "AKIAACMEEXPORTS00001"),
    "lake": ("acmelake.dfs.core.windows.net:443", "acmelake"),
    "partners": ("sftp.acme.example:22", "landproof"),
    "landing-zone": ("sndbxdtlnd.blob.core.windows.net:443", "sv=2026"),
    "archive": ("s3.eu-central-1.amazonaws.com:443", "AKIAACMEARCHIVE00001"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """What was made: a folder with a catalog and settings, which datasets it has, and the moment at which it ends."""

    folder: Path
    now: datetime
    datasets: tuple[Dataset, ...]

    @property
    def config(self) -> Path:
        """The settings."""
        return self.folder / "landproof.toml"

    @property
    def catalog(self) -> Path:
        """The catalog's file."""
        return self.folder / "landproof.duckdb"

    def troubled(self, trouble: str) -> Dataset:
        """Return the first dataset with that trouble."""
        return next(one for one in self.datasets if one.trouble == trouble)


def build_years(folder: Path, plan: Plan) -> Years:
    """Make the catalog and its settings in a folder; half a minute at full size."""
    folder.mkdir(parents=True, exist_ok=True)
    years = Years(folder=folder, now=plan.now, datasets=tuple(plan.all_datasets()))
    text = settings_text(plan) + years_disk.settings_text(folder, plan.now, DISK_DAYS)
    years.config.write_text(text, encoding="utf-8")
    with Catalog(years.catalog).write() as connection:
        connection.execute("SET memory_limit = '2GB'; SET threads = 2")
        fill(connection, plan, years.datasets)
        years_life.live(connection, plan, years.datasets)
    _finish(years)
    return years


def _finish(years: Years) -> None:
    """Tell everything in the ledger, scan the zone that has files, judge everything, make a checkpoint."""
    settings, version = load_settings(years.config, {}), tool_version()
    catalog = Catalog(settings.catalog_path, segments=segments_of(settings, None))
    tell_all(Catalog(years.catalog), Telling(years.now - timedelta(minutes=3), version))
    years_disk.write(years.folder, years.now, DISK_DAYS)
    words = ("scan", years_disk.DISK, "--config", str(years.config), "--workers", "0", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "catalog.cli.main", *words], cwd=_ROOT, capture_output=True, check=False
    )
    if done.returncode != _ERRORS_FOUND:  # one export is corrupt
        raise AssertionError(f"scan of {years_disk.DISK}: got status {done.returncode}: {done.stderr.decode()}")
    at = datetime.now(UTC)
    check(settings, catalog, Question(Period(at - DEFAULT_PERIOD, at), records=True))
    seal(catalog, Sealing(), Occasion(at=at, entry_id="years", tool_version=version))


def fill(connection: Connection, plan: Plan, datasets: Sequence[Dataset]) -> None:
    """Insert all rows of a plan."""
    zones = [*plan.zones, "archive"]
    connection.register("incoming_zones", _rows([
        {"z": z, "zone": zone, "url": ZONES[zone], "kind": KINDS[zone],
         "endpoint": _ENDPOINTS[zone][0], "identity": _ENDPOINTS[zone][1]}
        for z, zone in enumerate(zones)
    ]))  # fmt: skip
    connection.register("incoming_datasets", _rows([_traits(one) for one in datasets]))
    texts = [(number, version, columns_text(columns)) for number, version, columns in all_columns()]
    connection.register("incoming_sets", _rows([
        {"column_set": number, "version": version, "digest": columns_digest(text), "columns": text}
        for number, version, text in texts
    ]))  # fmt: skip
    names: dict[str, object] = {
        "seed": plan.seed, "begins": _stored(plan.begins), "now": _stored(plan.now), "days": plan.days,
        "last_night": _stored(plan.now - LAST_NIGHT), "zone_count": len(zones), "archive": ZONES["archive"],
    }  # fmt: skip
    names |= {name: text.format() for name, text in
              (("bad", years_sql.BAD), ("unread", years_sql.UNREAD), ("sealed", years_sql.SEALED))}  # fmt: skip
    for step in years_sql.STEPS:
        connection.execute(step.format(**names))


def _traits(one: Dataset) -> dict[str, object]:
    first, second, third = one.changes
    row = asdict(one) | {"d": one.number, "dataset_id": one.id, "title": one.name}
    row |= {"change1": first, "change2": second, "change3": third}
    return {name: value for name, value in row.items() if name not in ("number", "id", "name", "changes")}


def _rows(rows: Sequence[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows))


def _stored(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def main() -> int:
    """Build one in a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--days", type=int, default=1095)
    asked = parser.parse_args()
    began = perf_counter()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    years = build_years(asked.folder, Plan(now=now, datasets=asked.datasets, days=asked.days))
    size = years.catalog.stat().st_size / 1e6
    sys.stdout.write(f"{years.catalog}: {size:.0f} MB in {perf_counter() - began:.0f} s, up to {now:%Y-%m-%dT%H:%MZ}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
