"""A strict walk over folders of an SFTP server, many at a time: every file or an error; not the reading of files.

The rules are those of the local walk: links are followed unless one leads back to a folder it is in, broken ones and
what is no regular file are listed with size 0, a folder that lost one while it was listed is listed again. The server
tells where a link leads; where it cannot, linked folders on one path are counted. Files come in no order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

from verifier.backends import sftp_wire as wire
from verifier.backends.pace import before_request
from verifier.backends.retry import Tries
from verifier.backends.sftp_connection import Connection
from verifier.backends.sftp_errors import ANSWERED, answer_error
from verifier.backends.sftp_paths import on_server, shown_name
from verifier.backends.sftp_session import Handle, Name, Session
from verifier.backends.sftp_wire import Attributes, StatusError
from verifier.backends.urls import join
from verifier.errors import NetworkError, NotFoundError, SourceError
from verifier.model import StoredFile

FOLDERS_IN_FLIGHT = 32
_PASSES = 5
_LINKS_ON_A_PATH = 8
_DEEPEST = 256


@dataclass(slots=True)
class _Folder:
    """A folder on the way down. `real` is where to ask for it, `canonical` the same without links, empty if unknown."""

    real: bytes
    path: str
    found: Attributes
    canonical: bytes
    parent: _Folder | None = None
    name: bytes = b""
    is_link: bool = False
    links: int = 0
    depth: int = 0
    seen: set[bytes] = field(default_factory=set)
    below: int = 0
    """Folders directly below that are not done."""
    restless: bool = False
    passes: int = 0
    tries: Tries | None = None

    def at(self, name: bytes) -> bytes:
        return self.real.rstrip(b"/") + b"/" + name

    def child(self, entry: Name, found: Attributes, canonical: bytes) -> _Folder:
        is_link = entry.attributes.is_link
        return _Folder(
            real=self.at(entry.name),
            path=f"{self.path}{shown_name(entry.name)}/",
            found=found,
            canonical=canonical,
            parent=self,
            name=entry.name,
            is_link=is_link,
            links=self.links + is_link,
            depth=self.depth + 1,
        )

    def leads_back(self) -> bool:
        above = self.parent
        while self.is_link and self.canonical and above:
            if above.canonical == self.canonical:
                return True
            above = above.parent
        return False

    def placeholder(self) -> StoredFile:
        return StoredFile(self.path, 0, self.found.modified_at)


Entry = StoredFile | _Folder
Steps = Generator[None, None, list[Entry] | None]
"""The listing of one folder: yields after each request, so that others are sent before its answer is waited for."""


class Walk:
    """One walk below the path of a connection's address."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = connection.url
        self._waiting: list[_Folder] = []
        self._flying: deque[tuple[_Folder, Steps]] = deque()
        self._ready: list[StoredFile] = []

    def files(self, prefix: str) -> Iterator[StoredFile]:
        """Yield every file below a folder of the root; none where the prefix is not a folder.

        Raises `NotFoundError` for a root that is not there and `SourceError` of every kind for all that goes wrong.
        """
        start = self._start(prefix)
        if start is None:
            return
        self._waiting.append(start)
        tries = Tries()
        try:
            while self._waiting or self._flying:
                session = None
                try:
                    session = self._connection.session(tries.seconds_left)
                    done = self._advance(session)
                except NetworkError as fault:
                    if session and not session.is_broken:
                        raise  # one folder's own, tried often enough
                    self._land()
                    tries.wait(fault)
                    continue
                if done:
                    tries = Tries()
                    self._take(*done)
                ready, self._ready = self._ready, []
                yield from ready
        finally:
            self._land()

    def _start(self, prefix: str) -> _Folder | None:
        root = on_server(self._connection.address.path)
        at = root.rstrip(b"/") + b"/" + on_server(prefix.rstrip("/")) if prefix else root

        def look(session: Session) -> tuple[Attributes | None, Attributes | None, bytes]:
            real = session.send(wire.REALPATH, wire.text(at))
            found = session.look(root)
            below = session.look(at) if prefix and found else found
            return found, below, _real_path(session, real)

        found, below, canonical = self._connection.run(f"{self._url}: listing", look)
        if found is None:
            raise NotFoundError(f"{self._url}: there is no such folder")
        if not found.is_folder:
            raise SourceError(f"{self._url}: expected a folder, got a file", hint="give the folder that holds the file")
        return _Folder(at, prefix, below, canonical) if below and below.is_folder else None

    def _advance(self, session: Session) -> tuple[_Folder, list[Entry] | None] | None:
        """Ask for as many folders as may be under way, then go on with the one that waits longest.

        Returns a folder that is listed, and what is in it. What breaks is a folder that waits again.
        """
        while self._waiting and len(self._flying) < FOLDERS_IN_FLIGHT:
            before_request()
            folder = self._waiting.pop()
            steps = self._listing(session, folder)
            next(steps)
            self._flying.append((folder, steps))
        folder, steps = self._flying.popleft()
        try:
            next(steps)
        except StopIteration as end:
            return folder, end.value
        except NetworkError as fault:
            self._waiting.append(folder)
            if session.is_broken:
                raise
            folder.tries = folder.tries or Tries()
            folder.tries.wait(fault)
        else:
            self._flying.append((folder, steps))
        return None

    def _land(self) -> None:
        """Have all folders under way wait again; the connection is not worth sorting out what is still to arrive."""
        if self._flying:
            self._waiting += (folder for folder, _ in self._flying)
            self._flying.clear()
            self._connection.close()

    def _listing(self, session: Session, folder: _Folder) -> Steps:
        """List a folder once: return what was not seen in it before, or None when it is gone."""
        try:
            opened = session.send(wire.OPENDIR, wire.text(folder.real))
            yield
            handle = session.handle(opened)
            names = yield from _names(session, handle)
        except ANSWERED as error:
            if isinstance(error, StatusError) and error.code == wire.NO_SUCH_FILE:
                return None
            raise answer_error(error, join(self._url, folder.path)) from error
        fresh = {entry.name: entry for entry in names if entry.name not in folder.seen}
        unclear = [e for e in fresh.values() if e.attributes.is_link or not e.attributes.tells_kind]
        asked = {
            entry.name: [session.send(kind, wire.text(folder.at(entry.name))) for kind in (wire.STAT, wire.REALPATH)]
            for entry in unclear
        }
        if asked:
            yield
        found: list[Entry] = []
        for name, entry in fresh.items():
            target: Attributes | None = entry.attributes
            canonical = folder.canonical and folder.canonical.rstrip(b"/") + b"/" + name
            if name in asked:
                target = self._target(session, folder, entry, asked[name][0])
                canonical = _real_path(session, asked[name][1])
            if target is None:
                folder.restless = True  # gone since its folder was read: harmless when we look again
                continue
            folder.seen.add(name)
            found.append(_entry(folder, entry, target, canonical))
        return found

    def _target(self, session: Session, folder: _Folder, entry: Name, asked: int) -> Attributes | None:
        """Return what an entry leads to; itself where a link leads to nothing, None where it is gone."""
        where = join(self._url, folder.path + shown_name(entry.name))
        try:
            found = session.attributes(asked)
        except ANSWERED as error:
            if isinstance(error, StatusError) and error.code == wire.NO_SUCH_FILE:
                return entry.attributes if entry.attributes.is_link else None
            raise answer_error(error, where) from error
        if not found.tells_kind:
            raise SourceError(f"{where}: the server does not tell whether this is a file or a folder")
        return found

    def _take(self, folder: _Folder, entries: list[Entry] | None) -> None:
        """Take in what a folder holds; one that is gone has the folder above it looked at again."""
        if entries is None:
            if folder.parent:
                folder.parent.seen.discard(folder.name)
                folder.parent.restless = True
                folder.parent.below -= 1
                self._settle(folder.parent)
            elif not folder.path:
                raise NotFoundError(f"{self._url}: there is no such folder")
            return
        folder.passes += 1
        for entry in entries:
            if isinstance(entry, StoredFile):
                self._ready.append(entry)
            elif entry.leads_back():
                self._ready.append(entry.placeholder())  # a loop: all that is in it is listed already
            else:
                self._refuse_endless(entry)
                folder.below += 1
                self._waiting.append(entry)
        self._settle(folder)

    def _settle(self, folder: _Folder | None) -> None:
        """Look again at a folder that lost one while it was listed, when all below is done; else be done with it."""
        while folder and not folder.below:
            if folder.restless:
                if folder.passes >= _PASSES:
                    where = join(self._url, folder.path)
                    raise NetworkError(f"{where}: the folder changes faster than it can be listed")
                folder.restless = False
                self._waiting.append(folder)
                return
            if not folder.seen and folder.parent:
                self._ready.append(folder.placeholder())
            folder = folder.parent
            if folder:
                folder.below -= 1

    def _refuse_endless(self, folder: _Folder) -> None:
        where = join(self._url, folder.path)
        if folder.links > _LINKS_ON_A_PATH:
            raise SourceError(f"{where}: more than {_LINKS_ON_A_PATH} linked folders on one path")
        if folder.depth > _DEEPEST:
            raise SourceError(f"{where}: more than {_DEEPEST} folders inside each other")


def _names(session: Session, handle: Handle) -> Generator[None, None, list[Name]]:
    """Read an open folder to its end; one request after the other, since servers differ in what they do with more."""
    found: list[Name] = []
    try:
        while True:
            asked = session.send(wire.READDIR, wire.text(handle.raw))
            yield
            page = session.names(asked)
            if not page:
                return [entry for entry in found if entry.name not in (b".", b"..")]
            found += page
    finally:
        handle.close()


def _entry(folder: _Folder, entry: Name, target: Attributes, canonical: bytes) -> Entry:
    if target.is_folder:
        return folder.child(entry, target, canonical)
    return StoredFile(folder.path + shown_name(entry.name), target.stored_size, target.modified_at)


def _real_path(session: Session, asked: int) -> bytes:
    """Return the path without links, empty where the server does not tell."""
    try:
        return session.names(asked)[0].name
    except (*ANSWERED, IndexError):
        return b""
