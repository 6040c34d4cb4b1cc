"""Look at one zone: list it, have read what is new, judge it and record it, in that order.

What is expected, what is read and how a snapshot is judged are the business of others.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime

from catalog.caller import who
from catalog.judging.zones import judge_credentials
from catalog.scans.absence import Absence, count_absent
from catalog.scans.appraise import Appraiser, Clock
from catalog.scans.census import Census
from catalog.scans.expectations import Expectations, Habits, quiet_time
from catalog.scans.loose import LooseManifests
from catalog.scans.reading import Job, Reader
from catalog.scans.recorder import Recorder
from catalog.scans.run import Run
from catalog.scans.tally import Tally
from catalog.scope import narrowed
from catalog.shelving import kept_inside
from catalog.store.known import known_marks, known_snapshots, previous_suspect
from catalog.store.manifests import manifest_owners
from catalog.store.recording import ScanEnd, ScanStart
from catalog.store.said import acceptances_at
from catalog.targets import Target, gathering_for
from verifier.backends.base import Backend, Expiring
from verifier.backends.registry import open_backend
from verifier.backends.urls import shown
from verifier.errors import SourceError
from verifier.groups import Groups
from verifier.model import Finding, Presence, SnapshotReport, StoredFile, finding
from verifier.promises import Resolver
from verifier.scan import Gathering
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
        self._clock = Clock(run.clock())
        self._reader = Reader(target, run, self.tally.counts)
        self._recorder = Recorder(run.catalog, self._start(), run.clock)
        self._absence: Absence | None = None
        self._is_known = not target.is_new
        self._credentials_end_at: datetime | None = None
        self._accepted = acceptances_at(run.catalog, self._clock.now)

    def snapshots(self) -> Generator[SnapshotReport]:
        """Look, and yield every snapshot as it is judged: those listed, then those that are gone."""
        self.run.progress.zone(self.target.zone)
        try:
            with closing(open_backend(self.target.location)) as backend:
                self._meet(backend)
                gathering = self._gather(backend)
        except SourceError as error:
            self._fail(error)
            return
        if not self._is_known:
            # A place is recorded once it has been seen, so that a slip of the hand leaves no zone behind.
            self._recorder.begin()
            self._is_known = True
        try:
            with closing(self._judge(gathering)) as reports:
                for report in reports:
                    yield self._accepted.applied(report)
        finally:
            self._recorder.flush()

    def _meet(self, backend: Backend) -> None:
        """Note who is asked and as whom, and that the look has begun."""
        contact = backend.contact()
        self._recorder.start = replace(self._recorder.start, endpoint=contact.endpoint, identity=contact.identity)
        self.report = replace(self.report, endpoint=contact.endpoint, identity=contact.identity)
        if self._is_known:
            self._recorder.begin()
        if self._lies_elsewhere():
            self.target = self._reader.target = replace(self.target, prefix="")

    def _start(self) -> ScanStart:
        run, location = self.run, self.target.location
        return ScanStart(
            scan_id=run.scan_id,
            zone=self.target.zone,
            url=location.url,
            kind=location.kind,
            depth=run.depth,
            scope=self.scope.text,
            started_at=self._clock.now,
            tool_version=run.tool_version,
            basis=run.settings.digest(),
            run_by=who(),
        )

    def _lies_elsewhere(self) -> bool:
        """Tell whether manifests of what was asked for lie outside its folder: then all of the zone is to be listed."""
        prefix, scope = self.target.prefix, self.scope
        datasets = scope.datasets or frozenset(dataset for dataset, _ in scope.keys or ())
        if not prefix or scope.is_partial or not datasets or not self._is_known:
            return False
        known = known_snapshots(self.run.catalog, self.target.zone, datasets)
        keys = [(key, report.files) for key, report in known.items() if report.manifest]
        return any(
            file.presence is Presence.PRESENT and not path.startswith(f"{prefix}/")
            for _, files in self._reader.files_of(keys)
            for path, file in files.items()
        )

    def _gather(self, backend: Backend) -> Gathering:
        """List to the end; whatever breaks the listing is raised, and nothing of it is used then."""
        target, settings = self.target, self.run.settings
        gathering = gathering_for(target, settings, kept_inside(self.run.catalog, settings, target.location))
        try:
            gathering.add(self._told(backend.list(target.prefix), gathering))
            now = backend.now()
            self._clock = Clock(now) if now else Clock(self._clock.now, is_of_store=False)
            self._credentials_end_at = backend.expires_at() if isinstance(backend, Expiring) else None
        finally:
            self._reader.requests = backend.requests if backend.capabilities.counts_requests else None
        return gathering

    def _told(self, pages: Iterable[Sequence[StoredFile]], gathering: Gathering) -> Iterator[Sequence[StoredFile]]:
        for page in pages:
            yield page
            self.run.progress.listed(gathering.listed)

    def _judge(self, gathering: Gathering) -> Generator[SnapshotReport]:
        run, reader, groups = self.run, self._reader, gathering.groups
        is_empty = gathering.is_empty() if self.scope.is_all else not any(map(self.scope.selects, groups))
        census, habits = self._census(groups)
        resolver = Resolver(self.target.layout, groups, self.target.root)
        loose = self._attach(gathering, resolver)
        habits.listed(groups)
        self._absence = self._disbelieved(groups, census)
        expectations = Expectations(run, self.target, quiet_time(self.target.settings, run.settle_minutes), habits)
        reader.groups, reader.basis, reader.read_already = groups, expectations.basis, loose.read
        reader.frozen = self._absence.keys if self._absence else frozenset()
        keys = [key for key in groups if self.scope.selects(key)]
        reader.announce(key for key in keys if census.is_new(key))
        appraiser = Appraiser(
            reader=reader,
            recorder=self._recorder,
            resolver=resolver,
            loose=loose,
            expectations=expectations,
            clock=self._clock,
        )
        for stretch in census.stretches(keys):
            reader.known = appraiser.turn_to({dataset for dataset, _ in stretch if census.datasets[dataset]})
            for job in reader.jobs(stretch):
                report = appraiser.appraise(job) if isinstance(job, Job) else job
                self.tally.snapshot(report)
                yield report
        if self.scope.is_all:
            self._record_strays((*gathering.strays, *loose.strays))
        self._close(is_empty=is_empty)

    def _census(self, groups: Groups) -> tuple[Census, Habits]:
        """Hold what is recorded of the zone against its listing; what is gone joins the groups."""
        census, habits = Census(self.scope), Habits()
        for mark in known_marks(self.run.catalog, self.target.zone):
            habits.recorded(mark.key, has_manifest=mark.has_manifest)
            census.add(mark, groups)
        for key in census.gone:
            groups.add_gone(key)
        return census, habits

    def _attach(self, gathering: Gathering, resolver: Resolver) -> LooseManifests:
        """Give manifests outside snapshot folders to their snapshots; only what the catalog does not know is read."""
        loose, files = LooseManifests(gathering.groups, resolver), gathering.loose_manifests
        if files:
            owners = manifest_owners(self.run.catalog, self.target.zone, [f.path for f in files])
            unknown = loose.attach_known(files, owners)
            for pending in [self._reader.submit(file) for file in unknown]:
                loose.attach_read(pending.task.file, self._reader.collect(pending))
        return loose

    def _disbelieved(self, groups: Groups, census: Census) -> Absence | None:
        """Return what is gone where that is too much at once to be believed without a second look."""
        if self.scope.is_partial:
            return None
        absence = count_absent(
            self._reader.files_of(census.differing(groups)),
            groups,
            known=census.files,
            lifetime=self.target.lifetime,
            now=self._clock.now,
        )
        if not absence.is_suspect or self.run.accepts_vanished:
            return None
        return None if previous_suspect(self.run.catalog, self.target.zone, self.scope.text) else absence

    def _record_strays(self, found: Sequence[Stray]) -> None:
        levels = self.run.settings.levels
        self.strays = [replace(s, findings=apply_levels(s.findings, levels)) for s in found]
        self.tally.strays(self.strays)
        self._recorder.add_strays(self.strays)
        accepted, subject = self._accepted, (self.target.zone, None, None)
        self.strays = [replace(s, findings=accepted.mark(subject, s.findings)) for s in self.strays]

    def _close(self, *, is_empty: bool) -> None:
        found: list[Finding] = []
        if not self.target.layout.tells_datasets:
            found.append(finding("layout.mixed-datasets", f"template {self.target.layout.template} names no dataset"))
        if is_empty:
            what = "nothing" if self.scope.is_all else "nothing that was asked for"
            where = f": no folder of exports at {shown(self.target.prefix)}" if self.target.prefix else ""
            found.append(finding("zone.empty", f"{what} was there{where}"))
        found += judge_credentials(self._credentials_end_at, self._clock.now)
        if self._absence:
            found.append(self._absence.finding())
        self._end(complete=True, findings=found)

    def _fail(self, error: SourceError) -> None:
        trouble = Trouble(kind=error.kind, message=error.message, hint=error.hint)
        self._end(complete=False, trouble=trouble, findings=[finding("zone.unreachable", error.message)])

    def _end(self, *, complete: bool, findings: Sequence[Finding], trouble: Trouble | None = None) -> None:
        run, levelled = self.run, apply_levels(findings, self.run.settings.levels)
        self.tally.findings(levelled)
        requests = self._reader.requests
        self.report = replace(self.report, complete=complete, error=trouble, findings=levelled, requests=requests)
        if not self._is_known:
            return
        end = ScanEnd(
            finished_at=run.clock(),
            complete=complete,
            suspect=self._absence is not None,
            counts=self.tally.counts,
            trouble=trouble,
            findings=levelled,
            requests=requests,
        )
        self._recorder.end(end)
