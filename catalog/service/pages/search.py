"""The Search page, whole or as the part of it that changes while somebody types; what is found is told by the view."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup, escape
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from catalog.evidence.report.words import visible
from catalog.service.api.parameters import READING, Text, whole_number
from catalog.service.responses.answering import page
from catalog.service.responses.rendering import wants_json
from catalog.service.service import AskedThen
from catalog.service.views import search
from catalog.service.views.search import SearchQuestion

router = APIRouter(include_in_schema=False)

_FARTHEST = 10_000
_FEWEST_TYPED = 3
"""What is shorter is in nearly everything: it is looked for when somebody asks for it, not while they type."""
_Offset = Annotated[int, PlainValidator(whole_number(0, _FARTHEST)), WithJsonSchema({"type": "integer"})]


class SearchQuery(BaseModel):
    """What to look for; `kind` and `offset` for more of one kind."""

    q: Text = Field(None, max_length=500)
    zone: Text = None
    kind: Literal["datasets", "snapshots", "files"] | None = None
    offset: _Offset = 0
    as_known_at: Text = None
    format: Literal["json", "html", ""] | None = None

    def question(self) -> SearchQuestion:
        """Return the question that the view answers."""
        return SearchQuestion(text=self.q or "", zone=self.zone, kind=self.kind, offset=self.offset)


@router.get("/search", dependencies=READING)
def search_page(request: Request, inquiry: AskedThen, query: Annotated[SearchQuery, Query()]) -> Response:
    """Show what a text may mean; a snapshot's whole id leads to its page at once, unless somebody still types."""
    asked = query.question()
    is_part = request.headers.get("hx-request") == "true" and request.headers.get("hx-boosted") != "true"
    if is_part and len(asked.text.strip()) < _FEWEST_TYPED:
        asked = replace(asked, text="")
    target = None if is_part or wants_json(request) else search.exact(inquiry, asked.text)
    if target:
        return RedirectResponse(target, status_code=303, headers={"Cache-Control": "private, no-store"})
    document = search.search(inquiry, asked)
    template = "search_found.html" if is_part else "search.html"
    return page(request, template, document, marked=lambda text: _marked(text, document["text"]))


def _marked(text: str, wanted: str) -> Markup:
    """Return a text with every place marked where it has another, in any case; all else of it is escaped."""
    if not wanted:
        return escape(visible(text))
    parts = re.split(f"({re.escape(wanted)})", text, flags=re.IGNORECASE)
    marks = (Markup("<mark>{}</mark>" if at % 2 else "{}").format(visible(part)) for at, part in enumerate(parts))
    return Markup().join(marks)
