"""What is recorded comes back as it was, once, and in full or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from support.recording import begin_scan, end_scan, record_snapshots, record_strays

from catalog.store import history, known, queries, recovery, scans
from catalog.store.database import Catalog
from catalog.store.recording import ScanEnd
from verifier.errors import CatalogError
from verifier.model import (
    Column,
    Content,
    Depth,
    FileChange,
    FileKind,
    FileReport,
    KnownFile,
    Presence,
    Reference,
    SnapshotChange,
    SnapshotId,
    SnapshotReport,
    StoredFile,
    Verdict,
    finding,
)
from verifier.zone_model import Counts, Stray, Trouble


def rows(catalog: Catalog, query: str) -> list[tuple]:
    with catalog.read() as connection:
        return connection.execute(query).fetchall()


def test_a_report_and_its_files_come_back_equal(catalog, samples):
    change = samples.change("202611010100")
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [change], samples.NOW)

    key = (samples.DATASET, "202611010100")
    assert known.known_snapshots(catalog, "cja") == {key: change.report}
    assert known.known_files(catalog, "cja", [key]) == {key: {f.known.report.file.path: f.known for f in change.files}}


def test_a_report_in_which_everything_is_unknown_comes_back_equal(catalog, samples):
    report = SnapshotReport(
        id=SnapshotId("cja", "odd id ' \" ; --", "20261101010000"),
        verdict=Verdict.ARRIVING,
        depth=Depth.LIST,
        checked=0,
        files=0,
        data_files=0,
        bytes=0,
        rows=None,
        landed_at=None,
        settled_at=None,
    )
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [SnapshotChange(report=report)], samples.NOW)

    assert list(known.known_snapshots(catalog, "cja").values()) == [report]
    assert known.known_files(catalog, "cja", [("odd id ' \" ; --", "20261101010000")]) == {}


@pytest.mark.parametrize(
    "path",
    [
        "d/exportTime=202611010100/a.parquet",
        "d/exportTime=202611010100//a.parquet",
        "d/exportTime=202611010100/deep/er/a.parquet",
        "manifest-at-the-root.json",
        "/begins-with-a-slash",
        "d/exportTime=202611010100/a\x01b.parquet",
        "d/exportTime=202611010100/not-utf8-\udcff.parquet",
        "d/exportTime=202611010100/nul-\x00-and-emoji-\U0001f600.parquet",
        "d/exportTime=202611010100/part-00000-tid-1-174d2b9b-87e8-4c29-8a76-ec05b444f26a-1-1-c000.parquet",
        "d/exportTime=202611010100/tid-1-174d2b9b-87e8-4c29-8a76-ec05b444f26a-tid-1-174d2b9b-87e8-4c29-8a76-ec05b444f26a",
    ],
)
def test_any_path_comes_back_as_it_was_beside_ordinary_ones(catalog, samples, path):
    usual = [f"d/exportTime=202611010100/part-{n}-tid-1-174d2b9b-87e8-4c29-8a76-ec05b444f26a-1.parquet" for n in "12"]
    files = [
        KnownFile(
            report=FileReport(file=StoredFile(p, 1), kind=FileKind.UNKNOWN, depth=Depth.LIST, content=Content()),
            seen_at=samples.NOW,
        )
        for p in [*usual, path]
    ]
    base = samples.change("202611010100", 0, dataset_id="d")
    report = replace(base.report, file_findings=(finding("file.unknown-kind", "odd", path=path),))
    begin_scan(catalog, samples.start())
    record_snapshots(
        catalog,
        "scan-1",
        [SnapshotChange(report=report, files=tuple(FileChange(known=f) for f in files))],
        samples.NOW,
    )

    key = ("d", "202611010100")
    assert set(known.known_files(catalog, "cja", [key])[key]) == {*usual, path}
    assert known.known_snapshots(catalog, "cja")[key].file_findings[0].path == path


def test_odd_names_of_columns_come_back_as_they_were(catalog, samples):
    odd = (
        Column("\ud800 alone", "string"),
        Column('quote" and \\ and \x00', "null", always=False),
        Column("é", "array"),
    )
    where = {"column": "\udfff", "line": 3}
    base = samples.change("202611010100")
    report = replace(base.report, columns=odd, findings=(finding("schema.column-added", "é", where=where),))
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [SnapshotChange(report=report)], samples.NOW)

    assert list(known.known_snapshots(catalog, "cja").values()) == [report]


@pytest.mark.parametrize("reference", [None, Reference(1, None), Reference(1000, None), Reference(7, "ab" * 32)])
def test_the_first_recorded_bytes_of_a_file_come_back_whatever_it_is_now(catalog, samples, reference):
    base = samples.change("202611010100", 1)
    file = replace(base.files[0].known, reference=reference)
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [replace(base, files=(FileChange(known=file),))], samples.NOW)

    key = (samples.DATASET, "202611010100")
    assert list(known.known_files(catalog, "cja", [key])[key].values()) == [file]


def test_the_same_batch_twice_is_recorded_once(catalog, samples):
    changes = [samples.change(t) for t in samples.export_times(0, 4)]
    begin_scan(catalog, samples.start())
    for part in (changes[:2], changes, changes):
        record_snapshots(catalog, "scan-1", part, samples.NOW)
    strays = [Stray(path="x/", size=3, findings=(finding("layout.stray-file", "here"),))]
    record_strays(catalog, "scan-1", "cja", strays, samples.NOW)
    record_strays(catalog, "scan-1", "cja", strays, samples.NOW)
    begin_scan(catalog, samples.start())
    for _ in range(2):
        end_scan(catalog, "scan-1", samples.end())

    counts = {
        table: rows(catalog, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("scan", "scan_end", "snapshot", "snapshot_revision", "file_revision", "finding", "stray")
    }
    assert counts == {
        "scan": 1, "scan_end": 1, "snapshot": 4, "snapshot_revision": 4, "file_revision": 12, "finding": 16, "stray": 1,
    }  # fmt: skip
    with catalog.read() as connection:
        assert recovery.contradictions(connection) == []


def test_a_later_scan_adds_a_revision_and_the_earlier_one_stays(catalog, samples):
    first = samples.change("202611010100")
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [first], samples.NOW)
    gone = first.files[0]
    broken = finding("file.vanished", "gone", path=gone.known.report.file.path)
    second = SnapshotChange(
        report=replace(first.report, verdict=Verdict.INCOMPLETE, findings=(broken,), file_findings=()),
        files=(replace(gone, presence=Presence.VANISHED),),
    )
    later = samples.NOW + timedelta(days=1)
    begin_scan(catalog, samples.start("scan-2", at=later))
    record_snapshots(catalog, "scan-2", [second], later)

    key = (samples.DATASET, "202611010100")
    assert known.known_snapshots(catalog, "cja") == {key: second.report}
    there = known.known_files(catalog, "cja", [key])[key]
    assert [there[f.known.report.file.path].presence.value for f in first.files] == ["vanished", "present", "present"]
    revisions = history.snapshot_history(catalog, first.report.id)
    assert [r.report for r in revisions] == [first.report, second.report]
    assert [r.changed for r in revisions] == [(), ("verdict", "findings", "file_findings")]
    states = history.path_history(catalog, gone.known.report.file.path)
    assert [(s.scan_id, s.presence, s.changed) for s in states] == [
        ("scan-1", Presence.PRESENT, ()),
        ("scan-2", Presence.VANISHED, ("presence",)),
    ]
    files = queries.list_files(catalog, first.report.id)
    assert [f.presence for f in files] == [Presence.VANISHED, Presence.PRESENT, Presence.PRESENT]
    assert [f.last_seen_at is None for f in files] == [True, False, False]
    assert rows(catalog, "SELECT DISTINCT code FROM findings") == [("file.vanished",)]


def test_segments_taken_in_late_do_not_hide_what_is_newer(catalog, samples):
    newer, older = samples.change("202611010100"), samples.change("202611010100")
    older = replace(older, report=replace(older.report, verdict=Verdict.ARRIVING))
    begin_scan(catalog, samples.start("new"))
    record_snapshots(catalog, "new", [newer], samples.NOW)
    begin_scan(catalog, samples.start("old", at=samples.NOW - timedelta(days=1)))
    record_snapshots(catalog, "old", [older], samples.NOW - timedelta(days=1))

    assert [r.verdict for r in known.known_snapshots(catalog, "cja").values()] == [Verdict.GOOD]


def test_moments_of_any_zone_are_kept_as_utc_and_naive_ones_refused(catalog, samples):
    base = samples.change("202611010100", 0)
    east = timezone(timedelta(hours=5, minutes=30))
    begin_scan(catalog, samples.start())
    local = replace(base, report=replace(base.report, landed_at=datetime(2026, 11, 1, 6, 31, tzinfo=east)))
    record_snapshots(catalog, "scan-1", [local], samples.NOW)

    assert next(iter(known.known_snapshots(catalog, "cja").values())).landed_at == datetime(
        2026, 11, 1, 1, 1, tzinfo=UTC
    )
    assert rows(catalog, "SELECT landed_at FROM snapshots") == [
        (datetime(2026, 11, 1, 1, 1, tzinfo=UTC).replace(tzinfo=None),)
    ]
    naive = replace(base, report=replace(base.report, landed_at=samples.NOW.replace(tzinfo=None)))
    with pytest.raises(ValueError, match="aware"):
        record_snapshots(catalog, "scan-1", [naive], samples.NOW)


def test_an_unfinished_scan_is_told_from_one_that_ended_badly(catalog, samples):
    begin_scan(catalog, samples.start("killed"))
    begin_scan(catalog, samples.start("failed", at=samples.NOW + timedelta(hours=1)))
    trouble = Trouble(kind="denied", message="no", hint="ask")
    unreachable = finding("zone.unreachable", "no")
    ended = ScanEnd(finished_at=samples.NOW, complete=False, counts=Counts(), trouble=trouble, findings=(unreachable,))
    end_scan(catalog, "failed", ended)

    failed, killed = scans.list_scans(catalog)
    assert (killed.scan_id, killed.finished_at, killed.complete, killed.trouble) == ("killed", None, False, None)
    assert (failed.scan_id, failed.finished_at, failed.complete, failed.trouble) == (
        "failed",
        samples.NOW,
        False,
        trouble,
    )
    assert rows(catalog, "SELECT scan_id, state FROM scans ORDER BY ALL") == [
        ("failed", "incomplete"),
        ("killed", "unfinished"),
    ]
    assert rows(catalog, "SELECT code FROM zone_finding") == [("zone.unreachable",)]
    assert known.looks(catalog, "cja") == []


def test_nothing_is_recorded_of_a_snapshot_that_is_there_twice(catalog, samples):
    begin_scan(catalog, samples.start())
    with pytest.raises(ValueError, match="one twice"):
        record_snapshots(catalog, "scan-1", [samples.change("202611010100")] * 2, samples.NOW)
    assert rows(catalog, "SELECT count(*) FROM snapshot") == [(0,)]


def test_a_zone_name_stays_with_its_place(catalog, samples):
    assert known.known_zones(catalog) == {}
    assert known.zone_name_for(catalog, "s3://bucket/cja", "cja") == "cja"
    begin_scan(catalog, samples.start())
    begin_scan(catalog, replace(samples.start("b", zone="cja-2"), url="s3://elsewhere/cja"))

    assert known.known_zones(catalog) == {"cja": "s3://bucket/cja", "cja-2": "s3://elsewhere/cja"}
    assert known.zone_name_for(catalog, "s3://bucket/cja", "cja") == "cja"
    assert known.zone_name_for(catalog, "s3://elsewhere/cja", "cja") == "cja-2"
    assert known.zone_name_for(catalog, "s3://third/cja", "cja") == "cja-3"
    with pytest.raises(CatalogError, match="zone cja is s3://bucket/cja here"):
        begin_scan(catalog, replace(samples.start("c"), url="s3://third/cja"))


def test_looks_are_the_newest_complete_and_trusted_of_each_scope(catalog, samples):
    hours = [samples.NOW + timedelta(hours=n) for n in range(5)]
    for number, (scope, complete, suspect) in enumerate(
        [("", True, False), ("dataset d", True, False), ("", True, False), ("", False, False), ("", True, True)]
    ):
        begin_scan(catalog, samples.start(f"s{number}", at=hours[number], scope=scope))
        end_scan(catalog, f"s{number}", samples.end(at=hours[number], complete=complete, suspect=suspect))

    assert [(look.scope, look.started_at) for look in known.looks(catalog, "cja")] == [
        ("", hours[2]),
        ("dataset d", hours[1]),
    ]
    assert known.previous_suspect(catalog, "cja")
    assert not known.previous_suspect(catalog, "cja", "dataset d")
    assert not known.previous_suspect(catalog, "other")


def test_the_owner_of_bytes_is_the_earliest_snapshot_with_rows(catalog, samples):
    first, second = samples.change("202611010100", 1), samples.change("202611020100", 1)
    twin = replace(
        second.files[0].known, report=replace(second.files[0].known.report, content=first.files[0].known.report.content)
    )
    empty = samples.known_file("empty.parquet", "202611020100", size=0)
    second = replace(second, files=(FileChange(known=twin), FileChange(known=empty)))
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [second, first], samples.NOW)

    digest = bytes.fromhex(first.files[0].known.report.content.sha256)
    assert known.content_owners(catalog, "cja", samples.DATASET) == {digest: (samples.DATASET, "202611010100")}
    assert known.content_owners(catalog, "other", samples.DATASET) == {}
