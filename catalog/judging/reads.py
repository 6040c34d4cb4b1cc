"""Judge how long ago the bytes of a dataset's snapshots were last read; not what was found in them.

Pure, like `catalog.judging.slots`, which it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from catalog.judging.values import Arrival
from catalog.schedule import format_duration, format_moment, shift
from verifier.model import Finding, Presence, Verdict, finding


def judge_reads(there: Iterable[Arrival], wanted: timedelta | None, at: datetime) -> Iterable[Finding]:
    """Say so when a snapshot that is there and has settled was not read in full for longer than is wanted.

    One finding for the dataset, about the longest unread. A snapshot never read in full is unread since it landed.
    """
    if wanted is None:
        return
    counted = [a for a in there if a.verdict is not Verdict.ARRIVING and a.presence is Presence.PRESENT]
    overdue = sorted((a for a in counted if a.data_files and _unread_since(a) < shift(at, -wanted)), key=_rank)
    if overdue:
        oldest, last = overdue[0], overdue[0].read_at
        when = "it never was" if last is None else f"that was {format_moment(last.replace(microsecond=0))}"
        message = f"not every byte of snapshot {oldest.id} was read within its time: {when}"
        expected = f"every {format_duration(wanted)}"
        yield finding("dataset.verification-overdue", message, expected=expected, count=len(overdue))


def _unread_since(arrival: Arrival) -> datetime:
    return arrival.read_at or arrival.landed_at or arrival.id.export_at


def _rank(arrival: Arrival) -> tuple[bool, datetime, str]:
    return arrival.read_at is not None, _unread_since(arrival), str(arrival.id)
