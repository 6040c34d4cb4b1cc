"""Look-ups take the filters of the commands and give what is known now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.recording import begin_scan, record_snapshots

from catalog.store import history, known, queries
from catalog.store.queries import SnapshotFilter
from verifier.model import Presence, SnapshotId, Verdict


@pytest.fixture
def filled(catalog, samples):
    """Two zones; in one, two datasets of three days of which the newest is corrupt, or gone."""
    begin_scan(catalog, samples.start())
    begin_scan(catalog, samples.start("scan-2", zone="other"))
    changes = []
    for dataset in ("aaa", "bbb"):
        changes += [samples.change(f"2026110{day}0100", dataset_id=dataset) for day in (1, 2, 3)]
    changes[2] = replace(changes[2], report=replace(changes[2].report, verdict=Verdict.CORRUPT))
    changes[5] = replace(changes[5], report=replace(changes[5].report, presence=Presence.VANISHED))
    record_snapshots(catalog, "scan-1", changes, samples.NOW)
    record_snapshots(catalog, "scan-2", [samples.change("202611010100", zone="other", dataset_id="aaa")], samples.NOW)
    return catalog


def short(snapshots):
    return [f"{s.report.id.zone}/{s.report.id.dataset_id}/{s.report.id.export_time[6:8]}" for s in snapshots]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "cja/aaa/01 cja/aaa/02 cja/aaa/03 cja/bbb/01 cja/bbb/02 cja/bbb/03 other/aaa/01"),
        ({"zone": "other"}, "other/aaa/01"),
        ({"dataset_ids": ("aaa",)}, "cja/aaa/01 cja/aaa/02 cja/aaa/03 other/aaa/01"),
        ({"zone": "cja", "dataset_ids": ("aaa", "bbb"), "export_time": "202611020100"}, "cja/aaa/02 cja/bbb/02"),
        ({"verdict": Verdict.CORRUPT}, "cja/aaa/03"),
        ({"latest": True}, "cja/aaa/03 cja/bbb/02 other/aaa/01"),
        ({"latest_good": True}, "cja/aaa/02 cja/bbb/02 other/aaa/01"),
        ({"limit": 2}, "cja/aaa/03 cja/bbb/03"),
        ({"dataset_ids": ("nothing",)}, ""),
    ],
)
def test_snapshots_are_filtered(filled, asked, expected):
    assert " ".join(short(queries.list_snapshots(filled, SnapshotFilter(**asked)))) == expected


def test_bounds_of_the_export_time_are_included(filled):
    at = SnapshotId("cja", "aaa", "202611020100").export_at
    assert short(queries.list_snapshots(filled, SnapshotFilter(zone="cja", from_at=at, to_at=at))) == [
        "cja/aaa/02",
        "cja/bbb/02",
    ]
    late = at + timedelta(microseconds=1)
    assert short(queries.list_snapshots(filled, SnapshotFilter(zone="cja", from_at=late, to_at=late))) == []


def test_datasets_tell_their_newest_and_newest_good(filled):
    rows = {(d.zone, d.dataset_id): d for d in queries.list_datasets(filled)}
    assert set(rows) == {("cja", "aaa"), ("cja", "bbb"), ("other", "aaa")}
    corrupt, vanished = rows["cja", "aaa"], rows["cja", "bbb"]
    assert (corrupt.snapshots, corrupt.newest_at.day, corrupt.newest_good_at.day) == (3, 3, 2)
    assert (vanished.snapshots, vanished.newest_at.day, vanished.bytes) == (2, 2, 2 * 3003)
    assert [d.zone for d in queries.list_datasets(filled, "other")] == ["other"]


def test_a_snapshot_tells_when_it_was_judged_and_when_it_was_read(filled, samples):
    wanted = SnapshotId("cja", "aaa", "202611010100")
    first = queries.get_snapshot(filled, wanted)
    later = samples.NOW + timedelta(days=1)
    begin_scan(filled, samples.start("scan-3", at=later))
    judged = replace(first.report, verdict=Verdict.UNKNOWN)
    record_snapshots(filled, "scan-3", [replace(samples.change("202611010100"), report=judged, files=())], later)

    now = queries.get_snapshot(filled, wanted)
    assert (now.report.verdict, now.first_seen_at, now.verified_at, now.judged_at) == (
        Verdict.UNKNOWN,
        samples.NOW,
        samples.NOW,
        later,
    )
    assert queries.get_snapshot(filled, replace(wanted, export_time="202611090100")) is None


def test_files_are_listed_and_a_path_is_found_in_every_zone(filled, samples):
    files = queries.list_files(filled, SnapshotId("cja", "aaa", "202611010100"))
    assert [f.known for f in files] == [f.known for f in samples.change("202611010100", dataset_id="aaa").files]
    path = files[0].known.report.file.path
    assert [s.snapshot.zone for s in history.path_history(filled, path)] == ["cja", "other"]
    assert [s.snapshot.zone for s in history.path_history(filled, path, "other")] == ["other"]
    assert history.path_history(filled, path + "x") == []
    assert history.snapshot_history(filled, SnapshotId("cja", "aaa", "209901010000")) == []


def test_what_is_known_of_a_zone_can_be_asked_for_some_datasets(filled):
    assert {key[0] for key in known.known_snapshots(filled, "cja", {"bbb"})} == {"bbb"}
    assert known.known_snapshots(filled, "cja", set()) == {}
    assert known.known_files(filled, "cja", []) == {}
    assert set(known.known_files(filled, "other", [("aaa", "202611010100"), ("aaa", "202611020100")])) == {
        ("aaa", "202611010100")
    }
