"""The document of `copy` as text: what became of each snapshot, what is wrong, one line of sums, what to do next."""

from __future__ import annotations

import shlex
from typing import Any

from catalog.answers import Document
from catalog.cli.render import findings_text, table, text_of
from catalog.words import plural, shown, size

_MOST_ROWS = 40
_MOST_ERRORS = 20


def copy_text(document: Document) -> str:
    """Lay out a copy, or what one would do, for a person."""
    snapshots = document["snapshots"]
    parts: list[Any] = [_snapshots_table(snapshots[:_MOST_ROWS]), ""]
    if len(snapshots) > _MOST_ROWS:
        parts += [f"… and {len(snapshots) - _MOST_ROWS} more: --json has them all", ""]
    findings = [f for s in snapshots for f in s["findings"] if f["code"].startswith("copy.")]
    told = findings_text(findings)
    if told:
        parts += [*told, ""]
    errors = [(s, e) for s in snapshots for e in s["errors"]]
    for snapshot, error in errors[:_MOST_ERRORS]:
        parts.append(shown(f"error {snapshot['id']}  {error['path']}: {error['message']}"))
        parts += [shown(f"      hint: {error['hint']}")] if error["hint"] else []
    if len(errors) > _MOST_ERRORS:
        parts.append(f"… and {len(errors) - _MOST_ERRORS} more: --json has them all")
    parts += [""] if errors else []
    return text_of(*parts, _sums(document), *_next(document))


def _snapshots_table(snapshots: list[Document]) -> Any:
    headings = ("state", "verdict", "depth", "checked", "size", "snapshot", "copy")
    rows = [
        (
            s["state"],
            s["verdict"],
            s["depth"],
            f"{s['checked']} of {s['files']}",
            size(s["bytes"]),
            s["id"],
            s["copy"],
        )
        for s in snapshots
    ]
    return table(headings, rows, right=(3, 4))


def _sums(document: Document) -> str:
    counts, to = document["counts"], document["to"]
    there = f"{counts['already_there']} already there"
    what = f"{plural(counts['snapshots'], 'snapshot')} to {to['zone']} ({to['url']})"
    if document["estimate"] is not None:
        wanted = document["estimate"]
        to_copy = f"{plural(wanted['files'], 'file')} ({size(wanted['bytes'])})"
        odd = f", {counts['failed']} there with another size" if counts["failed"] else ""
        return f"{what}: would copy {to_copy}, {there} by their size{odd}"
    copied = f"copied {plural(counts['copied'], 'file')} ({size(counts['bytes_copied'])})"
    return f"{what}: {copied}, {there}, {counts['failed']} failed"


def _next(document: Document) -> list[str]:
    """Say what to do next."""
    snapshots = document["snapshots"]
    if document["estimate"] is not None:
        return ["nothing was copied: leave out --estimate to copy"]
    incomplete = [s for s in snapshots if s["state"] != "complete"]
    if any(e for s in incomplete for e in s["errors"]):
        return ["run it again for the rest: what is there whole is not sent again"]
    if incomplete:
        return ["what differs was left as it is; what is equal is there"]
    return [f"look at it with: landproof show {shlex.quote(snapshots[0]['copy'])}"] if snapshots else []
