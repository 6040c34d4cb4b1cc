"""Runs against snapshots, on made histories: just what was planted is found, and what nobody saw is not missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.adobe.model import EntityRows, Run, RunError, RunStatus
from catalog.adobe.reconcile import reconcile
from catalog.adobe.reconcile_values import Equality, Export, FlowScope, Reconciliation, Sight, Stream, Way
from catalog.judging.values import Period
from catalog.schedule import Every, Schedule
from verifier.findings import Level
from verifier.model import Presence, SnapshotId, Verdict

ALPHA, BETA, FLOW = "64e0a1fa0000000000000001", "64e0be7a0000000000000002", "flow-1"
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
FIRST = datetime(2026, 9, 1, 1, tzinfo=UTC)
DAILY = Schedule(Every(DAY, FIRST))
NUMBERS: dict[str, Any] = {"rows": 100, "files": 2, "bytes": 500}


def run(name: str, at: datetime, status: RunStatus = RunStatus.SUCCESS, **more: Any) -> Run:
    """A run of a quarter of an hour with the usual numbers."""
    ended = None if status is RunStatus.IN_PROGRESS else at + 15 * MINUTE
    usual: dict[str, Any] = {"flow_id": FLOW, "started_at": at, "completed_at": ended, "updated_at": ended or at}
    return Run(id=name, status=status, raw="{}", **{**usual, **NUMBERS, **more})


def export(at: datetime, digits: int = 12, dataset: str = ALPHA, **more: Any) -> Export:
    """A good snapshot with the usual numbers."""
    identity = SnapshotId("cja", dataset, f"{at:%Y%m%d%H%M%S}"[:digits])
    usual = {"verdict": Verdict.GOOD, "data_files": 2, "data_bytes": 400, "rows": 100}
    return Export(id=identity, **{**usual, **more})


def stream(exports: Iterable[Export], looks: Sequence[datetime], dataset: str = ALPHA, **more: Any) -> Stream:
    found = tuple(exports)
    first = min((e.id.export_at for e in found), default=None)
    usual = {"schedule": DAILY, "first_export_at": first}
    return Stream(zone="cja", dataset_id=dataset, exports=found, looks=tuple(looks), **{**usual, **more})


def compared(
    runs: Sequence[Run], *streams: Stream, until: datetime, period: Period | None = None, **more: Any
) -> Reconciliation:
    scope = FlowScope(flow_id=FLOW, name="nightly", streams=streams, runs=tuple(runs), until=until, **more)
    return reconcile([scope], period or Period(FIRST - DAY, until))


def codes(result: Reconciliation) -> list[tuple[str, str]]:
    return [(noticed.finding.code, noticed.finding.level.value) for noticed in result.findings]


@dataclass(slots=True)
class History:
    """A month of days, each with what happened on it, and what is to be found of that."""

    named: bool = False
    runs: list[Run] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    empty: list[datetime] = field(default_factory=list)

    def add(self, number: int, what: str, delay: timedelta) -> None:
        """Let a day be as `what` says; its run begins so long after it is due."""
        due, name = FIRST + number * DAY, f"run-{number}"
        at = due + delay
        getattr(self, what)(due, at, name)

    def _write(self, name: str, at: datetime, digits: int = 12, **more: Any) -> None:
        told = {"run_ids": frozenset({name}), "has_manifest": True, "listed_files": 2} if self.named else {}
        self.exports.append(export(at, digits, **{**told, **more}))

    def _find(self, code: str, level: str) -> None:
        self.expected[code, level] += 1

    def good(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at))
        self._write(name, due)

    def failed(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, RunStatus.FAILED, rows=None, files=None, bytes=None))
        self._find("run.failed", "error")

    def retried(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(f"{name}-a", at, RunStatus.FAILED, rows=None))
        self.runs.append(run(f"{name}-b", at + 40 * MINUTE))
        self._write(f"{name}-b", due)
        self._find("run.failed", "warn")

    def partial(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, RunStatus.PARTIAL))
        self._write(name, due)
        self._find("run.partial", "warn")

    def missing(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at))
        self._find("run.without-snapshot", "error")

    def zero(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, rows=0, files=0, bytes=0))
        self.empty.append(due)

    def other_rows(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, rows=101))
        self._write(name, due)
        self._find("run.rows-differ", "warn")

    def fewer_files(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, files=4))
        self._write(name, due)
        self._find("run.files-differ", "warn" if self.named else "error")

    def twice(self, due: datetime, at: datetime, name: str) -> None:
        """Somebody exports by hand beside the schedule: nothing is wrong with that."""
        self.good(due, at, name)
        self.runs.append(run(f"{name}-again", due + 10 * HOUR))
        self._write(f"{name}-again", due + 10 * HOUR + 7 * MINUTE, 14)

    def stray(self, due: datetime, at: datetime, name: str) -> None:
        self.good(due, at, name)
        self._write("somebody-else", due + 10 * HOUR, 14)
        self._find("run.snapshot-without-run", "warn")

    def stuck(self, due: datetime, at: datetime, name: str) -> None:
        self.runs.append(run(name, at, RunStatus.IN_PROGRESS, rows=None, files=None, bytes=None))
        self._find("run.stuck", "warn")

    def result(self) -> Reconciliation:
        looks = [FIRST + n * DAY + 5 * HOUR for n in range(-1, 33)]
        return compared(list(reversed(self.runs)), stream(self.exports, looks), until=FIRST + 32 * DAY)


_EVENTS = [
    *("good",) * 4,
    *("failed", "retried", "partial", "missing", "zero", "other_rows", "fewer_files", "twice", "stray", "stuck"),
]


@settings(max_examples=150, deadline=None)
@given(
    days=st.lists(st.tuples(st.sampled_from(_EVENTS), st.integers(0, 55)), min_size=30, max_size=30),
    named=st.booleans(),
)
def test_month_of_days_shows_exactly_what_was_planted(days: list[tuple[str, int]], *, named: bool) -> None:
    history = History(named=named)
    history.add(0, "good", timedelta())
    for number, (what, minutes) in enumerate(days, start=1):
        history.add(number, what, minutes * MINUTE)
    result = history.result()
    assert Counter(codes(result)) == history.expected
    assert result.proven_empty == tuple(("cja", ALPHA, due) for due in history.empty)


def test_quiet_month_finds_nothing_and_every_number_is_equal() -> None:
    history = History()
    for number in range(31):
        history.add(number, "good", timedelta(minutes=number))
    result = history.result()
    assert codes(result) == []
    (flow,) = result.flows
    assert {(c.files.verdict, c.rows.verdict) for c in flow.runs} == {(Equality.EQUAL, Equality.EQUAL)}
    assert {c.bytes.verdict for c in flow.runs} == {Equality.DIFFERS}, "which is told and is no finding"


def test_run_told_twice_is_one_as_last_updated() -> None:
    early = run("a", FIRST, RunStatus.IN_PROGRESS, rows=None)
    late = run("a", FIRST)
    result = compared([late, early, late], stream([export(FIRST)], [FIRST + 9 * HOUR]), until=FIRST + 3 * DAY)
    assert [c.run.status for c in result.flows[0].runs] == [RunStatus.SUCCESS]
    assert codes(result) == []


def test_snapshot_is_found_by_manifest_whatever_its_time() -> None:
    far = export(FIRST + 20 * HOUR, 14, run_ids=frozenset({"a"}))
    near = export(FIRST, run_ids=frozenset({"b"}))
    runs = [run("a", FIRST), run("b", FIRST + 20 * HOUR)]
    pairs = [
        c.pairs[0] for c in compared(runs, stream([near, far], [FIRST + DAY]), until=FIRST + 2 * DAY).flows[0].runs
    ]
    assert [(p.export, p.way) for p in pairs] == [(far, Way.MANIFEST), (near, Way.MANIFEST)]


def test_manifests_that_name_no_run_at_all_do_not_keep_time_from_telling() -> None:
    unrelated = export(FIRST, run_ids=frozenset({"not-a-run"}))
    result = compared([run("a", FIRST)], stream([unrelated], [FIRST + DAY]), until=FIRST + 2 * DAY)
    assert [c.pairs[0].way for c in result.flows[0].runs] == [Way.TIME]
    assert codes(result) == []


def test_snapshot_whose_manifest_names_another_run_is_not_guessed_where_manifests_name_runs() -> None:
    due = FIRST + DAY
    here = [export(FIRST, run_ids=frozenset({"a"})), export(due, run_ids=frozenset({"somebody-elses"}))]
    runs = [run("a", FIRST), run("b", due)]
    result = compared(runs, stream(here, [FIRST, due + DAY]), until=due + 2 * DAY)
    assert codes(result) == [("run.without-snapshot", "error"), ("run.snapshot-without-run", "warn")]
    assert result.findings[1].finding.message.endswith("its manifest names run somebody-elses")


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.IN_PROGRESS, RunStatus.UNKNOWN])
def test_snapshot_of_a_run_that_did_not_succeed_is_still_its(status: RunStatus) -> None:
    runs = [run("a", FIRST), run("b", FIRST + DAY, status), run("c", FIRST + 2 * DAY)]
    here = [export(FIRST + n * DAY) for n in range(3)]
    result = compared(runs, stream(here, [FIRST]), until=FIRST + 3 * DAY)
    assert [c.pairs[0].export for c in result.flows[0].runs] == here
    assert "run.snapshot-without-run" not in [code for code, _ in codes(result)]


def test_run_that_failed_after_another_of_its_slot_had_worked_was_not_made_up_for() -> None:
    runs = [run("a", FIRST), run("b", FIRST + 2 * HOUR, RunStatus.FAILED, rows=None)]
    assert codes(compared(runs, stream([export(FIRST)], [FIRST]), until=FIRST + DAY)) == [("run.failed", "error")]


@pytest.mark.parametrize("offset", [-5 * MINUTE, timedelta(), 20 * MINUTE])
def test_export_time_within_five_minutes_of_a_run_is_its(offset: timedelta) -> None:
    at = FIRST + 12 * HOUR
    here = export(at + offset, 14)
    result = compared([run("a", at)], stream([here], [at + DAY], schedule=None), until=at + 2 * DAY)
    assert result.flows[0].runs[0].pairs[0].export == here


@pytest.mark.parametrize("offset", [-5 * MINUTE - timedelta(seconds=1), 20 * MINUTE + timedelta(seconds=1)])
def test_export_time_further_away_is_not_without_a_schedule(offset: timedelta) -> None:
    at = FIRST + 12 * HOUR
    here = export(at + offset, 14)
    result = compared([run("a", at)], stream([here], [at + DAY], schedule=None), until=at + 2 * DAY)
    assert result.flows[0].runs[0].pairs[0].export is None


def test_run_that_started_late_has_the_folder_of_its_slot() -> None:
    result = compared([run("a", FIRST + 9 * HOUR)], stream([export(FIRST)], [FIRST + DAY]), until=FIRST + 2 * DAY)
    assert result.flows[0].runs[0].pairs[0].way is Way.SLOT
    assert codes(result) == []


def test_two_runs_in_one_slot_do_not_share_a_snapshot() -> None:
    runs = [run("a", FIRST), run("b", FIRST + 2 * HOUR)]
    result = compared(runs, stream([export(FIRST)], [FIRST + DAY]), until=FIRST + 2 * DAY)
    assert codes(result) == [("run.without-snapshot", "error")]
    assert [n.run_id for n in result.findings] == ["b"]


def lonely(*looks: datetime, at: datetime = FIRST + 2 * DAY, **more: Any) -> Reconciliation:
    """Compare a run without a snapshot; an export two days before is known."""
    runs = [run("before", FIRST), run("a", at)]
    return compared(runs, stream([export(FIRST)], looks, **more), until=at + 20 * DAY)


def unseen(result: Reconciliation) -> tuple[Sight, str | None]:
    pair = result.flows[0].runs[-1].pairs[0]
    return pair.state, pair.reason


def test_missing_snapshot_needs_a_complete_listing_after_its_grace() -> None:
    due = FIRST + 2 * DAY
    assert codes(lonely(FIRST, due + 3 * HOUR)) == []
    assert unseen(lonely(FIRST, due + 3 * HOUR))[0] is Sight.UNKNOWN
    assert codes(lonely(FIRST, due + 3 * HOUR + MINUTE)) == [("run.without-snapshot", "error")]


def test_zone_never_listed_says_nothing_of_what_is_missing() -> None:
    result = lonely()
    assert (codes(result), unseen(result)) == ([], (Sight.UNKNOWN, "zone cja was never listed"))


def test_run_before_the_first_look_and_the_first_export_is_unknown() -> None:
    runs = [run("a", FIRST), run("b", FIRST + 2 * DAY)]
    known = stream([export(FIRST + 2 * DAY)], [FIRST + 3 * DAY])
    result = compared(runs, known, until=FIRST + 4 * DAY)
    assert codes(result) == []
    assert "before the first look" in str(result.flows[0].runs[0].pairs[0].reason)


def test_gap_among_exports_is_missing_even_where_nobody_had_looked_then() -> None:
    runs = [run(name, FIRST + n * DAY) for n, name in enumerate("abc")]
    known = stream([export(FIRST), export(FIRST + 2 * DAY)], [FIRST + 9 * DAY])
    result = compared(runs, known, until=FIRST + 10 * DAY)
    assert [(n.finding.code, n.run_id) for n in result.findings] == [("run.without-snapshot", "b")]


def test_zone_that_deletes_by_itself_is_silent_where_nobody_looked_in_time() -> None:
    due = FIRST + 2 * DAY
    late = lonely(FIRST, due + 8 * DAY, lifetime=7 * DAY)
    assert (codes(late), unseen(late)[0]) == ([], Sight.UNKNOWN)
    assert codes(lonely(FIRST, due + 6 * DAY, due + 8 * DAY, lifetime=7 * DAY)) == [("run.without-snapshot", "error")]


def test_run_that_does_not_say_how_much_it_wrote_is_no_finding() -> None:
    runs = [run("before", FIRST), run("a", FIRST + 2 * DAY, rows=None, files=None, bytes=None)]
    known = stream([export(FIRST)], [FIRST, FIRST + 4 * DAY])
    assert codes(compared(runs, known, until=FIRST + 5 * DAY)) == []


def test_zero_run_proves_its_slot_empty_only_after_a_look_and_only_if_nothing_else_was_written_in_it() -> None:
    due = FIRST + 2 * DAY
    zero = run("zero", due, rows=0, files=0, bytes=0)
    first = run("first", FIRST)
    looked = stream([export(FIRST)], [FIRST, due + DAY])

    def proven(*runs: Run, known: Stream = looked) -> tuple[object, ...]:
        return compared(runs, known, until=due + 2 * DAY).proven_empty

    slot = ("cja", ALPHA, due)
    assert proven(first, zero) == (slot,)
    assert proven(
        first, run("failed", due, RunStatus.FAILED, rows=None, files=None), replace(zero, id="z", started_at=due + HOUR)
    ) == (slot,)
    assert proven(first, zero, known=stream([export(FIRST)], [FIRST])) == ()
    assert proven(first, zero, run("other", due + HOUR)) == ()
    assert proven(first, run("other", due), replace(zero, started_at=due + HOUR)) == ()
    assert proven(first, zero, run("other", due + HOUR, RunStatus.IN_PROGRESS)) == ()
    named = (replace(zero, id="named"), run("a", due - DAY))
    others = [export(due - DAY, run_ids=frozenset({"a"})), export(due, run_ids=frozenset({"b"}))]
    assert proven(*named, known=stream([export(FIRST), *others], [FIRST, due + DAY])) == ()
    there = stream([export(FIRST), export(due, rows=0, data_files=0)], [FIRST, due + DAY])
    assert proven(first, zero, known=there) == ()


def test_empty_snapshot_of_a_zero_run_is_equal() -> None:
    zero = run("zero", FIRST, rows=0, files=1)
    here = export(FIRST, verdict=Verdict.EMPTY, rows=0, data_files=1)
    result = compared([zero], stream([here], [FIRST + DAY]), until=FIRST + 2 * DAY)
    (only,) = result.flows[0].runs
    assert (only.rows.verdict, only.files.verdict, codes(result)) == (Equality.EQUAL, Equality.EQUAL, [])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"verdict": Verdict.ARRIVING}, "still arriving"),
        ({"rows": None}, "not counted"),
        ({"verdict": Verdict.CORRUPT}, "the snapshot is corrupt"),
        ({"verdict": Verdict.UNVERIFIABLE, "rows": None}, "the snapshot is unverifiable"),
        ({"presence": Presence.EXPIRED}, "the snapshot is expired"),
    ],
)
def test_number_that_one_side_does_not_have_is_unknown(more: dict[str, Any], reason: str) -> None:
    here = export(FIRST, **more)
    result = compared([run("a", FIRST, rows=7)], stream([here], [FIRST + DAY]), until=FIRST + 2 * DAY)
    rows = result.flows[0].runs[0].rows
    assert (rows.verdict, codes(result)) == (Equality.UNKNOWN, [])
    assert reason in str(rows.reason)


def test_number_that_adobe_leaves_out_is_unknown() -> None:
    none = run("a", FIRST, rows=None, files=None, bytes=None)
    result = compared([none], stream([export(FIRST)], [FIRST + DAY]), until=FIRST + 2 * DAY)
    (only,) = result.flows[0].runs
    assert {only.rows.verdict, only.files.verdict, only.bytes.verdict} == {Equality.UNKNOWN}
    assert codes(result) == []


@pytest.mark.parametrize(
    ("adobe", "more", "found"),
    [
        (3, {}, [("run.files-differ", "error")]),
        (1, {}, [("run.files-differ", "warn")]),
        (4, {"has_manifest": True, "listed_files": 2}, [("run.files-differ", "warn")]),
        (3, {"has_manifest": True, "listed_files": 2}, []),
        (3, {"has_manifest": True, "listed_files": None}, [("run.files-differ", "warn")]),
        (3, {"has_manifest": True, "listed_files": 3}, [("run.files-differ", "warn")]),
    ],
)
def test_fewer_files_are_an_error_where_no_manifest_says_which(
    adobe: int, more: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    result = compared(
        [run("a", FIRST, files=adobe)], stream([export(FIRST, **more)], [FIRST + DAY]), until=FIRST + 2 * DAY
    )
    assert codes(result) == found


def pair_of(*exports: Export, looks: Sequence[datetime] = (FIRST, FIRST + 5 * DAY)) -> tuple[Stream, Stream]:
    """Return two datasets of one flow with these snapshots; one of each lies before."""
    before = [export(FIRST, dataset=dataset) for dataset in (ALPHA, BETA)]
    both = [*before, *exports]
    return (
        stream([e for e in both if e.id.dataset_id == ALPHA], looks, ALPHA),
        stream([e for e in both if e.id.dataset_id == BETA], looks, BETA),
    )


def both(a: Run, *exports: Export, **more: Any) -> Reconciliation:
    first = run("first", FIRST, rows=200, files=4)
    return compared([first, a], *pair_of(*exports), until=FIRST + 6 * DAY, **more)


TWO = FIRST + 2 * DAY


def test_run_of_several_datasets_is_compared_by_its_sums() -> None:
    here = (export(TWO), export(TWO, dataset=BETA, rows=23))
    assert codes(both(run("a", TWO, rows=123, files=4), *here)) == []
    result = both(run("a", TWO, rows=124, files=4), *here)
    assert codes(result) == [("run.rows-differ", "warn")]
    assert (result.findings[0].zone, result.findings[0].dataset_id) == ("cja", None)


def test_dataset_of_several_without_a_snapshot_may_have_had_nothing_new() -> None:
    assert codes(both(run("a", TWO), export(TWO))) == []


def test_datasets_none_of_which_is_there_are_missing_once() -> None:
    result = both(run("a", TWO))
    assert codes(result) == [("run.without-snapshot", "error")]
    assert all(name in result.findings[0].finding.message for name in (ALPHA, BETA))


def test_rows_that_are_told_of_a_dataset_are_held_against_it() -> None:
    told = (EntityRows(ALPHA, 100), EntityRows(BETA, 50))
    here = (export(TWO), export(TWO, dataset=BETA, rows=49))
    result = both(run("a", TWO, rows=150, files=4, entities=told), *here)
    assert [(n.finding.code, n.dataset_id) for n in result.findings] == [("run.rows-differ", BETA)]
    absent = both(run("a", TWO, rows=150, entities=told), export(TWO))
    assert ("run.without-snapshot", BETA) in [(n.finding.code, n.dataset_id) for n in absent.findings]


def test_flow_seen_in_part_says_so_and_adds_nothing_up() -> None:
    result = both(run("a", TWO, rows=9999), export(TWO), export(TWO, dataset=BETA), missing="seen only in part")
    assert codes(result) == []
    (flow,) = result.flows
    assert flow.runs[1].rows.reason == "seen only in part"
    assert flow.scope.missing == "seen only in part"


def test_run_under_way_is_stuck_only_after_a_whole_interval() -> None:
    going = run("a", FIRST, RunStatus.IN_PROGRESS, rows=None, files=None)
    known = stream([], [FIRST])
    assert codes(compared([going], known, until=FIRST + DAY)) == []
    assert codes(compared([going], known, until=FIRST + DAY + MINUTE)) == [("run.stuck", "warn")]


def test_snapshots_outside_the_time_of_the_known_runs_are_in_none_and_no_finding() -> None:
    exports = [
        export(FIRST - DAY),
        export(FIRST),
        export(FIRST + 3 * DAY),
        export(FIRST + 2 * DAY, verdict=Verdict.ARRIVING),
    ]
    result = compared([run("a", FIRST)], stream(exports, [FIRST]), until=FIRST + 2 * DAY)
    assert codes(result) == []


def test_snapshot_so_young_that_its_run_may_not_be_listed_yet_is_no_finding() -> None:
    until = FIRST + 2 * DAY
    for before, found in ((9 * MINUTE, 0), (11 * MINUTE, 1)):
        known = stream([export(FIRST), export(until - before, 14)], [FIRST])
        assert len(codes(compared([run("a", FIRST)], known, until=until))) == found


def test_dataset_that_another_flow_writes_to_the_same_place_has_strays_of_its_own_right() -> None:
    exports = [export(FIRST), export(FIRST + 5 * HOUR, 14)]
    known = stream(exports, [FIRST])
    runs = [run("a", FIRST)]
    assert codes(compared(runs, known, until=FIRST + 2 * DAY)) == [("run.snapshot-without-run", "warn")]
    assert codes(compared(runs, known, until=FIRST + 2 * DAY, shared=frozenset({("cja", ALPHA)}))) == []


def test_words_of_adobe_stand_in_a_message_short_and_escaped() -> None:
    errors = tuple(RunError(f"CODE-{n}\x1b[31m", "Job\naborted " * 50, 3) for n in range(9))
    result = compared([run("a", FIRST, RunStatus.FAILED, errors=errors)], stream([], [FIRST]), until=FIRST + DAY)
    message = result.findings[0].finding.message
    assert "CODE-0\\x1b[31m Job aborted" in message
    assert "and 4 more" in message
    assert message.isprintable()
    assert len(message) < 2000


def test_level_that_the_settings_want_is_taken() -> None:
    scope = FlowScope(flow_id=FLOW, streams=(stream([], [FIRST]),), runs=(run("a", FIRST, RunStatus.FAILED),))
    result = reconcile([scope], Period(FIRST, FIRST + DAY), {"run.failed": Level.INFO})
    assert codes(result) == [("run.failed", "info")]


def test_only_runs_and_snapshots_of_the_period_are_told() -> None:
    history = History()
    for number, what in enumerate(("missing", "good", "failed", "stray", "zero")):
        history.add(number, what, timedelta())
    known = stream(history.exports, [FIRST - DAY, FIRST + 9 * DAY])
    period = Period(FIRST + DAY, FIRST + 2 * DAY + HOUR)
    result = compared(history.runs, known, until=FIRST + 10 * DAY, period=period)
    assert codes(result) == [("run.failed", "error")]
    assert (len(result.flows[0].runs), result.proven_empty) == (2, ())
