"""Which exit status what was seen comes to, worst first."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.settings_files import load
from support.zones import ALPHA, daily

from catalog.exit_status import ExitStatus, Judgement
from catalog.settings.loading import Settings
from verifier.findings import Level
from verifier.model import Depth, Finding, SnapshotId, SnapshotReport, Verdict, finding

ZONE = '[zones.zone]\nurl = "s3://bucket"\n'


def report(verdict: Verdict, *findings: Finding) -> SnapshotReport:
    return SnapshotReport(
        id=SnapshotId("zone", ALPHA, "202609200100"), verdict=verdict, depth=Depth.FULL, checked=1, files=1,
        data_files=1, bytes=1, rows=1, landed_at=None, settled_at=None, file_findings=findings,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "codes", "expected"),
    [
        (Verdict.GOOD, [], ExitStatus.OK),
        (Verdict.GOOD, ["json.blank-line"], ExitStatus.OK),
        (Verdict.EMPTY, ["snapshot.no-new-data"], ExitStatus.OK),
        (Verdict.GOOD, ["json.uncompressed"], ExitStatus.WARNINGS),
        (Verdict.ARRIVING, [], ExitStatus.WARNINGS),
        (Verdict.UNVERIFIABLE, ["file.encrypted"], ExitStatus.WARNINGS),
        (Verdict.CORRUPT, ["json.uncompressed", "gzip.corrupt"], ExitStatus.ERRORS),
        (Verdict.ARRIVING, ["file.vanished"], ExitStatus.ERRORS),
        (Verdict.UNKNOWN, ["file.unreadable"], ExitStatus.NOT_LOOKED),
        (Verdict.CORRUPT, ["file.unreadable", "gzip.corrupt"], ExitStatus.NOT_LOOKED),
    ],
)
def test_a_snapshot_comes_to(verdict: Verdict, codes: list[str], expected: ExitStatus) -> None:
    judgement = Judgement(Settings())
    judgement.snapshot(report(verdict, *(finding(code, "x") for code in codes)))
    assert judgement.status is expected


def test_what_is_meant_to_be_encrypted_is_not_left_unjudged(tmp_path: Path) -> None:
    judgement = Judgement(load(tmp_path, ZONE + daily(ALPHA, "encrypted = true")))
    judgement.snapshot(report(Verdict.UNVERIFIABLE, finding("file.encrypted", "x")))
    assert judgement.status is ExitStatus.OK


def test_the_worst_stays(tmp_path: Path) -> None:
    judgement = Judgement(Settings())
    for level, expected in ((Level.INFO, 0), (Level.WARN, 1), (Level.ERROR, 2), (Level.WARN, 2)):
        judgement.findings([finding("file.changed", "x", level=level)])
        assert judgement.status == expected
    judgement.findings([finding("zone.mass-vanish", "x")])
    judgement.findings([finding("file.changed", "x")])
    assert judgement.status is ExitStatus.NOT_LOOKED
