"""The packets of SFTP version 3: fields to bytes and back; not when they are sent.

Numbers and layout are those of draft-ietf-secsh-filexfer-02.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

VERSION = 3
INIT, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT = 1, 3, 4, 5, 6, 7, 8
OPENDIR, READDIR, REMOVE, MKDIR, REALPATH, STAT, RENAME, EXTENDED = 11, 12, 13, 14, 16, 17, 18, 200
VERSION_ANSWER, STATUS, HANDLE, DATA, NAME, ATTRIBUTES = 2, 101, 102, 103, 104, 105

OK, END_OF_FILE, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE = 0, 1, 2, 3, 4
OP_UNSUPPORTED = 8

FOR_READING, FOR_WRITING = 0x1, 0x2 | 0x8 | 0x10
"""How a file is opened; for writing it is made where it is not there, and emptied where it is."""

_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 0x1, 0x2, 0x4, 0x8, 0x80000000


class PacketError(Exception):
    """A packet that ends before its fields do."""


class StatusError(Exception):
    """A server's answer that it did not do what it was asked; `code` is the protocol's, its text is not kept."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a server says of one path or handle, None where it says nothing. `modified` is in seconds since 1970."""

    size: int | None = None
    mode: int | None = None
    modified: int | None = None

    @property
    def is_link(self) -> bool:
        """Tell whether this is a symbolic link itself."""
        return stat.S_IFMT(self.mode or 0) == stat.S_IFLNK

    @property
    def is_folder(self) -> bool:
        """Tell whether this is a folder."""
        return stat.S_IFMT(self.mode or 0) == stat.S_IFDIR

    @property
    def is_file(self) -> bool:
        """Tell whether this is a regular file."""
        return stat.S_IFMT(self.mode or 0) == stat.S_IFREG

    @property
    def tells_kind(self) -> bool:
        """Tell whether a kind is given at all, and a size where it is that of a file."""
        return stat.S_IFMT(self.mode or 0) != 0 and (self.size is not None or not self.is_file)

    @property
    def modified_at(self) -> datetime | None:
        """The modification time, aware and UTC, to the second."""
        return None if self.modified is None else datetime.fromtimestamp(self.modified, UTC)

    @property
    def stored_size(self) -> int:
        """The size in bytes, 0 for all that is not a regular file."""
        return (self.size or 0) if self.is_file else 0


class Fields:
    """The fields of one packet, taken in order. Every method raises `PacketError` where the packet ends early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        """Take 32 bits."""
        return int.from_bytes(self._take(4))

    def long(self) -> int:
        """Take 64 bits."""
        return int.from_bytes(self._take(8))

    def text(self) -> bytes:
        """Take a string of bytes."""
        return self._take(self.number())

    def has_more(self) -> bool:
        """Tell whether anything is left."""
        return self._at < len(self._data)

    def attributes(self) -> Attributes:
        """Take the attributes of a file."""
        flags = self.number()
        size = self.long() if flags & _HAS_SIZE else None
        if flags & _HAS_OWNER:
            self._take(8)
        mode = self.number() if flags & _HAS_MODE else None
        modified = None
        if flags & _HAS_TIMES:
            self.number()
            modified = self.number()
        if flags & _HAS_MORE:
            for _ in range(self.number() * 2):
                self.text()
        return Attributes(size, mode, modified)

    def _take(self, count: int) -> bytes:
        piece = self._data[self._at : self._at + count]
        if len(piece) != count:
            raise PacketError
        self._at += count
        return piece


def text(value: bytes) -> bytes:
    """Return a string as a packet holds it."""
    return struct.pack(">I", len(value)) + value


def opening(path: bytes, flags: int) -> bytes:
    """Return the fields of OPEN, without attributes."""
    return text(path) + struct.pack(">II", flags, 0)


def making(path: bytes) -> bytes:
    """Return the fields of MKDIR, without attributes."""
    return text(path) + struct.pack(">I", 0)


def reading(handle: bytes, offset: int, count: int) -> bytes:
    """Return the fields of READ."""
    return text(handle) + struct.pack(">QI", offset, count)


def writing(handle: bytes, offset: int, data: bytes) -> bytes:
    """Return the fields of WRITE."""
    return text(handle) + struct.pack(">Q", offset) + text(data)
