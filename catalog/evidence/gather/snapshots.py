"""Write the rows of snapshots, their files and findings, some thousand snapshots at a time; makes up no row itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from catalog.accepting import Acceptance
from catalog.evidence.asked import Asked
from catalog.evidence.gather.population import Slots
from catalog.evidence.rows.findings import snapshot_findings
from catalog.evidence.rows.population import Filled
from catalog.evidence.rows.snapshots import (
    Entries,
    Standing,
    entries_of,
    file_row,
    only_told_row,
    snapshot_row,
)
from catalog.evidence.rows.values import told_moment
from catalog.evidence.sheets import Sheets
from catalog.store import evidence_snapshots as recorded
from catalog.store.codec import restored
from catalog.store.database import Connection
from catalog.store.evidence_ledger import Told, of_block, snapshots_only_told
from catalog.store.evidence_scope import blocks
from catalog.store.evidence_snapshots import FoundRow, Reads, State
from verifier.layout import parse_export_time


class SnapshotGathering:
    """Writes all snapshots of the table `chosen`; then has their ids, their verdicts, and those that fill slots."""

    def __init__(self, connection: Connection, slots: Slots, asked: Asked, sheets: Sheets) -> None:
        self._connection, self._slots, self._asked, self._sheets = connection, slots, asked, sheets
        self._wanted = slots.snapshots
        self.ids: set[str] = set()
        self.filled: dict[str, Filled] = {}
        self.verdicts: Counter[str] = Counter()

    def write(self) -> None:
        """Write the rows, block by block, and at last those of snapshots that only the ledger has."""
        for _ in blocks(self._connection):
            self._write_block()
            self._sheets.add("files", map(file_row, recorded.files(self._connection)))
        for told in snapshots_only_told(self._connection):
            self._write_only_told(told)

    def _write_block(self) -> None:
        told, reads = of_block(self._connection), recorded.reads(self._connection)
        found = defaultdict[int, list[FoundRow]](list)
        for one in recorded.found(self._connection):
            found[one.n].append(one)
        for states in _by_snapshot(recorded.states(self._connection)):
            now = states[-1]
            entries = entries_of(told.get(now.id, ()))
            self._write_snapshot(states, entries, reads.get(now.snapshot_key, Reads(0, None)))
            rows = snapshot_findings(states, found.get(now.n, ()), entries, self._acceptances(now.id))
            self._sheets.not_in_ledger["findings"] += sum(1 for row in rows if row["last_entry"] is None)
            self._sheets.add("findings", rows)

    def _write_snapshot(self, states: list[State], entries: Entries, reads: Reads) -> None:
        now = states[-1]
        standing = Standing(
            due_at=self._slots.due.get(now.id),
            accepted_verdict=self._slots.accepted_verdicts.get(now.id),
            reads=reads,
        )
        row = snapshot_row(states, entries, standing)
        self._sheets.add_stated("snapshots", (row,))
        self.ids.add(now.id)
        self.verdicts[now.verdict] += 1
        if now.id in self._wanted:
            landed_at, entry = row["landed_at"], row["entry"]
            self.filled[now.id] = Filled(
                depth=now.depth,
                coverage=str(row["coverage"]),
                presence=now.presence,
                landed_at=landed_at if isinstance(landed_at, str) else None,
                entry=entry if isinstance(entry, int) else None,
            )

    def _write_only_told(self, told: Told) -> None:
        zone, dataset_id, digits = restored(told.about).split("/")
        export_at = parse_export_time(digits)
        if export_at is None or not self._asked.is_in(export_at) or not self._asked.covers(zone, dataset_id):
            return
        row = only_told_row(told, str(told_moment(export_at)))
        self._sheets.add_stated("snapshots", (row,))
        self._sheets.only_in_ledger += 1
        self.ids.add(told.about)
        self.verdicts[str(row["verdict"])] += 1

    def _acceptances(self, snapshot: str) -> tuple[Acceptance, ...]:
        """Return what is accepted of a snapshot at the moment of judging."""
        zone, dataset_id, digits = restored(snapshot).split("/")
        some = self._slots.acceptances.by_subject.get((zone, dataset_id, digits), ())
        return tuple(filter(self._slots.stands, some))


def _by_snapshot(states: Iterable[State]) -> Iterator[list[State]]:
    for _, some in groupby(states, key=attrgetter("n")):
        yield list(some)
