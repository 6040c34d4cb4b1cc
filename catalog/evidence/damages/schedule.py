"""Ways in which a copy is not what a schedule promises; looks at nothing and judges nothing."""

from __future__ import annotations

from datetime import timedelta

from catalog.evidence.damages.values import DAY, Change, Damage, NotApplicableError, Specimen

_GRACE = timedelta(minutes=1)


def _promised(whole: Specimen, **more: object) -> dict[str, object]:
    """Return the settings of a dataset that is exported every day at the time of this export, from this one on."""
    at = whole.snapshot.export_at
    if at + 3 * _GRACE > whole.now:
        raise NotApplicableError("the export is too young to be late")
    return {"every": "24h", "cron": None, "starts_at": at, "ends_at": None, "grace": _GRACE, "enabled": True, **more}


def _missing(whole: Specimen) -> Change:
    gone = [whole.data, *whole.others, *((whole.manifest,) if whole.manifest else ())]
    return Change(remove=tuple(gone), settings=_promised(whole))


def _late(whole: Specimen) -> Change:
    return Change(landed_at=whole.snapshot.export_at + 2 * _GRACE, settings=_promised(whole))


def _ended(whole: Specimen) -> Change:
    at = whole.snapshot.export_at
    if at + 2 * _GRACE > whole.now:
        raise NotApplicableError("the export is too young for its schedule to have ended")
    ends_at = min(at + DAY, whole.now - _GRACE)
    return Change(settings=_promised(whole, ends_at=ends_at))


SCHEDULE: tuple[Damage, ...] = (
    Damage(name="export that is due missing", expected=("schedule.missing",), change=_missing, is_judged=True),
    Damage(name="export landed after its grace", expected=("schedule.late",), change=_late, is_judged=True),
    Damage(name="schedule that has ended", expected=("schedule.ended",), change=_ended, is_judged=True),
)
"""Of schedules."""
