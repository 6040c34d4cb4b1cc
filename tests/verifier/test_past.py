"""A snapshot against its dataset's own past: size, schema, event times, repeated content, with near misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.snapshots import KEY, Memory, part, seen

from verifier.expectation import Expectation, SizeAlarm
from verifier.model import Column, Content, FileReport, Finding, SnapshotReport, Verdict
from verifier.past import join_columns, judge_events, judge_repeats, judge_schema, judge_size

GOOD = Memory().look([seen(part())])
INCREMENTS = Expectation(is_incremental=True, interval=timedelta(hours=24))
Events = tuple[datetime, datetime]


def codes(found: Iterable[Finding]) -> list[str]:
    return [f.code for f in found]


def of_rows(*rows: int | None) -> list[SnapshotReport]:
    return [replace(GOOD, rows=count, bytes=(count or 0) * 10) for count in rows]


@pytest.mark.parametrize(
    ("rows", "before", "expected"),
    [
        (32, [100] * 5, ["snapshot.shrunk"]),
        (34, [100] * 5, []),
        (32, [100] * 4, []),
        (32, [100, 100, 100, 100, 60], []),
        (310, [100] * 5, ["snapshot.grown"]),
        (290, [100] * 5, []),
        (310, [100, 100, 100, 100, 200], []),
        (0, [100] * 5, []),
        (10, [10, 20, 30, 40, 50], []),
    ],
)
def test_far_from_the_datasets_own_past_is_told(rows: int, before: list[int], expected: list[str]) -> None:
    assert codes(judge_size(rows, rows * 10, of_rows(*before))) == expected


def test_bytes_speak_where_rows_were_not_counted_and_bad_snapshots_say_nothing() -> None:
    uncounted = of_rows(100, 100, 100, 100, 100)
    uncounted[2] = replace(uncounted[2], rows=None)
    assert codes(judge_size(100, 20, uncounted)) == ["snapshot.shrunk"]
    assert codes(judge_size(None, 20, of_rows(*[100] * 5))) == ["snapshot.shrunk"]
    assert codes(judge_size(100, 1000, uncounted)) == []
    corrupt = [replace(s, verdict=Verdict.CORRUPT) for s in of_rows(*[100] * 5)]
    assert codes(judge_size(1, 10, corrupt)) == []


def test_rows_and_bytes_are_both_looked_at_and_told_of_once() -> None:
    past = of_rows(*[100] * 5)
    assert [f.actual for f in judge_size(10, 1000, past)] == ["10 rows"]
    assert [f.actual for f in judge_size(100, 100, past)] == ["100 bytes"]
    assert [f.actual for f in judge_size(10, 100, past)] == ["10 rows"]
    assert codes(judge_size(10, 9000, past)) == ["snapshot.shrunk", "snapshot.grown"]


def test_bytes_of_exports_without_rows_say_nothing() -> None:
    past = [replace(s, bytes=4) if s.rows == 0 else s for s in of_rows(100, 0, 0, 100, 100, 100, 100)]
    assert codes(judge_size(0, 4, past)) == []
    assert codes(judge_size(100, 100, past)) == ["snapshot.shrunk"]


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        (SizeAlarm.DROP, [("snapshot.shrunk", "warn"), ("snapshot.grown", "info")]),
        (SizeAlarm.BOTH, [("snapshot.shrunk", "warn"), ("snapshot.grown", "warn")]),
        (SizeAlarm.OFF, []),
    ],
)
def test_which_sizes_are_a_warning_is_a_setting(alarm: SizeAlarm, expected: list[tuple[str, str]]) -> None:
    past = of_rows(*[100] * 5)
    found = [f for rows in (10, 1000) for f in judge_size(rows, rows * 10, past, alarm=alarm)]
    assert [(f.code, f.level.value) for f in found] == expected


def with_columns(*columns: Column) -> SnapshotReport:
    return replace(GOOD, columns=columns)


A, B = Column("a", "int64"), Column("b", "timestamp[ms]")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([A], [A, B], ["schema.column-added"]),
        ([A, B], [A], ["schema.column-removed"]),
        ([A, replace(B, always=False)], [A], []),
        ([A], [replace(A, type="double")], ["schema.type-changed"]),
        ([A], [replace(A, type="null")], []),
        ([A, B], [B, A], []),
        ([A], [], []),
        ([], [A], []),
    ],
)
def test_columns_against_those_of_the_last_good_snapshot(
    before: list[Column], after: list[Column], expected: list[str]
) -> None:
    past = [with_columns(*before), replace(with_columns(Column("z", "int32")), verdict=Verdict.CORRUPT)]
    assert codes(judge_schema(after, past)) == expected


def of_columns(number: int, *columns: Column, extension: str = "parquet") -> FileReport:
    return seen(part(number, extension), Content(columns=columns, rows=1))


@pytest.mark.parametrize(
    ("second", "differs"),
    [
        ((A, B), False),
        ((B, A), False),
        ((A,), True),
        ((A, B, Column("c", "int32")), True),
        ((A, Column("b", "date")), True),
    ],
)
def test_parquet_parts_have_one_schema(second: tuple[Column, ...], differs: bool) -> None:
    columns, found = join_columns([of_columns(0, A, B), of_columns(1, *second)])
    assert codes(found) == (["schema.differs-within-snapshot"] if differs else [])
    assert columns is not None
    assert {c.name for c in columns} == {"a", "b", *(c.name for c in second)}


def test_a_key_that_a_json_part_leaves_out_is_no_difference_and_another_type_is_one() -> None:
    one, two = Column("a", "number"), Column("b", "string")
    columns, found = join_columns(
        [of_columns(0, one, two, extension="json.gz"), of_columns(1, one, extension="json.gz")]
    )
    assert (columns, found) == ((one, replace(two, always=False)), [])
    other = of_columns(1, replace(one, type="string"), extension="json.gz")
    assert codes(join_columns([of_columns(0, one, extension="json.gz"), other])[1]) == [
        "schema.differs-within-snapshot"
    ]


def test_parquet_and_json_parts_beside_each_other_are_not_compared() -> None:
    assert join_columns([of_columns(0, A), of_columns(1, Column("a", "number"), extension="json.gz")])[1] == []


def test_parts_without_columns_say_nothing() -> None:
    assert join_columns([seen(part(0), Content(rows=0))]) == (None, [])


def day(first: float, last: float) -> Events:
    start = datetime(2026, 10, 30, tzinfo=UTC)
    return start + timedelta(hours=first), start + timedelta(hours=last)


def with_events(first: float, last: float, rows: int = 1) -> SnapshotReport:
    return replace(GOOD, events=day(first, last), rows=rows)


BY_DAY = [with_events(-64, -54), with_events(-40, -30), with_events(-16, -6)]
EMPTY = replace(GOOD, events=None, rows=0, verdict=Verdict.EMPTY)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (day(24, 47), []),
        (day(20, 47), []),
        (day(36, 47), ["snapshot.time-gap"]),
        (day(35, 47), []),
        (day(3, 23), ["snapshot.time-overlap"]),
        (day(3, 23.1), []),
    ],
)
def test_an_increment_follows_the_one_before(events: Events, expected: list[str]) -> None:
    past = [with_events(0, 23)]
    assert codes(judge_events(events, INCREMENTS, past)) == expected
    assert codes(judge_events(events, INCREMENTS, [*past, replace(EMPTY, verdict=Verdict.UNVERIFIABLE)])) == expected
    assert codes(judge_events(events, Expectation(), past)) == []
    assert codes(judge_events(events, INCREMENTS, [])) == []
    assert codes(judge_events(None, INCREMENTS, past)) == []


@pytest.mark.parametrize(
    ("past", "events", "expected"),
    [
        ([], day(0, 23), []),
        ([with_events(0, 23), EMPTY], day(24 + 23, 71), []),
        ([with_events(0, 23), EMPTY], day(24 + 40, 90), ["snapshot.time-gap"]),
        ([with_events(0, 23), EMPTY, EMPTY], day(48 + 23, 95), []),
        ([with_events(0, 23), replace(EMPTY, verdict=Verdict.CORRUPT)], day(24 + 23, 71), ["snapshot.time-gap"]),
        (BY_DAY, day(8, 18), []),
        (BY_DAY, day(32, 42), ["snapshot.time-gap"]),
        ([*BY_DAY, EMPTY], day(32, 42), []),
        ([with_events(0, 23)], day(-24 * 300, 47), []),
        ([with_events(-24 * 300, 23)], day(23.01, 47), []),
        ([with_events(0, 23)], day(22.99, 47), []),
        ([with_events(0, 23)], day(-700, 23.01), []),
        ([with_events(0, 24 * 365)], day(48.5, 72), []),
        ([with_events(0, 24 * 365), with_events(24, 47)], day(48, 24 * 365), []),
        ([with_events(0, 23), replace(with_events(24, 47), events=None)], day(480, 500), []),
    ],
    ids=[
        "the first one",
        "an empty one in between",
        "an empty one does not explain so much",
        "two empty ones in between",
        "one in between that is no proof of nothing",
        "silent nights",
        "silent nights and a lost day",
        "silent nights and an empty day",
        "a full one after increments",
        "an increment after a full one",
        "clocks that differ a little",
        "late events",
        "a clock far ahead in the one before",
        "a clock far ahead again",
        "events of the one before unknown",
    ],
)
def test_neighbouring_increments_that_only_look_like_a_hole_or_an_overlap(
    past: list[SnapshotReport], events: Events, expected: list[str]
) -> None:
    assert codes(judge_events(events, INCREMENTS, past)) == expected


def test_the_bytes_of_another_snapshot_are_told_only_where_they_hold_rows() -> None:
    there = {"5" * 64: ("other", "202610010100"), "6" * 64: KEY}
    of = {n: seen(part(n), Content(rows=rows, sha256=str(s) * 64)) for n, rows, s in ((0, 1, 5), (1, 0, 5), (2, 1, 6))}
    assert [f.path for f in judge_repeats(of.values(), there, KEY)] == [part(0)]
