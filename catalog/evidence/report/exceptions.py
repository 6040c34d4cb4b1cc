"""Everything that was not as it should be, and how it ended, told from a bundle's rows; pure, and shows nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from catalog.evidence.report.rows import EntryRow, FindingRow, ScanRow, SlotRow, SnapshotRow
from catalog.evidence.report.values import ControlTest, ExceptionKind, ExceptionState, Irregularity, RestoreTest
from verifier.findings import REGISTER, Effect

_KINDS = {
    Effect.CORRUPT: ExceptionKind.CORRUPT,
    Effect.INCOMPLETE: ExceptionKind.INCOMPLETE,
    Effect.UNKNOWN: ExceptionKind.UNKNOWN,
    Effect.UNVERIFIABLE: ExceptionKind.UNVERIFIABLE,
    Effect.NONE: ExceptionKind.OTHER,
}
_SLOTS = {
    "missing": (ExceptionKind.MISSING, ExceptionState.OPEN),
    "unknown": (ExceptionKind.UNKNOWN, ExceptionState.OPEN),
    "arrived_late": (ExceptionKind.LATE, ExceptionState.CLOSED),
    "paused": (ExceptionKind.WAIVED, ExceptionState.WAIVED),
}
_WORDS = {
    "missing": "the export did not come",
    "unknown": "nobody has looked since it was due",
    "arrived_late": "the export came after its grace was over",
    "paused": "nothing was asked of this slot",
}
_SAID_BY_SCANS = ("zone.unreachable", "zone.mass-vanish")
_FINE = ("good", "empty", "arriving")
_STATES, _ORDER = list(ExceptionState), list(ExceptionKind)

Names = Mapping[tuple[str, str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What exceptions are told from; `encrypted` are the datasets that nobody is to look into.

    `noticed` are the ledger's slot entries by sequence.
    """

    judged_at: datetime
    names: Names
    encrypted: frozenset[tuple[str, str]]
    slots: Sequence[SlotRow]
    snapshots: Sequence[SnapshotRow]
    findings: Sequence[FindingRow]
    scans: Sequence[ScanRow]
    restore_tests: Sequence[RestoreTest]
    control_tests: Sequence[ControlTest]
    noticed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def exceptions_of(facts: Facts) -> tuple[Irregularity, ...]:
    """Return all exceptions: open ones first, the worst kinds first, then by when they were first seen."""
    found = [*_of_slots(facts), *_of_snapshots(facts), *_of_scans(facts), *_of_tests(facts), *_of_controls(facts)]
    return tuple(sorted(found, key=_rank))


def _rank(one: Irregularity) -> tuple[int, int, str, str, str]:
    seen = one.first_seen_at.isoformat() if one.first_seen_at else ""
    return _STATES.index(one.state), _ORDER.index(one.kind), seen, one.about, one.what


def slot_sequences(slots: Iterable[SlotRow]) -> frozenset[int]:
    """Return which entries of the ledger tell when an exception of a slot was noticed."""
    return frozenset(s.slot_entry for s in slots if s.status in _SLOTS and s.slot_entry is not None)


def noticed(entries: Iterable[EntryRow], sequences: frozenset[int]) -> dict[int, Mapping[str, Any]]:
    """Return the facts of these entries."""
    return {e.sequence: e.facts for e in entries if e.sequence in sequences}


def _of_slots(facts: Facts) -> Iterator[Irregularity]:
    for slot in facts.slots:
        if slot.status not in _SLOTS:
            continue
        kind, state = _SLOTS[slot.status]
        told = facts.noticed.get(-1 if slot.slot_entry is None else slot.slot_entry, {})
        was_noticed = told.get("after") == slot.status and told.get("recorded_at")
        seen_at = datetime.fromisoformat(told["recorded_at"]) if was_noticed else None
        is_late = kind is ExceptionKind.LATE
        yield Irregularity(
            kind=kind,
            state=state,
            zone=slot.zone,
            dataset_id=slot.dataset_id,
            name=slot.name,
            about=f"slot {_text(slot.due_at)}",
            what=_WORDS[slot.status] if is_late or kind is ExceptionKind.WAIVED else slot.reason or _WORDS[slot.status],
            count=1,
            first_seen_at=slot.deadline if is_late else seen_at,
            last_seen_at=slot.landed_at if is_late else max(facts.judged_at, seen_at or facts.judged_at),
            closed_at=slot.landed_at if is_late else None,
            closure=_closure(slot),
            entry=slot.slot_entry,
        )


