"""Hold a ledger against itself and against the tables it tells of: every entry that is not what it was is named."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from catalog.ledger.merkle import Peaks
from catalog.store.database import Connection
from catalog.store.ledger import leaves, untold_moments
from catalog.store.ledger_facts import Fact, facts_of, root_as_told

_MOST_MOMENTS = 64
_MOST_NAMED = 100
# What is wrong with single entries, and the sequences of those; each is asked for all entries of one ledger at once.
_SINGLE: tuple[tuple[str, str], ...] = (
    ("is there more than once", "SELECT sequence FROM own GROUP BY sequence HAVING count(*) > 1"),
    (
        "was altered: its hash is another",
        "SELECT sequence FROM own WHERE leaf <> unhex(sha256('\\x00'::BLOB || encode(body)))",
    ),
    (
        "stands in another place than it says of itself",
        "SELECT sequence FROM own WHERE json_valid(body) AND (body->>'$.sequence') IS DISTINCT FROM sequence::VARCHAR",
    ),
    (
        "says otherwise than the columns beside it",
        """SELECT sequence FROM own WHERE NOT json_valid(body) OR (body->>'$.kind') IS DISTINCT FROM kind
           OR (body->>'$.about') IS DISTINCT FROM about
           OR TRY_CAST(body->>'$.facts.recorded_at' AS TIMESTAMP) IS DISTINCT FROM recorded_at""",
    ),
)
_GAPS = """
SELECT before + 1, sequence - 1 FROM (
    SELECT sequence, coalesce(lag(sequence) OVER (ORDER BY sequence), -1) AS before
    FROM (SELECT DISTINCT sequence FROM own))
WHERE sequence > before + 1 ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong, in words; the entries that it is about from `first` to `last`, None where it is about none."""

    message: str
    first: int | None = None
    last: int | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Grown:
    """A ledger's entries, gone through: how many, what is wrong with them, and, where nothing is, roots by size."""

    size: int
    roots: dict[int, bytes]
    flaws: tuple[Flaw, ...]


def go_through(connection: Connection, origin: str, sizes: Sequence[int]) -> Grown:
    """Go through all entries of a ledger: each is there once, in its place, unaltered, as far as it can tell alone."""
    connection.execute("CREATE OR REPLACE TEMP VIEW own AS FROM ledger_entry WHERE origin = getvariable('origin')")
    connection.execute("SET VARIABLE origin = ?", [origin])
    flaws = [
        Flaw(f"entry {sequence} {what}", sequence, sequence)
        for what, query in _SINGLE
        for (sequence,) in connection.execute(f"{query} ORDER BY 1 LIMIT {_MOST_NAMED}").fetchall()
    ]
    flaws += [_missing(first, last) for first, last in connection.execute(_GAPS).fetchall()]
    last = connection.execute("SELECT max(sequence) FROM own").fetchall()[0][0]
    heads = _heads(connection, origin)
    wanted, size = sorted({*sizes, *heads}), 0 if last is None else last + 1
    if wanted and wanted[-1] > size:
        flaws.append(_missing(size, wanted[-1] - 1))
    if flaws:  # which say more than any root
        return Grown(size, {}, tuple(flaws))
    peaks, roots, believed = Peaks(), dict[int, bytes](), 0
    stream = leaves(connection, origin)
    for at in wanted:
        peaks = peaks.append(islice(stream, at - peaks.size))
        roots[at] = peaks.root
        if at in heads:
            if heads[at] != peaks.hashes and not flaws:
                flaws.append(Flaw(f"of the entries {believed} to {at - 1} one was altered", believed, at - 1))
            believed = at
    return Grown(size, roots, tuple(flaws))


def _heads(connection: Connection, origin: str) -> dict[int, tuple[bytes, ...]]:
    """Return what a ledger grew on from, by its size then, as it was noted."""
    rows = connection.execute("SELECT size, peaks FROM ledger_head WHERE origin = ? ORDER BY appended_at", [origin])
    return {size: tuple(bytes.fromhex(one) for one in json.loads(text)) for size, text in rows.fetchall()}


