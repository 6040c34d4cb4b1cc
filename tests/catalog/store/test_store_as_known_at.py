"""What was known at a moment in the past is what the views told then, whatever was learned later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from support.recording import begin_scan, record_slots, record_snapshots

from catalog.judging.transitions import Transition
from catalog.judging.values import SlotStatus
from catalog.store.database import Catalog
from catalog.store.promises import SlotRecord
from catalog.store.sql import run_sql
from verifier.model import FileChange, Presence, Verdict

HOUR = timedelta(hours=1)
COLUMNS = {
    "snapshots": "id, verdict, presence, files, first_seen_at, judged_at, verified_at, unchecked_bytes",
    "files": "snapshot, path, size, sha256, presence, seen_at, first_seen_at, recorded_at",
    "slots": "zone, dataset_id, due_at, status, happened_at, snapshot, verdict, recorded_at",
}


def now(catalog: Catalog) -> dict[str, object]:
    return {view: run_sql(catalog, f"SELECT {c} FROM {view} ORDER BY ALL").rows for view, c in COLUMNS.items()}


def then(catalog: Catalog, at: datetime) -> dict[str, object]:
    moment = f"'{at.replace(tzinfo=None)}'"
    return {
        view: run_sql(catalog, f"SELECT {c} FROM {view}_as_known_at({moment}) ORDER BY ALL").rows
        for view, c in COLUMNS.items()
    }


def test_every_answer_of_the_past_can_be_had_again(catalog, samples):
    told: dict[datetime, dict[str, object]] = {}
    good = samples.change("202611010100")
    gone = replace(
        good,
        report=replace(good.report, verdict=Verdict.INCOMPLETE),
        files=(FileChange(known=good.files[0].known, presence=Presence.VANISHED), *good.files[1:2]),
    )
    steps = [[good], [samples.change("202611020100")], [gone], [good]]
    for number, changes in enumerate(steps):
        at = samples.NOW + number * HOUR
        begin_scan(catalog, samples.start(f"scan-{number}", at=at))
        record_snapshots(catalog, f"scan-{number}", changes, at)
        status = list(SlotStatus)[number % 2]
        moved = Transition(samples.NOW, None, status, at)
        record_slots(catalog, [SlotRecord(zone="cja", dataset_id=samples.DATASET, transition=moved)], at)
        told[at] = now(catalog)

    assert len({repr(answer) for answer in told.values()}) == len(steps)
    for at, answer in told.items():
        assert then(catalog, at) == answer
        assert then(catalog, at + HOUR - timedelta(microseconds=1)) == answer
    assert then(catalog, samples.NOW - HOUR) == {view: [] for view in COLUMNS}
