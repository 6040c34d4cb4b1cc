"""Say what a chain takes for granted: that a full is one, that nothing else came; changes nothing about it.

Pure, like `catalog.judging.chain`, which it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from catalog.judging.chain_values import Chain, ChainQuestion, Doubt, DoubtKind, Member, Mode, Role
from verifier.model import Verdict

_SOUND = (Verdict.GOOD, Verdict.EMPTY)

_Span = tuple[datetime, datetime]


def doubts_of(
    chain: Chain, question: ChainQuestion, promised_since: datetime | None, known: Sequence[Member]
) -> Iterable[Doubt]:
    """Yield the doubts about a chain.

    `promised_since` is the first slot there is, None without any, and `known` all usable snapshots of the dataset up to
    the moment asked about, those before the chain included, in order.
    """
    if not chain.members:
        return
    base = chain.members[0]
    started_at = base.attempt.at
    if promised_since is None or promised_since > started_at:
        yield Doubt(DoubtKind.GAPS_UNKNOWN)
    if question.mode is Mode.FULL_THEN_INCREMENTAL:
        if started_at not in question.flow_starts:
            yield Doubt(DoubtKind.FULL_ASSUMED, base.id)
        if _is_smaller(base, known[: known.index(base)]):
            yield Doubt(DoubtKind.FULL_SMALLER, base.id)
        yield from _perhaps_full(chain.members)
        yield from (Doubt(DoubtKind.ATTEMPTS_DIFFER, m.id) for m in chain.members if _has_other_content(m))
    yield from (Doubt(DoubtKind.ACCEPTED, m.id) for m in chain.members if m.source.is_accepted)
    for member in chain.members:
        if member.expires_at is not None and member.expires_at <= question.now:
            yield Doubt(DoubtKind.OVERDUE, member.id)


def _is_smaller(base: Member, before: Sequence[Member]) -> bool:
    """A full holds all that its dataset has: fewer rows than the chain before it had hint at an increment."""
    since = max((i for i, m in enumerate(before) if m.role is Role.FULL), default=0)
    return base.source.rows is not None and base.source.rows < sum(m.source.rows or 0 for m in before[since:])


def _perhaps_full(members: Sequence[Member]) -> Iterable[Doubt]:
    """Yield the increments with as many rows as all before them together, and of no narrower a time."""
    rows, spans = 0, list[_Span]()
    for member in members:
        own, events = member.source.rows, member.attempt.events
        if own is None:
            return
        if member.role is Role.INCREMENT and rows and own >= rows and _spans_all(events, spans):
            yield Doubt(DoubtKind.PERHAPS_FULL, member.id)
        rows += own
        if events is not None:
            spans.append(events)


def _spans_all(events: _Span | None, spans: Sequence[_Span]) -> bool:
    if events is None or not spans:
        return False
    first, last = events
    return first <= min(start for start, _ in spans) and last >= max(end for _, end in spans)


def _has_other_content(member: Member) -> bool:
    """Rows and event times that are equal, and known, are taken for equal content."""
    own = (member.attempt.here.rows, member.attempt.events)
    sound = [a for a in member.duplicates if a.here.verdict in _SOUND]
    return any(a.here.rows is None or (a.here.rows, a.events) != own for a in sound)
