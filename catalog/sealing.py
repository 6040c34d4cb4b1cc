"""Checkpoints: what the ledger has come to, signed where there is a key, kept in segments and at a place outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from catalog.caller import who
from catalog.ledger.notes import Checkpoint, Signer, Verifier, signed_note
from catalog.segments.names import SegmentKind
from catalog.store.codec import Row, to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.ledger import Head, Telling, entries_from, read_head, tell_all
from verifier.backends.base import Location
from verifier.backends.registry import open_backend, open_writer
from verifier.backends.retry import tried_again
from verifier.errors import ExistsError, LandproofError

_MOST_ENTRIES = 20_000
_MOST_NOTE_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """How a ledger is sealed: by which key, None for none, and at which place checkpoints also go."""

    signer: Signer | None = None
    outside: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When, under which id and by which version something is recorded."""

    at: datetime
    entry_id: str
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The newest checkpoint of the catalog's own ledger: its note, and what kept it from the place outside."""

    origin: str
    size: int
    note: str
    outside: str | None
    trouble: LandproofError | None = None


def seal(catalog: Catalog, sealing: Sealing, occasion: Occasion) -> Seal | None:
    """Make a checkpoint over all entries that none covers yet, and bring the newest to the place outside.

    None where nothing was ever recorded. Raises CatalogError where it cannot be recorded; what the place outside
    does is told, since the checkpoint stands in the catalog and goes there with the next.
    """
    signer = sealing.signer
    if not catalog.exists:
        return None
    head, is_key_known = read_head(catalog, signer.verifier.text if signer else None)
    if head is None:
        tell_all(catalog, Telling(occasion.at, occasion.tool_version))
        head, is_key_known = read_head(catalog, signer.verifier.text if signer else None)
    if signer and not is_key_known:
        note_key(catalog, signer.verifier, None, occasion)
        head, _ = read_head(catalog)
    if head is None or not head.peaks.size:
        return None
    if head.covered < head.peaks.size or head.note is None:
        checkpoint = Checkpoint(head.origin, head.peaks.size, head.peaks.root, occasion.at)
        note = signed_note(checkpoint, signer)
        for entry in _entries(catalog, head, note, occasion):
            record(catalog, entry)
    else:
        note = head.note
    return Seal(
        origin=head.origin,
        size=head.peaks.size,
        note=note,
        outside=sealing.outside.url if sealing.outside else None,
        trouble=_put_outside(sealing.outside, head.origin, head.peaks.size, note) if sealing.outside else None,
    )


def note_key(catalog: Catalog, verifier: Verifier, follows: Verifier | None, occasion: Occasion) -> None:
    """Record that a key is in use; `follows` is the one that it replaces."""
    row: Row = {
        "name": verifier.name,
        "verifier": verifier.text,
        "follows": follows.text if follows else None,
        "said_by": who(),
        "said_at": to_stored(occasion.at),
    }
    record(catalog, _entry(SegmentKind.KEY, occasion, 0, {"signing-key": [row]}))


def outside_notes(place: Location) -> Iterator[tuple[str, str]]:
    """Yield path and text of every checkpoint that stands outside. Raises SourceError where that cannot be read."""
    with closing(open_backend(place)) as backend:
        for page in backend.list():
            for file in page:
                if file.path.endswith(".checkpoint") and file.size <= _MOST_NOTE_BYTES:
                    with closing(backend.open(file)) as source:
                        yield file.path, b"".join(source.stream()).decode("utf-8", "replace")


def _entries(catalog: Catalog, head: Head, note: str, occasion: Occasion) -> Iterator[Entry]:
    """Yield what goes into segments: entries that were in none, the last with the checkpoint."""
    size, made_at = head.peaks.size, to_stored(occasion.at)
    for part, start in enumerate(range(head.covered, size, _MOST_ENTRIES)):
        some = entries_from(catalog, head.origin, start, min(_MOST_ENTRIES, size - start))
        rows: dict[str, list[Row]] = {"ledger-entry": [one.row() for one in some]}
        if start + _MOST_ENTRIES >= size:
            rows["checkpoint"] = [{"origin": head.origin, "size": size, "note": note, "made_at": made_at}]
        yield _entry(SegmentKind.LEDGER, occasion, part, rows)


def _entry(kind: SegmentKind, occasion: Occasion, part: int, rows: dict[str, list[Row]]) -> Entry:
    return Entry(
        kind=kind,
        id=occasion.entry_id,
        zone="",
        part=part,
        tool_version=occasion.tool_version,
        written_at=occasion.at,
        rows=rows,
    )


def _put_outside(place: Location, origin: str, size: int, note: str) -> LandproofError | None:
    """Write a checkpoint where it does not stand yet; nothing there is ever overwritten."""
    root = note.split("\n")[2].replace("/", "_").replace("+", "-")[:16]
    path = f"{origin.rpartition('/')[2]}/{size:012}-{root}.checkpoint"
    data = note.encode()
    try:
        with closing(open_writer(place)) as writer:
            tried_again(lambda: writer.write(path, [data], len(data)))
    except ExistsError:
        return None
    except LandproofError as error:
        return error
    return None
