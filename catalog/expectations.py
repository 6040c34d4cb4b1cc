"""What a scan expects of each dataset: the settings where they speak, else the habits seen; judges nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from catalog.run import Run
from catalog.settings import DatasetSettings, ZoneSettings
from catalog.targets import Target
from verifier.expectation import Expectation
from verifier.model import SnapshotId, SnapshotReport
from verifier.scan import Group, Key

_DEFAULT_QUIET = timedelta(minutes=30)
_HABIT_NEEDS = 2


@dataclass(slots=True)
class Habits:
    """Which snapshots of each dataset have a manifest, by what was listed now or recorded before."""

    _with: dict[str, dict[str, bool]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[Group], known: Mapping[Key, SnapshotReport]) -> Habits:
        """Collect the habits of a zone."""
        habits = cls()
        for (dataset_id, export_time), report in known.items():
            habits._with.setdefault(dataset_id, {})[export_time] = report.manifest is not None
        for group in groups:
            if group.files:
                of_dataset = habits._with.setdefault(group.id.dataset_id, {})
                of_dataset[group.id.export_time] = bool(group.manifests) or of_dataset.get(group.id.export_time, False)
        habits._counts = {dataset_id: sum(has.values()) for dataset_id, has in habits._with.items()}
        return habits

    def has_manifests(self, snapshot: SnapshotId) -> bool:
        """Tell whether at least two other snapshots of the dataset, and three of four of them, have a manifest."""
        of_dataset = self._with.get(snapshot.dataset_id, {})
        itself = of_dataset.get(snapshot.export_time)
        others = len(of_dataset) - (itself is not None)
        count = self._counts.get(snapshot.dataset_id, 0) - bool(itself)
        return count >= _HABIT_NEEDS and count * 4 >= others * 3


class Expectations:
    """Gives the expectation of any snapshot of one zone."""

    def __init__(self, run: Run, target: Target, quiet: timedelta, habits: Habits) -> None:
        settings = run.settings
        self._quiet, self._habits, self._levels = quiet, habits, settings.levels
        self._lifetime = target.lifetime
        self._datasets = {d.id: (d, d.schedule()) for d in settings.datasets if d.zone == target.zone}
        self._shared = f"{run.tool_version} {settings.limits()} {sorted(settings.levels.items())}"

    def of(self, snapshot: SnapshotId) -> Expectation:
        """Return what is expected of one snapshot."""
        habit = self._habits.has_manifests(snapshot) or None
        common = Expectation(
            manifest=habit,
            quiet=self._quiet,
            lifetime=self._lifetime,
            levels=self._levels,
        )
        if snapshot.dataset_id not in self._datasets:
            return common
        dataset, schedule = self._datasets[snapshot.dataset_id]
        return replace(
            common,
            format=dataset.format,
            compressed=dataset.compressed,
            manifest=habit if dataset.manifest is None else dataset.manifest,
            allow_empty=dataset.allow_empty,
            is_incremental=_says_incremental(dataset),
            interval=schedule.interval_at(snapshot.export_at) if schedule else None,
        )

    def basis(self, snapshot: SnapshotId) -> str:
        """Return a digest of everything a settled snapshot is judged by, the program included."""
        what = replace(self.of(snapshot), quiet=timedelta(), levels={})
        return hashlib.blake2b(f"{self._shared} {what}".encode(), digest_size=16).hexdigest()


def quiet_time(zone: ZoneSettings | None, settle_minutes: int | None) -> timedelta:
    """Return how long nothing may have changed: as asked for, else as the zone's settings say."""
    if settle_minutes is not None:
        return timedelta(minutes=settle_minutes)
    return zone.quiet if zone else _DEFAULT_QUIET


def _says_incremental(dataset: DatasetSettings) -> bool:
    """Only where the mode is written down: a default is no knowledge."""
    return "mode" in dataset.model_fields_set and dataset.mode == "full-then-incremental"
