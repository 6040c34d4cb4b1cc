"""A job as a value: what was asked for, by whom, how far it is and how it ended; runs and keeps nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog.answers import Document, moment


class JobState(StrEnum):
    """What became of a job; `succeeded` says that the command came to its end, not that all it saw was good."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the look at a zone is, as the command told it last; sizes in bytes."""

    zone: str | None = None
    listed_files: int = 0
    planned_files: int = 0
    planned_bytes: int = 0
    read_files: int = 0
    read_bytes: int = 0

    def object(self) -> Document:
        """Return it as documents have it."""
        return {name: getattr(self, name) for name in _PROGRESS}


_PROGRESS = ("zone", "listed_files", "planned_files", "planned_bytes", "read_files", "read_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for: a command, its options as they were asked, its arguments, and what it keeps for itself.

    `locks` are names that two jobs never have at once; `file` is the name of what it makes beside its document.
    """

    command: str
    options: Mapping[str, Any]
    arguments: tuple[str, ...]
    records: bool
    locks: frozenset[str] = frozenset()
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job. `version` grows with whatever changes; `process` is id and start of what runs, to know it again."""

    id: str
    order: Order
    asked_by: str
    way: str
    role: str
    asked_at: datetime
    state: JobState = JobState.QUEUED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_status: int | None = None
    message: str | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()
    progress: Progress = field(default_factory=Progress)
    document_bytes: int | None = None
    file_bytes: int | None = None
    recorded_id: str | None = None
    is_being_ended: bool = False
    process: tuple[int, str] | None = None
    version: int = 0


def job_document(job: Job, waits_for: str | None = None) -> Document:
    """The document of a job; `waits_for` is what keeps one that is queued from running."""
    return {"schema": "landproof/job/1"} | job_object(job, waits_for)


def job_object(job: Job, waits_for: str | None = None) -> Document:
    """The fields of a job in documents."""
    return {
        "id": job.id,
        "command": job.order.command,
        "options": dict(job.order.options),
        "records": job.order.records,
        "state": job.state.value,
        "is_being_ended": job.is_being_ended,
        "waits_for": waits_for,
        "asked_by": job.asked_by,
        "way": job.way,
        "role": job.role,
        "asked_at": moment(job.asked_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
        "seconds": seconds_between(job.started_at, job.finished_at),
        "exit_status": job.exit_status,
        "message": job.message,
        "hint": job.hint,
        "notes": list(job.notes),
        "progress": job.progress.object(),
        "document_bytes": job.document_bytes,
        "file": None if job.file_bytes is None else {"name": job.order.file, "bytes": job.file_bytes},
        "recorded_id": job.recorded_id,
    }


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    """Return how long something took; None while it has no beginning or no end."""
    return None if start is None or end is None else round(max((end - start).total_seconds(), 0.0), 3)
