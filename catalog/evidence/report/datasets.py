"""All that a report says of one dataset: slots, calendar, how hard it was looked at; pure, shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.evidence.report.calendar import months_of, sign_of
from catalog.evidence.report.policies import NO_POLICY, Policy
from catalog.evidence.report.rows import BundleRow, SlotRow, SnapshotRow
from catalog.evidence.report.values import (
    DatasetPart,
    ExceptionState,
    Irregularity,
    Looked,
    Recovery,
    RestoreTest,
    Retention,
)
from catalog.schedule import shift

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """The rows of the whole report by dataset; policies of all that the settings know."""

    bundle: BundleRow
    policies: Mapping[Key, Policy]
    slots: Mapping[Key, Sequence[SlotRow]]
    snapshots: Mapping[Key, Sequence[SnapshotRow]]
    exceptions: Mapping[Key, Sequence[Irregularity]]
    restore_tests: Mapping[Key, Sequence[RestoreTest]]
    recoveries: Mapping[Key, Recovery]
    retentions: Mapping[Key, Retention]

    @property
    def keys(self) -> list[Key]:
        """All datasets that there is anything about, in order."""
        return sorted({*self.slots, *self.snapshots, *self.restore_tests, *self.recoveries})


def dataset_part(facts: DatasetFacts, key: Key) -> DatasetPart:
    """Return the part of one dataset."""
    slots, snapshots = facts.slots.get(key, ()), facts.snapshots.get(key, ())
    exceptions = facts.exceptions.get(key, ())
    policy, bundle = facts.policies.get(key, NO_POLICY), facts.bundle
    tests = (t.finished_at for t in facts.restore_tests.get(key, ()) if t.passed and t.finished_at is not None)
    signs = [(slot.due_at, sign_of(slot)) for slot in slots]
    return DatasetPart(
        zone=key[0],
        dataset_id=key[1],
        name=policy.name or next((s.name for s in slots if s.name), None),
        slots=_counted(s.status for s in slots),
        snapshots=_counted(s.verdict for s in snapshots),
        calendar=months_of(signs, bundle.period_from.date(), min(bundle.period_to, bundle.judged_at).date()),
        looked=looked_of(snapshots, policy, bundle.judged_at),
        recovery=facts.recoveries.get(key),
        retention=facts.retentions.get(key),
        exceptions=len(exceptions),
        open_exceptions=sum(e.state is ExceptionState.OPEN for e in exceptions),
        last_restore_test_at=max(tests, default=None),
    )


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def looked_of(snapshots: Sequence[SnapshotRow], policy: Policy, at: datetime) -> Looked:
    """Count by depth; overdue is what is there and was not read in full for longer than the policy allows."""
    depths = Counter(s.depth for s in snapshots)
    reads = [s.full_read_at for s in snapshots if s.full_read_at is not None]
    every = policy.verify_every_ms
    overdue = None
    if every is not None:
        due = shift(at, -timedelta(milliseconds=every))
        present = [s for s in snapshots if s.presence == "present" and s.verdict != "arriving"]
        overdue = sum(s.full_read_at is None or s.full_read_at < due for s in present)
    return Looked(
        full=depths["full"],
        structure=depths["structure"],
        list=depths["list"],
        never_in_full=len(snapshots) - len(reads),
        reads=sum(s.reads for s in snapshots),
        oldest_full_read_at=min(reads, default=None),
        newest_full_read_at=max(reads, default=None),
        verify_every_ms=every,
        overdue=overdue,
    )
