"""The data files of snapshots on this machine's disk, each from the first of its places that has it; loads none."""

from __future__ import annotations

import posixpath
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count, zip_longest
from pathlib import Path

from catalog.copies.lanes import Outcome, Patience, carried
from catalog.drills.values import DrillRun
from catalog.judging.chain_values import Member
from catalog.store.chains import present_files
from catalog.store.known import known_zones
from catalog.store.scratch import ScratchFile
from catalog.targets import recorded_target
from verifier.backends.base import Location
from verifier.backends.urls import parse_location
from verifier.errors import ChangedError, NotFoundError, SourceError
from verifier.model import FileKind, FileReport, SnapshotId
from verifier.transfer import Parcel, Pulse, Route

_SUFFIXES = {FileKind.PARQUET: ".parquet", FileKind.JSON_GZIP: ".json.gz", FileKind.JSON: ".json"}
_MOST_FILES = 200
_MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a file did not come from a place; `is_lost` where it was looked for and is not what was recorded."""

    path: str
    message: str
    is_lost: bool


@dataclass(slots=True)
class Fetched:
    """What came of a snapshot, into a folder of its own: files by scratch name, their size, the places they are from.

    `misses` are, by scratch name, why a file did not come from a place; `seconds` its share, by size, of what was
    fetched together.
    """

    member: Member
    folder: Path
    files: dict[str, ScratchFile] = field(default_factory=dict)
    bytes: int = 0
    places: list[SnapshotId] = field(default_factory=list)
    misses: dict[str, list[Miss]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def missing(self) -> list[list[Miss]]:
        """What of the files came from nowhere."""
        return [misses for name, misses in self.misses.items() if name not in self.files]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A file that is to come under a name, as it was recorded at the first of its places."""

    name: str
    report: FileReport
    of: Fetched

    @property
    def has_come(self) -> bool:
        return self.name in self.of.files

    def miss(self, message: str, *, is_lost: bool) -> None:
        self.of.misses.setdefault(self.name, []).append(Miss(self.report.file.path, message, is_lost))


@dataclass(frozen=True, slots=True)
class _Try:
    """A file that is wanted, as it is at one of its places."""

    wanted: _Wanted
    place: SnapshotId
    report: FileReport

    @property
    def parcel(self) -> Parcel:
        path = f"{self.wanted.of.folder.name}/{self.wanted.name}"
        return Parcel(self.report.file, path, self.report.content.sha256)

    def end(self, outcome: Outcome) -> bool:
        """Take in how it went, and tell whether it came."""
        if isinstance(outcome, SourceError):
            self.wanted.miss(outcome.message, is_lost=isinstance(outcome, NotFoundError | ChangedError))
            return False
        if outcome.mismatch is not None:
            self.wanted.miss("the bytes that were read are not those that were recorded", is_lost=True)
            return False
        name, of = self.wanted.name, self.wanted.of
        of.files[name] = ScratchFile(self.parcel.path, self.report.kind, self.report.file.path)
        of.bytes += self.report.file.size
        if self.place not in of.places:
            of.places.append(self.place)
        return True


