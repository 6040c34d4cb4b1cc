"""The addresses of findings, as pages and below the API; what was found is told by the views."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from catalog.service.api.documents import described
from catalog.service.api.finding_documents import FindingDocument, FindingsDocument
from catalog.service.api.parameters import (
    DATASET,
    FROM,
    READING,
    TO,
    USUAL,
    ZONE,
    Limit,
    Text,
    word_of,
    word_or_none,
    words_or_empty,
)
from catalog.service.responses.answering import answer, page
from catalog.service.responses.links import API, url_with
from catalog.service.service import AskedThen
from catalog.service.views import finding, findings
from catalog.service.views.finding import FindingQuestion
from catalog.service.views.findings import FindingsQuestion
from catalog.settings.values import shown
from catalog.store.finding_search import Grouping
from catalog.store.queries import dataset_names
from verifier.findings import REGISTER

router = APIRouter(tags=["findings"])

_ADDRESS = "/findings/{code}/{zone}/{dataset_id}/{export_time}/{digest}"


_LONGEST_CURSOR, _MOST_CODES = 20_000, 200
_CODE = re.compile(r"[a-z0-9.-]{0,60}")


def _several(value: object) -> list[object]:
    """Read what may be said several times; a form sends an empty text for nothing said."""
    said = value if isinstance(value, list | tuple) else [value]
    if len(said) > _MOST_CODES:
        raise ValueError(f"expected at most {_MOST_CODES}, got {len(said)}")
    return [one for one in said if one not in (None, "")]


def _codes(value: object) -> list[str]:
    return [_code(one) for one in _several(value)]


def _code(value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise ValueError(f"expected a code such as parquet.corrupt-page, got {shown(value)}")
    return value


def _levels(value: object) -> list[str]:
    return [one.value for one in map(word_of(LevelWord), _several(value))]


def _cursor(value: object) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_CURSOR:
        raise ValueError("expected one that an answer gave as next, got another")
    return value


class LevelWord(StrEnum):
    """Which levels may be asked for."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    ANY = "any"


class StateWord(StrEnum):
    """Of which states findings may be asked for."""

    OPEN = "open"
    ALL = "all"


class AnswerWord(StrEnum):
    """Yes or no, where neither may be meant."""

    YES = "true"
    NO = "false"


_CODES = WithJsonSchema(
    {"type": "array", "items": {"type": "string", "pattern": f"^{_CODE.pattern}$"}, "maxItems": _MOST_CODES}
)
_LEVELS = WithJsonSchema({"type": "array", "items": words_or_empty(LevelWord), "maxItems": _MOST_CODES})


class FindingsQuery(BaseModel):
    """The query of a list of findings."""

    model_config = ConfigDict(populate_by_name=True)

    code: Annotated[list[str], PlainValidator(_codes), _CODES] = Field(
        [], description="Only findings of these codes.", examples=[["parquet.corrupt-page"]]
    )
    level: Annotated[list[str], PlainValidator(_levels), _LEVELS] = Field(
        [], description="Only of these levels; without it errors and warnings, or all of a code."
    )
    family: Text = Field(None, description="Only codes of this family.", examples=["parquet"])
    zone: Text = ZONE
    dataset: Text = DATASET
    start: Text = FROM
    end: Text = TO
    accepted: Annotated[AnswerWord | None, *word_or_none(AnswerWord)] = Field(
        None, description="Only those that somebody accepted, or only the others."
    )
    state: Annotated[StateWord | None, *word_or_none(StateWord)] = Field(
        None, description="Those of the newest state of each snapshot (open, if not said), or all ever seen."
    )
    group: Annotated[Grouping | None, *word_or_none(Grouping)] = Field(
        None, description="What they are counted by; if not said the code, or of one code the dataset."
    )
    text: Text = Field(None, description="Only with this in message, path, expected or actual, in any case.")
    limit: Limit = Field(USUAL, description="How many findings a page has at most.")
    cursor: Annotated[str | None, PlainValidator(_cursor), WithJsonSchema({"type": "string"})] = Field(
        None, description="Where the page before this one said that it goes on: its `next`."
    )

    def question(self) -> FindingsQuestion:
        """Return the question that the view answers."""
        return FindingsQuestion(
            codes=tuple(self.code),
            levels=tuple(self.level),
            family=self.family,
            zone=self.zone,
            dataset=self.dataset,
            start=self.start,
            end=self.end,
            accepted=None if self.accepted is None else self.accepted is AnswerWord.YES,
            only_open=self.state is not StateWord.ALL,
            group=self.group or (Grouping.DATASET if len(self.code) == 1 else Grouping.CODE),
            text=self.text,
            cursor=self.cursor,
            limit=self.limit,
        )


