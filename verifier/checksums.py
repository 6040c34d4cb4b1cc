"""Whole-object checksums by the names stores give them; not which store gives which."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from typing import Protocol

from awscrt import checksums as crt


class Hasher(Protocol):
    """Takes bytes in order and tells their checksum in lower-case hex."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Return the checksum of all bytes so far."""


class _Crc:
    """A running CRC; `function` takes bytes and the CRC before them."""

    def __init__(self, function: Callable[[bytes, int], int], hex_digits: int) -> None:
        self._function = function
        self._hex_digits = hex_digits
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._function(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:0{self._hex_digits}x}"


_HASHERS: dict[str, Callable[[], Hasher]] = {
    "sha256": hashlib.sha256,
    "md5": lambda: hashlib.md5(usedforsecurity=False),
    "crc64nvme": lambda: _Crc(crt.crc64nvme, 16),
    "crc32c": lambda: _Crc(crt.crc32c, 8),
    "crc32": lambda: _Crc(zlib.crc32, 8),
}


def hasher(algorithm: str) -> Hasher:
    """Return a new hasher. Raises KeyError for an algorithm that no store uses."""
    return _HASHERS[algorithm]()
