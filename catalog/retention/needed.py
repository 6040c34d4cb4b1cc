"""Which snapshots of a dataset are still needed: what the catalog knows of it, judged; not how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog.judging.chain_values import Mode
from catalog.judging.retention import judge_retention
from catalog.judging.retention_policy import Policy
from catalog.judging.retention_store import Need
from catalog.judging.retention_values import ReasonKind, Retained, RetentionQuestion, RetentionStatus
from catalog.restores.plan import Wish, gather
from catalog.schedule import shift
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.holds import Hold
from verifier.model import SnapshotId

_KEPT = (RetentionStatus.NEEDED, RetentionStatus.HELD)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionWish:
    """Of which dataset, as of which moment, by which policy; None for that of the settings."""

    zone: str
    dataset_id: str
    at: datetime
    policy: Policy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What was asked, and what it came to; `policy` is None where there is none, `name` where the dataset has none.

    `interval` is the time between its exports, None where no schedule tells; `holds` those of its snapshots.
    """

    wish: RetentionWish
    name: str | None
    mode: Mode
    policy: Policy | None
    interval: timedelta | None
    judged: tuple[Retained, ...]
    holds: Mapping[SnapshotId, Hold]

    @property
    def need(self) -> Need | None:
        """How long a store has to keep its snapshots, None without a policy."""
        if self.policy is None:
            return None
        return Need(
            dataset=self.name or f"{self.wish.zone}/{self.wish.dataset_id}",
            policy=self.policy.text,
            reach=self.policy.longest(self.interval),
            has_no_end=self.mode is Mode.FULL_THEN_INCREMENTAL,
        )

    @property
    def places(self) -> set[str]:
        """The zones that keep its snapshots: its own, and those that hold copies of what is needed."""
        return {self.wish.zone, *(p.zone for r in self.judged if r.status in _KEPT for p in r.places)}

    @property
    def doomed(self) -> list[Retained]:
        """What is needed or on hold, and will be deleted by the zones that have it before it no longer is."""
        return [r for r in self.judged if r.status in _KEPT and r.expires_at is not None and self._is_too_soon(r)]

    def _is_too_soon(self, one: Retained) -> bool:
        kinds = {reason.kind for reason in one.reasons}
        if ReasonKind.HOLD in kinds:
            return True
        need = self.need
        if need is None or one.expires_at is None:
            return False
        return need.length is None or one.expires_at < shift(one.attempt.export_at, need.length)


def judge_dataset(
    settings: Settings, catalog: Catalog, wish: RetentionWish, now: datetime, holds: Iterable[Hold] = ()
) -> Retention:
    """Judge one dataset by all that is known now. Raises `UsageError` for a dataset nobody knows."""
    known = gather(settings, catalog, Wish(zone=wish.zone, dataset_id=wish.dataset_id, as_of=wish.at), now)
    dataset = settings.dataset(wish.zone, wish.dataset_id)
    policy = wish.policy
    if policy is None and dataset is not None and dataset.retain is not None:
        policy = Policy(within=dataset.retain)
    held = {h.snapshot: h for h in holds if (h.snapshot.zone, h.snapshot.dataset_id) == (wish.zone, wish.dataset_id)}
    question = RetentionQuestion(
        chain=known.question,
        policy=policy,
        held=frozenset(held),
        encrypted=dataset is not None and dataset.encrypted,
    )
    return Retention(
        wish=wish,
        name=None if dataset is None else dataset.name,
        mode=known.question.mode,
        policy=policy,
        interval=None if known.schedule is None else known.schedule.interval_at(wish.at),
        judged=judge_retention(question, known.attempts, known.slots),
        holds=held,
    )
