"""The pages of jobs: all that are kept, and one; what they show is told by the views."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from catalog.service.access.callers import Viewer
from catalog.service.jobs.ask import may_cancel
from catalog.service.jobs.events import fragments
from catalog.service.responses.answering import page
from catalog.service.responses.rendering import render
from catalog.service.service import service_of
from catalog.service.views.jobs import job_view, jobs_view

router = APIRouter(include_in_schema=False)


@router.get("/jobs")
def jobs(request: Request, _: Viewer) -> Response:
    """Show all jobs that are kept."""
    return page(request, "jobs.html", jobs_view(service_of(request).jobs))


@router.get("/jobs/{job_id}")
def job(request: Request, job_id: str, caller: Viewer) -> Response:
    """Show one job: how far it is, or what came of it."""
    jobs = service_of(request).jobs
    found = jobs.get(job_id)
    return page(request, "job.html", job_view(jobs, found), may_cancel=may_cancel(caller, found))


@router.get("/jobs/{job_id}/live")
async def job_live(request: Request, job_id: str, caller: Viewer) -> Response:
    """Send how far a job is, as a piece of its page, whenever it is further."""
    jobs = service_of(request).jobs
    jobs.get(job_id)

    def piece() -> str:
        return render(request, "job_now.html", {"document": job_view(jobs, jobs.get(job_id))})

    return fragments(
        caller.name,
        lambda: jobs.get(job_id).version,
        piece,
        lambda: jobs.get(job_id).state,
        lambda: jobs.get(job_id).state.is_over,
    )
