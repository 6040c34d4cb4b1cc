"""Jobs as documents for pages and API; takes and ends none."""

from __future__ import annotations

import json
from typing import Any

from catalog.answers import Document, moment
from catalog.service.jobs.kinds import KINDS
from catalog.service.jobs.runner import Jobs
from catalog.service.jobs.values import Job, JobState, job_document, job_object, seconds_between
from catalog.workflow import utc_now

_MOST_READ_BYTES = 4 << 20
_MOST_SHOWN_BYTES = 64 << 10
_MOST_FIGURES, _MOST_CHARACTERS = 40, 60
_SAID = frozenset({"schema", "tool_version", "started_at", "finished_at", "scan_id", "drill_id", "depth"})


def jobs_view(jobs: Jobs, state: JobState | None = None) -> Document:
    """Return all jobs that are kept, or those in a state: `landproof/jobs/1`."""
    listed = [job for job in jobs.all() if state in (None, job.state)]
    return {
        "schema": "landproof/jobs/1",
        "at": moment(utc_now()),
        "trouble": None if jobs.trouble is None else {"message": jobs.trouble.message, "hint": jobs.trouble.hint},
        "jobs": [job_object(job, jobs.waits_for(job)) for job in listed],
        "commands": {name: {"role": kind.role.value, "records": kind.records} for name, kind in KINDS.items()},
    }


def job_view(jobs: Jobs, job: Job) -> Document:
    """Return one job with the gist of its document: the figures at its top, and itself where it is short."""
    told, text = _told(jobs, job)
    at = utc_now()
    return job_document(job, jobs.waits_for(job)) | {
        "at": moment(at),
        "seconds": seconds_between(job.started_at, job.finished_at or at),
        "figures": _figures(told),
        "text": text if text is not None and len(text) <= _MOST_SHOWN_BYTES else None,
    }


def _told(jobs: Jobs, job: Job) -> tuple[dict[str, Any], str | None]:
    path = jobs.document_of(job) if job.state.is_over else None
    if path is None or (job.document_bytes or 0) > _MOST_READ_BYTES:
        return {}, None
    try:
        text = path.read_text(encoding="utf-8")
        told = json.loads(text)
    except (OSError, ValueError):  # cut short, or removed meanwhile
        return {}, None
    return (told, text) if isinstance(told, dict) else ({}, None)


def _figures(told: dict[str, Any]) -> list[Document]:
    """Return what stands at the top of a document by itself, and the numbers of its counts.

    Without what pages say anyway, and texts that are long.
    """
    found: list[Document] = []
    for name, value in told.items():
        if name not in _SAID and isinstance(value, str | int | float) and len(str(value)) <= _MOST_CHARACTERS:
            found.append({"name": name, "value": value})
        elif name == "counts" and isinstance(value, dict):
            found += [{"name": key, "value": one} for key, one in value.items() if isinstance(one, int)]
    return found[:_MOST_FIGURES]
