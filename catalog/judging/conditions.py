"""Make the conditions that people should know of out of all that a night saw; not the notices that become of them.

Pure. One bad thing is one condition: while a zone cannot be read, its exports are not told one by one, and many strays
of a kind are one. Only what was looked at can be over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from catalog.judging.condition_parts import (
    Known,
    is_in_slot,
    is_lost,
    is_told,
    on_expiry,
    on_slot,
    on_snapshot,
    warned_at,
    words_when_over,
)
from catalog.judging.notice_values import Condition, Conditions, Ending, Notice
from catalog.judging.values import DatasetJudgement, Lifetime
from catalog.schedule import shift
from verifier.findings import REGISTER, Level
from verifier.model import Finding, Presence, SnapshotReport, finding
from verifier.zone_model import Stray, ZoneReport

Dataset = tuple[str, str]
_NEWS = timedelta(days=2)
"""How long before the first night something may have happened, where nothing else tells what is new."""
_WATCHED = ("schedule", "dataset", "chain", "copy", "zone", "run")
"""Families of findings that are about more than one snapshot's content."""
_OF_ZONES = ("zone", "stray", "stopped", "snapshot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A finding of something else that was looked at, such as a flow; `subject` begins with a word for its kind.

    `happened_at` is when it was due to turn, None for when it was looked at.
    """

    subject: str
    zone: str
    dataset_id: str | None
    finding: Finding
    happened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """All that one night saw.

    `datasets` and `findings` are what judging the schedules as of `at` came to, `zones` and `strays` are of the scan
    that began at `looked_at`, `snapshots` are all that matter of those that are known. `configured` are the zones of
    the settings, with their `lifetimes`, `ends` is when schedules end. `since` is when people were last told of
    anything, None for never; `newcomers` are the datasets and `new_zones` the zones that nobody watched then. `others`
    are findings of further things, and `looked` their subjects as far as they were looked at.
    """

    at: datetime
    datasets: Sequence[DatasetJudgement]
    findings: Sequence[Finding]
    zones: Sequence[ZoneReport]
    strays: Sequence[tuple[str, Stray]]
    snapshots: Sequence[SnapshotReport]
    looked_at: datetime
    configured: frozenset[str]
    ends: Mapping[Dataset, datetime] = field(default_factory=dict)
    lifetimes: Mapping[str, Lifetime] = field(default_factory=dict)
    since: datetime | None = None
    newcomers: frozenset[Dataset] = frozenset()
    new_zones: frozenset[str] = frozenset()
    others: Sequence[Noted] = ()
    looked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Place:
    """What a finding is about, and where that belongs."""

    about: str
    zone: str
    dataset_id: str | None = None


def conditions(night: Night, last: Mapping[str, Notice]) -> Conditions:
    """Return what is open, and what is over of that which `last`, by what it is about, has as open."""
    lost: dict[Dataset, list[SnapshotReport]] = {}
    for snapshot in filter(is_lost, night.snapshots):
        lost.setdefault((snapshot.id.zone, snapshot.id.dataset_id), []).append(snapshot)
    found = _Found(night, last, lost)
    for report in night.zones:
        found.zone(report)
    found.strays()
    for judged in night.datasets:
        found.dataset(judged)
    found.snapshots()
    for one in night.findings:
        found.of_watch(one)
    for noted in night.others:
        found.noted(noted)
    found.endings()
    return Conditions(found.open, found.ended)


@dataclass(slots=True)
class _Found:
    """What was found so far; `lost` are the snapshots that hold no data, by dataset."""

    night: Night
    last: Mapping[str, Notice]
    lost: Mapping[Dataset, Sequence[SnapshotReport]]
    open: dict[str, Condition] = field(default_factory=dict)
    ended: dict[str, Ending] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)
    _unread: set[str] = field(default_factory=set)

    def zone(self, report: ZoneReport) -> None:
        """Take in how a zone was looked at, and what was found of it as a whole."""
        findings = [f for f in report.findings if f.code != "zone.unreachable"]
        is_read = report.complete and all(f.code != "zone.mass-vanish" for f in findings)
        (self._read if is_read else self._unread).add(report.zone)
        if not report.complete:
            why = report.error.message if report.error else "the look at it did not come to its end"
            level = next((f.level for f in report.findings if f.code == "zone.unreachable"), Level.ERROR)
            unread = finding("zone.unreachable", f"the zone cannot be read: {why}", level=level)
            self.take(_Place(f"zone {report.zone} unread", report.zone), unread)
        for found in findings:
            self.take(_Place(f"zone {report.zone} {found.code}", report.zone), found)

    def strays(self) -> None:
        """Take in what belongs to no snapshot: errors one by one, of the rest how many there are of a kind."""
        counts: Counter[tuple[str, str]] = Counter()
        for zone, stray in self.night.strays:
            for found in stray.findings:
                if found.level is Level.ERROR or not is_told(found):
                    self.take(_Place(f"stray {zone}/{stray.path} {found.code}", zone), found)
                else:
                    counts[zone, found.code] += 1
                    many = counts[zone, found.code]
                    message = f"{many} {'place' if many == 1 else 'places'}: {REGISTER[found.code].meaning}"
                    self.take(_Place(f"stray {zone} {found.code}", zone), replace(found, message=message))

    def dataset(self, judged: DatasetJudgement) -> None:
        """Take in the slots of a dataset, and what was found of it as a whole."""
        key = (judged.zone, judged.dataset_id)
        filled = [slot.due_at for slot in judged.slots if slot.status.is_filled]
        newest = max(filled, default=None) if key in self.night.newcomers else None
        for slot, following in zip_longest(judged.slots, judged.slots[1:]):
            is_old = newest is not None and slot.due_at < newest
            about, known = on_slot(judged, slot, is_old=is_old)
            if any(is_in_slot(r, slot, following) for r in self.lost.get(key, ())):
                known = Ending("it is told as the snapshot", self.night.looked_at, is_quiet=True)
            self._know(about, known)
        for found in judged.findings:
            if found.code == "zone.expiring":
                self.of_watch(found)
            elif found.code.partition(".")[0] in _WATCHED:
                self._of_dataset(key, found)

    def _of_dataset(self, key: Dataset, found: Finding) -> None:
        name, at = f"dataset {'/'.join(key)}", self.night.at
        if found.code in ("schedule.ends-soon", "schedule.ended"):
            happened_at = self.night.ends.get(key, at) if found.code == "schedule.ended" else at
            self.take(_Place(f"{name} end", *key), found, happened_at)
        else:
            self.take(_Place(f"{name} {found.code}", *key), found)

    def snapshots(self) -> None:
        """Take in what every snapshot is worth."""
        newest: dict[Dataset, str] = {}
        reports = [r for r in self.night.snapshots if r.id.zone in self.night.configured]
        for report in reports:
            key = (report.id.zone, report.id.dataset_id)
            newest[key] = max(newest.get(key, ""), report.id.export_time)
        for report in reports:
            key = (report.id.zone, report.id.dataset_id)
            is_new = key in self.night.newcomers or report.id.zone in self.night.new_zones
            is_old = is_new and report.id.export_time < newest[key]
            self._know(*on_snapshot(report, self._turned_at(report), is_old=is_old))

    def _turned_at(self, report: SnapshotReport) -> datetime:
        """What landed since people were last told turned then; an older one when it was looked at."""
        landed_at, since = report.landed_at, self.night.since
        if landed_at is None or report.presence is Presence.VANISHED or (since is not None and landed_at < since):
            return self.night.looked_at
        return landed_at

    def of_watch(self, found: Finding) -> None:
        """Take in a finding about a zone, a flow, a snapshot, or the watch as a whole."""
        zone, snapshot, flow = (str(found.where.get(key, "")) for key in ("zone", "snapshot", "flow"))
        if snapshot:
            about, dataset_id = f"expiring {snapshot}", snapshot.split("/")[1]
            self.take(_Place(about, zone, dataset_id), found, warned_at(*self._expiring(about)))
        elif flow:
            self.take(_Place(f"stopped {zone}/{flow}", zone), found)
        elif found.code == "zone.stale" and zone not in self._unread:
            self.take(_Place(f"zone {zone} unread", zone), found)
        elif found.code != "zone.stale":
            family = found.code.partition(".")[0]
            self.take(_Place(f"zone {zone} {found.code}" if zone else f"watch {family}", zone), found)

    def noted(self, noted: Noted) -> None:
        """Take in a finding of something else; what is older than the first night is told to nobody."""
        place, at = _Place(f"{noted.subject} {noted.finding.code}", noted.zone, noted.dataset_id), noted.happened_at
        self.take(place, noted.finding, at)
        is_old = at is not None and self.night.since is None and at < shift(self.night.looked_at, -_NEWS)
        if is_old and place.about in self.open:
            self.open[place.about] = replace(self.open[place.about], is_quiet=True)

    def take(self, place: _Place, found: Finding, happened_at: datetime | None = None) -> None:
        """Take in a finding of something: it is open, or else told no more; a change passes, and may come again."""
        passes, at = found.code == "schedule.changed", self.night.looked_at
        about = f"{place.about} {self.night.at:%Y-%m-%d}" if passes else place.about
        if not is_told(found):
            why = "it was accepted" if found.accepted else "it is not told any more"
            self._know(about, Ending(why, at, is_quiet=True))
            return
        self.open[about] = Condition(
            about=about,
            code=found.code,
            level=found.level,
            zone=place.zone,
            dataset_id=place.dataset_id,
            message=found.message,
            happened_at=happened_at or at,
            passes=passes,
        )

    def _know(self, about: str, known: Known) -> None:
        standing = self.last.get(about)
        is_open = standing is not None and standing.is_open
        if isinstance(known, Ending):
            if is_open and about not in self.open:
                self.ended[about] = known
        elif known is not None:
            is_blind = known.code == "file.unreadable"
            if not is_blind or standing is None or not is_open or standing.code == known.code:
                # What could not be read is no worse and no better than it was known to be.
                self.open[about] = known

    def endings(self) -> None:
        """Find out which other open notices are over, of all that was looked at."""
        self.ended = {about: ending for about, ending in self.ended.items() if about not in self.open}
        for about, notice in self.last.items():
            if notice.is_open and about not in self.open and about not in self.ended:
                ending = self._ending(about, notice)
                if ending is not None:
                    self.ended[about] = ending

    def _ending(self, about: str, notice: Notice) -> Ending | None:
        kind, at = about.partition(" ")[0], self.night.looked_at
        if kind in ("slot", "dataset"):
            is_watched = any((j.zone, j.dataset_id) == (notice.zone, notice.dataset_id) for j in self.night.datasets)
        else:
            is_watched = notice.zone in self.night.configured or kind not in _OF_ZONES
        if not is_watched:
            return Ending("it is not watched any more", at, is_quiet=True)
        if kind == "expiring":
            return on_expiry(*self._expiring(about), at)
        if not self._was_looked_at(about, kind, notice):
            return None
        return Ending(words_when_over(notice.code), at)

    def _expiring(self, about: str) -> tuple[SnapshotReport | None, Lifetime | None]:
        subject = about.partition(" ")[2]
        report = next((r for r in self.night.snapshots if str(r.id) == subject), None)
        return report, self.night.lifetimes.get(report.id.zone) if report else None

    def _was_looked_at(self, about: str, kind: str, notice: Notice) -> bool:
        if kind in ("slot", "snapshot"):
            return False  # what is known of these was taken in one by one
        if kind in ("zone", "stray", "stopped"):
            return notice.zone in self._read
        return kind in ("dataset", "watch") or about.rpartition(" ")[0] in self.night.looked