def check_facts(connection: Connection, origin: str) -> Iterator[Flaw | int]:
    """Yield what the tables tell otherwise than the entries, and how many facts were compared after each portion."""
    connection.execute("SET VARIABLE origin = ?", [origin])
    told = connection.execute("SELECT DISTINCT recorded_at FROM ledger_entry WHERE origin = ? ORDER BY 1", [origin])
    moments = [row[0] for row in told.fetchall()]
    for start in range(0, len(moments), _MOST_MOMENTS):
        yield from _compare(connection, origin, moments[start : start + _MOST_MOMENTS])
    for moment in untold_moments(connection):
        for fact in facts_of(connection, [moment]):
            yield Flaw(
                f"{fact.kind} {fact.about} is recorded as of {_shown(moment)}, and no entry tells of it",
                about=fact.about,
            )


def kept_bodies(connection: Connection, origin: str) -> dict[int, list[str]]:
    """Return the bodies of all entries of a ledger as they are kept, by sequence."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = connection.execute("SELECT sequence, body FROM ledger_entry WHERE origin = ?", [origin])
    for sequence, body in rows.fetchall():
        found[sequence].append(body)
    return found


def _missing(first: int, last: int) -> Flaw:
    what = f"entry {first} is missing" if first == last else f"the entries {first} to {last} are missing"
    return Flaw(what, first, last)


def _compare(connection: Connection, origin: str, moments: Sequence[datetime]) -> Iterator[Flaw | int]:
    recorded = {fact.digest: fact for fact in facts_of(connection, moments)}
    entries = connection.execute(
        """SELECT sequence, body FROM ledger_entry SEMI JOIN ledger_moment USING (recorded_at)
           WHERE origin = ? ORDER BY 1""",
        [origin],
    ).fetchall()
    left, matched = [], set[bytes]()
    for sequence, text in entries:
        body = _body(text)
        if body is None:
            continue
        digest = Fact.digest_of(body["kind"], body["about"], body["facts"])
        if recorded.pop(digest, None):
            matched.add(digest)
        elif digest not in matched:  # else it is there twice, which is told already
            left.append((sequence, body))
    others = {(f.kind, f.about, f.facts["recorded_at"]): f for f in recorded.values()}
    for sequence, body in left:
        fact = others.pop((body["kind"], body["about"], body["facts"].get("recorded_at")), None)
        if fact is None or not _is_told_rightly(connection, origin, sequence, body, fact):
            yield _difference(sequence, body, fact)
    for fact in others.values():
        message = f"{fact.kind} {fact.about} is recorded as of {fact.facts['recorded_at']}, and no entry tells of it"
        yield Flaw(message, about=fact.about)
    yield len(matched)


def _is_told_rightly(connection: Connection, origin: str, sequence: int, body: dict[str, Any], fact: Fact) -> bool:
    """Tell whether an entry differs only since another machine's look at the same files was taken in after it."""
    if fact.kind != "snapshot" or _changed(body, fact) - {"files_root", "manifest_sha256"}:
        return False
    rows = connection.execute(
        """SELECT DISTINCT body->>'$.facts.scan' FROM ledger_entry
           WHERE origin = ? AND kind = 'snapshot' AND about = ? AND sequence <= ?""",
        [origin, fact.about, sequence],
    ).fetchall()
    return root_as_told(connection, fact, [row[0] for row in rows]) == str(body["facts"]["files_root"])


def _difference(sequence: int, body: dict[str, Any], fact: Fact | None) -> Flaw:
    kind, about = body["kind"], body["about"]
    if fact is None:
        return Flaw(f"entry {sequence} tells of {kind} {about}, which is not recorded", sequence, sequence, about)
    names = ", ".join(sorted(_changed(body, fact)))
    message = f"entry {sequence}: {kind} {about} is recorded otherwise than it tells: {names}"
    return Flaw(message, sequence, sequence, about)


def _changed(body: dict[str, Any], fact: Fact) -> set[str]:
    told, there = body["facts"], fact.facts
    return {name for name in told.keys() | there.keys() if told.get(name, ...) != there.get(name, ...)}


def _body(text: str) -> dict[str, Any] | None:
    """Return an entry's body, None for what is none: that is told elsewhere."""
    try:
        body = json.loads(text)
        is_whole = {"kind", "about", "facts"} <= body.keys() and isinstance(body["facts"], dict)
    except (ValueError, AttributeError):
        return None
    return body if is_whole else None


def _shown(moment: datetime) -> str:
    return f"{moment.isoformat()}Z"
