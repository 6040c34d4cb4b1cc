"""Long lists whole, as lines of JSON that are sent while they are read; pages of them are answered elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from catalog.answers import Document
from catalog.questions.inquiry import Inquiry
from catalog.questions.lookups import SnapshotsQuestion, snapshots_page
from catalog.service.access.callers import Viewer
from catalog.service.api.few import Few
from catalog.service.api.parameters import MOST, READING
from catalog.service.api.questions import SnapshotsWanted
from catalog.service.responses.links import API
from catalog.service.service import AskedThen

router = APIRouter(prefix=f"{API}/lines", tags=["look-ups"], dependencies=READING)

MEDIA_TYPE = "application/x-ndjson"
_few = Few(2, "long lists")
_LINES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One snapshot a line; the last line is the document without them, and with their `count`.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}


@router.get("/snapshots", summary="List all snapshots, as lines", response_class=StreamingResponse, responses=_LINES)
def snapshots(_: Viewer, request: Request, inquiry: AskedThen, asked: Annotated[SnapshotsWanted, Query()]) -> Response:
    """All snapshots that pass the filters, as known at one moment, the newest first: one a line.

    The last line is the document of `snapshots` without any, with their `count`: where it is missing, so is some of
    the rest.
    """
    lines = _lines(inquiry, asked.question())
    first = next(lines)  # what is wrong with the question is told before the answer begins
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(chain([first], lines), headers=headers, media_type=MEDIA_TYPE)


def _lines(inquiry: Inquiry, question: SnapshotsQuestion) -> Iterator[str]:
    """Yield the lines of a page at a time; what the question holds, it holds until the end."""
    with _few.one():
        after, count = None, 0
        while True:
            document, after = snapshots_page(inquiry, replace(question, limit=MOST, after=after))
            found = document["snapshots"]
            count += len(found)
            yield "".join(_line(one) for one in found)
            if after is None:
                break
        yield _line(document | {"snapshots": None, "more": 0, "next": None, "count": count})


def _line(document: Document) -> str:
    told = {name: value for name, value in document.items() if name != "snapshots"}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
