"""The look-ups over HTTP: datasets, snapshots and what is in them, scans; questions and pages, nothing is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from catalog.answers import Document
from catalog.questions import lookups
from catalog.questions.inquiry import Inquiry
from catalog.questions.lookups import FindQuestion, HistoryQuestion
from catalog.questions.moments import parse_snapshot_id
from catalog.service.access.callers import Viewer
from catalog.service.api import description, lines
from catalog.service.api.documents import (
    DatasetsDocument,
    DiffDocument,
    FindDocument,
    HistoryDocument,
    RecordedScanDocument,
    ScansDocument,
    ShowDocument,
    SnapshotsDocument,
    described,
)
from catalog.service.api.paging import paged, read_cursor, with_next
from catalog.service.api.parameters import READING, Name
from catalog.service.api.questions import (
    DatasetsAsked,
    DiffAsked,
    FilesAsked,
    FindAsked,
    HistoryAsked,
    ScansAsked,
    ShowAsked,
    SnapshotsAsked,
)
from catalog.service.responses.links import API
from catalog.service.service import AskedThen
from catalog.store.scan_list import ScanFilter
from verifier.errors import UsageError

_routes = APIRouter(prefix=API, tags=["look-ups"], dependencies=READING)
_MOST_FOUND = 100_000


@_routes.get("/datasets", summary="List datasets", responses=described(DatasetsDocument))
def datasets(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[DatasetsAsked, Query()]) -> Response:
    """Datasets with their newest and newest good snapshot, by zone and id: the document of `landproof datasets`."""
    document = lookups.datasets(inquiry, asked.zone)
    return paged(request, document, "datasets", lambda one: (one["zone"], one["dataset_id"]), asked)


@_routes.get("/snapshots", summary="List snapshots", responses=described(SnapshotsDocument))
def snapshots(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[SnapshotsAsked, Query()]) -> Response:
    """Snapshots with their verdicts, the newest on the first page: the document of `landproof snapshots`.

    Within a page they are by zone, dataset and export time, as the command lists them. `more` is how many older ones
    come after the page. All of them at once, as lines: `/api/v1/lines/snapshots`.
    """
    after = read_cursor(request, asked.cursor)
    if after is not None and (len(after) != 1 or not isinstance(after[0], str)):
        raise UsageError("cursor: expected one that this list gave, got another")
    question = replace(
        asked.question(), limit=asked.limit, after=None if after is None else parse_snapshot_id(after[0])
    )
    document, last = lookups.snapshots_page(inquiry, question)
    return with_next(request, document, [str(last)] if last else None)


_SHOWN = described(ShowDocument)


@_routes.get("/show", summary="Show a snapshot", responses=_SHOWN)
def show(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[ShowAsked, Query()]) -> Response:
    """One snapshot with its findings, columns, files and copies: the document of `landproof show`.

    Its files come in pages, by path.
    """
    return _shown(request, inquiry, asked.snapshot, asked)


async def _named(
    zone: Annotated[Name, Path(description="The zone.", examples=["cja"])],
    dataset_id: Annotated[Name, Path(description="The id of the dataset.")],
    export_time: Annotated[Name, Path(description="The export time, in the digits of the folder; or a shortcut.")],
) -> str:
    return f"{zone}/{dataset_id}/{export_time}"


Named = Annotated[str, Depends(_named)]


@_routes.get("/snapshots/{zone}/{dataset_id}/{export_time}", summary="Show a snapshot by its id", responses=_SHOWN)
def snapshot(
    request: Request, name: Named, _: Viewer, inquiry: AskedThen, asked: Annotated[FilesAsked, Query()]
) -> Response:
    """The same as `/api/v1/show?snapshot=ZONE/DATASET_ID/EXPORT_TIME`."""
    return _shown(request, inquiry, name, asked)


def _shown(request: Request, inquiry: Inquiry, name: str, asked: FilesAsked) -> Response:
    _, document = lookups.show(inquiry, name)
    return paged(request, document, "files", lambda one: [one["path"]], asked)


@_routes.get("/diff", summary="Compare two snapshots", responses=described(DiffDocument))
def diff(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[DiffAsked, Query()]) -> Response:
    """How snapshot `b` differs from snapshot `a`: the document of `landproof diff`.

    Its files come in pages, by name.
    """
    document = lookups.diff(inquiry, asked.a, asked.b)
    return paged(request, document, "files", lambda one: [one["name"]], asked)


@_routes.get("/history", summary="Tell how a snapshot or a path came to be", responses=described(HistoryDocument))
def history(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[HistoryAsked, Query()]) -> Response:
    """Every recorded state, the oldest on the first page: the document of `landproof history`."""
    document = lookups.history(inquiry, HistoryQuestion(subject=asked.subject, zone=asked.zone))

    def key(one: Document) -> list[object]:
        return [one["scan_id"], one["recorded_at"], one.get("snapshot_id")]

    return paged(request, document, "revisions", key, asked)


@_routes.get("/find", summary="Find datasets, snapshots and files", responses=described(FindDocument))
def find(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[FindAsked, Query()]) -> Response:
    """What a text may mean, the newest exports on the first page: the document of `landproof find`.

    `limit` is of each kind, and so is `more`. What is recorded between two pages may push things from one to the next:
    then they are told twice, and none is left out.
    """
    after = read_cursor(request, asked.cursor) or [0]
    if len(after) != 1 or not isinstance(after[0], int) or not 0 <= after[0] <= _MOST_FOUND:
        raise UsageError("cursor: expected one that this list gave, got another")
    question = FindQuestion(text=asked.text, zone=asked.zone, dataset=asked.dataset, limit=asked.limit, offset=after[0])
    document = lookups.find(inquiry, question)
    reached = after[0] + asked.limit
    return with_next(
        request, document, [reached] if any(document["more"].values()) and reached <= _MOST_FOUND else None
    )


@_routes.get("/scans", summary="List scans", responses=described(ScansDocument))
def scans(request: Request, _: Viewer, inquiry: AskedThen, asked: Annotated[ScansAsked, Query()]) -> Response:
    """Every look at zones that is on record, the newest first, each with all its zones. No command prints this."""
    wanted = ScanFilter(zone=asked.zone, after=_scan_after(read_cursor(request, asked.cursor)), limit=asked.limit)
    document, last = lookups.scans(inquiry, wanted)
    return with_next(request, document, [last.started_at.isoformat(), last.scan_id] if last else None)


@_routes.get("/scans/{scan_id}", summary="Show a scan", responses=described(RecordedScanDocument))
def scan(
    request: Request,
    scan_id: Annotated[Name, Path(description="Its id, as every document that names a scan has it.")],
    _: Viewer,
    inquiry: AskedThen,
    asked: Annotated[FilesAsked, Query()],
) -> Response:
    """One scan with its zones, and what it recorded of snapshots: of those that were new, had changed or were read."""
    document = lookups.scan(inquiry, scan_id)
    return paged(request, document, "snapshots", lambda one: [one["id"]], asked)


def _scan_after(key: list[Any] | None) -> tuple[datetime, str] | None:
    """Read behind which scan a page begins."""
    if key is None:
        return None
    try:
        began_at, scan_id = key
        at = datetime.fromisoformat(began_at)
    except (TypeError, ValueError):
        at, scan_id = None, None
    if at is None or at.tzinfo is None or not isinstance(scan_id, str):
        raise UsageError("cursor: expected one that this list gave, got another")
    return at, scan_id


router = APIRouter()
for _one in (_routes, lines.router, description.router):
    router.include_router(_one)
