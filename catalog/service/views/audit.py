"""The document of the Audit page: a period in figures, the ledger, the keys; reports and bundles are made by jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from catalog.answers import Document, moment
from catalog.ledger.notes import Checkpoint, Note, Verifier, parse_checkpoint, parse_note
from catalog.ledger_answers import key_object
from catalog.ledger_verify import Trust, trust_of
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_period
from catalog.store.audit_figures import AuditFigures, AuditPeriod, LedgerFigures, SlotCount, audit_figures, first_due
from verifier.errors import LandproofError, UnknownError, UsageError

_DAY = timedelta(days=1)
_BAD = ("corrupt", "incomplete")
LIMITS = {
    "An operator who controls key, catalog and the place outside from the start.": """\
They can record what they like, and sign it. What helps: a place outside that they cannot change, a timestamp authority,
checkpoints mailed to the auditor, a key in other hands.""",
    "Lies before they are recorded:": """\
a store that shows landproof other bytes than others, a machine that runs an altered landproof, a clock that is wrong.
What helps: samples fetched with other credentials, from another machine.""",
    "What was never promised.": """\
A dataset that is not in the settings, and an export that no schedule asks for, are in no population.""",
    "Adobe.": """\
That an export landed whole does not say that it holds what the platform holds. Row counts of Flow Service can be
compared; they are Adobe's word.""",
    "What came before.": """\
The first checkpoint that somebody else holds is where proof begins. A ledger that is begun in a catalog with a past
tells that past, with the time at which it was told, which is then.""",
    "Deletion.": "landproof notices that a backup is gone; it keeps nobody from deleting it. Object Lock does.",
    "Forgetting:": """\
whoever loses catalog, segments and the place outside has lost the evidence. Keep bundles elsewhere: each stands
alone.""",
    "Secrecy.": "A bundle names datasets, paths, servers, people and keys. Treat it as confidential.",
}
"""What all this does not defend against, in the words of docs/evidence.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """Which period, as asked, of all or of one zone or dataset; without a period the last calendar month."""

    start: str | None = None
    end: str | None = None
    zone: str | None = None
    dataset: str | None = None


def audit(inquiry: Inquiry, asked: AuditQuestion) -> Document:
    """Return the document of the Audit page. Raises `UsageError` for times and datasets that cannot be read."""
    period = _period(inquiry, asked)
    figures = audit_figures(inquiry.catalog, period)
    document = {
        "schema": "landproof/audit/1",
        "at": moment(inquiry.now),
        "period": {
            "from": moment(period.since),
            "to": moment(period.until),
            "zone": period.zone,
            "dataset_id": period.dataset_id,
        },
        "presets": presets(inquiry.now),
        "slots": _slots(figures),
        "full_reads": {"reads": figures.full_reads, "snapshots": figures.snapshots_read},
        **figures.counted,
        "ledger": _ledger(inquiry, figures.ledger),
        "limits": [{"what": what, "why": " ".join(why.split())} for what, why in LIMITS.items()],
    }
    return inquiry.dated(document)


def presets(now: datetime) -> list[Document]:
    """Return the calendar periods that people audit: the last whole month, quarter and year, and this year so far."""
    today = now.astimezone(UTC).date()
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    year = date(today.year, 1, 1)
    periods = [
        ("last month", (month - _DAY).replace(day=1), month - _DAY),
        ("last quarter", _quarter_before(quarter), quarter - _DAY),
        ("last year", date(today.year - 1, 1, 1), year - _DAY),
        ("this year so far", year, today),
    ]
    return [{"name": name, "from": first.isoformat(), "to": last.isoformat()} for name, first, last in periods]


def _quarter_before(quarter: date) -> date:
    before = quarter - _DAY
    return date(before.year, (before.month - 1) // 3 * 3 + 1, 1)


def _period(inquiry: Inquiry, asked: AuditQuestion) -> AuditPeriod:
    usual = presets(inquiry.now)[0]
    is_said = asked.start or asked.end
    start, end = (asked.start, asked.end) if is_said else (usual["from"], usual["to"])
    since, until = parse_period(start, end, (inquiry.spell("from"), inquiry.spell("to")))
    first = first_due(inquiry.catalog)
    if not is_said and first is not None and until is not None and first > until:
        since, until = first, inquiry.now  # younger than a month: all there is
    zone, dataset_id = asked.zone, None
    if asked.dataset:
        of_zone, dataset_id = inquiry.find_dataset(asked.dataset, [zone] if zone else [])
        if of_zone is None:
            raise UnknownError(f"no dataset {asked.dataset[:200]}", hint="choose one of those that are listed")
        zone = of_zone
    until = until or inquiry.now
    since = since or first or until - _DAY
    if since > until:
        raise UsageError(f"{inquiry.spell('from')}: nothing was due by then", hint="choose an earlier beginning")
    return AuditPeriod(since=since, until=until, zone=zone, dataset_id=dataset_id)


def _slots(figures: AuditFigures) -> Document:
    """Slots by how they stand: each is in exactly one of good, bad, missing, paused, and neither."""
    slots = [one for one in figures.slots if one.status != "not_due"]
    good = [one for one in slots if one.status in ("on_time", "arrived_late") and one.verdict in ("good", "empty")]
    bad = [one for one in slots if one.verdict in _BAD and one not in good]
    missing = [one for one in slots if one.status == "missing"]
    paused = [one for one in slots if one.status == "paused"]
    rest = [one for one in slots if one not in (*good, *bad, *missing, *paused)]
    return {
        "due": _sum(slots),
        "good": _sum(good),
        "good_late": _sum([one for one in good if one.status == "arrived_late"]),
        "good_empty": _sum([one for one in good if one.verdict == "empty"]),
        "bad": _sum(bad),
        "missing": _sum(missing),
        "paused": _sum(paused),
        "neither": _sum(rest),
        "exceptions": {
            "ever": sum(one.ever for one in slots),
            "open": _sum(bad) + _sum(missing),
            "closed": sum(one.ever for one in (*good, *paused, *rest)),
        },
        "states": [{"status": one.status, "verdict": one.verdict, "slots": one.slots} for one in slots],
    }


def _sum(slots: list[SlotCount]) -> int:
    return sum(one.slots for one in slots)


def _ledger(inquiry: Inquiry, figures: LedgerFigures) -> Document:
    """How far the ledger is and who signed that; that it holds is told by verifying it only."""
    trust, trouble = _trust(inquiry)
    checkpoint, note = _newest(figures.note)
    signed_by = note.signed_by(trust.keys) if note else None
    return {
        "origin": figures.origin,
        "begun_at": moment(figures.begun_at),
        "entries": figures.entries,
        "entries_in_period": figures.entries_in_period,
        "checkpoints": figures.checkpoints,
        "checkpoint": checkpoint
        and {
            "size": checkpoint.size,
            "made_at": moment(checkpoint.at),
            "signatures": [name for name, _, _ in note.signatures] if note else [],
            "signed_by": key_object(signed_by) if signed_by else None,
            "not_covered": max(figures.entries - checkpoint.size, 0),
        },
        "outside": trust.outside.url if trust.outside else None,
        "keys": [key_object(key) for key in _distinct(trust.keys)],
        "trouble": trouble,
    }


def _trust(inquiry: Inquiry) -> tuple[Trust, str | None]:
    try:
        return trust_of(inquiry.settings, inquiry.catalog), None
    except LandproofError as error:
        return Trust(), error.message


def _newest(text: str | None) -> tuple[Checkpoint | None, Note | None]:
    if text is None:
        return None, None
    try:
        note = parse_note(text)
        return parse_checkpoint(note.text), note
    except ValueError:
        return None, None


def _distinct(keys: Sequence[Verifier]) -> list[Verifier]:
    return list({key.text: key for key in keys}.values())
