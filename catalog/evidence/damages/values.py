"""The values of a test of controls: a damage, what it does to a copy, what came of it; does nothing to any file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from verifier.formats.base import Limits
from verifier.model import FileKind, SnapshotId


class NotApplicableError(Exception):
    """A damage cannot be done to this snapshot; its text says why, in words for people."""


class When(StrEnum):
    """When the copy is damaged: before anybody looked at it, or after it was recorded whole."""

    FIRST = "before the first look"
    LATER = "after the first look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """The whole copy that damaged ones are made of.

    `root` is the folder that stands for the zone, below which all paths are; `folder` that of the export. `data` is the
    data file to be damaged, the smallest that holds rows, `facts` its counts; `others` are the other data files.
    `landed_at` is when it landed, `now` the moment of the test.
    """

    snapshot: SnapshotId
    root: Path
    folder: str
    kind: FileKind
    data: str
    facts: Mapping[str, int]
    others: tuple[str, ...]
    manifest: str | None
    limits: Limits
    landed_at: datetime
    now: datetime

    def read(self, path: str) -> bytes:
        """Return the bytes of a file of the copy."""
        return (self.root / path).read_bytes()

    @property
    def said(self) -> str:
        """The path of the manifest. Raises `NotApplicableError` where there is none."""
        if self.manifest is None:
            raise NotApplicableError("there is no manifest")
        return self.manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a damaged copy has that the whole one has not, by paths from the zone's root.

    `path` is what is damaged, None for the export as such. `write` files anew, `remove` them, `moved` gives the folder
    of the export another name, `landed_at` the time of all data files; `keeps_time` leaves a written file's time as it
    was. `settings` are of the dataset, over its own. `reads_again` has everything read again, changed or not.
    """

    path: str | None = None
    write: Mapping[str, bytes] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    moved: str | None = None
    landed_at: datetime | None = None
    keeps_time: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    reads_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One way to damage a copy, and the codes of which at least one must be found then.

    `change` raises `NotApplicableError` where a snapshot cannot be damaged so. `is_judged` tells that the code comes
    from judging the schedule and not from looking at the bytes.
    """

    name: str
    expected: tuple[str, ...]
    change: Callable[[Specimen], Change]
    when: When = When.FIRST
    is_judged: bool = False


class ControlState(StrEnum):
    """What came of one test: the control fired, it did not, or the test could not be made."""

    FIRED = "fired"
    SILENT = "silent"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTest:
    """One damage done to the copy of one snapshot; `found` are all codes that were told of the copy.

    `reason` says why it was not tested, or what is wrong though the code was found.
    """

    snapshot: SnapshotId
    damage: str
    path: str | None
    expected: tuple[str, ...]
    found: tuple[str, ...]
    state: ControlState
    reason: str | None
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedSnapshot:
    """A snapshot whose copy was to be damaged; with a `reason` it could not be."""

    snapshot: SnapshotId
    kind: FileKind | None
    files: int
    bytes: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """Everything that one run tested; `missing` names the formats of which no snapshot could be chosen."""

    test_id: str
    run_by: str
    tool_version: str
    started_at: datetime
    finished_at: datetime
    snapshots: tuple[TestedSnapshot, ...]
    controls: tuple[ControlTest, ...]
    missing: tuple[str, ...] = ()

    def count(self, state: ControlState) -> int:
        """Return how many tests ended so."""
        return sum(1 for one in self.controls if one.state is state)


DAY = timedelta(days=1)
