"""The datasets whose slots a bundle tells of: those of the settings, and those that only the catalog remembers.

A schedule that was recorded and is in the settings no more is judged all the same: else leaving a dataset out of the
settings would leave it out of the evidence. Judges nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from catalog.evidence.asked import Asked
from catalog.settings.loading import DatasetSettings, Settings, ZoneSettings
from verifier.errors import UsageError

_SCHEDULE = re.compile(
    r"(?:every (?P<every>\S+) from (?P<from>\S+)|cron (?P<cron>.+?)(?: from (?P<since>\S+))?|once at (?P<at>\S+))"
    r"(?: until (?P<until>\S+))?, grace (?P<grace>\S+)"
)


@dataclass(frozen=True, slots=True)
class Promised:
    """Settings with just what is to be judged, all settings so judged, and the datasets that only the catalog knows."""

    settings: Settings
    as_judged: Settings
    remembered: frozenset[tuple[str, str]]


def promised(
    settings: Settings,
    asked: Asked,
    recorded: Iterable[tuple[str, str, str | None, str]],
    zones: Mapping[str, tuple[str, str]],
) -> Promised:
    """Return what is to be judged; `recorded` are zone, dataset, name and schedule of all datasets that ever had one.

    `zones` are URL and kind of store of the recorded zones by name.
    """
    own = [d for d in settings.datasets if asked.covers(d.zone, d.id)]
    has = {(d.zone, d.id) for d in settings.datasets}
    found = [
        dataset
        for zone, dataset_id, name, schedule in recorded
        if (zone, dataset_id) not in has and asked.covers(zone, dataset_id)
        if (dataset := _remembered(zone, dataset_id, name, schedule))
    ]
    places = dict(settings.zones)
    for zone in {d.zone for d in found} - set(places):
        place = _place(*zones.get(zone, ("", "")))
        if place is None:
            found = [d for d in found if d.zone != zone]
        else:
            places[zone] = place
    chosen, every = (
        replace(settings, document=settings.document.model_copy(update={"datasets": (*some, *found), "zones": places}))
        for some in (own, settings.datasets)
    )
    return Promised(chosen, every, frozenset((d.zone, d.id) for d in found))


def _remembered(zone: str, dataset_id: str, name: str | None, schedule: str) -> DatasetSettings | None:
    """Return a dataset as its recorded schedule has it, None where it had none."""
    match = _SCHEDULE.fullmatch(schedule)
    if match is None:
        return None
    raw: dict[str, object] = {"zone": zone, "id": dataset_id, "name": name, "grace": match["grace"]}
    if match["cron"]:
        raw["cron"] = match["cron"]
    else:
        raw["every"] = match["every"] or "once"
    raw["starts_at"] = match["from"] or match["since"] or match["at"]
    raw["ends_at"] = match["until"]
    try:
        return DatasetSettings.model_validate({key: value for key, value in raw.items() if value is not None})
    except ValidationError:
        return None


def _place(url: str, kind: str) -> ZoneSettings | None:
    try:
        place = ZoneSettings.model_validate({"url": url, "kind": kind})
        place.location()
    except (ValidationError, UsageError):
        return None
    return place
