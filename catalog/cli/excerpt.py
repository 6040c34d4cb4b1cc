"""A short, escaped piece of a file where a finding says that something is wrong, for this terminal only.

The one place that shows what is inside a file. A piece is fetched, given to who prints it, and forgotten: it is in no
document, message, log or exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.answers import Document
from catalog.settings.loading import Settings
from catalog.targets import find_targets
from verifier.backends.base import Backend, CheckedSource, Location
from verifier.backends.registry import open_backend
from verifier.classify import HEAD_BYTES, Sniffed, sniff
from verifier.errors import LandproofError
from verifier.formats.base import Limits
from verifier.formats.gzip import Inflated, Stored
from verifier.layout import kind_by_name
from verifier.model import FileKind

MOST_CHARACTERS = 80
MOST_EXPANDED = 256 << 20
"""How far into a compressed file we go for a piece of it."""
_HEX_BYTES = 24


@dataclass(slots=True)
class Excerpts:
    """Fetches pieces of files of some zones; close it when done. A store that failed once is not asked again."""

    locations: Mapping[str, Location]
    _backends: dict[str, Backend] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)

    def of(self, finding: Document) -> str | None:
        """Return what to print below a finding of a scanned file, with its `zone`; None where it has no such place."""
        where, zone, path = finding.get("where") or {}, str(finding.get("zone")), finding.get("path")
        offset = where.get("byte_offset", where.get("offset"))
        if zone not in self.locations or not path or not isinstance(offset, int):
            return None
        if zone in self._failed:
            return "no excerpt: the zone cannot be read now"
        try:
            return self._fetch(zone, path, offset, is_text="byte_offset" in where)
        except LandproofError:
            # Why is no matter here, and it may be said in words that a store made of what is inside.
            self._failed.add(zone)
            return "no excerpt: the zone cannot be read now"

    def close(self) -> None:
        """Give back connections."""
        for backend in self._backends.values():
            backend.close()

    def _fetch(self, zone: str, path: str, offset: int, *, is_text: bool) -> str:
        if zone not in self._backends:
            self._backends[zone] = open_backend(self.locations[zone])
        backend = self._backends[zone]
        file = backend.stat(path)
        if file is None:
            return "no excerpt: the file is gone"
        source = backend.open(file)
        try:
            if is_text:
                return _line_at(source, offset)
            piece = source.read_range(min(offset, file.size), min(offset + _HEX_BYTES, file.size))
            return f"excerpt: {piece.hex(' ')}" if piece else "no excerpt: the file ends before"
        finally:
            source.close()


def excerpts_of(zone: str, settings: Settings, known: Mapping[str, str]) -> Excerpts:
    """Return what fetches pieces of a zone's files; `known` maps the catalog's zones to their URLs."""
    places = [zone] if zone in settings.zones else [known[zone]] if zone in known else []
    return Excerpts({zone: find_targets(places, settings, known)[0].location} if places else {})


def escaped(piece: bytes) -> str:
    """Return the beginning of a line as printable ASCII, cut to what is shown."""
    shown = ""
    for byte in piece:
        character = repr(bytes((byte,)))[2:-1]
        if len(shown) + len(character) >= MOST_CHARACTERS:
            return f"{shown}…"
        shown += character
    return shown


def _line_at(source: CheckedSource, offset: int) -> str:
    if sniff(source.read_range(0, min(HEAD_BYTES, source.size))) is Sniffed.PGP:
        return "no excerpt: the file is encrypted"
    if kind_by_name(source.path) is not FileKind.JSON_GZIP:
        end = min(offset + MOST_CHARACTERS, source.size)
        return _shown(source.read_range(min(offset, end), end))
    if offset + MOST_CHARACTERS > MOST_EXPANDED:
        return "no excerpt: the place is too far into a compressed file"
    piece, passed = b"", 0
    expanded = Inflated(Stored(source.stream()), source.size, Limits(expanded_bytes=MOST_EXPANDED))
    for block in expanded:
        start = max(0, offset - passed)
        piece += block[start : start + MOST_CHARACTERS - len(piece)]
        passed += len(block)
        if len(piece) >= MOST_CHARACTERS or b"\n" in piece:
            break
    return _shown(piece)


def _shown(piece: bytes) -> str:
    line = piece.partition(b"\n")[0]
    return f"excerpt: {escaped(line)}" if line else "no excerpt: nothing is there"
