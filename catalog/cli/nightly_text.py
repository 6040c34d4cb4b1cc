"""A night as a person reads it: what is new within ten seconds, then all the rest; adds no facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from catalog.answers import Document
from catalog.cli.adobe_reconcile_text import reconcile_text
from catalog.cli.check import check_text
from catalog.cli.render import text_of
from catalog.cli.scan_text import scan_text
from catalog.words import plural, shown, when

_MOST = 20


def night_text(document: Document) -> str:
    """Lay out a night: the gist, what was seen, what is due, what Adobe says."""
    parts = [gist_text(document), _part("What was seen", scan_text(document["scan"]))]
    parts.append(_part("What is due", check_text(document["check"], with_content=False)))
    adobe = document["adobe"]
    if adobe and adobe["reconcile"]:
        parts.append(_part("What Adobe says", reconcile_text(adobe["reconcile"])))
    return "".join(parts)


def gist_text(document: Document) -> str:
    """Return what a person reads in ten seconds, and what a ping brings: the sums, what turned, who was told."""
    new = [n for n in document["notices"] if n["state"] == "open"]
    over = [n for n in document["notices"] if n["state"] == "resolved"]
    lines: list[Any] = [_headline(document, len(new), len(over))]
    lines += _listed("new", new) + _listed("good again", over) + _standing(document)
    lines += [f"  {shown(text)}" for text in _told(document)]
    return text_of(*lines)


def _headline(document: Document, new: int, over: int) -> str:
    counts, datasets = document["counts"], document["check"]["datasets"]
    bad = [plural(counts[level], word) for level, word in (("error", "error"), ("warn", "warning")) if counts[level]]
    dark = [zone["zone"] for zone in document["scan"]["zones"] if not zone["complete"]]
    turned = [f"{new} new" if new else "nothing new", *([f"{over} good again"] if over else [])]
    parts = [
        *([f"could not look at {shown(', '.join(dark))}"] if dark else []),
        ", ".join(bad) or "nothing wrong" + (" with the rest" if dark else ""),
        ", ".join(turned),
        f"{sum(d['status'] == 'ok' for d in datasets)} of {plural(len(datasets), 'dataset')} ok",
    ]
    return f"{when(document['started_at'])}  {'; '.join(parts)}"


def _standing(document: Document) -> list[str]:
    """Name each dataset that is not as it should be, with what is wrong with it, however long already."""
    lines = []
    for dataset in document["check"]["datasets"]:
        if dataset["status"] == "ok":
            continue
        found = [*dataset["findings"], *(f for slot in dataset["slots"] for f in slot["findings"])]
        codes = Counter(f["code"] for f in found if f["level"] != "info" and not f["accepted"])
        told = ", ".join(code if n == 1 else f"{n} {code}" for code, n in sorted(codes.items()))
        name = dataset["name"] or f"{dataset['zone']}/{dataset['dataset_id']}"
        lines.append(f"  {dataset['status']}: {shown(name)}: {told or 'not known'}")
    more = [f"  and {plural(len(lines) - _MOST, 'more dataset')}"] if len(lines) > _MOST else []
    return lines[:_MOST] + more


def _listed(word: str, notices: Iterable[Document]) -> list[str]:
    worst_first = sorted(notices, key=lambda n: (n["level"] != "error", n["level"] != "warn", n["happened_at"]))
    lines = [
        f"  {word}: {n['level']} {n['code']}  {shown(_label(n))}: {shown(n['message'])}" for n in worst_first[:_MOST]
    ]
    more = len(worst_first) - _MOST
    return [*lines, *([f"  {word}: and {more} more"] if more > 0 else [])]


def _label(notice: Document) -> str:
    if notice["dataset_id"]:
        return str(notice["name"] or f"{notice['zone']}/{notice['dataset_id']}")
    return str(notice["zone"] or notice["about"])


def _told(document: Document) -> list[str]:
    told = [
        f"told {one['channel']}: {plural(one['notices'], 'notice')} {one['state']}"
        + (f": {one['trouble']}" if one["trouble"] else "")
        for one in document["channels"]
    ]
    return [*told, *document.get("troubles", ())]


def _part(title: str, text: str) -> str:
    return f"\n{title}\n{'=' * len(title)}\n{text}"
