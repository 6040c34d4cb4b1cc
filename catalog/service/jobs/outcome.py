"""What became of a job, from how its command ended and what it left; ends nothing and keeps nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from catalog.service.jobs.progress import Heard
from catalog.service.jobs.values import Job, JobState

_NO_ANSWER, _INTERRUPTED = 64, 130
_HEAD_BYTES = 4096
_RECORDED_ID = re.compile(rb'^\{\s*"schema": "landproof/[a-z/0-9-]+",\s*"(?:scan|drill)_id": "([0-9a-f]{24})"')


def outcome(job: Job, status: int | None, heard: Heard, *, is_stopping: bool) -> Job:
    """Return a job as it is once its command ended with a status: None where it never began, negative for a signal."""
    state, message = _state(job, status, heard, is_stopping=is_stopping)
    return replace(
        job,
        state=state,
        exit_status=status,
        message=message,
        hint=heard.hint,
        notes=tuple(heard.notes),
        progress=heard.progress,
    )


def with_files(job: Job, document: Path, file: Path) -> Job:
    """Return a job with the sizes of what it left, and under which id what it did is on record."""
    return replace(
        job,
        document_bytes=_size(document) or None,
        file_bytes=_size(file) if job.order.file else None,
        recorded_id=_recorded_id(document),
    )


def _state(job: Job, status: int | None, heard: Heard, *, is_stopping: bool) -> tuple[JobState, str | None]:
    if status is not None and 0 <= status < _NO_ANSWER and not heard.message:
        return JobState.SUCCEEDED, None
    if status == _INTERRUPTED or (status is not None and status < 0):
        if job.is_being_ended:
            return JobState.CANCELLED, heard.message
        if is_stopping:
            return JobState.INTERRUPTED, heard.message or "the service stopped while this ran"
    if status is not None and status < 0:
        return JobState.FAILED, f"the command was killed by signal {-status}"
    return JobState.FAILED, heard.message or "; ".join(heard.notes[-1:]) or f"the command ended with status {status}"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _recorded_id(document: Path) -> str | None:
    """Return the id that a document tells its scan or drill by, which stands at its beginning."""
    try:
        with document.open("rb") as file:
            found = _RECORDED_ID.match(file.read(_HEAD_BYTES))
    except OSError:
        return None
    return found[1].decode() if found else None
