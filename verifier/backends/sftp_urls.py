"""Places on SFTP servers as `sftp://user@host:port/path`, however they are written; not what is there.

The user is part of the place, since servers show each user a root of its own; port 22 is left out. A path is absolute
and its names are as they are, `%` and `?` included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from verifier.backends.url_rules import refuse_dots, refuse_secrets
from verifier.errors import UsageError

DEFAULT_PORT = 22
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^@/:]+)@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
)
_HINT = "write sftp://user@host:port/folder; passwords and keys belong into the zone's options"


def sftp_place(rest: str, options: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """Return the canonical URL and the options with `username` and `port` as URL and options together name them.

    Raises `UsageError` where there is no host or URL and options contradict each other; a password is never shown.
    """
    refuse_secrets(rest, takes_user=True)
    authority, _, path = rest.partition("/")
    match = _AUTHORITY.fullmatch(authority)
    if not match or not 0 < int(match["port"] or DEFAULT_PORT) < 65536:
        raise UsageError("sftp:// is followed by what cannot be a host", hint=_HINT)
    found = dict(options)
    if str(found.get("port") or "").isdecimal():  # from the environment it comes as a text
        found["port"] = int(str(found["port"]))
    for name, value in (("username", match["user"]), ("port", int(match["port"]) if match["port"] else None)):
        if value is not None and found.setdefault(name, value) != value:
            raise UsageError(f"the URL and the zone's options name another {name}")
    refuse_dots(path, "the URL")
    user, port = found.get("username"), found.get("port", DEFAULT_PORT)
    head = f"{user}@" if user else ""
    tail = "" if port == DEFAULT_PORT else f":{port}"
    folders = "/".join(segment for segment in path.split("/") if segment)
    return f"sftp://{head}{match['host'].lower()}{tail}/{folders}".rstrip("/"), found


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """Where a canonical URL leads: host (an IPv6 address without brackets), port, and an absolute path."""

    host: str
    port: int
    path: str


def sftp_address(url: str) -> SftpAddress:
    """Take a canonical URL apart."""
    authority, _, path = url.removeprefix("sftp://").partition("/")
    match = _AUTHORITY.fullmatch(authority)
    if not match:
        raise UsageError("sftp:// is followed by what cannot be a host", hint=_HINT)
    return SftpAddress(match["host"].strip("[]"), int(match["port"] or DEFAULT_PORT), f"/{path}")
