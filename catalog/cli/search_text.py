"""The documents of `diff` and `find` as text."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.lookup_text import datasets_table, more_line
from catalog.cli.render import table, text_of
from catalog.cli.scan_text import snapshots_table
from catalog.words import number, size, when

_DIGEST = 16
_MOST_FILES = 50
_MARKS = {"added": "+", "removed": "-", "changed": "~", "same_size": "?"}


def diff_text(document: Document) -> str:
    """Lay out what differs between two snapshots: the sums, then columns, then files."""
    before, after = document["snapshots"]
    facts = [
        ("snapshot", before["id"], after["id"], ""),
        ("verdict", *(f"{s['verdict']} at depth {s['depth']}" for s in (before, after)), ""),
        ("size", size(before["bytes"]), size(after["bytes"]), _more(document["bytes"], "bytes")),
        ("rows", number(before["rows"]), number(after["rows"]), _more(document["rows"], "rows")),
        ("files", number(before["files"]), number(after["files"]), _file_sums(document["counts"])),
        ("events", _events(before), _events(after), ""),
    ]
    parts: list[Any] = [table(("", "a", "b", "difference"), facts), ""]
    if document["columns"] is None:
        parts.append("columns: not known of both")
    elif document["columns"]:
        parts.append(_columns_table(document["columns"]))
    else:
        parts.append("columns: the same")
    if document["files"]:
        parts += ["", _files_table(document["files"][:_MOST_FILES])]
    left = len(document["files"]) - _MOST_FILES
    if left > 0:
        parts.append(f"… and {number(left)} more: --json has them all")
    return text_of(*parts)


def find_text(document: Document) -> str:
    """Lay out what was found, kind by kind; what there is none of is left out."""
    parts: list[Any] = []
    if document["datasets"]:
        parts += [datasets_table(document["datasets"]), *more_line(document["more"]["datasets"], "dataset"), ""]
    if document["snapshots"]:
        parts += [snapshots_table(document["snapshots"]), *more_line(document["more"]["snapshots"], "snapshot"), ""]
    if document["files"]:
        headings = ("presence", "kind", "rows", "size", "sha256", "snapshot", "path")
        rows = [
            (f["presence"], f["kind"], number(f["rows"]), size(f["size"]), _digest(f), f["snapshot_id"], f["path"])
            for f in document["files"]
        ]
        parts += [table(headings, rows, right=(2, 3)), *more_line(document["more"]["files"], "file"), ""]
    return text_of(*parts[:-1]) if parts else text_of("nothing found")


def _columns_table(columns: list[Document]) -> Any:
    rows = [(_MARKS[c["change"]], c["name"], _type(c["before"]), _type(c["after"])) for c in columns]
    return table(("", "column", "a", "b"), rows)


def _files_table(files: list[Document]) -> Any:
    rows = []
    for file in files:
        before, after = file["before"], file["after"]
        rows.append((_MARKS[file["change"]], *_side(before), *_side(after), file["name"]))
    return table(("", "a", "sha256", "b", "sha256", "file"), rows, right=(1, 3))


def _side(file: Document | None) -> tuple[str, str]:
    return ("-", "-") if file is None else (size(file["size"]), _digest(file))


def _digest(file: Document) -> str:
    return (file["sha256"] or "-")[:_DIGEST]


def _type(column: Document | None) -> str:
    return "-" if column is None else column["type"]


def _more(amount: Document, word: str) -> str:
    difference = amount["difference"]
    if difference is None:
        return "not known"
    return f"{'+' if difference > 0 else ''}{number(difference)} {word}"


def _file_sums(counts: Document) -> str:
    words = {"same": "the same", "same_size": "of the same size, not compared by SHA-256"}
    return ", ".join(f"{number(count)} {words.get(name, name)}" for name, count in counts.items() if count) or "none"


def _events(snapshot: Document) -> str:
    return " to ".join(when(at) for at in snapshot["events"]) if snapshot["events"] else "-"
