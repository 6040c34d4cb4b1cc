"""The scan document as text: what is not good first, then every finding with its hint, then one line of sums."""

from __future__ import annotations

from collections import Counter
from typing import Any

from catalog.answers import Document
from catalog.cli.render import findings_text, table, text_of
from catalog.cli.words import number, plural, size, when
from verifier.findings import REGISTER

_MOST_ROWS = 40
_BY_URGENCY = ("corrupt", "incomplete", "unknown", "unverifiable", "good", "empty", "arriving")


def scan_text(document: Document) -> str:
    """Lay out a scan for a person."""
    parts: list[Any] = []
    snapshots = document.get("snapshots", [])
    notable = sorted((s for s in snapshots if s["verdict"] != "good" or _worst(s) != "info"), key=_urgency)
    if notable:
        parts += [snapshots_table(notable[:_MOST_ROWS]), ""]
        if len(notable) > _MOST_ROWS:
            parts += [f"… and {len(notable) - _MOST_ROWS} more: --json has them all", ""]
    zone_findings = [f | {"subject": z["zone"]} for z in document["zones"] for f in z["findings"]]
    findings = [f for f in zone_findings if f["code"] != "zone.unreachable"]
    findings += [f if f["path"] else f | {"subject": s["id"]} for s in snapshots for f in s["findings"]]
    findings += [f for s in document["strays"] for f in s["findings"]]
    told = findings_text(findings)
    if told:
        parts += [*told, ""]
    for zone in document["zones"]:
        if zone["error"]:
            parts.append(f"error zone.unreachable  {zone['zone']}: could not look: {zone['error']['message']}")
            parts += [f"      hint: {zone['error']['hint'] or REGISTER['zone.unreachable'].advice}", ""]
    if any(s["verdict"] == "arriving" for s in snapshots):
        parts.append("arriving: judged once nothing has changed for the quiet time, or at once with --settle-minutes 0")
    parts += sums(document)
    return text_of(*parts)


def snapshots_table(snapshots: list[Document]) -> Any:
    """Lay out snapshots, one a row; a verdict never stands without its depth and coverage."""
    headings = ("verdict", "depth", "checked", "rows", "size", "landed", "presence", "snapshot")
    rows = [
        (
            s["verdict"],
            s["depth"],
            f"{s['checked']} of {s['files']}",
            number(s["rows"]),
            size(s["bytes"]),
            when(s["landed_at"]),
            s["presence"],
            s["id"],
        )
        for s in snapshots
    ]
    return table(headings, rows, right=(2, 3, 4))


def sums(document: Document) -> list[str]:
    """Say in two lines what was looked at and what it came to."""
    counts = document["counts"]
    zones = ", ".join(z["zone"] for z in document["zones"])
    lines = [
        (
            f"{zones}: {plural(counts['datasets'], 'dataset')}, {plural(counts['snapshots'], 'snapshot')},"
            f" {plural(counts['files'], 'file')}, {size(counts['bytes'])}, {number(counts['rows'])} rows;"
            f" read {plural(counts['files_read'], 'file')} ({size(counts['bytes_read'])}),"
            f" {number(counts['files_unchanged'])} unchanged"
        )
    ]
    verdicts = Counter(s["verdict"] for s in document.get("snapshots", []))
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    levels = ", ".join(f"{plural(counts[level], word)}" for level, word in (("error", "error"), ("warn", "warning")))
    lines.append(f"at depth {document['depth']}: {told or 'no snapshots'}; {levels}")
    return lines


def _urgency(snapshot: Document) -> int:
    """Rank a snapshot such that what may be cut off a long table is what can wait."""
    return _BY_URGENCY.index(snapshot["verdict"])


def _worst(snapshot: Document) -> str:
    levels = {f["level"] for f in snapshot["findings"]}
    return "error" if "error" in levels else "warn" if "warn" in levels else "info"
