"""The document of `drill` as text: snapshot by snapshot, what went wrong, what it comes to."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.words import number, plural, shown, size, when

_MOST_ROWS = 40
_VERDICTS = {
    "passed": "a restore of {dataset} to {to} works",
    "failed": "a restore of {dataset} to {to} does not work",
    "unknown": "whether a restore of {dataset} to {to} works could not be found out",
}


def drill_text(document: Document) -> str:
    """Lay out a drill for a person; where there are many snapshots, those that did not pass and the newest."""
    snapshots = document["snapshots"]
    bad = [s for s in snapshots if s["state"] != "passed"]
    told = snapshots if len(snapshots) <= _MOST_ROWS else [*bad[:_MOST_ROWS], *snapshots[-1:]]
    parts: list[Any] = [_table(told), ""] if told else []
    if len(told) < len(snapshots):
        parts += [f"… and {len(snapshots) - len(told)} more: --json has them all", ""]
    notes = [shown(f"{s['state']} {s['id']}: {s['message']}") for s in told if s["message"]]
    return text_of(*parts, *notes, *([""] if notes else []), *_sums(document))


def _table(snapshots: list[Document]) -> Any:
    headings = ("state", "role", "files", "size", "rows", "loaded", "seconds", "snapshot")
    rows = [
        (
            s["state"],
            s["role"],
            number(s["files"]),
            size(s["bytes"]),
            number(s["rows"]),
            number(s["rows_loaded"]),
            f"{s['seconds']:.1f}",
            s["id"],
        )
        for s in snapshots
    ]
    return table(headings, rows, right=(2, 3, 4, 5, 6))


def _sums(document: Document) -> list[str]:
    reaches_end = document["state"] == "passed" and not document["gaps"]
    to = document["recovers_to" if reaches_end else "as_of"]
    dataset = f"{document['zone']}/{document['dataset_id']}"
    lines = [f"{document['state']}: {_VERDICTS[document['state']].format(dataset=dataset, to=when(to))}"]
    if document["message"]:
        lines.append(shown(document["message"]))
    if document["snapshots"]:
        rows = f"{number(document['rows_loaded'])} of {number(document['rows'])} rows"
        what = f"{plural(len(document['snapshots']), 'snapshot')}, {plural(document['files'], 'file')}"
        lines.append(
            f"{what}, {size(document['bytes'])}, {rows} in {document['seconds']:.1f} s:"
            f" {document['fetch_seconds']:.1f} s to fetch, {document['load_seconds']:.1f} s to load"
        )
    if document["accepts_gaps"] and document["gaps"]:
        lines.append(f"{plural(len(document['gaps']), 'gap')} accepted: what was exported there is not in it")
    return lines
