"""The values copying works with: what is to be copied goes in, what came of it comes out; no rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from verifier.backends.base import Location
from verifier.model import Finding, SnapshotId, SnapshotReport
from verifier.transfer import Parcel
from verifier.zone_model import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """One snapshot to be copied, file by file: `report` is what is known of it, `location` the zone it lies in."""

    report: SnapshotReport
    target: SnapshotId
    location: Location
    parcels: tuple[Parcel, ...]

    @property
    def source(self) -> SnapshotId:
        """The snapshot to be copied."""
        return self.report.id

    @property
    def bytes(self) -> int:
        """The size of all its files."""
        return sum(parcel.file.size for parcel in self.parcels)


@dataclass(frozen=True, slots=True)
class Failure:
    """One file that could not be copied, by its path in the zone it was to come from."""

    path: str
    trouble: Trouble


@dataclass(slots=True)
class CopyCounts:
    """Running totals of one copy; sizes in bytes. `already_there` were not sent, `failed` are not there as they should.

    `to_copy` and `bytes_to_copy` are what an estimate came to.
    """

    snapshots: int = 0
    files: int = 0
    copied: int = 0
    already_there: int = 0
    failed: int = 0
    bytes: int = 0
    bytes_copied: int = 0
    to_copy: int = 0
    bytes_to_copy: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedSnapshot:
    """What came of one snapshot: `report` is of the copy, as it was looked at; None where it could not be.

    It is complete when every file is there, read back, with the bytes of the original. `findings` are the copy's own.
    """

    source: SnapshotId
    target: SnapshotId
    is_complete: bool
    files: int
    bytes: int
    report: SnapshotReport | None = None
    findings: tuple[Finding, ...] = ()
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResult:
    """What a copy came to: the zone it went to, and its snapshots in the order they were asked for."""

    started_at: datetime
    finished_at: datetime
    zone: str
    url: str
    is_estimate: bool
    counts: CopyCounts
    snapshots: tuple[CopiedSnapshot, ...]
