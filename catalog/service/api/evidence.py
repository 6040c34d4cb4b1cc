"""What the record rests on, over HTTP: holds, waivers, acceptances, the ledger's head, public keys, the metrics."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from catalog.answers import Document, moment
from catalog.holding_answers import hold_document
from catalog.ledger.key_files import list_keys
from catalog.ledger_answers import keys_document
from catalog.metrics.answers import metrics_document
from catalog.saying_answers import accept_document, waive_document
from catalog.service.access.callers import Auditor, Viewer
from catalog.service.api.documents import (
    AcceptDocument,
    HoldDocument,
    KeysDocument,
    LedgerDocument,
    MetricsDocument,
    WaiveDocument,
    described,
)
from catalog.service.api.paging import paged
from catalog.service.api.parameters import READING, Paged
from catalog.service.api.questions import WaiversAsked
from catalog.service.responses.answering import answer
from catalog.service.responses.links import API
from catalog.service.service import Asked, service_of
from catalog.shelving import keys_of
from catalog.store.holds import list_holds
from catalog.store.ledger import newest_entry_at, read_head
from catalog.store.said import list_acceptances, list_waivers

router = APIRouter(prefix=API, tags=["record"], dependencies=READING)


@router.get("/hold", summary="List holds", responses=described(HoldDocument))
def hold(request: Request, _: Viewer, inquiry: Asked, asked: Annotated[Paged, Query()]) -> Response:
    """The snapshots that are on hold, by id: the document of `landproof hold list`."""
    document = hold_document(list_holds(inquiry.catalog), "on hold")
    return paged(request, document, "holds", lambda one: [one["snapshot"]], asked)


@router.get("/waive", summary="List waivers", responses=described(WaiveDocument))
def waive(request: Request, _: Viewer, inquiry: Asked, asked: Annotated[WaiversAsked, Query()]) -> Response:
    """What is waived, of all datasets or of one: the document of `landproof waive --list`."""
    place = inquiry.known_dataset(asked.dataset) if asked.dataset else (None, None)
    document = waive_document(list_waivers(inquiry.catalog, *place), "waived", inquiry.names)
    return paged(request, document, "waivers", _whole, asked)


@router.get("/accept", summary="List acceptances", responses=described(AcceptDocument))
def accept(request: Request, _: Viewer, inquiry: Asked, asked: Annotated[Paged, Query()]) -> Response:
    """The findings that are accepted: the document of `landproof accept --list`."""
    document = accept_document(list_acceptances(inquiry.catalog), "accepted")
    return paged(request, document, "acceptances", _whole, asked)


@router.get("/ledger", summary="Tell how far the ledger has grown", responses=described(LedgerDocument))
def ledger(request: Request, _: Auditor, inquiry: Asked) -> Response:
    """The catalog's own ledger: its name, its entries, and the newest checkpoint as a signed note. Nothing is verified.

    A job `ledger verify` does that. Who keeps these notes can tell later whether anything was rewritten.
    """
    head, _known = read_head(inquiry.catalog)
    document: Document = {
        "schema": "landproof/ledger/1",
        "origin": head and head.origin,
        "entries": head.peaks.size if head else 0,
        "newest_entry_at": moment(newest_entry_at(inquiry.catalog)),
        "checkpoint": {"size": head.covered, "note": head.note} if head and head.note else None,
    }
    return answer(request, document)


@router.get("/keys", summary="List public keys", responses=described(KeysDocument))
def keys(request: Request, _: Auditor, asked: Annotated[Paged, Query()]) -> Response:
    """The public halves of the keys that sign: the document of `landproof keys list`, but for where they are kept."""
    service = service_of(request)
    listed = list_keys(keys_of(service.settings, service.catalog.path))
    document = keys_document("", listed) | {"folder": None}
    return paged(request, document, "keys", lambda one: [one["fingerprint"]], asked)


@router.get("/metrics", summary="Tell the metrics as a document", responses=described(MetricsDocument))
def metrics(request: Request, _: Viewer) -> Response:
    """The state of the watch: the document of `landproof metrics --json`, a minute old at most.

    In the format of Prometheus, with what the service tells of itself: `/metrics`.
    """
    return answer(request, metrics_document(service_of(request).current.facts()))


def _whole(one: Document) -> list[object]:
    """Waivers and acceptances have no name: all that is said is what tells them apart."""
    return [sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()]
