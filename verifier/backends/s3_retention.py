"""By which rules a bucket of S3 deletes and protects: its lifecycle, its Object Lock, its versions; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from verifier.backends.retention import Aspect, Blindness, Expiration, Lock, RetentionRules, Unseen
from verifier.backends.retry import retried
from verifier.backends.s3_client import Connection
from verifier.backends.s3_errors import code_of
from verifier.errors import DeniedError, NotFoundError, SourceError

_ASKED = {
    Aspect.LIFECYCLE: ("get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration"),
    Aspect.LOCK: ("get_object_lock_configuration", "s3:GetBucketObjectLockConfiguration"),
    Aspect.VERSIONING: ("get_bucket_versioning", "s3:GetBucketVersioning"),
}
_NONE = ("NoSuchLifecycleConfiguration", "ObjectLockConfigurationNotFoundError")
_UNSUPPORTED = ("NotImplemented", "MethodNotAllowed", "NotSupported")
_OF_CREDENTIALS = ("AccessDenied", "403", "AllAccessDisabled", "unknown code")


def rules_of(connection: Connection, bucket: str, root: str) -> RetentionRules:
    """Ask for what the credentials allow to see. Raises `SourceError` where the bucket itself cannot be asked."""
    told: dict[Aspect, Mapping[str, Any]] = {}
    unseen = []
    for aspect in Aspect:
        answer = _answer(connection, bucket, aspect)
        if isinstance(answer, Unseen):
            unseen.append(answer)
        else:
            told[aspect] = answer
    versions = told.get(Aspect.VERSIONING)
    return RetentionRules(
        root=root,
        expirations=tuple(_expirations(told.get(Aspect.LIFECYCLE, {}))),
        lock=_lock(told.get(Aspect.LOCK, {})),
        is_versioned=None if versions is None else versions.get("Status") == "Enabled",
        unseen=tuple(unseen),
    )


def _answer(connection: Connection, bucket: str, aspect: Aspect) -> Mapping[str, Any] | Unseen:
    method, permission = _ASKED[aspect]
    where = f"s3://{bucket}: asking for its {aspect}"
    try:
        return retried(lambda seconds: connection.call(method, where, seconds, Bucket=bucket))
    except NotFoundError as error:
        if code_of(error) in _NONE:
            return {}
        raise
    except DeniedError as error:
        if code_of(error) not in _OF_CREDENTIALS:  # credentials that are wrong, whatever is asked for
            raise
        return Unseen(aspect, Blindness.DENIED, error.message, f"the credentials must allow {permission}")
    except SourceError as error:
        if code_of(error) not in _UNSUPPORTED:
            raise
        return Unseen(aspect, Blindness.UNSUPPORTED, error.message)


def _expirations(answer: Mapping[str, Any]) -> Iterator[Expiration]:
    for rule in answer.get("Rules", ()):
        ends = rule.get("Expiration", {})
        if rule.get("Status") != "Enabled" or not ("Days" in ends or "Date" in ends):
            continue
        chosen = rule.get("Filter", {})
        every = {**chosen, **chosen.get("And", {})}
        days, date = ends.get("Days"), ends.get("Date")
        yield Expiration(
            prefix=every.get("Prefix", rule.get("Prefix", "")),
            after=None if days is None else timedelta(days=days),
            at=date.astimezone(UTC) if isinstance(date, datetime) else None,
            is_partial=bool(every.keys() - {"Prefix", "And"}),
        )


def _lock(answer: Mapping[str, Any]) -> Lock | None:
    """Return what holds for all that is written; a bucket may have Object Lock and leave it to who writes."""
    rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention")
    if rule is None:
        return None
    days = rule.get("Days") or 365 * rule.get("Years", 0)
    return Lock(mode=str(rule.get("Mode", "")), length=timedelta(days=days), is_firm=rule.get("Mode") == "COMPLIANCE")
