"""Recovery points and retention of a report, judged again from a bundle's rows; pure, and shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from catalog.evidence.report.policies import Policy
from catalog.evidence.report.recovery import ChainFacts, Row, facts_from
from catalog.evidence.report.values import Recovery, Retention, Stretch
from catalog.judging.retention import judge_retention
from catalog.judging.retention_policy import Policy as Rules
from catalog.judging.retention_values import RetentionQuestion, RetentionStatus
from catalog.judging.rpo_values import State
from catalog.judging.rpo_values import Stretch as Judged
from catalog.rpo import judge_facts
from verifier.errors import LandproofError

_MILLISECOND = timedelta(milliseconds=1)
_KEPT = (RetentionStatus.NEEDED, RetentionStatus.HELD, RetentionStatus.GONE_EARLY)


def chains_of(rows: Iterable[Row], policy: Policy) -> tuple[Recovery | None, Retention | None]:
    """Judge one dataset by its rows; None where there is no objective, or no policy.

    Raises `LandproofError` for rows that this program does not know.
    """
    try:
        chains = facts_from(rows)
    except (KeyError, ValueError, TypeError) as error:
        hint = "it was made by another version of landproof"
        raise LandproofError(f"bundle: recovery.jsonl: {type(error).__name__.lower()}: {error}", hint=hint) from error
    recovery = recovery_of(chains) if chains.has_objective else None
    return recovery, None if policy.retain_ms is None else retention_of(chains, policy, policy.retain_ms)


def recovery_of(chains: ChainFacts) -> Recovery:
    """Return for how long a complete chain was young enough, in whole milliseconds."""
    judgement, question = judge_facts(chains.facts), chains.facts.question
    met, missed, unknown = (judgement.length(s) // _MILLISECOND for s in (State.MET, State.MISSED, State.UNKNOWN))
    worst = judgement.worst
    return Recovery(
        objective_ms=question.objective // _MILLISECOND,
        starts_at=question.since,
        ends_at=question.until,
        met_ms=met,
        missed_ms=missed,
        unknown_ms=unknown,
        worst_from=None if worst is None else worst.starts_at,
        worst_to=None if worst is None else worst.ends_at,
        worst_ms=None if worst is None or worst.is_total else (worst.ends_at - worst.starts_at) // _MILLISECOND,
        worst_is_total=worst is not None and worst.is_total,
        stretches=tuple(map(_stretch, judgement.stretches)),
    )


def _stretch(judged: Judged) -> Stretch:
    why = judged.why
    return Stretch(
        state=judged.state.value,
        starts_at=judged.starts_at,
        ends_at=judged.ends_at,
        cause=None if why is None else why.cause.value,
        due_at=None if why is None else why.due_at,
        snapshot=None if why is None or why.snapshot is None else str(why.snapshot),
    )


def retention_of(chains: ChainFacts, policy: Policy, retain_ms: int) -> Retention:
    """Return how all snapshots stand by the policy, as of the moment of judging."""
    facts = chains.facts
    question = RetentionQuestion(
        chain=facts.question.chain,
        policy=Rules(within=timedelta(milliseconds=retain_ms)),
        held=chains.held,
        encrypted=policy.encrypted,
    )
    judged = judge_retention(question, [one.attempt for one in facts.recorded], facts.slots)
    statuses = Counter(one.status for one in judged)
    there = (RetentionStatus.NEEDED, RetentionStatus.HELD)
    return Retention(
        retain_ms=retain_ms,
        needed=statuses[RetentionStatus.NEEDED],
        held=statuses[RetentionStatus.HELD],
        superseded=statuses[RetentionStatus.SUPERSEDED],
        expired=statuses[RetentionStatus.EXPIRED],
        verified=sum(one.is_verified and one.status in there for one in judged),
        gone_early=tuple(str(one.id) for one in judged if one.status is RetentionStatus.GONE_EARLY),
        oldest_needed_at=min((one.attempt.export_at for one in judged if one.status in _KEPT), default=None),
    )
