"""The look-ups, one function each: a question in words, its document; shared by command line and service."""

from __future__ import annotations

from dataclasses import dataclass

from catalog import answers
from catalog.answers import Document
from catalog.questions.answers import diff_document, find_document, recorded_scan_document, scans_document
from catalog.questions.difference import difference
from catalog.questions.inquiry import Inquiry
from catalog.questions.moments import parse_period
from catalog.questions.naming import find_contents, find_snapshot, names_snapshot, unknown
from catalog.store.copies import copies_of
from catalog.store.history import FileRevision, SnapshotRevision, path_history, snapshot_history
from catalog.store.queries import RecordedSnapshot, SnapshotFilter, list_datasets, list_files
from catalog.store.scan_list import ScanFilter, ScanRun, list_scan_runs, recorded_states
from catalog.store.search import Search, find_all
from catalog.store.snapshot_pages import last_of, page_snapshots
from verifier.errors import UnknownError, UsageError
from verifier.model import SnapshotId, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotsQuestion:
    """Which snapshots to list; `start` and `end` as asked.

    With `limit` the newest, after `offset` others, or those behind `after` in that order.
    """

    zone: str | None = None
    dataset: str | None = None
    verdict: Verdict | None = None
    start: str | None = None
    end: str | None = None
    latest: bool = False
    latest_good: bool = False
    limit: int | None = None
    offset: int = 0
    after: SnapshotId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuestion:
    """Of which snapshot or path to list the states, the oldest first."""

    subject: str
    zone: str | None = None
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindQuestion:
    """What to find, and where; `limit` is of each kind."""

    text: str
    zone: str | None = None
    dataset: str | None = None
    limit: int = 20
    offset: int = 0


def datasets(inquiry: Inquiry, zone: str | None = None) -> Document:
    """Return the document of `datasets`."""
    return inquiry.dated(answers.datasets_document(list_datasets(inquiry.catalog, zone), inquiry.names))


def snapshots(inquiry: Inquiry, asked: SnapshotsQuestion) -> Document:
    """Return the document of `snapshots`. Raises `UsageError` for times and datasets that cannot be read."""
    return snapshots_page(inquiry, asked)[0]


def snapshots_page(inquiry: Inquiry, asked: SnapshotsQuestion) -> tuple[Document, SnapshotId | None]:
    """Return the document of `snapshots`, and behind which of them the next page begins; None where there is none."""
    period = parse_period(asked.start, asked.end, (inquiry.spell("from"), inquiry.spell("to")))
    of_zone, dataset_id = _dataset(inquiry, asked.dataset, asked.zone)
    wanted = SnapshotFilter(
        zone=asked.zone or of_zone,
        dataset_ids=(dataset_id,) if dataset_id else (),
        verdict=asked.verdict,
        from_at=period[0],
        to_at=period[1],
        latest=asked.latest,
        latest_good=asked.latest_good,
        limit=asked.limit,
        offset=asked.offset,
    )
    found, behind = page_snapshots(inquiry.catalog, wanted, asked.after)
    more = 0 if asked.limit is None else behind
    return inquiry.dated(answers.snapshots_document(found, more)), last_of(found) if more else None


def show(inquiry: Inquiry, text: str) -> tuple[RecordedSnapshot, Document]:
    """Return a snapshot and the document of `show`. Raises `UsageError` where the catalog has none of that name."""
    recorded = find_snapshot(inquiry, text)
    wanted = recorded.report.id
    files, copies = list_files(inquiry.catalog, wanted), copies_of(inquiry.catalog, wanted)
    return recorded, inquiry.dated(answers.show_document(recorded, files, copies))


def history(inquiry: Inquiry, asked: HistoryQuestion) -> Document:
    """Return the document of `history`. Raises `UsageError` for what the catalog does not have."""
    revisions = _revisions(inquiry, asked.subject, asked.zone)
    page = revisions[asked.offset :] if asked.limit is None else revisions[asked.offset :][: asked.limit]
    more = max(len(revisions) - asked.offset - len(page), 0)
    return inquiry.dated(answers.history_document(asked.subject, page, more))


def diff(inquiry: Inquiry, before: str, after: str) -> Document:
    """Return the document of `diff`. Raises `UsageError` for snapshots that the catalog does not have."""
    return inquiry.dated(diff_document(difference(*find_contents(inquiry, before, after))))


def find(inquiry: Inquiry, asked: FindQuestion) -> Document:
    """Return the document of `find`. Raises `UsageError` where there is nothing to find."""
    if not asked.text:
        raise UsageError("nothing to find: the text is empty", hint="see: landproof find --help")
    of_zone, dataset_id = _dataset(inquiry, asked.dataset, asked.zone)
    search = Search(
        text=asked.text, zone=asked.zone or of_zone, dataset_id=dataset_id, limit=asked.limit, offset=asked.offset
    )
    names = inquiry.names
    named = [
        place
        for place, name in names.items()
        if asked.text.lower() in (name or "").lower()
        and search.zone in (None, place[0])
        and dataset_id in (None, place[1])
    ]
    return inquiry.dated(find_document(asked.text, find_all(inquiry.catalog, search, named), names))


def scans(inquiry: Inquiry, wanted: ScanFilter) -> tuple[Document, ScanRun | None]:
    """Return the document of recorded scans, the newest first, and behind which the next page begins, None for none."""
    found, more = list_scan_runs(inquiry.catalog, wanted)
    return inquiry.dated(scans_document(found, more)), found[-1] if more else None


def scan(inquiry: Inquiry, scan_id: str) -> Document:
    """Return the document of one recorded scan and what it recorded. Raises `UnknownError` where there is none."""
    found, _ = list_scan_runs(inquiry.catalog, ScanFilter(scan_id=scan_id, limit=1))
    if not found:
        hint = "list what is known with: landproof sql 'SELECT scan_id, started_at FROM scans ORDER BY ALL'"
        raise UnknownError(f"no scan {scan_id} in {inquiry.catalog}", hint=hint)
    return inquiry.dated(recorded_scan_document(found[0], recorded_states(inquiry.catalog, scan_id)))


def _dataset(inquiry: Inquiry, dataset: str | None, zone: str | None) -> tuple[str | None, str | None]:
    return inquiry.find_dataset(dataset, [zone] if zone else []) if dataset else (None, None)


def _revisions(inquiry: Inquiry, subject: str, zone: str | None) -> list[SnapshotRevision] | list[FileRevision]:
    """Return what is recorded of a snapshot, or else of a path."""
    trouble: UsageError = unknown(inquiry, f"snapshot or path {subject}")
    try:
        wanted = find_snapshot(inquiry, subject).report.id
    except UsageError as error:
        if names_snapshot(subject):
            trouble = error
    else:
        return snapshot_history(inquiry.catalog, wanted)
    revisions = path_history(inquiry.catalog, subject, zone)
    if not revisions:
        raise trouble
    return revisions
