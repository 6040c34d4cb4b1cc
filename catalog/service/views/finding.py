"""One finding over time: every recorded state of its snapshot, whether it was there, what people said; finds none.

A finding is known by its code, its snapshot, and a digest of path and place, which is the same in every catalog.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from catalog import answers
from catalog.answers import Document, moment
from catalog.questions.inquiry import Inquiry
from catalog.questions.naming import find_snapshot
from catalog.service.responses.hints import hinted
from catalog.store.findings_beside import Word, words_on
from catalog.store.history import SnapshotRevision, snapshot_history
from catalog.store.said import acceptances_at
from verifier.errors import UnknownError
from verifier.model import Finding, SnapshotId, Where

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class FindingQuestion:
    """Which finding: its code, the id of its snapshot, and the digest of path and place."""

    code: str
    snapshot: str
    digest: str


@dataclass(frozen=True, slots=True)
class _Step:
    """One state of the snapshot: the findings at this place, none where there was none, and what became of them."""

    revision: SnapshotRevision
    found: tuple[Finding, ...]
    became: str


def place_digest(path: str | None, where: Where) -> str:
    """Return the digest of a path and a place in it, in hex digits."""
    plain = json.dumps([path, dict(where)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()[:_DIGITS]


def finding_id(snapshot: SnapshotId, finding: Finding) -> str:
    """Return what a finding is known by, which is the end of its address: `CODE/SNAPSHOT/DIGEST`, each part quoted."""
    parts = (finding.code, snapshot.zone, snapshot.dataset_id, snapshot.export_time)
    quoted = (quote(part.encode("utf-8", "surrogatepass"), safe="") for part in parts)
    return "/".join((*quoted, place_digest(finding.path, finding.where)))


def finding(inquiry: Inquiry, asked: FindingQuestion) -> Document:
    """Return the document of one finding over time. Raises `UnknownError` where no recorded state has it."""
    recorded = find_snapshot(inquiry, asked.snapshot)
    wanted = recorded.report.id
    steps = _steps(snapshot_history(inquiry.catalog, wanted), asked)
    seen = [step for step in steps if step.found]
    if not seen:
        hint = "list what was found with the page Findings, or: landproof history " + str(wanted)
        raise UnknownError(f"no finding {asked.code[:100]} of that place in {wanted}", hint=hint)
    last = seen[-1]
    told, is_open = last.found[0], bool(steps[-1].found)
    if is_open:
        subject = (wanted.zone, wanted.dataset_id, wanted.export_time)
        (told,) = acceptances_at(inquiry.catalog, inquiry.now).mark(subject, [told])
    words = [
        word
        for word in words_on(inquiry.catalog, wanted, asked.code, told.path)
        if place_digest(told.path, word.where) == asked.digest
    ]
    document = {
        "schema": "landproof/finding/1",
        "at": moment(inquiry.now),
        "id": finding_id(wanted, told),
        "snapshot": answers.recorded_object(recorded),
        "finding": hinted([answers.finding_object(told)])[0] | {"effect": told.effect.value},
        "state": "open" if is_open else "gone",
        "first_seen_at": moment(seen[0].revision.recorded_at),
        "last_seen_at": moment(last.revision.recorded_at),
        "gone_at": None if is_open else moment(steps[steps.index(last) + 1].revision.recorded_at),
        "events": _events(steps, words),
    }
    return inquiry.dated(document)


def _steps(revisions: Sequence[SnapshotRevision], asked: FindingQuestion) -> list[_Step]:
    return list(_followed(revisions, asked))


def _followed(revisions: Sequence[SnapshotRevision], asked: FindingQuestion) -> Iterator[_Step]:
    before: tuple[Finding, ...] = ()
    was_seen = False
    for revision in revisions:
        found = tuple(
            one
            for one in (*revision.report.findings, *revision.report.file_findings)
            if one.code == asked.code and place_digest(one.path, one.where) == asked.digest
        )
        yield _Step(revision, found, _became(before, found, was_seen=was_seen))
        before, was_seen = found, was_seen or bool(found)


def _became(before: tuple[Finding, ...], found: tuple[Finding, ...], *, was_seen: bool) -> str:
    if not found:
        return "gone" if before else ("still_gone" if was_seen else "not_yet")
    if not before:
        return "back" if was_seen else "first_seen"
    return "still_there" if found == before else "changed"


def _events(steps: Sequence[_Step], words: Sequence[Word]) -> list[Document]:
    """All that happened, oldest first."""
    events = [*((step.revision.recorded_at, _state(step)) for step in steps), *((w.said_at, _word(w)) for w in words)]
    return [event for _, event in sorted(events, key=lambda one: one[0])]


def _state(step: _Step) -> Document:
    report = step.revision.report
    return {
        "kind": "state",
        "at": moment(step.revision.recorded_at),
        "became": step.became,
        "scan_id": step.revision.scan_id,
        "verdict": report.verdict.value,
        "depth": report.depth.value,
        "checked": report.checked,
        "files": report.files,
        "presence": report.presence.value,
        "findings": [answers.finding_object(one) for one in step.found],
    }


def _word(word: Word) -> Document:
    return {
        "kind": "taken_back" if word.lifted else "accepted",
        "at": moment(word.said_at),
        "by": word.said_by,
        "reason": word.reason,
        "until": moment(word.until),
        "actual": word.actual,
        "count": word.count,
    }
