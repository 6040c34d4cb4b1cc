"""New files on an SFTP server: written under another name, then given theirs; nothing that is there is overwritten.

What is being written is called `.NAME.landproof-part`; one that an ended run left behind is written over.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress

from verifier.backends import sftp_wire as wire
from verifier.backends.sftp_connection import Connection
from verifier.backends.sftp_errors import ANSWERED, answer_error
from verifier.backends.sftp_paths import on_server
from verifier.backends.sftp_session import READ_BYTES, REQUESTS_IN_FLIGHT, Handle, Session
from verifier.backends.sftp_wire import StatusError
from verifier.backends.urls import shown
from verifier.errors import ExistsError, NetworkError, SourceError

PART_SUFFIX = ".landproof-part"
_LONGEST_NAME = 255
_SYNC = b"fsync@openssh.com"


class SftpWriter:
    """A folder on an SFTP server that takes new files; folders are made as they are needed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> None:
        """Store a new file of `size` bytes, whole or not at all."""
        where = f"{self._connection.url}: writing {shown(path)}"
        if path.startswith("/") or "\0" in path or {"", ".", ".."} & set(path.split("/")):
            raise SourceError(f"{where}: the path leaves the zone")
        target = on_server(f"{self._connection.address.path.rstrip('/')}/{path}")
        part = _part_of(target)
        upload = self._connection.run(where, lambda session: _begin(session, target, part, where))
        try:
            upload.write(_in_blocks(pieces), size)
            upload.rename(size)
        except ANSWERED as error:
            upload.remove()
            raise answer_error(error, where) from error
        except BaseException:  # what the pieces raise and an interruption, too, leave nothing behind
            upload.remove()
            raise

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()


class _Upload:
    """One file on its way, open under its other name."""

    def __init__(self, handle: Handle, part: bytes, target: bytes, where: str) -> None:
        self._handle = handle
        self._session = handle.session
        self._part, self._target = part, target
        self._where = where

    def write(self, blocks: Iterator[bytes], size: int) -> None:
        """Write all blocks, many at a time, and close the file."""
        session, raw = self._session, wire.text(self._handle.raw)
        asked: deque[int] = deque()
        at = 0
        for block in blocks:
            if len(asked) == REQUESTS_IN_FLIGHT:
                session.done(asked.popleft())
            asked.append(session.send(wire.WRITE, wire.writing(self._handle.raw, at, block)))
            at += len(block)
        if at != size:
            raise NetworkError(f"{self._where}: expected {size} bytes, got {at}")
        if _SYNC in session.extensions:
            asked.append(session.send(wire.EXTENDED, wire.text(_SYNC) + raw))
        for number in asked:
            session.done(number)
        self._handle.is_open = False
        session.done(session.send(wire.CLOSE, raw))

    def rename(self, size: int) -> None:
        """Give the file its name; plain RENAME overwrites nothing on OpenSSH, but some servers let it."""
        session = self._session
        # by name, since rclone is slow and wrong about the size of what is open
        stored = session.send(wire.STAT, wire.text(self._part))
        there = session.send(wire.LSTAT, wire.text(self._target))
        found = session.attributes(stored).size
        if found not in (size, None):
            raise NetworkError(f"{self._where}: expected {size} bytes on the server, got {found}")
        if _is_there(session, there):
            raise self._exists()
        try:
            session.done(session.send(wire.RENAME, wire.text(self._part) + wire.text(self._target)))
        except StatusError:
            if _is_there(session, session.send(wire.LSTAT, wire.text(self._target))):
                raise self._exists() from None
            raise

    def remove(self) -> None:
        """Have the unfinished file removed, as far as the connection still stands."""
        with suppress(*ANSWERED, SourceError):
            self._handle.close()
            self._session.done(self._session.send(wire.REMOVE, wire.text(self._part)))

    def _exists(self) -> ExistsError:
        return ExistsError(f"{self._where}: something is there already, and nothing is overwritten")


def _begin(session: Session, target: bytes, part: bytes, where: str) -> _Upload:
    """Open the file under its other name, unless the target is there; make the folders above it.

    An unfinished one is removed rather than written over: the server may still have it open for a connection that died.
    """
    there = session.send(wire.LSTAT, wire.text(target))
    removed = session.send(wire.REMOVE, wire.text(part))
    with suppress(StatusError):
        session.done(removed)
    if _is_there(session, there):
        raise ExistsError(f"{where}: something is there already, and nothing is overwritten")
    try:
        handle = session.handle(session.send(wire.OPEN, wire.opening(part, wire.FOR_WRITING)))
    except StatusError as status:
        if status.code not in (wire.NO_SUCH_FILE, wire.FAILURE):
            raise
        _make_folders(session, target.rpartition(b"/")[0])
        handle = session.handle(session.send(wire.OPEN, wire.opening(part, wire.FOR_WRITING)))
    return _Upload(handle, part, target, where)


def _make_folders(session: Session, folder: bytes) -> None:
    found = session.look(folder or b"/")
    if found and found.is_folder:
        return
    if found:
        raise StatusError(wire.OP_UNSUPPORTED)  # a file where a folder should be
    _make_folders(session, folder.rpartition(b"/")[0])
    try:
        session.done(session.send(wire.MKDIR, wire.making(folder)))
    except StatusError:
        found = session.look(folder)  # another writer may have made it meanwhile
        if not found or not found.is_folder:
            raise


def _is_there(session: Session, asked: int) -> bool:
    """Tell by the answer to LSTAT whether anything is at a path; what is below a file some servers call a failure."""
    try:
        session.attributes(asked)
    except StatusError as status:
        if status.code not in (wire.NO_SUCH_FILE, wire.FAILURE):
            raise
        return False
    return True


def _part_of(target: bytes) -> bytes:
    folder, _, name = target.rpartition(b"/")
    if len(name) + len(PART_SUFFIX) + 1 > _LONGEST_NAME:
        name = hashlib.sha256(name).hexdigest().encode()
    return folder + b"/." + name + PART_SUFFIX.encode()


def _in_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut the pieces to what a server takes at once."""
    for piece in pieces:
        for start in range(0, len(piece), READ_BYTES):
            yield piece[start : start + READ_BYTES]
