"""What became of each promised export, as one sign, and the months of a dataset made of them; reads nothing."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum

from catalog.evidence.report.rows import SlotRow
from catalog.evidence.report.values import Month


class Sign(StrEnum):
    """One sign for one slot, the worst first; a day with several slots shows the worst of them."""

    MISSING = "M"
    CORRUPT = "C"
    VANISHED = "V"
    INCOMPLETE = "I"
    UNKNOWN = "?"
    UNVERIFIABLE = "U"
    LATE = "L"
    ARRIVING = "A"
    ACCEPTED = "K"
    SHALLOW = "S"
    PAUSED = "P"
    EXPIRED = "X"
    FINE = "."


NOTHING_DUE = " "
MEANINGS = {
    Sign.MISSING: "missing",
    Sign.CORRUPT: "corrupt",
    Sign.VANISHED: "there once, and gone without a reason",
    Sign.INCOMPLETE: "incomplete",
    Sign.UNKNOWN: "unknown: nobody could look, or nobody did",
    Sign.UNVERIFIABLE: "nobody can look into it (encrypted, unsupported, too large)",
    Sign.LATE: "good, but late",
    Sign.ARRIVING: "still arriving, or its time not over",
    Sign.ACCEPTED: "not good by its bytes; somebody accepted that, with a reason",
    Sign.SHALLOW: "good as far as it was looked at, but never read in full",
    Sign.PAUSED: "waived: nothing was asked of it",
    Sign.EXPIRED: "on time, good, read in full; deleted since, as the zone does by itself",
    Sign.FINE: "on time, good, read in full",
}
PROVED = frozenset({Sign.FINE, Sign.EXPIRED})
"""On time, good, and every byte of it was read."""
_ORDER = list(Sign)
_UNFILLED = {"missing": Sign.MISSING, "paused": Sign.PAUSED, "waiting": Sign.ARRIVING}
_BAD = {
    "corrupt": Sign.CORRUPT,
    "incomplete": Sign.INCOMPLETE,
    "unverifiable": Sign.UNVERIFIABLE,
    "arriving": Sign.ARRIVING,
}


def sign_of(slot: SlotRow) -> Sign:
    """Return what became of a slot."""
    if slot.status not in ("on_time", "arrived_late"):
        return _UNFILLED.get(slot.status, Sign.UNKNOWN)
    if slot.presence == "vanished":
        return Sign.VANISHED
    if slot.verdict not in ("good", "empty"):
        return _BAD.get(slot.verdict or "", Sign.UNKNOWN)
    if slot.accepted:
        return Sign.ACCEPTED
    if slot.status == "arrived_late":
        return Sign.LATE
    if slot.depth != "full":
        return Sign.SHALLOW
    return Sign.EXPIRED if slot.presence == "expired" else Sign.FINE


def months_of(slots: Iterable[tuple[datetime, Sign]], since: date, until: date) -> tuple[Month, ...]:
    """Return every month of a period, with a sign for each of its days; slots by when they were due, in UTC."""
    by_day: dict[date, list[Sign]] = defaultdict(list)
    for due_at, sign in slots:
        by_day[due_at.date()].append(sign)
    return tuple(_month(by_day, year, month) for year, month in _months(since, until))


def _month(by_day: dict[date, list[Sign]], year: int, month: int) -> Month:
    days = [by_day.get(date(year, month, day), []) for day in range(1, monthrange(year, month)[1] + 1)]
    signs = "".join(min(signs, key=_ORDER.index).value if signs else NOTHING_DUE for signs in days)
    every = [sign for signs in days for sign in signs]
    return Month(f"{year:04}-{month:02}", signs, len(every), sum(sign in PROVED for sign in every))


def _months(since: date, until: date) -> Iterator[tuple[int, int]]:
    year, month = since.year, since.month
    while (year, month) <= (until.year, until.month):
        yield year, month
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
