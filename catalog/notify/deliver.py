"""Tell each channel what is due there, each step recorded before and after; decides not what is due.

A notice is recorded before it is sent and completed after. What is recorded as sent is never sent again. A run that is
killed in between leaves a doubt: the next one sends it again and says so, since an alarm that is lost is worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from catalog.notify.channels import Send
from catalog.notify.message import write
from catalog.notify.plan import Endpoint, Names
from catalog.segments.names import SegmentKind
from catalog.store.codec import Row
from catalog.store.database import Catalog
from catalog.store.entries import Entry
from catalog.store.journal import record
from catalog.store.notices import Delivery, DeliveryState, Pending

TOTAL_SECONDS = 300.0
"""How long all channels together may take before the rest is left to the next night."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the notices of one channel: sent, failed for a reason, or held back for one."""

    channel: str
    state: DeliveryState
    notices: int
    trouble: str | None = None


@dataclass(slots=True)
class Journal:
    """Where one run records its notices and what becomes of them: one entry after the other, at rising moments."""

    catalog: Catalog
    run_id: str
    tool_version: str
    clock: Callable[[], datetime]
    _parts: Iterator[int] = field(default_factory=count)
    _last: datetime | None = None

    def now(self) -> datetime:
        """Return now, always later than before: the last step counts."""
        now = self.clock()
        self._last = now if self._last is None else max(now, self._last + _INSTANT)
        return self._last

    def note(self, notices: Sequence[Row], steps: Sequence[Delivery]) -> None:
        """Record notices and steps as one; nothing for none. Raises `CatalogError`."""
        if not notices and not steps:
            return
        entry = Entry(
            kind=SegmentKind.NOTICE,
            id=self.run_id,
            zone="",
            part=next(self._parts),
            tool_version=self.tool_version,
            written_at=self.now(),
            rows={"notice": notices, "delivery": [step.row() for step in steps]},
        )
        record(self.catalog, entry)

    def steps(self, some: Iterable[Pending], state: DeliveryState, trouble: str | None = None) -> list[Delivery]:
        """Return the same step of several notices, of this moment."""
        now = self.now()
        return [
            Delivery(notice_id=one.notice.notice_id, channel=one.channel, state=state, happened_at=now, trouble=trouble)
            for one in some
        ]


@dataclass(frozen=True, slots=True)
class Post:
    """How messages get to people, and how long all of that may take."""

    targets: Sequence[Endpoint]
    names: Names
    send: Send
    seconds: float = TOTAL_SECONDS


def deliver(journal: Journal, post: Post, pending: Iterable[Pending]) -> list[Outcome]:
    """Send each channel what it is still to tell, as one message, and record how that ended.

    One channel that fails keeps no other from being told. Raises `CatalogError` where nothing can be recorded.
    """
    waiting: dict[str, list[Pending]] = {}
    for one in pending:
        waiting.setdefault(one.channel, []).append(one)
    outcomes, until = [], time.monotonic() + post.seconds
    for target in post.targets:
        some = waiting.get(target.key)
        if not some:
            continue
        if not target.is_open_at(journal.now()):
            outcomes.append(
                Outcome(target.key, DeliveryState.DUE, len(some), f"outside of its hours, {target.channel.hours}")
            )
        elif time.monotonic() > until:
            outcomes.append(Outcome(target.key, DeliveryState.DUE, len(some), "the other channels took too long"))
        else:
            outcomes.append(_told(journal, post, target, some))
    return outcomes


def _told(journal: Journal, post: Post, target: Endpoint, some: Sequence[Pending]) -> Outcome:
    journal.note([], journal.steps(some, DeliveryState.SENDING))
    trouble = post.send(target.url.reveal(), write(some, post.names, journal.run_id))
    state = DeliveryState.SENT if trouble is None else DeliveryState.FAILED
    journal.note([], journal.steps(some, state, trouble))
    return Outcome(target.key, state, len(some), trouble)
