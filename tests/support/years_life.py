"""What people said, and what restores, drills and tests of controls came to over years; as the project records it.

Not in segments and not told in the ledger by itself: it is part of what `years` makes in one transaction.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from catalog.saying import acceptance_of
from catalog.segments.names import SegmentKind
from catalog.store import insert
from catalog.store.codec import FINDING_COLUMNS, finding_from
from catalog.store.controls import ControlRecord
from catalog.store.database import Connection
from catalog.store.drills import DrillRecord
from catalog.store.entries import Entry, Rows
from catalog.store.holds import Hold
from catalog.store.restores import Acceptance, AcceptedGap, RestoreRecord, RestoreState
from catalog.store.said import Waiver, acceptance_row
from verifier.model import Accepted, SnapshotId

from .years_plan import Dataset, Plan

VERSION = "0.1.0"
_PEOPLE = ("mara@ops03", "jon@ops03", "li@backup01")


def live(connection: Connection, plan: Plan, datasets: Sequence[Dataset]) -> None:
    """Insert it all, each under its own moment."""
    entries = [
        *_waivers(plan, datasets), *_acceptances(connection, plan), *_holds(connection, plan),
        *_drills(connection, plan, datasets), *_restores(connection, plan, datasets), *_controls(connection, plan),
    ]  # fmt: skip
    for entry in sorted(entries, key=lambda one: one.written_at):
        insert.insert(connection, entry, None)


def _entry(kind: SegmentKind, identity: str, at: datetime, rows: Rows) -> Entry:
    return Entry(kind=kind, id=identity, zone="", written_at=at, tool_version=VERSION, rows=rows)


def _waivers(plan: Plan, datasets: Sequence[Dataset]) -> Iterator[Entry]:
    """Every few months a system is rebuilt; one waiver is under way in the end, and one was taken back."""
    daily = [one for one in datasets if one.every_hours == 24]
    told = [(back, daily[back % len(daily)]) for back in range(20, plan.days - 20, max(20, plan.days // 12))]
    if any(one.trouble == "stopped" for one in datasets):
        told.append((4, next(one for one in datasets if one.trouble == "stopped")))
    for back, one in told:
        starts = plan.now.replace(second=0) - timedelta(days=back)
        waiver = Waiver(
            zone=one.zone, dataset_id=one.id, starts_at=starts, ends_at=starts + timedelta(days=5 if back == 4 else 3),
            reason="source system is being rebuilt, agreed with its owner", said_by=_PEOPLE[back % 3],
            said_at=starts - timedelta(hours=20),
        )  # fmt: skip
        yield _entry(SegmentKind.WAIVER, f"waive-{back}", waiver.said_at, {"waiver": [waiver.row()]})
        if back % 7 == 6:
            later = starts + timedelta(days=1)
            yield _entry(SegmentKind.WAIVER, f"waive-{back}-lift", later, {"waiver": [waiver.row(lifted=True) | {
                "said_at": later.replace(tzinfo=None)}]})  # fmt: skip


def _acceptances(connection: Connection, plan: Plan) -> Iterator[Entry]:
    """Of the findings that are bad and old somebody accepted some, a few for a time that is over or nearly so."""
    rows = connection.execute(
        f"""SELECT zone, dataset_id, export_time, {FINDING_COLUMNS} FROM finding_revisions f
            SEMI JOIN snapshots s USING (zone, dataset_id, export_time, snapshot_key, scan_key)
            WHERE level <> 'info' AND strptime(export_time, '%Y%m%d%H%M') < ?
            ORDER BY hash(snapshot), code, path LIMIT 30""",
        [(plan.now - timedelta(days=8)).replace(tzinfo=None)],
    ).fetchall()
    for number, (zone, dataset_id, export_time, *found) in enumerate(rows):
        at = SnapshotId(zone, dataset_id, export_time).export_at + timedelta(days=2, hours=9, minutes=number)
        until = (None, plan.now + timedelta(days=12), at + timedelta(days=90))[number % 3]
        said = Accepted(by=_PEOPLE[number % 3], at=at, reason="known fault at the source, ticket OPS-41", until=until)
        one = acceptance_of((zone, dataset_id, export_time), finding_from(found), said)
        yield _entry(SegmentKind.ACCEPTANCE, f"accept-{number}", at, {"acceptance": [acceptance_row(one)]})


def _holds(connection: Connection, plan: Plan) -> Iterator[Entry]:
    """Legal wants some snapshots kept; one is wanted no longer."""
    for number, (snapshot, _) in enumerate(_some_snapshots(connection, 7)):
        at = max(snapshot.export_at, plan.now - timedelta(days=200)) + timedelta(days=1, minutes=number)
        one = Hold(snapshot=snapshot, reason="matter 2291, legal hold", said_by="legal@desk07", said_at=at)
        yield _entry(SegmentKind.HOLD, f"hold-{number}", at, {"hold": [one.row()]})
        if number == 3:
            later = at + timedelta(hours=6)
            row = one.row(lifted=True) | {"said_at": later.replace(tzinfo=None), "reason": "matter closed"}
            yield _entry(SegmentKind.HOLD, f"hold-{number}-lift", later, {"hold": [row]})


def _drills(connection: Connection, plan: Plan, datasets: Sequence[Dataset]) -> Iterator[Entry]:
    """A restore of every tenth dataset is tried each quarter; some fail, and one was never tried for long."""
    dice = random.Random(plan.seed)
    for one in datasets[::10]:
        newest = 130 if one.number == 60 else 5 + one.number % 60
        for back in range(newest, plan.days - one.first_day - 10, 90):
            at = plan.now - timedelta(days=back, minutes=one.number)
            state = "failed" if dice.random() < 0.06 else "unknown" if dice.random() < 0.04 else "passed"
            rows, snapshots = one.rows * dice.randrange(20, 90), dice.randrange(1, 90)
            said = {"failed": "rows loaded are not those recorded", "unknown": "the zone did not answer in time"}
            drill = DrillRecord(
                drill_id=f"drill-{one.number}-{back}", zone=one.zone, dataset_id=one.id, as_of=at,
                recovers_to=at - timedelta(hours=dice.randrange(2, 24)), depth="full", accepts_gaps=False, state=state,
                message=said.get(state), snapshots=snapshots, files=snapshots * one.parts, bytes=rows * 90, rows=rows,
                rows_loaded=rows - (17 if state == "failed" else 0), fetch_seconds=rows * 90 / 41_000_000,
                load_seconds=rows / 900_000, started_at=at, finished_at=at + timedelta(seconds=30 + rows // 400_000),
                tool_version=VERSION, run_by=_PEOPLE[back % 3],
            )  # fmt: skip
            yield _entry(SegmentKind.DRILL, drill.drill_id, drill.finished_at, {"drill": [drill.row()]})


def _restores(connection: Connection, plan: Plan, datasets: Sequence[Dataset]) -> Iterator[Entry]:
    """Now and then somebody needed a restore; once with gaps that were accepted, once it was broken off."""
    known = _some_snapshots(connection, 9)
    for number, (snapshot, size) in enumerate(known):
        at = snapshot.export_at + timedelta(days=3 + number, minutes=number)
        if at > plan.now - timedelta(hours=2):
            at = plan.now - timedelta(hours=2 + number)
        states = (RestoreState.COMPLETE,) * 6 + (RestoreState.INTERRUPTED, RestoreState.INCOMPLETE)
        state, copied = states[number % 8], max(1, size if number % 8 < 6 else size // 3)
        gap = AcceptedGap(snapshot.export_at - timedelta(days=1), "missing")
        said = Acceptance(gaps=(gap,), by=_PEOPLE[1], at=at, reason="the day was a holiday") if number == 2 else None
        common = {
            "restore_id": f"restore-{number}", "zone": snapshot.zone, "dataset_id": snapshot.dataset_id,
            "as_of": at, "recovers_to": snapshot.export_at, "depth": "full", "snapshots": 30, "files": 60,
            "target_url": "/restore/scratch", "bytes": size * 30, "started_at": at, "tool_version": VERSION,
            "run_by": _PEOPLE[number % 3], "acceptance": said,
        }  # fmt: skip
        ended = at + timedelta(seconds=40 + copied * 30 // 38_000_000)
        if said:
            begun = RestoreRecord(state=RestoreState.RUNNING, **common)
            yield _entry(SegmentKind.RESTORE, f"restore-{number}-begins", at, begun.rows())
        done = RestoreRecord(
            state=state, files_copied=60 if number % 8 < 6 else 20, bytes_copied=copied * 30, finished_at=ended,
            **common,
        )  # fmt: skip
        yield _entry(SegmentKind.RESTORE, f"restore-{number}", ended, done.rows())


def _controls(connection: Connection, plan: Plan) -> Iterator[Entry]:
    """Every quarter damages were done to a scratch copy, and each was noticed."""
    damages = (
        ("one bit flipped", "parquet.corrupt-page"), ("the last 100 bytes cut off", "parquet.truncated"),
        ("a file removed", "manifest.file-missing"), ("a file emptied", "file.empty"),
    )  # fmt: skip
    for number, (snapshot, _) in enumerate(_some_snapshots(connection, 6)):
        at = snapshot.export_at + timedelta(days=1, minutes=number)
        rows = [
            ControlRecord(
                test_id=f"test-{number}", snapshot=str(snapshot), damage=damage, path=None, expected=code, found=code,
                passed=True, started_at=at, finished_at=at + timedelta(seconds=9), run_by=_PEOPLE[0],
                tool_version=VERSION,
            ).row()
            for damage, code in damages
        ]  # fmt: skip
        ended = at + timedelta(seconds=9)
        if ended < plan.now:
            yield _entry(SegmentKind.SELFTEST, f"test-{number}", ended, {"control-test": rows})


def _some_snapshots(connection: Connection, count: int) -> list[tuple[SnapshotId, int]]:
    """Return good snapshots that are there, spread over time."""
    rows = connection.execute(
        """SELECT zone, dataset_id, export_time, bytes FROM (
               SELECT *, ntile(?) OVER (ORDER BY export_time, id) AS tile FROM snapshots
               WHERE verdict = 'good' AND presence = 'present' AND zone <> 'archive')
           QUALIFY row_number() OVER (PARTITION BY tile ORDER BY hash(id)) = 1 ORDER BY tile""",
        [count],
    ).fetchall()
    return [(SnapshotId(zone, dataset_id, time), size) for zone, dataset_id, time, size in rows]
