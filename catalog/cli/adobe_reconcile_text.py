"""The document of `adobe reconcile` as text: a line a run, what is known in part only, findings, one line of sums."""

from __future__ import annotations

from collections import Counter
from typing import Any

from catalog.answers import Document
from catalog.cli.render import findings_text, table, text_of
from catalog.words import number, plural, shown, when


def reconcile_text(document: Document) -> str:
    """Lay out flow after flow for a person."""
    parts: list[Any] = []
    for flow in document["flows"]:
        parts += _flow_parts(flow)
    findings = findings_text([f | {"subject": _subject(f)} for f in document["findings"]])
    parts += [*findings, ""] if findings else []
    parts += [_sums(document)]
    return text_of(*parts)


def _flow_parts(flow: Document) -> list[Any]:
    name = f"{flow['name']} ({flow['flow_id']})" if flow["name"] else flow["flow_id"]
    parts: list[Any] = [shown(f"dataflow {name or 'not told'}")]
    if flow["error"]:
        parts.append(shown(f"  could not ask for its runs: {flow['error']['message']}"))
        parts += [shown(f"  hint: {flow['error']['hint']}")] if flow["error"]["hint"] else []
    parts += [shown(f"  {flow[key]}") for key in ("missing", "assumed") if flow[key]]
    if flow["runs"]:
        headings = ("", "began", "status", "slot", "snapshot", "files", "rows", "bytes", "run")
        parts.append(table(headings, [_row(run) for run in flow["runs"]]))
        unseen = [one["reason"] for run in flow["runs"] for one in run["datasets"] if one["state"] == "unknown"]
        parts += [shown(f"  not known of {number(count)}: {reason}") for reason, count in Counter(unseen).items()]
    elif not flow["error"]:
        parts.append("  no runs")
    return [*parts, ""]


def _row(run: Document) -> tuple[str, ...]:
    numbers = (_verdict(run[name]) for name in ("files", "rows", "bytes"))
    return "", when(run["started_at"]), run["status"], when(run["due_at"]), _snapshot(run), *numbers, run["run_id"]


def _snapshot(run: Document) -> str:
    """Name the one snapshot, or count those of several datasets."""
    datasets = run["datasets"]
    found = [one["snapshot"] for one in datasets if one["snapshot"]]
    if len(datasets) > 1:
        return f"{len(found)} of {len(datasets)} datasets"
    if found:
        return str(found[0])
    return "none" if datasets and datasets[0]["state"] == "absent" else "not known"


def _verdict(comparison: Document) -> str:
    if comparison["verdict"] == "differs":
        return f"differs: {number(comparison['adobe'])}, here {number(comparison['ours'])}"
    told = comparison["ours"] if comparison["verdict"] == "equal" else comparison["adobe"]
    return comparison["verdict"] if told is None else f"{comparison['verdict']}: {number(told)}"


def _subject(finding: Document) -> str:
    if finding["zone"] and finding["dataset_id"]:
        return f"{finding['zone']}/{finding['dataset_id']}"
    return finding["zone"] or ""


def _sums(document: Document) -> str:
    counts = document["counts"]
    seen = f"{plural(counts['flows'], 'dataflow')}, {plural(counts['runs'], 'run')} since {when(document['from'])}"
    snapshots = f"{counts['with_snapshot']} with a snapshot, {counts['without_snapshot']} proven to have none"
    if not document["compared"]:
        return f"{seen}: nothing could be compared"
    levels = f"{plural(counts['error'], 'error')}, {plural(counts['warn'], 'warning')}"
    empty = f", {plural(counts['proven_empty'], 'slot')} had nothing to export" if counts["proven_empty"] else ""
    return f"{seen}: {snapshots}{empty}; {levels}"