class Fetcher:
    """Fetches the snapshots of a chain, small ones together. Nothing is sent before the first is asked for."""

    def __init__(self, members: Sequence[Member], run: DrillRun) -> None:
        self._run, self._members = run, members
        self._numbers = count()  # no path is used twice, so that nothing remembered of one can be taken for another
        self._zones = known_zones(run.catalog)
        self._known = present_files(run.catalog, [m.source.id for m in members])
        self._by_key: dict[SnapshotId, dict[tuple[str, int], FileReport]] = {}
        self.files, self.bytes = sum(len(self._data(m.source.id)) for m in members), self._size(members)
        self.largest = max((self._size([member]) for member in members), default=0)
        self.at_once = max((self._size(batch) for batch in self.batches()), default=0)

    def batches(self) -> Iterator[list[Member]]:
        """Yield the snapshots in order, neighbours together until there are enough files or bytes."""
        batch: list[Member] = []
        for member in self._members:
            files = sum(len(self._data(m.source.id)) for m in [*batch, member])
            if batch and (files > _MOST_FILES or self._size([*batch, member]) > _MOST_BYTES):
                yield batch
                batch = []
            batch.append(member)
        if batch:
            yield batch

    def fetch(self, batch: Sequence[Member], folder: Path) -> list[Fetched]:
        """Bring the data files of snapshots below a folder, each with the size and SHA-256 that are recorded."""
        began = time.monotonic()
        every = [Fetched(member, folder / f"{next(self._numbers):06}") for member in batch]
        wanted = [one for fetched in every for one in self._wanted(fetched)]
        for fetched in every:
            fetched.folder.mkdir()
        for at_once in zip_longest(*(member.places for member in batch)):
            places = {id(fetched): at_once[n].id for n, fetched in enumerate(every) if at_once[n] is not None}
            tries: dict[str, list[_Try]] = defaultdict(list)
            for one in (w for w in wanted if id(w.of) in places and not w.has_come):
                place = places[id(one.of)]
                found = one.report if place == one.of.member.source.id else self._there(place, one)
                if found is not None:
                    tries[place.zone].append(_Try(one, place, found))
            for zone, own in tries.items():
                self._from(zone, own, folder)
        seconds, size = time.monotonic() - began, sum(fetched.bytes for fetched in every)
        for fetched in every:
            fetched.seconds = seconds * (fetched.bytes / size if size else 1 / len(every))
        return every

    def _wanted(self, fetched: Fetched) -> Iterable[_Wanted]:
        for number, report in enumerate(self._data(fetched.member.source.id)):
            yield _Wanted(f"{number:06}{_SUFFIXES[report.kind]}", report, fetched)

    def _size(self, members: Iterable[Member]) -> int:
        return sum(report.file.size for member in members for report in self._data(member.source.id))

    def _data(self, place: SnapshotId) -> list[FileReport]:
        return [known.report for known in self._known.get(place, ()) if known.report.kind.is_data]

    def _there(self, place: SnapshotId, wanted: _Wanted) -> FileReport | None:
        """Return which file of a place is the one that is wanted: by its bytes, or else by its name and size."""
        if place not in self._by_key:
            if place not in self._known:
                self._known |= present_files(self._run.catalog, [place])
            self._by_key[place] = {key: report for report in self._data(place) for key in _keys(report)}
        found = self._by_key[place].get(_keys(wanted.report)[0])
        if found is None:
            wanted.miss(f"{place} has no such file", is_lost=True)
        return found

    def _from(self, zone: str, tries: Sequence[_Try], folder: Path) -> None:
        run = self._run
        source, target = recorded_target(zone, run.settings, self._zones).location, parse_location(str(folder))
        patience, by_path = Patience(run.workers), {one.parcel.path: one for one in tries}
        with closing(
            carried([one.parcel for one in tries], lambda: _Lane(source, target, patience), run.workers)
        ) as done:
            for parcel, outcome in done:
                if by_path[parcel.path].end(outcome):
                    run.progress.read(1, parcel.file.size)


class _Lane:
    """One way from a place into the scratch folder; an object that was only touched is judged by its SHA-256."""

    def __init__(self, source: Location, target: Location, patience: Patience) -> None:
        self._route, self._patience = Route(source, target), patience

    def carry(self, parcel: Parcel, pulse: Pulse) -> Outcome:
        """Bring one file over."""
        if self._patience.is_over:
            return self._patience.over()
        try:
            outcome = self._deliver(parcel, pulse)
        except SourceError as error:
            outcome = error
        self._patience.learn(outcome)
        return outcome

    def close(self) -> None:
        """Give back all connections."""
        self._route.close()

    def _deliver(self, parcel: Parcel, pulse: Pulse) -> Outcome:
        try:
            return self._route.deliver(parcel, pulse)
        except ChangedError:
            renewed = self._route.renewed(parcel)
            if renewed is None:
                raise
            return self._route.deliver(renewed, pulse)


def _keys(report: FileReport) -> list[tuple[str, int]]:
    """Return what a file is known by elsewhere, the surest first."""
    size, sha256 = report.file.size, report.content.sha256
    by_name = (posixpath.basename(report.file.path), size)
    return [(sha256, size), by_name] if sha256 else [by_name]
