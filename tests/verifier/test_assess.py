"""The contract's rules of verdicts, one by one, on snapshots looked at once or again and again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.snapshots import (
    FOLDER,
    LANDED,
    MANIFEST,
    NOW,
    Memory,
    entries_of,
    manifest_bytes,
    minutes,
    of_code,
    part,
    seen,
    stored,
    told,
)

from verifier.expectation import Expectation
from verifier.findings import Level
from verifier.model import Content, Depth, FileReport, Presence, SnapshotReport, Verdict, finding

DAY = timedelta(days=1)
HERE = f"{FOLDER}/{MANIFEST}"


def broken(path: str, code: str = "parquet.corrupt-page", *, looked: bool = True) -> FileReport:
    content = Content(findings=(finding(code, "…"),), sha256="5" * 64 if looked else None)
    return seen(path, content, looked=looked, depth=Depth.FULL if looked else Depth.LIST)


def empty(path: str) -> FileReport:
    return seen(path, Content(rows=0, sha256="0" * 64, findings=(finding("parquet.no-rows", "…"),)))


def test_a_settled_snapshot_of_sound_files_is_good_with_its_depth_and_count() -> None:
    report = Memory().look([seen(part(0)), seen(part(1))])
    assert (report.verdict, report.depth, report.checked, report.files, report.rows) == (
        Verdict.GOOD, Depth.FULL, 2, 2, 2
    )  # fmt: skip
    assert (report.bytes, report.landed_at, report.presence, told(report)) == (200, LANDED, Presence.PRESENT, {})


@pytest.mark.parametrize("depth", list(Depth))
def test_good_travels_with_the_least_depth_of_its_data(depth: Depth) -> None:
    report = Memory().look([seen(part(0), depth=depth), seen(part(1))], depth=depth)
    assert (report.verdict, report.depth, report.checked) == (Verdict.GOOD, depth, 2)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("parquet.corrupt-page", Verdict.CORRUPT),
        ("json.invalid-line", Verdict.CORRUPT),
        ("gzip.truncated", Verdict.CORRUPT),
        ("file.kind-mismatch", Verdict.CORRUPT),
        ("gzip.bomb", Verdict.UNVERIFIABLE),
        ("json.too-deep", Verdict.UNVERIFIABLE),
        ("file.encrypted", Verdict.UNVERIFIABLE),
        ("parquet.unsupported", Verdict.UNVERIFIABLE),
    ],
)
def test_one_bad_file_among_good_ones_decides(code: str, verdict: Verdict) -> None:
    report = Memory().look([seen(part(0)), broken(part(1), code)])
    assert report.verdict is verdict
    assert of_code(report.file_findings, code)[0].path == part(1)
    assert report.checked == (1 if verdict is Verdict.UNVERIFIABLE else 2)


def test_a_file_that_could_not_be_looked_at_makes_it_unknown_and_not_final() -> None:
    report = Memory().look([seen(part(0)), broken(part(1), "file.unreadable", looked=False)])
    assert (report.verdict, report.checked, report.files, report.is_final) == (Verdict.UNKNOWN, 1, 2, False)
    worse = Memory().look([broken(part(0)), broken(part(1), "file.unreadable", looked=False)])
    assert worse.verdict is Verdict.CORRUPT


def test_an_unreadable_file_stays_unknown_whatever_level_the_settings_give_it() -> None:
    expects = Expectation(levels={"file.unreadable": Level.INFO})
    report = Memory().look([seen(part(0)), broken(part(1), "file.unreadable", looked=False)], expects=expects)
    assert (report.verdict, told(report)) == (Verdict.UNKNOWN, {"file.unreadable": "info"})


def test_a_file_of_unknown_kind_is_reported_and_counts_as_nothing() -> None:
    odd = seen(f"{FOLDER}/notes.csv", Content(findings=(finding("file.unknown-kind", "…"),), sha256="1" * 64))
    report = Memory().look([seen(part()), odd])
    assert (report.verdict, report.checked, report.files, report.bytes) == (Verdict.GOOD, 1, 1, 100)
    assert told(report) == {"file.unknown-kind": "warn"}
    alone = Memory().look([odd])
    assert (alone.verdict, alone.files) == (Verdict.INCOMPLETE, 0)


@pytest.mark.parametrize("depth", list(Depth))
def test_no_data_files_are_incomplete_with_or_without_manifest_and_stay_so(depth: Depth) -> None:
    memory = Memory()
    for _ in range(3):
        report = memory.look([], manifests={HERE: manifest_bytes([])}, depth=depth)
        assert (report.verdict, told(report)) == (Verdict.INCOMPLETE, {"snapshot.no-data-files": "error"})
    assert Memory().look([seen(f"{FOLDER}/_SUCCESS")], depth=depth).verdict is Verdict.INCOMPLETE


def test_data_that_a_writer_took_back_before_it_settled_leaves_no_data_files() -> None:
    memory = Memory()
    assert memory.look([seen(stored(part(), landed=NOW))]).verdict is Verdict.ARRIVING
    report = memory.look([], manifests={HERE: manifest_bytes([])}, at=NOW + DAY)
    assert (report.verdict, told(report)) == (Verdict.INCOMPLETE, {"snapshot.no-data-files": "error"})


def test_zero_rows_are_empty_and_an_error_where_the_settings_do_not_allow_it() -> None:
    allowed = Memory().look([empty(part())])
    assert allowed.verdict is Verdict.EMPTY
    assert told(allowed) == {"parquet.no-rows": "info", "snapshot.no-new-data": "info"}
    refused = Memory().look([empty(part())], expects=Expectation(allow_empty=False))
    assert refused.verdict is Verdict.EMPTY
    assert told(refused) == {"parquet.no-rows": "info", "snapshot.empty": "error"}
    mixed = Memory().look([empty(part()), seen(part(1))])
    assert (mixed.verdict, mixed.rows) == (Verdict.GOOD, 1)


def test_rows_are_not_known_where_one_file_was_not_counted() -> None:
    report = Memory().look([seen(part()), seen(part(1), Content(sha256="1" * 64))])
    assert (report.verdict, report.rows) == (Verdict.GOOD, None)


def test_before_it_settles_errors_wait_and_warnings_of_the_layout_do_not() -> None:
    files = [broken(part(0)), seen(stored(part(1, tid="7"), landed=NOW - minutes(29)))]
    expects = Expectation(format="json", manifest=True)
    report = Memory().look(files, expects=expects)
    assert (report.verdict, report.checked, report.settled_at, report.is_final) == (Verdict.ARRIVING, 0, None, False)
    assert told(report) == {"layout.second-write": "warn", "layout.part-gap": "info"}
    later = Memory().look(files, expects=expects, at=NOW + minutes(1))
    assert later.verdict is Verdict.CORRUPT
    assert {"parquet.corrupt-page", "layout.unexpected-format", "manifest.missing"} <= told(later).keys()


def test_a_change_or_a_loss_of_what_had_settled_is_told_while_a_new_file_is_arriving() -> None:
    memory = Memory()
    memory.look([seen(part(0)), seen(part(1))])
    changed = seen(stored(part(0), size=99, landed=NOW))
    report = memory.look([changed, seen(stored(part(2), landed=NOW))])
    assert (report.verdict, report.presence) == (Verdict.ARRIVING, Presence.VANISHED)
    assert told(report) == {"layout.part-gap": "info", "file.changed": "error", "file.vanished": "error"}
    once_more = memory.look([changed, seen(stored(part(2), landed=NOW))], at=NOW + DAY)
    assert once_more.verdict is Verdict.CORRUPT
    assert of_code(once_more.file_findings, "file.vanished")[0].path == part(1)


def test_a_file_lost_while_a_new_one_had_opened_the_snapshot_again_is_told() -> None:
    memory = Memory()
    memory.look([seen(part(0))])
    fresh = seen(stored(part(1), landed=NOW))
    assert memory.look([seen(part(0)), fresh]).verdict is Verdict.ARRIVING
    assert told(memory.look([fresh], at=NOW + minutes(5)))["file.vanished"] == "error"
    assert told(memory.look([fresh], at=NOW + DAY))["file.vanished"] == "error"


def test_a_file_that_a_writer_took_back_while_arriving_is_never_a_loss() -> None:
    memory = Memory()
    memory.look([seen(stored(part(0), landed=NOW))])
    other = seen(stored(part(1), landed=NOW))
    for later in (minutes(1), minutes(40), DAY, 2 * DAY):
        report = memory.look([other], at=NOW + later, depth=Depth.FULL)
        assert "file.vanished" not in told(report)
    assert (report.verdict, report.presence) == (Verdict.GOOD, Presence.PRESENT)


def test_a_vanished_snapshot_is_incomplete_and_stays_vanished_after_its_lifetime() -> None:
    memory = Memory()
    expects = Expectation(lifetime=timedelta(days=7))
    memory.look([seen(part(0)), seen(part(1))], expects=expects)
    for at in (NOW + DAY, NOW + 6 * DAY, NOW + 30 * DAY):
        report = memory.look([], at=at, expects=expects)
        assert (report.verdict, report.presence) == (Verdict.INCOMPLETE, Presence.VANISHED)
        assert told(report)["file.vanished"] == "error"


@pytest.mark.parametrize("first", [seen(part()), broken(part()), empty(part())])
def test_an_expired_snapshot_keeps_its_verdict(first: FileReport) -> None:
    memory = Memory()
    expects = Expectation(lifetime=timedelta(days=7))
    before = memory.look([first], expects=expects)
    report = memory.look([], at=LANDED + timedelta(days=7), expects=expects)
    assert (report.verdict, report.presence) == (before.verdict, Presence.EXPIRED)
    assert (report.rows, report.files, told(report)["file.expired"]) == (before.rows, before.files, "info")


def test_a_manifest_that_outlives_its_data_does_not_make_a_corrupt_snapshot_good() -> None:
    memory = Memory()
    expects = Expectation(lifetime=timedelta(days=7))
    manifests = {HERE: manifest_bytes(entries_of([stored(part())]))}
    memory.look([broken(part())], manifests=manifests, expects=expects)
    for later in range(2):
        at = LANDED + timedelta(days=7 + later)
        report = memory.look([], manifests=manifests, at=at, expects=expects)
        assert (report.verdict, report.presence) == (Verdict.CORRUPT, Presence.EXPIRED)


def test_levels_of_the_settings_reach_findings_of_files_and_of_the_snapshot() -> None:
    levels = {"parquet.corrupt-page": Level.WARN, "layout.part-gap": Level.ERROR}
    report = Memory().look([broken(part(0)), seen(part(2))], expects=Expectation(levels=levels))
    assert told(report) == {"parquet.corrupt-page": "warn", "layout.part-gap": "error"}
    assert report.verdict is Verdict.CORRUPT
    lenient = Memory().look([broken(part(0))], expects=Expectation(levels=levels))
    assert lenient.verdict is Verdict.GOOD


def test_the_same_look_twice_changes_nothing() -> None:
    memory = Memory()
    files = [seen(part(0)), broken(part(1)), seen(f"{FOLDER}/_SUCCESS")]
    first = memory.look(files, at=NOW)
    known = dict(memory.files)
    assert memory.look(files, at=NOW + DAY) == first
    assert memory.files == known


def test_two_hundred_findings_of_a_code_are_twenty() -> None:
    report = Memory().look([broken(part(number)) for number in range(200)])
    found = of_code(report.file_findings, "parquet.corrupt-page")
    assert (len(found), sum(f.count for f in found)) == (20, 200)


def test_size_and_events_are_compared_only_where_the_data_is_sound() -> None:
    past: list[SnapshotReport] = []
    for _ in range(6):
        past.append(replace(Memory().look([seen(part(), Content(rows=1000, sha256="1" * 64))]), rows=1000))
    small = seen(part(), Content(rows=1, sha256="2" * 64))
    assert told(Memory(past=past).look([small])) == {"snapshot.shrunk": "warn"}
    damaged = replace(small, content=replace(small.content, findings=(finding("parquet.corrupt-page", "…"),)))
    assert "snapshot.shrunk" not in told(Memory(past=past).look([damaged]))


def test_a_manifest_with_an_error_makes_it_incomplete_and_is_counted() -> None:
    report = Memory().look([seen(part())], manifests={HERE: b"{}"})
    assert (report.verdict, report.files, report.checked, report.manifest) == (Verdict.INCOMPLETE, 2, 2, MANIFEST)
    assert of_code(report.file_findings, "manifest.invalid")[0].path == HERE
