"""Scans as documents for pages: those that are on record, what runs now, one with all it left; starts none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.answers import Document, finding_object, moment
from catalog.questions import lookups
from catalog.questions.answers import scan_object, scans_document, state_object
from catalog.questions.inquiry import Inquiry
from catalog.service.jobs.night import night_at_work
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job, job_object, seconds_between
from catalog.service.responses.hints import hinted
from catalog.service.service import Service
from catalog.store.scan_list import ScanFilter, ScanRun, list_scan_runs
from catalog.store.scan_pages import Beside, Place, beside_scan, judged_by_scan
from catalog.workflow import utc_now
from verifier.errors import UnknownError
from verifier.model import Depth

_RECENT = 8
_STRAYS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanQuestion:
    """Which scan, and which part of what it judged: what comes after a place in the list."""

    scan_id: str
    after: tuple[int, str] | None = None
    limit: int = 100


def now_view(service: Service) -> Document:
    """Return what runs and waits here now, and the newest jobs that are over."""
    jobs = service.jobs
    at = utc_now()
    over = [job for job in jobs.all() if job.state.is_over][:_RECENT]
    trouble = jobs.trouble
    return {
        "at": moment(at),
        "trouble": None if trouble is None else {"message": trouble.message, "hint": trouble.hint},
        "night": night_at_work(service.catalog.path),
        "under_way": [_under_way(jobs, job, at) for job in jobs.under_way()],
        "recent": [job_object(job) for job in over],
    }


def scans_view(service: Service, inquiry: Inquiry, wanted: ScanFilter) -> tuple[Document, ScanRun | None]:
    """Return the page of scans, `landproof/scans/1`, and behind which one the next page begins."""
    if inquiry.catalog.exists:
        document, last = lookups.scans(inquiry, wanted)
    else:
        document, last = inquiry.dated(scans_document([], 0)), None
    of_jobs = {job.recorded_id: job for job in service.jobs.all() if job.recorded_id}
    shown = {one["scan_id"]: of_jobs[one["scan_id"]] for one in document["scans"] if one["scan_id"] in of_jobs}
    told = now_view(service) | {
        "scans": [_timed(one) for one in document["scans"]],
        "zone": wanted.zone,
        "zones": sorted(inquiry.settings.zones),
        "depths": [depth.value for depth in Depth],
        "jobs": {scan_id: {"id": job.id, "exit_status": job.exit_status} for scan_id, job in shown.items()},
    }
    return document | told, last


def scan_view(service: Service, inquiry: Inquiry, asked: ScanQuestion) -> tuple[Document, Place | None]:
    """Return the page of one scan, `landproof/recorded-scan/1`, and behind what the next page begins.

    Raises `UnknownError` where there is none.
    """
    found, _ = list_scan_runs(inquiry.catalog, ScanFilter(scan_id=asked.scan_id, limit=1))
    if not found:
        raise UnknownError(f"no scan {asked.scan_id} in {inquiry.catalog}", hint="see the newest: /scans")
    beside = beside_scan(inquiry.catalog, asked.scan_id, _STRAYS)
    judged, verdicts = judged_by_scan(inquiry.catalog, asked.scan_id, asked.after, asked.limit + 1)
    page = judged[: asked.limit]
    job = next((one for one in service.jobs.all() if one.recorded_id == asked.scan_id), None)
    document = {
        "schema": "landproof/recorded-scan/1",
        "scan": _timed(scan_object(found[0])),
        "beside": [_beside(beside, zone.zone) for zone in found[0].zones],
        "job": job and {"id": job.id, "exit_status": job.exit_status},
        "verdicts": verdicts,
        "snapshots": [state_object(one) for one, _ in page],
    }
    return inquiry.dated(document), page[-1][1] if len(judged) > len(page) else None


def _timed(scan: Document) -> Document:
    ends = (
        None if text is None else datetime.fromisoformat(text) for text in (scan["started_at"], scan["finished_at"])
    )
    return scan | {"seconds": seconds_between(*ends)}


def _under_way(jobs: Jobs, job: Job, at: datetime) -> Document:
    return job_object(job, jobs.waits_for(job)) | {"seconds": seconds_between(job.started_at, at)}


def _beside(beside: Beside, zone: str) -> Document:
    """What one zone of a scan has beside its snapshots."""
    findings = [finding_object(finding) for name, finding in beside.findings if name == zone]
    strays: list[dict[str, Any]] = [
        {"path": one.path, "size": one.size, "findings": hinted(finding_object(f) for f in one.findings)}
        for one in beside.strays
        if one.zone == zone
    ]
    entries = [
        {"origin": origin, "sequence": sequence}
        for origin, sequence, about in beside.entries
        if about.partition("/")[2] == zone
    ]
    return {
        "zone": zone,
        "findings": hinted(findings),
        "strays": strays,
        "stray_count": beside.stray_counts.get(zone, 0),
        "ledger": entries,
    }
