"""The document of `retention`: every snapshot with its status and why, and what stores' own rules come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from catalog.answers import Document, moment
from catalog.judging.retention_store import Need, Note, compare
from catalog.judging.retention_values import Reason, ReasonKind, Retained, RetentionStatus
from catalog.retention.needed import Retention
from catalog.retention.stores import StoreRules
from catalog.schedule import format_duration
from verifier.backends.retention import Aspect, Expiration, Lock, RetentionRules, Unseen
from verifier.findings import Level

_DAY = timedelta(days=1)


def retention_document(found: Sequence[Retention], stores: Sequence[StoreRules] | None, at: datetime) -> Document:
    """The document of `retention`; `stores` is None where none was asked."""
    needs = needs_of(found)
    notes = [_note(note, one.wish.zone, one.wish.dataset_id) for one in found for note in _doomed(one)]
    for store in stores or ():
        notes += [_note(note, store.target.zone, None) for note in _of_store(store, needs)]
    return {
        "schema": "landproof/retention/1",
        "at": moment(at),
        "counts": _counts(r for one in found for r in one.judged),
        "datasets": [_dataset(one) for one in found],
        "notes": notes,
        "stores": None if stores is None else [_store(one) for one in stores],
    }


def needs_of(found: Iterable[Retention]) -> dict[str, Need]:
    """Return by zone the longest need of a dataset that has snapshots there; one without an end is the longest."""
    needs: dict[str, Need] = {}
    for one in found:
        need = one.need
        for zone in () if need is None else one.places:
            assert need is not None
            needs[zone] = max(needs.get(zone, need), need, key=lambda n: (n.length is None, n.length or _DAY))
    return needs


def _doomed(one: Retention) -> Iterable[Note]:
    """Say what will be deleted too early, by what is known of zones without asking them."""
    doomed = one.doomed
    first = min((r.expires_at for r in doomed if r.expires_at is not None), default=None)
    if first is None:
        return
    message = f"{len(doomed)} of the snapshots that are needed or on hold will be deleted by their zones too early"
    message = f"{message}, the first {moment(first)}, and no other place keeps them"
    yield Note(Level.WARN, "lifetime", message, "copy them elsewhere before with: landproof copy")


def _of_store(store: StoreRules, needs: Mapping[str, Need]) -> Iterable[Note]:
    if store.error is not None:
        yield Note(Level.WARN, "store", store.error.message, store.error.hint)
    if store.rules is not None:
        yield from compare(store.rules, needs.get(store.target.zone), store.target.lifetime)


def _counts(judged: Iterable[Retained]) -> Document:
    counts = Counter(r.status for r in judged)
    return {status.value: counts[status] for status in RetentionStatus}


def _dataset(one: Retention) -> Document:
    return {
        "zone": one.wish.zone,
        "dataset_id": one.wish.dataset_id,
        "name": one.name,
        "mode": one.mode.value,
        "policy": None if one.policy is None else one.policy.text,
        "counts": _counts(one.judged),
        "snapshots": [_snapshot(r, one) for r in one.judged],
    }


def _snapshot(retained: Retained, of: Retention) -> Document:
    here, hold = retained.attempt.here, of.holds.get(retained.id)
    return {
        "id": str(here.id),
        "export_time": moment(here.id.export_at),
        "status": retained.status.value,
        "reasons": [_reason(r) for r in retained.reasons],
        "verified": retained.is_verified,
        "verdict": here.verdict.value,
        "depth": here.depth.value,
        "checked": here.checked,
        "files": here.files,
        "bytes": here.bytes,
        "presence": here.presence.value,
        "places": [str(place) for place in retained.places],
        "expires_at": moment(retained.expires_at),
        "hold": hold and {"reason": hold.reason, "by": hold.said_by, "at": moment(hold.said_at)},
    }


def _reason(reason: Reason) -> Document:
    return {
        "kind": reason.kind.value,
        "rule": reason.rule,
        "snapshot": reason.snapshot and str(reason.snapshot),
        "message": _message(reason),
    }


def _message(reason: Reason) -> str:
    match reason.kind:
        case ReasonKind.POLICY:
            return f"{reason.rule} keeps it"
        case ReasonKind.CHAIN:
            return f"the chain to {reason.snapshot} goes through it"
        case ReasonKind.NEWEST:
            return "the newest that a verified chain leads to"
        case ReasonKind.NOTHING_NEWER:
            return "no verified chain leads to anything newer"
        case ReasonKind.HOLD:
            return "on hold"
        case ReasonKind.NO_POLICY:
            return "no policy says how long it is to be kept"
        case ReasonKind.REPLACED:
            return f"a verified chain leads to {reason.snapshot}, which is kept in its place"
        case ReasonKind.OVER:
            return f"older than all that {reason.rule} reaches back to"
        case ReasonKind.UNVERIFIED:
            return "no verified chain leads to it, so that it takes nobody's place"


def _note(note: Note, zone: str, dataset_id: str | None) -> Document:
    return {
        "level": note.level.value,
        "zone": zone,
        "dataset_id": dataset_id,
        "about": note.about,
        "message": note.message,
        "hint": note.hint,
    }


def _store(store: StoreRules) -> Document:
    return {
        "zone": store.target.zone,
        "url": store.target.location.url,
        "error": asdict(store.error) if store.error else None,
        "rules": store.rules and _rules(store.rules),
    }


def _rules(rules: RetentionRules) -> Document:
    sees = {aspect: rules.sees(aspect) for aspect in Aspect}
    return {
        "lifecycle": [_expiration(e) for e in rules.expirations] if sees[Aspect.LIFECYCLE] else None,
        "lock": rules.lock and _lock(rules.lock),
        "versioned": rules.is_versioned,
        "unseen": [_unseen(one) for one in rules.unseen],
    }


def _expiration(one: Expiration) -> Document:
    after = None if one.after is None else format_duration(one.after)
    return {"prefix": one.prefix, "after": after, "on": moment(one.at), "partial": one.is_partial}


def _lock(lock: Lock) -> Document:
    length = None if lock.length is None else format_duration(lock.length)
    return {"mode": lock.mode, "length": length, "firm": lock.is_firm}


def _unseen(one: Unseen) -> Document:
    return {"about": one.aspect.value, "why": one.blindness.value, "message": one.message, "hint": one.hint}
