"""Slots and schedules are appended when they change, and stand as last recorded."""

from __future__ import annotations

from datetime import timedelta

from support.recording import begin_scan, record_schedules, record_slots, record_snapshots

from catalog.judging.transitions import Transition
from catalog.judging.values import SlotStatus
from catalog.store import queries
from catalog.store.promises import ScheduleRecord, SlotRecord, last_schedules, slot_statuses
from verifier.model import SnapshotId, Verdict


def slot(samples, before, after, days=0, snapshot=None, verdict=None):
    due_at = samples.NOW + timedelta(days=days)
    return SlotRecord(
        zone="cja",
        dataset_id=samples.DATASET,
        transition=Transition(due_at, before, after, due_at + timedelta(hours=1)),
        snapshot=snapshot,
        verdict=verdict,
    )


def test_the_status_of_a_slot_is_the_last_recorded_one_and_its_history_stays(catalog, samples):
    waiting, missing, late = SlotStatus.WAITING, SlotStatus.MISSING, SlotStatus.ARRIVED_LATE
    filled = SnapshotId("cja", samples.DATASET, "202611200600")
    record_slots(catalog, [slot(samples, None, waiting), slot(samples, None, waiting, days=1)], samples.NOW)
    record_slots(catalog, [slot(samples, waiting, missing)], samples.NOW + timedelta(hours=2))
    record_slots(catalog, [slot(samples, missing, late, 0, filled, Verdict.GOOD)], samples.NOW + timedelta(hours=3))

    tomorrow = samples.NOW + timedelta(days=1)
    assert slot_statuses(catalog) == {("cja", samples.DATASET): {samples.NOW: late, tomorrow: waiting}}
    assert slot_statuses(catalog, since=tomorrow) == {("cja", samples.DATASET): {tomorrow: waiting}}
    with catalog.read() as connection:
        history = connection.execute(
            "SELECT after, snapshot, verdict FROM slot_transition ORDER BY recorded_at, due_at"
        )
        assert history.fetchall() == [
            ("waiting", None, None),
            ("waiting", None, None),
            ("missing", None, None),
            ("arrived_late", str(filled), "good"),
        ]


def test_a_transition_that_two_checks_noticed_is_one_as_of_the_first(catalog, samples):
    records = [slot(samples, None, SlotStatus.MISSING)]
    for hours in (2, 0, 1):
        record_slots(catalog, records * 2, samples.NOW + timedelta(hours=hours))
    with catalog.read() as connection:
        told = connection.execute("SELECT status, recorded_at FROM slots").fetchall()
    assert told == [("missing", samples.NOW.replace(tzinfo=None))]


def test_a_slot_may_go_back_to_a_status_it_had(catalog, samples):
    ways = [SlotStatus.UNKNOWN, SlotStatus.MISSING, SlotStatus.UNKNOWN]
    for number, status in enumerate(ways):
        record_slots(catalog, [slot(samples, None, status)], samples.NOW + timedelta(minutes=number))
    assert slot_statuses(catalog) == {("cja", samples.DATASET): {samples.NOW: SlotStatus.UNKNOWN}}


def test_a_schedule_is_recorded_when_it_changes_and_names_the_dataset(catalog, samples):
    def seen(schedule, name="Web events"):
        return ScheduleRecord(zone="cja", dataset_id=samples.DATASET, name=name, schedule=schedule)

    for number, schedule in enumerate(["every 24h", "every 24h", "every 3h", "none"]):
        record_schedules(catalog, [seen(schedule)], samples.NOW + timedelta(days=number))
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [samples.change("202611010100"), samples.change("202611020100")], samples.NOW)

    assert last_schedules(catalog) == {("cja", samples.DATASET): seen("none")}
    (dataset,) = queries.list_datasets(catalog)
    assert (dataset.name, dataset.snapshots, dataset.bytes) == ("Web events", 2, 2 * 3003)
    with catalog.read() as connection:
        assert connection.execute("SELECT schedule, recorded_at FROM schedules").fetchall() == [
            ("none", (samples.NOW + timedelta(days=3)).replace(tzinfo=None))
        ]
