"""From a plan to an order: each file's path at the target and all places it may be read from; copies nothing.

Paths are those in the zone where the dataset lands, whichever place a file is read from, so that a restore that is run
again finds what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from catalog.copies.ways import Ways, refuse_same_place
from catalog.judging.chain_values import Member
from catalog.restores.plan import RestorePlan, is_restored
from catalog.settings.loading import Settings
from catalog.store.chains import present_files
from catalog.store.database import Catalog
from catalog.store.known import known_files, known_zones
from catalog.targets import Target, find_targets, recorded_target
from verifier.backends.base import Location
from verifier.backends.urls import join
from verifier.errors import CatalogError, UsageError
from verifier.layout import DEFAULT_TEMPLATE, PlaceKind, snapshot_folder
from verifier.model import FileReport, SnapshotId
from verifier.transfer import Parcel

SUMS_NAME = "SHA256SUMS"
MANIFEST_NAME = "landproof-restore.json"


@dataclass(frozen=True, slots=True)
class Source:
    """One place a file may be read from, with the version of it that is recorded there."""

    zone: str
    location: Location
    parcel: Parcel

    @property
    def url(self) -> str:
        """The URL of the file there."""
        return join(self.location.url, self.parcel.file.path)


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One file to be restored: its path at the target, its SHA-256 where one is recorded, where it may be read from."""

    path: str
    size: int
    sha256: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """What is to be copied where: the files in the order of their paths, and the folder of the target."""

    plan: RestorePlan
    target: Location
    files: tuple[WantedFile, ...]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.files)


def order_restore(settings: Settings, catalog: Catalog, plan: RestorePlan, to: str) -> RestoreOrder:
    """Find out where each file of a plan goes and may come from.

    Raises `UsageError` where the target is no other place or two files would get one path, `CatalogError` where a
    zone is another place than the one that was recorded.
    """
    orderer = _Orderer(settings, catalog, plan)
    target = find_targets([to], settings, known_zones(catalog))[0]
    location = target_location(settings, catalog, to)
    for zone in orderer.zones.values():
        refuse_same_place(zone, target)
    files: dict[str, WantedFile] = {}
    for member in plan.chain.members:
        for wanted in orderer.files(member):
            _refuse_meeting(files.setdefault(wanted.path, wanted), wanted)
    return RestoreOrder(plan, location, tuple(files[path] for path in sorted(files)))


def target_location(settings: Settings, catalog: Catalog, to: str) -> Location:
    """Return the place that a zone's name, a URL or a path means. Raises `UsageError`."""
    target = find_targets([to], settings, known_zones(catalog))[0]
    return replace(target.location, url=join(target.location.url, target.prefix))


def as_restored(order: RestoreOrder) -> RestorePlan:
    """Return the plan with its files as they are at the target once the restore has ended."""
    paths = {wanted.sources[0].url: wanted.path for wanted in order.files}
    there = [(f, paths[f.url]) for f in order.plan.files if f.url in paths]
    files = (replace(f, root=order.target.url, stored=replace(f.stored, path=path)) for f, path in there)
    return replace(order.plan, files=tuple(files))


class _Orderer:
    """What is known of all files of a plan at all their places."""

    def __init__(self, settings: Settings, catalog: Catalog, plan: RestorePlan) -> None:
        self._wish = plan.wish
        urls = known_zones(catalog)
        members = plan.chain.members
        places = [place.id for member in members for place in member.places]
        names = {plan.wish.zone, *(place.zone for place in places)}
        self.zones: Mapping[str, Target] = {name: _target(name, settings, urls) for name in sorted(names)}
        self._present = present_files(catalog, places)
        keys = [(m.id.dataset_id, m.id.export_time) for m in members]
        self._landed = known_files(catalog, plan.wish.zone, keys)

    def files(self, member: Member) -> Iterable[WantedFile]:
        """Yield the files of the first place of a snapshot, each with the same file at the others."""
        at_places = {place.id: self._by_path(member, place.id) for place in member.places}
        for path, report in at_places[member.source.id].items():
            same = {place: r[path] for place, r in at_places.items() if path in r and not _differ(r[path], report)}
            sha256 = next((r.content.sha256 for r in same.values() if r.content.sha256), None)
            sources = tuple(
                Source(place.zone, self.zones[place.zone].location, Parcel(r.file, path, sha256))
                for place, r in same.items()
            )
            yield WantedFile(path, report.file.size, sha256, sources)

    def _by_path(self, member: Member, place: SnapshotId) -> dict[str, FileReport]:
        """Return the files at one place by their path at the target."""
        reports = [k.report for k in self._present.get(place, ()) if is_restored(k.report)]
        if place.zone == self._wish.zone:
            return {r.file.path: r for r in reports}
        files = [r.file for r in reports]
        ways = Ways.of(self.zones[place.zone], place, files, (self._folder(member.id), ""))
        return {ways.path(r.file): r for r in reports}

    def _folder(self, landed: SnapshotId) -> str:
        """Return the folder of a snapshot where it landed, though nothing of it may be there any more."""
        zone = self.zones[landed.zone]
        for path in self._landed.get((landed.dataset_id, landed.export_time), {}):
            place = zone.layout.place(path)
            if place.kind is PlaceKind.SNAPSHOT:
                return place.folder
        template = zone.settings.template if zone.settings else DEFAULT_TEMPLATE
        return snapshot_folder(template, landed.dataset_id, landed.export_time)


def _differ(one: FileReport, other: FileReport) -> bool:
    """Tell whether what is recorded of two files says that they are not the same."""
    digests = {one.content.sha256, other.content.sha256} - {None}
    return one.file.size != other.file.size or len(digests) > 1


def _target(name: str, settings: Settings, urls: Mapping[str, str]) -> Target:
    target = recorded_target(name, settings, urls)
    if urls.get(name, target.location.url) != target.location.url:
        where = f"zone {name} is {urls[name]} in the catalog"
        hint = "give the new place another zone name, or name another file with --catalog"
        raise CatalogError(f"{where}, and {target.location.url} in the settings", hint=hint)
    return target


def _refuse_meeting(first: WantedFile, other: WantedFile) -> None:
    """Refuse two files for one path; one manifest that speaks of several snapshots is but one file."""
    if first.path in (SUMS_NAME, MANIFEST_NAME):
        raise UsageError(f"a file of the plan has the name of what a restore writes itself: {first.path}")
    same_origin = {s.url for s in first.sources} & {s.url for s in other.sources}
    same_bytes = first.sha256 is not None and first.sha256 == other.sha256
    if first.size != other.size or not (same_origin or same_bytes):
        both = " and ".join(sorted({s.url for one in (first, other) for s in one.sources}))
        raise UsageError(f"two files would both become {first.path}: {both}")
