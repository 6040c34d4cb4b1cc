"""The scan document as text: what is not good first, then every finding with its hint, then one line of sums."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.answers import Document
from catalog.cli.render import MOST_FINDINGS, Excerpt, findings_text, table, text_of
from catalog.words import number, plural, size, when
from verifier.findings import REGISTER

_MOST_ROWS = 40
_BY_URGENCY = ("corrupt", "incomplete", "unknown", "unverifiable", "good", "empty", "arriving")


def scan_text(document: Document, excerpt: Excerpt | None = None) -> str:
    """Lay out a scan for a person; with pieces of the files that findings are about where they are wanted."""
    parts: list[Any] = []
    gist = Gist.of(document.get("snapshots", ()))
    if gist.rows:
        parts += [snapshots_table([one for *_, one in gist.rows]), ""]
        if gist.notable > _MOST_ROWS:
            parts += [f"… and {gist.notable - _MOST_ROWS} more: --json has them all", ""]
    zone_findings = [f | {"subject": z["zone"]} for z in document["zones"] for f in z["findings"]]
    findings = [f for f in zone_findings if f["code"] != "zone.unreachable"] + gist.findings
    findings += [f for s in document["strays"] for f in s["findings"]]
    told = findings_text(findings, excerpt=excerpt, untold=gist.untold)
    if told:
        parts += [*told, ""]
    parts += trouble_lines(document)
    if gist.verdicts["arriving"]:
        parts.append("arriving: judged once nothing has changed for the quiet time, or at once with --settle-minutes 0")
    parts += sums(document, gist.verdicts)
    return text_of(*parts)


@dataclass(slots=True)
class Gist:
    """What a person is told of many snapshots: the most urgent, so many findings of each level, sums of the rest.

    `rows` are (urgency, number, snapshot), of which `notable` there were; `untold` findings were left out.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    rows: list[tuple[int, int, Document]] = field(default_factory=list)
    notable: int = 0
    findings: list[Document] = field(default_factory=list)
    untold: int = 0
    _levels: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, snapshots: Iterable[Document]) -> Gist:
        """Go through all snapshots once and keep few of them."""
        gist = cls()
        for one in snapshots:
            gist.verdicts[one["verdict"]] += 1
            if one["verdict"] != "good" or _worst(one) != "info":
                gist._note(one)
        return gist

    def _note(self, one: Document) -> None:
        self.notable += 1
        insort(self.rows, (_urgency(one), self.notable, one))
        del self.rows[_MOST_ROWS:]
        for found in one["findings"]:
            if found["level"] != "info":
                self._levels[found["level"]] += 1
                if self._levels[found["level"]] > MOST_FINDINGS:
                    self.untold += 1
                else:
                    self.findings.append(found | {"zone": one["zone"], "subject": "" if found["path"] else one["id"]})


def trouble_lines(document: Document) -> list[str]:
    """Say which zones could not be listed, and why."""
    lines = []
    for zone in document["zones"]:
        if zone["error"]:
            lines.append(f"error zone.unreachable  {zone['zone']}: could not look: {zone['error']['message']}")
            lines += [f"      hint: {zone['error']['hint'] or REGISTER['zone.unreachable'].advice}", ""]
    return lines


def snapshots_table(snapshots: list[Document]) -> Any:
    """Lay out snapshots, one a row; a verdict never stands without its depth and coverage."""
    headings = ("verdict", "depth", "checked", "rows", "size", "landed", "presence", "snapshot")
    rows = [
        (
            f"{s['verdict']} (accepted)" if s["accepted"] else s["verdict"],
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


def sums(document: Document, verdicts: Mapping[str, int]) -> list[str]:
    """Say in a few lines what was looked at and what it came to."""
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
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    levels = ", ".join(f"{plural(counts[level], word)}" for level, word in (("error", "error"), ("warn", "warning")))
    if document["reverify"]:
        lines.append(reverified(document["reverify"]))
    if counts["unchecked_bytes"]:
        uncovered = f"{plural(counts['unchecked_bytes'], 'byte')} in {plural(counts['unchecked_files'], 'file')}"
        are = "is" if counts["unchecked_bytes"] == 1 else "are"
        lines.append(f"{uncovered} {are} covered by no checksum; from now on their SHA-256 is the reference")
    lines.append(f"at depth {document['depth']}: {told or 'no snapshots'}; {levels}")
    return lines


def reverified(chosen: Document) -> str:
    """Say how much was chosen to be read again, and when all of it will have been."""
    of_all = f"{plural(chosen['of_files'], 'file')} ({size(chosen['of_bytes'])})"
    line = f"read again by {chosen['asked']}: {number(chosen['files'])} of {of_all}, {size(chosen['bytes'])}"
    if chosen["runs"]:
        line += f"; at this budget every byte is read again within {plural(chosen['runs'], 'run')}"
    return line


def _urgency(snapshot: Document) -> int:
    """Rank a snapshot such that what may be cut off a long table is what can wait."""
    return _BY_URGENCY.index(snapshot["verdict"])


def _worst(snapshot: Document) -> str:
    levels = {f["level"] for f in snapshot["findings"]}
    return "error" if "error" in levels else "warn" if "warn" in levels else "info"
