"""Judge one dataset: what its schedule promised against what is known to have landed; not where either comes from.

Pure: schedule, history and the moment come in, slots and findings go out. `missing` needs proof, a complete listing
that started after the slot's grace was over; without it a slot is `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from catalog.accepting import is_known_blind
from catalog.judging.drills import judge_drills
from catalog.judging.reads import judge_reads
from catalog.judging.values import Arrival, DatasetJudgement, Lifetime, Look, Period, Promise, Slot, SlotStatus
from catalog.schedule import EARLY, Once, Schedule, format_moment, shift
from verifier.findings import Level
from verifier.model import Finding, Presence, SnapshotId, Verdict, finding

ENDS_SOON = timedelta(days=30)

_WORTH = list(Verdict)


def judge_dataset(promise: Promise, arrivals: Sequence[Arrival], look: Look | None, period: Period) -> DatasetJudgement:
    """Judge the slots due in a period, and the next one, as of the period's end.

    `arrivals` are all known snapshots of the dataset and `look` the newest complete listing that covers it; both may be
    younger than the period. What landed after its end was not there yet. Slots come in order of due time.
    """
    there = [a for a in arrivals if a.landed_at is None or a.landed_at <= period.at]
    findings = [
        *_promise_findings(promise, period.at),
        *judge_expiry(there, promise.lifetime, period.at),
        *_too_few(there, promise.min_good_copies),
        *judge_reads(there, promise.verify_every, period.at),
        *judge_drills(there, promise, period.at),
    ]
    schedule = promise.schedule if promise.enabled else None
    slots: tuple[Slot, ...] = ()
    counted: tuple[Arrival, ...]
    if schedule is None:
        counted = tuple(sorted(there, key=lambda a: (a.id.export_at, a.id.export_time)))[-1:]
        findings += [f for a in counted for f in _own_findings(a)]
    else:
        claims = _claims(schedule, arrivals, period)
        slots = tuple(_slots(promise, schedule, _Evidence(claims, look, period)))
        findings += _unscheduled(claims)
        counted = tuple(claim.best for due_at, claim in claims.items() if due_at and claim.best)
    return DatasetJudgement(
        zone=promise.zone,
        dataset_id=promise.dataset_id,
        name=promise.name,
        slots=slots,
        findings=tuple(findings),
        arriving=tuple(a.id for a in counted if a.verdict is Verdict.ARRIVING),
        opaque=tuple(a.id for a in counted if _is_opaque(a) and not promise.encrypted),
    )


def _is_opaque(arrival: Arrival) -> bool:
    return arrival.verdict is Verdict.UNVERIFIABLE and not is_known_blind(arrival.verdict, arrival.findings)


@dataclass(slots=True)
class _Claim:
    """Who claims a slot: those there by the period's end, best first, and those that came after it."""

    there: list[Arrival] = field(default_factory=list)
    later: list[Arrival] = field(default_factory=list)

    @property
    def best(self) -> Arrival | None:
        return self.there[0] if self.there else None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a slot is judged by; the claims are kept by due time, in order, those before the first slot under None."""

    claims: Mapping[datetime | None, _Claim]
    look: Look | None
    period: Period


def _claims(schedule: Schedule, arrivals: Iterable[Arrival], period: Period) -> dict[datetime | None, _Claim]:
    claims: dict[datetime | None, _Claim] = {}
    for arrival in arrivals:
        export_at = arrival.id.export_at
        if not arrival.data_files or shift(export_at, EARLY) < period.since:
            continue
        due_at = schedule.slot_of(export_at)
        if not period.since <= (due_at or export_at) <= period.at:
            continue
        claim = claims.setdefault(due_at, _Claim())
        came_later = arrival.landed_at is not None and arrival.landed_at > period.at
        (claim.later if came_later else claim.there).append(arrival)
    for claim in claims.values():
        claim.there.sort(key=_rank)
        claim.later.sort(key=_rank)
    return dict(sorted(claims.items(), key=lambda item: item[0] or period.since))


def _rank(arrival: Arrival) -> tuple[int, bool, datetime, str]:
    """Order claimants: the best verdict, then the earliest landed, then by name."""
    landed_at = arrival.landed_at or arrival.id.export_at
    return -_WORTH.index(arrival.verdict), arrival.landed_at is None, landed_at, str(arrival.id)


def _slots(promise: Promise, schedule: Schedule, evidence: _Evidence) -> Iterable[Slot]:
    period = evidence.period
    for due_at in schedule.due_between(period.since, period.at):
        slot = _judge_slot(Slot(due_at, schedule.deadline(due_at), SlotStatus.WAITING), evidence)
        pause = next((p for p in promise.pauses if p.covers(due_at)), None)
        yield slot if pause is None else _paused(slot, pause.reason)
    following = schedule.next_after(period.at)
    if following is not None:
        yield Slot(following, schedule.deadline(following), SlotStatus.NOT_DUE)


def _judge_slot(slot: Slot, evidence: _Evidence) -> Slot:
    claim = evidence.claims.get(slot.due_at, _Claim())
    if claim.best is not None:
        return _filled(slot, claim.best)
    if evidence.period.at < slot.deadline:
        return slot
    due, over = format_moment(slot.due_at), format_moment(slot.deadline)
    look = evidence.look
    if look is None or look.started_at <= slot.deadline:
        since = "ever" if look is None else f"since {_moment(look.started_at)}"
        message = f"export due {due} is unknown: its grace ended {over} and no complete listing has started {since}"
        return replace(slot, status=SlotStatus.UNKNOWN, findings=(finding("schedule.unknown", message),))
    if claim.later:
        proof = f"it landed only at {_moment(claim.later[0].landed_at)}"
    else:
        proof = f"the listing started {_moment(look.started_at)} does not show it"
    message = f"export due {due} is missing: its grace ended {over} and {proof}"
    return replace(slot, status=SlotStatus.MISSING, findings=(finding("schedule.missing", message),))


def _filled(slot: Slot, arrival: Arrival) -> Slot:
    slot = replace(slot, snapshot=arrival.id, verdict=arrival.verdict, landed_at=arrival.landed_at)
    if arrival.verdict is Verdict.ARRIVING:
        return slot
    due, over = format_moment(slot.due_at), format_moment(slot.deadline)
    own = tuple(_own_findings(arrival))
    if arrival.landed_at is None:
        message = f"export due {due} is there, but when it landed is not known"
        return replace(slot, status=SlotStatus.UNKNOWN, findings=(finding("schedule.unknown", message), *own))
    if arrival.landed_at < slot.deadline:
        return replace(slot, status=SlotStatus.ON_TIME, findings=own)
    landed = _moment(arrival.landed_at)
    late = finding(
        "schedule.late",
        f"export due {due} arrived late",
        expected=f"before {over}",
        actual=landed,
    )
    return replace(slot, status=SlotStatus.ARRIVED_LATE, findings=(late, *own))


def _paused(slot: Slot, reason: str) -> Slot:
    """Quiet a slot that was waived: nothing is asked of it, but what came fills it and is judged as any other."""
    kept = tuple(f for f in slot.findings if not f.code.startswith("schedule."))
    if slot.snapshot is None:
        return replace(slot, status=SlotStatus.PAUSED, findings=kept, reason=reason)
    return replace(slot, findings=kept, reason=reason)


def _own_findings(arrival: Arrival) -> Iterable[Finding]:
    """Yield what makes a snapshot bad; what is wrong with an arriving one is judged when it settles."""
    if arrival.verdict is not Verdict.ARRIVING:
        yield from (f for f in arrival.findings if f.level is not Level.INFO)


def _unscheduled(claims: Mapping[datetime | None, _Claim]) -> Iterable[Finding]:
    for due_at, claim in claims.items():
        if due_at is None:
            for arrival in claim.there:
                yield _stray_export(arrival.id, "its export time is before the first slot")
        else:
            for arrival in claim.there[1:]:
                yield _stray_export(arrival.id, f"{claim.there[0].id} fills the slot of {format_moment(due_at)}")


def _stray_export(snapshot: SnapshotId, why: str) -> Finding:
    return finding("schedule.unscheduled", f"snapshot {snapshot} is in no slot: {why}")


def _promise_findings(promise: Promise, at: datetime) -> Iterable[Finding]:
    text = "none" if promise.schedule is None else promise.schedule.describe()
    if promise.recorded_schedule is not None and promise.recorded_schedule != text:
        message = f"the schedule was {promise.recorded_schedule} and is {text}"
        yield finding("schedule.changed", message, expected=promise.recorded_schedule, actual=text)
    if not promise.enabled:
        yield finding("schedule.disabled", "the schedule is switched off: no export is expected")
    elif promise.schedule is not None:
        yield from _end_findings(promise.schedule, at)


def _end_findings(schedule: Schedule, at: datetime) -> Iterable[Finding]:
    if schedule.ends_at is None or isinstance(schedule.cadence, Once):
        return
    ends = format_moment(schedule.ends_at)
    if schedule.ended(at):
        yield finding("schedule.ended", f"exports ended {ends}: none is due any more")
    elif schedule.ended(shift(at, ENDS_SOON)):
        yield finding("schedule.ends-soon", f"exports end {ends}, in {(schedule.ends_at - at).days} days")


def judge_expiry(there: Iterable[Arrival], lifetime: Lifetime | None, at: datetime) -> Iterable[Finding]:
    """Yield the snapshots that their zone is about to delete and of which no copy is recorded."""
    if lifetime is None:
        return
    for arrival in sorted(there, key=lambda a: (a.id.export_at, str(a.id))):
        if arrival.presence is not Presence.PRESENT or arrival.preserved or arrival.landed_at is None:
            continue
        gone_at = shift(arrival.landed_at, lifetime.length)
        if shift(gone_at, -lifetime.warning) <= at < gone_at:
            message = f"snapshot {arrival.id} will be deleted {format_moment(gone_at)} and no copy of it is recorded"
            where = {"zone": arrival.id.zone, "snapshot": str(arrival.id)}
            yield finding("zone.expiring", message, where=where)


def _too_few(there: Iterable[Arrival], wanted: int | None) -> Iterable[Finding]:
    """Count the places of the newest settled snapshot alone: older ones had their time to be told of."""
    settled = [a for a in there if a.verdict is not Verdict.ARRIVING]
    newest = max(settled, key=lambda a: (a.id.export_at, a.id.export_time), default=None)
    if wanted is not None and newest is not None and newest.good_places < wanted:
        message = f"snapshot {newest.id} is at too few good places"
        yield finding("copy.too-few", message, expected=f"at least {wanted}", actual=newest.good_places)


def _moment(moment: datetime | None) -> str:
    return "a time not known" if moment is None else format_moment(moment.replace(microsecond=0))
