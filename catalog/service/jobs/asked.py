"""What a request for a job may say, command by command; what it comes to is not decided here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from catalog.evidence.sampling import By
from verifier.model import Depth


def _printed(text: str) -> str:
    if not all(c.isprintable() or c == "\u00a0" for c in text):
        raise ValueError("expected text on one line, without control characters")
    return text


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_printed)]
Texts = Annotated[list[Text], BeforeValidator(_listed), Field(max_length=200)]
Form = Literal["html", "pdf", "csv", "json"]


class JobAsked(BaseModel):
    """What all have in common: nothing beyond the options that are named is taken."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ScanAsked(JobAsked):
    """Look at zones: list, verify, record."""

    command: Literal["scan"]
    zone: Annotated[Text | None, Field(description="Only this zone (default: all).", examples=["lake"])] = None
    dataset: Annotated[Text | None, Field(description="Only this dataset: id, ZONE/ID or name.")] = None
    snapshot: Annotated[Text | None, Field(description="Only this snapshot: ZONE/DATASET_ID/EXPORT_TIME.")] = None
    depth: Annotated[Depth, Field(description="How hard to look.")] = Depth.FULL
    reverify: Annotated[
        Text | None,
        Field(description="Read again what has not changed: all, sample:PCT, older-than:DAYS or budget:BYTES."),
    ] = None
    estimate: Annotated[bool, Field(description="Only list, and say what a scan would read; records nothing.")] = False
    accept_vanished: Annotated[bool, Field(description="Believe a listing that lacks many known files.")] = False


class CheckAsked(JobAsked):
    """Judge the schedules against the catalog, and record it."""

    command: Literal["check"]
    zone: Annotated[Text | None, Field(description="Only this zone (default: all).")] = None


class DrillAsked(JobAsked):
    """Try a restore in a scratch database, and count its rows."""

    command: Literal["drill"]
    dataset: Annotated[Text, Field(description="Id, ZONE/ID or name.")]
    as_of: Annotated[Text | None, Field(description="The moment to go back to (default: now).")] = None
    depth: Annotated[Depth, Field(description="How hard a snapshot was looked at, at least, to count.")] = Depth.FULL
    accept_gaps: Annotated[bool, Field(description="Pass without what was exported in gaps.")] = False


class PlanAsked(JobAsked):
    """Accept the gaps of a restore plan, on record; a plan that accepts none is a look-up."""

    command: Literal["restore plan"]
    dataset: Annotated[Text, Field(description="Id, ZONE/ID or name.")]
    as_of: Annotated[Text | None, Field(description="The moment to go back to (default: now).")] = None
    depth: Annotated[Depth, Field(description="How hard a snapshot was looked at, at least, to count.")] = Depth.FULL
    reason: Annotated[Text, Field(description="Why the gaps are accepted; recorded with them.")]


class SelftestAsked(JobAsked):
    """Damage copies of real snapshots in every known way: each control must notice."""

    command: Literal["audit selftest"]
    dataset: Annotated[Text | None, Field(description="The newest good snapshot of this one.")] = None


class PeriodAsked(JobAsked):
    """What is about a period."""

    start: Annotated[Text, Field(alias="from", description="Slots due and exports from here on.")]
    end: Annotated[Text, Field(alias="to", description="Up to here, a whole day where it is a date.")]
    dataset: Annotated[Texts, Field(description="Only these datasets: id, ZONE/ID or name.")] = []
    zone: Annotated[Text | None, Field(description="Only this zone (default: all).")] = None


class ReportAsked(PeriodAsked):
    """Report on a period, for an auditor; the report is the file of the job."""

    command: Literal["audit report"]
    format: Annotated[Form, Field(description="How the file is written.")] = "html"


class BundleAsked(PeriodAsked):
    """Write all evidence of a period into one file, the file of the job."""

    command: Literal["audit bundle"]


class SampleAsked(JobAsked):
    """Draw slots at random, by a seed, so that anybody can draw the same; the document is the sample."""

    command: Literal["audit sample"]
    seed: Annotated[Text, Field(description="Any text of one line; the same one gives the same sample.")]
    count: Annotated[int, Field(ge=1, le=10_000, description="How many rows to take, or of each part.")] = 25
    by: Annotated[By | None, Field(description="Take so many of each status, dataset or zone.")] = None
    start: Annotated[
        Text | None, Field(alias="from", description="Slots due from here on (default: 35 days before the end).")
    ] = None
    end: Annotated[Text | None, Field(alias="to", description="Slots due up to here (default: now).")] = None
    dataset: Annotated[Text | None, Field(description="Only this dataset: id, ZONE/ID or name.")] = None


class LedgerAsked(JobAsked):
    """Verify the ledger, its checkpoints, and what it tells."""

    command: Literal["ledger verify"]


class CatalogAsked(JobAsked):
    """Compare the catalog with its segments, and with itself."""

    command: Literal["catalog verify"]


Asked = Annotated[
    ScanAsked
    | CheckAsked
    | DrillAsked
    | PlanAsked
    | SelftestAsked
    | ReportAsked
    | BundleAsked
    | SampleAsked
    | LedgerAsked
    | CatalogAsked,
    Field(discriminator="command"),
]
"""What a request for a job says."""
