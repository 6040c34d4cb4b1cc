"""The page of a snapshot, at its own address and at its shortcuts; what it shows is the view's business."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from catalog.service.access.callers import Viewer
from catalog.service.responses.answering import page
from catalog.service.responses.links import url_snapshot
from catalog.service.service import AskedThen
from catalog.service.views.snapshot import SnapshotQuestion, named_elsewhere, snapshot_view

router = APIRouter(include_in_schema=False)


class SnapshotParameters(BaseModel):
    """What of a snapshot is asked for, as its address says."""

    compare: str = Field(default="", max_length=1000)
    name: str = Field(default="", max_length=1000)
    offset: int = Field(default=0, ge=0, le=10**9)
    proof: bool = False


@router.get("/snapshots/{zone}/{dataset_id}/{export_time}")
def snapshot_page(
    request: Request,
    asked: Annotated[SnapshotParameters, Query()],
    inquiry: AskedThen,
    caller: Viewer,
) -> Response:
    """Show one snapshot; a shortcut leads to the address of the snapshot that it means at this moment."""
    zone, dataset_id, export_time = (request.path_params[name] for name in ("zone", "dataset_id", "export_time"))
    meant = named_elsewhere(inquiry, zone, dataset_id, export_time)
    if meant is not None:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(url_snapshot(meant) + query, 307, {"Cache-Control": "private, no-cache"})
    question = SnapshotQuestion(
        snapshot=f"{zone}/{dataset_id}/{export_time}",
        compare=asked.compare or None,
        name=asked.name,
        offset=asked.offset,
        proof=asked.proof,
    )
    return page(request, "snapshot.html", snapshot_view(inquiry, question))
