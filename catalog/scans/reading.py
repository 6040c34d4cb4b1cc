"""Decide for each snapshot what stands as recorded and what has to be read, and have that read, some way ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from catalog.scans.census import cut
from catalog.scans.run import Run
from catalog.store.known import known_files
from catalog.targets import Target
from verifier.changes import is_same_version
from verifier.engine import Outcome, Pending, Task
from verifier.findings import Effect
from verifier.groups import Group, Groups, Key
from verifier.layout import kind_by_name
from verifier.model import Depth, FileKind, FileReport, KnownFile, Presence, SnapshotId, SnapshotReport, StoredFile
from verifier.verify import listed_only
from verifier.zone_model import Counts

_OWN_WEIGHT = 16
_MOST = 4096
"""How many known files are asked for at once; a snapshot counts as some files of its own."""


@dataclass(slots=True)
class Job:
    """One snapshot to be judged: what is known of it, of its files, and what is being read."""

    group: Group
    known: SnapshotReport | None
    known_files: Mapping[str, KnownFile] = field(default_factory=dict)
    reports: dict[str, FileReport] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)


@dataclass(slots=True)
class Reader:
    """Has files of one zone read.

    `groups` are its listed snapshots, `known` the recorded ones among those whose turn it is, `basis` gives a digest of
    what one is judged by now, `frozen` are those whose record stands in any case, `read_already` manifests that were
    read to find their snapshots. `requests` counts those that were sent for what was collected, None where that
    cannot be counted.
    """

    target: Target
    run: Run
    counts: Counts
    groups: Groups = field(default_factory=lambda: Groups(""))
    known: Mapping[Key, SnapshotReport] = field(default_factory=dict)
    basis: Callable[[SnapshotId], str] = str
    frozen: frozenset[Key] = frozenset()
    read_already: Mapping[str, Outcome] = field(default_factory=dict)
    requests: int | None = 0

    def jobs(self, keys: Iterable[Key]) -> Iterator[Job | SnapshotReport]:
        """Yield a report for each snapshot whose record stands, else a job, in their order.

        The files of a job have been handed in, and so have those of a few jobs ahead.
        """
        waiting: deque[Job | SnapshotReport] = deque()
        in_flight = 0
        for one in self._prepared(keys):
            waiting.append(one)
            in_flight += _pending(one)
            while waiting and (in_flight > self.run.engine.in_flight or not _pending(waiting[0])):
                in_flight -= _pending(waiting[0])
                yield waiting.popleft()
        yield from waiting

    def files_of(self, keys: Iterable[tuple[Key, int]]) -> Iterator[tuple[Key, dict[str, KnownFile]]]:
        """Yield what the catalog knows of the files of these snapshots, those that are gone included.

        Each key comes with about how many files there are, so that not too many are asked for at once.
        """
        for chunk in cut(keys, lambda each: each[1] + _OWN_WEIGHT, _MOST):
            yield from known_files(self.run.catalog, self.target.zone, [key for key, _ in chunk]).items()

    def announce(self, keys: Iterable[Key]) -> None:
        """Tell how much is to be read of snapshots that are new, so that the time left can be told."""
        files = size = 0
        for key in keys:
            sums = self.groups.sums(key)
            is_list = self.run.depth is Depth.LIST
            files += sums.manifests if is_list else sums.files
            size += sums.manifest_bytes if is_list else sums.bytes
        if files:
            self.run.progress.planned(files, size)

    def submit(self, file: StoredFile) -> Pending:
        """Hand in one file to be read."""
        run = self.run
        settings = run.settings
        return run.engine.submit(Task(self.target.location, file, run.depth, settings.limits(), settings.pgp_keys()))

    def collect(self, pending: Pending) -> Outcome:
        """Wait for one file and count it."""
        outcome = pending.result()
        report, file = outcome.report, pending.task.file
        self.run.progress.read(1, file.size)
        self.counts.bytes_read += report.content.bytes_read
        self.requests = added(self.requests, outcome.requests)
        if report.kind.is_data or report.kind is FileKind.MANIFEST:
            self.counts.files_read += 1
        return outcome

    def count_unchecked(self, report: FileReport, known: KnownFile | None) -> None:
        """Count a file's bytes that no checksum covers, unless a SHA-256 of the same bytes was recorded before."""
        unchecked = report.content.unchecked_bytes
        if unchecked and (known is None or known.report.content.sha256 != report.content.sha256):
            self.counts.unchecked_bytes += unchecked
            self.counts.unchecked_files += 1

    def _prepared(self, keys: Iterable[Key]) -> Iterator[Job | SnapshotReport]:
        for chunk in cut(keys, self._weight, _MOST):
            standing = {key for key in chunk if self._stands(key)}
            changed = [(key, self._weight(key)) for key in chunk if key in self.known and key not in standing]
            files = dict(self.files_of(changed))
            for key in chunk:
                known = self.known.get(key)
                if known and (key in standing or self._is_cut(files.get(key, {}))):
                    self.counts.files_unchanged += known.files
                    yield known
                else:
                    job = Job(self.groups[key], known, files.pop(key, {}))
                    self._plan(job)
                    yield job

    def _weight(self, key: Key) -> int:
        known = self.known.get(key)
        return _OWN_WEIGHT + (known.files if known else 0)

    def _stands(self, key: Key) -> bool:
        """Tell whether nothing can have changed: same listing, same terms, looked at as hard, and nothing pending."""
        known = self.known.get(key)
        if known is None:
            return False
        if key in self.frozen:
            return True
        if self.run.reverify.takes_snapshot(self.target.zone, key):
            return False
        same = known.is_final and known.depth.covers(self.run.depth)
        return same and known.listing_digest == self.groups.digest(key).hex() and known.basis == self.basis(known.id)

    def _is_cut(self, known_files: Iterable[str]) -> bool:
        """Tell whether only a part of a snapshot was listed: some of its files lie outside the folder asked for."""
        prefix = self.target.prefix
        return bool(prefix) and any(not path.startswith(f"{prefix}/") for path in known_files)

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
            not self.run.reverify.takes_file(self.target.zone, file.path)
            and known.presence is Presence.PRESENT
            and (same_terms or not is_opaque)
            and report.looked
            and is_same_version(report.file, file)
            and report.depth.covers(self.run.depth)
        )


def added(one: int | None, other: int | None) -> int | None:
    """Add up two counts of which either may be unknown."""
    return None if one is None or other is None else one + other


def _pending(one: Job | SnapshotReport) -> int:
    return len(one.pending) if isinstance(one, Job) else 0
