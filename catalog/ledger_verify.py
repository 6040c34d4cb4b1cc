"""Verify the ledger of a catalog: its entries, its checkpoints, those that stand outside, and what it tells of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from catalog.ledger.key_files import list_keys
from catalog.ledger.notes import Checkpoint, Note, Verifier, parse_checkpoint, parse_note, parse_verifier
from catalog.sealing import outside_notes
from catalog.segments.format import Segment
from catalog.segments.names import SegmentKind
from catalog.segments.shelf import open_shelf
from catalog.settings.loading import Settings
from catalog.shelving import checkpoints_of, keys_of
from catalog.store.database import Catalog, Connection
from catalog.store.ledger import own_origin
from catalog.store.ledger_check import Flaw, Grown, check_facts, go_through, kept_bodies
from verifier.backends.base import Location
from verifier.errors import LandproofError, NotFoundError
from verifier.model import Finding, finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a ledger is held against: the keys that are believed, and the place outside where checkpoints also stand."""

    keys: Sequence[Verifier] = ()
    outside: Location | None = None


@dataclass(slots=True, kw_only=True)
class Verification:
    """What came of it. `flaws` are mismatches; `doubts` is what could not be told; `dark` what could not be read."""

    origin: str | None
    entries: int = 0
    facts: int = 0
    checkpoints: int = 0
    signed: int = 0
    outside: int | None = None
    others: tuple[str, ...] = ()
    keys: list[Verifier] = field(default_factory=list)
    newest: Checkpoint | None = None
    newest_signer: Verifier | None = None
    flaws: list[Flaw] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    dark: LandproofError | None = None


def verify_ledger(catalog: Catalog, trust: Trust) -> Verification:
    """Verify the catalog's own ledger, and others that came with segments by their checkpoints.

    Raises CatalogError where the catalog cannot be read. A place outside that cannot be read is told as `dark`.
    """
    notes, dark = _outside(trust.outside)
    with catalog.read() as connection:
        own = own_origin(connection)
        found = Verification(origin=own, dark=dark, outside=None if notes is None else len(notes))
        recorded = _recorded_keys(connection)
        origins = connection.execute("SELECT origin FROM ledger_entry UNION SELECT origin FROM checkpoint").fetchall()
        found.others = tuple(sorted({str(row[0]) for row in origins} - {own}))
        checking = _Checking(connection, trust.keys, recorded, found)
        if own is not None:
            checking.ledger(own, notes or {})
            for one in check_facts(connection, own):
                if isinstance(one, Flaw):
                    found.flaws.append(one)
                else:
                    found.facts += one
        for origin in found.others:
            checking.ledger(origin, notes or {})
        checking.strangers(notes or {}, {own, *found.others})
    _name_altered(catalog, found)
    return found


def trust_of(settings: Settings, catalog: Catalog) -> Trust:
    """Return what the settings say a catalog's ledger is to be held against. Raises SettingsError for damaged keys."""
    keys = [one.verifier for one in list_keys(keys_of(settings, catalog.path))]
    signer = settings.signing_key
    outside = checkpoints_of(settings, catalog.path)
    return Trust(keys=[*keys, signer.verifier] if signer else keys, outside=outside)


def ledger_findings(settings: Settings, catalog: Catalog) -> tuple[Finding, ...]:
    """Return the finding of a ledger that does not verify; what could not be looked at is no finding."""
    found = verify_ledger(catalog, trust_of(settings, catalog))
    if not found.flaws:
        return ()
    first, message = found.flaws[0].message, "the ledger of the catalog is not what was recorded"
    return (finding("ledger.broken", message, actual=first, count=len(found.flaws)),)


def _outside(place: Location | None) -> tuple[dict[str, str] | None, LandproofError | None]:
    if place is None:
        return None, None
    try:
        return dict(outside_notes(place)), None
    except NotFoundError:
        return {}, None
    except LandproofError as error:
        return None, error


def _recorded_keys(connection: Connection) -> list[Verifier]:
    keys = []
    for (text,) in connection.execute("SELECT DISTINCT verifier FROM signing_key ORDER BY 1").fetchall():
        try:
            keys.append(parse_verifier(text))
        except ValueError:
            continue  # whatever was written there is compared with its entry
    return keys


