"""What recovery points and retention are judged from, as rows of a bundle and back; judges nothing.

A chain may begin long before the period, so that the rows of the period's snapshots alone cannot tell. These rows hold
all that is judged by: `dataset` rows what was asked, `slot` rows what was promised, `look` rows when complete listings
began, `place` rows where a snapshot is as known now, `state` rows what was recorded of it there, in order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from catalog.answers import moment
from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot, Copy, Holding, Mode
from catalog.judging.rpo_values import Revision, RpoQuestion
from catalog.judging.values import SlotStatus
from catalog.rpo import Recorded, RpoFacts
from verifier.model import Depth, Presence, SnapshotId, Verdict

Row = Mapping[str, Any]
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What is known of all chains through a dataset, and which of its snapshots are on hold.

    Without an objective (`has_objective`) that of the facts means nothing.
    """

    facts: RpoFacts
    held: frozenset[SnapshotId] = frozenset()
    has_objective: bool = True


def recovery_rows(chains: ChainFacts) -> Iterator[dict[str, Any]]:
    """Yield all that one dataset is judged from as plain rows, without fractions.

    Moments are RFC 3339 in UTC, lengths whole milliseconds. The order of `state` rows of one place counts.
    """
    facts = chains.facts
    zone, dataset_id = facts.dataset
    question, chain = facts.question, facts.question.chain
    key: dict[str, Any] = {"zone": zone, "dataset_id": dataset_id}
    yield key | {
        "row": "dataset",
        "mode": chain.mode.value,
        "as_of": moment(chain.as_of),
        "depth": chain.depth.value,
        "allow_empty": chain.allow_empty,
        "flow_starts": [moment(at) for at in chain.flow_starts],
        "since": moment(question.since),
        "until": moment(question.until),
        "objective_ms": question.objective // _MILLISECOND if chains.has_objective else None,
        "grace_ms": question.grace // _MILLISECOND,
        "lifetime_ms": None if question.lifetime is None else question.lifetime // _MILLISECOND,
        "has_schedule": question.has_schedule,
    }
    for slot in facts.slots:
        told = {"due_at": moment(slot.due_at), "status": slot.status.value, "proven_empty": slot.is_proven_empty}
        yield key | {"row": "slot"} | told
    for (place_zone, place_dataset), moments in facts.looks.items():
        there = {"place_zone": place_zone, "place_dataset_id": place_dataset}
        yield from (key | there | {"row": "look", "started_at": moment(at)} for at in moments)
    for one in facts.recorded:
        yield from ({**key, **row} for row in _snapshot_rows(one, is_held=one.attempt.here.id in chains.held))


def _snapshot_rows(one: Recorded, *, is_held: bool) -> Iterator[dict[str, Any]]:
    attempt = one.attempt
    first, last = attempt.events or (None, None)
    own: dict[str, Any] = {
        "due_at": moment(attempt.due_at),
        "events_from": moment(first),
        "events_to": moment(last),
        "was_good": None,
    }
    places = [(attempt.here, own, one.here)]
    for copy, states in zip(attempt.copies, one.copies, strict=True):
        there: dict[str, Any] = {"due_at": None, "events_from": None, "events_to": None, "was_good": copy.was_good}
        places.append((copy.there, there, states))
    for holding, told, states in places:
        named = {"snapshot": str(attempt.here.id), "place": str(holding.id)}
        marks = {"accepted": holding.is_accepted, "held": is_held}
        yield named | _holding_row(holding) | told | marks | {"row": "place"}
        for state in states:
            at = {"recorded_at": moment(state.recorded_at), "listed_at": moment(state.listed_at)}
            landed = {"landed_at": moment(state.landed_at)}
            yield named | _holding_row(state.holding) | at | landed | {"row": "state"}


def _holding_row(holding: Holding) -> dict[str, Any]:
    return {
        "verdict": holding.verdict.value,
        "depth": holding.depth.value,
        "checked": holding.checked,
        "files": holding.files,
        "bytes": holding.bytes,
        "rows": holding.rows,
        "presence": holding.presence.value,
        "deleted_at": moment(holding.deleted_at),
    }


