"""Decide for each snapshot what stands as recorded and what has to be read, and have that read, some way ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from catalog.run import Run
from catalog.store.known import known_files
from catalog.targets import Target
from verifier.changes import is_same_version
from verifier.engine import Outcome, Pending, Task
from verifier.findings import Effect
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind, FileReport, KnownFile, Presence, SnapshotId, SnapshotReport, StoredFile
from verifier.scan import Group, Key
from verifier.verify import listed_only
from verifier.zone_model import Counts

_CHUNK = 256


@dataclass(slots=True)
class Job:
    """One snapshot on its way: `stands` where its record is to be repeated, else what is known and being read."""

    group: Group
    known: SnapshotReport | None
    stands: bool = False
    known_files: Mapping[str, KnownFile] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)


@dataclass(slots=True)
class Reader:
    """Has files of one zone read.

    `known` are its recorded snapshots, `basis` gives a digest of what one is judged by now, `frozen` are those whose
    record stands in any case, `read_already` manifests that were read to find their snapshots.
    """

    target: Target
    run: Run
    counts: Counts
    known: Mapping[Key, SnapshotReport] = field(default_factory=dict)
    basis: Callable[[SnapshotId], str] = str
    frozen: frozenset[Key] = frozenset()
    read_already: Mapping[str, Outcome] = field(default_factory=dict)

    def jobs(self, groups: Iterable[Group]) -> Iterator[Job]:
        """Yield a job for each group, in their order, as their files have been handed in; a few jobs ahead."""
        groups = list(groups)
        self._announce(groups)
        waiting: deque[Job] = deque()
        in_flight = 0
        for job in self._prepared(groups):
            waiting.append(job)
            in_flight += len(job.pending)
            while waiting and (in_flight > self.run.engine.in_flight or not waiting[0].pending):
                in_flight -= len(waiting[0].pending)
                yield waiting.popleft()
        yield from waiting

    def files_of(self, keys: Iterable[Key]) -> Iterator[tuple[Key, dict[str, KnownFile]]]:
        """Yield what the catalog knows of the files of these snapshots, those that are gone included."""
        rest = iter(keys)
        while chunk := list(islice(rest, _CHUNK)):
            yield from known_files(self.run.catalog, self.target.zone, chunk).items()

    def submit(self, file: StoredFile) -> Pending:
        """Hand in one file to be read."""
        run = self.run
        return run.engine.submit(Task(self.target.location, file, run.depth, run.settings.limits()))

    def collect(self, pending: Pending) -> Outcome:
        """Wait for one file and count it."""
        outcome = pending.result()
        report, file = outcome.report, pending.task.file
        self.run.progress.read(1, file.size)
        self.counts.bytes_read += report.content.bytes_read
        if report.kind.is_data or report.kind is FileKind.MANIFEST:
            self.counts.files_read += 1
        return outcome

    def _announce(self, groups: Iterable[Group]) -> None:
        """Tell how much is to be read of snapshots that are new, so that the time left can be told."""
        for group in groups:
            if group.key not in self.known:
                files = group.manifests if self.run.depth is Depth.LIST else [*group.files, *group.loose_manifests]
                self.run.progress.planned(len(files), sum(f.size for f in files))

    def _prepared(self, groups: Iterable[Group]) -> Iterator[Job]:
        rest = iter(groups)
        while chunk := list(islice(rest, _CHUNK)):
            jobs = [Job(g, self.known.get(g.key)) for g in chunk]
            for job in jobs:
                job.stands = self._stands(job)
            known = dict(self.files_of([j.group.key for j in jobs if j.known and not j.stands]))
            for job in jobs:
                if not job.stands:
                    job.known_files = known.get(job.group.key, {})
                    job.stands = self._is_cut(job)
                if not job.stands:
                    self._plan(job)
                yield job

    def _stands(self, job: Job) -> bool:
        """Tell whether nothing can have changed: same listing, same terms, looked at as hard, and nothing pending."""
        known = job.known
        if known is None:
            return False
        if job.group.key in self.frozen:
            return True
        same = known.is_final and known.depth.covers(self.run.depth)
        return same and known.listing_digest == job.group.digest() and known.basis == self.basis(job.group.id)

    def _is_cut(self, job: Job) -> bool:
        """Tell whether only a part of a snapshot was listed: some of its files lie outside the folder asked for."""
        prefix = self.target.prefix
        return bool(prefix) and any(not path.startswith(f"{prefix}/") for path in job.known_files)

    def _plan(self, job: Job) -> None:
        """Take over what is known of unchanged files and hand in the others.

        Manifests are always read, since what they promise is not recorded; and so is, on other terms than before, what
        could not be judged.
        """
        same_terms = job.known is not None and job.known.basis == self.basis(job.group.id)
        for file in (*job.group.files, *job.group.loose_manifests):
            if file.path in self.read_already:
                continue
            known = job.known_files.get(file.path)
            kind = kind_by_name(file.path)
            if kind is not FileKind.MANIFEST and known and self._is_enough(known, file, same_terms=same_terms):
                job.reports[file.path] = known.report
                self.counts.files_unchanged += kind.is_data
            elif kind is FileKind.MANIFEST or self.run.depth is not Depth.LIST:
                if job.known:
                    self.run.progress.planned(1, file.size)
                job.pending.append(self.submit(file))
            else:
                job.reports[file.path] = listed_only(file)

    def _is_enough(self, known: KnownFile, file: StoredFile, *, same_terms: bool) -> bool:
        report = known.report
        is_opaque = any(f.effect is Effect.UNVERIFIABLE for f in report.content.findings)
        return (
            known.presence is Presence.PRESENT
            and (same_terms or not is_opaque)
            and report.looked
            and is_same_version(report.file, file)
            and report.depth.covers(self.run.depth)
        )
