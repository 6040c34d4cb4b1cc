"""Gather what goes into a bundle's `data/` from catalog and settings, row by row; packs and signs nothing.

`gather(settings, catalog, asked, folder)` writes the files into `folder / "data"`, the layout of an unpacked bundle, so
that `Contents(folder)` gives their rows as `Contents(bundle.zip)` does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from catalog.evidence.asked import Asked
from catalog.evidence.contents import DATA, LISTS, Contents, Row
from catalog.evidence.gather.ledger import Proved, write_ledger
from catalog.evidence.gather.population import Slots, judge_slots, population_rows
from catalog.evidence.gather.records import write_records
from catalog.evidence.gather.recovery import write_recovery
from catalog.evidence.gather.snapshots import SnapshotGathering
from catalog.evidence.rows.settings import settings_plain
from catalog.evidence.rows.values import told_moment
from catalog.evidence.sheets import Sheets
from catalog.ledger.canonical import Plain, canonical
from catalog.settings.loading import Settings
from catalog.store.codec import storable
from catalog.store.database import Catalog
from catalog.store.evidence_scope import Scope, choose, copied, reading

SCHEMA = "landproof/audit-bundle/1"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was gathered: the folder above `data/`, and what bundle.json says of it."""

    folder: Path
    bundle: Row

    @property
    def data(self) -> Path:
        """The folder of the files themselves."""
        return self.folder / DATA

    @property
    def contents(self) -> Contents:
        """The rows that were written."""
        return Contents(self.folder)


def gather(settings: Settings, catalog: Catalog, asked: Asked, folder: Path) -> Gathered:
    """Write all files of `data/` below a folder that is there, and return what they come to.

    Everything is read from a copy of the catalog, made in that folder in one moment and removed in the end. Raises
    `CatalogError` where there is no catalog, or where what is told is to be proved and no checkpoint covers it.
    """
    data = folder / DATA
    data.mkdir()
    with copied(catalog, folder) as copy, Sheets(data) as sheets:
        slots = judge_slots(settings, copy, asked)
        said = canonical(settings_plain(slots.promised.as_judged))
        (data / "settings.json").write_bytes(said)
        write_recovery(slots.promised.as_judged, copy, asked, sheets)
        proved, verdicts = _write(copy, slots, asked, sheets)
    bundle = _bundle(asked, catalog, proved) | {
        "datasets": _datasets(asked, slots),
        "not_judged": [list(one) for one in slots.not_judged],
        "remembered": [storable(f"{zone}/{one}") for zone, one in sorted(slots.promised.remembered)],
        "settings_sha256": sha256(said).hexdigest(),
        "counts": _counts(sheets, verdicts),
        "only_in_ledger": sheets.only_in_ledger,
        "not_in_ledger": {name: count for name, count in sheets.not_in_ledger.items() if count},
    }
    (data / "bundle.json").write_bytes(canonical(bundle))
    return Gathered(folder, bundle)


def _write(copy: Catalog, slots: Slots, asked: Asked, sheets: Sheets) -> tuple[Proved, Counter[str]]:
    with reading(copy) as connection:
        scope = Scope(asked.since, asked.until, asked.datasets, asked.zone, slots.snapshots)
        choose(connection, scope)
        snapshots = SnapshotGathering(connection, slots, asked, sheets)
        snapshots.write()
        write_records(connection, asked, snapshots.ids, slots, sheets)
        sheets.add_population(population_rows(connection, slots, snapshots.filled, asked))
        return write_ledger(connection, asked, sheets), snapshots.verdicts


def _counts(sheets: Sheets, verdicts: Counter[str]) -> Row:
    """Return the numbers of rows, of slots by status and of snapshots by verdict."""
    rows: Row = {name: sheets.counts[name] for name in LISTS}
    return {
        **rows,
        "population": sum(sheets.slots.values()),
        "slots": dict(sheets.slots),
        "verdicts": dict(verdicts),
    }


def _datasets(asked: Asked, slots: Slots) -> list[Plain] | None:
    """Return the datasets asked about, None for all; of a zone all that are known in it."""
    if asked.datasets is None and asked.zone is None:
        return None
    known = {(d.zone, d.id) for d in slots.promised.as_judged.datasets} | slots.recorded_datasets
    named = asked.datasets if asked.datasets is not None else [one for one in known if asked.covers(*one)]
    return [storable(f"{zone}/{one}") for zone, one in sorted(named)]


def _bundle(asked: Asked, catalog: Catalog, proved: Proved) -> Row:
    previous = asked.previous
    return {
        "schema": SCHEMA,
        "period_from": told_moment(asked.since),
        "period_to": told_moment(asked.until),
        "judged_at": told_moment(asked.judged_at),
        "known_at": told_moment(catalog.known_at),
        "zone": None if asked.zone is None else storable(asked.zone),
        "origin": proved.origin,
        "checkpoint": proved.checkpoint,
        "previous": previous and {"origin": previous.origin, "size": previous.size, "root": previous.root.hex()},
        "tool_version": asked.tool_version,
    }
