"""Write what recovery points and retention are judged from: every state that a chain may take, with its entry.

Only of datasets with an objective or a policy, and from the first export on, since a chain may begin long before the
period. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta

import msgspec

from catalog.evidence.asked import Asked
from catalog.evidence.report.recovery import ChainFacts, recovery_rows
from catalog.evidence.rows.values import Row
from catalog.evidence.sheets import Sheets
from catalog.rpo import RpoWish, facts_of
from catalog.schedule import shift
from catalog.settings.loading import Settings
from catalog.store.codec import storable
from catalog.store.database import Catalog
from catalog.store.evidence_ledger import snapshot_entries
from catalog.store.holds import list_holds

_INSTANT = timedelta(microseconds=1)
_Entries = Mapping[tuple[str, str], Sequence[tuple[int, str]]]


def write_recovery(settings: Settings, catalog: Catalog, asked: Asked, sheets: Sheets) -> None:
    """Write the rows of all datasets asked about that have an objective or a policy, by zone and id."""
    until, held = _end(asked), frozenset(hold.snapshot for hold in list_holds(catalog))
    for dataset in sorted(settings.datasets, key=lambda d: (d.zone, d.id)):
        objective = dataset.recovery_point
        has_either = objective is not None or dataset.retain is not None
        if not has_either or not asked.covers(dataset.zone, dataset.id) or asked.since >= until:
            continue
        wish = RpoWish(
            zone=dataset.zone,
            dataset_id=dataset.id,
            since=asked.since,
            until=until,
            objective=objective or timedelta(),
        )
        facts = facts_of(settings, catalog, wish, asked.judged_at)
        for row in _told(ChainFacts(facts, held, has_objective=objective is not None), catalog):
            if row["row"] == "state":
                sheets.name(row["entry"])
                sheets.not_in_ledger["recovery"] += row["entry"] is None
            sheets.add("recovery", (row,))


def _end(asked: Asked) -> datetime:
    """Return the end of the time, which is not in it: a date stands for all of its day."""
    is_day = asked.until.time() == time.max
    return min(shift(asked.until, _INSTANT) if is_day else asked.until, asked.judged_at)


def _told(chains: ChainFacts, catalog: Catalog) -> Iterator[Row]:
    with catalog.read() as connection:
        known = {
            moment: entry
            for zone, one in chains.facts.looks
            for moment, entry in snapshot_entries(connection, zone, one).items()
        }
    for row in recovery_rows(chains):
        stored = {key: storable(value) if isinstance(value, str) else value for key, value in row.items()}
        yield stored | {"entry": _entry(stored, known)} if row["row"] == "state" else stored


def _entry(row: Row, known: _Entries) -> int | None:
    """Return the entry of a state, None where there is none; one that says otherwise contradicts it, and is named."""
    found = known.get((str(row["place"]), str(row["recorded_at"])), ())
    return next((sequence for sequence, body in found if _agrees(row, body)), found[-1][0] if found else None)


def _agrees(row: Row, body: str) -> bool:
    facts = msgspec.json.decode(body)["facts"]
    return all(facts[key] == row[key] for key in facts.keys() & row.keys())
