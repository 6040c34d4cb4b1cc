"""A connection to an SFTP server: reached, checked, logged in, made anew when it broke; not what it is used for."""

from __future__ import annotations

import getpass
import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from weakref import WeakSet

from paramiko import Channel

from verifier.backends.base import Contact, Location
from verifier.backends.retry import retried
from verifier.backends.sftp_errors import ANSWERED, FOREIGN, answer_error, fault_of, refusal_of
from verifier.backends.sftp_host_keys import HostKey, check, trust_of
from verifier.backends.sftp_login import Login, Proofs
from verifier.backends.sftp_options import parse_options
from verifier.backends.sftp_session import Session
from verifier.backends.sftp_transport import LoginTransport
from verifier.backends.sftp_urls import SftpAddress, sftp_address
from verifier.errors import SourceError

KEEPALIVE_SECONDS = 30
_WINDOW_BYTES = 4 << 20  # more than all answers to requests in flight, so that the server never waits for us

Result = TypeVar("Result")

_logger = logging.getLogger("paramiko")
_logger.setLevel(max(_logger.getEffectiveLevel(), logging.INFO))  # at DEBUG it names users and keys
_logger.addHandler(logging.NullHandler())  # else its tracebacks go to stderr where nobody set up logging

_live: WeakSet[Connection] = WeakSet()
_inherited: list[object] = []
# A forked child keeps what it inherits from being collected, which would send on the parent's connection
os.register_at_fork(after_in_child=lambda: _inherited.extend(_live))


class Connection:
    """The one session of a backend or writer, opened when it is first needed; used by one thread at a time."""

    def __init__(self, location: Location) -> None:
        """Check the options; nothing is sent. Raises `UsageError`."""
        self.url = location.url
        self.address: SftpAddress = sftp_address(location.url)
        self.host_key: HostKey | None = None
        self._options = parse_options(location.options)
        if self._options.host_key is not None:
            trust_of("", 0, None, self._options.host_key)  # a pinned key that is none is wrong usage
        self._proofs = Proofs(self._options, self.url)
        self._transport: LoginTransport | None = None
        self._session: Session | None = None
        self._process = os.getpid()
        self._requests_before = 0
        _live.add(self)

    @property
    def requests(self) -> int:
        """Requests sent so far, over all sessions."""
        return self._requests_before + (self._session.requests if self._session else 0)

    def run(self, where: str, action: Callable[[Session], Result]) -> Result:
        """Do something on a session, again after passing faults. Raises `SourceError` with `where` in it."""

        def attempt(seconds: float) -> Result:
            session = self.session(seconds)
            try:
                return action(session)
            except ANSWERED as error:
                raise answer_error(error, where) from error

        return retried(attempt)

    def session(self, seconds: float) -> Session:
        """Return the session, a new one within `seconds` where there is none or it broke; one attempt."""
        if self._process != os.getpid():  # forked: the connection is the parent's
            _inherited.append((self._transport, self._session))
            self._process, self._transport, self._session = os.getpid(), None, None
        if self._session and not self._session.is_broken:
            return self._session
        self.close()
        seconds = min(seconds, self._options.timeout)
        transport = self._transport = self._reach(seconds)
        watchdog = threading.Timer(seconds, transport.close)  # some of paramiko's waits have no end of their own
        watchdog.daemon = True
        watchdog.start()
        try:
            self._session = self._open(transport, seconds)
        except FOREIGN as error:
            self.close()
            raise refusal_of(error, self.url) from error
        except SourceError:
            self.close()
            raise
        finally:
            watchdog.cancel()
        return self._session

    def contact(self) -> Contact:
        """Return server and user; nothing is sent."""
        host, identity = self.address.host, None
        with suppress(SourceError):
            identity = f"{self._options.username or _local_user()}@{host}"
        return Contact(endpoint=f"{f'[{host}]' if ':' in host else host}:{self.address.port}", identity=identity)

    def close(self) -> None:
        """Give the connection back; the next use opens another."""
        if self._process != os.getpid():
            return
        self._requests_before = self.requests
        session, transport = self._session, self._transport
        self._session = self._transport = None
        if session:
            session.give_up()
        if transport:
            with suppress(OSError):
                transport.sock.shutdown(socket.SHUT_RDWR)  # wakes its thread, which else looks up now and then
            transport.close()
            transport.sock.close()
            if transport.ident is not None:
                transport.join(self._options.timeout)

    def _reach(self, seconds: float) -> LoginTransport:
        address = self.address
        try:
            reached = socket.create_connection((address.host, address.port), seconds)
        except OSError as error:
            raise fault_of(error, self.url) from error
        with suppress(OSError, AttributeError):  # where the system has it: do not write for ever to who does not read
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._options.timeout * 1000))
        reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return LoginTransport(reached)

    def _open(self, transport: LoginTransport, seconds: float) -> Session:
        address, options = self.address, self._options
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = seconds
        trust = trust_of(address.host, address.port, options.known_hosts, options.host_key)
        security = transport.get_security_options()
        security.key_types = trust.order(security.key_types)
        transport.start_client(timeout=seconds)
        shown = transport.get_remote_server_key()
        key = HostKey(shown.get_name(), shown.asbytes())
        check(key, trust, address.host, address.port)
        self.host_key = key
        Login(transport, options.username or _local_user(), self._proofs).prove()
        transport.set_keepalive(KEEPALIVE_SECONDS)
        channel = transport.open_session(window_size=_WINDOW_BYTES, timeout=seconds)
        self._begin_sftp(transport, channel)
        return Session(channel, self.url, options.timeout)

    def _begin_sftp(self, transport: LoginTransport, channel: Channel) -> None:
        try:
            channel.invoke_subsystem("sftp")
        except FOREIGN as error:
            if not transport.is_active():
                raise
            hint = "the server must offer the subsystem sftp to this login"
            raise SourceError(f"{self.url}: the server offers no SFTP", hint=hint) from error


def _local_user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:
        raise SourceError("who runs this has no name", hint="set username in the zone's options") from error
