"""Damaged copies as zones of their own, looked at with all that looks at real ones; says what was found, no more."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from catalog.evidence.damages.values import Change, Specimen
from catalog.judging.values import Period
from catalog.progress import Silence
from catalog.scans.reverify import NOTHING, Reverification
from catalog.scans.run import Run
from catalog.settings.loading import DatasetSettings, Settings, ZoneSettings
from catalog.store.database import Catalog
from catalog.targets import Target
from catalog.workflow import Question, Scan, check, new_scan_id, tool_version, utc_now
from verifier.backends.urls import parse_location
from verifier.engine import Engine
from verifier.errors import LandproofError
from verifier.layout import DEFAULT_TEMPLATE
from verifier.model import Finding, SnapshotReport, Verdict

_EVERYTHING = Reverification(text="all", takes_all=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One copy: the name of its zone, the folder that is removed in the end, what is changed in it (None: nothing)."""

    zone: str
    folder: Path
    root: Path
    change: Change | None = None


@dataclass(slots=True)
class Seen:
    """All that was told of one copy, the verdicts in it, and what was told of snapshots that count as good."""

    findings: list[Finding] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    of_good: list[Finding] = field(default_factory=list)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, each once, in the order of their names."""
        return tuple(sorted({one.code for one in self.findings}))


class Bench:
    """Makes copies of one specimen below a scratch folder and has them looked at, many zones in one scan."""

    def __init__(self, settings: Settings, origin: Target, engine: Engine, folder: Path) -> None:
        self._settings, self._origin, self._engine, self._folder = settings, origin, engine, folder
        self._catalog = Catalog(folder / "landproof.duckdb")
        self.whole_root = self._root("whole")

    def case(self, number: int, change: Change | None = None) -> Case:
        """Return the place of one more copy, which is not there yet."""
        name = f"copy-{number:04}"
        return Case(zone=name, folder=self._folder / name, root=self._root(name), change=change)

    def build(self, whole: Specimen, case: Case) -> None:
        """Make a copy as whole as the specimen; files are shared with it until they are changed."""
        for folder, _, names in os.walk(whole.root):
            at = case.root / Path(folder).relative_to(whole.root)
            at.mkdir(parents=True, exist_ok=True)
            for name in names:
                os.link(Path(folder) / name, at / name)

    def damage(self, whole: Specimen, case: Case, *, is_late: bool) -> None:
        """Change a copy; what is changed late has landed now, unless it keeps its time."""
        change = case.change
        assert change is not None
        for path in change.remove:
            (case.root / path).unlink()
        for path, data in change.write.items():
            _write(case.root / path, data, whole, keeps_time=change.keeps_time or not is_late)
        if change.landed_at is not None:
            for path in (whole.data, *whole.others):
                _write(case.root / path, whole.read(path), whole)
                os.utime(case.root / path, (change.landed_at.timestamp(),) * 2)
        if change.moved is not None:
            (case.root / whole.folder).rename(case.root / change.moved)

    def clear(self, cases: Iterable[Case]) -> None:
        """Remove copies."""
        for case in cases:
            shutil.rmtree(case.folder, ignore_errors=True)

    def look(self, whole: Specimen, cases: Sequence[Case]) -> Mapping[str, Seen]:
        """Scan the zones of all cases in full; return what was seen, by zone. Raises where one could not be listed."""
        seen: dict[str, Seen] = defaultdict(Seen)
        again = [case for case in cases if case.change and case.change.reads_again]
        for some, reverify in (([c for c in cases if c not in again], NOTHING), (again, _EVERYTHING)):
            if some:
                self._scan(whole, some, reverify, seen)
        return seen

    def judge(self, whole: Specimen, cases: Sequence[Case]) -> Mapping[str, Seen]:
        """Judge the schedules of zones that were looked at; return what was told, by zone."""
        seen: dict[str, Seen] = defaultdict(Seen)
        if not cases:
            return seen
        period = Period(whole.snapshot.export_at - timedelta(hours=1), utc_now())
        watch = check(self._settings_of(whole, cases), self._catalog, Question(period))
        for dataset in watch.datasets:
            found = (*dataset.all_findings, *(one for slot in dataset.slots for one in slot.findings))
            seen[dataset.zone].findings += found
        return seen

    def _scan(self, whole: Specimen, cases: Sequence[Case], reverify: Reverification, seen: Mapping[str, Seen]) -> None:
        settings = self._settings_of(whole, cases)
        targets = [self._target(case, settings) for case in cases]
        run = Run(
            scan_id=new_scan_id(),
            catalog=self._catalog,
            settings=settings,
            engine=self._engine,
            progress=Silence(),
            clock=utc_now,
            tool_version=tool_version(),
            reverify=reverify,
            settle_minutes=0,
            accepts_vanished=True,
        )
        scan = Scan(run, targets)
        for report in scan.snapshots():
            _take(report, seen[report.id.zone])
        result = scan.result()
        for zone in result.zones:
            if zone.error:
                raise LandproofError(f"test of controls: a copy could not be looked at: {zone.error.message}")
            seen[zone.zone].findings += zone.findings
        for name, stray in result.strays:
            seen[name].findings += stray.findings

    def _target(self, case: Case, settings: Settings) -> Target:
        location = parse_location(str(case.root))
        return Target(zone=case.zone, location=location, settings=settings.zones[case.zone], is_new=True)

    def _settings_of(self, whole: Specimen, cases: Sequence[Case]) -> Settings:
        """Return the settings by which the originals are judged, for these copies in place of all zones."""
        origin = self._origin.settings
        own = self._settings.dataset(whole.snapshot.zone, whole.snapshot.dataset_id)
        zones, datasets = {}, []
        for case in cases:
            template = origin.template if origin else DEFAULT_TEMPLATE
            zones[case.zone] = ZoneSettings(
                url=str(case.root), template=template, ignore=origin.ignore if origin else ()
            )
            kept = own.model_dump(include={"format", "compressed", "manifest", "allow_empty"}) if own else {}
            promised = DatasetSettings(zone=case.zone, id=whole.snapshot.dataset_id)
            more = case.change.settings if case.change else {}
            datasets.append(promised.model_copy(update={**kept, **more}))
        update = {"zones": zones, "datasets": tuple(datasets)}
        return Settings(self._settings.document.model_copy(update=update), self._settings.path)

    def _root(self, name: str) -> Path:
        """Return the folder that stands for the zone: its last names are what a template may begin above."""
        return self._folder / name / self._origin.root


def _take(report: SnapshotReport, seen: Seen) -> None:
    found = (*report.findings, *report.file_findings)
    seen.findings += found
    seen.verdicts.append(report.verdict)
    if report.verdict is Verdict.GOOD:
        seen.of_good += found


def _write(path: Path, data: bytes, whole: Specimen, *, keeps_time: bool = True) -> None:
    """Write a file in place of one that may be shared with other copies."""
    before = path.stat() if path.exists() else None
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if keeps_time:
        at = before.st_mtime_ns if before else int(whole.landed_at.timestamp() * 10**9)
        os.utime(path, ns=(at, at))
