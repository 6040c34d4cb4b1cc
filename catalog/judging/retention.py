"""Judge which snapshots are still needed, by a policy and by what is good; deletes nothing, and asks no store.

Pure, and careful: only a whole chain that is good in every byte takes the place of anything older, and what a kept
snapshot needs to be restored is kept with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from catalog.judging.chain_values import Attempt, ChainSlot, Mode
from catalog.judging.retention_chains import Export, exports_of
from catalog.judging.retention_rules import Picks, pick
from catalog.judging.retention_values import Reason, ReasonKind, Retained, RetentionQuestion, RetentionStatus
from verifier.model import SnapshotId

_Reasons = dict[SnapshotId, list[Reason]]


def judge_retention(
    question: RetentionQuestion, attempts: Iterable[Attempt], slots: Iterable[ChainSlot] = ()
) -> tuple[Retained, ...]:
    """Judge all snapshots of one dataset up to `question.chain.as_of`, by export time.

    `attempts` are all its known snapshots, the gone ones included, and `slots` all that its schedules promised since
    the first. Their order is of no account.
    """
    exports = exports_of(question, attempts, slots)
    picks = Picks() if question.policy is None else pick(question.policy, exports, question.chain.as_of)
    reasons = _reasons(question, exports, picks)
    judged = _Judging(question, exports, picks, reasons).all()
    return tuple(sorted(judged, key=lambda r: (r.attempt.export_at, r.id.export_time, str(r.id))))


def _reasons(question: RetentionQuestion, exports: Sequence[Export], picks: Picks) -> _Reasons:
    """Return by snapshot why it is needed, the strongest reason first; what is not needed is left out."""
    found: _Reasons = defaultdict(list)
    for export in exports:
        if export.id in question.held:
            found[export.id].append(Reason(ReasonKind.HOLD))
        found[export.id] += [Reason(ReasonKind.POLICY, rule) for rule in picks.rules.get(export.id, ())]
    newest = max((i for i, e in enumerate(exports) if e.is_verified), default=None)
    if question.policy is not None and newest is not None:
        found[exports[newest].id].append(Reason(ReasonKind.NEWEST))
    if question.chain.mode is Mode.FULL_THEN_INCREMENTAL:
        kept = [e for e in exports if found[e.id] and e.is_there]
        for export, end in (*_through(exports, kept), *_up_to(exports, kept)):
            found[export.id].append(Reason(ReasonKind.CHAIN, snapshot=end.id))
    if question.policy is not None:
        for export in exports[0 if newest is None else newest + 1 :]:
            if export.is_there and not export.is_doubled:
                found[export.id].append(Reason(ReasonKind.NOTHING_NEWER))
    return {snapshot: some for snapshot, some in found.items() if some}


def _through(exports: Sequence[Export], kept: Iterable[Export]) -> Iterator[tuple[Export, Export]]:
    """Yield the members of whole chains to what is kept, each with the last snapshot that is kept of its chain."""
    ends = {e.chain: e for e in kept if e.is_verified}
    for export in exports:
        end = ends.get(export.chain) if export.is_verified else None
        if end is not None and export.attempt.at < end.attempt.at:
            yield export, end


def _up_to(exports: Sequence[Export], kept: Iterable[Export]) -> Iterator[tuple[Export, Export]]:
    """Yield what may be members of the chains to kept snapshots that none is whole to, as `_through` does.

    Of several attempts at a slot the good ones will do, where there are any.
    """
    ends = {e.base: e for e in kept if not e.is_verified}
    slots: dict[datetime, list[Export]] = defaultdict(list)
    for export in exports:
        end = ends.get(export.base)
        if end is not None and export.attempt.at < end.attempt.at:
            slots[export.attempt.at].append(export)
    for tried in slots.values():
        best = min(_rank(e) for e in tried)
        yield from ((e, ends[e.base]) for e in tried if _rank(e) == best)


def _rank(export: Export) -> int:
    return 0 if export.is_verified else 1 if export.good else 2 if not export.was_bad else 3


class _Judging:
    """Exports with the reasons that keep them, judged one by one."""

    def __init__(self, question: RetentionQuestion, exports: Sequence[Export], picks: Picks, reasons: _Reasons) -> None:
        self._question, self._exports, self._picks, self._reasons = question, exports, picks, reasons
        self._takers = [i for i, e in enumerate(exports) if e.is_verified and e.id in reasons]

    def all(self) -> Iterator[Retained]:
        """Yield every export with its status."""
        for index, export in enumerate(self._exports):
            kept = self._reasons.get(export.id)
            status, reasons = self._kept(export, kept) if kept else self._left(index, export)
            good = export.good
            yield Retained(
                attempt=export.attempt,
                status=status,
                reasons=tuple(reasons),
                is_verified=export.is_verified,
                places=() if good is None else tuple(p.id for p in good.places),
                expires_at=None if good is None else good.expires_at,
            )

    def _kept(self, export: Export, reasons: list[Reason]) -> tuple[RetentionStatus, list[Reason]]:
        if not export.is_there:
            return RetentionStatus.GONE_EARLY, reasons
        told = reasons if export.is_verified else [*reasons, Reason(ReasonKind.UNVERIFIED)]
        is_held = reasons[0].kind is ReasonKind.HOLD
        return RetentionStatus.HELD if is_held else RetentionStatus.NEEDED, told

    def _left(self, index: int, export: Export) -> tuple[RetentionStatus, list[Reason]]:
        """Judge what no rule and no chain keeps; it is given up only where something verified takes its place."""
        if self._question.policy is None:
            status = RetentionStatus.NEEDED if export.is_there else RetentionStatus.EXPIRED
            return status, [Reason(ReasonKind.NO_POLICY)]
        taker = self._taker(index, export)
        is_over = self._picks.reaches_to is not None and export.attempt.export_at < self._picks.reaches_to
        over = [Reason(ReasonKind.OVER, self._question.policy.text)] if is_over else []
        if taker is not None:
            replaced = Reason(ReasonKind.REPLACED, snapshot=taker.id)
            return (RetentionStatus.EXPIRED if is_over else RetentionStatus.SUPERSEDED), [*over, replaced]
        oldest = self._picks.oldest_at
        if is_over or (oldest is not None and export.attempt.export_at < oldest):
            return RetentionStatus.EXPIRED, over or [Reason(ReasonKind.OVER, self._question.policy.text)]
        return RetentionStatus.GONE_EARLY, [Reason(ReasonKind.NOTHING_NEWER)]

    def _taker(self, index: int, export: Export) -> Export | None:
        """Return the first kept snapshot after this one, or at the same slot, that a whole chain leads to."""
        if export.is_doubled and self._question.chain.mode is not Mode.FULL:
            same = (self._exports[i] for i in self._takers if self._exports[i].attempt.at == export.attempt.at)
            found = next(same, None)
            if found is not None:
                return found
        after = bisect_left(self._takers, index + 1)
        return self._exports[self._takers[after]] if after < len(self._takers) else None
