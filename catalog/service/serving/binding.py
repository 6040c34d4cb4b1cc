"""Where the service listens: at which addresses, and whether it may; who asks there is not looked at."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalog.service.access.callers import Access
from catalog.service.middleware.headers import is_loopback
from verifier.errors import UsageError

_BACKLOG = 2048
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_PRIVILEGED = 1024


@dataclass(frozen=True, slots=True)
class Listening:
    """What to listen at: a host, a port (0: any), and for TLS the certificate with its key."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    def url(self, port: int) -> str:
        """Return the address for a browser; what stands for every address of the machine is asked for by localhost."""
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certificate else 'http'}://{host}:{port}"


def refuse_unguarded(listening: Listening, access: Access) -> None:
    """Raise UsageError where others than this machine could reach what anybody who reaches it may read."""
    if access.is_open and not is_loopback(listening.host):
        hint = (
            "make a token first: landproof tokens new NAME --role viewer; or name a proxy that says who asks: [service]"
        )
        raise UsageError(
            f"host {listening.host} is reached from other machines, and there is no access control", hint=hint
        )


def bind(listening: Listening) -> list[socket.socket]:
    """Return sockets that listen, one for each address of the host, all at one port. Raises UsageError for none."""
    host, port = listening.host, listening.port
    bound: list[socket.socket] = []
    failed: OSError | None = None
    for family, address in _addresses(host, port):
        try:
            bound.append(_bound(family, address, bound[0].getsockname()[1] if bound else port))
        except OSError as error:
            failed = error
            if error.errno not in _NOT_HERE:
                break
    if bound and (failed is None or failed.errno in _NOT_HERE):
        return bound
    for one in bound:
        one.close()
    raise _refused(listening, failed) from failed


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(
            f"--host: {host} is not known here", hint="name an address of this machine, or 127.0.0.1"
        ) from error
    named = ((family, str(address[0])) for family, _, _, _, address in found)
    addresses: list[tuple[socket.AddressFamily, str]] = list(dict.fromkeys(named))
    elsewhere = [address for _, address in addresses if not is_loopback(address)]
    if is_loopback(host) and elsewhere:
        raise UsageError(f"--host: {host} is {elsewhere[0]} here, which others reach", hint="name 127.0.0.1")
    return addresses


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
        made.bind((address, port))
        made.listen(_BACKLOG)
    except BaseException:
        with suppress(OSError):
            made.close()
        raise
    return made


def _refused(listening: Listening, error: OSError | None) -> UsageError:
    number = error.errno if error else None
    reason = os.strerror(number).lower() if number else "no address"
    hint = None
    if number == errno.EADDRINUSE:
        hint = "another program listens there, maybe this service itself; choose another port with --port, or 0 for any"
    elif number in (errno.EACCES, errno.EPERM):
        hint = f"ports below {_PRIVILEGED} are for the administrator of a machine; choose another with --port"
    elif number in _NOT_HERE:
        hint = "name an address of this machine, or 127.0.0.1"
    return UsageError(f"{listening.host}:{listening.port} cannot be listened at: {reason}", hint=hint)
