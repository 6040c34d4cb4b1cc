"""A watched zone in which everything happened that a bundle tells of, and bundles of it; asserts nothing."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, daily, digits, some_json

from catalog.evidence.contents import Contents
from fixtures.content import json_part

GAMMA = "64e0cccc0000000000000003"
DELTA = "64e0dddd0000000000000004"
DAYS = 8
"""Slots of each daily dataset, the last one a day ago."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The zone, when its slots were due, and the moment up to which everything happened."""

    zone: Zone
    first: datetime
    until: datetime

    def due(self, day: int) -> datetime:
        """Return when the slot of a day was due."""
        return self.first + timedelta(days=day)

    def export_time(self, day: int) -> str:
        """Return the export time of a day in digits."""
        return digits(self.due(day))

    @property
    def period(self) -> tuple[str, ...]:
        """The options that ask for all of it."""
        return "--from", text(self.first), "--to", text(self.until)

    def bundle(self, name: str, *words: object, period: tuple[str, ...] | None = None) -> Answer:
        """Write a bundle beside the zone."""
        return self.zone.run("audit", "bundle", *(period or self.period), "--out", self.path(name), *words)

    def path(self, name: str) -> Path:
        """Return where a bundle of this name is."""
        return self.zone.folder / f"{name}.zip"

    def contents(self, name: str) -> Contents:
        """Return what is in a bundle."""
        return Contents(self.path(name))


def text(at: datetime) -> str:
    """Write a moment as documents do."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def beginning() -> datetime:
    """Return when the first slot of a zone is due that is made now."""
    return datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)


def watched(folder: Path, *, key: bool = True) -> Evidence:
    """Make a zone with all that can happen to exports, scanned several times, copied, drilled, decided upon.

    ALPHA, day by day: good; late; missing; waived; corrupt and mended; corrupt and accepted; gone; good. BETA: good at
    first, then the settings have it no more. GAMMA is in a zone that nobody ever looked at. DELTA has no schedule.
    """
    made = Evidence(Zone(folder), beginning(), beginning())
    zone, own = made.zone, made.export_time
    settings = _settings(made)
    zone.settings(*settings, _daily(made, BETA, 'name = "Orders"'))
    if key:
        landproof("keys", "new", "--config", zone.config)
    for day in (0, 1, 4, 5, 6, 7):
        zone.export(ALPHA, own(day), 2, landed=made.due(day) + timedelta(hours=5 if day == 1 else 1))
    for day in range(3):
        zone.export(BETA, own(day), landed=made.due(day) + timedelta(hours=1))
    zone.export(DELTA, own(2), landed=made.due(2))
    zone.put("stray.bin", b"of nobody")
    kept = _broken(zone, f"{ALPHA}/exportTime={own(4)}", f"{ALPHA}/exportTime={own(5)}")
    zone.scan()
    zone.run("check")
    _decide(made, kept)
    zone.settings(*settings)
    zone.scan("--reverify", "all", "--accept-vanished")
    zone.run("check")
    return Evidence(zone, made.first, datetime.now(UTC))


def _settings(made: Evidence) -> tuple[str, ...]:
    other = f'[zones.other]\nurl = "{made.zone.folder / "other"}"\n'
    return (
        _daily(made, ALPHA, 'name = "Web events"', 'recovery_point = "30h"'),
        other,
        _daily(made, GAMMA, zone="other"),
        f'[[datasets]]\nzone = "zone"\nid = "{DELTA}"\nname = "On demand"\n',
    )


def _daily(made: Evidence, dataset: str, *lines: str, zone: str = "zone") -> str:
    return daily(dataset, *lines, f'ends_at = "{text(made.due(DAYS))}"', zone=zone, starts_at=text(made.first))


def _broken(zone: Zone, *folders: str) -> dict[Path, bytes]:
    """Break a file of some exports, and return what it was before."""
    kept = {}
    for folder in folders:
        kept[zone.file(folder)] = zone.file(folder).read_bytes()
        zone.put(f"{folder}/{json_part(0)}", some_json() + b"behind")
    return kept


def _decide(made: Evidence, kept: dict[Path, bytes]) -> None:
    zone, own = made.zone, made.export_time
    waived = text(made.due(3))
    zone.run("waive", "Web events", "--from", waived, "--to", waived, "--reason", "planned move")
    accepted = f"zone/{ALPHA}/{own(5)}"
    zone.run("accept", accepted, "--code", "gzip.trailing-garbage", "--reason", "known since the move")
    zone.run("accept", "stray.bin", "--code", "layout.stray-file", "--reason", "of the partner")
    zone.run("copy", f"zone/{ALPHA}/{own(0)}", "--to", zone.folder / "safe", "--workers", 0)
    scratch = zone.folder / "scratch"
    scratch.mkdir()
    zone.run("drill", BETA, "--as-of", text(made.due(2)), "--workers", 0, "--scratch", scratch)
    path, whole = next(iter(kept.items()))
    path.write_bytes(whole)
    shutil.rmtree(zone.root / f"{ALPHA}/exportTime={own(6)}")
