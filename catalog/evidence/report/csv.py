"""A report as one table of comma-separated values, for spreadsheets: a row for each thing told; counts nothing.

The columns are the same for all rows, so that it can be filtered by `section`; what a row has none of is empty. Texts
that a spreadsheet would take for a formula begin with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from catalog.evidence.report.values import DatasetPart, Report
from catalog.evidence.report.words import exactly, visible

COLUMNS = (
    "section", "item", "zone", "dataset_id", "name", "kind", "state", "value", "of", "unit", "first_at", "last_at",
    "closed_at", "what", "closure", "source",
)  # fmt: skip
"""`value` of `of` in `unit`; `source` says what in the bundle a row is counted from."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_Value = str | int | datetime | None
_Row = dict[str, _Value]


def report_csv(report: Report) -> str:
    """Return the table with its heading, lines ending in CR LF (RFC 4180); the same report gives the same text."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows({key: _told(value) for key, value in row.items()} for row in _rows(report))
    return text.getvalue()


def _row(section: str, item: str, *parts: _Row, **told: _Value) -> _Row:
    row: _Row = {"section": section, "item": item}
    for part in (*parts, told):
        row |= part
    return row


def _told(value: _Value) -> str | int:
    if isinstance(value, datetime):
        return exactly(value)
    if isinstance(value, str):
        shown = visible(value)
        return f"'{shown}" if shown.startswith(_FORMULA) else shown
    return "" if value is None else value


def _rows(report: Report) -> Iterator[_Row]:
    about = report.about
    yield _row("about", "period", first_at=about.period_from, last_at=about.period_to)
    yield _row("about", "judged_at", first_at=about.judged_at, last_at=about.known_at)
    yield _row("about", "ledger", value=about.ledger_size, what=about.origin, closure=about.ledger_root)
    yield _row("about", "signed_by", what=about.signed_by or "unsigned")
    yield _row("about", "settings_sha256", what=about.settings_sha256)
    for f in report.figures:
        yield _row("figure", f.key, value=f.value, unit=f.unit, what=f.label, source=f.source)
    yield from _exceptions(report)
    for dataset in report.datasets:
        yield from _dataset(dataset)
    yield from _tests(report)
    yield from _others(report)


def _exceptions(report: Report) -> Iterator[_Row]:
    for e in report.exceptions:
        yield {
            "section": "exception",
            "item": f"{e.about} {e.path}" if e.path else e.about,
            "zone": e.zone,
            "dataset_id": e.dataset_id,
            "name": e.name,
            "kind": e.kind.value,
            "state": e.state.value,
            "value": e.count,
            "first_at": e.first_seen_at,
            "last_at": e.last_seen_at,
            "closed_at": e.closed_at,
            "what": e.what,
            "closure": e.closure,
            "source": None if e.entry is None else f"ledger entry {e.entry}",
        }


def _dataset(dataset: DatasetPart) -> Iterator[_Row]:
    named: _Row = {"zone": dataset.zone, "dataset_id": dataset.dataset_id, "name": dataset.name}
    for month in dataset.calendar:
        yield _row("month", month.month, named, value=month.fine, of=month.slots, what=f"[{month.days}]")
    looked, of = dataset.looked, sum(dataset.snapshots.values())
    seen: _Row = {"first_at": looked.oldest_full_read_at, "last_at": looked.newest_full_read_at}
    yield _row("depth", "full", named, seen, value=looked.full, of=of)
    yield _row("depth", "structure", named, value=looked.structure, of=of)
    yield _row("depth", "list", named, value=looked.list, of=of)
    if dataset.recovery is not None:
        r = dataset.recovery
        span: _Row = {"first_at": r.starts_at, "last_at": r.ends_at, "unit": "ms"}
        whole = r.met_ms + r.missed_ms + r.unknown_ms
        for state, ms in (("met", r.met_ms), ("missed", r.missed_ms), ("unknown", r.unknown_ms)):
            yield _row("recovery-point", state, named, span, value=ms, of=whole)
        yield _row("recovery-point", "objective", named, span, value=r.objective_ms)
    if dataset.retention is not None:
        kept = dataset.retention
        for item in ("needed", "held", "superseded", "expired", "verified"):
            yield _row("retention", item, named, value=getattr(kept, item))
        gone, since = len(kept.gone_early), kept.oldest_needed_at
        yield _row("retention", "gone early", named, value=gone, first_at=since, what=" ".join(kept.gone_early))


def _tests(report: Report) -> Iterator[_Row]:
    for t in report.restore_tests:
        yield {
            "section": "restore-test",
            "item": t.id,
            "zone": t.zone,
            "dataset_id": t.dataset_id,
            "name": t.name,
            "kind": t.kind,
            "state": t.state,
            "value": t.took_ms,
            "unit": "ms",
            "first_at": t.started_at,
            "last_at": t.finished_at,
            "what": t.message,
        }
    for c in report.control_tests:
        what, state = f"expected {c.expected}, found {c.found or 'nothing'}", "noticed" if c.passed else "not noticed"
        yield _row("control-test", c.damage, state=state, last_at=c.finished_at, what=what, source=c.snapshot)


def _others(report: Report) -> Iterator[_Row]:
    for z in report.zones:
        yield _row("zone", "complete scans", zone=z.zone, value=z.complete, of=z.scans, last_at=z.last_complete_at)
        yield _row("zone", "longest time without", zone=z.zone, value=z.longest_gap_ms, unit="ms")
    for d in report.decisions:
        said: _Row = {"first_at": d.said_at, "last_at": d.until, "what": d.reason, "closure": d.said_by}
        yield _row("decision", d.about, said, kind=d.kind, state="taken back" if d.lifted else "stands")
    for r in report.requirements:
        told: _Row = {"what": r.asks, "closure": f"not covered: {r.not_covered}", "source": " ".join(r.figures)}
        yield _row("requirement", f"{r.framework}, {r.control}", told)
    for limit in report.limits:
        yield _row("does-not-prove", limit.title, what=limit.text)
