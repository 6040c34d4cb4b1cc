"""What a scan expects of each dataset: the settings where they speak, else the habits seen; judges nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta

from catalog.scans.run import Run
from catalog.settings.loading import DatasetSettings, ZoneSettings
from catalog.targets import Target
from verifier.expectation import Expectation, SizeAlarm
from verifier.formats.pgp_process import describe_keys
from verifier.groups import Groups, Key
from verifier.model import SnapshotId

_DEFAULT_QUIET = timedelta(minutes=30)
_HABIT_NEEDS = 2


@dataclass(slots=True)
class Habits:
    """Which snapshots of each dataset have a manifest, by what was listed now or recorded before."""

    _with: dict[str, dict[str, bool]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def recorded(self, key: Key, *, has_manifest: bool) -> None:
        """Take in what is recorded of a snapshot."""
        self._with.setdefault(key[0], {})[key[1]] = has_manifest
        self._counts[key[0]] = self._counts.get(key[0], 0) + has_manifest

    def listed(self, groups: Groups) -> None:
        """Take in what a listing shows, after all that is recorded: a manifest seen once counts as seen."""
        for key in groups:
            sums = groups.sums(key)
            if sums.own_files:
                known = self._with.get(key[0], {}).get(key[1], False)
                if not known:
                    self.recorded(key, has_manifest=sums.manifests > 0)

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
        self._made: dict[tuple[str | None, bool | None, timedelta | None], tuple[Expectation, str]] = {}
        self._shared = f"{run.tool_version} {settings.limits()} {sorted(settings.levels.items())}"
        if keys := settings.pgp_keys():
            self._shared += f" {[key.id for key in describe_keys(keys) if key.is_usable]}"

    def of(self, snapshot: SnapshotId) -> Expectation:
        """Return what is expected of one snapshot."""
        return self._terms(snapshot)[0]

    def basis(self, snapshot: SnapshotId) -> str:
        """Return a digest of everything a settled snapshot is judged by, the program included."""
        return self._terms(snapshot)[1]

    def _terms(self, snapshot: SnapshotId) -> tuple[Expectation, str]:
        """Return expectation and basis: made once for all snapshots of which the same is expected."""
        habit = self._habits.has_manifests(snapshot) or None
        dataset, schedule = self._datasets.get(snapshot.dataset_id, (None, None))
        interval = schedule.interval_at(snapshot.export_at) if schedule else None
        key = (snapshot.dataset_id if dataset else None, habit, interval)
        if key not in self._made:
            made = self._expectation(dataset, habit=habit, interval=interval)
            what = replace(made, quiet=timedelta(), levels={})
            self._made[key] = (made, hashlib.blake2b(f"{self._shared} {what}".encode(), digest_size=16).hexdigest())
        return self._made[key]

    def _expectation(
        self, dataset: DatasetSettings | None, *, habit: bool | None, interval: timedelta | None
    ) -> Expectation:
        common = Expectation(manifest=habit, quiet=self._quiet, lifetime=self._lifetime, levels=self._levels)
        if dataset is None:
            return common
        return replace(
            common,
            format=dataset.format,
            compressed=dataset.compressed,
            manifest=habit if dataset.manifest is None else dataset.manifest,
            allow_empty=dataset.allow_empty,
            is_incremental=_says_incremental(dataset),
            interval=interval,
            size_alarm=SizeAlarm(dataset.size_alarm),
        )


def quiet_time(zone: ZoneSettings | None, settle_minutes: int | None) -> timedelta:
    """Return how long nothing may have changed: as asked for, else as the zone's settings say."""
    if settle_minutes is not None:
        return timedelta(minutes=settle_minutes)
    return zone.quiet if zone else _DEFAULT_QUIET


def _says_incremental(dataset: DatasetSettings) -> bool:
    """Only where the mode is written down: a default is no knowledge."""
    return "mode" in dataset.model_fields_set and dataset.mode == "full-then-incremental"
