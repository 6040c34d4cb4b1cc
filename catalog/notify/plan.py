"""Decide which channel is to tell which notice; sends and records nothing.

Each URL of a channel is told by itself, so that one that fails does not repeat what the others have had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import count

from catalog.judging.notice_values import Conditions, Notice, Turn
from catalog.settings.tables import ChannelTable
from catalog.settings.values import Secret
from catalog.store.notices import Told
from verifier.findings import Level

_LEVELS = [Level.INFO, Level.WARN, Level.ERROR]
_LEAST_SLACK = timedelta(hours=1)

Names = Mapping[tuple[str, str], str]
"""The names of datasets that have one, by zone and id."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One URL of a channel; `key` is what records call it: the channel's name, from the second on with a number."""

    key: str
    channel: ChannelTable = field(repr=False)
    url: Secret = field(repr=False)

    def wants(self, notice: Notice, names: Names) -> bool:
        """Tell whether a notice is for it by its level and dataset; what is about no dataset is for all."""
        if _LEVELS.index(notice.level) < _LEVELS.index(self.channel.level):
            return False
        if notice.dataset_id is None or not self.channel.datasets:
            return True
        place = (notice.zone, notice.dataset_id)
        called = (notice.dataset_id, "/".join(place), names.get(place, notice.dataset_id))
        return any(fnmatchcase(text, pattern) for pattern in self.channel.datasets for text in called)

    def is_open_at(self, moment: datetime) -> bool:
        """Tell whether this is an hour to tell anything."""
        return self.channel.hours is None or self.channel.hours.cover(moment)


def endpoints(channels: Iterable[ChannelTable]) -> tuple[Endpoint, ...]:
    """Return every URL of every channel with a key of its own, in order."""
    found: dict[str, Endpoint] = {}
    for channel in channels:
        numbered = (channel.name if number == 1 else f"{channel.name}-{number}" for number in count(1))
        for url in channel.urls:
            key = next(key for key in numbered if key not in found)
            found[key] = Endpoint(key, channel, url)
    return tuple(found.values())


def plan(
    turned: Iterable[Turn], targets: Sequence[Endpoint], told: Mapping[str, Told], names: Names
) -> Iterator[tuple[Notice, str]]:
    """Yield which notice is due at which endpoint.

    What is over goes where it was told, and so does a change, also where it is no longer as bad as is wanted there.
    """
    for turn in turned:
        if turn.is_quiet:
            continue
        knowing = told.get(turn.notice.about, Told()).channels
        for target in targets:
            if target.key in knowing or (turn.notice.is_open and target.wants(turn.notice, names)):
                yield turn.notice, target.key


def reminders(
    last: Mapping[str, Notice], now: Conditions, told: Mapping[str, Told], targets: Sequence[Endpoint], at: datetime
) -> Iterator[tuple[Notice, str]]:
    """Yield what stands as it was told and is to be told again, as each channel asks: since then `repeat_every` passed.

    A night may be an hour early, or a tenth of the interval where that is shorter.
    """
    for target in targets:
        every = target.channel.repeat_every
        for about, known in told.items() if every is not None else ():
            notice, condition, sent_at = last.get(about), now.open.get(about), known.sent_at.get(target.key)
            if every is None or notice is None or condition is None or sent_at is None:
                continue
            stands = notice.is_open and (notice.code, notice.level) == (condition.code, condition.level)
            if stands and at - sent_at >= every - min(_LEAST_SLACK, every / 10):
                yield notice, target.key
