"""The options of an SFTP zone as values; not what they open."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from verifier.errors import UsageError

TIMEOUT_SECONDS = 20.0
_KNOWN = (
    "username",
    "port",
    "password",
    "key_filename",
    "private_key",
    "passphrase",
    "allow_agent",
    "look_for_keys",
    "known_hosts",
    "host_key",
    "timeout",
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpOptions:
    """How to log in and whom to trust.

    `allow_agent` and `look_for_keys` are True when nothing else is given. `timeout` is in seconds: how long connecting,
    and silence, may last.
    """

    username: str | None
    password: str | None = field(repr=False)
    key_filename: str | None
    private_key: str | None = field(repr=False)
    passphrase: str | None = field(repr=False)
    allow_agent: bool
    look_for_keys: bool
    known_hosts: str | None
    host_key: str | None
    timeout: float


def parse_options(options: Mapping[str, object]) -> SftpOptions:
    """Check a zone's options. Raises `UsageError` for an unknown one, a wrong type, or two that exclude each other."""
    for name in options:
        if name not in _KNOWN:
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = f"did you mean {near[0]}?" if near else None
            raise UsageError(f"unknown option of an SFTP zone: {name}", hint=hint)
    _both(options, "key_filename", "private_key")
    _both(options, "known_hosts", "host_key")
    timeout = options.get("timeout", TIMEOUT_SECONDS)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        raise UsageError("option timeout of an SFTP zone: expected seconds, more than 0")
    if isinstance(options.get("port", 22), bool) or not isinstance(options.get("port", 22), int):
        raise UsageError("option port of an SFTP zone: expected a whole number")
    has_own = any(name in options for name in ("password", "key_filename", "private_key"))
    return SftpOptions(
        username=_typed(options, "username", str),
        password=_typed(options, "password", str),
        key_filename=_typed(options, "key_filename", str),
        private_key=_typed(options, "private_key", str),
        passphrase=_typed(options, "passphrase", str),
        allow_agent=_flag(options, "allow_agent", default=not has_own),
        look_for_keys=_flag(options, "look_for_keys", default=not has_own),
        known_hosts=_typed(options, "known_hosts", str),
        host_key=_typed(options, "host_key", str),
        timeout=float(timeout),
    )


def _typed(options: Mapping[str, object], name: str, kind: type[Value]) -> Value | None:
    value = options.get(name)
    if value is not None and not isinstance(value, kind):
        raise UsageError(f"option {name} of an SFTP zone: expected text")
    return value


def _flag(options: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise UsageError(f"option {name} of an SFTP zone: expected true or false")
    return value


def _both(options: Mapping[str, object], one: str, other: str) -> None:
    if one in options and other in options:
        raise UsageError(f"options {one} and {other} of an SFTP zone exclude each other")
