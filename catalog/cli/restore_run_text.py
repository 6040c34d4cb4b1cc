"""The document of `restore run` as text: what is there, what is not and why, what to do next."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import findings_text, text_of
from catalog.cli.restore_text import doubt_lines, gap_lines
from catalog.words import number, plural, seconds, shown, size, when

_MOST = 20


def restore_text(document: Document) -> str:
    """Lay out a restore for a person."""
    parts: list[Any] = []
    if document["accepted"]:
        accepted = document["accepted"]
        why = f": {shown(accepted['reason'])}" if accepted["reason"] else ""
        parts += [f"{plural(len(accepted['gaps']), 'gap')} accepted by {shown(accepted['by'])}{why}", ""]
    told = findings_text(document["findings"])
    parts += [*told, ""] if told else []
    parts += _lines("error", document["errors"])
    parts += _lines("turned to another place", document["turned"])
    others = document["others"]
    if others:
        parts += [f"note: {plural(len(others), 'other file')} in the folder, such as {shown(others[0])}", ""]
    return text_of(*parts, *doubt_lines(document["plan"]), *_sums(document), *_next(document))


def refused_text(document: Document) -> str:
    """Lay out a restore that was refused for a person."""
    plan = document["plan"]
    if document["plan"]["state"] == "broken":
        why = ["nothing was copied: there is no full export to begin with"]
    else:
        why = [
            f"nothing was copied: {plural(len(plan['gaps']), 'gap')}",
            f"restore up to the gap with: --as-of {plan['recovers_to']}",
            "or take what lies behind it, too, on record, with: --accept-gaps --reason WHY",
        ]
    return text_of(*gap_lines(plan), "", *why)


def _lines(what: str, errors: list[Document]) -> list[str]:
    lines = []
    for error in errors[:_MOST]:
        lines.append(shown(f"{what}  {error['path'] or ''}: {error['message']}"))
        lines += [shown(f"      hint: {error['hint']}")] if error["hint"] else []
    if len(errors) > _MOST:
        lines.append(f"… and {len(errors) - _MOST} more: --json has them all")
    return [*lines, ""] if lines else []


def _sums(document: Document) -> list[str]:
    counts = document["counts"]
    copied = f"copied {plural(counts['copied'], 'file')} ({size(counts['bytes_copied'])})"
    there = f"{number(counts['already_there'])} already there, {number(counts['failed'])} failed"
    what = f"{plural(counts['snapshots'], 'snapshot')}, {plural(counts['files'], 'file')}, {size(counts['bytes'])}"
    lines = [
        f"{document['state']}: recovers to {when(document['recovers_to'])}, asked for {when(document['as_of'])}",
        f"{what} in {document['to']['url']}",
        f"{copied} in {seconds(document['seconds'])}, {there}",
    ]
    if counts["digested_on_the_way"]:
        those = plural(counts["digested_on_the_way"], "file")
        lines.append(f"no SHA-256 was recorded of {those}: computed on the way, compared with nothing")
    return lines


def _next(document: Document) -> list[str]:
    """Say what to do next."""
    if document["state"] == "complete":
        return ["check it again with: sha256sum -c SHA256SUMS"]
    if document["findings"]:
        return ["what differs was left as it is; restore to an empty folder, or move it away and run this again"]
    return ["run this again for the rest: what is there and right is kept; SHA256SUMS comes with the last file"]
