"""What is recorded is a segment first: a catalog is made again from segments alone, in any order, to the same."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from support.recording import begin_scan, end_scan, record_copies, record_schedules, record_slots, record_snapshots
from support.recording import record_strays as strays_of

from catalog.judging.transitions import Transition
from catalog.judging.values import SlotStatus
from catalog.segments.format import encode_segment
from catalog.segments.shelf import open_shelf
from catalog.store import queries
from catalog.store.backup import LIST, back_up, export
from catalog.store.compare import sums
from catalog.store.copies import CopyRecord
from catalog.store.database import Catalog
from catalog.store.drills import DrillRecord, record_drills
from catalog.store.entries import entry_of
from catalog.store.examine import Mismatch, examine
from catalog.store.ingest import Ingestion, ingest
from catalog.store.journal import begin, record
from catalog.store.ledger import Telling
from catalog.store.promises import ScheduleRecord, SlotRecord
from catalog.store.reads import SnapshotRead
from catalog.store.rebuild import Rebuilt, rebuild
from catalog.store.restores import Acceptance, AcceptedGap, RestoreRecord, RestoreState, record_restores
from verifier.backends.urls import local_path, parse_location
from verifier.errors import CatalogError, UsageError
from verifier.model import SnapshotId, finding
from verifier.zone_model import Stray

HOUR = timedelta(hours=1)
VIEWS = (
    "snapshots", "files", "findings", "strays", "scans", "slots", "schedules", "copies", "restores", "full_reads",
    "datasets",
)  # fmt: skip
INNER = {"scan_key", "snapshot_key"}


@pytest.fixture
def kept(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "a.duckdb", wait_seconds=5, segments=parse_location(str(tmp_path / "segments")))


def segments(catalog: Catalog) -> list[Path]:
    assert catalog.segments is not None
    return sorted(Path(local_path(catalog.segments.url)).rglob("*.json.gz"))


def seen(catalog: Catalog) -> tuple[Mismatch, ...]:
    assert catalog.segments is not None
    with closing(open_shelf(catalog.segments)) as shelf:
        return examine(catalog, shelf).mismatches


def taken_in(catalog: Catalog, place: Path) -> Ingestion:
    with closing(open_shelf(parse_location(str(place)))) as shelf:
        return ingest(catalog, shelf)


def made_again(catalog: Catalog, backup: Path | None = None) -> Rebuilt:
    assert catalog.segments is not None
    with closing(open_shelf(catalog.segments)) as shelf:
        return rebuild(catalog, shelf, Telling(datetime.now(UTC), "1"), backup)


def told(catalog: Catalog) -> dict[str, list[tuple[object, ...]]]:
    """Everything that the views tell, but for the numbers that differ from file to file."""
    answers = {}
    with catalog.read() as connection:
        for view in VIEWS:
            columns = [row[0] for row in connection.execute(f"DESCRIBE {view}").fetchall() if row[0] not in INNER]
            answers[view] = connection.execute(f"SELECT {', '.join(columns)} FROM {view} ORDER BY ALL").fetchall()
    return answers


def fill(catalog: Catalog, samples, zone: str = "cja", hours: int = 0) -> None:
    """Record two scans, with strays and reads, two checks, a copy, a restore over a gap and a drill."""
    times = samples.export_times(hours, 3)
    for number in range(2):
        now = samples.NOW + number * HOUR + timedelta(minutes=hours)
        scan = f"scan-{zone}-{hours}-{number}"
        begin_scan(catalog, samples.start(scan, zone=zone, at=now))
        changes = [samples.change(t, 2 + number, zone=zone) for t in times[number:]]
        record_snapshots(catalog, scan, changes, now, [SnapshotRead(c.report.id) for c in changes])
        strays_of(
            catalog, scan, zone, [Stray(path="x/é", size=3, findings=(finding("layout.stray-file", "here"),))], now
        )
        end_scan(catalog, scan, samples.end(at=now), zone=zone)
        status = [SlotStatus.WAITING, SlotStatus.MISSING][number]
        moved = Transition(samples.NOW, None, status, samples.NOW)
        record_slots(catalog, [SlotRecord(zone=zone, dataset_id=samples.DATASET, transition=moved)], now)
        promised = ScheduleRecord(zone=zone, dataset_id=samples.DATASET, name=None, schedule=f"every {number + 1}h")
        record_schedules(catalog, [promised], now)
    record_copies(catalog, [copy_of(SnapshotId(zone, samples.DATASET, times[0]), samples)])
    accepted = Acceptance(gaps=(AcceptedGap(samples.NOW, "missing"),), by="me@here", at=samples.NOW, reason="é")
    begun = RestoreRecord(
        restore_id=f"restore-{zone}-{hours}", zone=zone, dataset_id=samples.DATASET, as_of=samples.NOW,
        recovers_to=None, depth="full", target_url="file:///target", state=RestoreState.RUNNING, snapshots=1, files=2,
        bytes=3, started_at=samples.NOW, tool_version="0.1.0", acceptance=accepted,
    )  # fmt: skip
    record_restores(catalog, [begun, replace(begun, state=RestoreState.COMPLETE, finished_at=samples.NOW + HOUR)])
    drill = DrillRecord(
        drill_id=f"drill-{zone}-{hours}", zone=zone, dataset_id=samples.DATASET, as_of=samples.NOW, recovers_to=None,
        depth="full", accepts_gaps=False, state="passed", message=None, snapshots=1, files=2, bytes=3, rows=None,
        rows_loaded=4, fetch_seconds=0.5, load_seconds=0.25, started_at=samples.NOW, finished_at=samples.NOW + HOUR,
        tool_version="0.1.0",
    )  # fmt: skip
    record_drills(catalog, [drill])


def copy_of(source: SnapshotId, samples) -> CopyRecord:
    return CopyRecord(
        source=source, target=replace(source, zone="vault"), target_url="file:///vault", is_complete=True, files=2,
        bytes=10, copied=2, already_there=0, started_at=samples.NOW, finished_at=samples.NOW + HOUR,
        tool_version="0.1.0",
    )  # fmt: skip


def test_a_lost_catalog_is_made_again_from_its_segments(kept, samples):
    fill(kept, samples)
    before, all_of_it = sums(kept), told(kept)
    kept.path.unlink()
    rebuilt = made_again(kept)
    assert (rebuilt.aside, rebuilt.ingestion.taken) == (None, len(segments(kept)))
    assert (sums(kept), told(kept)) == (before, all_of_it)
    assert seen(kept) == ()


def test_segments_of_several_machines_come_to_the_same_in_any_order(tmp_path, samples):
    place = parse_location(str(tmp_path / "segments"))
    for number, zone in enumerate(["cja", "cja", "aep"]):
        machine = Catalog(tmp_path / f"machine-{number}.duckdb", segments=place)
        fill(machine, samples, zone, hours=number)
    files = segments(machine)
    orders = [files, files[::-1], *list(permutations(files[:4]))[1:5]]
    answers = []
    for number, order in enumerate(orders):
        one = Catalog(tmp_path / f"order-{number}.duckdb")
        arriving = tmp_path / f"arriving-{number}"
        for file in order:
            there = arriving / file.relative_to(local_path(place.url))
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, there)
            assert taken_in(one, arriving).taken == 1
        assert taken_in(one, tmp_path / "segments").taken == len(files) - len(order)
        assert taken_in(one, tmp_path / "segments").already_there == len(files)
        answers.append((sums(one), told(one)))
    assert all(answer == answers[0] for answer in answers[1:])
    assert len(answers[0][1]["snapshots"]) == 7


def test_the_same_entry_twice_is_recorded_once(kept, samples):
    fill(kept, samples)
    assert kept.segments is not None
    with closing(open_shelf(kept.segments)) as shelf:
        entries = [entry_of(shelf.read(name.path)) for name in shelf.inventory().segments]
    before = sums(kept)
    for entry in entries:
        record(kept, entry)
    assert sums(kept) == before


def test_a_segment_stands_before_anything_is_in_the_catalog(kept, samples):
    begin_scan(kept, samples.start())
    before = sums(kept)
    kept.path.rename(kept.path.with_suffix(".away"))
    kept.path.mkdir()
    with pytest.raises(CatalogError, match="folder"):
        record_snapshots(kept, "scan-1", [samples.change("202611010100")], samples.NOW)
    kept.path.rmdir()
    kept.path.with_suffix(".away").rename(kept.path)
    assert sums(kept) == before
    assert [m.kind for m in seen(kept)] == ["not-taken-in"]
    assert taken_in(kept, Path(local_path(kept.segments.url))).taken == 1
    assert len(queries.list_snapshots(kept, queries.SnapshotFilter())) == 1
    assert seen(kept) == ()


def test_what_cannot_become_a_segment_is_not_recorded(kept, samples, tmp_path):
    begin_scan(kept, samples.start())
    before = sums(kept)
    (tmp_path / "file").write_text("here")
    broken = replace(kept, segments=parse_location(str(tmp_path / "file" / "segments")))
    with pytest.raises(CatalogError, match="nothing of this step was recorded"):
        begin_scan(broken, samples.start("scan-2"))
    assert sums(kept) == before


@pytest.mark.parametrize(
    ("harm", "kinds"),
    [
        (lambda file: file.unlink(), ["missing-segment"]),
        (lambda file: file.write_bytes(file.read_bytes()[:-9]), ["damaged-segment"]),
        (lambda file: file.write_bytes(b"other"), ["damaged-segment"]),
        (lambda file: file.rename(file.with_name("x" + file.name)), ["missing-segment"]),
    ],
    ids=["gone", "cut short", "overwritten", "under another name"],
)
def test_verify_tells_what_became_of_a_segment(kept, samples, harm, kinds):
    fill(kept, samples)
    assert seen(kept) == ()
    harm(segments(kept)[1])
    assert [m.kind for m in seen(kept)] == kinds
    assert segments(kept)[1].name in seen(kept)[0].subject or kinds == ["missing-segment"]


def test_verify_tells_a_segment_that_was_written_anew(kept, samples):
    fill(kept, samples)
    with closing(open_shelf(kept.segments)) as shelf:
        name = next(n for n in shelf.inventory().segments if n.kind == "copy")
        found = shelf.read(name.path)
    (row,) = found.records
    file = Path(local_path(kept.segments.url)) / name.path
    file.write_bytes(encode_segment(found.header, [{**row, "complete": False}]))
    (mismatch,) = seen(kept)
    assert (mismatch.kind, mismatch.subject) == ("changed-segment", name.path)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE snapshot_revision SET verdict = 'good', rows = 1", "differs"),
        ("UPDATE file_revision SET sha256 = repeat('0', 64) WHERE name LIKE '%part-00001%'", "differs"),
        ("DELETE FROM slot_transition", "differs"),
        ("UPDATE copies SET complete = false", "differs"),
        ("DELETE FROM finding", "contradiction"),
    ],
)
def test_verify_tells_what_was_altered_in_the_catalog(kept, samples, statement, kind):
    fill(kept, samples)
    with kept.write() as connection:
        connection.execute(statement)
    assert kind in {m.kind for m in seen(kept)}


def test_a_look_that_had_just_begun_is_no_mismatch(kept, samples):
    begin(kept, samples.start("begun").row())
    assert [row[0] for row in told(kept)["scans"]] == ["begun"]
    assert seen(kept) == ()


def test_a_damaged_catalog_is_moved_aside_and_made_again(kept, samples):
    fill(kept, samples)
    before = told(kept)
    damaged = b"\0" * 4096 + kept.path.read_bytes()[4096:]
    kept.path.write_bytes(damaged)
    with pytest.raises(CatalogError, match="not a DuckDB file") as caught:
        sums(kept)
    aside = made_again(kept).aside
    assert aside is not None
    assert aside.read_bytes() == damaged
    assert told(kept) == before
    assert "another file" in (caught.value.hint or "")


def test_a_catalog_that_has_more_than_its_segments_stays(kept, samples):
    fill(kept, samples)
    segments(kept)[0].unlink()
    before = sums(kept)
    with pytest.raises(CatalogError, match="opens, and has what no segment brings back"):
        made_again(kept)
    assert sums(kept) == before
    assert sorted(p.name for p in kept.path.parent.iterdir()) == ["a.duckdb", "a.duckdb.lock", "segments"]


def test_nothing_is_made_of_nothing(kept, samples):
    with pytest.raises(CatalogError, match="no segment"):
        made_again(kept)
    assert not kept.path.exists()


def test_what_a_newer_program_wrote_is_refused_by_name(kept, samples):
    fill(kept, samples)
    with closing(open_shelf(kept.segments)) as shelf:
        name = shelf.inventory().segments[0]
        found = shelf.read(name.path)
        file = Path(local_path(kept.segments.url)) / name.path
        for record_ in ({"type": "hologram"}, {**found.records[0], "smell": "roses"}):
            file.write_bytes(encode_segment(found.header, [record_]))
            one = Catalog(kept.path.with_name("other.duckdb"))
            done = ingest(one, shelf)
            assert [(r.path, r.is_damage) for r in done.refused] == [(name.path, False)]
            assert "does not know" in done.refused[0].message
            one.path.unlink()


def test_two_places_under_one_name_are_told_and_the_first_stays(tmp_path, samples):
    place = parse_location(str(tmp_path / "segments"))
    one, other = (Catalog(tmp_path / f"{n}.duckdb", segments=place) for n in "ab")
    fill(one, samples)
    begin_scan(other, replace(samples.start("elsewhere", at=samples.NOW + HOUR), url="s3://elsewhere/x"))
    done = taken_in(one, tmp_path / "segments")
    assert [("elsewhere" in r.message, r.is_damage) for r in done.refused] == [(True, False)]


def test_a_backup_makes_the_same_catalog_and_takes_in_what_is_newer(kept, samples, tmp_path):
    fill(kept, samples)
    back_up(kept, tmp_path / "backup")
    fill(kept, samples, "aep", hours=5)
    before = told(kept)
    kept.path.unlink()
    for file in segments(kept):
        if "aep" not in file.name and samples.NOW.strftime("%H") not in file.name[9:11]:
            continue
    rebuilt = made_again(kept, tmp_path / "backup")
    assert rebuilt.ingestion.already_there > 0
    assert rebuilt.ingestion.taken > 0
    assert told(kept) == before


def test_a_backup_that_was_changed_is_refused(kept, samples, tmp_path):
    fill(kept, samples)
    back_up(kept, tmp_path / "backup")
    file = tmp_path / "backup" / "scan.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    kept.path.unlink()
    with pytest.raises(UsageError, match="SHA-256"):
        made_again(kept, tmp_path / "backup")
    (tmp_path / "backup" / LIST).unlink()
    with pytest.raises(UsageError, match="no whole backup"):
        made_again(kept, tmp_path / "backup")
    with pytest.raises(UsageError, match="not empty"):
        back_up(kept, tmp_path / "backup")
    assert not kept.path.exists()


def test_an_export_holds_what_the_views_tell(kept, samples, tmp_path):
    fill(kept, samples)
    written = export(kept, tmp_path / "export")
    counts = {view: len(rows) for view, rows in told(kept).items()}
    assert {w.name.removesuffix(".parquet"): w.rows for w in written} == counts
