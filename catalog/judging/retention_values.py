"""The values that retention is judged from, and what comes of them: a status and its reasons; no rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.judging.chain_values import Attempt, ChainQuestion
from catalog.judging.retention_policy import Policy
from verifier.model import SnapshotId


class RetentionStatus(StrEnum):
    """What becomes of a snapshot.

    `needed`: the policy keeps it, a kept chain goes through it, or nothing verified can take its place. `held`: it is
    on hold, whatever the policy says. `superseded`: nothing needs it, and a newer verified chain takes its place.
    `expired`: nothing needs it, and it is older than all that the policy reaches back to. `gone_early`: it is needed or
    on hold, and there at no place any more.
    """

    NEEDED = "needed"
    HELD = "held"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    GONE_EARLY = "gone_early"


class ReasonKind(StrEnum):
    """Why a snapshot stands as it does.

    `policy`: a rule keeps it. `chain`: the chain to a kept snapshot goes through it. `newest`: it is the newest to
    which a verified chain leads. `nothing-newer`: no verified chain leads to anything newer. `hold`: it is on hold.
    `no-policy`: nobody said how long it is to be kept. `replaced`: a verified chain leads to a newer one, which is
    kept. `over`: it is older than all that the rules reach back to. `unverified`: it, or the chain to it, is not good
    in every byte, so that it takes nobody's place.
    """

    POLICY = "policy"
    CHAIN = "chain"
    NEWEST = "newest"
    NOTHING_NEWER = "nothing-newer"
    HOLD = "hold"
    NO_POLICY = "no-policy"
    REPLACED = "replaced"
    OVER = "over"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: the rule that it is about, and the other snapshot, where there is one."""

    kind: ReasonKind
    rule: str | None = None
    snapshot: SnapshotId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionQuestion:
    """Of which chain, by which policy, and what is on hold.

    `chain.as_of` is the moment that is judged: what was exported later is left out. Without a policy nothing is given
    up. With `encrypted`, what nobody can look into is all that can be asked of a copy.
    """

    chain: ChainQuestion
    policy: Policy | None = None
    held: frozenset[SnapshotId] = frozenset()
    encrypted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """A snapshot and its status.

    `is_verified` tells that a chain to it is whole, every member of it good in every byte. `places` are where it is
    good, `expires_at` when the last of them deletes it by itself: None where one keeps it, or where it is at none.
    """

    attempt: Attempt
    status: RetentionStatus
    reasons: tuple[Reason, ...]
    is_verified: bool
    places: tuple[SnapshotId, ...] = ()
    expires_at: datetime | None = None

    @property
    def id(self) -> SnapshotId:
        """The snapshot's id where it landed."""
        return self.attempt.here.id
