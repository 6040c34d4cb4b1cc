"""What manifests and files say against each other, each finding with a near miss that must not raise it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from support.snapshots import (
    DATASET,
    FOLDER,
    KEY,
    LANDED,
    MANIFEST,
    NOW,
    RUN,
    Memory,
    entries_of,
    manifest_bytes,
    of_code,
    part,
    seen,
    stored,
    told,
)

from verifier.expectation import Expectation
from verifier.formats.manifest import parse_manifest
from verifier.groups import Key
from verifier.layout import compile_layout
from verifier.model import SnapshotReport, StoredFile, Verdict
from verifier.promises import ReadManifest, Resolver, judge_promises
from verifier.scan import Gathering

HERE = f"{FOLDER}/{MANIFEST}"
OTHER = f"{FOLDER}/manifest-d0420d72-756c-4159-9e7f-7d3e2f8b501e-1bd904d1-3ace-41bb-93d2-02c8f1768c2a.json"
OTHER_TIME = "202611020100"
FILES = [stored(part(0)), stored(part(1))]
DAY = timedelta(days=1)


def look(
    files: Sequence[StoredFile], entries: Sequence[object], expects: Expectation | None = None, **fields: Any
) -> SnapshotReport:
    manifests = {HERE: manifest_bytes(entries, **fields)}
    return Memory().look([seen(f) for f in files], manifests=manifests, expects=expects)


def test_a_manifest_that_agrees_with_its_files_says_nothing() -> None:
    report = look(FILES, entries_of(FILES))
    assert (report.verdict, told(report)) == (Verdict.GOOD, {})


def test_a_listed_file_that_is_not_there_is_missing() -> None:
    report = look(FILES[:1], entries_of(FILES))
    assert (report.verdict, told(report)) == (Verdict.INCOMPLETE, {"manifest.file-missing": "error"})
    assert [f.path for f in report.findings] == [part(1)]


@pytest.mark.parametrize(("listed", "verdict"), [(99, Verdict.CORRUPT), (101, Verdict.INCOMPLETE)])
def test_another_size_than_listed_is_incomplete_when_smaller_and_corrupt_when_larger(
    listed: int, verdict: Verdict
) -> None:
    report = look(FILES[:1], entries_of([stored(part(0), listed)]))
    assert (report.verdict, told(report)) == (verdict, {"manifest.size-mismatch": "error"})
    assert (report.findings[0].expected, report.findings[0].actual) == (str(listed), "100")


def test_a_data_file_that_no_manifest_lists_is_unlisted_and_other_files_are_not() -> None:
    report = look([*FILES, stored(f"{FOLDER}/_SUCCESS"), stored(f"{FOLDER}/notes.csv")], entries_of(FILES[:1]))
    assert report.verdict is Verdict.INCOMPLETE
    assert [f.path for f in of_code(report.findings, "manifest.unlisted-file")] == [part(1)]


def test_an_invalid_manifest_does_not_make_every_file_unlisted() -> None:
    for wrong in (b"{}", manifest_bytes([1])):
        report = Memory().look([seen(FILES[0])], manifests={HERE: wrong})
        assert (report.verdict, set(told(report))) == (Verdict.INCOMPLETE, {"manifest.invalid"})


def test_an_unsafe_entry_is_not_followed_to_another_snapshot_or_out_of_the_zone() -> None:
    unsafe = {"sinkPath": "/exports", "name": f"../exportTime={OTHER_TIME}/x.parquet", "size": 1}
    report = look(FILES, [*entries_of(FILES), unsafe])
    assert (report.verdict, told(report)) == (Verdict.INCOMPLETE, {"manifest.unsafe-path": "error"})


def test_two_manifests_for_one_run_or_one_file_in_two_are_a_duplicate_run() -> None:
    entries = entries_of(FILES)
    halves = {HERE: manifest_bytes(entries[:1]), OTHER: manifest_bytes(entries[1:], flowRunId=OTHER[-41:-5])}
    assert told(Memory().look([seen(f) for f in FILES], manifests=halves)) == {}
    both = {HERE: manifest_bytes(entries), OTHER: manifest_bytes(entries[1:], flowRunId=OTHER[-41:-5])}
    report = Memory().look([seen(f) for f in FILES], manifests=both)
    assert (report.verdict, told(report)) == (Verdict.GOOD, {"manifest.duplicate-run": "warn"})
    assert [f.path for f in report.findings] == [part(1)]
    again = {HERE: manifest_bytes(entries), f"{FOLDER}/more/{MANIFEST}": manifest_bytes([])}
    found = of_code(Memory().look([seen(f) for f in FILES], manifests=again).findings, "manifest.duplicate-run")
    assert [f.message for f in found] == [f"2 manifests for one run {RUN}"]


@pytest.mark.parametrize(
    ("hours", "interval", "off"),
    [(2, None, False), (2.1, None, True), (-2.1, None, True), (11, 24, False), (12.1, 24, True), (1.9, 3, False)],
)
def test_a_scheduled_time_is_off_beyond_two_hours_and_half_the_interval(
    hours: float, interval: int | None, off: bool
) -> None:
    scheduled = LANDED.replace(minute=0) + timedelta(hours=hours)
    expects = Expectation(interval=timedelta(hours=interval) if interval else None)
    report = look(FILES, entries_of(FILES), expects, scheduledTime=scheduled.isoformat())
    assert told(report) == ({"manifest.off-time": "warn"} if off else {})


@pytest.mark.parametrize(
    ("after", "level"), [(timedelta(0), "warn"), (DAY - timedelta(seconds=1), "warn"), (DAY, "error")]
)
def test_a_missing_manifest_is_a_warning_for_a_day_and_then_an_error(after: timedelta, level: str) -> None:
    settled = LANDED + timedelta(minutes=30)
    report = Memory().look([seen(part())], at=settled + after, expects=Expectation(manifest=True))
    assert told(report) == {"manifest.missing": level}
    assert report.verdict is (Verdict.GOOD if level == "warn" else Verdict.INCOMPLETE)
    assert not report.is_final


@pytest.mark.parametrize("expected", [None, False])
def test_no_manifest_is_missing_where_none_is_known_of(expected: bool | None) -> None:
    report = Memory().look([seen(part())], at=NOW + DAY, expects=Expectation(manifest=expected))
    assert (told(report), report.is_final) == ({}, True)


@pytest.mark.parametrize(("days", "code"), [(6, "manifest.file-missing"), (8, "file.expired")])
def test_a_listed_file_that_went_with_the_zones_lifetime_is_expired(days: int, code: str) -> None:
    manifests = {HERE: manifest_bytes(entries_of(FILES))}
    expects = Expectation(lifetime=timedelta(days=7))
    report = Memory().look([seen(FILES[0])], manifests=manifests, at=LANDED + days * DAY, expects=expects)
    assert set(told(report)) == {code}


def test_a_lifetime_and_an_export_time_at_the_end_of_time_do_not_overflow() -> None:
    folder = f"{DATASET}/exportTime=99991231235959"
    resolver, manifest = resolved([f"{folder}/x.parquet"], [{"sinkPath": "", "name": "y.parquet", "size": 1}], folder)
    (group,) = resolver.groups.values()
    (promised,) = resolver.promises(manifest, group).values()
    found = judge_promises(group, [manifest], promised, Expectation(lifetime=timedelta(days=7)), NOW)
    assert "manifest.file-missing" in [f.code for f in found]


def resolved(
    paths: Sequence[str], entries: Sequence[dict[str, object]], folder: str, root: str = ""
) -> tuple[Resolver, ReadManifest]:
    gathering = Gathering("zone", compile_layout()).add([[stored(path, 1) for path in paths]])
    path = f"{folder}/{MANIFEST}".lstrip("/")
    manifest, _ = parse_manifest(manifest_bytes(entries), path)
    return Resolver(compile_layout(), gathering.groups, root), ReadManifest(stored(path, 1), manifest)


def places(
    paths: Sequence[str], sink: str, name: str, *, folder: str = "", root: str = "", at_home: bool = False
) -> dict[Key, list[str | None]]:
    resolver, manifest = resolved(paths, [{"sinkPath": sink, "name": name, "size": 1}], folder, root)
    home = resolver.groups[KEY] if at_home else None
    found = resolver.promises(manifest, home)
    return {key: [p.file.path if p.file else None for p in promised] for key, promised in found.items()}


X, Y = f"{FOLDER}/x.parquet", f"{DATASET}/exportTime={OTHER_TIME}/x.parquet"


@pytest.mark.parametrize(
    ("sink", "name", "root"),
    [
        (f"/{FOLDER}", "x.parquet", ""),
        (f"{FOLDER}/", "x.parquet", ""),
        (f"/exports/{FOLDER}", "x.parquet", "exports"),
        (f"/{FOLDER}", "x.parquet", "exports"),
        (f"/{DATASET}", f"exportTime={KEY[1]}/x.parquet", ""),
    ],
)
def test_a_sink_path_is_followed_from_the_bucket_and_from_the_zones_root(sink: str, name: str, root: str) -> None:
    assert places([X, Y], sink, name, root=root) == {KEY: [X]}


def test_the_manifests_own_folder_comes_next_and_a_name_only_one_file_has_last() -> None:
    assert places([X, Y], "/elsewhere", "x.parquet", folder=FOLDER, at_home=True) == {KEY: [X]}
    assert places([f"{FOLDER}/deep/x.parquet"], "/elsewhere", "x.parquet", folder=FOLDER, at_home=True) == {
        KEY: [f"{FOLDER}/deep/x.parquet"]
    }
    assert places([X], "/elsewhere", "x.parquet", folder=DATASET) == {KEY: [X]}
    assert places([X, Y], "/elsewhere", "x.parquet", folder=DATASET) == {}


def test_a_manifest_in_a_snapshot_never_takes_a_file_of_another_one_by_its_name() -> None:
    assert places([f"{FOLDER}/z.parquet", Y], "/elsewhere", "x.parquet", folder=FOLDER, at_home=True) == {KEY: [None]}


def test_an_entry_that_is_nowhere_belongs_to_the_snapshot_its_sink_path_names_or_most_others_belong_to() -> None:
    assert places([X, Y], f"/{DATASET}/exportTime={OTHER_TIME}", "gone.parquet") == {(DATASET, OTHER_TIME): [None]}
    entries = [{"sinkPath": s, "name": n, "size": 1} for s, n in ((f"/{FOLDER}", "x.parquet"), ("/", "gone.parquet"))]
    resolver, manifest = resolved([X, Y], entries, "")
    assert {key: len(promised) for key, promised in resolver.promises(manifest, None).items()} == {KEY: 2}


def test_ten_thousand_entries_that_are_not_where_they_should_be_are_resolved_in_no_time() -> None:
    count = 10_000
    names = [f"{number}.parquet" for number in range(count)]
    entries = [{"sinkPath": "/elsewhere", "name": name, "size": 1} for name in names]
    resolver, manifest = resolved([f"{FOLDER}/deep/{name}" for name in names], entries, FOLDER)
    started = time.process_time()
    found = resolver.promises(manifest, resolver.groups[KEY])[KEY]
    assert time.process_time() - started < 3  # half a minute where every entry looks at every file
    assert all(p.file for p in found)
