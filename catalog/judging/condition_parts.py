"""What one slot or one snapshot gives people to know of; not the whole of a night.

Pure. A bad snapshot is told as the snapshot: the slot that it fills is over then, without a word.
"""

from __future__ import annotations

from datetime import UTC, datetime

from catalog.judging.notice_values import Condition, Ending
from catalog.judging.values import DatasetJudgement, Lifetime, Slot, SlotStatus
from catalog.schedule import EARLY, format_moment, shift
from verifier.findings import REGISTER, Effect, Level
from verifier.model import Finding, Presence, SnapshotReport, Verdict

_BAD = {
    Verdict.CORRUPT: "is corrupt",
    Verdict.INCOMPLETE: "is incomplete",
    Verdict.UNKNOWN: "could not be read",
    Verdict.UNVERIFIABLE: "cannot be verified",
}
_OVER = {
    "zone.unreachable": "the zone can be read again",
    "zone.stale": "the zone was read again",
    "zone.mass-vanish": "the listing is believed again",
    "schedule.ends-soon": "the exports go on for longer",
    "schedule.ended": "the exports go on",
}
_EFFECTS = list(Effect)

Known = Condition | Ending | None
"""What is known of one thing: it is open, it is over, or nothing."""


def is_told(found: Finding) -> bool:
    """Tell whether people should know of a finding: no mere remark, and not accepted."""
    return found.level is not Level.INFO and found.accepted is None


def may_be_told(report: SnapshotReport) -> bool:
    """Tell whether a snapshot has anything but mere remarks, accepted or not."""
    return any(f.level is not Level.INFO for f in (*report.findings, *report.file_findings))


def on_slot(judged: DatasetJudgement, slot: Slot, *, is_old: bool) -> tuple[str, Known]:
    """Return what a slot is about, and what is known of it; one that is old is told to nobody."""
    due = shown(slot.due_at)
    about = f"slot {judged.zone}/{judged.dataset_id} {format_moment(slot.due_at)}"
    if slot.reason is not None:
        return about, Ending(f"export due {due} is waived", slot.due_at, is_quiet=True)
    own = [f for f in slot.findings if f.code in ("schedule.missing", "schedule.late")]
    told = next((f for f in own if is_told(f)), None)
    if own and told is None:
        return about, Ending(f"export due {due} is not told any more", slot.due_at, is_quiet=True)
    is_bad = any(is_told(f) and f not in own for f in slot.findings)
    landed_at = slot.landed_at or slot.due_at
    if told is not None:
        is_late = slot.status is SlotStatus.ARRIVED_LATE
        words = f"arrived late, {shown(landed_at)}" if is_late else "is missing"
        return about, Condition(
            about=about,
            code=told.code,
            level=told.level,
            zone=judged.zone,
            dataset_id=judged.dataset_id,
            message=f"export due {due} {words}",
            happened_at=landed_at if is_late else slot.deadline,
            passes=is_late,
            is_quiet=is_old or (is_late and is_bad),
        )
    if slot.status is SlotStatus.ON_TIME:
        return about, Ending(f"export due {due} is there, landed {shown(landed_at)}", landed_at, is_quiet=is_bad)
    return about, None


def on_snapshot(report: SnapshotReport, turned_at: datetime, *, is_old: bool) -> tuple[str, Known]:
    """Return what a snapshot is about, and what is known of it; of one that is still arriving, nothing."""
    about, export = f"snapshot {report.id}", f"export of {shown(report.id.export_at)}"
    if report.presence is Presence.EXPIRED:
        return about, Ending(f"{export} has expired", turned_at, is_quiet=True)
    if report.verdict is Verdict.ARRIVING:
        return about, None
    findings = (*report.findings, *report.file_findings)
    accepted = frozenset(f.code for f in findings if f.accepted is not None)
    told = sorted((f for f in findings if is_told(f)), key=lambda f: _rank(report, f))
    if told:
        return about, Condition(
            about=about,
            code=told[0].code,
            level=told[0].level,
            zone=report.id.zone,
            dataset_id=report.id.dataset_id,
            message=f"{export} {_words(report, told)}",
            happened_at=turned_at,
            accepted=accepted,
            is_quiet=is_old,
        )
    if report.verdict not in (Verdict.GOOD, Verdict.EMPTY) and not accepted:
        return about, None
    return about, Ending(f"{export} is {report.verdict.value} again", turned_at, is_quiet=bool(accepted))


def words_when_over(code: str) -> str:
    """Return what to say when what a code is about is over."""
    row = REGISTER.get(code)
    return _OVER.get(code) or f"no longer so: {row.meaning if row else code}"


def warned_at(report: SnapshotReport | None, lifetime: Lifetime | None) -> datetime | None:
    """Return from when on it is time to warn of a snapshot that its zone deletes, None where that is not known."""
    gone_at = _gone_at(report, lifetime)
    return None if gone_at is None or lifetime is None else shift(gone_at, -lifetime.warning)


def on_expiry(report: SnapshotReport | None, lifetime: Lifetime | None, at: datetime) -> Ending:
    """Return how it ended that a snapshot was about to be deleted: with its time, or before that since it is safe."""
    gone_at = _gone_at(report, lifetime)
    is_gone = report is None or report.presence is not Presence.PRESENT or (gone_at is not None and gone_at <= at)
    return Ending("its time is over" if is_gone else "the export is safe", at, is_quiet=is_gone)


def _gone_at(report: SnapshotReport | None, lifetime: Lifetime | None) -> datetime | None:
    landed_at = report.landed_at if report else None
    return None if landed_at is None or lifetime is None else shift(landed_at, lifetime.length)


def is_lost(report: SnapshotReport) -> bool:
    """Tell whether a snapshot was there and holds no data any more, or never did, and that is told as the snapshot."""
    return not report.data_files and (may_be_told(report) or report.presence is Presence.EXPIRED)


def is_in_slot(report: SnapshotReport, slot: Slot, following: Slot | None) -> bool:
    """Tell whether a snapshot would fill a slot if it held any data; `following` is the slot due next."""
    export_at = shift(report.id.export_at, EARLY)
    return slot.due_at <= export_at and (following is None or export_at < following.due_at)


def _rank(report: SnapshotReport, found: Finding) -> tuple[bool, bool, int, str]:
    """Order findings, the worst first: errors, that it is gone, then by what they make of the snapshot."""
    is_gone = found.code == "file.vanished" and report.presence is Presence.VANISHED
    return found.level is not Level.ERROR, not is_gone, _EFFECTS.index(found.effect), found.code


def _words(report: SnapshotReport, told: list[Finding]) -> str:
    worst, others = told[0], sum(f.count for f in told) - 1
    if report.presence is Presence.VANISHED and not report.data_files:
        words = "has vanished"
    else:
        words = _BAD.get(report.verdict, "has errors" if worst.level is Level.ERROR else "has warnings")
    more = f", and {others} more" if others else ""
    return f"{words}: {REGISTER[worst.code].meaning}{more}"


def shown(moment: datetime) -> str:
    """Write a moment as people read it on a small screen: in UTC, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
