"""Judge every slot of a time as `check` does, add what was recorded beside; writes no file.

What the settings do not promise any more is told all the same: see `promised`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from catalog.accepting import Acceptance, Acceptances
from catalog.evidence.asked import Asked
from catalog.evidence.promised import Promised, promised
from catalog.evidence.rows.population import (
    Filled,
    Known,
    due_by_snapshot,
    judged_rows,
    recorded_row,
)
from catalog.evidence.rows.values import Row
from catalog.judging.values import DatasetJudgement, Period
from catalog.schedule import DEFAULT_GRACE
from catalog.settings.loading import Settings
from catalog.store.codec import restored, storable
from catalog.store.database import Catalog, Connection
from catalog.store.evidence_ledger import slot_entries
from catalog.store.evidence_records import RecordedSlot, recorded_slots
from catalog.store.known import known_snapshots, known_zones, recorded_kinds
from catalog.store.promises import last_schedules
from catalog.store.queries import dataset_names
from catalog.store.said import acceptances_at
from catalog.workflow import Question, check

_REMEMBERED = "not in the settings: by its schedule as last recorded"


@dataclass(frozen=True, slots=True)
class Slots:
    """Judged slots, those only recorded, what was accepted, and what by that the verdicts of snapshots are.

    Snapshots go by their ids as stored. `not_judged` are zone, id and reason of datasets without slots.
    """

    judged: tuple[DatasetJudgement, ...]
    recorded: tuple[RecordedSlot, ...]
    promised: Promised
    acceptances: Acceptances
    accepted_verdicts: Mapping[str, str]
    due: Mapping[str, str]
    recorded_datasets: frozenset[tuple[str, str]]
    not_judged: tuple[tuple[str, str, str], ...]

    @property
    def snapshots(self) -> set[str]:
        """The ids of all snapshots that fill a slot."""
        return set(self.due) | {one.snapshot for one in self.recorded if one.snapshot}

    @property
    def accepted_of_zones(self) -> dict[str, tuple[Acceptance, ...]]:
        """What is accepted, at the moment of judging, of what is in no snapshot, by zone as stored."""
        subjects = ((zone, some) for (zone, dataset, _), some in self.acceptances.by_subject.items() if dataset is None)
        return {storable(zone): tuple(filter(self.stands, some)) for zone, some in subjects}

    def stands(self, acceptance: Acceptance) -> bool:
        """Tell whether an acceptance stands at the moment of judging."""
        until = acceptance.accepted.until
        return until is None or self.acceptances.at < until


def judge_slots(settings: Settings, catalog: Catalog, asked: Asked) -> Slots:
    """Judge all slots due in the time asked about, up to the moment of judging."""
    recorded = [(z, d, one.name, one.schedule) for (z, d), one in sorted(last_schedules(catalog).items())]
    kinds, urls = recorded_kinds(catalog), known_zones(catalog)
    zones = {zone: (url, kinds[zone]) for zone, url in urls.items() if zone in kinds}
    one = promised(settings, asked, [(restored(z), restored(d), n, s) for z, d, n, s in recorded], zones)
    of_zones = frozenset(dataset.zone for dataset in one.settings.datasets)
    question = Question(Period(asked.since, asked.judged_at), of_zones)
    judged = tuple(sorted(check(one.settings, catalog, question).datasets, key=lambda d: (d.zone, d.dataset_id)))
    acceptances = acceptances_at(catalog, asked.judged_at)
    return Slots(
        judged=judged,
        recorded=_only_recorded(catalog, judged, asked),
        promised=one,
        acceptances=acceptances,
        accepted_verdicts=_accepted_verdicts(catalog, acceptances, asked),
        due=due_by_snapshot(judged),
        recorded_datasets=frozenset((zone, dataset) for zone, dataset, _ in dataset_names(catalog)),
        not_judged=tuple(_not_judged(settings, one, recorded, asked)),
    )


def population_rows(connection: Connection, slots: Slots, filled: Mapping[str, Filled], asked: Asked) -> Iterator[Row]:
    """Yield the rows of all slots, by zone, dataset and due time."""
    known = Known(filled, slot_entries(connection, asked.since, asked.judged_at))
    judged = {(storable(one.zone), storable(one.dataset_id)): one for one in slots.judged}
    recorded = defaultdict[tuple[str, str], list[RecordedSlot]](list)
    for slot in slots.recorded:
        recorded[slot.zone, slot.dataset_id].append(slot)
    for key in sorted(judged.keys() | recorded.keys()):
        rows = [recorded_row(slot, *_named(slots.promised.settings, slot), known) for slot in recorded.get(key, ())]
        if key in judged:
            rows += _judged(judged[key], slots, known)
        yield from sorted(rows, key=lambda row: str(row["due_at"]))


def _judged(dataset: DatasetJudgement, slots: Slots, known: Known) -> list[Row]:
    rows = judged_rows(dataset, known)
    if (dataset.zone, dataset.dataset_id) not in slots.promised.remembered:
        return rows
    return [row | {"reason": row["reason"] or _REMEMBERED} for row in rows]


def _only_recorded(catalog: Catalog, judged: tuple[DatasetJudgement, ...], asked: Asked) -> tuple[RecordedSlot, ...]:
    told = {(storable(d.zone), storable(d.dataset_id), slot.due_at) for d in judged for slot in d.slots}
    with catalog.read() as connection:
        recorded = recorded_slots(connection, asked.since, asked.judged_at)
    return tuple(
        one
        for one in recorded
        if (one.zone, one.dataset_id, one.due_at) not in told
        and asked.covers(restored(one.zone), restored(one.dataset_id))
    )


def _accepted_verdicts(catalog: Catalog, acceptances: Acceptances, asked: Asked) -> dict[str, str]:
    """Return the verdicts of the few snapshots of which findings were accepted."""
    pairs = {(zone, dataset) for zone, dataset, _ in acceptances.by_subject if dataset is not None}
    return {
        storable(str(report.id)): acceptances.applied(report).verdict.value
        for zone, dataset in sorted(pairs)
        if asked.covers(zone, dataset)
        for report in known_snapshots(catalog, zone, [dataset]).values()
    }


def _not_judged(
    settings: Settings, one: Promised, recorded: list[tuple[str, str, str | None, str]], asked: Asked
) -> list[tuple[str, str, str]]:
    """Return the datasets of which no slot is due, and why that is so."""
    found = []
    for dataset in one.settings.datasets:
        if not dataset.enabled:
            found.append((storable(dataset.zone), storable(dataset.id), "switched off in the settings"))
        elif dataset.schedule() is None:
            found.append((storable(dataset.zone), storable(dataset.id), "has no schedule in the settings"))
    known = {(storable(d.zone), storable(d.id)) for d in (*settings.datasets, *one.settings.datasets)}
    found += [
        (zone, dataset, f"not in the settings; its schedule was {schedule}")
        for zone, dataset, _, schedule in recorded
        if (zone, dataset) not in known and asked.covers(restored(zone), restored(dataset))
    ]
    return sorted(found)


def _named(settings: Settings, slot: RecordedSlot) -> tuple[str | None, timedelta]:
    dataset = settings.dataset(restored(slot.zone), restored(slot.dataset_id))
    return (None, DEFAULT_GRACE) if dataset is None else (dataset.name, dataset.grace)
