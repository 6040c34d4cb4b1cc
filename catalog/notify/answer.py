"""What telling came to, as a part of the document of a night and in words; decides nothing."""

from __future__ import annotations

from typing import Any

from catalog.judge_notice_values import Notice
from catalog.notify.deliver import Outcome
from catalog.notify.tell import Told
from catalog.schedule import format_moment
from catalog.store.notices import DeliveryState

Document = dict[str, Any]
_DONE = {
    DeliveryState.SENT: "{notices} sent",
    DeliveryState.FAILED: "{notices} not sent: {trouble}; the next run sends them",
    DeliveryState.DUE: "{notices} held back: {trouble}",
}


def notices_object(told: Told) -> Document:
    """Return the notices of a night and what became of them by channel."""
    return {
        "noticed": [_notice(notice) for notice in told.noticed],
        "quiet": told.quiet,
        "channels": [_outcome(outcome) for outcome in told.outcomes],
    }


def told_text(told: Told) -> str:
    """Say in a few lines how many notices there were, and what became of them."""
    opened = sum(1 for notice in told.noticed if notice.is_open)
    head = f"noticed: {opened} not as it should be, {len(told.noticed) - opened} good again"
    said = [
        f"{outcome.channel}: {_DONE[outcome.state].format(notices=outcome.notices, trouble=outcome.trouble)}"
        for outcome in told.outcomes
    ]
    return "".join(f"{line}\n" for line in (head, *said))


def _notice(notice: Notice) -> Document:
    return {
        "about": notice.about,
        "zone": notice.zone,
        "dataset_id": notice.dataset_id,
        "code": notice.code,
        "level": notice.level.value,
        "state": notice.state.value,
        "message": notice.message,
        "happened_at": format_moment(notice.happened_at),
        "noticed_at": format_moment(notice.noticed_at),
    }


def _outcome(outcome: Outcome) -> Document:
    return {
        "channel": outcome.channel,
        "state": outcome.state.value,
        "notices": outcome.notices,
        "trouble": outcome.trouble,
    }
