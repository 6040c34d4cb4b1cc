"""What the service runs for people: commands as processes of their own, one a zone; what a command does is its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.service.jobs.files import JobFiles
from catalog.service.jobs.ground import Ground
from catalog.service.jobs.outcome import outcome, with_files
from catalog.service.jobs.process import CANCEL, STOP, Child, Steps, end_left_over, environment_for
from catalog.service.jobs.progress import Heard
from catalog.service.jobs.values import Job, JobState, Order
from catalog.service.responses.problems import Problem
from catalog.service.values import Caller
from catalog.settings.loading import Settings
from catalog.store.database import Catalog
from catalog.workflow import new_scan_id, utc_now
from verifier.errors import CatalogError, LandproofError, UnknownError

if TYPE_CHECKING:
    from catalog.service.current.copy import Current

MOST_RUNNING, MOST_WAITING = 2, 20
_NOT_RECORDED = "; it is not on record, since nothing can be written there"


@dataclass(slots=True)
class _Running:
    """A job that runs: its process, the thread that leads it, and the steps by which it was last asked to end."""

    thread: threading.Thread
    child: Child | None = None
    steps: Steps | None = None


class Jobs:
    """The jobs of one service, running, waiting and past; the copy that answers is renewed when one ends."""

    def __init__(self, settings: Settings, config: Path | None, catalog: Catalog, current: Current) -> None:
        """Make ready; nothing is read or started before `start`."""
        self._ground, self._current = Ground(settings, config, catalog), current
        self._files = JobFiles(settings.service_state(catalog.path) / "jobs")
        self._jobs: dict[str, Job] = {}
        self._running: dict[str, _Running] = {}
        self._lock = threading.RLock()
        self._version = 0
        self._is_stopping = False
        self.trouble: CatalogError | None = None
        """What keeps the service from taking jobs."""

    @property
    def version(self) -> int:
        """A number that grows whenever anything about any job changes."""
        return self._version

    def start(self) -> None:
        """Read what an earlier run left, and begin to take jobs; where that cannot be, `trouble` says why.

        What was under way then is interrupted, and ended where it still runs.
        """
        try:
            self._files.take()
        except CatalogError as error:
            self.trouble = error
            return
        self._files.sweep()
        for job in self._files.load():
            self._jobs[job.id] = job
            if job.state.is_over:
                continue
            if job.process:
                end_left_over(job.process)
            when = "while this ran" if job.state is JobState.RUNNING else "before this began"
            left = with_files(job, self._files.document_of(job.id), self._files.file_of(job.id))
            self._end(left, JobState.INTERRUPTED, f"the service stopped {when}")
        self._prune()

    def stop(self) -> None:
        """Take no more jobs, and end those that run; what they finished is recorded."""
        self._is_stopping = True
        with self._lock:
            for job in self._waiting():
                self._end(job, JobState.INTERRUPTED, "the service stopped before this began")
            threads = [running.thread for running in self._running.values()]
            for job_id in list(self._running):
                self._ask_to_end(job_id, STOP)
        for thread in threads:
            thread.join()
        self._files.give_back()

    def add(self, order: Order, caller: Caller) -> Job:
        """Take a job, which begins at once or waits its turn. Raises `Problem` where none can be taken."""
        with self._lock:
            self._refuse()
            job = Job(
                id=new_scan_id(),
                order=order,
                asked_by=caller.name,
                way=caller.way.value,
                role=caller.role.value,
                asked_at=utc_now(),
            )
            try:
                self._files.save(job)
            except CatalogError as error:
                raise Problem(503, error.message, error.hint) from error
            self._keep(job)
            self._begin_what_may()
            return self._jobs[job.id]

    def get(self, job_id: str) -> Job:
        """Return a job. Raises `UnknownError` where there is none of that id, or none any more."""
        try:
            return self._jobs[job_id]
        except KeyError:
            raise UnknownError("no job of that id", hint="jobs are kept for a while only") from None

    def all(self) -> list[Job]:
        """Return all jobs that are kept, the newest first."""
        with self._lock:
            return sorted(self._jobs.values(), key=lambda job: job.id, reverse=True)

    def under_way(self) -> list[Job]:
        """Return what runs and then what waits, each in the order it was asked for."""
        with self._lock:
            found = [job for job in self._jobs.values() if not job.state.is_over]
        return sorted(found, key=lambda job: (job.state is JobState.QUEUED, job.id))

    def waits_for(self, job: Job) -> str | None:
        """Say what keeps a job that is queued from running; None for all others."""
        if job.state is not JobState.QUEUED:
            return None
        with self._lock:
            ahead = [one for one in self.under_way() if one.state is JobState.RUNNING or one.id < job.id]
            for other in ahead:
                if shared := sorted(job.order.locks & other.order.locks):
                    return f"the {other.order.command} that has {', '.join(shared)}, asked for by {other.asked_by}"
        return f"one of the {MOST_RUNNING} jobs that run to end"

    def cancel(self, job_id: str) -> Job:
        """End a job: one that waits at once, one that runs once it recorded what it finished. Raises `UnknownError`."""
        with self._lock:
            job = self.get(job_id)
            if job.state is JobState.QUEUED:
                self._end(job, JobState.CANCELLED, "taken back before it began")
                self._begin_what_may()
            elif job.state is JobState.RUNNING:
                self._keep(replace(job, is_being_ended=True))
                self._ask_to_end(job_id, CANCEL)
            return self._jobs[job_id]

    def document_of(self, job: Job) -> Path | None:
        """Return the file with the document of a job, None where it has none."""
        return self._files.document_of(job.id) if job.document_bytes else None

    def file_of(self, job: Job) -> Path | None:
        """Return the file that a job made, None where it made none."""
        return self._files.file_of(job.id) if job.file_bytes is not None else None

    def _refuse(self) -> None:
        if self.trouble is not None:
            raise Problem(503, self.trouble.message, self.trouble.hint)
        if self._is_stopping:
            raise Problem(503, "the service is about to stop", headers={"Retry-After": "10"})
        if len(self._waiting()) >= MOST_WAITING:
            hint = "wait for some of them, or cancel them"
            raise Problem(429, f"{MOST_WAITING} jobs wait already", hint, headers={"Retry-After": "60"})

    def _waiting(self) -> list[Job]:
        return [job for job in self.under_way() if job.state is JobState.QUEUED]

    def _begin_what_may(self) -> None:
        """Begin what waits, in its order; what waits for a zone is not overtaken by what wants the same."""
        with self._lock:
            taken = frozenset[str]().union(*(self._jobs[job_id].order.locks for job_id in self._running))
            for job in self._waiting():
                if self._is_stopping or len(self._running) >= MOST_RUNNING:
                    return
                if not job.order.locks & taken:
                    thread = threading.Thread(target=self._lead, args=(job.id,), name=f"job-{job.id}", daemon=True)
                    self._running[job.id] = _Running(thread)
                    self._keep(replace(job, state=JobState.RUNNING, started_at=utc_now()))
                    thread.start()
                taken |= job.order.locks

    def _ask_to_end(self, job_id: str, steps: Steps) -> None:
        running = self._running[job_id]
        running.steps = steps
        if running.child is not None:
            running.child.end(steps)

    def _lead(self, job_id: str) -> None:
        """Run one job from its beginning to its end, in a thread of its own; whatever happens, it has an end."""
        heard, status = Heard(), None
        try:
            status = self._run(self._jobs[job_id], heard)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            heard.message, heard.hint = f"the command cannot be started: {reason}", "make room in the state folder"
        finally:
            with suppress(LandproofError):  # which the copy tells of itself
                self._current.renew_now()
            with self._lock:
                self._running.pop(job_id, None)
                over = outcome(self._jobs[job_id], status, heard, is_stopping=self._is_stopping)
                over = with_files(over, self._files.document_of(job_id), self._files.file_of(job_id))
                self._end(over, over.state, over.message)
                self._prune()
                self._begin_what_may()

    def _run(self, job: Job, heard: Heard) -> int:
        words = self._ground.words(job.order, self._files.file_of(job.id))
        environment = environment_for(f"{job.asked_by} ({job.way})")
        child = Child(words, environment, self._files.document_of(job.id))
        with self._lock:
            running = self._running[job.id]
            running.child = child
            if running.steps:
                child.end(running.steps)
            self._keep(replace(self._jobs[job.id], process=child.identity))
            with suppress(CatalogError):  # told at the end, when it still cannot be written
                self._files.save(self._jobs[job.id])

        def hear(line: str) -> None:
            before = heard.progress
            heard.take(line)
            if heard.progress != before:
                with self._lock:
                    self._keep(replace(self._jobs[job.id], progress=heard.progress))

        return child.wait(hear)

    def _end(self, job: Job, state: JobState, message: str | None) -> None:
        over = replace(job, state=state, message=message, finished_at=utc_now(), is_being_ended=False, process=None)
        try:
            self._files.save(over)
        except CatalogError:
            over = replace(over, message=(message or "it came to its end") + _NOT_RECORDED)
        self._keep(over)

    def _keep(self, job: Job) -> None:
        with self._lock:
            self._version += 1
            self._jobs[job.id] = replace(job, version=self._version)

    def _prune(self) -> None:
        gone, emptied = self._files.prune(self._jobs.values(), utc_now())
        for job_id in gone:
            del self._jobs[job_id]
        for job_id in emptied:
            job = replace(self._jobs[job_id], document_bytes=None, file_bytes=None)
            with suppress(CatalogError):
                self._files.save(job)
            self._keep(job)
