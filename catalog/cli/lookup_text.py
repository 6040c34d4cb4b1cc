"""The documents of the look-ups as text."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import Excerpt, findings_text, table, text_of
from catalog.cli.scan_text import snapshots_table
from catalog.words import number, plural, size, when

_DIGEST = 16


def datasets_text(document: Document) -> str:
    """Lay out datasets, one a row."""
    return text_of(datasets_table(document["datasets"]) if document["datasets"] else "no datasets")


def datasets_table(datasets: list[Document]) -> Any:
    """Lay out datasets wherever they are listed."""
    headings = ("dataset", "id", "snapshots", "size", "newest", "newest good")
    rows = [
        (
            d["name"] or "-",
            f"{d['zone']}/{d['dataset_id']}",
            number(d["snapshots"]),
            size(d["bytes"]),
            when(d["newest_at"]),
            when(d["newest_good_at"]),
        )
        for d in datasets
    ]
    return table(headings, rows, right=(2, 3))


def more_line(more: int, word: str) -> list[str]:
    """Say how many are on later pages, in a line or none."""
    return [f"… and {plural(more, f'more {word}')}: see --limit and --offset"] if more else []


def snapshots_text(document: Document) -> str:
    """Lay out snapshots, one a row."""
    found, more = document["snapshots"], more_line(document["more"], "snapshot")
    if not found:
        return text_of("no snapshots")
    return text_of(snapshots_table(found), *more, "", plural(len(found), "snapshot"))


def show_text(document: Document, excerpt: Excerpt | None = None) -> str:
    """Lay out one snapshot: what is known, what was found, its files; with pieces of these where they are wanted."""
    one = document["snapshot"]
    events = " to ".join(when(at) for at in one["events"]) if one["events"] else "-"
    accepted = f"; {plural(one['accepted'], 'finding')} accepted" if one["accepted"] else ""
    facts = [
        ("snapshot", one["id"]),
        ("exported", when(one["export_time"])),
        ("landed", when(one["landed_at"])),
        (
            "verdict",
            f"{one['verdict']} at depth {one['depth']}, checked {one['checked']} of {one['files']} files{accepted}",
        ),
        ("presence", one["presence"]),
        ("size", f"{size(one['bytes'])} ({number(one['bytes'])} bytes)"),
        ("rows", number(one["rows"])),
        ("no checksum covers", "-" if one["unchecked_bytes"] is None else plural(one["unchecked_bytes"], "byte")),
        ("events", events),
        ("columns", number(len(document["columns"])) if document["columns"] else "-"),
        ("manifest", one["manifest"] or "-"),
        ("first seen", when(one["first_seen_at"])),
        ("judged", when(one["judged_at"])),
        ("bytes read", when(one["verified_at"])),
        ("last read in full", when(one["last_full_read_at"])),
    ]
    parts: list[Any] = [table(("", ""), facts)]
    findings = [f | {"zone": one["zone"], "subject": "" if f["path"] else one["id"]} for f in one["findings"]]
    told = findings_text(findings, with_info=True, excerpt=excerpt)
    if told:
        parts += ["", *told]
    parts += ["", _files_table(document["files"])]
    if document["copies"]:
        parts += ["", _copies_table(document["copies"])]
    return text_of(*parts)


def _files_table(files: list[Document]) -> Any:
    headings = ("presence", "kind", "depth", "rows", "size", "unchecked", "sha256", "read in full", "path")
    rows = [
        (
            f["presence"],
            f["kind"],
            f["depth"],
            number(f["rows"]),
            size(f["size"]),
            number(f["unchecked_bytes"]),
            (f["sha256"] or "-")[:_DIGEST],
            when(f["last_full_read_at"]),
            f["path"],
        )
        for f in files
    ]
    return table(headings, rows, right=(3, 4, 5))


def _copies_table(copies: list[Document]) -> Any:
    headings = ("elsewhere", "state", "verdict", "presence", "copied", "snapshot", "zone")
    rows = [
        (c["role"], c["state"], c["verdict"], c["presence"], when(c["copied_at"]), c["id"], c["url"]) for c in copies
    ]
    return table(headings, rows)


def history_text(document: Document) -> str:
    """Lay out the recorded states of a snapshot or a file, oldest first, with what changed."""
    rows = []
    for revision in document["revisions"]:
        changed = ", ".join(word.replace("_", " ") for word in revision["changed"]) or "first recorded"
        if "snapshot" in revision:
            one = revision["snapshot"]
            state = f"{one['verdict']} at depth {one['depth']}, {one['checked']} of {one['files']}, {one['presence']}"
        else:
            state = f"{revision['presence']}, {size(revision['size'])}, sha256 {(revision['sha256'] or '-')[:_DIGEST]}"
        rows.append((when(revision["recorded_at"]), state, changed, revision["scan_id"]))
    more = more_line(document["more"], "state")
    return text_of(document["subject"], "", table(("recorded", "state", "changed", "scan"), rows), *more)
