"""Plan a copy: which files of which snapshots go where; refuses what cannot come to a good end, and copies nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalog.copies.values import Shipment
from catalog.copies.ways import Ways, joined, refuse_same_place
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.store.known import known_files, known_zones
from catalog.store.queries import get_snapshot
from catalog.targets import Target, find_targets, recorded_target
from verifier.backends.urls import join
from verifier.errors import CatalogError, UsageError
from verifier.layout import DEFAULT_TEMPLATE, PlaceKind, snapshot_folder
from verifier.model import FileKind, Presence, SnapshotId, SnapshotReport, StoredFile, Verdict
from verifier.transfer import Parcel


@dataclass(frozen=True, slots=True)
class CopyPlan:
    """Snapshots and the zone they are to go to; each with a folder of its own there."""

    target: Target
    shipments: tuple[Shipment, ...]


def plan_copy(wanted: Sequence[SnapshotId], to: str, settings: Settings, catalog: Catalog) -> CopyPlan:
    """Find out what is to be copied and where each file goes, by what the catalog knows.

    Raises `UsageError` where something is not there, is still arriving, or has no place at the target.
    """
    planner = _Planner(settings, catalog, to)
    shipments = tuple(planner.shipment(one) for one in dict.fromkeys(wanted))
    _refuse_meetings(shipments)
    return CopyPlan(planner.target, shipments)


class _Planner:
    """What the snapshots of one copy have in common: the target, and what the catalog and the settings know."""

    def __init__(self, settings: Settings, catalog: Catalog, to: str) -> None:
        self._settings, self._catalog = settings, catalog
        self._zones = known_zones(catalog)
        self.target = find_targets([to], settings, self._zones)[0]
        self._layout = self.target.layout
        self._check_name(self.target)

    def shipment(self, wanted: SnapshotId) -> Shipment:
        """Plan one snapshot."""
        report = self._report(wanted)
        source = self._source(wanted.zone)
        refuse_same_place(source, self.target)
        folder, target = self._place(wanted)
        files = self._files(report)
        ways = Ways.of(source, report.id, files, (folder, self.target.prefix))
        parcels = tuple(Parcel(file, ways.path(file), sha256) for file, sha256 in files.items())
        self._refuse_other_folder(target, folder)
        return Shipment(report=report, target=target, location=source.location, parcels=parcels)

    def _report(self, wanted: SnapshotId) -> SnapshotReport:
        recorded = get_snapshot(self._catalog, wanted)
        if recorded is None:
            hint = "list what is known with: landproof snapshots"
            raise UsageError(f"no snapshot {wanted} in catalog {self._catalog.path}", hint=hint)
        if recorded.report.verdict is Verdict.ARRIVING:
            hint = "copy it once it has settled and a scan has judged it"
            raise UsageError(f"snapshot {wanted} is still arriving: not all of it may be there", hint=hint)
        return recorded.report

    def _source(self, zone: str) -> Target:
        """Return the zone a snapshot lies in: as configured, else at the place the catalog knows."""
        source = recorded_target(zone, self._settings, self._zones)
        self._check_name(source)
        return source

    def _check_name(self, one: Target) -> None:
        known = self._zones.get(one.zone, one.location.url)
        if known != one.location.url:
            hint = "give the new place another zone name, or name another file with --catalog"
            where = f"catalog {self._catalog.path}: zone {one.zone} is {known} here"
            raise CatalogError(f"{where}, expected {one.location.url}", hint=hint)

    def _files(self, report: SnapshotReport) -> Mapping[StoredFile, str | None]:
        """Return the recorded files that are there, each with its SHA-256."""
        snapshot = report.id
        key = (snapshot.dataset_id, snapshot.export_time)
        known = known_files(self._catalog, snapshot.zone, [key]).get(key, {})
        present = [k.report for k in known.values() if k.presence is Presence.PRESENT]
        if not present:
            gone = report.presence.value if report.presence is not Presence.PRESENT else "without files"
            raise UsageError(f"snapshot {snapshot} is {gone}: there is nothing left to be copied")
        return {one.file: one.content.sha256 for one in present}

    def _place(self, wanted: SnapshotId) -> tuple[str, SnapshotId]:
        """Return the folder of a snapshot at the target, and the id it goes by there."""
        template = self.target.settings.template if self.target.settings else DEFAULT_TEMPLATE
        folder = joined(self.target.prefix, snapshot_folder(template, wanted.dataset_id, wanted.export_time))
        place = self._layout.place(f"{folder}/x")
        found = SnapshotId(self.target.zone, place.dataset_id, place.export_time)
        is_same = place.kind is PlaceKind.SNAPSHOT and place.folder == folder and place.rest == "x"
        if is_same and place.dataset_id == wanted.dataset_id and found.export_at == wanted.export_at:
            return folder, found
        raise UsageError(
            f"zone {self.target.zone} has no place for {wanted}: by its template {template!r} the folder"
            f" {folder} would be that of another snapshot, or of none",
            hint="copy to a zone with the usual template {DATASET_ID}/{EXPORT_TIME}",
        )

    def _refuse_other_folder(self, target: SnapshotId, folder: str) -> None:
        """A snapshot of two folders would be judged as one whose parts were written twice."""
        key = (target.dataset_id, target.export_time)
        for path, known in known_files(self._catalog, target.zone, [key]).get(key, {}).items():
            is_elsewhere = not path.startswith(f"{folder}/") and known.report.kind is not FileKind.MANIFEST
            if known.presence is Presence.PRESENT and is_elsewhere:
                raise UsageError(
                    f"snapshot {target} lies in another folder of its zone already: {path}",
                    hint=f"copy to that place; expected it below {folder}/",
                )


def _refuse_meetings(shipments: Sequence[Shipment]) -> None:
    """Refuse two files for one place; one manifest that speaks of several snapshots is but one file."""
    taken: dict[str, tuple[str, SnapshotId]] = {}
    for shipment in shipments:
        for parcel in shipment.parcels:
            origin = join(shipment.location.url, parcel.file.path)
            other, snapshot = taken.setdefault(parcel.path, (origin, shipment.source))
            if other != origin:
                both = " and ".join(sorted({str(snapshot), str(shipment.source)}))
                hint = "copy them to different places"
                raise UsageError(f"two files of {both} would both become {parcel.path}", hint=hint)
