"""Which exports are to be kept: rules as restic has them, from a text and back; judges no snapshot.

Pure. Periods are calendar periods in UTC, weeks begin on Monday (ISO 8601).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.schedule import format_duration, parse_duration

_COUNT = re.compile(r"[0-9]{1,6}")
_EXAMPLE = "expected rules such as keep-within=90d or keep-daily=30,keep-weekly=8"


class Rule(StrEnum):
    """What is kept: all of a time, the newest, or the newest of each of so many periods."""

    WITHIN = "keep-within"
    LAST = "keep-last"
    HOURLY = "keep-hourly"
    DAILY = "keep-daily"
    WEEKLY = "keep-weekly"
    MONTHLY = "keep-monthly"
    YEARLY = "keep-yearly"


PERIODS: Mapping[Rule, Callable[[datetime], tuple[int, ...]]] = {
    Rule.HOURLY: lambda at: (at.year, at.month, at.day, at.hour),
    Rule.DAILY: lambda at: (at.year, at.month, at.day),
    Rule.WEEKLY: lambda at: tuple(at.isocalendar()[:2]),
    Rule.MONTHLY: lambda at: (at.year, at.month),
    Rule.YEARLY: lambda at: (at.year,),
}
"""Which period of a rule a moment in UTC is in; `keep-last` has none."""

_LENGTHS = {
    Rule.HOURLY: timedelta(hours=1),
    Rule.DAILY: timedelta(days=1),
    Rule.WEEKLY: timedelta(days=7),
    Rule.MONTHLY: timedelta(days=31),
    Rule.YEARLY: timedelta(days=366),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is kept is what any of the rules keeps; `counts` are the other rules with their numbers, in their order."""

    within: timedelta | None = None
    counts: tuple[tuple[Rule, int], ...] = ()

    @property
    def text(self) -> str:
        """The rules as they are written; equal texts, equal policies."""
        within = [] if self.within is None else [f"{Rule.WITHIN}={format_duration(self.within)}"]
        return ",".join([*within, *(rule_text(*one) for one in self.counts)])

    def longest(self, interval: timedelta | None) -> timedelta | None:
        """Return how long a snapshot may be needed by the rules, for exports that come every `interval`.

        None where that cannot be told: the newest of exports without an interval may be of any age.
        """
        lengths = [self.within or timedelta()]
        for rule, count in self.counts:
            length = interval if rule is Rule.LAST else _LENGTHS[rule]
            if length is None:
                return None
            lengths.append(count * length)
        return max(lengths)


def rule_text(rule: Rule, count: int) -> str:
    """Write one rule with its number."""
    return f"{rule}={count}"


def parse_policy(text: str) -> Policy:
    """Read rules with commas between them: `keep-within=90d`, `keep-last=7`, `keep-daily=30,keep-weekly=8`, ….

    Raises ValueError where one is unknown, there twice, or has no number above zero.
    """
    given: dict[Rule, str] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in list(Rule):
            near = difflib.get_close_matches(name, list(Rule), n=1)
            raise ValueError(f"{_EXAMPLE}, got {part.strip()!r}" + (f"; did you mean {near[0]}?" if near else ""))
        if Rule(name) in given:
            raise ValueError(f"expected {name} once, got it twice")
        given[Rule(name)] = value
    within = given.pop(Rule.WITHIN, None)
    return Policy(
        within=None if within is None else _length(within),
        counts=tuple((rule, _number(rule, given[rule])) for rule in Rule if rule in given),
    )


def _length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{Rule.WITHIN}: {error}") from None
    if not length:
        raise ValueError(f"{Rule.WITHIN}: expected a duration above zero, got {text!r}")
    return length


def _number(rule: Rule, text: str) -> int:
    if _COUNT.fullmatch(text) is None or not int(text):
        raise ValueError(f"{rule}: expected a whole number from 1 to 999999, got {text!r}")
    return int(text)
