"""What each address of the API may be asked, as parameters with their types and what they mean; nothing is answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema

from catalog.questions.lookups import SnapshotsQuestion
from catalog.service.api.parameters import (
    DATASET,
    FROM,
    MOST,
    TO,
    ZONE,
    DepthWord,
    Flag,
    Limit,
    Name,
    Paged,
    Text,
    VerdictWord,
    word_of,
)
from verifier.model import Depth


class PlanFormat(StrEnum):
    """How a plan is written: as the document, or as a text for what loads or copies the files."""

    JSON = "json"
    PATHS = "paths"
    SQL = "sql"
    SPARK = "spark"
    SNOWFLAKE = "snowflake"
    RCLONE = "rclone"
    AZCOPY = "azcopy"


_Format = Annotated[
    PlanFormat,
    PlainValidator(word_of(PlanFormat)),
    WithJsonSchema({"type": "string", "enum": [one.value for one in PlanFormat]}),
]
_SNAPSHOT = "ZONE/DATASET_ID/EXPORT_TIME; or DATASET/latest, DATASET/latest-good, DATASET/last-full."


class DatasetsAsked(Paged):
    """Which datasets."""

    zone: Text = ZONE


class SnapshotsWanted(BaseModel):
    """Which snapshots."""

    zone: Text = ZONE
    dataset: Text = DATASET
    verdict: VerdictWord = Field(None, description="Only snapshots with this verdict.")
    from_: Text = FROM
    to: Text = TO
    latest: Flag = Field(default=False, description="Only the newest of each dataset.")
    latest_good: Flag = Field(default=False, description="Only the newest good one of each dataset.")

    def question(self) -> SnapshotsQuestion:
        """Return what is asked for, all of it."""
        return SnapshotsQuestion(
            zone=self.zone,
            dataset=self.dataset,
            verdict=self.verdict,
            start=self.from_,
            end=self.to,
            latest=self.latest,
            latest_good=self.latest_good,
        )


class SnapshotsAsked(SnapshotsWanted, Paged):
    """Which snapshots, and which page of them."""


class FilesAsked(Paged):
    """Which files of a snapshot; most have fewer than a page holds."""

    limit: Limit = Field(MOST, description=f"At most so many files; {MOST} at most.")


class ShowAsked(FilesAsked):
    """Which snapshot."""

    snapshot: Name = Field(description=_SNAPSHOT)


class DiffAsked(FilesAsked):
    """Which two snapshots."""

    a: Name = Field(description=f"A snapshot: {_SNAPSHOT}")
    b: Name = Field(description="Another one.")


class HistoryAsked(Paged):
    """Of what."""

    subject: Name = Field(description=f"The path of a file below its zone, or a snapshot: {_SNAPSHOT}")
    zone: Text = Field(None, description="Only paths of this zone.")


class FindAsked(Paged):
    """What to find."""

    text: Name = Field(description="A part of an id, a name or a path, or the start of a SHA-256.")
    zone: Text = ZONE
    dataset: Text = DATASET
    limit: Limit = Field(20, description=f"At most so many of each kind; {MOST} at most.")


class ScansAsked(Paged):
    """Which scans."""

    zone: Text = Field(None, description="Only scans that looked at this zone.")


class CheckAsked(BaseModel):
    """What to judge, and as of when."""

    zone: list[Name] = Field(default_factory=list, description="Only these zones; repeatable.")
    at: Text = Field(None, description="Judge as of this moment, with all that is known today (default: now).")
    from_: Text = Field(None, alias="from", description="Judge slots due from here on (default: 35 days before).")


class RpoAsked(BaseModel):
    """Of which dataset, over which time."""

    dataset: Name = Field(description="Id, ZONE/ID or name.")
    from_: Text = Field(None, alias="from", description="From here on (default: 30 days before the end).")
    to: Text = Field(None, description="Up to here, not included; a date is all of its day (default: now).")
    objective: Text = Field(None, description="How old what can be recovered may be, such as 36h (default: as set).")


class RetentionAsked(BaseModel):
    """Of which datasets, by which policy."""

    policy: Text = Field(None, description="Such as keep-within=90d or keep-daily=30,keep-weekly=8 (default: as set).")
    dataset: Text = DATASET
    zone: Text = ZONE
    at: Text = Field(None, description="Judge as of this moment (default: now).")


class PlanAsked(BaseModel):
    """What to restore, to when, and how the plan is written."""

    dataset: Name = Field(description="Id, ZONE/ID or name.")
    as_of: Text = Field(None, description="The moment to go back to (default: now).")
    depth: DepthWord = Field(Depth.FULL, description="How hard a snapshot was looked at, at least, to count.")
    accept_gaps: Flag = Field(
        default=False, description="Go on behind gaps; they stay in the plan. Nothing is recorded."
    )
    format: _Format = Field(PlanFormat.JSON, description="The document, or a text for what loads or copies the files.")
    key: list[Name] = Field(default_factory=list, description="With sql: only the last row of each key; repeatable.")
    order_by: Text = Field(None, description="With key: which row of one export is the last.")


class WaiversAsked(Paged):
    """Whose waivers."""

    dataset: Text = DATASET


class SqlAsked(BaseModel):
    """One question."""

    query: Name = Field(description="One SELECT; the views snapshots, files, findings and scans help.")
