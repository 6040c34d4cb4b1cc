"""Jobs on disk: a record each, its document, the file it made; how much of that is kept; runs nothing."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.answers import moment
from catalog.service.jobs.values import Job, JobState, Order, Progress
from catalog.whole_file import write_whole
from verifier.errors import CatalogError, UsageError

_MOST_KEPT, _KEPT_FOR = 200, timedelta(days=30)
_MOST_BYTES = 2 << 30
_ID = re.compile(r"[0-9a-f]{24}")
_RECORD, _DOCUMENT, _FILE = ".job.json", ".document.json", ".file"
_MOMENTS = ("asked_at", "started_at", "finished_at")


class JobFiles:
    """The folder of the jobs of one service, which nobody else reads and only one service has at a time."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is made before `take`."""
        self.folder = folder
        self._lock: int | None = None

    def take(self) -> None:
        """Make the folder and keep it until `give_back`. Raises `CatalogError` where another service has it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.give_back()
            hint = "stop the other one, or give this one another folder: state, in the table [service] of the settings"
            raise CatalogError(f"another service keeps its jobs in {self.folder}", hint=hint) from None
        except OSError as error:
            self.give_back()
            reason = (error.strerror or type(error).__name__).lower()
            raise CatalogError(f"jobs cannot be kept in {self.folder}: {reason}") from error

    def give_back(self) -> None:
        """Let another service have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def document_of(self, job_id: str) -> Path:
        """Return where the document of a job is written."""
        return self.folder / f"{job_id}{_DOCUMENT}"

    def file_of(self, job_id: str) -> Path:
        """Return where the file is written that a job makes."""
        return self.folder / f"{job_id}{_FILE}"

    def save(self, job: Job) -> None:
        """Write a job's record, whole. Raises `CatalogError` where it cannot be written."""
        try:
            text = json.dumps(_written(job), ensure_ascii=False)
            write_whole(self.folder / f"{job.id}{_RECORD}", text.encode("utf-8"), mode=0o600)
        except UsageError as error:
            raise CatalogError(f"a job cannot be put on record: {error.message}", hint="make room there") from error

    def load(self) -> list[Job]:
        """Return all jobs on record, the oldest first; what cannot be read is none."""
        found = []
        for path in sorted(self.folder.glob(f"*{_RECORD}")):
            with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
                job = _read(json.loads(path.read_text(encoding="utf-8")))
                if _ID.fullmatch(job.id) and path.name == f"{job.id}{_RECORD}":
                    found.append(job)
        return found

    def sweep(self) -> None:
        """Remove what jobs left of which there is no record, as where the disk was full when one was to be written."""
        for kind in (_DOCUMENT, _FILE):
            for path in self.folder.glob(f"*{kind}"):
                job_id = path.name.removesuffix(kind)
                if _ID.fullmatch(job_id) and not (self.folder / f"{job_id}{_RECORD}").exists():
                    self._remove(job_id, kind)

    def prune(self, jobs: Iterable[Job], now: datetime) -> tuple[set[str], set[str]]:
        """Remove what is too old or too much; return the ids of jobs that are gone, and of those without files now.

        Jobs that are not over stay, whatever they are.
        """
        over = sorted((job for job in jobs if job.state.is_over), key=lambda job: job.id, reverse=True)
        kept = [job for job in over[:_MOST_KEPT] if now - job.asked_at <= _KEPT_FOR]
        gone = {job.id for job in over} - {job.id for job in kept}
        for job_id in gone:
            self._remove(job_id, _RECORD, _DOCUMENT, _FILE)
        emptied, total = set(), 0
        for job in kept:
            size = (job.document_bytes or 0) + (job.file_bytes or 0)
            total += size
            if size and total > _MOST_BYTES:
                self._remove(job.id, _DOCUMENT, _FILE)
                emptied.add(job.id)
        return gone, emptied

    def _remove(self, job_id: str, *kinds: str) -> None:
        for kind in kinds:
            with suppress(OSError):
                (self.folder / f"{job_id}{kind}").unlink()


def _written(job: Job) -> dict[str, Any]:
    told: dict[str, Any] = {one.name: getattr(job, one.name) for one in fields(job)}
    order: dict[str, Any] = {one.name: getattr(job.order, one.name) for one in fields(job.order)}
    moments = {name: moment(told[name]) for name in _MOMENTS}
    return (
        told
        | moments
        | {
            "order": order | {"locks": sorted(job.order.locks), "options": dict(job.order.options)},
            "progress": job.progress.object(),
        }
    )


def _read(told: Mapping[str, Any]) -> Job:
    order = told["order"]
    moments = {name: datetime.fromisoformat(told[name]) if told[name] else None for name in _MOMENTS}
    known = {one.name for one in fields(Job)} - {"order", "progress", *_MOMENTS}
    plain = {name: value for name, value in told.items() if name in known}
    asked = Order(**order | {"locks": frozenset(order["locks"]), "arguments": tuple(order["arguments"])})
    if moments["asked_at"] is None:
        raise ValueError("a job that nobody asked for")
    job = Job(
        order=asked,
        progress=Progress(**told["progress"]),
        asked_at=moments["asked_at"],
        started_at=moments["started_at"],
        finished_at=moments["finished_at"],
        **plain,
    )
    process = told.get("process")
    return replace(
        job,
        state=JobState(job.state),
        notes=tuple(job.notes),
        process=None if process is None else (int(process[0]), str(process[1])),
    )
