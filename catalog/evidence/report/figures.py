"""The numbers of a report, each with where in the bundle it comes from; pure, and shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalog.evidence.report.calendar import PROVED, sign_of
from catalog.evidence.report.rows import BundleRow, ScanRow, SlotRow, SnapshotRow
from catalog.evidence.report.values import (
    ControlTest,
    DatasetPart,
    Decision,
    ExceptionState,
    Figure,
    Irregularity,
    RestoreTest,
)


@dataclass(frozen=True, slots=True)
class FileCounts:
    """What files.jsonl comes to."""

    files: int = 0
    bytes: int = 0
    hashed: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What is counted."""

    bundle: BundleRow
    slots: Sequence[SlotRow]
    snapshots: Sequence[SnapshotRow]
    files: FileCounts
    scans: Sequence[ScanRow]
    exceptions: Sequence[Irregularity]
    restore_tests: Sequence[RestoreTest]
    control_tests: Sequence[ControlTest]
    decisions: Sequence[Decision]
    datasets: Sequence[DatasetPart]
    entries: int
    without_entry: int


def figures_of(counted: Counted) -> tuple[Figure, ...]:
    """Return all numbers, in the order in which a report shows them."""
    return (
        *_slots(counted),
        *_exceptions(counted),
        *_snapshots(counted),
        *_scans(counted.scans),
        *_tests(counted),
        *_recovery(counted.datasets),
        *_record(counted),
    )


def _slots(counted: Counted) -> Iterator[Figure]:
    rows = "rows of population.csv"
    status = Counter(slot.status for slot in counted.slots)
    proved = sum(sign_of(slot) in PROVED for slot in counted.slots)
    good = sum(slot.verdict in ("good", "empty") and not slot.accepted for slot in counted.slots)
    yield Figure("slots.total", len(counted.slots), "exports that were due", rows)
    how = "status on_time, verdict good or empty, depth full, presence not vanished, its snapshot not accepted"
    yield Figure("slots.proved", proved, "exports on time, good, every byte read", f"{rows}: {how}")
    yield Figure(
        "slots.good", good, "good exports, late or on time", f"{rows}: verdict good or empty, its snapshot not accepted"
    )
    for key, label in (
        ("on_time", "exports on time, whatever they were worth"),
        ("arrived_late", "exports that came late"),
        ("missing", "exports missing in a complete listing after the deadline"),
        ("unknown", "exports of which nothing is known: no look since the deadline"),
        ("paused", "exports waived, and not come"),
        ("waiting", "exports not decided yet: grace not over, or still arriving"),
    ):
        yield Figure(f"slots.{key}", status[key], label, f"{rows}: status {key}")


def _exceptions(counted: Counted) -> Iterator[Figure]:
    states = Counter(e.state for e in counted.exceptions)
    source = "exceptions of this report, each with the rows it is told from"
    yield Figure("exceptions.total", len(counted.exceptions), "exceptions, open or closed", source)
    for state, label in (
        (ExceptionState.OPEN, "exceptions that are open"),
        (ExceptionState.CLOSED, "exceptions that were closed"),
        (ExceptionState.ACCEPTED, "exceptions that somebody accepted, with a reason"),
        (ExceptionState.WAIVED, "slots that were waived, with a reason"),
        (ExceptionState.EXPECTED, "snapshots that, by the settings, nobody can look into"),
    ):
        yield Figure(f"exceptions.{state.value}", states[state], label, source)


def _snapshots(counted: Counted) -> Iterator[Figure]:
    rows, found, files = "rows of snapshots.jsonl", counted.snapshots, counted.files
    verdicts, depths = Counter(s.verdict for s in found), Counter(s.depth for s in found)
    presence = Counter(s.presence for s in found)
    yield Figure("snapshots.total", len(found), "snapshots exported in the period", rows)
    for verdict in ("good", "empty", "corrupt", "incomplete", "unknown", "unverifiable", "arriving"):
        yield Figure(
            f"snapshots.{verdict}",
            verdicts[verdict],
            f"snapshots that are {verdict} by their bytes",
            f"{rows}: verdict",
        )
    accepted = sum(s.accepted for s in found)
    yield Figure("snapshots.accepted", accepted, "snapshots judged by what somebody accepted", f"{rows}: accepted")
    for depth, label in (
        ("full", "in full"),
        ("structure", "by heads and footers only"),
        ("list", "by names and sizes only"),
    ):
        yield Figure(
            f"snapshots.depth_{depth}", depths[depth], f"snapshots looked at {label}", f"{rows}: depth {depth}"
        )
    yield Figure("snapshots.reads", sum(s.reads for s in found), "full reads of snapshots", f"{rows}: sum of reads")
    for one, label in (("vanished", "gone without a reason"), ("expired", "deleted by their zone's lifetime")):
        yield Figure(f"snapshots.{one}", presence[one], f"snapshots {label}", f"{rows}: presence {one}")
    yield Figure("files.total", files.files, "files of these snapshots", "rows of files.jsonl")
    yield Figure("files.bytes", files.bytes, "size of all files", "rows of files.jsonl: sum of size", "bytes")
    yield Figure(
        "files.hashed", files.hashed, "files with a SHA-256 of every byte", "rows of files.jsonl: sha256 not null"
    )
    yield Figure(
        "files.gone", files.gone, "files that are not there any more", "rows of files.jsonl: presence not present"
    )


