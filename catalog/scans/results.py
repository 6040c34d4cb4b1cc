"""What the use cases come to, in values; made by `catalog.workflow`, read by answers and exit status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.judging.values import DatasetJudgement
from catalog.scans.reverify import NOTHING, Reverification
from verifier.model import Depth, Finding
from verifier.zone_model import Counts, Stray, Trouble, ZoneReport


@dataclass(frozen=True, slots=True)
class Cost:
    """Files to be read, manifests among them, their bytes and the requests that takes; sums can be added and taken."""

    files: int = 0
    manifests: int = 0
    bytes: int = 0
    requests: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(mine + theirs for mine, theirs in zip(self._all, other._all, strict=True)))

    def __sub__(self, other: Cost) -> Cost:
        return Cost(*(mine - theirs for mine, theirs in zip(self._all, other._all, strict=True)))

    @property
    def _all(self) -> tuple[int, int, int, int]:
        return self.files, self.manifests, self.bytes, self.requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneEstimate:
    """What a scan of one zone would cost: `reading` all that would be read, `again` what of that is read again.

    `listed` and `listing_requests` are of the listing, which was made; `unchanged` counts files that are not read.
    """

    zone: str
    url: str
    trouble: Trouble | None = None
    listed: int = 0
    listing_requests: int = 0
    reading: Cost = Cost()
    again: Cost = Cost()
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """One finished scan but for its snapshots, which are handed over as they are judged; strays with their zone.

    `estimates` are there where it was only asked what it would cost.
    """

    scan_id: str
    tool_version: str
    depth: Depth
    started_at: datetime
    finished_at: datetime
    zones: tuple[ZoneReport, ...]
    counts: Counts
    strays: tuple[tuple[str, Stray], ...]
    reverify: Reverification = NOTHING
    estimates: tuple[ZoneEstimate, ...] | None = None

    @property
    def reading(self) -> Cost:
        """What would be read in all zones."""
        return sum((one.reading for one in self.estimates or ()), Cost())

    @property
    def again(self) -> Cost:
        """What of that would be read again."""
        return sum((one.again for one in self.estimates or ()), Cost())


@dataclass(frozen=True, slots=True)
class Watch:
    """What judging the schedules came to, as of `at`."""

    at: datetime
    datasets: tuple[DatasetJudgement, ...]
    findings: tuple[Finding, ...]
