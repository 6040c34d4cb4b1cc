"""Who asks Adobe, for the credentials of a landing zone or of Flow Service, and where; not the asking."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from verifier.backends.url_rules import split_url
from verifier.errors import UsageError

IMS_URL = "https://ims-na1.adobelogin.com"
PLATFORM_URL = "https://platform.adobe.io"
SCOPES = ("openid", "AdobeID", "read_organizations", "additional_info.projectedProductContext", "session")
SANDBOX = "prod"

TABLE = "adobe"
"""The option that holds the settings' table of that name; the same names beside it go before."""

NAMES = frozenset({"client_id", "client_secret", "org_id", "sandbox", "scopes", "ims_url", "platform_url"})
_VARIABLES = {name: f"ADOBE_{name.upper()}" for name in ("client_id", "client_secret", "org_id")}
_WORD = re.compile(r"[!-~]+")  # they go into headers
_HINT = "set client_id, client_secret and org_id in [adobe], or ADOBE_CLIENT_ID, ADOBE_CLIENT_SECRET and ADOBE_ORG_ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An OAuth server-to-server credential of a project in Adobe's console, and the sandbox it is used for."""

    client_id: str
    client_secret: str = field(repr=False)
    org_id: str
    sandbox: str
    scopes: tuple[str, ...] = SCOPES
    ims_url: str = IMS_URL
    platform_url: str = PLATFORM_URL


def has_login(options: Mapping[str, object], environment: Mapping[str, str]) -> bool:
    """Tell whether somebody to ask as is named at all."""
    return bool(_told("client_id", options, environment))


def parse_login(
    options: Mapping[str, object],
    environment: Mapping[str, str],
    sandbox: str | None = None,
    purpose: str = "asking Adobe for the credentials of a landing zone",
) -> Login:
    """Read the login from a zone's options, the table in them and the environment, in that order.

    `sandbox` is that of the URL, if it names one. Raises `UsageError` for what is not there or cannot be, which says
    what it is needed for.
    """
    found = {name: value for name in NAMES if (value := _told(name, options, environment))}
    missing = [name for name in _VARIABLES if not isinstance(found.get(name), str)]
    if missing:
        raise UsageError(f"{purpose} needs {', '.join(missing)}", hint=_HINT)
    words = {name: str(found[name]) for name in _VARIABLES} | {"sandbox": sandbox or str(found.get("sandbox", SANDBOX))}
    if odd := [name for name, value in words.items() if not _WORD.fullmatch(value)]:
        raise UsageError(f"{' and '.join(odd)} cannot be Adobe's: expected printable ASCII without spaces")
    scopes = found.get("scopes", SCOPES)
    return Login(
        **words,
        scopes=tuple(map(str, scopes)) if isinstance(scopes, list | tuple) else (str(scopes),),
        ims_url=_base("ims_url", str(found.get("ims_url", IMS_URL))),
        platform_url=_base("platform_url", str(found.get("platform_url", PLATFORM_URL))),
    )


def _told(name: str, options: Mapping[str, object], environment: Mapping[str, str]) -> object:
    table = options.get(TABLE)
    shared = table.get(name) if isinstance(table, Mapping) else None
    return options.get(name) or shared or environment.get(_VARIABLES.get(name, ""))


def _base(name: str, url: str) -> str:
    """Return a base URL without its trailing slash; secrets go over TLS, or stay on this machine."""
    parts = split_url(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not is_safe or not parts.hostname or parts.username or parts.password or parts.query:
        raise UsageError(f"{name} is not the https URL of a server", hint="leave it out for Adobe's own")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
