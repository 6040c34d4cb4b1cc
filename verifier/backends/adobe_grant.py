"""What Adobe answers when it is asked for the credentials of a landing zone, on Azure or on AWS; not the asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from verifier.backends.azure_access import expiry_of
from verifier.backends.base import Location
from verifier.backends.urls import join, parse_location
from verifier.errors import UsageError

_AMAZON = "Amazon S3"


class BadGrantError(ValueError):
    """The answer is not one of the two shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The root of a landing zone with credentials for it, and when they end, where Adobe says so (aware, UTC)."""

    root: Location
    expires_at: datetime | None


def parse_grant(answer: object) -> Grant:
    """Read either shape: Amazon's exactly where the answer says so. Raises `BadGrantError`, which shows no value."""
    if not isinstance(answer, Mapping):
        raise BadGrantError("not an object")
    try:
        return _of_amazon(answer) if answer.get("dlzProvider") == _AMAZON else _of_azure(answer)
    except UsageError:
        raise BadGrantError("a place that cannot be") from None


def _of_amazon(answer: Mapping[str, object]) -> Grant:
    credentials, place = _table(answer, "credentials"), _table(answer, "dlzPath")
    options = {
        "key": _text(credentials, "awsAccessKeyId"),
        "secret": _text(credentials, "awsSecretAccessKey"),
        "token": _text(credentials, "awsSessionToken"),
    }
    bucket, folder = _text(place, "bucketName"), str(place.get("dlzFolder") or "").strip("/")
    root = parse_location(join(f"s3://{bucket}", folder), options, "s3")
    return Grant(root=root, expires_at=_moment(answer.get("expiryTime")))


def _of_azure(answer: Mapping[str, object]) -> Grant:
    account, container = _text(answer, "storageAccountName"), _text(answer, "containerName")
    url = str(answer.get("SASUri") or f"https://{account}.blob.core.windows.net/{container}").partition("?")[0]
    sas = _text(answer, "SASToken").removeprefix("?")
    root = parse_location(url, {"sas_token": sas}, "azure-blob")
    if not root.url.startswith(f"abfss://{container}@{account}."):
        raise BadGrantError("a SASUri of another container")
    return Grant(root=root, expires_at=expiry_of(sas))


def _table(answer: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = answer.get(name)
    if not isinstance(value, Mapping):
        raise BadGrantError(f"no {name}")
    return value


def _text(answer: Mapping[str, object], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise BadGrantError(f"no {name}")
    return value


def _moment(value: object) -> datetime | None:
    """Read epoch seconds; milliseconds are told by their size."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (OverflowError, OSError, ValueError):
        return None
