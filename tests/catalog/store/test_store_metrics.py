"""The numbers that metrics tell, from what was recorded: what is not known is None, and never a zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

from support.recording import begin_scan, end_scan, record_snapshots

from catalog.metrics_values import Night, Nights
from catalog.segments.names import SegmentKind
from catalog.store.codec import to_stored
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.metrics import last_nights, recorded_facts, zone_listings
from catalog.store.reads import SnapshotRead
from verifier.model import Presence, SnapshotChange, Verdict

OLD, NEW = "202611010100", "202611020100"


def with_verdict(change: SnapshotChange, verdict: Verdict, **more: object) -> SnapshotChange:
    return replace(change, report=replace(change.report, verdict=verdict, **more))


def recorded(catalog: Catalog, samples: ModuleType, *changes: SnapshotChange, reads: bool = True) -> None:
    begin_scan(catalog, samples.start())
    read = [SnapshotRead(c.report.id) for c in changes] if reads else []
    record_snapshots(catalog, "scan-1", changes, samples.NOW, read)


def night(catalog: Catalog, number: int, exit_status: int) -> Night:
    began = datetime(2026, 11, number, 5, tzinfo=UTC)
    done = Night(f"run-{number}", began, began + timedelta(minutes=9), exit_status, errors=number, warnings=1)
    row = {
        "run_id": done.run_id,
        "started_at": to_stored(done.started_at),
        "finished_at": to_stored(done.finished_at),
        "exit_status": done.exit_status,
        "errors": done.errors,
        "warnings": done.warnings,
        "tool_version": "0.1.0",
    }
    entry = Entry(
        kind=SegmentKind.NIGHT, id=done.run_id, zone="", tool_version="0.1.0", written_at=began, rows={"night": [row]}
    )
    record(catalog, entry)
    return done


def test_the_newest_good_snapshot_is_the_newest_that_is_there_and_good(catalog: Catalog, samples: ModuleType) -> None:
    gone = with_verdict(samples.change("202611030100"), Verdict.GOOD, presence=Presence.VANISHED)
    bad = with_verdict(samples.change("202611040100"), Verdict.CORRUPT)
    recorded(catalog, samples, samples.change(OLD), samples.change(NEW, files=2), gone, bad)
    facts = recorded_facts(catalog)["cja", samples.DATASET]
    assert facts.newest_good_at == datetime(2026, 11, 2, 1, tzinfo=UTC)
    assert (facts.newest_good_bytes, facts.newest_good_rows) == (2001, 200)
    assert facts.snapshots == {"good": 2, "corrupt": 1}


def test_an_empty_snapshot_counts_where_it_may_be_empty(catalog: Catalog, samples: ModuleType) -> None:
    recorded(catalog, samples, samples.change(OLD), with_verdict(samples.change(NEW), Verdict.EMPTY, rows=0))
    key = ("cja", samples.DATASET)
    assert recorded_facts(catalog)[key].newest_good_at == datetime(2026, 11, 2, 1, tzinfo=UTC)
    assert recorded_facts(catalog, [key])[key].newest_good_at == datetime(2026, 11, 1, 1, tzinfo=UTC)


def test_what_never_was_good_has_no_newest_good(catalog: Catalog, samples: ModuleType) -> None:
    recorded(catalog, samples, with_verdict(samples.change(OLD), Verdict.CORRUPT))
    facts = recorded_facts(catalog)["cja", samples.DATASET]
    assert (facts.newest_good_at, facts.newest_good_bytes, facts.newest_good_rows) == (None, None, None)


def test_rows_that_were_not_counted_are_not_known(catalog: Catalog, samples: ModuleType) -> None:
    recorded(catalog, samples, with_verdict(samples.change(OLD), Verdict.GOOD, rows=None))
    facts = recorded_facts(catalog)["cja", samples.DATASET]
    assert (facts.newest_good_bytes, facts.newest_good_rows) == (3003, None)


def test_a_file_is_unread_since_its_last_full_read_or_since_it_was_first_seen(
    catalog: Catalog, samples: ModuleType
) -> None:
    recorded(catalog, samples, samples.change(OLD), reads=False)
    key, later = ("cja", samples.DATASET), samples.NOW + timedelta(days=3)
    facts = recorded_facts(catalog)[key]
    assert (facts.unread_since, facts.never_read) == (samples.NOW, 3)
    change = samples.change(OLD)
    paths = [file.known.report.file.path for file in change.files]
    for scan, read in (("some", paths[:2]), ("rest", paths[2:])):
        begin_scan(catalog, samples.start(scan, at=later))
        record_snapshots(catalog, scan, [], later, [SnapshotRead(change.report.id, tuple(read))])
        facts = recorded_facts(catalog)[key]
        assert facts.never_read == (1 if scan == "some" else 0)
        assert facts.unread_since == (samples.NOW if scan == "some" else later)


def test_each_dataset_of_each_zone_stands_for_itself(catalog: Catalog, samples: ModuleType) -> None:
    other = "64e0c0ffee0123456789abce"
    recorded(catalog, samples, samples.change(OLD), samples.change(NEW, dataset_id=other))
    begin_scan(catalog, samples.start("scan-2", zone="z\udc80"))
    record_snapshots(catalog, "scan-2", [samples.change(OLD, zone="z\udc80")], samples.NOW)
    assert set(recorded_facts(catalog)) == {("cja", samples.DATASET), ("cja", other), ("z\udc80", samples.DATASET)}


def test_only_complete_and_trusted_listings_of_the_whole_zone_count(catalog: Catalog, samples: ModuleType) -> None:
    moments = [samples.NOW + timedelta(hours=hours) for hours in range(4)]
    ends = [samples.end(), samples.end(suspect=True), samples.end(complete=False), samples.end()]
    for number, (at, end) in enumerate(zip(moments, ends, strict=True)):
        begin_scan(catalog, samples.start(f"scan-{number}", at=at, scope="dataset x" if number == 3 else ""))
        end_scan(catalog, f"scan-{number}", end)
    assert zone_listings(catalog) == {"cja": samples.NOW}


def test_the_last_night_and_the_last_that_could_look(catalog: Catalog) -> None:
    with catalog.write():
        """There is a catalog, and no night in it."""
    assert last_nights(catalog) == Nights()
    blind = night(catalog, 1, 3)
    assert last_nights(catalog) == Nights(blind, None)
    errors = night(catalog, 2, 2)
    assert last_nights(catalog) == Nights(errors, errors), "it looked at everything, whatever it found"
    locked = night(catalog, 3, 4)
    assert last_nights(catalog) == Nights(locked, errors)
