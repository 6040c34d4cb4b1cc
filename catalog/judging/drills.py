"""Judge how long ago a restore of a dataset was last tried and worked; not what a trial is.

Pure, like `catalog.judging.slots`, which it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from catalog.judging.values import Arrival, Promise
from catalog.schedule import format_duration, format_moment, shift
from verifier.model import Finding, finding


def judge_drills(there: Iterable[Arrival], promise: Promise, at: datetime) -> Iterable[Finding]:
    """Say so when no drill has passed for longer than is wanted.

    A dataset of which none ever did is undrilled since its first export landed, even where that is gone by now.
    """
    if promise.drill_every is None:
        return
    passed, tried = promise.drills.passed_at, promise.drills.not_passed_at
    landed = [a.landed_at or a.id.export_at for a in there if a.data_files]
    since = passed or min(landed, default=None)
    if since is None or since >= shift(at, -promise.drill_every):
        return
    when = "none ever did" if passed is None else f"the last that did was {_moment(passed)}"
    later = tried is not None and (passed is None or tried > passed)
    and_then = f"; one did not, {_moment(tried)}" if tried is not None and later else ""
    yield finding(
        "dataset.drill-overdue",
        f"no restore was tried and worked within its time: {when}{and_then}",
        expected=f"every {format_duration(promise.drill_every)}",
    )


def _moment(moment: datetime) -> str:
    return format_moment(moment.replace(microsecond=0))
