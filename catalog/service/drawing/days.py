"""What a promised export, and a day of them, comes to in one word, with the colour of that word; draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.answers import Document

TONES: Mapping[str, str] = MappingProxyType(
    {
        "missing": "bad",
        "vanished": "bad",
        "corrupt": "bad",
        "incomplete": "bad",
        "could not look": "bad",
        "nobody has looked": "unsure",
        "unverifiable": "unsure",
        "late": "warn",
        "waiting": "odd",
        "arriving": "odd",
        "waived": "paused",
        "expired": "paused",
        "encrypted": "sealed",
        "empty": "good",
        "good": "good",
        "nothing due": "none",
    }
)
"""Every word, the worst first, with its tone: what a drawing fills it with, and how high."""

_ORDER = {word: place for place, word in enumerate(TONES)}
NOTHING = "nothing due"
_OF_VERDICT = {"unknown": "could not look"}


@dataclass(frozen=True, slots=True)
class DayWord:
    """The word of a day: that of its worst slot, and how many of how many slots it is the word of."""

    day: date
    word: str
    worst: int = 0
    slots: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row that come to the same."""

    first: date
    last: date
    word: str

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


def slot_word(slot: Document, *, is_encrypted: bool = False) -> str:
    """Return the word of a slot of the document of `check`; of one that is not due yet that nothing is due."""
    status = slot["status"]
    if status == "not_due":
        return NOTHING
    if slot["snapshot"] is None:
        return {"missing": "missing", "waiting": "waiting", "paused": "waived"}.get(status, "nobody has looked")
    word = verdict_word(slot["verdict"], is_encrypted=is_encrypted)
    if any(f["code"] == "file.vanished" and not f["accepted"] for f in slot["findings"]):
        return "vanished"
    if word not in ("good", "empty"):
        return word
    if status == "unknown":
        return "nobody has looked"
    return "late" if status == "arrived_late" and slot["reason"] is None else word


def verdict_word(verdict: str, *, is_encrypted: bool = False) -> str:
    """Return the word of an export by its verdict; an encrypted one that is meant to be so is no trouble."""
    if verdict == "unverifiable" and is_encrypted:
        return "encrypted"
    return _OF_VERDICT.get(verdict, verdict)


def is_worse(word: str, other: str) -> bool:
    """Tell whether a word is worse than another."""
    return _ORDER[word] < _ORDER[other]


def day_words(found: Iterable[tuple[datetime, str]], first: date, last: date) -> list[DayWord]:
    """Return the word of each day from one to another, both included, by the words of what was due then."""
    by_day: dict[date, list[str]] = {}
    for at, word in found:
        by_day.setdefault(at.astimezone(UTC).date(), []).append(word)
    days = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        words = [word for word in by_day.get(day, ()) if word != NOTHING]
        worst = min(words, key=_ORDER.__getitem__, default=NOTHING)
        days.append(DayWord(day, worst, words.count(worst), len(words)))
    return days


def runs(days: Sequence[DayWord]) -> list[Run]:
    """Return the runs of equal words of days in a row, in order."""
    found: list[Run] = []
    for one in days:
        if found and found[-1].word == one.word:
            found[-1] = Run(found[-1].first, one.day, one.word)
        else:
            found.append(Run(one.day, one.day, one.word))
    return found
