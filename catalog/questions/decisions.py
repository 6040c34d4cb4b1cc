"""What people decide, put on record: waivers, acceptances, holds, each taken back; asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.accepting import Acceptance, Subject
from catalog.answers import Document
from catalog.caller import who
from catalog.holding import hold as record_holds
from catalog.holding_answers import hold_document
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_moment, parse_period
from catalog.questions.naming import find_snapshot, names_snapshot, unknown
from catalog.saying import Speaker, acceptance_of
from catalog.saying import accept as record_acceptances
from catalog.saying import waive as record_waivers
from catalog.saying_answers import accept_document, waive_document
from catalog.settings.values import nearest
from catalog.store.history import path_history
from catalog.store.holds import Hold, list_holds
from catalog.store.known import stray_findings
from catalog.store.queries import get_snapshot
from catalog.store.said import Waiver, list_acceptances, list_waivers
from catalog.workflow import new_scan_id, tool_version, utc_now
from verifier.errors import UsageError
from verifier.findings import REGISTER
from verifier.model import Accepted, Finding, SnapshotReport

_Bounds = tuple[datetime | None, datetime | None]
_Found = tuple[Subject, Sequence[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveQuestion:
    """Of which dataset to waive slots, when and why; or, with `lifted`, which waivers to take back."""

    dataset: str | None = None
    start: str | None = None
    end: str | None = None
    reason: str | None = None
    lifted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptQuestion:
    """Which findings of what to accept, why and until when; or, with `lifted`, what to take back."""

    subject: str | None = None
    codes: Sequence[str] = ()
    reason: str | None = None
    until: str | None = None
    zone: str | None = None
    lifted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldQuestion:
    """Which snapshots to put on hold and why; or, with `lifted`, which not to hold any more."""

    snapshots: Sequence[str]
    reason: str | None = None
    lifted: bool = False


def speaker(asked_by: str | None = None) -> Speaker:
    """Return who says something now, under a fresh id: whoever runs this, or whom they do it for."""
    return Speaker(by=who(asked_by), at=utc_now(), entry_id=new_scan_id(), tool_version=tool_version())


def waive(inquiry: Inquiry, asked: WaiveQuestion, by: Speaker) -> Document:
    """Record a waiver, or that waivers are taken back; return the document of `waive`.

    Raises `UsageError` for what is not asked for as it should be, or not there.
    """
    period = _period(inquiry, asked)
    if not asked.dataset:
        raise UsageError("no dataset named", hint="landproof waive DATASET --from TIME --to TIME --reason TEXT")
    zone, dataset_id = _scheduled(inquiry, asked.dataset)
    if asked.lifted:
        standing = list_waivers(inquiry.catalog, zone, dataset_id)
        done = [replace(w, said_by=by.by, said_at=by.at) for w in standing if _meets(w, period)]
        if not done:
            raise UsageError(f"nothing is waived of {zone}/{dataset_id} then", hint="list all with: waive --list")
    else:
        done = [_waiver(inquiry, (zone, dataset_id), period, asked.reason, by)]
    record_waivers(inquiry.catalog, done, by, lifted=asked.lifted)
    return waive_document(done, "not waived any more" if asked.lifted else "waived", inquiry.names)


def waived(inquiry: Inquiry, asked: WaiveQuestion) -> Document:
    """Return what is waived, of all datasets or of one, as the document of `waive --list`."""
    _period(inquiry, asked)
    zone, dataset_id = _scheduled(inquiry, asked.dataset) if asked.dataset else (None, None)
    return waive_document(list_waivers(inquiry.catalog, zone, dataset_id), "waived", inquiry.names)


def accept(inquiry: Inquiry, asked: AcceptQuestion, by: Speaker) -> Document:
    """Record that findings are accepted, or not any more; return the document of `accept`.

    Raises `UsageError` for what is not asked for as it should be, or not there.
    """
    if asked.subject is None or not asked.codes or not (asked.lifted or (asked.reason or "").strip()):
        hint = "landproof accept SNAPSHOT --code CODE --reason TEXT, or: landproof accept --list"
        message = f"accepting a finding needs what it is about, its {inquiry.spell('code')} and a"
        raise UsageError(f"{message} {inquiry.spell('reason')}", hint=hint)
    for code in asked.codes:
        if code not in REGISTER:
            raise UsageError(f"no finding code {code!r}; the nearest known is {nearest(code, REGISTER)!r}")
    said = Accepted(by=by.by, at=by.at, reason=asked.reason or "taken back", until=_end(inquiry, asked.until, by.at))
    if asked.lifted:
        done = _standing(inquiry, asked.subject, asked.codes, said)
    else:
        done = _accepted_now(_find(inquiry, asked.subject, asked.zone), asked.subject, asked.codes, said)
    record_acceptances(inquiry.catalog, done, by, lifted=asked.lifted)
    return accept_document(done, "taken back" if asked.lifted else "accepted")


def hold(inquiry: Inquiry, asked: HoldQuestion, by: Speaker) -> Document:
    """Record that snapshots are on hold, or not any more; return the document of `hold`.

    Raises `UsageError` for what is not asked for as it should be, or not there.
    """
    if asked.reason is None or not asked.reason.strip():
        command = "remove" if asked.lifted else "add"
        hint = f"landproof hold {command} SNAPSHOT --reason TEXT"
        raise UsageError(f"a hold needs a {inquiry.spell('reason')}", hint=hint)
    if not asked.snapshots:
        raise UsageError("no snapshot named", hint="name those that are kept, or not kept any more")
    standing = {one.snapshot: one for one in list_holds(inquiry.catalog)} if asked.lifted else {}
    done = {}
    for text in dict.fromkeys(asked.snapshots):
        report = find_snapshot(inquiry, text).report
        if asked.lifted and report.id not in standing:
            raise UsageError(f"snapshot {report.id} is not on hold", hint="list what is with: landproof hold list")
        fresh = Hold(snapshot=report.id, reason=asked.reason, said_by=by.by, said_at=by.at, presence=report.presence)
        was = standing.get(report.id)
        # A snapshot may go by its id and by a shortcut.
        done[report.id] = replace(was, reason=asked.reason, said_by=by.by, said_at=by.at) if was else fresh
    record_holds(inquiry.catalog, list(done.values()), by, lifted=asked.lifted)
    return hold_document(done.values(), "not on hold any more" if asked.lifted else "on hold")


def _period(inquiry: Inquiry, asked: WaiveQuestion) -> _Bounds:
    return parse_period(asked.start, asked.end, (inquiry.spell("from"), inquiry.spell("to")))


def _waiver(inquiry: Inquiry, dataset: tuple[str, str], period: _Bounds, reason: str | None, by: Speaker) -> Waiver:
    first, last = period
    if first is None or last is None or reason is None or not reason.strip():
        needed = f"{inquiry.spell('from')}, {inquiry.spell('to')} and a {inquiry.spell('reason')}"
        raise UsageError(f"a waiver needs {needed}: it has a beginning, an end and a cause")
    zone, dataset_id = dataset
    return Waiver(
        zone=zone, dataset_id=dataset_id, starts_at=first, ends_at=last, reason=reason, said_by=by.by, said_at=by.at
    )


def _meets(waiver: Waiver, period: _Bounds) -> bool:
    first, last = period
    return (last is None or waiver.starts_at <= last) and (first is None or waiver.ends_at >= first)


def _scheduled(inquiry: Inquiry, text: str) -> tuple[str, str]:
    """Resolve what names a dataset of the settings."""
    zone, dataset_id = inquiry.find_dataset(text)
    datasets = inquiry.settings.datasets
    if zone is None or (zone, dataset_id) not in {(d.zone, d.id) for d in datasets}:
        configured = ", ".join(sorted(d.name or f"{d.zone}/{d.id}" for d in datasets)) or "none"
        hint = f"only what has a schedule can be waived; configured are: {configured}"
        raise UsageError(f"no dataset {text} in the settings", hint=hint)
    return zone, dataset_id


def _end(inquiry: Inquiry, until: str | None, now: datetime) -> datetime | None:
    name = inquiry.spell("until")
    ends_at = parse_moment(until, name, is_end=True) if until else None
    if ends_at is not None and ends_at <= now:
        raise UsageError(f"{name} {until} is over already")
    return ends_at


def _standing(inquiry: Inquiry, subject: str, codes: Sequence[str], said: Accepted) -> list[Acceptance]:
    """Return what was accepted of a subject, to be taken back: it need not be found any more."""
    listed = list_acceptances(inquiry.catalog)
    met = [a for a in listed if a.code in codes and subject in (a.path, a.snapshot)]
    if not met:
        raise UsageError(f"nothing of {', '.join(codes)} is accepted of {subject}", hint="list all with: accept --list")
    return [replace(a, accepted=said) for a in met]


def _accepted_now(found: _Found, subject: str, codes: Sequence[str], said: Accepted) -> list[Acceptance]:
    about, findings = found
    there = {f.code for f in findings}
    if absent := [code for code in codes if code not in there]:
        hint = f"known of it are: {', '.join(sorted(there)) or 'none'}"
        raise UsageError(f"no finding {', '.join(absent)} of {subject} is known", hint=hint)
    return [acceptance_of(about, replace(f, accepted=None), said) for f in findings if f.code in codes]


def _find(inquiry: Inquiry, subject: str, zone: str | None) -> _Found:
    """Return what a text names, and what was found of it: a snapshot, a file of one, or a file that is in none."""
    trouble: UsageError = unknown(inquiry, f"snapshot or path {subject}")
    try:
        return _of_snapshot(find_snapshot(inquiry, subject).report)
    except UsageError as error:
        if names_snapshot(subject):
            trouble = error
    hint = f"say which with {inquiry.spell('zone')}: "
    revisions = path_history(inquiry.catalog, subject, zone)
    if len(names := {r.snapshot.zone for r in revisions}) > 1:
        raise UsageError(f"path {subject} is in several zones", hint=hint + ", ".join(sorted(names)))
    recorded = get_snapshot(inquiry.catalog, revisions[-1].snapshot) if revisions else None
    if recorded:
        about, findings = _of_snapshot(recorded.report)
        return about, [f for f in findings if f.path == subject]
    strays = stray_findings(inquiry.catalog, subject, zone)
    if not strays:
        raise trouble
    if len(strays) > 1:
        raise UsageError(f"path {subject} is in several zones", hint=hint + ", ".join(sorted(strays)))
    name, found = next(iter(strays.items()))
    return (name, None, None), [replace(f, path=subject) for f in found]


def _of_snapshot(report: SnapshotReport) -> _Found:
    return (report.id.zone, report.id.dataset_id, report.id.export_time), (*report.findings, *report.file_findings)
