"""When too many known files are gone at once to be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.scans.absence import Absence, count_absent
from verifier.groups import Group
from verifier.model import Content, Depth, FileKind, FileReport, KnownFile, Presence, SnapshotId, StoredFile

NOW = datetime(2026, 9, 20, 12, tzinfo=UTC)
KEY = ("64e0", "202609200100")


def known(path: str, *, presence: Presence = Presence.PRESENT, landed: datetime | None = NOW) -> KnownFile:
    file = StoredFile(path, 1, landed)
    report = FileReport(file=file, kind=FileKind.PARQUET, depth=Depth.LIST, content=Content())
    return KnownFile(report=report, seen_at=NOW - timedelta(days=1), presence=presence)


@pytest.mark.parametrize(
    ("gone", "of", "suspect"),
    [(5, 5, False), (6, 6, True), (6, 60, False), (6, 59, True), (7, 70, False), (0, 0, False)],
)
def test_it_takes_more_than_five_and_more_than_a_tenth(gone: int, of: int, suspect: bool) -> None:
    assert Absence(of, gone, frozenset()).is_suspect is suspect


def test_only_what_was_there_and_has_not_expired_counts() -> None:
    files = {
        "here": known("here"),
        "gone": known("gone"),
        "gone before": known("gone before", presence=Presence.VANISHED),
        "in its time": known("in its time", landed=NOW - timedelta(days=7)),
        "no clock": known("no clock", landed=None),
    }
    group = Group(SnapshotId("z", *KEY), files=[files["here"].report.file])
    counted = count_absent([(KEY, files)], {KEY: group}, known=5, lifetime=timedelta(days=7), now=NOW)
    assert (counted.gone, counted.keys) == (2, {KEY})


def test_a_manifest_above_its_snapshot_is_not_gone() -> None:
    file = known("manifest-x.json")
    group = Group(SnapshotId("z", *KEY), loose_manifests=[file.report.file])
    assert count_absent([(KEY, {"manifest-x.json": file})], {KEY: group}, known=1, lifetime=None, now=NOW).gone == 0


def test_the_finding_says_how_many_of_how_many() -> None:
    found = Absence(60, 20, frozenset()).finding()
    assert (found.code, found.expected, found.actual) == ("zone.mass-vanish", "60", "40")
    assert "20 of 60" in found.message
