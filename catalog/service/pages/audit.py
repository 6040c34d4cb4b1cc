"""The Audit page, and its forms that have reports, bundles and checks made; what is in these is not its business."""

from __future__ import annotations

import shlex
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.answers import Document
from catalog.service.access.callers import Auditor, Viewer
from catalog.service.api.documents import described
from catalog.service.api.finding_documents import AuditDocument
from catalog.service.api.parameters import READING, Text
from catalog.service.jobs.asked import BundleAsked, LedgerAsked, ReportAsked, SampleAsked
from catalog.service.jobs.kinds import order_of
from catalog.service.jobs.values import job_object
from catalog.service.responses.answering import answer, page
from catalog.service.responses.links import API, url_job
from catalog.service.service import Asked, service_of
from catalog.service.values import Caller, Role
from catalog.service.views import audit
from catalog.service.views.audit import AuditQuestion
from catalog.store.queries import dataset_names
from verifier.errors import UsageError

router = APIRouter(tags=["evidence"])

_COMMANDS = ("audit bundle", "audit report", "audit sample", "ledger verify")
_MOST_PAST = 20


class AuditQuery(BaseModel):
    """Which period is looked at."""

    model_config = ConfigDict(populate_by_name=True)

    start: Text = Field(None, alias="from", description="Slots due from here on; without both the last month.")
    end: Text = Field(None, alias="to", description="Up to here, a whole day where it is a date.")
    zone: Text = Field(None, description="Only this zone.")
    dataset: Text = Field(None, description="Only this dataset: its id, ZONE/ID or a unique name.")

    def question(self) -> AuditQuestion:
        """Return the question that the view answers."""
        return AuditQuestion(start=self.start, end=self.end, zone=self.zone, dataset=self.dataset)


class PageQuery(AuditQuery):
    """What the page takes, too."""

    format: Literal["json", "html", ""] | None = None


class OrderForm(BaseModel):
    """What the forms of the page send."""

    model_config = ConfigDict(populate_by_name=True)

    command: Literal["audit report", "audit bundle", "audit sample", "ledger verify"]
    start: str = Field("", alias="from", max_length=100)
    end: str = Field("", alias="to", max_length=100)
    zone: str = Field("", max_length=500)
    dataset: str = Field("", max_length=500)
    form: Literal["html", "pdf", "csv", "json"] = "html"
    seed: str = Field("", max_length=500)
    count: str = Field("25", max_length=10)
    by: Literal["", "status", "dataset", "zone"] = ""

    def asked(self) -> ReportAsked | BundleAsked | SampleAsked | LedgerAsked:
        """Return the job that is asked for. Raises `UsageError` where a sample cannot be drawn so."""
        if self.command == "audit sample":
            return self._sample()
        if self.command == "ledger verify":
            return LedgerAsked(command=self.command)
        dataset, zone = [self.dataset] if self.dataset else [], self.zone or None
        if self.command == "audit bundle":
            return BundleAsked(command=self.command, start=self.start, end=self.end, dataset=dataset, zone=zone)
        return ReportAsked(
            command=self.command, start=self.start, end=self.end, dataset=dataset, zone=zone, format=self.form
        )

    def _sample(self) -> SampleAsked:
        if self.zone and not self.dataset:
            raise UsageError("a sample is of all zones or of one dataset", hint="choose a dataset, or no zone")
        said = self.model_dump(include={"command", "seed", "count", "by", "start", "end", "dataset"})
        try:
            return SampleAsked.model_validate({name: value for name, value in said.items() if value})
        except ValidationError as error:
            names = ", ".join(sorted({str(one["loc"][0]) for one in error.errors()}))
            hint = "a seed is any text of one line, count a whole number from 1 to 10000"
            raise UsageError(f"a sample cannot be drawn so: {names}", hint=hint) from None


@router.get("/audit", include_in_schema=False, dependencies=READING)
def audit_page(request: Request, inquiry: Asked, caller: Viewer, query: Annotated[PageQuery, Query()]) -> Response:
    """Show a period in figures, and what can be made of it."""
    document = audit.audit(inquiry, query.question())
    names = dataset_names(inquiry.catalog)
    choices = {
        "zones": sorted({*inquiry.settings.zones, *(zone for zone, _, _ in names)}),
        "datasets": [(f"{zone}/{dataset_id}", name) for zone, dataset_id, name in names],
    }
    said = query.model_dump(by_alias=True, exclude_none=True, exclude={"format"})
    is_auditor = caller.role.covers(Role.AUDITOR)
    return page(
        request,
        "audit.html",
        document,
        said=said,
        choices=choices,
        is_auditor=is_auditor,
        past=_past(request, caller),
        commands=_commands(document, query),
    )


@router.get(f"{API}/audit", summary="A period in figures", dependencies=READING, responses=described(AuditDocument))
def audit_answer(request: Request, inquiry: Asked, query: Annotated[AuditQuery, Query()]) -> Response:
    """Return a period in figures, as a document: slots due and proved, exceptions, tests, the ledger's state."""
    return answer(request, audit.audit(inquiry, query.question()))


@router.post("/audit/jobs", include_in_schema=False)
def order(request: Request, inquiry: Asked, caller: Auditor, form: Annotated[OrderForm, Form()]) -> Response:
    """Have a report, a bundle or a verification made, and go to where its progress is shown."""
    job = service_of(request).jobs.add(order_of(inquiry, form.asked()), caller)
    return RedirectResponse(url_job(job.id), status_code=303)


def _commands(document: Document, query: AuditQuery) -> dict[str, str]:
    """Return the same as commands; names are quoted for a shell, where they may be pasted."""
    period = document["period"]
    words = ["--from", query.start or period["from"][:10], "--to", query.end or period["to"][:10]]
    if period["dataset_id"]:
        chosen = ["--dataset", f"{period['zone']}/{period['dataset_id']}"]
    else:
        chosen = ["--zone", period["zone"]] if period["zone"] else []
    return {
        "report": shlex.join(
            ["landproof", "audit", "report", *words, *chosen, "--format", "pdf", "--out", "report.pdf"]
        ),
        "bundle": shlex.join(["landproof", "audit", "bundle", *words, *chosen, "--out", "evidence.zip"]),
        "sample": shlex.join(["landproof", "audit", "sample", "--seed", "SEED", "--count", "25", *words]),
    }


def _past(request: Request, caller: Caller) -> list[dict[str, object]]:
    """Return the newest jobs of this page, for who may have such made."""
    if not caller.role.covers(Role.AUDITOR):
        return []
    jobs = [job for job in service_of(request).jobs.all() if job.order.command in _COMMANDS]
    return [job_object(job) for job in jobs[:_MOST_PAST]]
