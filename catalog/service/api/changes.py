"""What people decide, over HTTP: waive, accept, hold, each taken back; what that comes to is told by `decisions`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from catalog.answers import Document
from catalog.questions import decisions
from catalog.questions.closing import seal_now
from catalog.questions.decisions import AcceptQuestion, HoldQuestion, WaiveQuestion
from catalog.questions.inquiry import Inquiry
from catalog.saying import Speaker
from catalog.service.access.callers import Changing
from catalog.service.api.forms import FormRoute, done
from catalog.service.api.parameters import READING
from catalog.service.jobs.asked import Text, Texts
from catalog.service.responses.links import API
from catalog.service.responses.problems import Problem
from catalog.service.service import service_of
from catalog.service.values import Caller, Role
from verifier.errors import LandproofError

router = APIRouter(prefix=API, tags=["changes"], route_class=FormRoute, dependencies=READING)

Operating = Annotated[Caller, Depends(Changing(Role.OPERATOR))]
Auditing = Annotated[Caller, Depends(Changing(Role.AUDITOR))]

_TURN = threading.Lock()
_WAIT_SECONDS = 30.0


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class WaiveBody(_Body):
    """The options of `landproof waive`; `lifted` is its --lift."""

    dataset: Annotated[Text, Field(description="Id, ZONE/ID or name.", examples=["cja/64e019a5b2cb90c86ba7d819"])]
    start: Annotated[Text | None, Field(alias="from", description="The first slot that is waived, by when due.")] = None
    end: Annotated[Text | None, Field(alias="to", description="The last one, included.")] = None
    reason: Annotated[Text | None, Field(description="Why; recorded, and shown with every slot.")] = None
    lifted: Annotated[bool, Field(description="Take waivers back: all, or those that meet the period.")] = False


class AcceptBody(_Body):
    """The options of `landproof accept`; `lifted` is its --lift."""

    subject: Annotated[Text, Field(description="ZONE/DATASET_ID/EXPORT_TIME, or a file below its zone.")]
    code: Annotated[Texts, Field(min_length=1, description="The codes of the findings.")]
    reason: Annotated[Text | None, Field(description="Why it is accepted; recorded and shown with it.")] = None
    until: Annotated[Text | None, Field(description="When that ends (default: never).")] = None
    zone: Annotated[Text | None, Field(description="The zone of a file that is in several.")] = None
    lifted: Annotated[bool, Field(description="Take it back.")] = False


class HoldBody(_Body):
    """The options of `landproof hold`."""

    snapshots: Annotated[Texts, Field(min_length=1, description="ZONE/DATASET_ID/EXPORT_TIME, or DATASET/latest.")]
    reason: Annotated[Text, Field(description="Why; recorded and shown with it.")]


@router.post("/waive", summary="Waive slots, or take that back")
def waive(request: Request, caller: Operating, body: WaiveBody) -> Response:
    """Record it, and return the document of `landproof waive`."""
    asked = WaiveQuestion(**body.model_dump())
    return _recorded(request, caller, lambda inquiry, by: decisions.waive(inquiry, asked, by))


@router.post("/accept", summary="Accept findings, or take that back")
def accept(request: Request, caller: Operating, body: AcceptBody) -> Response:
    """Record it, and return the document of `landproof accept`."""
    fields = body.model_dump()
    asked = AcceptQuestion(codes=fields.pop("code"), **fields)
    return _recorded(request, caller, lambda inquiry, by: decisions.accept(inquiry, asked, by))


@router.post("/hold/add", summary="Put snapshots on hold")
def hold_add(request: Request, caller: Auditing, body: HoldBody) -> Response:
    """Record it, and return the document of `landproof hold add`."""
    asked = HoldQuestion(snapshots=body.snapshots, reason=body.reason)
    return _recorded(request, caller, lambda inquiry, by: decisions.hold(inquiry, asked, by))


@router.post("/hold/remove", summary="Take holds back")
def hold_remove(request: Request, caller: Auditing, body: HoldBody) -> Response:
    """Record it, and return the document of `landproof hold remove`."""
    asked = HoldQuestion(snapshots=body.snapshots, reason=body.reason, lifted=True)
    return _recorded(request, caller, lambda inquiry, by: decisions.hold(inquiry, asked, by))


def _recorded(request: Request, caller: Caller, decide: Callable[[Inquiry, Speaker], Document]) -> Response:
    """Record what was decided in the catalog itself, seal it, and let the next answer know of it."""
    service = service_of(request)
    inquiry = Inquiry(service.settings, service.catalog)
    with _turn():
        document = decide(inquiry, decisions.speaker(f"{caller.name} ({caller.way})"))
        trouble = _sealed(inquiry)
    with suppress(LandproofError):  # which the copy tells of itself
        service.current.renew_now()
    return done(request, document | ({"trouble": trouble} if trouble else {}))


def _sealed(inquiry: Inquiry) -> Document | None:
    """Make a checkpoint; return what kept it from being whole: what was decided stands all the same."""
    error: LandproofError | None
    try:
        made = seal_now(inquiry)
        error = made.trouble if made else None
    except LandproofError as raised:
        error = raised
    if error is None:
        return None
    return {"message": f"checkpoint of the ledger: {error.message}", "hint": error.hint}


@contextmanager
def _turn() -> Iterator[None]:
    """Record one thing at a time: two writers in one process would get in each other's way in the database."""
    if not _TURN.acquire(timeout=_WAIT_SECONDS):
        raise Problem(503, "others are recording, and it takes long", headers={"Retry-After": "10"})
    try:
        yield
    finally:
        _TURN.release()
