"""Jobs over HTTP: ask for one, follow it, take what it made, end it; which there are is told by `jobs.kinds`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query, Request
from fastapi.responses import FileResponse, Response

from catalog.service.access.callers import Viewer
from catalog.service.api.forms import FormRoute, done
from catalog.service.api.parameters import READING
from catalog.service.jobs.ask import refuse_cancel, start_job
from catalog.service.jobs.asked import Asked
from catalog.service.jobs.events import job_events
from catalog.service.jobs.values import Job, JobState, job_document
from catalog.service.responses.answering import answer
from catalog.service.responses.links import API, url_job
from catalog.service.responses.problems import Problem
from catalog.service.service import inquiry_of, service_of
from catalog.service.views.jobs import jobs_view
from verifier.errors import UnknownError

router = APIRouter(prefix=f"{API}/jobs", tags=["jobs"], route_class=FormRoute, dependencies=READING)

JobId = Annotated[str, Path(pattern="^[0-9a-f]{24}$", description="The id of a job.")]
_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf", "csv": "text/csv; charset=utf-8"}
_TYPES |= {"json": "application/json", "zip": "application/zip"}
_SAFELY = {"Cache-Control": "private, no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}
_State = Annotated[JobState | None, Query(description="Only jobs in this state.")]


@router.post("", status_code=202, summary="Have a command run")
def start(
    request: Request,
    caller: Viewer,
    asked: Annotated[Asked, Body(examples=[{"command": "scan", "zone": "lake", "depth": "full"}])],
) -> Response:
    """Take a job: it begins at once, or waits its turn; two that want the same zone run one after the other.

    Answers with `landproof/job/1` and where to follow it. A command that records takes the role operator.
    """
    service = service_of(request)
    job = start_job(service.jobs, inquiry_of(service), asked, caller)
    return _taken(request, job)


@router.get("", summary="List jobs")
def list_jobs(request: Request, _: Viewer, state: _State = None) -> Response:
    """Return all jobs that are kept, the newest first: `landproof/jobs/1`."""
    return answer(request, jobs_view(service_of(request).jobs, state))


@router.get("/{job_id}", summary="Tell how far a job is")
def get_job(request: Request, job_id: JobId, _: Viewer) -> Response:
    """Return a job: `landproof/job/1`."""
    jobs = service_of(request).jobs
    job = jobs.get(job_id)
    return answer(request, job_document(job, jobs.waits_for(job)))


@router.get("/{job_id}/document", summary="The document of the command", response_class=FileResponse)
def get_document(request: Request, job_id: JobId, _: Viewer) -> Response:
    """Return what the command answered, byte for byte."""
    jobs = service_of(request).jobs
    job = _over(jobs.get(job_id))
    path = jobs.document_of(job)
    if path is None or not path.exists():
        raise UnknownError(f"the {job.order.command} left no document", hint=job.message)
    return FileResponse(path, media_type="application/json", headers=_SAFELY)


@router.get("/{job_id}/file", summary="The file that a job made", response_class=FileResponse)
def get_file(request: Request, job_id: JobId, _: Viewer) -> Response:
    """Return the report or the bundle, to be saved."""
    jobs = service_of(request).jobs
    job = _over(jobs.get(job_id))
    path, name = jobs.file_of(job), job.order.file
    if path is None or name is None or not path.exists():
        raise UnknownError(f"the {job.order.command} left no file", hint=job.message)
    kind = _TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    return FileResponse(path, media_type=kind, filename=name, headers=_SAFELY)


@router.get("/{job_id}/events", summary="Follow a job", response_class=Response)
async def get_events(
    request: Request, job_id: JobId, caller: Viewer, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Return server-sent events: `state` with the job, `progress` in between; the stream ends with the job."""
    return job_events(service_of(request).jobs, job_id, last_event_id, caller.name)


@router.post("/{job_id}/cancel", status_code=202, summary="End a job")
def cancel(request: Request, job_id: JobId, caller: Viewer) -> Response:
    """End a job: one that waits at once, one that runs when what it finished is recorded."""
    jobs = service_of(request).jobs
    refuse_cancel(caller, jobs.get(job_id))
    return _taken(request, jobs.cancel(job_id))


def _over(job: Job) -> Job:
    if not job.state.is_over:
        headers = {"Retry-After": "5"}
        raise Problem(409, f"the {job.order.command} is still {job.state}", "follow its events", headers=headers)
    return job


def _taken(request: Request, job: Job) -> Response:
    document = job_document(job, service_of(request).jobs.waits_for(job))
    return done(request, document, 202, location=f"{API}/jobs/{job.id}", page=url_job(job.id))
