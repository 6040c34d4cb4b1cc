"""The data files of one snapshot on this machine's disk, each from the first of its places that has it; loads none."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from catalog.copy_lanes import Outcome, Patience, carried
from catalog.drill_values import DrillRun
from catalog.judge_chain_values import Member
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


@dataclass(frozen=True, slots=True)
class Miss:
    """Why a file did not come from a place; `is_lost` where it was looked for and is not what was recorded."""

    path: str
    message: str
    is_lost: bool


@dataclass(slots=True)
class Fetched:
    """What came: the files, their size, the places they are from; and by scratch name what did not, place by place."""

    files: list[ScratchFile] = field(default_factory=list)
    bytes: int = 0
    places: list[SnapshotId] = field(default_factory=list)
    misses: dict[str, list[Miss]] = field(default_factory=dict)

    @property
    def missing(self) -> list[list[Miss]]:
        """What of the files came from nowhere."""
        there = {file.name for file in self.files}
        return [misses for name, misses in self.misses.items() if name not in there]


class Fetcher:
    """Fetches snapshots of one chain. Nothing is sent before the first is asked for."""

    def __init__(self, members: Sequence[Member], run: DrillRun) -> None:
        self._run = run
        self._zones = known_zones(run.catalog)
        self._known = present_files(run.catalog, [m.source.id for m in members])
        sizes = [sum(report.file.size for report in self._data(m.source.id)) for m in members]
        self.largest, self.total = max(sizes, default=0), sum(sizes)
        self.files = sum(len(self._data(m.source.id)) for m in members)

    def fetch(self, member: Member, folder: Path) -> Fetched:
        """Bring the data files of a snapshot into a folder, each with the size and SHA-256 that are recorded."""
        fetched = Fetched()
        wanted = {f"{n:06}{_SUFFIXES[r.kind]}": r for n, r in enumerate(self._data(member.source.id))}
        waiting = dict(wanted)
        for holding in member.places:
            found = self._there(holding.id, waiting)
            for name in waiting.keys() - found.keys():
                self._miss(fetched, name, Miss(wanted[name].file.path, f"{holding.id} has no such file", is_lost=True))
            if found:
                self._from(holding.id, found, folder, fetched)
            for file in fetched.files:
                waiting.pop(file.name, None)
            if not waiting:
                break
        return fetched

    def _data(self, place: SnapshotId) -> list[FileReport]:
        return [known.report for known in self._known.get(place, ()) if known.report.kind.is_data]

    def _there(self, place: SnapshotId, wanted: Mapping[str, FileReport]) -> dict[str, FileReport]:
        """Return which file of a place is which that is wanted: by its bytes, or else by its name and size."""
        if place not in self._known:
            self._known |= present_files(self._run.catalog, [place])
        there = {key: report for report in self._data(place) for key in _keys(report)}
        found = {name: there.get(_keys(report)[0]) for name, report in wanted.items()}
        return {name: report for name, report in found.items() if report is not None}

    def _from(self, place: SnapshotId, found: Mapping[str, FileReport], folder: Path, fetched: Fetched) -> None:
        run = self._run
        source = recorded_target(place.zone, run.settings, self._zones).location
        target, patience = parse_location(str(folder)), Patience(run.workers)
        parcels = [Parcel(report.file, name, report.content.sha256) for name, report in found.items()]
        with closing(carried(parcels, lambda: _Lane(source, target, patience), run.workers)) as done:
            for parcel, outcome in done:
                miss = _miss_of(parcel, outcome)
                if miss is not None:
                    self._miss(fetched, parcel.path, miss)
                    continue
                fetched.files.append(ScratchFile(parcel.path, found[parcel.path].kind, parcel.file.path))
                fetched.bytes += parcel.file.size
                run.progress.read(1, parcel.file.size)
                if place not in fetched.places:
                    fetched.places.append(place)

    def _miss(self, fetched: Fetched, name: str, miss: Miss) -> None:
        fetched.misses.setdefault(name, []).append(miss)


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


def _miss_of(parcel: Parcel, outcome: Outcome) -> Miss | None:
    if isinstance(outcome, SourceError):
        return Miss(parcel.file.path, outcome.message, isinstance(outcome, NotFoundError | ChangedError))
    if outcome.mismatch is not None:
        return Miss(parcel.file.path, "the bytes that were read are not those that were recorded", is_lost=True)
    return None
