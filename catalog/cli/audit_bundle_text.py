"""The document of `audit bundle` as text: what was written, what is in it, what it does not prove, how to check it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from catalog.answers import Document
from catalog.cli.render import text_of
from catalog.words import plural, shown, when

_BAD = ("missing", "arrived_late", "unknown", "waiting", "paused", "on_time")


def bundle_text(document: Document) -> str:
    """Lay out for a person what was written."""
    counts = document["counts"]
    others = ", ".join(plural(counts[name], name.removesuffix("s")) for name in ("files", "findings", "scans"))
    parts = [
        f"written {shown(document['path'])}: {document['size']:,} bytes in {document['files']} files",
        f"SHA-256 {document['sha256']}",
        f"{when(document['period_from'])} to {when(document['period_to'])}, judged as of {when(document['judged_at'])}",
        "",
        f"{plural(counts['population'], 'slot')}{_of(counts['slots'])}",
        f"{plural(counts['snapshots'], 'snapshot')}{_of(counts['verdicts'])}, {others}",
        *_not_proved(document),
        "",
        _signed(document),
        f"check it: landproof audit verify {shlex.quote(document['path'])}",
    ]
    return text_of(*parts)


def _of(counts: Mapping[str, int]) -> str:
    """Say how many there are of each, what is bad first."""
    names = sorted(counts, key=lambda name: (_BAD.index(name) if name in _BAD else 0, name))
    told = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in names)
    return f" ({told})" if told else ""


def _not_proved(document: Document) -> list[str]:
    lines = []
    if not document["counts"]["population"]:
        lines.append("no slots: no schedule asks for an export in this time, so nothing tells what should have come")
    untold = document["not_in_ledger"]
    if untold:
        told = ", ".join(f"{untold[name]:,} of {name}" for name in sorted(untold))
        lines.append(f"not in the ledger: {told}: their rows are told, and not proved")
    if document["only_in_ledger"]:
        lines.append(f"not in the catalog any more, told by the ledger alone: {document['only_in_ledger']:,} snapshots")
    if document["remembered"]:
        names = ", ".join(map(shown, document["remembered"]))
        lines.append(f"not in the settings any more, judged by the schedule last recorded: {names}")
    lines += [f"no slots: {shown(f'{zone}/{dataset}')}: {shown(why)}" for zone, dataset, why in document["not_judged"]]
    return lines


def _signed(document: Document) -> str:
    if document["signed_by"] is None:
        return "UNSIGNED: it proves nothing against whoever made it; make a key with: landproof keys new"
    told = ", with a timestamp" if document["timestamped"] else ""
    return f"signed by {shown(document['signed_by'])}{told}"
