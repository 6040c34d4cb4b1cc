"""One SFTP session over one channel: many requests out, answers in as they come; not what is asked, nor trying again.

One thread at a time. Requests are gathered and leave together when an answer is waited for, so that many small ones
cost little more than one; paramiko's own client waits for each answer, and deadlocks where two threads share it.
"""

from __future__ import annotations

import itertools
import struct
import time
from dataclasses import dataclass, field

from paramiko import Channel

from verifier.backends import sftp_wire as wire
from verifier.backends.sftp_errors import FOREIGN, fault_of
from verifier.backends.sftp_wire import Attributes, Fields, PacketError, StatusError
from verifier.errors import NetworkError, SourceError

REQUESTS_IN_FLIGHT = 64
READ_BYTES = 32768
"""What every server gives or takes at once."""

ANSWER_SECONDS = 120.0
"""How long one answer may take, whatever else arrives meanwhile."""

_RECEIVE_BYTES = 1 << 18
_GATHERED_BYTES = 1 << 16
_LONGEST_PACKET = 1 << 24
_NOT_SFTP_HINT = "a command that prints when the user logs in, such as one in a shell profile, breaks SFTP"


@dataclass(frozen=True, slots=True)
class Name:
    """One entry of a folder as the server lists it: links are told as links."""

    name: bytes
    attributes: Attributes


@dataclass(slots=True)
class Handle:
    """An open file or folder, closed with its session at the latest."""

    session: Session
    raw: bytes
    is_open: bool = field(default=True, init=False)

    def close(self) -> None:
        """Have it closed with the next requests; a second call does nothing."""
        if self.is_open:
            self.is_open = False
            self.session.drop(wire.CLOSE, wire.text(self.raw))

    def __del__(self) -> None:
        self.close()


