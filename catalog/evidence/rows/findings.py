"""The rows of findings: each once, with when it was first and last seen, and what closed it; pure, and finds nothing.

Two findings are the same where code, path, place and what was there are; of several alike in one look, the first, the
second, … are each one.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catalog.accepting import Acceptance
from catalog.evidence.rows.snapshots import Entries
from catalog.evidence.rows.values import Row, stored_moment, told_moment
from catalog.store.codec import storable, to_json
from catalog.store.evidence_records import ZoneFound, ZoneLook
from catalog.store.evidence_snapshots import FoundRow, State
from verifier.model import Presence

_Key = tuple[str, str | None, str | None, str | None, int]


class Closing(NamedTuple):
    """When something was found no more, as text, and why."""

    at: str | None
    why: str


@dataclass(slots=True)
class _Life:
    """A finding through the looks at its snapshot: as last seen, and the places of its first and last look."""

    found: FoundRow
    first: int
    last: int


def snapshot_findings(
    states: Sequence[State], found: Iterable[FoundRow], entries: Entries, accepted: Sequence[Acceptance]
) -> list[Row]:
    """Return the rows of all findings ever recorded of a snapshot; `accepted` are those that stand, of this snapshot.

    States are oldest first. In the order in which they were first seen, then as they were reported.
    """
    return [_row(life, states, entries, accepted) for life in _lives(states, found)]


def zone_findings(
    found: Iterable[ZoneFound],
    looks: Sequence[ZoneLook],
    entries: Mapping[str, int],
    accepted: Mapping[str, Sequence[Acceptance]],
) -> list[Row]:
    """Return the rows of what was found of zones, and of files in no snapshot; `entries` are those of scans by name.

    `looks` are all that ended, by zone and scope, in their turns; `accepted` what stands accepted of no snapshot,
    by zone.
    """
    by_scope: dict[tuple[str, str], list[ZoneLook]] = defaultdict(list)
    for look in looks:
        by_scope[look.zone, look.scope].append(look)
    rows = []
    for one in found:
        turns = by_scope[one.zone, one.scope]
        at = {look.scan_key: place for place, look in enumerate(turns)}
        if one.first not in at or one.last not in at:
            continue
        first, last = turns[at[one.first]], turns[at[one.last]]
        after = next((look for look in turns[at[one.last] + 1 :] if look.complete), None)
        seen: Row = {
            "first_seen_at": stored_moment(first.recorded_at),
            "last_seen_at": stored_moment(last.recorded_at),
            "first_entry": entries.get(first.about),
            "last_entry": entries.get(last.about),
        }
        closing = Closing(stored_moment(after.recorded_at), "looked again") if after else None
        for told in _of_zone(one):
            said = _acceptance(told, accepted.get(one.zone, ()))
            rows.append({**told, **seen, **_ending(closing or _by_word(said), said)})
    return rows


def _lives(states: Sequence[State], found: Iterable[FoundRow]) -> list[_Life]:
    by_look: dict[int, list[FoundRow]] = defaultdict(list)
    for one in found:
        by_look[one.scan_key].append(one)
    lives: dict[_Key, _Life] = {}
    for at, state in enumerate(states):
        alike: Counter[tuple[str, str | None, str | None, str | None]] = Counter()
        for one in by_look.get(state.scan_key, ()):
            same = (one.code, one.path, one.place, one.actual)
            life = lives.setdefault((*same, alike[same]), _Life(one, at, at))
            life.found, life.last = one, at
            alike[same] += 1
    return list(lives.values())


def _row(life: _Life, states: Sequence[State], entries: Entries, accepted: Sequence[Acceptance]) -> Row:
    found, first, last = life.found, states[life.first], states[life.last]
    row: Row = {
        "snapshot": last.id,
        "zone": last.zone,
        "code": found.code,
        "level": found.level,
        "path": found.path,
        "message": found.message,
        "expected": found.expected,
        "actual": found.actual,
        "count": found.occurrences,
        "place": json.loads(found.place) if found.place else None,
        "position": found.position,
        "first_seen_at": stored_moment(first.recorded_at),
        "last_seen_at": stored_moment(last.recorded_at),
        "first_entry": entries.of(first),
        "last_entry": entries.of(last),
    }
    said = _acceptance(row, accepted)
    return row | _ending(_closing(life, states, said), said)


def _ending(closing: Closing | None, accepted: Acceptance | None) -> Row:
    """Return the part of a row that tells what closed it."""
    return {
        "closed_at": closing.at if closing else None,
        "closure": closing.why if closing else None,
        "accepted": _said(accepted),
    }


def _by_word(accepted: Acceptance | None) -> Closing | None:
    return Closing(told_moment(accepted.accepted.at), "accepted") if accepted else None


def _closing(life: _Life, states: Sequence[State], accepted: Acceptance | None) -> Closing | None:
    """Tell what ended a finding; of what is gone with its snapshot, that it is."""
    gone = _gone_from(states)
    if life.last < len(states) - 1:
        after = states[life.last + 1]
        return Closing(stored_moment(after.recorded_at), _why(after))
    if accepted is not None:
        return _by_word(accepted)
    if gone is not None and life.first < gone:
        return Closing(stored_moment(states[gone].recorded_at), "snapshot gone")
    return None


def _why(after: State) -> str:
    if after.presence != Presence.PRESENT.value:
        return "snapshot gone"
    if after.files_read:
        return "read again"
    return "files changed" if after.files_changed else "judged again"


def _gone_from(states: Sequence[State]) -> int | None:
    """Return where the states begin in which the snapshot is gone, to the last one; None where it is there."""
    at = len(states)
    while at and states[at - 1].presence != Presence.PRESENT.value:
        at -= 1
    return at if at < len(states) else None


def _acceptance(row: Row, accepted: Sequence[Acceptance]) -> Acceptance | None:
    return next((one for one in accepted if _covers(one, row)), None)


def _covers(one: Acceptance, row: Row) -> bool:
    """Tell whether the finding of a row is what was accepted; texts of rows are as they are stored."""
    path, count = None if one.path is None else storable(one.path), row["count"]
    same = (one.code, one.actual, path) == (row["code"], row["actual"], row["path"])
    is_more = isinstance(count, int) and count > one.count
    return same and not is_more and json.loads(to_json(dict(one.where))) == (row["place"] or {})


def _said(accepted: Acceptance | None) -> Row | None:
    if accepted is None:
        return None
    said = accepted.accepted
    return {"by": said.by, "at": told_moment(said.at), "until": told_moment(said.until), "reason": said.reason}


def _of_zone(found: ZoneFound) -> list[Row]:
    own: Row = {"snapshot": None, "zone": found.zone, "path": found.path}
    if found.strays is None:
        place = json.loads(found.place) if found.place else None
        of_zone: Row = {
            "code": found.code, "level": found.level, "message": found.message, "expected": found.expected,
            "actual": found.actual, "count": found.occurrences, "place": place, "position": found.position,
        }  # fmt: skip
        return [own | of_zone]
    return [
        own
        | {name: one.get(name) for name in ("code", "level", "message", "expected", "actual", "count", "place")}
        | {"position": None}
        for one in json.loads(found.strays)
    ]
