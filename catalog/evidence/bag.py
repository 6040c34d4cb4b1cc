"""The tag files of a BagIt 1.0 bag (RFC 8493), from the digests of what is in it; reads and writes no file.

Nothing in them comes from a clock: a bag of the same payload has the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""The bytes of bagit.txt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BagInfo:
    """What bag-info.txt says: the bag's name, the day of its facts, who made it, how many bytes in how many files."""

    name: str
    judged_at: datetime
    tool_version: str
    octets: int
    files: int

    @property
    def text(self) -> bytes:
        """The bytes of bag-info.txt."""
        fields = (
            ("Bag-Software-Agent", f"landproof {self.tool_version}"),
            ("Bagging-Date", self.judged_at.date().isoformat()),
            ("External-Identifier", self.name),
            ("Payload-Oxum", f"{self.octets}.{self.files}"),
        )
        return "".join(f"{label}: {value}\n" for label, value in fields).encode("ascii")


def manifest(digests: Mapping[str, str], names: Iterable[str]) -> bytes:
    """Return a manifest: the SHA-256 of each of some files, in order of their names."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(names)).encode("ascii")
