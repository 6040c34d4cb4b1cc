"""paramiko's transport, mended where logging in on it hangs or breaks; not what is sent on it.

Its usual one asks for the login service again before every proof, at which servers in Go and asyncssh hang up; its
newer one asks once, but waits for ever when the connection breaks meanwhile, and loses an answer that comes quickly.
"""

from __future__ import annotations

import threading
import time

from paramiko import Message, ServiceRequestingTransport, SSHException
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.common import cMSG_SERVICE_REQUEST

_POLL_SECONDS = 0.005


class LoginTransport(ServiceRequestingTransport):  # type: ignore[misc]  # paramiko has no types
    """A transport on which several proofs may be offered, one after the other."""

    _is_ready = False

    def ensure_session(self) -> None:
        """Ask for the login service, once. Raises `SSHException` where it is not given within `auth_timeout`."""
        if self._is_ready:
            return
        request = Message()
        request.add_byte(cMSG_SERVICE_REQUEST)
        request.add_string("ssh-userauth")
        self._send_message(request)
        deadline = time.monotonic() + self.auth_timeout
        while not self._service_userauth_accepted:
            if not self.is_active() or time.monotonic() > deadline:
                raise SSHException("no login service")
            time.sleep(_POLL_SECONDS)
        self.auth_handler, self._is_ready = _Handler(self), True


class _Handler(AuthOnlyHandler):  # type: ignore[misc]  # paramiko has no types
    """Makes the event that an answer sets before the request is sent; paramiko makes it afterwards."""

    _event: threading.Event | None = None

    def send_auth_request(self, *arguments: object, **named: object) -> list[str]:
        """Send a proof and wait for the answer; return what the server wants besides."""
        self._event = threading.Event()
        wanted: list[str] = super().send_auth_request(*arguments, **named)
        return wanted

    @property
    def auth_event(self) -> threading.Event | None:
        """The event that an answer sets."""
        return self._event

    @auth_event.setter
    def auth_event(self, event: threading.Event | None) -> None:
        """Keep the event that is there."""
