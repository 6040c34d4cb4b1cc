"""Choose what the rules of a policy keep by themselves; not what a restore of that needs.

Pure, a part of `catalog.judging.retention`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog.judging.retention_chains import Export
from catalog.judging.retention_policy import PERIODS, Policy, Rule, rule_text
from catalog.schedule import format_duration, shift
from verifier.model import SnapshotId


@dataclass(frozen=True, slots=True, kw_only=True)
class Picks:
    """By snapshot the rules that keep it. What is older than `reaches_to` is beyond all rules that go by dates.

    `reaches_to` is None where there is no such rule, or one is not used up. `oldest_at` is the oldest of what is kept.
    """

    rules: Mapping[SnapshotId, Sequence[str]] = field(default_factory=dict)
    reaches_to: datetime | None = None
    oldest_at: datetime | None = None


def pick(policy: Policy, exports: Sequence[Export], at: datetime) -> Picks:
    """Choose from exports in order, as of a moment; what is gone is chosen, too, where it was to be there still."""
    rules: dict[SnapshotId, list[str]] = defaultdict(list)
    reaches: list[datetime | None] = []
    chosen: list[Export] = []
    if policy.within is not None:
        since = shift(at, -policy.within)
        text = f"{Rule.WITHIN}={format_duration(policy.within)}"
        reaches.append(since)
        chosen += _note(rules, text, (e for e in exports if _is_wanted(e, since)))
    for rule, count in policy.counts:
        taken = _Taken(list(_groups(rule, exports)), count)
        chosen += _note(rules, rule_text(rule, count), taken.exports)
        if rule is not Rule.LAST:
            reaches.append(taken.reaches_to)
    known = [r for r in reaches if r is not None]
    return Picks(
        rules=rules,
        reaches_to=min(known) if known and len(known) == len(reaches) else None,
        oldest_at=min((e.attempt.export_at for e in chosen), default=None),
    )


def _is_wanted(export: Export, since: datetime) -> bool:
    """All of a time is wanted, but not what is gone where a whole chain goes through another attempt at its slot."""
    return export.attempt.export_at >= since and (export.is_there or not export.is_doubled)


def _note(rules: dict[SnapshotId, list[str]], text: str, exports: Iterator[Export]) -> list[Export]:
    chosen = list(exports)
    for export in chosen:
        rules[export.id].append(text)
    return chosen


def _groups(rule: Rule, exports: Sequence[Export]) -> Iterator[list[Export]]:
    """Yield the exports of each period of a rule, the newest first, and so the periods."""
    ordered = sorted(exports, key=lambda e: (e.attempt.export_at, e.id.export_time, str(e.id)), reverse=True)
    if rule is Rule.LAST:
        yield from ([e] for e in ordered)
        return
    groups: dict[tuple[int, ...], list[Export]] = defaultdict(list)
    for export in ordered:
        groups[PERIODS[rule](export.attempt.export_at)].append(export)
    yield from groups.values()


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a rule takes of periods, the newest first: the newest of each that a whole chain leads to, `count` times.

    Of a period without one, the newest that may yet prove good is taken and not counted; or else the newest that is
    gone, which was to be there. That is counted, so that what has been gone for long is not asked for; and as many as
    are gone are taken of older periods in their place.
    """

    groups: Sequence[list[Export]]
    count: int

    @property
    def exports(self) -> Iterator[Export]:
        """What is taken, each once."""
        asked = [export for export, _ in self._asked()]
        yield from asked
        whole = (next((e for e in group if e.is_verified), None) for group in self.groups)
        there = [export for export in whole if export is not None][: self.count]
        known = {e.id for e in asked}
        yield from (e for e in there if e.id not in known)

    @property
    def reaches_to(self) -> datetime | None:
        """The oldest moment of the last period, None where there are fewer than asked for."""
        taken = {e.id for e in self.exports}
        groups = [group for group in self.groups if any(e.id in taken for e in group)]
        is_used_up = sum(counts for _, counts in self._asked()) == self.count
        return min(e.attempt.export_at for group in groups for e in group) if is_used_up else None

    def _asked(self) -> Iterator[tuple[Export, bool]]:
        left = self.count
        for group in self.groups:
            if not left:
                return
            found = _best(group)
            if found is not None:
                counts = found.is_verified or not found.is_there
                left -= counts
                yield found, counts


def _best(group: Sequence[Export]) -> Export | None:
    """Return what stands for a period: what is verified, what may prove good, what is gone and may have been."""
    open_ones = [e for e in group if not e.is_verified and not e.is_doubled and not e.was_bad]
    ranks = (
        (e for e in group if e.is_verified),
        (e for e in open_ones if e.is_there),
        (e for e in open_ones if not e.is_there),
    )
    return next((e for rank in ranks for e in rank), None)
