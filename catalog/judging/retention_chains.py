"""Say of each export whether it is there and good, and whether a whole chain leads to it; keeps and gives up nothing.

Pure, a part of `catalog.judging.retention`. What counts is asked of `catalog.judging.chain`, always at depth full.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from catalog.judging.chain import judge_chain
from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot, Member, Mode
from catalog.judging.retention_values import RetentionQuestion
from verifier.model import Depth, Presence, SnapshotId, Verdict

_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An attempt and what is known of it.

    `good` is what a restore would take of it alone, where it is at some place and good in every byte. `chain` tells
    when the full of the whole chain to it was due, None where none is whole; `base` when the full before it was due,
    whatever that is worth. `is_doubled` tells that a whole chain goes through another attempt at its slot, of fulls a
    later one.
    """

    attempt: Attempt
    good: Member | None
    is_there: bool
    chain: datetime | None
    base: datetime
    is_doubled: bool

    @property
    def id(self) -> SnapshotId:
        """Its id."""
        return self.attempt.here.id

    @property
    def is_verified(self) -> bool:
        """Whether a whole chain leads to it."""
        return self.chain is not None

    @property
    def was_bad(self) -> bool:
        """Whether its bytes are known to have been worth nothing; of what vanished in part or whole nobody knows."""
        verdict, presence = self.attempt.here.verdict, self.attempt.here.presence
        is_known = verdict is Verdict.CORRUPT or (verdict is Verdict.INCOMPLETE and presence is not Presence.VANISHED)
        return self.good is None and is_known


def exports_of(
    question: RetentionQuestion, attempts: Iterable[Attempt], slots: Iterable[ChainSlot]
) -> tuple[Export, ...]:
    """Return what is known of the exports up to the moment asked about, in order of their places in chains."""
    asked = replace(question.chain, depth=Depth.FULL, accepts_gaps=False)
    known = sorted((a for a in attempts if a.export_at <= asked.as_of), key=lambda a: place_of(a, asked.mode))
    good = {a.here.id: _good(a, asked) for a in known}
    chains = _whole_chains(asked, known, list(slots), good)
    bases = _bases(asked, known)
    whole_at = {a.at: a.export_at for a in known if a.here.id in chains}
    return tuple(
        Export(
            attempt=a,
            good=good[a.here.id],
            is_there=_is_there(a, good[a.here.id], encrypted=question.encrypted),
            chain=chains.get(a.here.id),
            base=bases[bisect_right(bases, a.at) - 1],
            is_doubled=a.here.id not in chains and _is_doubled(a, whole_at.get(a.at), asked.mode),
        )
        for a in known
    )


def _is_doubled(attempt: Attempt, whole_at: datetime | None, mode: Mode) -> bool:
    """Tell whether the newest whole attempt at its slot has all that it has: of fulls only one that was made later."""
    return whole_at is not None and (mode is not Mode.FULL or attempt.export_at <= whole_at)


def place_of(attempt: Attempt, mode: Mode) -> tuple[datetime, datetime, str, str]:
    """Return what attempts are ordered by: fulls by when they were exported, increments by when they were due."""
    at = attempt.export_at if mode is Mode.FULL else attempt.at
    return at, attempt.export_at, attempt.here.id.export_time, str(attempt.here.id)


def _good(attempt: Attempt, question: ChainQuestion) -> Member | None:
    """Ask the rule of chains whether a snapshot counts, as if it stood alone."""
    alone = replace(question, mode=Mode.FULL, as_of=attempt.export_at)
    return next(iter(judge_chain(alone, [attempt]).members), None)


def _is_there(attempt: Attempt, good: Member | None, *, encrypted: bool) -> bool:
    """What is gone where it landed is there where a copy is good in every byte, or as whole as can be told."""
    here = attempt.here
    as_whole = encrypted and any(
        c.there.presence is Presence.PRESENT
        and c.there.verdict is Verdict.UNVERIFIABLE
        and c.there.depth is Depth.FULL
        and c.there.files >= here.files
        and c.there.bytes >= here.bytes
        for c in attempt.copies
    )
    return good is not None or here.presence is Presence.PRESENT or as_whole


def _whole_chains(
    question: ChainQuestion,
    attempts: Sequence[Attempt],
    slots: Sequence[ChainSlot],
    good: Mapping[SnapshotId, Member | None],
) -> dict[SnapshotId, datetime]:
    """Return by snapshot when the full of the whole chain to it was due, for all to which there is one."""
    if question.mode is Mode.FULL:
        return {a.here.id: a.at for a in attempts if good[a.here.id] is not None}
    found: dict[SnapshotId, datetime] = {}
    left, promised = list(attempts), list(slots)
    while members := judge_chain(question, left, promised).members:
        begins_at = min(m.attempt.at for m in members)
        found |= dict.fromkeys((m.id for m in members), begins_at)
        left = [a for a in left if a.at < begins_at]
        promised = [s for s in promised if s.due_at < begins_at]
    return found


def _bases(question: ChainQuestion, attempts: Sequence[Attempt]) -> list[datetime]:
    """Return when fulls were due that came, whatever they are worth, as chains tell them, after the beginning."""
    starts = set(question.flow_starts)
    came = sorted({a.at for a in attempts})
    guessed = came[:1] if came and not any(start <= came[0] for start in starts) else []
    return sorted({_EVER, *guessed, *(at for at in came if at in starts)})
