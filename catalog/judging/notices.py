"""Tell what turned since the last night: conditions now against the notices known; not what the conditions are.

Pure. A notice is made when something turns, never because it stands: what is open and known is silent, what is neither
open nor proven over stays as it is recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.judging.notice_values import Condition, Conditions, Ending, Notice, NoticeState, Turn
from verifier.findings import Level

_WORSE = [Level.INFO, Level.WARN, Level.ERROR]


@dataclass(frozen=True, slots=True)
class _Change:
    """Something that turned: `like` is what knows where it belongs and how bad it is."""

    about: str
    state: NoticeState
    told: Condition | Ending
    like: Condition | Notice
    is_quiet: bool


def turns(last: Mapping[str, Notice], now: Conditions, run_id: str, at: datetime) -> tuple[Turn, ...]:
    """Return what turned, in order of what it is about: opened, changed, over.

    `last` is the last notice of each thing. Something that only passes is opened, and over at once without a word.
    """
    changes = [change for about in sorted({*now.open, *now.ended}) for change in _changes(about, now, last.get(about))]
    return tuple(
        Turn(
            Notice(
                notice_id=f"{run_id}.{number:05}",
                run_id=run_id,
                about=change.about,
                zone=change.like.zone,
                dataset_id=change.like.dataset_id,
                code=change.like.code,
                level=change.like.level,
                state=change.state,
                message=change.told.message,
                happened_at=change.told.happened_at,
                noticed_at=at,
            ),
            change.is_quiet,
        )
        for number, change in enumerate(changes)
    )


def _changes(about: str, now: Conditions, known: Notice | None) -> Iterator[_Change]:
    condition = now.open.get(about)
    standing = known if known is not None and known.is_open else None
    if condition is None:
        if standing is not None:
            ending = now.ended[about]
            yield _Change(about, NoticeState.RESOLVED, ending, standing, ending.is_quiet)
        return
    if condition.passes:
        is_new = known is None or known.code != condition.code
    else:
        is_new = standing is None or (standing.code, standing.level) != (condition.code, condition.level)
    if is_new:
        is_quiet = condition.is_quiet or _is_softened(condition, standing)
        yield _Change(about, NoticeState.OPEN, condition, condition, is_quiet)
    if condition.passes and (is_new or standing is not None):
        yield _Change(about, NoticeState.RESOLVED, condition, condition, is_quiet=True)


def _is_softened(condition: Condition, standing: Notice | None) -> bool:
    """Tell whether it is only no longer as bad as was told since somebody accepted what was."""
    if standing is None or standing.code not in condition.accepted:
        return False
    return _WORSE.index(condition.level) <= _WORSE.index(standing.level)
