"""The parts of the document of a dataset, each by itself: promise, columns, chain, findings, what was said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from catalog.answers import Document, moment
from catalog.judging.chain_values import Chain, DoubtKind
from catalog.questions.inquiry import Inquiry
from catalog.schedule import Cron, Every, Once, Schedule, format_duration
from catalog.service.current.exposure import chain_of
from catalog.service.drawing.chain import links_of
from catalog.service.responses.hints import hinted
from catalog.service.views.dataset_slots import Span
from catalog.settings.loading import DatasetSettings
from catalog.settings.tables import ZoneSettings
from catalog.store.said import list_waivers
from catalog.store.series import DatasetPlace, Landed, holds_of, kept_elsewhere, newest_drills
from verifier.model import Column

_MOST_FINDINGS, _MOST_GAPS, _MOST_CHANGES = 30, 50, 40
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_DOUBTS: Mapping[DoubtKind, str] = {
    DoubtKind.GAPS_UNKNOWN: "no schedule tells which exports should have come, so gaps cannot be seen",
    DoubtKind.FULL_ASSUMED: "nothing says that the first export is a full one",
    DoubtKind.FULL_SMALLER: "the full export has fewer rows than the chain before it",
    DoubtKind.PERHAPS_FULL: "an increment looks like the full export of a new flow",
    DoubtKind.ATTEMPTS_DIFFER: "another export for the same slot holds something else",
    DoubtKind.OVERDUE: "it should have been deleted by now, by its zone's lifetime",
    DoubtKind.ACCEPTED: "it counts because somebody accepted what is wrong with it",
}


def promise_object(settings: DatasetSettings | None, zone: ZoneSettings | None) -> Document | None:
    """What the settings expect of a dataset; null where they do not have it."""
    if settings is None:
        return None
    schedule = settings.schedule()
    lifetime = zone.lifetime if zone else None
    return {
        "schedule": schedule_words(schedule),
        "enabled": settings.enabled,
        "starts_at": moment(schedule.cadence.starts_at) if schedule else None,
        "ends_at": moment(schedule.ends_at) if schedule else None,
        "grace_seconds": int(settings.grace.total_seconds()) if schedule else None,
        "mode": settings.mode,
        "format": settings.format,
        "compressed": settings.compressed,
        "encrypted": settings.encrypted,
        "allow_empty": settings.allow_empty,
        "flow": settings.flow,
        "recovery_point_seconds": _seconds(settings.recovery_point),
        "verify_every_seconds": _seconds(settings.verify_every),
        "drill_every_seconds": _seconds(settings.drill_every),
        "retain_seconds": _seconds(settings.retain),
        "min_good_copies": settings.min_good_copies,
        "zone_lifetime_seconds": _seconds(lifetime),
    }


def schedule_words(schedule: Schedule | None) -> str | None:
    """Write when exports are due, as people say it; None where nothing is promised."""
    match schedule.cadence if schedule else None:
        case Every(interval, starts_at) if interval == _DAY:
            return f"every day at {starts_at:%H:%M} UTC"
        case Every(interval, starts_at) if interval == _WEEK:
            return f"every {starts_at:%A} at {starts_at:%H:%M} UTC"
        case Every(interval, starts_at) if interval < _DAY and not _DAY % interval:
            since_midnight = starts_at - starts_at.replace(hour=0, minute=0, second=0, microsecond=0)
            first = starts_at - since_midnight // interval * interval
            return f"every {format_duration(interval)}, from {first:%H:%M} UTC on"
        case Every(interval, starts_at):
            return f"every {format_duration(interval)}, counted from {starts_at:%Y-%m-%d %H:%M} UTC"
        case Cron(expression, _):
            return f"by cron {expression}, in UTC"
        case Once(starts_at):
            return f"once, {starts_at:%Y-%m-%d %H:%M} UTC"
    return None


def objective_object(settings: DatasetSettings | None) -> Document | None:
    """How old what can be restored may be; null where nobody said."""
    if settings is None or settings.recovery_point is None:
        return None
    return {"seconds": _seconds(settings.recovery_point)}


def schema_changes(exports: Sequence[Landed], sets: Mapping[str, tuple[Column, ...]], span: Span) -> list[Document]:
    """Return what changed from one export to the next whose columns are known, in a span, in order."""
    found: list[Document] = []
    before: tuple[Column, ...] | None = None
    for one in exports:
        columns = sets.get(one.columns or "")
        if columns is None:
            continue
        if before is not None and columns != before and span.covers(one.export_at):
            changed = _changed(before, columns)
            if any(changed.values()):
                found.append({"at": moment(one.export_at), "export_time": one.export_time} | changed)
        before = columns
    return found[-_MOST_CHANGES:]


def _changed(before: Sequence[Column], after: Sequence[Column]) -> Document:
    old, new = ({column.name: column.type for column in some} for some in (before, after))
    return {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "retyped": [{"name": n, "before": old[n], "after": new[n]} for n in new if n in old and old[n] != new[n]],
    }


def chain_object(inquiry: Inquiry, place: DatasetPlace, *, has_exports: bool) -> Document | None:
    """What a restore to now would take, by what was read in full; null where nothing ever landed."""
    if not has_exports:
        return None
    chain = chain_of(inquiry.settings, inquiry.catalog, place, inquiry.now)
    recovers_to = chain.recovers_to
    return {
        "state": chain.state.value,
        "recovers_to": moment(recovers_to),
        "exposure_seconds": None if recovers_to is None else max(int((inquiry.now - recovers_to).total_seconds()), 0),
        "snapshots": len(chain.members),
        "files": chain.files,
        "bytes": chain.bytes,
        "rows": chain.rows,
        "expires_at": moment(chain.expires_at),
        "first": str(chain.members[0].id) if chain.members else None,
        "last": str(chain.members[-1].id) if chain.members else None,
        "gap_count": len(chain.gaps),
        "lost_count": len(chain.lost),
        "pending_count": len(chain.pending),
        "gaps": [
            {
                "due_at": moment(gap.due_at),
                "reason": gap.reason.value,
                "snapshot": gap.snapshot and str(gap.snapshot),
                "verdict": gap.verdict and gap.verdict.value,
            }
            for gap in chain.gaps[:_MOST_GAPS]
        ],
        "doubts": [
            {"kind": d.kind.value, "snapshot": d.snapshot and str(d.snapshot), "text": _DOUBTS[d.kind]}
            for d in chain.doubts
        ],
        "links": _links(chain),
    }


def _links(chain: Chain) -> list[Document]:
    """The chain as it is drawn: exports in a row that are the same to it are one link."""
    members = [(m.attempt.export_at, m.role.value, "") for m in chain.members]
    lost = [(m.attempt.export_at, "lost", "") for m in chain.lost]
    gaps = [(g.due_at, "gap", g.reason.value) for g in chain.gaps]
    pending = [(g.due_at, "pending", g.reason.value) for g in chain.pending]
    return [
        {
            "kind": link.kind,
            "count": link.count,
            "from": moment(link.first),
            "to": moment(link.last),
            "reasons": list(link.words),
        }
        for link in links_of([*members, *lost, *gaps, *pending])
    ]


def findings_of(judged: Document | None) -> Document:
    """What is found of a dataset and its slots that is not over, the newest slot first, with what to do about it.

    What is found several times is listed once, with `same`: how many more there are, of slots since `same_since`.
    """
    listed: dict[tuple[str, str, bool], Document] = {}
    count = 0
    for found, slot in _every(judged):
        count += 1
        key = found["code"], found["level"], slot is None
        due_at = slot and slot["due_at"]
        if key in listed:
            listed[key]["same"] += 1
            listed[key]["same_since"] = due_at
        else:
            about = {"due_at": due_at, "snapshot": slot and slot["snapshot"], "same": 0, "same_since": None}
            listed[key] = found | about
    shown = list(listed.values())[:_MOST_FINDINGS]
    return {"count": count, "left_out": len(listed) - len(shown), "listed": hinted(shown)}


def _every(judged: Document | None) -> Iterator[tuple[Document, Document | None]]:
    """Yield what is told of a dataset, then of its slots, the newest first, each with its slot."""
    if judged is not None:
        yield from ((found, None) for found in _told(judged["findings"]))
        for slot in sorted(judged["slots"], key=lambda one: one["due_at"], reverse=True):
            yield from ((found, slot) for found in _told(slot["findings"]))


def _told(findings: Sequence[Document]) -> list[Document]:
    return [f for f in findings if f["level"] != "info" and not f["accepted"]]


def said_object(inquiry: Inquiry, place: DatasetPlace) -> Document:
    """Where else its exports are, what was tried of it, and what people said of it."""
    catalog = inquiry.catalog
    return {
        "places": [
            {
                "zone": one.zone,
                "role": "origin" if one.is_origin else "copy",
                "snapshots": one.snapshots,
                "newest_at": moment(one.copied_at),
            }
            for one in kept_elsewhere(catalog, place)
        ],
        "drills": [
            {
                "state": one.state,
                "finished_at": moment(one.finished_at),
                "recovers_to": moment(one.recovers_to),
                "rows_loaded": one.rows_loaded,
                "bytes": one.bytes,
                "seconds": round(one.seconds, 1),
                "message": one.message,
            }
            for one in newest_drills(catalog, place)
        ],
        **_people(inquiry, place),
    }


def _people(inquiry: Inquiry, place: DatasetPlace) -> Document:
    """What people said: waivers and holds that stand."""
    catalog = inquiry.catalog
    return {
        "waivers": [
            {
                "from": moment(one.starts_at),
                "to": moment(one.ends_at),
                "reason": one.reason,
                "by": one.said_by,
                "at": moment(one.said_at),
                "is_over": one.ends_at < inquiry.now,
            }
            for one in list_waivers(catalog, *place)
        ],
        "holds": [
            {"snapshot": one.snapshot, "reason": one.reason, "by": one.by, "at": moment(one.at)}
            for one in holds_of(catalog, place)
        ],
    }


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
