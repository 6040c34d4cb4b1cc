"""When exports are due: cadences, slots and the texts they are written in; not whether anything arrived.

Pure: moments are aware and come in as parameters. All slots are UTC. A slot is due from the start of its schedule on
and strictly before its end: with an end of 2027-01-01T01:00Z and a daily 01:00, the slot of that moment is not due.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

DEFAULT_GRACE = timedelta(hours=3)
EARLY = timedelta(minutes=5)
"""How far before its slot's due moment an export time may lie and still fill it."""

_INSTANT = timedelta(microseconds=1)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=36_525)
_HOURS = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")


@dataclass(frozen=True, slots=True)
class Every:
    """One slot at `starts_at` and one every `interval` after it."""

    interval: timedelta
    starts_at: datetime

    def due_from(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slots at or after `moment`, in order."""
        steps = max(0, -((self.starts_at - moment) // self.interval))
        try:
            while True:
                yield self.starts_at + steps * self.interval
                steps += 1
        except OverflowError:
            return

    def last_until(self, moment: datetime) -> datetime | None:
        """Return the last slot at or before `moment`."""
        steps = (moment - self.starts_at) // self.interval
        return None if steps < 0 else self.starts_at + steps * self.interval

    def interval_at(self, moment: datetime) -> timedelta | None:
        """Return the interval, the same at any moment."""
        return self.interval

    def __str__(self) -> str:
        return f"every {format_duration(self.interval)} from {format_moment(self.starts_at)}"


@dataclass(frozen=True, slots=True)
class Cron:
    """The slots of a cron expression of five fields, in UTC; without `starts_at` they have no first one."""

    expression: str
    starts_at: datetime | None = None

    def due_from(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slots at or after `moment`, in order."""
        first = moment if self.starts_at is None else max(moment, self.starts_at)
        yield from self._walk(shift(first, -_INSTANT), reverse=False)

    def last_until(self, moment: datetime) -> datetime | None:
        """Return the last slot at or before `moment`."""
        due = next(self._walk(shift(moment, _INSTANT), reverse=True), None)
        too_early = due is None or (self.starts_at is not None and due < self.starts_at)
        return None if too_early else due

    def interval_at(self, moment: datetime) -> timedelta | None:
        """Return the time between the slots around `moment`, or between the next two where none came before."""
        following = self.due_from(shift(moment, _INSTANT))
        first = self.last_until(moment) or next(following, None)
        second = next(following, None)
        return None if first is None or second is None else second - first

    def _walk(self, moment: datetime, *, reverse: bool) -> Iterator[datetime]:
        """Yield slots strictly beyond `moment`; ends where the calendar does, or after 50 years without a slot."""
        try:
            yield from CronSim(self.expression, moment.astimezone(UTC), reverse=reverse)
        except OverflowError:
            return

    def __str__(self) -> str:
        start = "" if self.starts_at is None else f" from {format_moment(self.starts_at)}"
        return f"cron {self.expression}{start}"


@dataclass(frozen=True, slots=True)
class Once:
    """A single slot."""

    starts_at: datetime

    def due_from(self, moment: datetime) -> Iterator[datetime]:
        """Yield the slot if it is at or after `moment`."""
        if self.starts_at >= moment:
            yield self.starts_at

    def last_until(self, moment: datetime) -> datetime | None:
        """Return the slot if it is at or before `moment`."""
        return self.starts_at if self.starts_at <= moment else None

    def interval_at(self, moment: datetime) -> timedelta | None:
        """Return None: one slot has no interval."""
        return None

    def __str__(self) -> str:
        return f"once at {format_moment(self.starts_at)}"


Cadence = Every | Cron | Once


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a dataset promises: when its exports are due and how long each may take to land."""

    cadence: Cadence
    ends_at: datetime | None = None
    grace: timedelta = DEFAULT_GRACE

    def due_between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield the slots due from `start` to `end`, both included, in order."""
        for due in self.cadence.due_from(start):
            if due > end or self.ended(due):
                return
            yield due

    def slot_of(self, export_at: datetime) -> datetime | None:
        """Return the last slot due at or before an export time plus five minutes, or None where no slot came before.

        After the end of the schedule that stays its last slot.
        """
        latest = shift(export_at, EARLY)
        if self.ends_at is not None:
            latest = min(latest, shift(self.ends_at, -_INSTANT))
        return self.cadence.last_until(latest)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot strictly after `moment`, or None where there is none any more."""
        due = next(self.cadence.due_from(shift(moment, _INSTANT)), None)
        return None if due is None or due <= moment or self.ended(due) else due

    def interval_at(self, moment: datetime) -> timedelta | None:
        """Return the time between the slots around `moment`; None for a single slot."""
        return self.cadence.interval_at(moment)

    def deadline(self, due_at: datetime) -> datetime:
        """Return the end of a slot's grace: what lands then is late."""
        return shift(due_at, self.grace)

    def ended(self, moment: datetime) -> bool:
        """Tell whether the end date has come by `moment`; never without one."""
        return self.ends_at is not None and moment >= self.ends_at

    def describe(self) -> str:
        """Return the canonical text of the schedule: equal texts, equal promises."""
        end = "" if self.ends_at is None else f" until {format_moment(self.ends_at)}"
        return f"{self.cadence}{end}, grace {format_duration(self.grace)}"


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of every day, in minutes of UTC: from its start on, before its end, over midnight where that is first."""

    start: int
    end: int

    def cover(self, moment: datetime) -> bool:
        """Tell whether a moment is in it."""
        at = moment.astimezone(UTC)
        minute = at.hour * 60 + at.minute
        inside = min(self.start, self.end) <= minute < max(self.start, self.end)
        return inside if self.start < self.end else not inside

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start, self.end))


def shift(moment: datetime, by: timedelta) -> datetime:
    """Return `moment` moved by a duration, held at the ends of the calendar: folder names may hold any year."""
    try:
        return moment + by
    except OverflowError:
        return _LAST if by > timedelta() else _FIRST


def parse_duration(text: str) -> timedelta:
    """Read a duration such as 90s, 30m, 24h or 7d. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a duration such as 30m, 24h or 7d, got {text!r}")
    if int(match[1]) > _LONGEST / _UNITS[match[2]]:
        raise ValueError(f"expected a duration of at most {_LONGEST.days} days, got {text!r}")
    return int(match[1]) * _UNITS[match[2]]


def parse_every(text: str) -> timedelta | None:
    """Read how often exports come: an interval of a minute or more, or None for `once`. Raises ValueError."""
    if text == "once":
        return None
    try:
        interval = parse_duration(text)
    except ValueError:
        interval = timedelta()
    if interval < timedelta(minutes=1):
        raise ValueError(f"expected an interval of a minute or more, such as 3h or 24h, or once, got {text!r}")
    return interval


def parse_hours(text: str) -> Hours:
    """Read a part of every day such as 07:00-19:00 or 22:00-06:00, in UTC. Raises ValueError."""
    match = _HOURS.fullmatch(text)
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3)) if match else (0, 0)
    if start == end or start >= 24 * 60 or end > 24 * 60:
        raise ValueError(f"expected hours of the day in UTC such as 07:00-19:00, got {text!r}")
    return Hours(start, end)


def parse_cron(text: str) -> str:
    """Read a cron expression of five fields and return it with single spaces. Raises ValueError."""
    fields = text.split()
    why = f"{len(fields)} fields"
    if len(fields) == 5:
        try:
            CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            why = str(error).lower()
        else:
            return " ".join(fields)
    raise ValueError(f"expected a cron expression of five fields, such as '0 1 * * *', got {text!r}: {why}")


def parse_moment(text: str) -> datetime:
    """Read an RFC 3339 time that says its offset, such as 2026-01-01T01:00:00Z; returned in UTC. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or text[10:11] not in ("T", "t", " "):
        raise ValueError(f"expected a time with its offset, such as 2026-01-01T01:00:00Z, got {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"expected a time between the years 1 and 9999 in UTC, got {text!r}") from None


def format_duration(duration: timedelta) -> str:
    """Write a duration in its largest whole unit, days only beyond two of them: 24h, 36h, 7d, 90s."""
    for unit, size in (("d", timedelta(days=3)), ("h", _UNITS["h"]), ("m", _UNITS["m"])):
        if duration >= size and not duration % _UNITS[unit]:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{int(duration.total_seconds())}s"


def format_moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