def facts_from(rows: Iterable[Row]) -> ChainFacts:
    """Return what the rows of one dataset tell. Raises KeyError or ValueError for other rows."""
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[row["row"]].append(row)
    (asked,) = by_kind["dataset"]
    own = (asked["zone"], asked["dataset_id"])
    looks: dict[tuple[str, str], list[datetime]] = {own: []}
    for row in by_kind["place"]:
        looks.setdefault(_snapshot_id(row["place"])[:2], [])
    for row in by_kind["look"]:
        looks.setdefault((row["place_zone"], row["place_dataset_id"]), []).append(_at(row["started_at"]))
    slots = (ChainSlot(_at(r["due_at"]), SlotStatus(r["status"]), r["proven_empty"]) for r in by_kind["slot"])
    moments = {dataset: tuple(found) for dataset, found in looks.items()}
    recorded = tuple(_recorded(by_kind["place"], by_kind["state"]))
    facts = RpoFacts(own, _question(asked, moments[own]), recorded, tuple(slots), moments)
    held = (SnapshotId(*_snapshot_id(row["snapshot"])) for row in by_kind["place"] if row["held"])
    return ChainFacts(facts, frozenset(held), asked["objective_ms"] is not None)


def _question(asked: Row, looks: tuple[datetime, ...]) -> RpoQuestion:
    as_of = _at(asked["as_of"])
    chain = ChainQuestion(
        mode=Mode(asked["mode"]),
        as_of=as_of,
        now=as_of,
        depth=Depth(asked["depth"]),
        allow_empty=asked["allow_empty"],
        flow_starts=tuple(_at(text) for text in asked["flow_starts"]),
    )
    lifetime = asked["lifetime_ms"]
    return RpoQuestion(
        chain=chain,
        since=_at(asked["since"]),
        until=_at(asked["until"]),
        objective=timedelta(milliseconds=asked["objective_ms"] or 0),
        looks=looks,
        grace=timedelta(milliseconds=asked["grace_ms"]),
        lifetime=None if lifetime is None else timedelta(milliseconds=lifetime),
        has_schedule=asked["has_schedule"],
    )


def _recorded(places: Iterable[Row], states: Iterable[Row]) -> Iterator[Recorded]:
    histories: dict[tuple[str, str], list[Revision]] = defaultdict(list)
    for row in states:
        landed_at = _at(row["landed_at"]) if row["landed_at"] else None
        revision = Revision(_holding(row), landed_at, _at(row["listed_at"]), _at(row["recorded_at"]))
        histories[row["snapshot"], row["place"]].append(revision)
    by_snapshot: dict[str, list[Row]] = defaultdict(list)
    for row in places:
        by_snapshot[row["snapshot"]].append(row)
    for snapshot, (here, *copies) in by_snapshot.items():
        first, last = here["events_from"], here["events_to"]
        attempt = Attempt(
            here=_holding(here),
            events=(_at(first), _at(last)) if first and last else None,
            due_at=_at(here["due_at"]) if here["due_at"] else None,
            copies=tuple(Copy(there=_holding(row), was_good=row["was_good"]) for row in copies),
        )
        own = tuple(histories[snapshot, here["place"]])
        yield Recorded(attempt, own, tuple(tuple(histories[snapshot, row["place"]]) for row in copies))


def _holding(row: Row) -> Holding:
    return Holding(
        id=SnapshotId(*_snapshot_id(row["place"])),
        verdict=Verdict(row["verdict"]),
        depth=Depth(row["depth"]),
        checked=row["checked"],
        files=row["files"],
        bytes=row["bytes"],
        rows=row["rows"],
        presence=Presence(row["presence"]),
        is_accepted=row.get("accepted", False),
        deleted_at=_at(row["deleted_at"]) if row["deleted_at"] else None,
    )


def _snapshot_id(text: str) -> tuple[str, str, str]:
    zone, dataset_id, export_time = text.rsplit("/", 2)
    return zone, dataset_id, export_time


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
