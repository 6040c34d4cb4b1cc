"""The options of an S3 zone, by s3fs's names, checked and put as botocore takes them; not the client.

What else s3fs takes tunes its caches and uploads: it is accepted, so that its `storage_options` can be handed over as
they are, and has no effect here.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore import UNSIGNED
from botocore.config import Config

from verifier.errors import UsageError

_KNOWN = {
    "anon", "client_kwargs", "config_kwargs", "endpoint_url", "key", "password", "profile", "region", "requester_pays",
    "s3_additional_kwargs", "secret", "token", "use_ssl", "username",
}  # fmt: skip
_WITHOUT_EFFECT = {
    "cache_regions", "default_block_size", "default_cache_type", "default_fill_cache", "fixed_upload_size",
    "local_expiry_check", "max_concurrency", "version_aware",
}  # fmt: skip

BOUNDED: Mapping[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 20,
    "retries": {"total_max_attempts": 1, "mode": "standard"},
    "user_agent": "landproof",  # botocore's own is put together from twenty pieces with each request
}
"""How long one request may take, and that it is sent once; for S3 and for what gives out credentials."""
_FIXED: Mapping[str, Any] = {
    # we compare checksums ourselves: contradicting bytes are a finding, not an exception
    "response_checksum_validation": "when_required",
    # what is sent carries its MD5, which every store knows
    "request_checksum_calculation": "when_required",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """What a zone's options say: arguments of a botocore client, and of the requests that know them."""

    profile: str | None
    client: Mapping[str, Any] = field(repr=False)
    request: Mapping[str, Any] = field(repr=False)


def parse_options(options: Mapping[str, Any]) -> S3Options:
    """Check all options. Raises `UsageError`, TypeError or ValueError for what is none; no message shows a value."""
    _refuse_unknown(options)
    is_anonymous = bool(options.get("anon"))
    config = {**BOUNDED, **(options.get("config_kwargs") or {}), **_FIXED}
    if is_anonymous:
        config["signature_version"] = UNSIGNED
    login = {
        "aws_access_key_id": _one_of(options, "key", "username"),
        "aws_secret_access_key": _one_of(options, "secret", "password"),
        "aws_session_token": options.get("token"),
    }
    named = {"endpoint_url": options.get("endpoint_url"), **login}
    client = {
        "use_ssl": options.get("use_ssl", True),
        "region_name": options.get("region"),
        **(options.get("client_kwargs") or {}),
        **{name: value for name, value in named.items() if value is not None},
    }
    if is_anonymous:
        client = {name: value for name, value in client.items() if name not in login}
    if "config" in client:
        raise UsageError("option client_kwargs of an S3 zone: config goes into config_kwargs")
    payer = {"RequestPayer": "requester"} if options.get("requester_pays") else {}
    return S3Options(
        profile=options.get("profile"),
        client={**client, "config": Config(**config)},
        request={**(options.get("s3_additional_kwargs") or {}), **payer},
    )


def _one_of(options: Mapping[str, Any], name: str, other: str) -> object:
    if options.get(name) and options.get(other):
        raise UsageError(f"the options of an S3 zone: {name} and {other} are two names of one thing")
    return options.get(name) or options.get(other)


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    known = _KNOWN | _WITHOUT_EFFECT
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(f"unknown option of an S3 zone: {name}", hint=f"did you mean {near[0]}?" if near else None)
