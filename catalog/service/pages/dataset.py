"""The address of the Dataset page, as page and as document; what it tells is the view's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from catalog.answers import Document
from catalog.questions.inquiry import Inquiry
from catalog.service.api.parameters import READING, Flag, Name, Text, whole_number
from catalog.service.drawing.calendar import Calendar, draw_calendar, spell_day
from catalog.service.drawing.chain import Box, Link, draw_chain
from catalog.service.drawing.days import NOTHING, TONES, DayWord
from catalog.service.drawing.line import Chart, Point, draw_line
from catalog.service.responses.answering import answer, page
from catalog.service.service import Asked, service_of
from catalog.service.views.dataset import DatasetQuestion, dataset
from catalog.store.series import DatasetPlace
from verifier.errors import LandproofError

router = APIRouter(dependencies=READING)

_LAST_YEAR, _LAST_PAGE = 9998, 100_000


def _between(least: int, most: int) -> tuple[object, ...]:
    return PlainValidator(whole_number(least, most)), WithJsonSchema(
        {"type": "integer", "minimum": least, "maximum": most}
    )


class PageQuery(BaseModel):
    """What may be asked of the page of a dataset."""

    year: Annotated[int | None, *_between(1, _LAST_YEAR)] = Field(
        None,
        description="The year of calendar, lines and exports; the last twelve months unless given.",
        examples=[2026],
    )
    page: Annotated[int, *_between(1, _LAST_PAGE)] = Field(1, description="Which page of its exports, 20 each.")
    measure: Flag = Field(default=False, description="Measure its recovery points, too, which takes longer.")
    format: Text = Field(None, description="`json` for the document in place of the page.")

    def question(self) -> DatasetQuestion:
        """Return what is asked."""
        return DatasetQuestion(year=self.year, page=self.page, measures=self.measure)


class DocumentQuery(PageQuery):
    """The same, with the dataset."""

    dataset: Name = Field(description="Id, ZONE/ID or a unique name.", examples=["cja/64e019a5b2cb90c86ba7d819"])


@router.get("/datasets/{zone}/{dataset_id}", include_in_schema=False)
def dataset_page(
    request: Request, inquiry: Asked, zone: str, dataset_id: str, query: Annotated[PageQuery, Query()]
) -> Response:
    """Show one dataset."""
    document = _document(request, inquiry, (zone, dataset_id), query)
    return page(request, "dataset.html", document, **drawings(document), tones=TONES)


@router.get("/api/v1/dataset", tags=["pages"], summary="One dataset: its slots, exports, chain and what was said of it")
def dataset_document(request: Request, inquiry: Asked, query: Annotated[DocumentQuery, Query()]) -> Response:
    """Return what the page of a dataset shows: `landproof/dataset/1`."""
    place = inquiry.known_dataset(query.dataset)
    return answer(request, _document(request, inquiry, place, query))


def _document(request: Request, inquiry: Inquiry, place: DatasetPlace, query: PageQuery) -> Document:
    trouble, judged = None, None
    try:
        judged = service_of(request).current.judged().document
    except LandproofError as error:  # what landed and what a restore takes can be told all the same
        trouble = {"message": error.message, "hint": error.hint}
    return dataset(inquiry, place, judged, query.question()) | {"trouble": trouble}


def drawings(document: Document) -> dict[str, Any]:
    """Return what the template draws: the year, the lines, the chain."""
    return {
        "calendar": _calendar(document),
        "day_links": {one["date"]: one["snapshot"] for one in document["calendar"]["days"] if one["snapshot"]},
        "spell_day": spell_day,
        "rows_chart": _chart(document, "rows"),
        "bytes_chart": _chart(document, "bytes"),
        "chain_boxes": _chain(document),
    }


def _calendar(document: Document) -> Calendar:
    told = document["calendar"]
    known = {one["date"]: one for one in told["days"]}
    first, last = date.fromisoformat(told["from"]), date.fromisoformat(told["to"])
    days = []
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        one = known.get(day.isoformat())
        days.append(DayWord(day, one["word"], one["worst"], one["slots"]) if one else DayWord(day, NOTHING))
    return draw_calendar(days)


def _chart(document: Document, field: str) -> Chart:
    series = document["series"]
    points = [
        Point(datetime.fromisoformat(one["at"]), one[field], is_missing=one["word"] == "missing")
        for one in series["points"]
        if _is_drawn(one, field)
    ]
    period = datetime.fromisoformat(series["from"]), datetime.fromisoformat(series["to"])
    changes = enumerate(document["schema_changes"], 1)
    moments = [(datetime.fromisoformat(one["at"]), str(number)) for number, one in changes]
    return draw_line(points, period, moments)


def _is_drawn(one: Document, field: str) -> bool:
    """What landed and was not counted is neither a value nor a hole."""
    return one[field] is not None or one["bytes"] is None


def _chain(document: Document) -> list[Box]:
    links = document["chain"]["links"] if document["chain"] else []
    return draw_chain(
        [
            Link(
                one["kind"],
                one["count"],
                datetime.fromisoformat(one["from"]),
                datetime.fromisoformat(one["to"]),
                tuple(one["reasons"]),
            )
            for one in links
        ]
    )
