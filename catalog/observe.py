"""Look at one zone: list it, have read what is new, judge it and record it, in that order.

What is expected, what is read and how a snapshot is judged are the business of others.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from catalog.absence import Absence, count_absent
from catalog.expectations import Expectations, Habits, quiet_time
from catalog.history import History
from catalog.judge_zones import judge_credentials
from catalog.loose import LooseManifests
from catalog.reading import Job, Reader
from catalog.recorder import Recorder
from catalog.run import Run
from catalog.scope import narrowed
from catalog.store.known import content_owners, known_snapshots, previous_suspect
from catalog.store.manifests import manifest_owners
from catalog.store.recording import ScanEnd, ScanStart, begin_scan, end_scan, record_strays
from catalog.tally import Tally
from catalog.targets import Target
from verifier.assess import assess
from verifier.backends.base import Expiring
from verifier.backends.registry import open_backend
from verifier.backends.urls import shown
from verifier.errors import SourceError
from verifier.evidence import Evidence, Terms
from verifier.model import Finding, Presence, SnapshotId, SnapshotReport, StoredFile, finding
from verifier.promises import ReadManifest, Resolver
from verifier.scan import Gathering, Group, Key
from verifier.verdict import apply_levels
from verifier.zone_model import Stray, Trouble, ZoneReport


class ZoneScan:
    """One look at one zone. Iterate `snapshots` to its end; then `report`, `strays` and `tally` are complete."""

    def __init__(self, target: Target, run: Run) -> None:
        self.target, self.run = target, run
        self.scope = narrowed(run.scope, target.layout, target.prefix)
        self.tally = Tally()
        self.strays: Sequence[Stray] = ()
        self.report = ZoneReport(zone=target.zone, url=target.location.url, complete=False)
        self._now = run.clock()
        self._has_clock = True
        self._reader = Reader(target, run, self.tally.counts)
        self._recorder = Recorder(run.catalog, run.scan_id, run.clock)
        self._history = History(lambda dataset: content_owners(run.catalog, target.zone, dataset))
        self._known: Mapping[Key, SnapshotReport] = {}
        self._absence: Absence | None = None
        self._is_begun = False
        self._credentials_end_at: datetime | None = None

    def snapshots(self) -> Generator[SnapshotReport]:
        """Look, and yield every snapshot as it is judged: those listed, then those that are gone."""
        self.run.progress.zone(self.target.zone)
        start, is_new = self._start(), self.target.is_new
        if not is_new:
            self._begin(start)
        if self._lies_elsewhere():
            self.target = self._reader.target = replace(self.target, prefix="")
        try:
            gathering = self._gather()
        except SourceError as error:
            self._fail(error)
            return
        if is_new:
            # A place is recorded once it has been seen, so that a slip of the hand leaves no zone behind.
            self._begin(start)
        try:
            yield from self._judge(gathering)
        finally:
            self._recorder.flush()

    def _begin(self, start: ScanStart) -> None:
        begin_scan(self.run.catalog, start)
        self._is_begun = True
        self._known = known_snapshots(self.run.catalog, self.target.zone)
        self._history.add_known(self._known.values())
        self._reader.known = {key: report for key, report in self._known.items() if self.scope.selects(key)}

    def _start(self) -> ScanStart:
        run, location = self.run, self.target.location
        return ScanStart(
            scan_id=run.scan_id,
            zone=self.target.zone,
            url=location.url,
            kind=location.kind,
            depth=run.depth,
            scope=self.scope.text,
            started_at=self._now,
            tool_version=run.tool_version,
            basis=run.settings.digest(),
        )

    def _lies_elsewhere(self) -> bool:
        """Tell whether manifests of what was asked for lie outside its folder: then all of the zone is to be listed."""
        prefix, scope = self.target.prefix, self.scope
        datasets = scope.datasets or frozenset(dataset for dataset, _ in scope.keys or ())
        if not prefix or scope.is_partial or not datasets:
            return False
        keys = [key for key, report in self._known.items() if key[0] in datasets and report.manifest]
        return any(
            known.presence is Presence.PRESENT and not path.startswith(f"{prefix}/")
            for _, files in self._reader.files_of(keys)
            for path, known in files.items()
        )

    def _gather(self) -> Gathering:
        """List to the end; whatever breaks the listing is raised, and nothing of it is used then."""
        target = self.target
        configured = [d.id for d in self.run.settings.datasets if d.zone == target.zone]
        dataset = configured[0] if len(configured) == 1 else target.root.rsplit("/", 1)[-1] or target.zone
        gathering = Gathering(target.zone, target.layout, target.settings.ignore if target.settings else (), dataset)
        backend = open_backend(target.location)
        try:
            gathering.add(self._told(backend.list(target.prefix), gathering))
            now = backend.now()
            self._now, self._has_clock = now or self._now, now is not None
            self._credentials_end_at = backend.expires_at() if isinstance(backend, Expiring) else None
        finally:
            backend.close()
        return gathering

    def _told(self, pages: Iterable[Sequence[StoredFile]], gathering: Gathering) -> Iterator[Sequence[StoredFile]]:
        for page in pages:
            yield page
            self.run.progress.listed(gathering.listed)

    def _judge(self, gathering: Gathering) -> Iterator[SnapshotReport]:
        run, reader = self.run, self._reader
        is_empty = gathering.is_empty() if self.scope.is_all else not any(map(self.scope.selects, gathering.groups))
        gathering.groups.update((group.key, group) for group in self._gone(gathering.groups))
        resolver = Resolver(self.target.layout, gathering.groups, self.target.root)
        loose = self._attach(gathering, resolver)
        reader.read_already = loose.read
        groups = {key: group for key, group in gathering.groups.items() if self.scope.selects(key)}
        self._absence = self._disbelieved(groups)
        reader.frozen = self._absence.keys if self._absence else frozenset()
        quiet = quiet_time(self.target.settings, run.settle_minutes)
        habits = Habits.of(gathering.groups.values(), self._known)
        expectations = Expectations(run, self.target, quiet, habits)
        reader.basis = expectations.basis
        for job in reader.jobs(groups.values()):
            report = self._conclude(job, expectations, resolver, loose)
            self.tally.snapshot(report)
            yield report
        self._recorder.flush()
        if self.scope.is_all:
            levels = run.settings.levels
            found = (*gathering.strays, *loose.strays)
            self.strays = [replace(s, findings=apply_levels(s.findings, levels)) for s in found]
            self.tally.strays(self.strays)
            record_strays(run.catalog, run.scan_id, self.target.zone, self.strays, run.clock())
        self._close(is_empty=is_empty)

    def _attach(self, gathering: Gathering, resolver: Resolver) -> LooseManifests:
        """Give manifests outside snapshot folders to their snapshots; only what the catalog does not know is read."""
        loose, files = LooseManifests(gathering.groups, resolver), gathering.loose_manifests
        if files:
            owners = manifest_owners(self.run.catalog, self.target.zone, [f.path for f in files])
            unknown = loose.attach_known(files, owners)
            for pending in [self._reader.submit(file) for file in unknown]:
                loose.attach_read(pending.task.file, self._reader.collect(pending))
        return loose

    def _gone(self, listed: Mapping[Key, Group]) -> list[Group]:
        """Return recorded snapshots that are not listed any more, as empty groups.

        Expired ones have been told of, and so have those that went before they had settled.
        """
        if self.scope.is_partial:
            return []
        known = self._reader.known
        keys = [k for k, r in known.items() if k not in listed and not _is_done_with(r)]
        return [Group(SnapshotId(self.target.zone, *key)) for key in keys]

    def _disbelieved(self, listed: Mapping[Key, Group]) -> Absence | None:
        """Return what is gone where that is too much at once to be believed without a second look."""
        if self.scope.is_partial:
            return None
        present = {k: r for k, r in self._reader.known.items() if r.presence is not Presence.EXPIRED}
        differing = [k for k, r in present.items() if k not in listed or listed[k].digest() != r.listing_digest]
        absence = count_absent(
            self._reader.files_of(differing),
            listed,
            known=sum(r.files for r in self._known.values() if r.presence is not Presence.EXPIRED),
            lifetime=self.target.lifetime,
            now=self._now,
        )
        if not absence.is_suspect or self.run.accepts_vanished:
            return None
        return None if previous_suspect(self.run.catalog, self.target.zone, self.scope.text) else absence

    def _conclude(
        self, job: Job, expectations: Expectations, resolver: Resolver, loose: LooseManifests
    ) -> SnapshotReport:
        """Judge one snapshot when all its files have been read, and record it where anything changed."""
        if job.stands and job.known:
            self.tally.counts.files_unchanged += job.known.files
            return job.known
        group = job.group
        outcomes = {p.task.file.path: self._reader.collect(p) for p in job.pending}
        outcomes |= {f.path: loose.read[f.path] for f in group.loose_manifests if f.path in loose.read}
        manifests = [ReadManifest(f, outcomes[f.path].manifest) for f in group.manifests]
        promised = [p for m in manifests for p in resolver.promises(m, self._home(m, group)).get(group.key, ())]
        evidence = Evidence(
            group=group,
            reports=job.reports | {path: outcome.report for path, outcome in outcomes.items()},
            manifests=manifests,
            promised=promised,
            known=job.known,
            known_files=job.known_files,
            past=self._history.before(group.id),
            owners=self._history.owners(group.id.dataset_id),
        )
        terms = Terms(
            expectation=expectations.of(group.id),
            depth=self.run.depth,
            now=self._now,
            basis=expectations.basis(group.id),
            has_clock=self._has_clock,
        )
        change = assess(evidence, terms)
        if change.files or change.report != job.known:
            self._recorder.add(change)
        self._history.replace(change.report, [r.content.sha256 for r in evidence.data if r.content.sha256])
        return change.report

    def _home(self, manifest: ReadManifest, group: Group) -> Group | None:
        return None if manifest.file in group.loose_manifests else group

    def _close(self, *, is_empty: bool) -> None:
        found: list[Finding] = []
        if not self.target.layout.tells_datasets:
            found.append(finding("layout.mixed-datasets", f"template {self.target.layout.template} names no dataset"))
        if is_empty:
            what = "nothing" if self.scope.is_all else "nothing that was asked for"
            where = f": no folder of exports at {shown(self.target.prefix)}" if self.target.prefix else ""
            found.append(finding("zone.empty", f"{what} was there{where}"))
        found += judge_credentials(self._credentials_end_at, self._now)
        if self._absence:
            found.append(self._absence.finding())
        self._end(complete=True, findings=found)

    def _fail(self, error: SourceError) -> None:
        trouble = Trouble(kind=error.kind, message=error.message, hint=error.hint)
        self._end(complete=False, trouble=trouble, findings=[finding("zone.unreachable", error.message)])

    def _end(self, *, complete: bool, findings: Sequence[Finding], trouble: Trouble | None = None) -> None:
        run, levelled = self.run, apply_levels(findings, self.run.settings.levels)
        self.tally.findings(levelled)
        self.report = replace(self.report, complete=complete, error=trouble, findings=levelled)
        if not self._is_begun:
            return
        end = ScanEnd(
            zone=self.target.zone,
            finished_at=run.clock(),
            complete=complete,
            suspect=self._absence is not None,
            counts=self.tally.counts,
            trouble=trouble,
            findings=levelled,
        )
        end_scan(run.catalog, run.scan_id, end)


def _is_done_with(report: SnapshotReport) -> bool:
    return report.presence is Presence.EXPIRED or (report.presence is Presence.VANISHED and report.settled_at is None)