class FindingsPageQuery(FindingsQuery):
    """What the page takes, too."""

    format: Literal["json", "html", ""] | None = None


class FindingPageQuery(BaseModel):
    """What the page of one finding takes."""

    format: Literal["json", "html", ""] | None = None


async def _named(
    code: Annotated[str, Path(description="The code of the finding.")],
    zone: Annotated[str, Path(description="The zone of its snapshot.")],
    dataset_id: Annotated[str, Path(description="The dataset of its snapshot.")],
    export_time: Annotated[str, Path(description="The export time of its snapshot, as in its id.")],
    digest: Annotated[str, Path(description="The last part of its `id`: a digest of path and place.")],
) -> FindingQuestion:
    return FindingQuestion(code=code, snapshot=f"{zone}/{dataset_id}/{export_time}", digest=digest)


Named = Annotated[FindingQuestion, Depends(_named)]
"""Which finding an address is of."""


@router.get("/findings", include_in_schema=False, dependencies=READING)
def findings_page(request: Request, inquiry: AskedThen, query: Annotated[FindingsPageQuery, Query()]) -> Response:
    """Show what was found."""
    document = findings.findings(inquiry, query.question())
    names = dataset_names(inquiry.catalog)
    choices = {
        "codes": list(REGISTER),
        "families": findings.families(),
        "zones": sorted({*inquiry.settings.zones, *(zone for zone, _, _ in names)}),
        "datasets": [(f"{zone}/{dataset_id}", name) for zone, dataset_id, name in names],
    }
    return page(request, "findings.html", document, said=_said(request), choices=choices, cursor=query.cursor)


@router.get(_ADDRESS, include_in_schema=False, dependencies=READING)
def finding_page(
    request: Request, inquiry: AskedThen, asked: Named, _: Annotated[FindingPageQuery, Query()]
) -> Response:
    """Show one finding over time."""
    document = finding.finding(inquiry, asked)
    about = findings.about(inquiry, asked.code) if asked.code in REGISTER else None
    history = shlex.join(["landproof", "history", document["snapshot"]["id"]])  # it may be pasted into a shell
    return page(request, "finding.html", document, about=about, history=history)


@router.get(
    f"{API}/findings",
    summary="What was found",
    dependencies=READING,
    responses=described(FindingsDocument),
    description="Findings of snapshots, newest export first, counted in groups. "
    "A finding seen again is the same where code, snapshot, path and place are.",
)
def findings_answer(request: Request, inquiry: AskedThen, query: Annotated[FindingsQuery, Query()]) -> Response:
    """Return what was found, as a document."""
    document = findings.findings(inquiry, query.question())
    headers = {}
    if document["next"]:
        link = url_with(f"{API}/findings", **_said(request), cursor=document["next"])
        headers["Link"] = f'<{link}>; rel="next"'
    return answer(request, document, headers)


@router.get(
    f"{API}{_ADDRESS}",
    summary="One finding over time",
    dependencies=READING,
    responses=described(FindingDocument),
    description="The `id` of a finding is the end of this address. Every recorded state of its snapshot with whether "
    "the finding was there, and every time that somebody accepted it or took that back.",
)
def finding_answer(request: Request, inquiry: AskedThen, asked: Named) -> Response:
    """Return one finding over time, as a document."""
    return answer(request, finding.finding(inquiry, asked))


def _said(request: Request) -> dict[str, str | list[str]]:
    """Return what is said, by the names of the address; without the cursor, which belongs to one page only."""
    given = request.query_params
    names = [name for name in given if name not in ("cursor", "format") and any(given.getlist(name))]
    return {name: given.getlist(name) if name in ("code", "level") else given[name] for name in names}
