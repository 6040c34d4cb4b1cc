"""Bring together what was listed, read, promised and known of one snapshot, have it judged, and record what is new.

How it is judged is the business of `verifier.assess`, what is read that of `reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from catalog.scans.expectations import Expectations
from catalog.scans.history import History
from catalog.scans.loose import LooseManifests
from catalog.scans.reading import Job, Reader
from catalog.scans.recorder import Recorder
from catalog.scans.reverify import read_in_full
from catalog.store.known import content_owners, known_snapshots
from verifier.assess import assess
from verifier.evidence import Evidence, Terms
from verifier.groups import Group, Key
from verifier.model import FileKind, SnapshotReport
from verifier.promises import ReadManifest, Resolver


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment by which a zone is judged; `is_of_store` tells that the store keeps one, else it is ours."""

    now: datetime
    is_of_store: bool = True


@dataclass(slots=True, kw_only=True)
class Appraiser:
    """Judges the snapshots of one zone, some datasets at a time."""

    reader: Reader
    recorder: Recorder
    resolver: Resolver
    loose: LooseManifests
    expectations: Expectations
    clock: Clock
    _known: Mapping[Key, SnapshotReport] = field(default_factory=dict)
    _history: History | None = None

    def turn_to(self, datasets: set[str]) -> Mapping[Key, SnapshotReport]:
        """Load what is known of some datasets, whose snapshots come next, and forget the others; return it."""
        run, zone = self.reader.run, self.reader.target.zone
        self.recorder.flush()
        self._known, self._history = known_snapshots(run.catalog, zone, datasets), None
        return self._known

    def appraise(self, job: Job) -> SnapshotReport:
        """Judge one snapshot when all its files have been read, and record it where anything changed."""
        group, loose, expectations, history = job.group, self.loose, self.expectations, self._past()
        outcomes = {p.task.file.path: self.reader.collect(p) for p in job.pending}
        outcomes |= {f.path: loose.read[f.path] for f in group.loose_manifests if f.path in loose.read}
        for path, outcome in outcomes.items():
            if outcome.report.kind.is_data or outcome.report.kind is FileKind.MANIFEST:
                self.reader.count_unchecked(outcome.report, job.known_files.get(path))
        manifests = [ReadManifest(f, outcomes[f.path].manifest) for f in group.manifests]
        promised = [p for m in manifests for p in self.resolver.promises(m, _home(m, group)).get(group.key, ())]
        evidence = Evidence(
            group=group,
            reports=job.reports | {path: outcome.report for path, outcome in outcomes.items()},
            manifests=manifests,
            promised=promised,
            known=job.known,
            known_files=job.known_files,
            past=history.before(group.id),
            owners=history.owners(group.id.dataset_id),
        )
        terms = Terms(
            expectation=expectations.of(group.id),
            depth=self.reader.run.depth,
            now=self.clock.now,
            basis=expectations.basis(group.id),
            has_clock=self.clock.is_of_store,
        )
        change = assess(evidence, terms)
        is_new = change.files or change.report != job.known
        self.recorder.add(change if is_new else None, read_in_full(group, outcomes))
        history.replace(change.report, [r.content.sha256 for r in evidence.data if r.content.sha256])
        return change.report

    def _past(self) -> History:
        """Return the history of the datasets whose turn it is; put in order only where something is new."""
        if self._history is None:
            run, zone = self.reader.run, self.reader.target.zone
            self._history = History(lambda dataset: content_owners(run.catalog, zone, dataset))
            self._history.add_known(self._known.values())
        return self._history


def _home(manifest: ReadManifest, group: Group) -> Group | None:
    return None if manifest.file in group.loose_manifests else group
