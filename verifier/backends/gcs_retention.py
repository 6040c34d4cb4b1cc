"""By which rules a bucket of Google's deletes and protects: lifecycle, retention policy, versions; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from verifier.backends.retention import Aspect, Blindness, Expiration, Lock, RetentionRules, Unseen
from verifier.errors import DeniedError, NetworkError

FIELDS = "lifecycle,retentionPolicy,versioning"
"""What of a bucket is asked for."""

_FORBIDDEN = "status 403"

_SMALL = {"age", "createdBefore", "matchesPrefix", "isLive"}


class _Condition(msgspec.Struct, rename="camel"):
    age: int | None = None
    created_before: str | None = None
    is_live: bool | None = None
    matches_prefix: list[str] = []


class _Action(msgspec.Struct):
    type: str = ""


class _Rule(msgspec.Struct):
    action: _Action
    condition: msgspec.Raw = msgspec.Raw(b"{}")


class _Lifecycle(msgspec.Struct):
    rule: list[_Rule] = []


class _Policy(msgspec.Struct, rename="camel"):
    retention_period: str = "0"
    is_locked: bool = False


class _Versioning(msgspec.Struct):
    enabled: bool = False


class _Bucket(msgspec.Struct, rename="camel"):
    lifecycle: _Lifecycle = msgspec.field(default_factory=_Lifecycle)
    retention_policy: _Policy | None = None
    versioning: _Versioning = msgspec.field(default_factory=_Versioning)


def rules_of(ask: Callable[[], bytes], root: str, where: str) -> RetentionRules:
    """Parse what `ask` brings of a bucket. Raises `SourceError` where the bucket cannot be asked."""
    try:
        bucket = msgspec.json.decode(ask(), type=_Bucket)
        expirations = tuple(e for rule in bucket.lifecycle.rule for e in _expirations(rule))
        lock = _lock(bucket.retention_policy)
    except DeniedError as error:
        if _FORBIDDEN not in error.message:  # credentials that are wrong, whatever is asked for
            raise
        hint = "the account must be allowed storage.buckets.get, as by the role roles/storage.legacyBucketReader"
        return RetentionRules(root=root, unseen=tuple(Unseen(a, Blindness.DENIED, error.message, hint) for a in Aspect))
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        raise NetworkError(f"{where}: the answer is not a bucket: {type(error).__name__}") from None
    return RetentionRules(root=root, expirations=expirations, lock=lock, is_versioned=bucket.versioning.enabled)


def _expirations(rule: _Rule) -> Iterator[Expiration]:
    """Yield one for each prefix; what is deleted of old versions alone concerns nobody here."""
    known = msgspec.json.decode(rule.condition, type=_Condition)
    names = set(msgspec.json.decode(rule.condition, type=dict[str, msgspec.Raw]))
    is_of_live = known.is_live is not False and not names & {"numNewerVersions", "daysSinceNoncurrentTime"}
    if rule.action.type != "Delete" or not is_of_live:
        return
    before = known.created_before
    for prefix in known.matches_prefix or [""]:
        yield Expiration(
            prefix=prefix,
            after=None if known.age is None else timedelta(days=known.age),
            at=None if before is None else datetime.combine(date.fromisoformat(before), time.min, UTC),
            is_partial=bool(names - _SMALL) or before is not None,
        )


def _lock(policy: _Policy | None) -> Lock | None:
    seconds = 0 if policy is None else int(policy.retention_period)
    if policy is None or not seconds:
        return None
    mode = "locked retention policy" if policy.is_locked else "retention policy"
    return Lock(mode=mode, length=timedelta(seconds=seconds), is_firm=policy.is_locked)
