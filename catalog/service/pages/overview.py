"""The address of the Overview, as page and as document; what it tells is the view's."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from catalog.answers import Document
from catalog.questions.inquiry import Inquiry
from catalog.service.api.parameters import READING, Text
from catalog.service.current.copy import Current
from catalog.service.drawing.days import TONES, Run
from catalog.service.drawing.strip import DAY, HEIGHT, draw_strip, strip_width
from catalog.service.pages.beginning import being_judged, tell
from catalog.service.responses.answering import answer, page
from catalog.service.service import Asked, nothing_recorded, service_of
from catalog.service.views.overview import Board, OverviewQuestion, Sort, board_of, overview
from catalog.service.views.overview_rows import DAYS, STATES

router = APIRouter(dependencies=READING)


class OverviewQuery(BaseModel):
    """What may be asked of the Overview."""

    zone: Text = Field(None, description="Only datasets of this zone.", examples=["cja"])
    state: Text = Field(None, description=f"Only datasets in this state: {', '.join(STATES)}.")
    q: Text = Field(None, description="Only datasets whose name, id or zone has this in it.")
    sort: Sort = Field(Sort.ZONE, description="In which order; by zone they are grouped.")
    format: Text = Field(None, description="`json` for the document in place of the page.")

    def question(self) -> OverviewQuestion:
        """Return what is asked."""
        return OverviewQuestion(zone=self.zone, state=self.state, text=self.q, sort=self.sort)


Asking = Annotated[OverviewQuery, Query()]


@router.get("/", include_in_schema=False)
def overview_page(request: Request, query: Asking) -> Response:
    """Show what needs a person tonight, and every dataset; before there is any of that, what to do."""
    service = service_of(request)
    if service.is_before_all:
        return tell(request, nothing_recorded(service))
    document = _document(request, service.current.inquiry(), query)
    if document is None:
        return tell(request, being_judged())
    return page(request, "overview.html", document, beginning=None, strip=_strip, strip_width=strip_width(DAYS),
                strip_height=HEIGHT, day_width=DAY, states=STATES, tones=TONES, sorts=list(Sort))  # fmt: skip


@router.get("/api/v1/overview", tags=["pages"], summary="What needs a person, and every dataset as it stands")
def overview_document(request: Request, inquiry: Asked, query: Asking) -> Response:
    """Return what the Overview shows: `landproof/overview/1`."""
    document = _document(request, inquiry, query)
    if document is None:
        raise being_judged()
    return answer(request, document)


def _document(request: Request, inquiry: Inquiry, query: OverviewQuery) -> Document | None:
    board = _boards(request).board(inquiry)
    return None if board is None else overview(board, query.question())


def _strip(days: list[Document]) -> list[object]:
    runs = [Run(date.fromisoformat(d["from"]), date.fromisoformat(d["to"]), d["word"]) for d in days]
    return list(draw_strip(runs))


class Boards:
    """Keeps the newest board."""

    def __init__(self, current: Current) -> None:
        self._current = current
        self._turn = threading.Lock()
        self._kept: tuple[Hashable, Board] | None = None

    def board(self, inquiry: Inquiry) -> Board | None:
        """Return what there is to tell now, None while that is judged for the first time.

        Raises `LandproofError` where nothing can be judged.
        """
        known = self._current.recovered()
        judged = self._current.judged_or_none()
        if judged is None:
            return None
        key = (judged.generation, judged.at, self._current.generation, id(known))
        kept = self._kept
        if kept and kept[0] == key:
            return kept[1]
        with self._turn:
            kept = self._kept
            if not kept or kept[0] != key:
                kept = key, board_of(inquiry, judged.document, judged.at, known)
                self._kept = kept
        return kept[1]


def _boards(request: Request) -> Boards:
    state = request.app.state
    if not hasattr(state, "boards"):
        state.boards = Boards(service_of(request).current)
    boards: Boards = state.boards
    return boards
