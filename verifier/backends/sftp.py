"""SFTP servers as a store: looking up and opening; not the walk, the connection or the reading.

Options: `username`, `port`, `password`, `key_filename` or `private_key` (its text, or Base64 of it) with `passphrase`,
`allow_agent`, `look_for_keys`, `known_hosts` or `host_key`, and `timeout` in seconds. The host key is always checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verifier.backends.base import Access, Backend, Capabilities, Contact, Location, Writer
from verifier.backends.sftp_connection import Connection
from verifier.backends.sftp_paths import on_server
from verifier.backends.sftp_session import Session
from verifier.backends.sftp_source import SftpShelf, SftpSource
from verifier.backends.sftp_walk import Walk
from verifier.backends.sftp_wire import Attributes
from verifier.backends.sftp_writer import SftpWriter
from verifier.backends.urls import shown
from verifier.errors import SourceError
from verifier.model import StoredFile

PAGE_FILES = 1000


def open_backend(location: Location) -> Backend:
    """Open a folder on an SFTP server as a store; nothing is sent yet. Raises `UsageError` for unusable options."""
    return SftpBackend(location)


def open_writer(location: Location) -> Writer:
    """Open a folder on an SFTP server for new files; nothing is sent yet. Raises as `open_backend` does."""
    return SftpWriter(Connection(location))


class SftpBackend:
    """A folder on an SFTP server, with all that is below it."""

    capabilities = Capabilities(is_local=False, has_times=True, has_etags=False, is_flat=False)

    def __init__(self, location: Location) -> None:
        self.location = location
        self._connection = Connection(location)

    def list(self, prefix: str = "") -> Iterator[Sequence[StoredFile]]:
        """Yield pages of all files below a folder, in no order; none where the prefix is not a folder."""
        if _climbs(prefix):
            return
        page: list[StoredFile] = []
        for file in Walk(self._connection).files(f"{prefix.strip('/')}/" if prefix.strip("/") else ""):
            page.append(file)
            if len(page) >= PAGE_FILES:
                yield page
                page = []
        if page:
            yield page

    def stat(self, path: str) -> StoredFile | None:
        """Return one file as it is now, or None when it is not there or is a folder."""
        if _climbs(path):
            return None
        at = self._at(path)

        def look(session: Session) -> Attributes | None:
            return session.look(at)

        found = self._connection.run(f"{self.location.url}: looking up {shown(path)}", look)
        if found is None or found.is_folder:
            return None
        return StoredFile(path, found.stored_size, found.modified_at)

    def open(self, file: StoredFile) -> SftpSource:
        """Return a source for a listed file; nothing is sent before it is read."""
        where = f"{self.location.url}: reading {shown(file.path)}"
        if _climbs(file.path):
            raise SourceError(f"{where}: the path leaves the zone")
        return SftpSource(SftpShelf(self._connection, self._at(file.path), where, self.stat), file, where)

    def now(self) -> None:
        """Return nothing: the protocol shows no clock."""

    def access(self) -> Access:
        """Return the fingerprint under which the server proved itself; what may be written is not tried."""
        self._connection.run(f"{self.location.url}: connecting", lambda session: None)
        key = self._connection.host_key
        return Access(host_key=key.fingerprint if key else None)

    def contact(self) -> Contact:
        """Return server and user."""
        return self._connection.contact()

    @property
    def requests(self) -> int:
        """Requests of SFTP sent so far, retries included; those of SSH below it not."""
        return self._connection.requests

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()

    def _at(self, path: str) -> bytes:
        return on_server(f"{self._connection.address.path.rstrip('/')}/{path}")


def _climbs(path: str) -> bool:
    return path.startswith("/") or "\0" in path or ".." in path.split("/")
