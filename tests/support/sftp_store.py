"""Places on SFTP servers, one class for every kind of login; neither the servers nor the backend.

The host key is pinned by its line, so that a place can be reached through a proxy; known_hosts has tests of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.sftp_servers import PASSPHRASE, SftpServer
from support.stores import LocalStore, RcloneFolder

from verifier.backends.base import Location
from verifier.backends.urls import parse_location


class SftpStore:
    """A folder of its own below what a server serves; without a login of its own, since each kind is a subclass."""

    name = ""

    def __init__(self, server: SftpServer, folder: str) -> None:
        self.server = server
        self.folder = folder
        self.files = (RcloneFolder if server.software == "rclone" else LocalStore)(server.root / folder)

    @property
    def secrets(self) -> Sequence[str]:
        """Texts that may appear nowhere."""
        keys = [path.read_text() for path in (self.server.key, self.server.locked_key) if path]
        body = [line for key in keys for line in key.splitlines() if not line.startswith("-")]
        return [text for text in (self.server.password, PASSPHRASE, *body) if text]

    def login(self) -> dict[str, object]:
        """Return the options of this kind of login."""
        raise NotImplementedError

    def location(self, path: str = "", **options: object) -> Location:
        """Return the place of a folder below the root."""
        return self._place(f"{self.folder}/{path}", **options)

    def through(self, port: int, **options: object) -> Location:
        """Return this place as reached through a proxy on another port of loopback."""
        return self._place(self.folder, port=port, **options)

    def put(self, path: str, data: bytes) -> None:
        """Write one file, with a time that differs from any before."""
        self.files.put(path, data)

    def put_many(self, paths: Iterable[str]) -> None:
        """Write many small files."""
        self.files.put_many(paths)

    def delete(self, path: str) -> None:
        """Delete one file."""
        self.files.delete(path)

    def missing(self) -> Location:
        """Return a folder that does not exist."""
        return self._place("no-such-folder")

    def denied(self) -> Location | None:
        """Return this place with a login that the server does not take."""
        raise NotImplementedError

    def _place(self, path: str, port: int | None = None, **options: object) -> Location:
        server = self.server
        url = f"sftp://{server.user}@127.0.0.1:{port or server.port}{server.prefix}/{path}"
        return parse_location(url, {"host_key": server.host_key, **self.login(), **options})


class KeyStore(SftpStore):
    """A login by a key file."""

    name = "sftp-key"

    def login(self) -> dict[str, object]:
        """Return the options of this kind of login."""
        return {"key_filename": str(self.server.key)}

    def denied(self) -> Location:
        """Return this place for another key of the right kind: the server's own."""
        assert self.server.key
        return self.location(key_filename=str(self.server.key.with_name("host")))


class PassphraseStore(SftpStore):
    """A login by the text of a key that is under a passphrase."""

    name = "sftp-passphrase"

    def login(self) -> dict[str, object]:
        """Return the options of this kind of login."""
        assert self.server.locked_key
        return {"private_key": self.server.locked_key.read_text(), "passphrase": PASSPHRASE}

    def denied(self) -> Location:
        """Return this place with a wrong passphrase."""
        return self.location(passphrase="an-entirely-wrong-passphrase")


class AgentStore(SftpStore):
    """A login by the agent that SSH_AUTH_SOCK names."""

    name = "sftp-agent"

    def login(self) -> dict[str, object]:
        """Return the options of this kind of login."""
        return {"look_for_keys": False}

    def denied(self) -> Location:
        """Return this place for a user whom the agent has no key of."""
        assert self.server.key
        return self.location(key_filename=str(self.server.key.with_name("host")), allow_agent=False)


class PasswordStore(SftpStore):
    """A login by a password."""

    name = "sftp-password"

    def login(self) -> dict[str, object]:
        """Return the options of this kind of login."""
        return {"password": self.server.password}

    def denied(self) -> Location:
        """Return this place with a wrong password."""
        return self.location(password="an-entirely-wrong-password")
