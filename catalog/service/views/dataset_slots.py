"""The slots of one dataset over a year with what became of them, and exports that fill none; looks at no finding.

Pure: the settings, exports, waivers, the newest listing and the moment come in, words by moment go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from catalog.judging.slots import judge_dataset
from catalog.judging.values import Arrival, Look, Pause, Period, Promise, Slot, SlotStatus
from catalog.schedule import EARLY, Schedule, shift
from catalog.service.drawing.days import NOTHING, verdict_word
from catalog.settings.loading import DatasetSettings
from catalog.store.series import DatasetPlace, Landed
from verifier.model import Presence, SnapshotId

_YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What slots are judged from; `landed` in order of export time."""

    place: DatasetPlace
    settings: DatasetSettings | None
    landed: Sequence[Landed]
    pauses: Sequence[Pause]
    look: Look | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was due or came: when, its word, and the digits of its snapshot where there is one."""

    at: datetime
    word: str
    export_time: str | None = None
    landed: Landed | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row, in UTC: the first and the last."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """Its first moment."""
        return datetime.combine(self.first, time.min, UTC)

    @property
    def ends(self) -> datetime:
        """Its last moment."""
        return datetime.combine(self.last, time.max, UTC)

    def covers(self, at: datetime) -> bool:
        """Tell whether a moment is of one of its days."""
        return self.begins <= at <= self.ends


def span_of(year: int | None, today: date) -> Span:
    """Return a calendar year, or the twelve months up to today, so that January shows more than itself."""
    if year is None:
        return Span(date.fromordinal(max(today.toordinal() - _YEAR_DAYS + 1, 1)), today)
    return Span(date(year, 1, 1), date(year, 12, 31))


def exports_of(facts: Facts, span: Span) -> list[Export]:
    """Return what was due and what came in a span, in order; slots that are still to come are left out."""
    first, last = span.begins, span.ends
    schedule = facts.settings.schedule() if facts.settings and facts.settings.enabled else None
    is_encrypted = facts.settings is not None and facts.settings.encrypted
    slots = _slots(facts, schedule, Period(first, min(last, facts.now))) if schedule and first <= facts.now else ()
    by_id = {one.export_time: one for one in facts.landed}
    found, filled = [], set[str]()
    for slot in slots:
        digits = slot.snapshot.export_time if slot.snapshot else None
        if digits:
            filled.add(digits)
        export = by_id.get(digits) if digits else None
        word = _word(slot, export, is_encrypted=is_encrypted)
        if word != NOTHING:
            found.append(Export(slot.due_at, word, digits, export))
    due = {one.at for one in found}
    for one in facts.landed:
        is_second = schedule is not None and schedule.slot_of(one.export_at) in due
        if one.export_time not in filled and not is_second and first <= one.export_at <= last:
            found.append(Export(one.export_at, _own_word(one, is_encrypted=is_encrypted), one.export_time, one))
    return sorted(found, key=lambda export: export.at)


def _slots(facts: Facts, schedule: Schedule, period: Period) -> tuple[Slot, ...]:
    arrivals = [
        Arrival(
            id=SnapshotId(*facts.place, one.export_time),
            verdict=one.verdict,
            landed_at=one.landed_at,
            data_files=one.data_files,
            presence=one.presence,
        )
        for one in facts.landed
        if shift(one.export_at, EARLY) >= period.since
    ]
    promise = Promise(zone=facts.place[0], dataset_id=facts.place[1], schedule=schedule, pauses=tuple(facts.pauses))
    return judge_dataset(promise, arrivals, facts.look, period).slots


def _word(slot: Slot, export: Landed | None, *, is_encrypted: bool) -> str:
    if slot.status is SlotStatus.NOT_DUE:
        return NOTHING
    if export is None:
        words = {SlotStatus.MISSING: "missing", SlotStatus.WAITING: "waiting", SlotStatus.PAUSED: "waived"}
        return words.get(slot.status, "nobody has looked")
    word = _own_word(export, is_encrypted=is_encrypted)
    if word not in ("good", "empty"):
        return word
    if slot.status is SlotStatus.UNKNOWN:
        return "nobody has looked"
    return "late" if slot.status is SlotStatus.ARRIVED_LATE and slot.reason is None else word


def _own_word(export: Landed, *, is_encrypted: bool) -> str:
    if export.presence is Presence.VANISHED:
        return "vanished"
    if export.presence is Presence.EXPIRED:
        return "expired"
    if not export.data_files and export.verdict.value == "good":
        return "empty"
    return verdict_word(export.verdict.value, is_encrypted=is_encrypted)
