"""What to do about a finding, from the register of codes, for pages; the documents of the commands stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.answers import Document
from verifier.findings import REGISTER


def hinted(findings: Iterable[Document]) -> list[Document]:
    """Return findings of documents with the advice of their code as `hint`: what a person should do about it."""
    return [one | {"hint": REGISTER[one["code"]].advice if one["code"] in REGISTER else None} for one in findings]
