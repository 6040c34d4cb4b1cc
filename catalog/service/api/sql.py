"""One question in the user's own SQL, over HTTP; what it may reach and cost is kept by the store, not here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.answers import sql_document
from catalog.questions.inquiry import Inquiry
from catalog.service.access.callers import Auditor
from catalog.service.api.documents import SqlDocument, described
from catalog.service.api.few import Few
from catalog.service.api.parameters import READING
from catalog.service.api.questions import SqlAsked
from catalog.service.responses.answering import answer
from catalog.service.responses.links import API
from catalog.service.service import AskedThen
from catalog.service.values import Caller
from catalog.store.sql import SqlLimits, run_sql

router = APIRouter(prefix=API, tags=["sql"], dependencies=READING)

_LIMITS = SqlLimits(seconds=15.0, rows=5000, memory="384MB", threads=1)
_few = Few(3, "questions in SQL", each=1)


@router.get("/sql", summary="Ask the catalog in SQL", responses=described(SqlDocument))
def sql(request: Request, caller: Auditor, inquiry: AskedThen, asked: Annotated[SqlAsked, Query()]) -> Response:
    """One read-only question: the document of `landproof sql`. It can reach nothing but a copy of the catalog.

    At most 15 s, 384 MB and 5000 rows (`is_cut` says where there were more); one at a time for each caller, three in
    all.
    """
    return _answered(request, caller, inquiry, asked)


@router.post("/sql", summary="Ask the catalog in SQL that is long", responses=described(SqlDocument))
def sql_posted(request: Request, caller: Auditor, inquiry: AskedThen, asked: SqlAsked) -> Response:
    """The same with the question as a JSON body, `{"query": "SELECT …"}`; changes nothing either."""
    return _answered(request, caller, inquiry, asked)


def _answered(request: Request, caller: Caller, inquiry: Inquiry, asked: SqlAsked) -> Response:
    with _few.one(f"{caller.way}:{caller.name}"):
        found = run_sql(inquiry.catalog, asked.query, _LIMITS)
    return answer(request, inquiry.dated(sql_document(found.columns, found.rows, is_cut=found.is_cut)))
