"""The document of `restore plan` as text: the chain, what is missing, how far it reaches, until when it is there."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.words import number, plural, seconds, shown, size, when

_DOUBTS = {
    "gaps-unknown": "no schedule tells what should have come: exports that never came are not seen",
    "full-assumed": "nothing says that the first snapshot is a full export",
    "full-smaller": "the full has fewer rows than the chain before it",
    "perhaps-full": "an increment looks like a full export of a new flow",
    "attempts-differ": "another attempt at the same slot, left out, does not hold the same",
    "accepted": "its bytes were judged otherwise, and that was accepted: see landproof show",
    "overdue": "by its zone's lifetime it should have been deleted by now",
}


def plan_text(document: Document) -> str:
    """Lay out a plan for a person."""
    parts: list[Any] = []
    for title, snapshots in (("", document["snapshots"]), ("left out, behind the first gap:", document["lost"])):
        if snapshots:
            parts += [*([title] if title else []), _snapshots(snapshots), ""]
    return text_of(*parts, *gap_lines(document))


def gap_lines(document: Document) -> list[Any]:
    """Return what is missing from a plan, what is doubtful, and what it comes to."""
    parts: list[Any] = []
    for title, gaps in (("gaps:", document["gaps"]), ("still to come:", document["pending"])):
        if gaps:
            parts += [title, _gaps(gaps), ""]
    return [*parts, *doubt_lines(document), *sums_of(document)]


def doubt_lines(document: Document) -> list[str]:
    """Return what about a plan is taken for granted, with an empty line behind it."""
    told = [f"doubt: {shown(d['snapshot'] or 'the dataset')}: {_DOUBTS[d['kind']]}" for d in document["doubts"]]
    return [*told, *([""] if told else [])]


def _snapshots(snapshots: list[Document]) -> Any:
    headings = ("role", "verdict", "depth", "files", "size", "rows", "from", "expires")
    rows = [
        (
            s["role"],
            s["verdict"],
            s["depth"],
            number(s["files"]),
            size(s["bytes"]),
            number(s["rows"]),
            s["places"][0],
            when(s["expires_at"]),
        )
        for s in snapshots
    ]
    return table(headings, rows, right=(3, 4, 5))


def _gaps(gaps: list[Document]) -> Any:
    rows = [
        (g["reason"], when(g["due_at"]), g["status"] or "-", g["verdict"] or "-", g["snapshot"] or "-") for g in gaps
    ]
    return table(("why", "due", "slot", "verdict", "snapshot"), rows)


def sums_of(document: Document) -> list[str]:
    """Say in a few lines what a plan comes to."""
    if document["state"] == "broken":
        return [f"broken: no usable full export at or before {when(document['as_of'])}"]
    files = plural(sum(s["files"] for s in document["snapshots"]), "file")
    what = f"{plural(len(document['snapshots']), 'snapshot')}, {files}"
    lines = [
        f"{document['state']}: recovers to {when(document['recovers_to'])}, asked for {when(document['as_of'])}",
        f"{what}, {size(document['bytes'])}, {number(document['rows'])} rows",
    ]
    if document["estimated_seconds"] is not None:
        lines.append(f"about {seconds(document['estimated_seconds'])}, by restores that were measured")
    if document["expires_at"]:
        lines.append(f"copy it before {when(document['expires_at'])}: the first of it is deleted then")
    return lines
