"""What people ask of a catalog of years, as the program asks it, and what about: snapshots drawn by lot."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta

from bench.catalog_builder import ZONE, Plan
from catalog.questions.difference import difference
from catalog.store.chains import known_exports
from catalog.store.contents import get_contents
from catalog.store.database import OPTIONS, Catalog, Connection
from catalog.store.history import path_history, snapshot_history
from catalog.store.queries import SnapshotFilter, get_snapshot, list_files, list_snapshots
from catalog.store.search import Search, find_all
from verifier.model import SnapshotId

_OPEN, _PREFIX = 100, 1000


@dataclass(frozen=True, slots=True)
class Open(Catalog):
    """A catalog whose file is open already, as in a service: every question gets a cursor of that connection."""

    connection: Connection | None = None

    @contextmanager
    def read(self, options: Mapping[str, str] = OPTIONS) -> Iterator[Connection]:
        """Yield a cursor; its options are those of the open file."""
        assert self.connection is not None, f"expected an open file, got none; options {options}"
        with closing(self.connection.cursor()) as cursor:
            yield cursor


@dataclass(frozen=True, slots=True)
class Subject:
    """What one run of a question is about, drawn anew each time: a snapshot, one of its dataset, and a file of it."""

    catalog: Catalog
    snapshot: SnapshotId
    neighbour: SnapshotId
    path: str
    sha256: str

    def rows(self, query: str, *values: object) -> Sequence[object]:
        """Return the answer to plain SQL, all of it."""
        with self.catalog.read() as connection:
            return connection.execute(query, list(values)).fetchall()


def draw(catalog: Catalog, plan: Plan, dice: random.Random) -> Subject:
    """Return a snapshot of the built ones and one of its files."""
    while True:
        dataset, night = dice.randrange(plan.datasets), dice.randrange(1, plan.days)
        before, here = (SnapshotId(ZONE, plan.dataset_id(dataset), plan.export_time(n)) for n in (night - 1, night))
        found = list_files(catalog, here)
        if found and list_files(catalog, before):
            chosen = dice.choice(found).known.report
            return Subject(catalog, here, before, chosen.file.path, chosen.content.sha256 or "")


def questions() -> dict[str, tuple[float, Callable[[Subject], object]]]:
    """Return what is asked, by name, with the milliseconds that nineteen in twenty answers may take."""
    year = timedelta(days=365)

    def missing(one: Subject) -> object:
        start = one.snapshot.export_at.astimezone(UTC).replace(tzinfo=None)
        query = (
            "SELECT dataset_id, due_at FROM slots WHERE status = 'missing' AND due_at >= ? AND due_at < ? ORDER BY ALL"
        )
        return one.rows(query, start, start + year)

    def calendar(one: Subject) -> object:
        query = "SELECT due_at, status, verdict FROM slots WHERE zone = ? AND dataset_id = ? ORDER BY due_at"
        return one.rows(query, ZONE, one.snapshot.dataset_id)

    def chain(one: Subject) -> object:
        return known_exports(one.catalog, ZONE, one.snapshot.dataset_id, {})

    def differ(one: Subject) -> object:
        before, after = get_contents(one.catalog, one.neighbour, one.snapshot)
        assert before is not None, f"expected {one.neighbour} in the catalog, got nothing"
        assert after is not None, f"expected {one.snapshot} in the catalog, got nothing"
        return difference(before, after)

    def find(text: Callable[[Subject], str]) -> Callable[[Subject], object]:
        return lambda one: find_all(one.catalog, Search(text=text(one)))

    def latest_good(one: Subject) -> object:
        return list_snapshots(one.catalog, SnapshotFilter(latest_good=True))

    return {
        "latest good snapshot of each dataset": (_OPEN, latest_good),
        "all exports of a dataset, for a chain": (_OPEN, chain),
        "missing exports of a year": (_OPEN, missing),
        "calendar of a dataset": (_OPEN, calendar),
        "a snapshot by its id": (_OPEN, lambda one: get_snapshot(one.catalog, one.snapshot)),
        "files of a snapshot": (_OPEN, lambda one: list_files(one.catalog, one.snapshot)),
        "history of a snapshot": (_OPEN, lambda one: snapshot_history(one.catalog, one.snapshot)),
        "history of a path": (_OPEN, lambda one: path_history(one.catalog, one.path)),
        "difference of two snapshots": (_OPEN, differ),
        "search by id": (_OPEN, find(lambda one: str(one.snapshot))),
        "search by the beginning of a path": (_PREFIX, find(lambda one: one.path[:42])),
        "search by name": (_OPEN, find(lambda one: f"Dataset {int(one.snapshot.dataset_id[-6:], 16)}")),
        "search by digest": (_OPEN, find(lambda one: one.sha256)),
    }
