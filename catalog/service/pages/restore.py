"""The page that plans a restore; what it shows is the view's business."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from catalog.service.access.callers import Viewer
from catalog.service.api.parameters import DepthWord, Flag, Text
from catalog.service.responses.answering import page
from catalog.service.service import AskedThen
from catalog.service.views.restore import RestoreQuestion, restore_view
from verifier.model import Depth

router = APIRouter(include_in_schema=False)


class RestoreParameters(BaseModel):
    """What is to be restored, as the address says; a form sends empty what nobody filled in."""

    dataset: Text = None
    as_of: Text = None
    depth: DepthWord = Depth.FULL
    accept_gaps: Flag = Field(default=False)
    month: Text = None


@router.get("/restore")
def restore_page(
    request: Request, asked: Annotated[RestoreParameters, Query()], inquiry: AskedThen, caller: Viewer
) -> Response:
    """Show what a restore of a dataset to a moment takes, and what is missing."""
    question = RestoreQuestion(
        dataset=(asked.dataset or "").strip(),
        as_of=(asked.as_of or "").strip(),
        depth=asked.depth,
        accepts_gaps=asked.accept_gaps,
        month=asked.month or "",
    )
    return page(request, "restore.html", restore_view(inquiry, question))