def _scans(scans: Sequence[ScanRow]) -> Iterator[Figure]:
    rows, states = "rows of scans.jsonl", Counter(s.state for s in scans)
    yield Figure("scans.total", len(scans), "scans: looks at a zone", rows)
    for state in ("complete", "incomplete", "unfinished"):
        yield Figure(f"scans.{state}", states[state], f"scans with {state} listings", f"{rows}: state {state}")
    suspect = sum(bool(s.suspect) for s in scans)
    yield Figure("scans.suspect", suspect, "scans not believed: too much was gone at once", f"{rows}: suspect")


def _tests(counted: Counted) -> Iterator[Figure]:
    for kind, label, member in (
        ("drill", "drills: restores tried in a scratch database", "drills.jsonl"),
        ("restore", "restores made", "restores.jsonl"),
    ):
        tests = [t for t in counted.restore_tests if t.kind == kind]
        took = [t.took_ms for t in tests if t.passed and t.took_ms is not None]
        how = "fetch_milliseconds + load_milliseconds" if kind == "drill" else "milliseconds"
        yield Figure(f"{kind}s.total", len(tests), label, f"rows of {member}")
        yield Figure(f"{kind}s.passed", sum(t.passed for t in tests), f"{kind}s that worked", f"rows of {member}")
        slowest = max(took, default=None)
        yield Figure(
            f"{kind}s.slowest_ms", slowest, f"time of the slowest {kind} that worked", f"rows of {member}: {how}", "ms"
        )
    tested = {(t.zone, t.dataset_id) for t in counted.restore_tests if t.passed}
    source = "zone and dataset_id of drills.jsonl and restores.jsonl that worked"
    yield Figure("datasets.total", len(counted.datasets), "datasets", "zone and dataset_id of all rows")
    yield Figure("datasets.restore_tested", len(tested), "datasets with a restore that worked", source)
    noticed = sum(t.passed for t in counted.control_tests)
    yield Figure("controls.total", len(counted.control_tests), "copies damaged on purpose", "rows of controls.jsonl")
    yield Figure("controls.passed", noticed, "damages that were noticed", "rows of controls.jsonl: passed")


def _recovery(datasets: Sequence[DatasetPart]) -> Iterator[Figure]:
    found = [d.recovery for d in datasets if d.recovery is not None]
    source = "judged again from recovery.jsonl, for each dataset with an objective"
    always = sum(r.missed_ms == r.unknown_ms == 0 for r in found)
    yield Figure("recovery.datasets", len(found), "datasets with an objective for their recovery point", source)
    yield Figure("recovery.always_met", always, "datasets that met their recovery point all the time", source)
    for key, label in (("met", "met"), ("missed", "missed"), ("unknown", "unknown")):
        value = sum(getattr(r, f"{key}_ms") for r in found)
        yield Figure(f"recovery.{key}_ms", value, f"time in which it was {label}, all datasets added up", source, "ms")
    kept = [d.retention for d in datasets if d.retention is not None]
    source = "judged again from recovery.jsonl, by retain in settings.json"
    yield Figure("retention.datasets", len(kept), "datasets with a retention policy", source)
    for key, label in (
        ("needed", "snapshots that a policy, or a chain to what it keeps, needs"),
        ("held", "snapshots on hold"),
        ("superseded", "snapshots whose place a newer verified chain takes"),
        ("expired", "snapshots older than their policy"),
        ("verified", "snapshots needed or held that can be restored whole, every byte read"),
    ):
        yield Figure(f"retention.{key}", sum(getattr(r, key) for r in kept), label, source)
    gone = sum(len(r.gone_early) for r in kept)
    yield Figure("retention.gone_early", gone, "snapshots needed or held that are gone", source)
    overdue = sum(d.looked.overdue or 0 for d in datasets)
    how = "rows of snapshots.jsonl: full_read_at against verify_every in settings.json"
    yield Figure("looked.overdue", overdue, "snapshots not read in full for longer than the policy allows", how)


def _record(counted: Counted) -> Iterator[Figure]:
    decisions = Counter(d.kind for d in counted.decisions)
    for kind, label in (
        ("waiver", "waivers of slots"),
        ("acceptance", "acceptances of findings"),
        ("gap-acceptance", "gaps accepted for a restore"),
        ("hold", "holds"),
    ):
        yield Figure(f"decisions.{kind}", decisions[kind], label, f"rows of decisions.jsonl: kind {kind}")
    yield Figure("ledger.entries", counted.entries, "entries of the ledger behind these rows", "rows of ledger.jsonl")
    source = "rows of all files with an entry that is null"
    yield Figure("ledger.without_entry", counted.without_entry, "rows that no entry of the ledger backs", source)


def without_entry(rows: Iterable[int | None]) -> int:
    """Count the rows that name no entry."""
    return sum(entry is None for entry in rows)
