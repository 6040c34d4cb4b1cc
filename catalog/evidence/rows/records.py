"""The rows of scans, copies, restores, drills, tests and decisions: what ledger and catalog say of them; pure.

What only the ledger has is told like everything else, and so is what only the catalog has: neither hides the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from catalog.evidence.asked import Asked
from catalog.evidence.rows.values import Row, stored_moment
from catalog.ledger.canonical import canonical
from catalog.store.codec import restored
from catalog.store.evidence_ledger import Told
from catalog.store.evidence_records import Begun
from catalog.store.ledger_facts import Fact

DECISIONS = ("waiver", "acceptance", "gap-acceptance", "hold")
FILES = {"copies": "copy", "restores": "restore", "drills": "drill", "controls": "control-test"}
"""The kind of the rows in each file."""


@dataclass(frozen=True, slots=True)
class Record:
    """A fact as catalog, ledger or both have it; `entry` is None where the ledger does not have it so."""

    kind: str
    about: str
    facts: Row
    entry: int | None

    def row(self) -> Row:
        """Return it as a row."""
        return {**self.facts, "entry": self.entry}

    def moment(self, name: str) -> datetime | None:
        """Return one of its moments."""
        text = self.facts.get(name)
        return datetime.fromisoformat(text) if isinstance(text, str) else None


def matched(facts: Iterable[Fact], told: Sequence[Told]) -> list[Record]:
    """Bring together what the catalog's tables say and what the ledger says, each once, by kind, moment and subject."""
    open_entries: dict[bytes, list[int]] = defaultdict(list)
    said: dict[int, Record] = {}
    for one in told:
        body = msgspec.json.decode(one.body)["facts"]
        said[one.sequence] = Record(one.kind, one.about, body, one.sequence)
        open_entries[Fact.digest_of(one.kind, one.about, body)].append(one.sequence)
    records = []
    for fact in facts:
        entries = open_entries.get(fact.digest)
        entry = entries.pop(0) if entries else None
        if entry is not None:
            del said[entry]
        records.append(Record(fact.kind, fact.about, fact.facts, entry))
    return sorted([*records, *said.values()], key=_order)


def scan_rows(records: Iterable[Record], begun: Iterable[Begun], asked: Asked) -> list[Row]:
    """Return the rows of the scans that began in the time, in the order in which they did."""
    rows = [
        one.row() | {"state": "complete" if one.facts["complete"] else "incomplete"}
        for one in records
        if one.kind == "scan" and (at := one.moment("started_at")) and asked.is_in(at)
    ]
    rows += [_unfinished(one) for one in begun if one.state == "unfinished"]
    told = [row for row in rows if asked.covers_zone(restored(str(row["zone"])))]
    return sorted(told, key=lambda row: (str(row["started_at"]), str(row["scan_id"]), str(row["zone"])))


def record_rows(records: Iterable[Record], name: str, asked: Asked, snapshots: Collection[str]) -> list[Row]:
    """Return the rows of one of `FILES`: what ended in the time; of copies those of the snapshots, whenever."""
    kind = FILES[name]
    chosen = [one for one in records if one.kind == kind]
    if kind == "copy":
        chosen = [one for one in chosen if one.facts["source"] in snapshots or one.facts["target"] in snapshots]
    else:
        chosen = [one for one in chosen if _ended_in(one, asked) and _is_asked(one, asked)]
    return [one.row() for one in chosen]


def decision_rows(records: Iterable[Record], asked: Asked, snapshots: Collection[str]) -> list[Row]:
    """Return the rows of what was decided that touches the time, or one of its snapshots."""
    return [
        {**one.row(), "kind": one.kind}
        for one in records
        if one.kind in DECISIONS and _is_asked(one, asked) and _touches(one, asked, snapshots)
    ]


def _order(one: Record) -> tuple[str, str, str, bytes, int]:
    return (
        one.kind,
        str(one.facts.get("recorded_at")),
        one.about,
        canonical(one.facts),
        -1 if one.entry is None else one.entry,
    )


def _ended_in(one: Record, asked: Asked) -> bool:
    at = one.moment("finished_at") or one.moment("started_at")
    return at is not None and asked.is_in(at)


def _touches(one: Record, asked: Asked, snapshots: Collection[str]) -> bool:
    if one.kind == "waiver":
        first, last = one.moment("starts_at"), one.moment("ends_at")
        return first is not None and last is not None and first <= asked.until and last >= asked.since
    if one.kind == "gap-acceptance":
        moments = (one.moment("due_at"), one.moment("accepted_at"))
    else:
        moments = (one.moment("said_at"), None)
    return one.about in snapshots or any(at is not None and asked.is_in(at) for at in moments)


def _is_asked(one: Record, asked: Asked) -> bool:
    """Tell whether it is about a dataset, or at least the zone, that is asked about."""
    zone, dataset = one.facts.get("zone"), one.facts.get("dataset_id")
    if not isinstance(zone, str):
        zone, dataset = str(one.facts["snapshot"]).split("/")[:2]
    if not isinstance(dataset, str):
        return asked.covers_zone(restored(zone))
    return asked.covers(restored(zone), restored(dataset))


def _unfinished(one: Begun) -> Row:
    return {
        "recorded_at": None,
        "scan_id": one.scan_id,
        "zone": one.zone,
        "url": one.url,
        "kind": one.kind,
        "depth": one.depth,
        "scope": one.scope,
        "started_at": stored_moment(one.started_at),
        "finished_at": None,
        "complete": None,
        "suspect": None,
        "counts": None,
        "error_kind": None,
        "requests": None,
        "endpoint": one.endpoint,
        "identity": one.identity,
        "run_by": one.run_by,
        "settings": one.settings,
        "tool_version": one.tool_version,
        "state": one.state,
        "entry": None,
    }
