"""What a scan would ask of a zone, in requests and bytes: listed for real, weighed by the catalog; reads no file.

Records nothing, and knows no prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from catalog.progress import Silence
from catalog.scans.census import Census
from catalog.scans.expectations import Expectations, Habits, quiet_time
from catalog.scans.loose import LooseManifests
from catalog.scans.reading import Job, Reader
from catalog.scans.results import Cost, ScanResult, ZoneEstimate
from catalog.scans.reverify import NOTHING, Reverification
from catalog.scans.run import Run
from catalog.scope import narrowed
from catalog.settings.loading import Settings
from catalog.shelving import kept_inside
from catalog.store.known import known_marks, known_snapshots, known_zones
from catalog.store.manifests import manifest_owners
from catalog.targets import Target, gathering_for
from verifier.backends.registry import open_backend
from verifier.engine import Engine
from verifier.errors import SourceError
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind, StoredFile, finding
from verifier.promises import Resolver
from verifier.scan import Gathering
from verifier.verdict import apply_levels
from verifier.zone_model import Counts, Trouble, ZoneReport

_PIECE = 64 << 10
_HEAD, _END = 64, 4 << 10


def estimate(targets: Sequence[Target], run: Run) -> ScanResult:
    """List some zones and say what a scan of them on these terms would read."""
    started_at = run.clock()
    estimates = tuple(_estimate_zone(target, run) for target in targets)
    return ScanResult(
        scan_id=run.scan_id,
        tool_version=run.tool_version,
        depth=run.depth,
        started_at=started_at,
        finished_at=run.clock(),
        zones=tuple(_report(one, run.settings) for one in estimates),
        counts=Counts(),
        strays=(),
        reverify=run.reverify,
        estimates=estimates,
    )


def _report(one: ZoneEstimate, settings: Settings) -> ZoneReport:
    found = [finding("zone.unreachable", one.trouble.message)] if one.trouble else []
    return ZoneReport(
        zone=one.zone,
        url=one.url,
        complete=one.trouble is None,
        error=one.trouble,
        findings=apply_levels(found, settings.levels),
    )


def _estimate_zone(target: Target, run: Run) -> ZoneEstimate:
    """List one zone and say what a scan on these terms would read; what cannot be listed is told as trouble."""
    run.progress.zone(target.zone)
    here = ZoneEstimate(zone=target.zone, url=target.location.url)
    try:
        gathering, requests = _gather(target, run)
    except SourceError as error:
        return replace(here, trouble=Trouble(kind=error.kind, message=error.message, hint=error.hint))
    is_known = run.catalog.exists and target.zone in known_zones(run.catalog)
    # With no worker nothing is read before its outcome is asked for.
    quiet = replace(run, progress=Silence(), engine=Engine(0))
    weighing = _Weighing(target, quiet, gathering, is_known=is_known)
    reading, unchanged = weighing.weigh(run.reverify)
    again = reading - weighing.weigh(NOTHING)[0] if run.reverify.text else Cost()
    return replace(
        here, listed=gathering.listed, listing_requests=requests, reading=reading, again=again, unchanged=unchanged
    )


def cost_of(files: Iterable[StoredFile], depth: Depth) -> Cost:
    """Add up what reading files takes of an object store: one request for a whole file, a few for its two ends."""
    return sum((_cost(file, depth) for file in files), Cost())


def _cost(file: StoredFile, depth: Depth) -> Cost:
    kind = kind_by_name(file.path)
    if kind is FileKind.MANIFEST:
        return Cost(1, 1, file.size, 1)
    if depth is Depth.FULL or not file.size:
        return Cost(1, 0, file.size, 1)
    head = min(file.size, _HEAD)
    if not kind.is_data:
        return Cost(1, 0, head, 1)
    is_short = file.size <= _PIECE
    other_end = 0 if is_short else min(_END if kind is not FileKind.PARQUET else 4, file.size - _PIECE)
    return Cost(1, 0, head + min(file.size, _PIECE) + other_end, 2 if is_short else 3)


def _gather(target: Target, run: Run) -> tuple[Gathering, int]:
    """List to the end, and return what is there and how many requests that took."""
    gathering = gathering_for(target, run.settings, kept_inside(run.catalog, run.settings, target.location))
    backend = open_backend(target.location)
    try:
        gathering.add(_told(backend.list(target.prefix), gathering, run))
        return gathering, backend.requests
    finally:
        backend.close()


def _told(pages: Iterable[Sequence[StoredFile]], gathering: Gathering, run: Run) -> Iterator[Sequence[StoredFile]]:
    for page in pages:
        yield page
        run.progress.listed(gathering.listed)


class _Weighing:
    """A listed zone held against the catalog as a scan would do it, up to where files are read."""

    def __init__(self, target: Target, run: Run, gathering: Gathering, *, is_known: bool) -> None:
        self._target, self._run, self._groups = target, run, gathering.groups
        self._is_known, self._unknown_manifests = is_known, gathering.loose_manifests
        self._scope = narrowed(run.scope, target.layout, target.prefix)
        self._census, habits = Census(self._scope), Habits()
        if is_known:
            for mark in known_marks(run.catalog, target.zone):
                habits.recorded(mark.key, has_manifest=mark.has_manifest)
                self._census.add(mark, self._groups)
            self._attach(gathering)
        habits.listed(self._groups)
        quiet = quiet_time(target.settings, run.settle_minutes)
        self._expectations = Expectations(run, target, quiet, habits)

    def _attach(self, gathering: Gathering) -> None:
        files = gathering.loose_manifests
        loose = LooseManifests(self._groups, Resolver(self._target.layout, self._groups, self._target.root))
        owners = manifest_owners(self._run.catalog, self._target.zone, [f.path for f in files]) if files else {}
        self._unknown_manifests = loose.attach_known(files, owners)

    def weigh(self, reverify: Reverification) -> tuple[Cost, int]:
        """Return what reading takes, and how many files are not read, when these files are to be read again."""
        run, counts = replace(self._run, reverify=reverify), Counts()
        reader = Reader(self._target, run, counts, self._groups, basis=self._expectations.basis)
        cost = cost_of(self._unknown_manifests, run.depth)
        for stretch in self._census.stretches([key for key in self._groups if self._scope.selects(key)]):
            datasets = {dataset for dataset, _ in stretch if self._census.datasets[dataset]}
            reader.known = known_snapshots(run.catalog, self._target.zone, datasets) if datasets else {}
            for job in reader.jobs(stretch):
                if isinstance(job, Job):
                    cost += cost_of((pending.task.file for pending in job.pending), run.depth)
        return cost, counts.files_unchanged
