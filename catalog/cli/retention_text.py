"""The document of `retention` as text: what must be looked at first, then every snapshot that nothing needs."""

from __future__ import annotations

from typing import Any

from catalog.answers import Document
from catalog.cli.render import table, text_of
from catalog.words import plural, shown, size, when

_MOST = 50
_ORDER = ("gone_early", "held", "expired", "superseded", "needed")
_WORDS = {"gone_early": "gone early"}


def retention_text(document: Document) -> str:
    """Lay out for a person which snapshots are needed."""
    parts: list[Any] = []
    for dataset in document["datasets"]:
        parts += [*_of_dataset(dataset), ""]
    for note in document["notes"]:
        of = f"{note['zone']}/{note['dataset_id']}" if note["dataset_id"] else note["zone"]
        parts.append(shown(f"{note['level']}: {of}: {note['message']}"))
        parts += [shown(f"hint: {note['hint']}")] if note["hint"] else []
    parts += [""] if document["notes"] else []
    return text_of(*parts, f"as of {when(document['at'])}: {_sums(document['counts'])}; nothing was deleted")


def _of_dataset(dataset: Document) -> list[Any]:
    name = dataset["name"] or f"{dataset['zone']}/{dataset['dataset_id']}"
    head = shown(f"{name}, {dataset['policy'] or 'no policy'}: {_sums(dataset['counts'])}")
    listed = sorted(dataset["snapshots"], key=lambda s: _ORDER.index(s["status"]))
    rows = [
        (
            _WORDS.get(s["status"], s["status"]),
            shown(s["id"]),
            s["verdict"],
            s["depth"],
            size(s["bytes"]),
            _there(s),
            shown(_why(s)),
        )
        for s in listed[:_MOST]
    ]
    headings = ("status", "snapshot", "verdict", "depth", "size", "there", "why")
    more = [f"… and {len(listed) - _MOST} more: --json has them all"] if len(listed) > _MOST else []
    return [head, *([table(headings, rows, right=(4,))] if rows else []), *more]


def _there(snapshot: Document) -> str:
    """Say whether it is where it landed, or else where it is."""
    if snapshot["presence"] == "present":
        return "present"
    copies = [place.split("/")[0] for place in snapshot["places"]]
    return shown(f"{snapshot['presence']}, copy in {', '.join(copies)}") if copies else str(snapshot["presence"])


def _why(snapshot: Document) -> str:
    """Give the strongest reason, other snapshots of the dataset by their export times; documents have all reasons."""
    first = snapshot["reasons"][0]
    if first["kind"] == "hold" and snapshot["hold"]:
        return f"on hold: {snapshot['hold']['reason']}"
    return str(first["message"]).replace(f"{snapshot['id'].rpartition('/')[0]}/", "")


def _sums(counts: Document) -> str:
    told = [f"{counts[status]} {_WORDS.get(status, status)}" for status in _ORDER if counts[status]]
    return f"{plural(sum(counts.values()), 'snapshot')}" + (f" ({', '.join(told)})" if told else "")
