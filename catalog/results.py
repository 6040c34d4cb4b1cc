"""What the use cases come to, in values; made by `catalog.workflow`, read by answers and exit status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.judge_values import DatasetJudgement
from verifier.model import Depth, Finding
from verifier.zone_model import Counts, Stray, ZoneReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """One finished scan but for its snapshots, which are handed over as they are judged; strays with their zone."""

    scan_id: str
    tool_version: str
    depth: Depth
    started_at: datetime
    finished_at: datetime
    zones: tuple[ZoneReport, ...]
    counts: Counts
    strays: tuple[tuple[str, Stray], ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """What judging the schedules came to, as of `at`."""

    at: datetime
    datasets: tuple[DatasetJudgement, ...]
    findings: tuple[Finding, ...]
