"""A file on an SFTP server, opened and read by many requests at a time; what is done with its bytes is `object_source`.

Size and time of the open file are compared with the listed ones when its last byte has arrived and before it is given
out; where pieces are given out before that, when the file is opened too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from verifier.backends import sftp_wire as wire
from verifier.backends.object_source import PIECE_BYTES, Answer, ObjectSource
from verifier.backends.sftp_connection import Connection
from verifier.backends.sftp_errors import ANSWERED, answer_error
from verifier.backends.sftp_session import READ_BYTES, REQUESTS_IN_FLIGHT, Handle, Session
from verifier.backends.sftp_wire import Attributes
from verifier.errors import ChangedError, NetworkError, SourceError
from verifier.model import StoredFile


class SftpSource(ObjectSource):
    """A listed file; it stays open on the server from the first read to `close`."""

    def __init__(self, shelf: SftpShelf, file: StoredFile, where: str) -> None:
        super().__init__(shelf, file, where)
        self._opened = shelf

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._opened.close()


class SftpShelf:
    """What one source asks of the server. `stat` looks its file up by name."""

    def __init__(
        self, connection: Connection, path: bytes, where: str, stat: Callable[[str], StoredFile | None]
    ) -> None:
        self.stat = stat
        self._connection = connection
        self._path = path
        self._where = where
        self._handle: Handle | None = None

    def get(self, file: StoredFile, start: int, end: int, seconds: float) -> Answer:
        """Ask once for the bytes from `start` up to `end`; many requests leave together."""
        session = self._connection.session(seconds)
        try:
            reading = Reading(self._open(session, file), file, self._where)
            facts = None if 0 < end - start <= PIECE_BYTES else reading.ask_for_facts()
            body = SftpBody(reading, start, end)
            if facts is not None:
                body.check(facts)
        except ANSWERED as error:
            self.close()
            raise answer_error(error, self._where) from error
        promised = f"bytes {start}-{end - 1}/{file.size}" if end > start else None
        return Answer(body=body, content_range=promised, length=end - start)

    def close(self) -> None:
        """Have the file closed; a second call does nothing."""
        if self._handle:
            self._handle.close()
            self._handle = None

    def _open(self, session: Session, file: StoredFile) -> Handle:
        if self._handle and self._handle.session is session and self._handle.is_open:
            return self._handle
        if not file.size:  # perhaps a pipe, to open which would wait for its other end
            found = session.look(self._path)
            if found and not found.is_file:
                raise SourceError(f"{self._where}: expected a regular file, got another kind of entry")
        self._handle = session.handle(session.send(wire.OPEN, wire.opening(self._path, wire.FOR_READING)))
        return self._handle


class Reading:
    """An open file, the file it should be, and its name in messages."""

    def __init__(self, handle: Handle, file: StoredFile, where: str) -> None:
        self.handle = handle
        self.session = handle.session
        self.file = file
        self.where = where

    def ask_for_facts(self) -> int:
        """Ask what the file is now."""
        return self.session.send(wire.FSTAT, wire.text(self.handle.raw))

    def check(self, asked: int) -> None:
        """Raise `ChangedError` unless the file is still as it was listed."""
        check_unchanged(self.session.attributes(asked), self.file, self.where)


class SftpBody:
    """The bytes of one range, many requests ahead of who takes them."""

    def __init__(self, reading: Reading, start: int, end: int) -> None:
        self._reading = reading
        self._session = reading.session
        self._asked: deque[tuple[int, int, int]] = deque()
        self._next = start
        self._end = end
        self._facts: int | None = None
        self._rest = b""
        self._fill()

    def read(self, count: int) -> tuple[bytes, NetworkError | None]:
        """Return what arrives of the next `count` bytes, fewer at the end, and the fault that cut it short.

        The last bytes come only once the file is seen to be unchanged. Raises `ChangedError` when it is not.
        """
        pieces, missing = [self._rest[:count]], count - len(self._rest[:count])
        self._rest = self._rest[count:]
        try:
            while missing and self._asked:
                piece = self._take()
                pieces.append(piece[:missing])
                self._rest = piece[missing:]
                missing -= len(pieces[-1])
            if not self._asked and not self._rest and self._facts is not None:
                asked, self._facts = self._facts, None
                self._reading.check(asked)
        except ANSWERED as error:
            with suppress(*ANSWERED):
                self._reading.check(self._reading.ask_for_facts())
            self._reading.handle.close()
            found = answer_error(error, self._reading.where)
            if not isinstance(found, NetworkError):
                raise found from error
            return b"".join(pieces), found
        except NetworkError as fault:
            return b"".join(pieces), fault
        return b"".join(pieces), None

    def check(self, facts: int) -> None:
        """Raise `ChangedError`, waiting for nothing more, unless what was asked about the file is as it was listed."""
        try:
            self._reading.check(facts)
        except (*ANSWERED, SourceError):
            self.close()
            raise

    def close(self) -> None:
        """Wait for nothing more."""
        for number, _, _ in self._asked:
            self._session.forget(number)
        if self._facts is not None:
            self._session.forget(self._facts)
        self._asked.clear()
        self._facts = None

    def _fill(self) -> None:
        while self._next < self._end and len(self._asked) < REQUESTS_IN_FLIGHT:
            count = min(READ_BYTES, self._end - self._next)
            self._asked.append(self._ask(self._next, count))
            self._next += count
        if self._next == self._end and self._facts is None:
            self._facts = self._reading.ask_for_facts()

    def _ask(self, at: int, count: int) -> tuple[int, int, int]:
        return self._session.send(wire.READ, wire.reading(self._reading.handle.raw, at, count)), at, count

    def _take(self) -> bytes:
        number, at, count = self._asked[0]
        data = self._session.data(number)
        self._asked.popleft()
        if not data or len(data) > count:
            self._reading.check(self._reading.ask_for_facts())
            self._reading.handle.close()
            raise NetworkError(f"{self._reading.where}: expected {count} bytes at {at}, got {len(data)}")
        if len(data) < count:
            self._asked.appendleft(self._ask(at + len(data), count - len(data)))
            if self._facts is not None:  # asked for before what is asked for now
                self._session.forget(self._facts)
                self._facts = self._reading.ask_for_facts()
        self._fill()
        return data


def check_unchanged(found: Attributes, file: StoredFile, where: str) -> None:
    """Raise `ChangedError` unless an open file is a regular one with the listed size and time."""
    if not found.is_file:
        raise ChangedError(f"{where}: the file changed after it was listed: it is another kind of entry")
    if found.size != file.size:
        raise ChangedError(
            f"{where}: the file changed after it was listed: expected {file.size} bytes, got {found.size}"
        )
    if None not in (file.modified_at, found.modified_at) and file.modified_at != found.modified_at:
        raise ChangedError(
            f"{where}: the file changed after it was listed: its modification time is not the listed one"
        )
