"""What sockets, paramiko and SFTP servers say, sorted into our errors; a server's own text is never shown."""

from __future__ import annotations

import socket

from paramiko import SSHException
from paramiko.ssh_exception import ChannelException, IncompatiblePeer

from verifier.backends import sftp_wire as wire
from verifier.backends.sftp_wire import PacketError, StatusError
from verifier.errors import DeniedError, NetworkError, NotFoundError, SourceError

FOREIGN = (SSHException, OSError, EOFError)
"""What paramiko and sockets can raise; timeouts and failed look-ups of hosts are OSErrors."""

ANSWERED = (StatusError, PacketError)
"""What an answer can be in place of what was asked for."""

_PROHIBITED = 1
_DENIED_HINT = "the login must be allowed to list every folder and to read every file below the zone's path"
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "the name of the host cannot be resolved"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "the connection is refused"),
    (ConnectionError, "the connection was lost"),
    (EOFError, "the server ended the connection"),
    (OSError, "no connection"),
)
_CODES = {
    wire.NO_SUCH_FILE: "no such file or folder",
    wire.PERMISSION_DENIED: "permission denied",
    wire.FAILURE: "the server failed to do it",
    wire.OP_UNSUPPORTED: "the server does not know how to do it",
}


def fault_of(error: BaseException, where: str) -> NetworkError:
    """Return the passing fault that a broken connection means."""
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke")
    return NetworkError(f"{where}: {words}")


def refusal_of(error: Exception, where: str) -> SourceError:
    """Return the error of ours that a failure to connect or to open a channel means."""
    if isinstance(error, IncompatiblePeer):
        return SourceError(f"{where}: the server and we have no algorithm in common", hint="update the SSH server")
    if isinstance(error, ChannelException) and error.code == _PROHIBITED:
        return DeniedError(f"{where}: the server lets this login open no session", hint="ask the server's owner")
    return fault_of(error, where)


def answer_error(error: Exception, where: str) -> SourceError:
    """Return the error of ours that an answer means; what a server calls a failure may pass."""
    if not isinstance(error, StatusError):
        return SourceError(f"{where}: the server's answer is not SFTP")
    message = f"{where}: {_CODES.get(error.code, f'the server answers with status {error.code}')}"
    if error.code == wire.NO_SUCH_FILE:
        return NotFoundError(message)
    if error.code == wire.PERMISSION_DENIED:
        return DeniedError(message, hint=_DENIED_HINT)
    return SourceError(message) if error.code == wire.OP_UNSUPPORTED else NetworkError(message)
