"""Datasets that the settings have no more: judged by the schedule that was recorded of them, as the settings had it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.evidence.asked import Asked
from catalog.evidence.promised import Promised, promised
from catalog.settings.loading import Settings, load_settings

NOW = datetime(2026, 9, 20, tzinfo=UTC)
ZONES = {"zone": ("s3://bucket/exports", "s3"), "old": ("file:///somewhere", "local")}
SCHEDULES = (
    'every = "24h"\nstarts_at = "2026-09-01T01:00:00Z"',
    'every = "3h"\nstarts_at = "2026-09-01T01:00:00Z"\nends_at = "2026-12-01T00:00:00Z"\ngrace = "90m"',
    'every = "once"\nstarts_at = "2026-09-01T01:00:00Z"',
    'cron = "0 1 * * 1-5"',
    'cron = "0 1 1 * *"\nstarts_at = "2026-09-01T01:00:00Z"\nends_at = "2027-01-01T00:00:00Z"',
)


def settings(folder: Path, *tables: str) -> Settings:
    path = folder / "landproof.toml"
    path.write_text("\n".join(('[zones.zone]\nurl = "s3://bucket/exports"', *tables)), encoding="utf-8")
    return load_settings(path, {})


def table(dataset: str, schedule: str) -> str:
    return f'[[datasets]]\nzone = "zone"\nid = "{dataset}"\n{schedule}\n'


def of(own: Settings, *recorded: tuple[str, str, str | None, str], zone: str | None = None) -> Promised:
    asked = Asked(since=NOW, until=NOW, judged_at=NOW, tool_version="1", zone=zone)
    return promised(own, asked, recorded, ZONES)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_recorded_schedule_is_the_one_that_was_in_the_settings(tmp_path: Path, schedule: str) -> None:
    was = settings(tmp_path, table("a", schedule)).datasets[0].schedule()
    assert was is not None
    found = of(settings(tmp_path), ("zone", "a", "Name", was.describe()))
    (dataset,) = found.settings.datasets
    assert (dataset.schedule(), dataset.name, found.remembered) == (was, "Name", {("zone", "a")})
    assert found.as_judged.datasets == found.settings.datasets


def test_one_that_the_settings_have_is_as_they_have_it(tmp_path: Path) -> None:
    own = settings(tmp_path, table("a", SCHEDULES[0]))
    found = of(own, ("zone", "a", None, "every 3h from 2026-09-01T01:00:00Z, grace 3h"))
    assert (found.settings.datasets, found.remembered) == (own.datasets, frozenset())


def test_one_of_a_zone_that_the_settings_have_no_more_brings_its_zone(tmp_path: Path) -> None:
    found = of(settings(tmp_path), ("old", "a", None, "every 3h from 2026-09-01T01:00:00Z, grace 3h"))
    assert [d.zone for d in found.settings.datasets] == ["old"]
    assert found.settings.zones["old"].url == "file:///somewhere"


@pytest.mark.parametrize("schedule", ["none", "every full moon, grace 3h", ""])
def test_one_that_never_had_a_schedule_has_no_slots(tmp_path: Path, schedule: str) -> None:
    assert of(settings(tmp_path), ("zone", "a", None, schedule)).remembered == frozenset()


def test_what_was_not_asked_about_is_not_judged_but_stays_in_the_settings(tmp_path: Path) -> None:
    own = settings(tmp_path, table("a", SCHEDULES[0]))
    found = of(own, ("old", "b", None, "every 3h from 2026-09-01T01:00:00Z, grace 3h"), zone="old")
    assert [d.id for d in found.settings.datasets] == ["b"]
    assert [d.id for d in found.as_judged.datasets] == ["a", "b"]
