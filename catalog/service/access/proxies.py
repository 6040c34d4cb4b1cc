"""Where a request came from, by its connection and by the word of proxies that are trusted; not what it may do.

A word about the way (`X-Forwarded-For`, `X-Forwarded-Proto`, the identity header) counts only where the connection
comes from a named address. `Forwarded` and `X-Forwarded-Host` count nowhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from catalog.service.values import Role
from catalog.settings.tables import ServiceTable

_ON_THE_WAY = ("x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host")
_LONGEST_IDENTITY = 256

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Came:
    """The way of a request: the client it began at, whether encrypted, who the proxy says it is.

    `is_forwarded` tells that somebody passed it on; `is_doubtful` that the proxy named several people at once.
    """

    client: str
    scheme: str
    identity: str | None
    is_forwarded: bool
    is_doubtful: bool = False

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the way could read along."""
        return self.scheme == "https"


class Proxies:
    """The proxies of the settings: whom to believe, and the roles of those that they vouch for."""

    def __init__(self, service: ServiceTable) -> None:
        self._networks = service.trusted_proxies
        self._header = service.identity_header.lower()
        self._roles = {name: Role(role) for name, role in service.roles.items()}
        self._default = None if service.default_role is None else Role(service.default_role)

    @property
    def vouch(self) -> bool:
        """Whether anybody is let in by what a proxy says."""
        return bool(self._networks) and (bool(self._roles) or self._default is not None)

    def role_of(self, identity: str) -> Role | None:
        """Return the role of somebody whom a proxy named, None where they have none."""
        return self._roles.get(identity, self._default)

    def came(self, scope: Scope) -> Came:
        """Return the way of a request."""
        headers = Headers(scope=scope)
        peer, scheme = (scope.get("client") or ("", 0))[0], scope.get("scheme", "http")
        is_forwarded = any(name in headers for name in _ON_THE_WAY)
        if not self._trusts(_address(peer)):
            return Came(_spelled(peer), scheme, None, is_forwarded)
        spoken = headers.getlist("x-forwarded-proto")
        if spoken:
            scheme = "https" if spoken[-1].rpartition(",")[2].strip().lower() == "https" else "http"
        named = headers.getlist(self._header) if self.vouch else []
        identity = _identity(named[0]) if len(named) == 1 else None
        is_doubtful = len(named) > 1 or (len(named) == 1 and identity is None and bool(named[0].strip()))
        client = self._client(peer, headers.getlist("x-forwarded-for"))
        return Came(client, scheme, identity, is_forwarded, is_doubtful)

    def _client(self, peer: str, told: Sequence[str]) -> str:
        """Return the last address on the way that is no trusted proxy: what stands before it, anybody may have said."""
        client = peer
        for text in reversed(",".join(told).split(",")):
            if not self._trusts(_address(client)):
                break
            if _address(text) is None:
                break
            client = text.strip()
        return _spelled(client)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    """Read an address, with or without port; one of IPv4 within IPv6 is one of IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _spelled(text: str) -> str:
    address = _address(text)
    return "unknown" if address is None else str(address)


def _identity(text: str) -> str | None:
    """Return a name as people write it, None for what is none."""
    try:
        name = text.encode("latin-1").decode("utf-8").strip()
    except UnicodeError:
        return None
    return name if name and len(name) <= _LONGEST_IDENTITY and name.isprintable() else None