def _closure(slot: SlotRow) -> str | None:
    if slot.status == "arrived_late":
        return f"it came: {slot.snapshot}"
    return slot.reason if slot.status == "paused" else None


def _of_snapshots(facts: Facts) -> Iterator[Irregularity]:
    groups: dict[tuple[str, str | None, str], list[FindingRow]] = defaultdict(list)
    for finding in facts.findings:
        if finding.level == "error" and not (finding.snapshot is None and finding.code in _SAID_BY_SCANS):
            groups[finding.zone, finding.snapshot, finding.code].append(finding)
    filled = {(s.zone, s.dataset_id, s.due_at): s for s in facts.slots if s.snapshot is not None}
    known = {s.id: s for s in facts.snapshots}
    told: set[str] = set()
    for (_, snapshot, _), findings in groups.items():
        one = _of_findings(findings, facts)
        row = known.get(snapshot or "")
        yield one if row is None else _made_up_for(one, row, filled)
        if snapshot is not None and one.state in (ExceptionState.OPEN, ExceptionState.ACCEPTED):
            told.add(snapshot)
    for row in facts.snapshots:
        is_gone = row.presence == "vanished"
        if row.id not in told and (row.verdict not in _FINE or is_gone):
            yield _made_up_for(_of_verdict(row, facts, is_gone=is_gone), row, filled)


def _of_findings(findings: Sequence[FindingRow], facts: Facts) -> Irregularity:
    first = findings[0]
    code = REGISTER.get(first.code)
    kind = ExceptionKind.OTHER if code is None else _KINDS[code.effect]
    dataset_id = None if first.snapshot is None else first.snapshot.rsplit("/", 2)[1]
    accepted = next((f.accepted for f in findings if f.accepted), None)
    closed = [f.closed_at for f in findings if f.closed_at is not None]
    is_live = any(f.closed_at is None and not f.accepted for f in findings)
    if is_live:
        state, closed_at, closure = ExceptionState.OPEN, None, None
    elif accepted:
        until = f", until {accepted['until']}" if accepted.get("until") else ""
        closure = f"accepted by {accepted.get('by')}: {accepted.get('reason')}{until}"
        state, closed_at = ExceptionState.ACCEPTED, _moment(accepted.get("at"))
    else:
        closure = ", ".join(sorted({f.closure for f in findings if f.closure}))
        state, closed_at = ExceptionState.CLOSED, max(closed)
    return Irregularity(
        kind=ExceptionKind.VANISHED if first.code == "file.vanished" else kind,
        state=state,
        zone=first.zone,
        dataset_id=dataset_id,
        name=facts.names.get((first.zone, dataset_id or "")),
        about=first.snapshot or f"zone {first.zone}",
        what=first.code,
        count=sum(f.count for f in findings),
        first_seen_at=min(f.first_seen_at for f in findings),
        last_seen_at=max(f.last_seen_at for f in findings),
        closed_at=closed_at,
        closure=closure,
        path=first.path,
        entry=first.first_entry,
    )


def _of_verdict(row: SnapshotRow, facts: Facts, *, is_gone: bool) -> Irregularity:
    """Tell of a snapshot that is not good though no error says so, such as one that nobody can look into."""
    is_expected = not is_gone and row.verdict == "unverifiable" and (row.zone, row.dataset_id) in facts.encrypted
    verdicts = {kind.value: kind for kind in ExceptionKind}
    return Irregularity(
        kind=ExceptionKind.VANISHED if is_gone else verdicts.get(row.verdict, ExceptionKind.OTHER),
        state=ExceptionState.EXPECTED if is_expected else ExceptionState.OPEN,
        zone=row.zone,
        dataset_id=row.dataset_id,
        name=facts.names.get((row.zone, row.dataset_id)),
        about=row.id,
        what="snapshot vanished" if is_gone else f"verdict {row.verdict}",
        count=1,
        first_seen_at=row.recorded_at,
        last_seen_at=max(facts.judged_at, row.recorded_at or facts.judged_at),
        closed_at=None,
        closure="the settings say that it is encrypted" if is_expected else None,
        entry=row.entry,
    )


