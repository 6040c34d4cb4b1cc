"""The place where segments stand, a folder or a URL of any store that takes copies; not what is in them.

Nothing there is ever overwritten, renamed or removed.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from catalog.segments.format import MOST_BYTES, Damage, Segment, decode_segment
from catalog.segments.names import SegmentName, parse_segment_name
from verifier.backends.base import Location, Writer
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.retry import tried_again
from verifier.backends.urls import join, shown
from verifier.errors import CatalogError, ExistsError, NotFoundError


@dataclass(frozen=True, slots=True)
class Inventory:
    """What lies on a shelf: the segments by their names, in order of time, and the paths of all else, in order."""

    segments: tuple[SegmentName, ...]
    unknown: tuple[str, ...]


class Shelf:
    """One place with segments, for one thread; all methods raise `SourceError` for what the store or the network does.

    What is put there appears whole or not at all: that is what the writers of all stores promise.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._backend = open_backend(location)
        self._writer: Writer | None = None

    def put(self, path: str, data: bytes) -> bool:
        """Store a segment and return True, or False where the same one stands there already, however it is packed.

        Raises ValueError for a path that is no segment's, `CatalogError` where anything else stands under it.
        """
        if parse_segment_name(path) is None:
            raise ValueError("expected the path of a segment")
        if self._writer is None:
            self._writer = open_writer(self.location)
        writer = self._writer
        try:
            tried_again(lambda: writer.write(path, [data], len(data)))
        except ExistsError:
            # Ours where the answer to a write was lost or it is done again, perhaps by another machine, else another's.
            own = decode_segment(data)
            if isinstance(own, Segment) and self.read(path) == own:
                return False
            what = f"{self._at(path)}: something else is there already, and was left as it is"
            raise CatalogError(what, hint="move that file away; then try again") from None
        return True

    def inventory(self) -> Inventory:
        """Return all that lies there. Raises `NotFoundError` where the store can tell that there is no such place."""
        segments, unknown = list[SegmentName](), list[str]()
        for page in self._backend.list():
            for file in page:
                name = parse_segment_name(file.path)
                if name is not None:
                    segments.append(name)
                elif not file.path.endswith("/"):
                    unknown.append(file.path)
        return Inventory(tuple(sorted(segments, key=lambda name: name.path)), tuple(sorted(unknown)))

    def read(self, path: str) -> Segment | Damage:
        """Return a whole segment, or what is wrong with the file. Raises `NotFoundError` where there is none."""
        data = self._bytes(path, MOST_BYTES)
        if data is None:
            return Damage("not a segment: more bytes than a segment has", expected=MOST_BYTES)
        found = decode_segment(data)
        if isinstance(found, Segment) and found.header.path != path:
            return Damage("the segment stands under another name than its own", found.header.path, path)
        return found

    def close(self) -> None:
        """Give back all connections."""
        self._backend.close()
        if self._writer is not None:
            self._writer.close()

    def _bytes(self, path: str, most: int) -> bytes | None:
        """Return all bytes of a file, None where there are more than asked for."""
        there = self._backend.stat(path)
        if there is None:
            raise NotFoundError(f"{self._at(path)}: expected a segment, found nothing")
        if there.size > most:
            return None
        with closing(self._backend.open(there)) as source:
            return b"".join(source.stream())

    def _at(self, path: str) -> str:
        return join(self.location.url, shown(path))


def open_shelf(location: Location) -> Shelf:
    """Open the place where segments stand; it need not be there yet, and nothing is sent.

    Raises `UsageError` as `open_backend` does; `put` does so for a store that takes no copies.
    """
    return Shelf(location)
