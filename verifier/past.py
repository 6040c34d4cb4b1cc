"""Hold a snapshot against its dataset's own past: size, schema, event times, repeated content."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from verifier.expectation import Expectation, SizeAlarm
from verifier.findings import Level
from verifier.groups import Key
from verifier.model import Column, FileKind, FileReport, Finding, SnapshotReport, Verdict, finding
from verifier.usual import Odd, Size, Way, odd_size

_WINDOW = 28
_JSON_TYPES = {"number", "object", "array"}
_SOUND = (Verdict.GOOD, Verdict.EMPTY)


def judge_size(
    rows: int | None,
    size: int,
    past: Sequence[SnapshotReport],
    at: datetime | None = None,
    alarm: SizeAlarm = SizeAlarm.DROP,
) -> Iterable[Finding]:
    """Say that rows or bytes are far from what good snapshots make usual at this time of the week and of the month.

    `at` is the export time, that of the last one before where none is given. Bytes of an export without rows say
    nothing. What is usual, and from when on anything is, is the business of `verifier.usual`.
    """
    sound = [s for s in past if s.verdict in _SOUND]
    if alarm is SizeAlarm.OFF or not sound:
        return
    dated, told = [(s.id.export_at, s) for s in sound], set[Way]()
    moment = at or dated[-1][0]
    measures = (
        ("rows", rows, [Size(then, s.rows) for then, s in dated if s.rows is not None]),
        ("bytes", size if rows != 0 else None, [Size(then, s.bytes) for then, s in dated if s.rows != 0]),
    )
    for what, value, before in measures:
        odd = None if value is None else odd_size(Size(moment, value), before)
        if odd is not None and odd.way not in told:
            told.add(odd.way)
            yield _odd_size(odd, f"about {odd.usual:.0f} {what}", f"{value} {what}", alarm)


def _odd_size(odd: Odd, usual: str, value: str, alarm: SizeAlarm) -> Finding:
    code, where = ("snapshot.shrunk", "below") if odd.way is Way.DROP else ("snapshot.grown", "above")
    message = f"{usual.split()[-1]} are far {where} what {odd.count} good snapshots before make usual at such a time"
    found = finding(code, message, expected=usual, actual=value)
    is_raised = odd.way is Way.GROWTH and alarm is SizeAlarm.BOTH
    return replace(found, level=Level.WARN) if is_raised else found


def judge_schema(columns: Sequence[Column] | None, past: Sequence[SnapshotReport]) -> Iterable[Finding]:
    """Say how the columns differ from those of the last good snapshot that had rows."""
    last = next((s for s in reversed(past) if s.verdict is Verdict.GOOD and s.columns), None)
    if not columns or last is None or last.columns is None or _of_two_kinds(columns, last.columns):
        return
    before, after = {c.name: c for c in last.columns}, {c.name: c for c in columns}
    for name in sorted(after.keys() - before.keys()):
        yield finding("schema.column-added", f"column {_shown(name)} is new since {last.id}", actual=after[name].type)
    for name in sorted(before.keys() - after.keys()):
        if before[name].always:
            message = f"column {_shown(name)} of {last.id} is gone"
            yield finding("schema.column-removed", message, expected=before[name].type)
    for name in sorted(before.keys() & after.keys()):
        if _differ(before[name], after[name]):
            message = f"column {_shown(name)} has another type than in {last.id}"
            yield finding("schema.type-changed", message, expected=before[name].type, actual=after[name].type)


def join_columns(reports: Iterable[FileReport]) -> tuple[tuple[Column, ...] | None, list[Finding]]:
    """Join the schemas of a snapshot's parts; say where they differ.

    JSON leaves out null fields, so that a key may well be absent from a part; a Parquet column may not.
    """
    joined: dict[str, Column] = {}
    found: list[Finding] = []
    known = _of_one_kind([r for r in reports if r.content.columns])
    for index, report in enumerate(known):
        mine = {c.name: c for c in report.content.columns or ()}
        odd = [n for n, c in mine.items() if n in joined and _differ(joined[n], c)]
        if index and report.kind is FileKind.PARQUET:
            odd += [n for n, c in joined.items() if c.always and n not in mine]
            odd += [n for n in mine if n not in joined]
        if odd:
            message = f"{len(odd)} columns differ from the other parts', {_shown(min(odd))} first"
            found.append(finding("schema.differs-within-snapshot", message, path=report.file.path, actual=len(odd)))
        for name, column in mine.items():
            joined[name] = _joined(joined.get(name), column, first=index == 0)
        for name in joined.keys() - mine.keys():
            joined[name] = Column(name, joined[name].type, always=False)
    return (tuple(sorted(joined.values(), key=lambda c: c.name)) if joined else None), found


def judge_events(
    events: tuple[datetime, datetime] | None, expectation: Expectation, past: Sequence[SnapshotReport]
) -> Iterable[Finding]:
    """Say that an increment's events leave a hole after the increment before, or bring nothing newer than it.

    Only where the dataset is known to be exported in increments and the events of the one before are known. A hole is
    one of more than half an interval and more than twice the usual; an empty increment in between explains one interval
    of it. Late events are normal, and a single one reaches as far back as a whole export repeated: so an overlap says
    something only where nothing is newer.
    """
    before = next((s for s in reversed(past) if s.rows != 0), None)
    if not expectation.is_incremental or events is None or before is None or before.events is None:
        return
    newest, first, last = _newest(before), events[0], events[1]
    if expectation.interval and first - newest > _explained(past, expectation.interval):
        message = f"no event for {first - newest} after those of {before.id}"
        yield finding("snapshot.time-gap", message, expected=f"from {_moment(newest)}", actual=f"from {_moment(first)}")
    elif last <= newest:
        message = f"no event is newer than those of {before.id}"
        yield finding(
            "snapshot.time-overlap", message, expected=f"after {_moment(newest)}", actual=f"to {_moment(last)}"
        )


def _newest(snapshot: SnapshotReport) -> datetime:
    """Return the newest event time of a snapshot; events later than the export itself come from wrong clocks."""
    return min(snapshot.events[1], snapshot.id.export_at) if snapshot.events else snapshot.id.export_at


def _explained(past: Sequence[SnapshotReport], interval: timedelta) -> timedelta:
    """Return how long a hole may be before it says something: by the holes before it, and empty increments since."""
    recent = past[-_WINDOW:]
    with_rows = [s for s in recent if s.rows != 0]
    holes = [(b.events[0] - _newest(a)).total_seconds() for a, b in pairwise(with_rows) if a.events and b.events]
    usual = timedelta(seconds=statistics.median(holes)) if holes else timedelta()
    empty = sum(1 for _ in takewhile(lambda s: s.rows == 0 and s.verdict is Verdict.EMPTY, reversed(recent)))
    return max(interval / 2, 2 * usual) + empty * interval


def judge_repeats(reports: Iterable[FileReport], owners: Mapping[str, Key], key: Key) -> Iterable[Finding]:
    """Say that a file with rows has the bytes of one in another snapshot of the dataset."""
    for report in reports:
        owner = owners.get(report.content.sha256 or "")
        if owner and owner != key and report.content.rows:
            message = f"the same bytes as a file of {owner[0]}/{owner[1]}"
            yield finding("file.duplicate-content", message, path=report.file.path)


def _of_one_kind(reports: Sequence[FileReport]) -> Sequence[FileReport]:
    """Keep the Parquet parts where there are any: leaves and top-level keys cannot be compared."""
    return [r for r in reports if r.kind is FileKind.PARQUET] or reports


def _of_two_kinds(*both: Sequence[Column]) -> bool:
    """Tell by their types that one is of JSON keys and the other of Parquet leaves; text and booleans may be either."""
    types = [{c.type for c in columns} - {"string", "boolean"} for columns in both]
    return any(types[i] & _JSON_TYPES and types[1 - i] - _JSON_TYPES for i in (0, 1))


def _differ(one: Column, other: Column) -> bool:
    return one.type != other.type and "null" not in (one.type, other.type)


def _joined(known: Column | None, column: Column, *, first: bool) -> Column:
    if known is None:
        return column if first else Column(column.name, column.type, always=False)
    kind = column.type if known.type == "null" else known.type
    return Column(column.name, kind, always=known.always and column.always)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _shown(name: str) -> str:
    """Show a column name on one line, whatever it is made of."""
    return ascii(name[:80]) if not name[:80].isprintable() else name[:80]
