"""Scans as people count them: all zones of one together, the newest first, page by page."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.recording import begin_scan, end_scan, record_snapshots

from catalog.store.database import Catalog
from catalog.store.scan_list import ScanFilter, list_scan_runs, recorded_states

from . import samples

MINUTE = timedelta(minutes=1)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Three scans: of two zones, one of them incomplete; of one; and one that nobody ended."""
    catalog = Catalog(tmp_path / "c.duckdb")
    for number, zones in enumerate((("cja", "lake"), ("cja",), ("lake",))):
        for place, zone in enumerate(zones):
            at = samples.NOW + number * 10 * MINUTE + place * MINUTE
            begin_scan(catalog, samples.start(f"scan-{number}", zone=zone, at=at))
            if number == 0 and zone == "cja":
                changes = [samples.change(time) for time in samples.export_times(0, 3)]
                record_snapshots(catalog, "scan-0", changes, at)
            if number < 2:
                end_scan(catalog, f"scan-{number}", samples.end(at + MINUTE, complete=zone == "cja"), zone)
    return catalog


def test_scans_are_listed_newest_first_with_all_their_zones(catalog: Catalog) -> None:
    found, more = list_scan_runs(catalog, ScanFilter())
    assert [(one.scan_id, one.state, [zone.zone for zone in one.zones]) for one in found] == [
        ("scan-2", "unfinished", ["lake"]),
        ("scan-1", "complete", ["cja"]),
        ("scan-0", "incomplete", ["cja", "lake"]),
    ]
    assert (more, found[0].finished_at) == (0, None)
    assert (found[2].started_at, found[2].finished_at) == (samples.NOW, samples.NOW + 2 * MINUTE)
    assert found[2].counts["files"] == 6


def test_scans_of_a_zone_have_their_other_zones_too(catalog: Catalog) -> None:
    found, _ = list_scan_runs(catalog, ScanFilter(zone="lake"))
    assert [(one.scan_id, len(one.zones)) for one in found] == [("scan-2", 1), ("scan-0", 2)]
    assert list_scan_runs(catalog, ScanFilter(zone="nowhere")) == ([], 0)


def test_a_page_goes_on_behind_a_scan_whatever_began_since(catalog: Catalog) -> None:
    first, more = list_scan_runs(catalog, ScanFilter(limit=1))
    assert more == 2
    begin_scan(catalog, samples.start("scan-3", at=samples.NOW + 60 * MINUTE))
    after = (first[0].started_at, first[0].scan_id)
    rest, more = list_scan_runs(catalog, ScanFilter(after=after))
    assert ([one.scan_id for one in rest], more) == (["scan-1", "scan-0"], 0)


def test_a_scan_tells_what_it_recorded(catalog: Catalog) -> None:
    states = recorded_states(catalog, "scan-0")
    assert [one.snapshot.export_time for one in states] == samples.export_times(0, 3)
    assert {(one.verdict, one.files_changed) for one in states} == {("good", 3)}
    assert recorded_states(catalog, "scan-1") == []
    assert recorded_states(catalog, "none") == []


def test_scans_are_listed_as_known_then(catalog: Catalog) -> None:
    then = catalog.as_known_at(samples.NOW + 10 * MINUTE)
    found, _ = list_scan_runs(then, ScanFilter())
    assert [(one.scan_id, one.state) for one in found] == [("scan-1", "unfinished"), ("scan-0", "incomplete")]
