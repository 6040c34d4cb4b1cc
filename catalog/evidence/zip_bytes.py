"""The bytes of a ZIP file around its members: stored, dated 1980, sorted, so that members alone decide every byte.

Pure. After PKWARE's APPNOTE 6.3.4, sections 4.3.7 (local header), 4.3.12 (central directory) and 4.3.14 to 4.3.16 (its
end); ZIP64 only where a number needs it. `verify.py` has the same rules once more: its reader needs nothing else.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_VERSION, _VERSION_64 = 20, 45
_UNIX = 3 << 8
_STORED, _NO_FLAGS = 0, 0
_MIDNIGHT, _1980_01_01 = 0, 0x21
_ORDINARY_FILE = 0o100644 << 16
_ZIP64 = 0x0001


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a ZIP: its whole name (ASCII), where its local header begins, size and CRC-32 of its bytes."""

    name: str
    offset: int
    size: int
    crc: int


def local_header(member: Member) -> bytes:
    """Return what stands before a member's bytes."""
    name, is_large = member.name.encode("ascii"), member.size >= _FULL_32
    extra = struct.pack("<HHQQ", _ZIP64, 16, member.size, member.size) if is_large else b""
    size = _FULL_32 if is_large else member.size
    version = _VERSION_64 if is_large else _VERSION
    fields = (_NO_FLAGS, _STORED, _MIDNIGHT, _1980_01_01, member.crc, size, size, len(name), len(extra))
    return struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", version, *fields) + name + extra


def directory(members: Sequence[Member], offset: int) -> bytes:
    """Return what stands behind the last member, which ends at `offset`: the central directory and its end."""
    entries = b"".join(map(_entry, members))
    count, end = len(members), offset + len(entries)
    large = b""
    if count >= _FULL_16 or max(offset, len(entries)) >= _FULL_32:
        both = (count, count, len(entries), offset)
        large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, _UNIX | _VERSION_64, _VERSION_64, 0, 0, *both)
        large += struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    short = min(count, _FULL_16)
    sizes = (min(len(entries), _FULL_32), min(offset, _FULL_32))
    return entries + large + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, short, short, *sizes, 0)


def _entry(member: Member) -> bytes:
    name = member.name.encode("ascii")
    large = [n for n in (member.size, member.size, member.offset) if n >= _FULL_32]
    extra = struct.pack(f"<HH{len(large)}Q", _ZIP64, 8 * len(large), *large) if large else b""
    version = _VERSION_64 if large else _VERSION
    size, offset = min(member.size, _FULL_32), min(member.offset, _FULL_32)
    fields = (_NO_FLAGS, _STORED, _MIDNIGHT, _1980_01_01, member.crc, size, size, len(name), len(extra))
    last = (0, 0, 0, _ORDINARY_FILE, offset)
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", _UNIX | version, version, *fields, *last) + name + extra