def _made_up_for(
    one: Irregularity, row: SnapshotRow, filled: Mapping[tuple[str, str, datetime], SlotRow]
) -> Irregularity:
    """Close what another good export of the same slot made up for."""
    slot = filled.get((row.zone, row.dataset_id, row.due_at)) if row.due_at else None
    is_made_up = slot is not None and slot.snapshot != row.id and slot.verdict in ("good", "empty")
    if slot is None or not is_made_up or one.state is not ExceptionState.OPEN:
        return one
    closure = f"another export fills its slot: {slot.snapshot}"
    return replace(one, state=ExceptionState.CLOSED, closed_at=slot.landed_at, closure=closure)


def _of_scans(facts: Facts) -> Iterator[Irregularity]:
    for scan in facts.scans:
        if scan.state == "complete" and not scan.suspect:
            continue
        later = [s for s in facts.scans if s.zone == scan.zone and s.started_at > scan.started_at and _is_whole(s)]
        made_up = min(later, key=lambda s: s.started_at, default=None)
        yield Irregularity(
            kind=ExceptionKind.SCAN,
            state=ExceptionState.OPEN if made_up is None else ExceptionState.CLOSED,
            zone=scan.zone,
            dataset_id=None,
            name=None,
            about=f"scan {scan.scan_id}",
            what="suspect" if scan.suspect else scan.error_kind or scan.state,
            count=1,
            first_seen_at=scan.started_at,
            last_seen_at=scan.finished_at or scan.started_at,
            closed_at=None if made_up is None else made_up.finished_at,
            closure=None if made_up is None else f"scan {made_up.scan_id} was complete",
            entry=scan.entry,
        )


def _is_whole(scan: ScanRow) -> bool:
    return scan.state == "complete" and not scan.suspect


def _of_tests(facts: Facts) -> Iterator[Irregularity]:
    for test in facts.restore_tests:
        if test.passed:
            continue
        same = (t for t in facts.restore_tests if (t.zone, t.dataset_id) == (test.zone, test.dataset_id) and t.passed)
        later = [t for t in same if t.finished_at and test.finished_at and t.finished_at > test.finished_at]
        made_up = min(later, key=lambda t: str(t.finished_at), default=None)
        yield Irregularity(
            kind=ExceptionKind.RESTORE_TEST,
            state=ExceptionState.OPEN if made_up is None else ExceptionState.CLOSED,
            zone=test.zone,
            dataset_id=test.dataset_id,
            name=test.name,
            about=f"{test.kind} {test.id}",
            what=test.message or test.state,
            count=1,
            first_seen_at=test.finished_at or test.started_at,
            last_seen_at=test.finished_at or test.started_at,
            closed_at=None if made_up is None else made_up.finished_at,
            closure=None if made_up is None else f"{made_up.kind} {made_up.id} passed",
        )


def _of_controls(facts: Facts) -> Iterator[Irregularity]:
    for test in facts.control_tests:
        if not test.passed:
            zone, dataset_id = test.snapshot.rsplit("/", 2)[:2]
            yield Irregularity(
                kind=ExceptionKind.CONTROL,
                state=ExceptionState.OPEN,
                zone=zone,
                dataset_id=dataset_id,
                name=facts.names.get((zone, dataset_id)),
                about=test.snapshot,
                what=f"{test.damage}: expected {test.expected}, found {test.found or 'nothing'}",
                count=1,
                first_seen_at=test.finished_at,
                last_seen_at=test.finished_at,
                closed_at=None,
                closure=None,
            )


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
