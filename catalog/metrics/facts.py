"""Gathers the facts that metrics are made of: from the catalog, from judging it, from the settings; names no metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from catalog.answers import Document, check_document
from catalog.check_formats.parts import Found, dataset_findings, slot_findings, watch_findings
from catalog.judging.values import Period
from catalog.metrics_values import Allowed, DatasetKey, Facts, JudgedFacts, RecordedFacts
from catalog.schedule import shift
from catalog.settings.loading import DatasetSettings, Settings
from catalog.store.database import Catalog
from catalog.store.metrics import last_nights, recorded_facts, recorded_names, zone_listings
from catalog.workflow import DEFAULT_PERIOD, Question, check, tool_version

_INTERVALS_ALLOWED = 2


def gather_facts(settings: Settings, catalog: Catalog, now: datetime) -> Facts:
    """Return the facts as of now. Raises `CatalogError` where the catalog cannot be read; records nothing."""
    configured = {(d.zone, d.id): d for d in settings.datasets}
    recorded = recorded_facts(catalog, [place for place, d in configured.items() if not d.allow_empty])
    keys = recorded_names(catalog) | {
        place: DatasetKey(*place, dataset.name or "") for place, dataset in configured.items()
    }
    question = Question(Period(shift(now, -DEFAULT_PERIOD), now))
    document = check_document(check(settings, catalog, question))
    return Facts(
        at=now,
        version=tool_version(),
        interval=settings.nightly.every,
        nights=last_nights(catalog),
        listed=zone_listings(catalog),
        recorded=_keyed(recorded, keys),
        judged=judged_facts(document, keys),
        allowed={keys[place]: _allowed(dataset, now) for place, dataset in configured.items()},
        findings=_levels(watch_findings(document), is_open=True),
    )


def judged_facts(document: Document, keys: Mapping[tuple[str, str], DatasetKey]) -> dict[DatasetKey, JudgedFacts]:
    """Return what the document of `check` says of each dataset."""
    judged = {}
    for dataset in document["datasets"]:
        place = (dataset["zone"], dataset["dataset_id"])
        found = [
            *dataset_findings(dataset),
            *(one for slot in dataset["slots"] for one in slot_findings(dataset, slot)),
        ]
        statuses = Counter(slot["status"] for slot in dataset["slots"])
        judged[keys.get(place, DatasetKey(*place))] = JudgedFacts(
            status=dataset["status"],
            slots={status: statuses[status] for status in document["counts"]},
            findings=_levels(found, is_open=True),
            accepted=_levels(found, is_open=False),
        )
    return judged


def _keyed(
    recorded: Mapping[tuple[str, str], RecordedFacts], keys: Mapping[tuple[str, str], DatasetKey]
) -> dict[DatasetKey, RecordedFacts]:
    return {keys.get(place, DatasetKey(*place)): facts for place, facts in recorded.items()}


def _levels(found: Iterable[Found], *, is_open: bool) -> dict[str, int]:
    return dict(Counter(one.finding["level"] for one in found if one.is_open is is_open))


def _allowed(dataset: DatasetSettings, now: datetime) -> Allowed:
    age, schedule = dataset.recovery_point, dataset.schedule()
    if age is None and schedule is not None and dataset.enabled and not dataset.encrypted and not schedule.ended(now):
        interval = schedule.interval_at(now)
        age = None if interval is None else _INTERVALS_ALLOWED * interval
    return Allowed(age, dataset.verify_every)