class Session:
    """A session whose channel runs the sftp subsystem; `where` names the server in messages."""

    def __init__(self, channel: Channel, where: str, seconds: float) -> None:
        """Begin the session; `seconds` is how long may pass without a single byte."""
        self.requests = 0
        self.is_broken = False
        self.extensions: frozenset[bytes] = frozenset()
        self._channel = channel
        self._where = where
        self._seconds = seconds
        self._numbers = itertools.count(1)
        self._outgoing: list[bytes] = []
        self._gathered = 0
        self._incoming = bytearray()
        self._arrived: dict[int, tuple[int, Fields]] = {}
        self._forgotten: set[int] = set()
        self._begin()

    def send(self, kind: int, fields: bytes) -> int:
        """Gather one request; return the number under which its answer is to be asked for."""
        number = next(self._numbers)
        self._outgoing.append(struct.pack(">IBI", len(fields) + 5, kind, number) + fields)
        self._gathered += len(fields)
        if self._gathered > _GATHERED_BYTES:
            self.flush()
        return number

    def drop(self, kind: int, fields: bytes) -> None:
        """Gather one request whose answer does not matter. May be called at any time, by the collector too."""
        number = next(self._numbers)
        self._forgotten.add(number)
        self._outgoing.append(struct.pack(">IBI", len(fields) + 5, kind, number) + fields)

    def forget(self, number: int) -> None:
        """Wait for an answer no more; what it opens is closed."""
        if self._arrived.pop(number, None) is None:
            self._forgotten.add(number)

    def handle(self, number: int) -> Handle:
        """Wait for the answer to OPEN or OPENDIR."""
        return Handle(self, self._fields(number, wire.HANDLE).text())

    def attributes(self, number: int) -> Attributes:
        """Wait for the answer to STAT, LSTAT or FSTAT."""
        return self._fields(number, wire.ATTRIBUTES).attributes()

    def look(self, path: bytes) -> Attributes | None:
        """Return what is at a path once links are followed, or None when nothing is."""
        try:
            return self.attributes(self.send(wire.STAT, wire.text(path)))
        except StatusError as status:
            if status.code == wire.NO_SUCH_FILE:
                return None
            above = path.rpartition(b"/")[0]
            if status.code == wire.FAILURE and above:  # which is how some servers speak of what is below a file
                found = self.look(above)
                if found is None or not found.is_folder:
                    return None
            raise

    def names(self, number: int) -> list[Name]:
        """Wait for the answer to READDIR or REALPATH; empty at the end of a folder."""
        try:
            fields = self._fields(number, wire.NAME)
        except StatusError as status:
            if status.code == wire.END_OF_FILE:
                return []
            raise
        found = []
        for _ in range(fields.number()):
            name, _ = fields.text(), fields.text()
            found.append(Name(name, fields.attributes()))
        if not found:
            raise PacketError
        return found

    def data(self, number: int) -> bytes:
        """Wait for the answer to READ; empty at the end of the file."""
        try:
            return self._fields(number, wire.DATA).text()
        except StatusError as status:
            if status.code == wire.END_OF_FILE:
                return b""
            raise

    def done(self, number: int) -> None:
        """Wait for the answer to a request that only succeeds or fails."""
        kind, fields = self._answer(number)
        code = fields.number() if kind == wire.STATUS else wire.OK
        if code != wire.OK:
            raise StatusError(code)

    def has_arrived(self, number: int) -> bool:
        """Tell whether an answer can be had without waiting."""
        return number in self._arrived

    def fault(self, words: str) -> NetworkError:
        """Give the session up; return the fault to raise."""
        self.give_up()
        return NetworkError(f"{self._where}: {words}")

    def flush(self) -> None:
        """Send what was gathered."""
        packets, self._outgoing, self._gathered = self._outgoing, [], 0
        if packets and not self.is_broken:
            self.requests += len(packets)
            try:
                self._channel.sendall(b"".join(packets))
            except FOREIGN as error:
                raise self._broken(error) from error

    def give_up(self) -> None:
        """Use the session no more; it ends with its connection, and nothing is sent, which could wait for ever."""
        self.is_broken = True
        self._outgoing.clear()
        self._arrived.clear()

    def _begin(self) -> None:
        self._outgoing.append(struct.pack(">IBI", 5, wire.INIT, wire.VERSION))
        while (packet := self._packet()) is None:
            self._receive(self._seconds)
        fields = Fields(packet[1:])
        if packet[0] != wire.VERSION_ANSWER or fields.number() < wire.VERSION:
            raise SourceError(f"{self._where}: the server does not speak SFTP version {wire.VERSION}")
        found = []
        while fields.has_more():
            found.append(fields.text())
            fields.text()
        self.extensions = frozenset(found)

    def _fields(self, number: int, expected: int) -> Fields:
        kind, fields = self._answer(number)
        if kind == expected:
            return fields
        raise StatusError(fields.number()) if kind == wire.STATUS else PacketError

    def _answer(self, number: int) -> tuple[int, Fields]:
        deadline = time.monotonic() + ANSWER_SECONDS
        while (found := self._arrived.pop(number, None)) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self.fault("no answer in time")
            self.flush()
            self._receive(min(left, self._seconds))
            while (packet := self._packet()) is not None:
                self._take(packet)
        return found

    def _receive(self, seconds: float) -> None:
        if self.is_broken:
            raise self.fault("the connection was given up")
        self.flush()
        try:
            self._channel.settimeout(seconds)
            data = self._channel.recv(_RECEIVE_BYTES)
        except FOREIGN as error:
            raise self._broken(error) from error
        if not data:
            raise self.fault("the server ended the connection")
        self._incoming += data

    def _packet(self) -> bytes | None:
        """Return the next whole packet without its length, or None."""
        if len(self._incoming) < 4:
            return None
        length = int.from_bytes(self._incoming[:4])
        if not 5 <= length <= _LONGEST_PACKET:
            self.give_up()
            raise SourceError(f"{self._where}: what the server sends is not SFTP", hint=_NOT_SFTP_HINT)
        if len(self._incoming) < 4 + length:
            return None
        packet = bytes(memoryview(self._incoming)[4 : 4 + length])
        del self._incoming[: 4 + length]
        return packet

    def _take(self, packet: bytes) -> None:
        kind, number, fields = packet[0], int.from_bytes(packet[1:5]), Fields(packet[5:])
        if number not in self._forgotten:
            self._arrived[number] = (kind, fields)
            return
        self._forgotten.discard(number)
        if kind == wire.HANDLE:
            Handle(self, fields.text()).close()

    def _broken(self, error: Exception) -> NetworkError:
        self.give_up()
        return fault_of(error, self._where)
