"""The exit status of a run, from what it saw; numbers are the contract's."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

from catalog.accepting import is_known_blind
from catalog.judging.values import SlotStatus
from verifier.findings import Level
from verifier.model import Finding, SnapshotReport, Verdict

if TYPE_CHECKING:  # a look-up does without all that scanning, copying and restoring need
    from catalog.copies.values import CopyResult
    from catalog.restores.values import RestoreResult
    from catalog.scans.results import ScanResult, Watch
    from catalog.settings.loading import Settings


class ExitStatus(IntEnum):
    """What a script reads."""

    OK = 0
    WARNINGS = 1
    ERRORS = 2
    NOT_LOOKED = 3
    CATALOG = 4
    USAGE = 64
    INTERRUPTED = 130


_COULD_NOT_LOOK = ("file.unreadable", "zone.unreachable", "zone.mass-vanish", "zone.stale")


class Judgement:
    """Collects what was seen and gives the worst status: could not look, then errors, then warnings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worst = ExitStatus.OK

    @property
    def status(self) -> ExitStatus:
        """The worst so far."""
        return self._worst

    def snapshot(self, report: SnapshotReport) -> None:
        """Take in one snapshot: its findings, and whether it was left unjudged."""
        found = (*report.findings, *report.file_findings)
        self.findings(found)
        if is_known_blind(report.verdict, found):
            return
        if report.verdict is Verdict.UNKNOWN:
            self._raise(ExitStatus.NOT_LOOKED)
        dataset = self._settings.dataset(report.id.zone, report.id.dataset_id)
        opaque = report.verdict is Verdict.UNVERIFIABLE and not (dataset and dataset.encrypted)
        if opaque or report.verdict is Verdict.ARRIVING:
            self._raise(ExitStatus.WARNINGS)

    def scan(self, scan: ScanResult) -> None:
        """Take in what is not about single snapshots."""
        for zone in scan.zones:
            self.findings(zone.findings)
            if not zone.complete:
                self._raise(ExitStatus.NOT_LOOKED)
        for _, stray in scan.strays:
            self.findings(stray.findings)

    def watch(self, watch: Watch) -> None:
        """Take in judged schedules."""
        self.findings(watch.findings)
        for dataset in watch.datasets:
            self.findings(dataset.all_findings)
            if dataset.arriving or dataset.opaque:
                self._raise(ExitStatus.WARNINGS)
            if any(slot.status is SlotStatus.UNKNOWN for slot in dataset.slots):
                self._raise(ExitStatus.NOT_LOOKED)

    def copy(self, result: CopyResult) -> None:
        """Take in a copy: whether it is equal and could be made; what its original is worth is no matter here."""
        for snapshot in result.snapshots:
            self.findings(snapshot.findings)
            if snapshot.failures:
                self._raise(ExitStatus.NOT_LOOKED)

    def restore(self, result: RestoreResult) -> None:
        """Take in a restore: whether all of it is at the target, and if not, why."""
        self.findings(result.findings)
        if result.is_lost:
            self._raise(ExitStatus.ERRORS)
        if result.has_trouble:
            self._raise(ExitStatus.NOT_LOOKED)

    def could_not_look(self) -> None:
        """Take in that something that was asked for could not be looked at."""
        self._raise(ExitStatus.NOT_LOOKED)

    def findings(self, findings: Iterable[Finding]) -> None:
        """Take in findings by level, and those that say nobody could look; what was accepted raises nothing."""
        for one in (f for f in findings if f.accepted is None):
            if one.level is Level.ERROR and one.code in _COULD_NOT_LOOK:
                self._raise(ExitStatus.NOT_LOOKED)
            elif one.level is Level.ERROR:
                self._raise(ExitStatus.ERRORS)
            elif one.level is Level.WARN:
                self._raise(ExitStatus.WARNINGS)

    def _raise(self, status: ExitStatus) -> None:
        self._worst = max(self._worst, status)
