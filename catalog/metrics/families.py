"""The metrics of the watch: their names, what they say, and their samples from the facts; looks nothing up itself.

A metric whose fact is not known is absent: never a zero, which would look like an answer. Moments are given as such, in
seconds since 1970, so that an age is `time() - METRIC` and goes on growing when the watch is dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from catalog.check_formats.parts import visible
from catalog.metrics_values import Allowed, DatasetKey, Facts, JudgedFacts, RecordedFacts

Value = float | datetime | timedelta | None
Samples = Mapping[tuple[str, ...], Value]

_STATUSES = ("ok", "degraded", "failing", "unknown")
_LEVELS = ("error", "warn", "info")
_RECORDED: tuple[tuple[str, str, Callable[[RecordedFacts], Value]], ...] = (
    (
        "newest_good_timestamp_seconds",
        "Export time of the newest good snapshot that is there.",
        lambda facts: facts.newest_good_at,
    ),
    (
        "newest_good_size_bytes",
        "Size of the newest good snapshot.",
        lambda facts: facts.newest_good_bytes,
    ),
    (
        "newest_good_rows",
        "Rows of the newest good snapshot.",
        lambda facts: facts.newest_good_rows,
    ),
    (
        "unread_since_timestamp_seconds",
        "Since when the data file that was read longest ago was not read in full.",
        lambda facts: facts.unread_since,
    ),
    ("never_read_files", "Data files that were never read in full.", lambda facts: facts.never_read),
)
_ALLOWED: tuple[tuple[str, str, Callable[[Allowed], Value]], ...] = (
    (
        "allowed_age_seconds",
        "How old the newest good snapshot may be: recovery_point, or two intervals of the schedule.",
        lambda allowed: allowed.age,
    ),
    ("allowed_unread_seconds", "How long a file may go unread: verify_every.", lambda allowed: allowed.unread),
)
_JUDGED: tuple[tuple[str, str, str, Callable[[JudgedFacts], Mapping[str, int]]], ...] = (
    (
        "status",
        "status",
        "1 for what the slots and findings of the dataset come to, else 0.",
        lambda judged: {word: int(judged.status == word) for word in _STATUSES},
    ),
    ("slots", "status", "Promised exports of the last 35 days by what became of them.", lambda judged: judged.slots),
    ("findings", "level", "Findings of the dataset that are open.", lambda judged: _by_level(judged.findings)),
    (
        "accepted_findings",
        "level",
        "Findings of the dataset that were accepted.",
        lambda judged: _by_level(judged.accepted),
    ),
)


def registry_of(facts: Facts) -> CollectorRegistry:
    """Return a registry of its own that tells these facts and nothing else."""
    registry = CollectorRegistry()
    registry.register(_Facts(facts))
    return registry


def exposition(facts: Facts) -> bytes:
    """Return the facts in the text format of Prometheus."""
    return generate_latest(registry_of(facts))


class _Facts(Collector):
    """Gives the families of some facts; those without a sample are left out."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        """Yield the families that have samples."""
        facts = self._facts
        yield InfoMetricFamily("landproof_build", "The program that tells this.", {"version": facts.version})
        for family in (*_watch(facts), *_nights(facts), *_datasets(facts)):
            if family.samples:
                yield family


def _watch(facts: Facts) -> Iterator[Metric]:
    listed: Samples = {(zone,): began for zone, began in facts.listed.items()}
    open_ones: Samples = {(level,): count for level, count in _by_level(facts.findings).items()}
    yield _one("landproof_facts_timestamp_seconds", "When these metrics were computed.", facts.at)
    yield _family(
        "landproof_zone_last_listing_timestamp_seconds",
        "When the newest complete and trusted listing of the zone began.",
        ("zone",),
        listed,
    )
    yield _family("landproof_watch_findings", "Open findings that are about no dataset.", ("level",), open_ones)


def _nights(facts: Facts) -> Iterator[Metric]:
    last, success = facts.nights.last, facts.nights.last_success
    expected = "How often a nightly run is expected to end."
    yield _one("landproof_night_expected_interval_seconds", expected, facts.interval)
    if last:
        took = last.finished_at - last.started_at
        yield _one("landproof_night_last_start_timestamp_seconds", "When the last run began.", last.started_at)
        yield _one("landproof_night_last_end_timestamp_seconds", "When the last run ended.", last.finished_at)
        yield _one("landproof_night_last_duration_seconds", "How long the last run took.", took)
        yield _one("landproof_night_last_exit_status", "What the last run exited with.", last.exit_status)
        found: Samples = {("error",): last.errors, ("warn",): last.warnings}
        yield _family("landproof_night_last_findings", "Open findings at the end of the last run.", ("level",), found)
    if success:
        looked = "When the last run ended that could look at everything, whatever it found."
        yield _one("landproof_night_last_success_timestamp_seconds", looked, success.finished_at)


def _datasets(facts: Facts) -> Iterator[Metric]:
    for name, text, recorded_value in _RECORDED:
        yield _of_datasets(name, text, {key: recorded_value(one) for key, one in facts.recorded.items()})
    for name, text, allowed_value in _ALLOWED:
        yield _of_datasets(name, text, {key: allowed_value(one) for key, one in facts.allowed.items()})
    snapshots = {key: recorded.snapshots for key, recorded in facts.recorded.items()}
    yield _counts("snapshots", "verdict", "Snapshots that are there, by verdict.", snapshots)
    for name, label, text, counted in _JUDGED:
        yield _counts(name, label, text, {key: counted(judged) for key, judged in facts.judged.items()})


def _of_datasets(name: str, text: str, values: Mapping[DatasetKey, Value]) -> Metric:
    samples: Samples = {_labels(key): value for key, value in values.items()}
    return _family(f"landproof_dataset_{name}", text, ("zone", "dataset", "name"), samples)


def _counts(name: str, label: str, text: str, counts: Mapping[DatasetKey, Mapping[str, int]]) -> Metric:
    samples: Samples = {(*_labels(key), word): number for key, one in counts.items() for word, number in one.items()}
    return _family(f"landproof_dataset_{name}", text, ("zone", "dataset", "name", label), samples)


def _by_level(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {level: counts.get(level, 0) for level in _LEVELS}


def _labels(key: DatasetKey) -> tuple[str, str, str]:
    return key.zone, key.dataset_id, key.name


def _one(name: str, text: str, value: Value) -> Metric:
    return _family(name, text, (), {(): value})


def _family(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    unit = name.rpartition("_")[2]
    family = GaugeMetricFamily(name, text, labels=labels, unit=unit if unit in ("seconds", "bytes") else "")
    for values, value in samples.items():
        if value is not None:
            family.add_metric([visible(text) for text in values], _number(value))
    return family


def _number(value: float | datetime | timedelta) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
