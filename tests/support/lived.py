"""A zone to which everything happens that is recorded, with a copy of its catalog after each step; asserts nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from support.landproof import Answer
from support.zones import ALPHA, BETA, Zone, daily, digits

from catalog.store.database import Catalog
from fixtures.content import json_part

DAY = timedelta(days=1)
FIRST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 6 * DAY
CODES = ("--code", "gzip.trailing-garbage", "--code", "file.changed")
DAMAGED = f"zone/{ALPHA}/{digits(FIRST)}"


def now() -> datetime:
    """Return now."""
    return datetime.now(UTC)


def written(at: datetime) -> str:
    """Write a moment as documents do."""
    return at.isoformat().replace("+00:00", "Z")


def digest(file: Path) -> str:
    """Return the SHA-256 of a file, nothing where there is none."""
    return sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def new_zone(folder: Path) -> Zone:
    """A zone of two daily datasets; what comes is for the test to say."""
    zone = Zone(folder)
    starts = FIRST.isoformat()
    wishes = ('recovery_point = "30h"', 'verify_every = "7d"', 'drill_every = "30d"', "min_good_copies = 2")
    zone.settings(daily(ALPHA, 'name = "Web events"', *wishes, starts_at=starts), daily(BETA, starts_at=starts))
    return zone


def export(zone: Zone, day: int) -> None:
    """Let an export of each dataset land."""
    at = FIRST + day * DAY
    for dataset, files in ((ALPHA, 2), (BETA, 1)):
        zone.export(dataset, digits(at), files, landed=at + DAY / 100)


def damage(zone: Zone) -> None:
    """Put something behind the end of a file of the first export."""
    folder = f"{ALPHA}/exportTime={digits(FIRST)}"
    zone.put(f"{folder}/{json_part(0)}", zone.file(folder).read_bytes() + b"behind", FIRST + DAY / 50)


# What changes files is followed by a scan.
CHANGES: Mapping[str, Callable[[Zone], object]] = {
    "export": lambda zone: export(zone, 0),
    "export again": lambda zone: export(zone, 1),
    "damage": damage,
    "remove": lambda zone: zone.remove(f"{BETA}/exportTime={digits(FIRST)}"),
}
QUIETLY = ["--workers", 0]
WORDS: Mapping[str, Sequence[object]] = {
    "read again": ["scan", "--reverify", "all", *QUIETLY],
    "check": ["check"],
    "waive": ["waive", f"zone/{ALPHA}", "--from", FIRST + DAY, "--to", FIRST + 2 * DAY, "--reason", "moving house"],
    "go on": ["waive", f"zone/{ALPHA}", "--lift"],
    "accept": ["accept", DAMAGED, *CODES, "--reason", "known"],
    "refuse": ["accept", DAMAGED, *CODES, "--lift"],
    "copy": ["copy", DAMAGED, "--to", "elsewhere", *QUIETLY],
    "restore": ["restore", "run", f"zone/{ALPHA}", "--to", "restored", "--accept-gaps", "--workers", 1],
    "drill": ["drill", f"zone/{ALPHA}"],
}


def step(zone: Zone, name: str) -> Answer:
    """Let something happen to a zone and its catalog."""
    if name in CHANGES:
        CHANGES[name](zone)
        return zone.scan()
    return zone.run(*(zone.folder / w if w in ("elsewhere", "restored") else w for w in WORDS[name]))


STEPS = (
    *("export", "check", "waive", "damage", "accept", "copy", "export again", "read again"),
    *("restore", "refuse", "remove", "drill", "go on", "check"),
)


@dataclass(frozen=True, slots=True)
class Then:
    """A copy of the catalog, made after a step and before the next."""

    after: datetime
    before: datetime
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Lived:
    """A zone to which all steps have happened, and what its catalog was after each."""

    zone: Zone
    copies: Sequence[Then]

    @property
    def catalog(self) -> Catalog:
        """The catalog now."""
        return Catalog(self.zone.catalog)

    def after(self, name: str) -> Then:
        """Return what was after the first step of a name."""
        return self.copies[STEPS.index(name)]


def live(folder: Path) -> Lived:
    """Let all steps happen. Raises AssertionError for one that fails or is not recorded."""
    zone, copies = new_zone(folder / "life"), list[Then]()
    for number, name in enumerate(STEPS):
        before = digest(zone.catalog)
        if step(zone, name).status not in (0, 1, 2) or digest(zone.catalog) == before:
            raise AssertionError(f"expected that {name} is recorded")
        after, copy = now(), folder / f"{number}.duckdb"
        shutil.copy(zone.catalog, copy)
        copies.append(Then(after, now(), Catalog(copy)))
    return Lived(zone, copies)
