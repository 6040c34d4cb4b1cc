"""The list `SHA256SUMS` as coreutils writes and reads it: lines from digests and paths, and back; reads no file."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_ESCAPED = re.compile(r"[\\\n\r]")
_BACK = {escape: plain for plain, escape in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\[\\nr]")
_LINE = re.compile(r"(\\?)([0-9a-f]{64})[ ][ *](.+)")


def sums_of(digests: Mapping[str, str]) -> bytes:
    """Return the list of SHA-256 by path, in order of path; what would break a line is escaped as coreutils does."""
    return b"".join(_line(path, digests[path]) for path in sorted(digests))


def parse_sums(data: bytes) -> dict[str, str]:
    """Return SHA-256 by path as a list has them. Raises ValueError where it is none."""
    found: dict[str, str] = {}
    for line in data.decode("utf-8", "surrogateescape").split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError("a line is not a SHA-256 and a path")
        path = _ESCAPE.sub(lambda m: _BACK[m[0]], match[3]) if match[1] else match[3]
        found[path.removeprefix("./") if path == "./-" else path] = match[2]
    return found


def _line(path: str, sha256: str) -> bytes:
    # A dash alone would be read from stdin.
    name = _ESCAPED.sub(lambda m: _ESCAPES[m[0]], "./-" if path == "-" else path)
    mark = "\\" if _ESCAPED.search(path) else ""
    return f"{mark}{sha256}  {name}\n".encode("utf-8", "surrogateescape")
