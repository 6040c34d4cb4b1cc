"""Whatever runs and snapshots there are: none is taken twice, order changes nothing, and nobody is blamed unseen."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.adobe.model import Run, RunStatus
from catalog.adobe.reconcile import reconcile
from catalog.adobe.reconcile_values import Export, FlowScope, Reconciliation, Sight, Stream
from catalog.judging.values import Period
from catalog.schedule import Every, Once, Schedule
from verifier.model import SnapshotId, Verdict

START = datetime(2026, 9, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DATASET = "64e0a1fa0000000000000001"
minutes = st.integers(-600, 5000).map(lambda n: START + timedelta(minutes=n))
numbers = st.one_of(st.none(), st.integers(0, 3))

runs = st.builds(
    lambda n, status, at, took, rows, files: Run(
        id=f"run-{n}",
        flow_id="f",
        status=status,
        started_at=at,
        completed_at=None if took is None or at is None else at + timedelta(minutes=took),
        rows=rows,
        files=files,
        raw="{}",
    ),
    st.integers(0, 20),
    st.sampled_from(list(RunStatus)),
    st.one_of(st.none(), minutes),
    st.one_of(st.none(), st.integers(0, 300)),
    numbers,
    numbers,
)
exports = st.builds(
    lambda at, verdict, rows, files, ids: Export(
        id=SnapshotId("z", DATASET, f"{at:%Y%m%d%H%M%S}"),
        verdict=verdict,
        rows=rows,
        data_files=files,
        run_ids=frozenset(f"run-{n}" for n in ids),
        has_manifest=bool(ids),
        listed_files=files if ids else None,
    ),
    minutes,
    st.sampled_from(list(Verdict)),
    numbers,
    st.integers(0, 3),
    st.sets(st.integers(0, 25), max_size=1),
)
schedules = st.sampled_from(
    [None, Schedule(Every(DAY, START)), Schedule(Every(3 * HOUR, START)), Schedule(Once(START))]
)


def compared(
    some: list[Run], landed: list[Export], looks: tuple[datetime, ...], schedule: Schedule | None
) -> Reconciliation:
    first = min((e.id.export_at for e in landed), default=None)
    stream = Stream(
        zone="z", dataset_id=DATASET, schedule=schedule, exports=tuple(landed), first_export_at=first, looks=looks
    )
    until = START + 10 * DAY
    scope = FlowScope(flow_id="f", streams=(stream,), runs=tuple(some), until=until)
    return reconcile([scope], Period(START - 10 * DAY, until))


@settings(max_examples=100, deadline=None)
@given(
    some=st.lists(runs, max_size=12, unique_by=lambda run: run.id),
    landed=st.lists(exports, max_size=12, unique_by=lambda export: export.id),
    looks=st.lists(minutes, max_size=4).map(sorted).map(tuple),
    schedule=schedules,
    seed=st.integers(0, 99),
)
def test_pairs_are_one_to_one_in_any_order_and_only_what_was_looked_for_is_missing(
    some: list[Run], landed: list[Export], looks: tuple[datetime, ...], schedule: Schedule | None, seed: int
) -> None:
    result = compared(some, landed, looks, schedule)
    (flow,) = result.flows
    taken = [run.pairs[0].export.id for run in flow.runs if run.pairs[0].export]
    assert len(taken) == len(set(taken))
    assert not {export.id for export in flow.unclaimed} & set(taken)
    for noticed in result.findings:
        if noticed.finding.code == "run.without-snapshot":
            (run,) = [r for r in flow.runs if r.run.id == noticed.run_id]
            assert run.pairs[0].state is Sight.ABSENT
            ended = run.run.completed_at or run.run.started_at
            assert ended is not None
            assert any(look > ended for look in looks)
    assert all(
        slot[2] not in {schedule.slot_of(e.id.export_at) for e in landed if schedule} for slot in result.proven_empty
    )
    dice = random.Random(seed)
    again = compared(dice.sample(some, len(some)), dice.sample(landed, len(landed)), looks, schedule)
    assert again.proven_empty == result.proven_empty
    assert told(again) == told(result)


def told(result: Reconciliation) -> Counter[tuple[str, str | None, str]]:
    return Counter((n.finding.code, n.run_id, n.finding.message) for n in result.findings)
