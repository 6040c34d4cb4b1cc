"""The document of the Search page: that of `find`, and where an exact id leads; what is found is told by `find`."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.answers import Document
from catalog.questions import lookups
from catalog.questions.inquiry import Inquiry
from catalog.questions.lookups import FindQuestion
from catalog.service.responses.links import url_snapshot
from catalog.store.queries import get_snapshot
from verifier.findings import REGISTER
from verifier.layout import parse_export_time
from verifier.model import SnapshotId

_PAGE = 20
_KINDS = ("datasets", "snapshots", "files")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuestion:
    """What to look for and where; `kind` for more of one kind only, after `offset` of them."""

    text: str = ""
    zone: str | None = None
    kind: str | None = None
    offset: int = 0


def search(inquiry: Inquiry, asked: SearchQuestion) -> Document:
    """Return the document of the Search page; with an empty text it holds what can be looked for."""
    text = asked.text.strip()
    document: Document = {
        "schema": "landproof/search/1",
        "text": text,
        "zone": asked.zone,
        "kind": asked.kind,
        "offset": asked.offset,
        "limit": _PAGE,
        "found": None,
        "contents": [],
        "codes": [],
    }
    if not text:
        return inquiry.dated(document)
    question = FindQuestion(text=text, zone=asked.zone, limit=_PAGE, offset=asked.offset)
    found = lookups.find(inquiry, question)
    if asked.kind:
        found = found | {kind: [] for kind in _KINDS if kind != asked.kind}
    document["found"] = found
    document["contents"] = _contents(text, found)
    document["codes"] = [] if asked.kind else _codes(text)
    return inquiry.dated(document)


def exact(inquiry: Inquiry, text: str) -> str | None:
    """Return the page of the snapshot that a text is the whole id of; None where it is none that is known."""
    parts = text.strip().split("/")
    if len(parts) != 3 or not all(parts) or parse_export_time(parts[2]) is None:
        return None
    wanted = SnapshotId(*parts)
    return url_snapshot(str(wanted)) if get_snapshot(inquiry.catalog, wanted) else None


def _codes(text: str) -> list[Document]:
    """Return the codes of findings that have a text in their name."""
    return [{"code": code, "meaning": row.meaning} for code, row in REGISTER.items() if text.lower() in code]


def _contents(text: str, found: Document) -> list[Document]:
    """Group the files that were found by their bytes, where it is a digest that was asked for."""
    wanted, groups = text.lower(), dict[str, list[Document]]()
    for file in found["files"]:
        if file["sha256"] and file["sha256"].startswith(wanted):
            groups.setdefault(file["sha256"], []).append(file)
    return [{"sha256": sha256, "size": files[0]["size"], "files": len(files)} for sha256, files in groups.items()]