@dataclass(frozen=True, slots=True)
class _Checking:
    connection: Connection
    trusted: Sequence[Verifier]
    recorded: Sequence[Verifier]
    found: Verification

    def ledger(self, origin: str, notes: Mapping[str, str]) -> None:
        """Check the entries of one ledger against each other and against every checkpoint of it."""
        own = origin == self.found.origin
        kept = self.connection.execute(
            "SELECT size, note FROM checkpoint WHERE origin = ? ORDER BY size, made_at", [origin]
        ).fetchall()
        here = [(f"checkpoint at {size} entries", text) for size, text in kept]
        there = [(f"checkpoint {path} outside", text) for path, text in sorted(notes.items())]
        read = [one for one in (self._read(where, text) for where, text in here) if one]
        outside = [one for one in (self._read(where, text) for where, text in there) if one and one[1].origin == origin]
        grown = go_through(self.connection, origin, [checkpoint.size for _, checkpoint, _ in (*read, *outside)])
        self.found.flaws += grown.flaws
        for where, checkpoint, note in (*read, *outside):
            self._check(where, checkpoint, note, grown)
        for where, checkpoint, _ in read:
            if checkpoint.origin != origin:
                self.found.flaws.append(Flaw(f"{where} is of another ledger: {checkpoint.origin}"))
        if own:
            self.found.entries, self.found.checkpoints = grown.size, len(read)
            self._newest(read)

    def strangers(self, notes: Mapping[str, str], known: set[str | None]) -> None:
        """Tell of ledgers of which checkpoints stand outside and that this catalog does not know."""
        sizes: dict[str, int] = {}
        for path, text in sorted(notes.items()):
            read = self._read(f"checkpoint {path} outside", text)
            if read and read[1].origin not in known:
                sizes[read[1].origin] = max(read[1].size, sizes.get(read[1].origin, 0))
        for origin, size in sizes.items():
            message = f"checkpoints outside are of a ledger of {size} entries that this catalog does not have: {origin}"
            self.found.flaws.append(Flaw(message))

    def _read(self, where: str, text: str) -> tuple[str, Checkpoint, Note] | None:
        try:
            note = parse_note(text)
            return where, parse_checkpoint(note.text), note
        except ValueError as error:
            flaw = Flaw(f"{where} is no checkpoint: {error}")
            if flaw not in self.found.flaws:
                self.found.flaws.append(flaw)
            return None

    def _check(self, where: str, checkpoint: Checkpoint, note: Note, grown: Grown) -> None:
        root = grown.roots.get(checkpoint.size, checkpoint.root)
        if root != checkpoint.root:
            message = f"{where} is of other entries than those that are there: its root is another"
            self.found.flaws.append(Flaw(message, 0, checkpoint.size - 1))
        if not note.signatures:
            return
        if note.signed_by(self.trusted) or note.signed_by(self.recorded):
            self.found.signed += 1
            return
        names = ", ".join(name for name, _, _ in note.signatures)
        if any(key.name == name for key in (*self.trusted, *self.recorded) for name, _, _ in note.signatures):
            self.found.flaws.append(Flaw(f"{where}: the signature by {names} is wrong"))
        else:
            self.found.doubts.append(f"{where} is signed by {names}, whose public key is not known here")

    def _newest(self, read: Sequence[tuple[str, Checkpoint, Note]]) -> None:
        if not read:
            return
        where, self.found.newest, note = read[-1]
        self.found.newest_signer = note.signed_by(self.trusted) or note.signed_by(self.recorded)
        if self.found.newest_signer and not note.signed_by(self.trusted):
            key = self.found.newest_signer
            doubt = f"{where} is signed by {key.name}, whose key only the catalog itself tells of"
            self.found.doubts.append(doubt)
        if not note.signatures and any(other.signatures for _, _, other in read):
            self.found.doubts.append(f"{where} is unsigned, and others before it are not")


def _name_altered(catalog: Catalog, found: Verification) -> None:
    """Where checkpoints tell only that something was altered, name what by the entries that segments hold."""
    if catalog.segments is None or not any(flaw.first is not None and flaw.first != flaw.last for flaw in found.flaws):
        return
    named = {flaw.first for flaw in found.flaws if flaw.first == flaw.last}
    with catalog.read() as connection:
        kept = kept_bodies(connection, found.origin or "")
    try:
        for origin, sequence, body in _shelved(catalog.segments):
            if origin == found.origin and sequence not in named and kept.get(sequence, [body]) != [body]:
                message = f"entry {sequence} is not what was recorded: its segment has another"
                found.flaws.append(Flaw(message, sequence, sequence))
    except LandproofError as error:
        found.doubts.append(f"segments: {error.message}; they could not help to name what was altered")


def _shelved(place: Location) -> Iterator[tuple[str, int, str]]:
    with closing(open_shelf(place)) as shelf:
        for name in shelf.inventory().segments:
            segment = shelf.read(name.path) if name.kind is SegmentKind.LEDGER else None
            if isinstance(segment, Segment):
                for record in segment.records:
                    if record["type"] == "ledger-entry":
                        yield record["origin"], record["sequence"], record["body"]
