"""The questions that take judging, over HTTP: check, recovery points, retention, plans of restores; records nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.answers import Document
from catalog.judging.chain_values import ChainState
from catalog.questions import judgements
from catalog.questions.inquiry import Inquiry
from catalog.questions.judgements import CheckQuestion, PlanQuestion, RetentionQuestion, RpoQuestion
from catalog.questions.moments import parse_moment
from catalog.restores.answers import restore_plan_document
from catalog.restores.formats import Format, written
from catalog.restores.plan import RestorePlan
from catalog.schedule import shift
from catalog.service.access.callers import Viewer
from catalog.service.api.documents import (
    CheckDocument,
    RestorePlanDocument,
    RetentionDocument,
    RpoDocument,
    described,
    described_text,
)
from catalog.service.api.few import Few
from catalog.service.api.parameters import READING
from catalog.service.api.questions import CheckAsked, PlanAsked, PlanFormat, RetentionAsked, RpoAsked
from catalog.service.current.judging import count_snapshots, judged
from catalog.service.responses.answering import answer
from catalog.service.responses.links import API
from catalog.service.responses.problems import Problem
from catalog.service.service import AskedThen
from verifier.errors import UsageError

router = APIRouter(prefix=API, tags=["judgements"], dependencies=READING)

MOST_DAYS = 400
"""How far back one question may reach: years take minutes to judge, which a job may, and an answer may not."""
MOST_RETAINED = 25_000
_few = Few(2, "questions that take judging")
_MOST_NOTES = 20


@router.get("/check", summary="Judge the schedules", responses=described(CheckDocument))
def check(_: Viewer, request: Request, inquiry: AskedThen, asked: Annotated[CheckAsked, Query()]) -> Response:
    """What is missing, late or bad, by what is recorded: the document of `landproof check`. Nothing is recorded."""
    _refuse_years(inquiry, asked.from_, asked.at, "at")
    question = CheckQuestion(zones=asked.zone, at=asked.at, start=asked.from_)
    with _few.one():
        document = judged(inquiry, "check", question, count_snapshots(inquiry))
    return answer(request, document)


@router.get("/rpo", summary="Measure recovery points", responses=described(RpoDocument))
def rpo(_: Viewer, request: Request, inquiry: AskedThen, asked: Annotated[RpoAsked, Query()]) -> Response:
    """For how long a complete chain was young enough: the document of `landproof rpo`."""
    _refuse_years(inquiry, asked.from_, asked.to, "to")
    question = RpoQuestion(dataset=asked.dataset, start=asked.from_, end=asked.to, objective=asked.objective)
    zone, dataset_id = inquiry.known_dataset(asked.dataset)
    with _few.one():
        document = judged(inquiry, "rpo", question, count_snapshots(inquiry, zone, dataset_id))
    return answer(request, document)


@router.get("/retention", summary="Tell what is still needed", responses=described(RetentionDocument))
def retention(_: Viewer, request: Request, inquiry: AskedThen, asked: Annotated[RetentionAsked, Query()]) -> Response:
    """Which snapshots are still needed, and why: the document of `landproof retention`.

    The stores themselves are not asked for their rules: the service reaches for none. Of more than 25000 snapshots
    name a dataset or a zone.
    """
    question = RetentionQuestion(policy=asked.policy, dataset=asked.dataset, zone=asked.zone, at=asked.at)
    zone, dataset_id = inquiry.find_dataset(asked.dataset) if asked.dataset else (None, None)
    concerned = count_snapshots(inquiry, asked.zone or zone, dataset_id)
    if concerned > MOST_RETAINED:
        hint = "name a dataset or a zone, or ask with: landproof retention"
        raise UsageError(f"retention: expected at most {MOST_RETAINED} snapshots, got {concerned}", hint=hint)
    with _few.one():
        document = judged(inquiry, "retention", question, concerned)
    return answer(request, document)


@router.get(
    "/restore/plan",
    summary="Plan a restore",
    responses=described_text(RestorePlanDocument, "The plan, for what loads or copies its files."),
)
def plan(_: Viewer, request: Request, inquiry: AskedThen, asked: Annotated[PlanAsked, Query()]) -> Response:
    """What a restore needs, what is missing, how far it reaches: the document of `landproof restore plan`.

    With another `format` than json a text: what there is to say beside it is in the headers `Landproof-State`,
    `Landproof-Recovers-To` and `Landproof-Notes` (a JSON array). Of a plan that is broken there is no such text but a
    409, since an empty list would look like nothing to do. Who acts on a plan behind gaps has that recorded by
    `landproof restore run`; here nothing is.
    """
    if asked.key and asked.format is not PlanFormat.SQL:
        raise UsageError("key goes with format=sql")
    if asked.order_by and not asked.key:
        raise UsageError("order_by goes with key")
    question = PlanQuestion(dataset=asked.dataset, as_of=asked.as_of, depth=asked.depth, accepts_gaps=asked.accept_gaps)
    found = judgements.plan(inquiry, question)
    document = inquiry.dated(restore_plan_document(found))
    if asked.format is PlanFormat.JSON:
        return answer(request, document)
    return _text(found, document, asked)


def _text(found: RestorePlan, document: Document, asked: PlanAsked) -> Response:
    if found.chain.state is ChainState.BROKEN:
        hint = "format=json tells what there is; landproof restore plan, too"
        raise Problem(409, f"broken: no usable full export at or before {document['as_of']}", hint)
    text = written(found, Format(asked.format.value), asked.key, asked.order_by)
    notes = list(text.notes)
    if found.chain.state is ChainState.GAP:
        notes.insert(0, f"{document['state']}: recovers to {document['recovers_to']}, asked for {document['as_of']}")
    content = text.text.encode("utf-8", "surrogatepass")
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Cookie, Authorization",
        "Landproof-State": document["state"],
        "Landproof-Recovers-To": document["recovers_to"],
        "Landproof-Notes": _noted(notes),
    }
    return Response(content, headers=headers, media_type="text/plain; charset=utf-8")


def _noted(notes: Sequence[str]) -> str:
    """Write notes as a header can hold them: ASCII, on one line."""
    return json.dumps(list(notes[:_MOST_NOTES]))


def _refuse_years(inquiry: Inquiry, start: str | None, end: str | None, last: str) -> None:
    """Raise `UsageError` for a time that is longer than one answer may take to judge."""
    if start is None:
        return
    until: datetime = parse_moment(end, last, is_end=True) if end else inquiry.now
    since = parse_moment(start, "from")
    if since < shift(min(until, inquiry.now), -timedelta(days=MOST_DAYS)):
        hint = "ask for less, or the command line, which may take its time"
        raise UsageError(f"from: expected at most {MOST_DAYS} days before {last}", hint=hint)
