"""What every report made of the document of `check` begins with: its findings with what each is about; lays out none.

Pure, and as good for the document of `nightly`: what is judged in it is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

COULD_NOT_LOOK = frozenset(
    ("schedule.unknown", "file.unreadable", "zone.unreachable", "zone.mass-vanish", "zone.stale")
)
"""Codes that say nobody could look, or nobody has: what they are about may be good."""

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a finding is about: a slot of a dataset, a dataset, a zone, or the watch as a whole; None where not so."""

    zone: str | None = None
    dataset_id: str | None = None
    name: str | None = None
    due_at: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The steps that lead to it, the widest first; the name, which may change, is none."""
        return tuple(part for part in (self.zone, self.dataset_id, self.due_at) if part is not None)

    def __str__(self) -> str:
        if self.zone is None:
            return "watch"
        if self.dataset_id is None:
            return f"zone {self.zone}"
        label = self.name or f"{self.zone}/{self.dataset_id}"
        return f"{label}, due {self.due_at}" if self.due_at else label


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a document, as the document has it, and what it is about."""

    subject: Subject
    finding: Document

    @property
    def is_open(self) -> bool:
        """False where it was accepted."""
        return not self.finding.get("accepted")


def judged_part(document: Document) -> Document:
    """Return the document of `check`: that of `nightly` has one in it."""
    inner: Document = document.get("check", document)
    return inner


def slot_findings(dataset: Document, slot: Document) -> Iterator[Found]:
    """Yield the findings of one slot."""
    subject = Subject(dataset["zone"], dataset["dataset_id"], dataset["name"], slot["due_at"])
    return (Found(subject, finding) for finding in slot["findings"])


def dataset_findings(dataset: Document) -> Iterator[Found]:
    """Yield the findings of a dataset that are about none of its slots."""
    subject = Subject(dataset["zone"], dataset["dataset_id"], dataset["name"])
    return (Found(subject, finding) for finding in dataset["findings"])


def watch_findings(document: Document) -> Iterator[Found]:
    """Yield the findings that are about no dataset; of a night those of its listings first, then what Adobe says."""
    for zone in document.get("scan", {}).get("zones", ()):
        yield from (Found(Subject(zone["zone"]), finding) for finding in zone["findings"])
    noted = (document.get("adobe") or {}).get("findings", ())
    yield from (Found(Subject(), finding) for finding in (*noted, *judged_part(document)["findings"]))


def all_findings(document: Document) -> Iterator[Found]:
    """Yield every finding: of the watch and its zones, then dataset by dataset, slots last."""
    yield from watch_findings(document)
    for dataset in judged_part(document)["datasets"]:
        yield from dataset_findings(dataset)
        for slot in dataset["slots"]:
            yield from slot_findings(dataset, slot)


def finding_line(finding: Document) -> str:
    """Say a finding in one line: level, code, path, message, and who accepted it where that was done."""
    where = f"{finding['path']}: " if finding.get("path") else ""
    return visible(f"{finding['level']} {finding['code']}: {where}{message_of(finding)}{acceptance(finding)}")


def message_of(finding: Document) -> str:
    """Return the message with what was expected and what was there, where these are known."""
    expected, actual = finding.get("expected"), finding.get("actual")
    told = [f"{word} {value}" for word, value in (("expected", expected), ("got", actual)) if value is not None]
    return str(finding["message"]) + (f" ({', '.join(told)})" if told else "")


def acceptance(finding: Document) -> str:
    """Say who accepted a finding, until when and why; empty where nobody did."""
    accepted = finding.get("accepted")
    if not accepted:
        return ""
    until = f" until {accepted['until']}" if accepted.get("until") else ""
    return f" [accepted by {accepted['by']}{until}: {accepted['reason']}]"


def visible(text: str) -> str:
    r"""Return text in which each character that no report can hold, or that breaks lines, is an escape such as \x0a."""
    return _UNSEEN.sub(lambda found: _escape(found[0]), text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def open_ones(findings: Iterable[Found], *levels: str) -> list[Found]:
    """Return the findings of some levels that nobody accepted."""
    return [one for one in findings if one.is_open and one.finding["level"] in levels]
