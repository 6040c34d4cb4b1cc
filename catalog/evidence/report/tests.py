"""Restores, drills, tests of controls, looks at zones and decisions of a report, from rows; shows nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from catalog.evidence.contents import Row
from catalog.evidence.report.policies import NO_POLICY, Policy
from catalog.evidence.report.rows import BundleRow, ScanRow
from catalog.evidence.report.values import ControlTest, Decision, RestoreTest, ZoneLooks

Policies = Mapping[tuple[str, str], Policy]
_MILLISECOND = timedelta(milliseconds=1)


def restore_tests_of(drills: Iterable[Row], restores: Iterable[Row], policies: Policies) -> tuple[RestoreTest, ...]:
    """Return drills and restores in order of time; of a restore that ended only how it ended counts."""
    made = list(restores)
    ended = {row["restore_id"] for row in made if row["finished_at"]}
    found = [_drill(row, policies) for row in drills]
    found += [_restore(row, policies) for row in made if row["finished_at"] or row["restore_id"] not in ended]
    return tuple(sorted(found, key=lambda t: (str(t.started_at), t.kind, t.id)))


def _drill(row: Row, policies: Policies) -> RestoreTest:
    return RestoreTest(
        kind="drill",
        id=row["drill_id"],
        zone=row["zone"],
        dataset_id=row["dataset_id"],
        name=policies.get((row["zone"], row["dataset_id"]), NO_POLICY).name,
        state=row["state"],
        passed=row["state"] == "passed",
        as_of=_moment(row["as_of"]),
        recovers_to=_moment(row["recovers_to"]),
        started_at=_moment(row["started_at"]),
        finished_at=_moment(row["finished_at"]),
        took_ms=row["fetch_milliseconds"] + row["load_milliseconds"],
        files=row["files"],
        bytes=row["bytes"],
        rows=row["rows_loaded"],
        accepts_gaps=row["accepts_gaps"],
        message=row["message"],
        run_by=row["run_by"],
    )


def _restore(row: Row, policies: Policies) -> RestoreTest:
    return RestoreTest(
        kind="restore",
        id=row["restore_id"],
        zone=row["zone"],
        dataset_id=row["dataset_id"],
        name=policies.get((row["zone"], row["dataset_id"]), NO_POLICY).name,
        state=row["state"],
        passed=bool(row["complete"]),
        as_of=_moment(row["as_of"]),
        recovers_to=_moment(row["recovers_to"]),
        started_at=_moment(row["started_at"]),
        finished_at=_moment(row["finished_at"]),
        took_ms=row["milliseconds"],
        files=row["files"],
        bytes=row["bytes"],
        rows=None,
        accepts_gaps=False,
        message=None,
        run_by=row["run_by"],
    )


def control_tests_of(rows: Iterable[Row]) -> tuple[ControlTest, ...]:
    """Return the tests of controls by time and by what was done."""
    found = [
        ControlTest(
            damage=row["damage"],
            expected=row["expected"],
            found=row["found"],
            passed=row["passed"],
            snapshot=row["snapshot"],
            finished_at=_moment(row["finished_at"]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda t: (str(t.finished_at), t.snapshot, t.damage)))


def zones_of(scans: Sequence[ScanRow], bundle: BundleRow) -> tuple[ZoneLooks, ...]:
    """Return how often each zone was looked at; gaps are counted to the ends of the time that is judged, too."""
    by_zone: dict[str, list[ScanRow]] = defaultdict(list)
    for scan in scans:
        by_zone[scan.zone].append(scan)
    until = min(bundle.period_to, bundle.judged_at)
    found = []
    for zone, of_zone in sorted(by_zone.items()):
        whole = sorted(s.started_at for s in of_zone if s.state == "complete" and not s.suspect)
        moments = [bundle.period_from, *(m for m in whole if m < until), max(until, bundle.period_from)]
        found.append(
            ZoneLooks(
                zone=zone,
                scans=len(of_zone),
                complete=len(whole),
                last_complete_at=whole[-1] if whole else None,
                longest_gap_ms=max(b - a for a, b in pairwise(moments)) // _MILLISECOND,
                identities=tuple(sorted({s.identity for s in of_zone if s.identity})),
                endpoints=tuple(sorted({s.endpoint for s in of_zone if s.endpoint})),
            )
        )
    return tuple(found)


def decisions_of(rows: Iterable[Row]) -> tuple[Decision, ...]:
    """Return what was decided, by time."""
    return tuple(sorted(map(_decision, rows), key=lambda d: (str(d.said_at), d.kind, d.about)))


def _decision(row: Row) -> Decision:
    return Decision(
        kind=row["kind"],
        about=_about(row),
        said_by=row.get("said_by") or row.get("accepted_by"),
        said_at=_moment(row.get("said_at") or row.get("accepted_at")),
        until=_moment(row.get("ends_at")),
        reason=row.get("reason"),
        lifted=bool(row.get("lifted")),
        entry=row.get("entry"),
    )


def _about(row: Row) -> str:
    match row["kind"]:
        case "waiver":
            return f"slots of {row['zone']}/{row['dataset_id']} due {row['starts_at']} to {row['ends_at']}"
        case "gap-acceptance":
            return f"gap ({row['gap']}) of {row['zone']}/{row['dataset_id']} due {row['due_at']}"
        case "acceptance":
            return f"{row['code']} of {'/'.join(_parts(row))}"
        case _:
            return str(row.get("snapshot") or "")


def _parts(row: Row) -> Iterator[str]:
    yield from (row[k] for k in ("zone", "dataset_id", "export_time") if row.get(k))
    if row.get("path"):
        yield f" file {row['path']}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
