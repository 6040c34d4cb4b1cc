"""The pages of scans, and with them those of jobs; what they show is told by the views."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from catalog.service.access.callers import Viewer
from catalog.service.api.paging import next_cursor, read_cursor
from catalog.service.api.parameters import Limit, Text
from catalog.service.jobs.events import fragments
from catalog.service.jobs.values import JobState
from catalog.service.pages import jobs
from catalog.service.responses.answering import page
from catalog.service.responses.rendering import render
from catalog.service.service import Asked, inquiry_of, service_of
from catalog.service.views.scans import ScanQuestion, now_view, scan_view, scans_view
from catalog.store.scan_list import ScanFilter
from verifier.errors import UsageError

router = APIRouter(include_in_schema=False)


class _Page(BaseModel):
    """What the address of a list may say."""

    model_config = ConfigDict(extra="forbid")

    cursor: Text = None
    limit: Limit = 30
    format: Text = None


class _Scans(_Page):
    """Which scans."""

    zone: Text = None


@router.get("/scans")
def scans(request: Request, _: Viewer, asked: Annotated[_Scans, Query()]) -> Response:
    """Show what runs now, and what ran."""
    service = service_of(request)
    wanted = ScanFilter(zone=asked.zone, after=_after(request, asked.cursor), limit=asked.limit)
    document, last = scans_view(service, inquiry_of(service), wanted)
    following = None if last is None else next_cursor(request, [last.started_at.isoformat(), last.scan_id])
    return page(request, "scans.html", document | {"next": following}, parameters=_said(asked))


@router.get("/scans/live")
async def scans_live(request: Request, caller: Viewer) -> Response:
    """Send what runs now, as a piece of the page, whenever it is another."""
    service = service_of(request)

    def piece() -> str:
        return render(request, "scans_now.html", {"document": now_view(service)})

    def turn() -> object:
        return [(job.id, job.state) for job in service.jobs.under_way() if job.state is JobState.RUNNING]

    return fragments(caller.name, lambda: service.jobs.version, piece, turn, lambda: False)


@router.get("/scans/{scan_id}")
def scan(request: Request, inquiry: Asked, _: Viewer, scan_id: str, asked: Annotated[_Page, Query()]) -> Response:
    """Show one scan."""
    after = read_cursor(request, asked.cursor)
    if after is not None and (len(after) != 2 or [type(part) for part in after] != [int, str]):
        raise UsageError("cursor: expected one that this list gave, got another")
    question = ScanQuestion(scan_id=scan_id, after=None if after is None else (after[0], after[1]), limit=asked.limit)
    document, last = scan_view(service_of(request), inquiry, question)
    following = None if last is None else next_cursor(request, list(last))
    return page(request, "scan.html", document | {"next": following}, parameters=_said(asked))


def _said(asked: _Page) -> dict[str, Any]:
    return asked.model_dump(exclude_defaults=True, exclude={"format"})


def _after(request: Request, cursor: str | None) -> tuple[datetime, str] | None:
    key = read_cursor(request, cursor)
    if key is None:
        return None
    try:
        began_at, scan_id = datetime.fromisoformat(key[0]), key[1]
    except (TypeError, ValueError, IndexError):
        raise UsageError("cursor: expected one that this list gave, got another") from None
    if began_at.tzinfo is None or not isinstance(scan_id, str):
        raise UsageError("cursor: expected one that this list gave, got another")
    return began_at, scan_id


router.include_router(jobs.router)
