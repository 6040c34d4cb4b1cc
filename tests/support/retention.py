"""Retention of a daily dataset in few words: exports by day, statuses by day; asserts nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from support.chains import DAY, INCREMENTAL, START

from catalog.judging.chain_values import Attempt, ChainQuestion, ChainSlot
from catalog.judging.retention import judge_retention
from catalog.judging.retention_policy import parse_policy
from catalog.judging.retention_values import Retained, RetentionQuestion, RetentionStatus


def retained(
    policy: str | None,
    attempts: Iterable[Attempt],
    promised: Iterable[ChainSlot] = (),
    chain: ChainQuestion = INCREMENTAL,
    **more: Any,
) -> tuple[Retained, ...]:
    """Judge by a policy as it is written; `held` are days, other words change the question about the chain."""
    attempts, days = list(attempts), more.pop("held", ())
    held = frozenset(a.here.id for a in attempts if (a.at - START) / DAY in days)
    encrypted = more.pop("encrypted", False)
    question = RetentionQuestion(
        chain=replace(chain, **more),
        policy=None if policy is None else parse_policy(policy),
        held=held,
        encrypted=encrypted,
    )
    return judge_retention(question, attempts, promised)


def of_days(judged: Iterable[Retained], *statuses: RetentionStatus) -> list[float]:
    """The days of the snapshots that stand so."""
    return [(r.attempt.at - START) / DAY for r in judged if r.status in statuses]


def told(judged: Iterable[Retained], day: float) -> tuple[str, list[tuple[str, str | None]]]:
    """The status of the first snapshot of a day, and its reasons with their rules."""
    one = next(r for r in judged if (r.attempt.at - START) / DAY == day)
    return one.status.value, [(reason.kind.value, reason.rule) for reason in one.reasons]
