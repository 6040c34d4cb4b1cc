"""What the watch noticed and told: rows for it, and read back; neither judges nor sends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from catalog.judging.notice_values import Notice, NoticeState
from catalog.store.codec import Row, from_stored, restored, storable, to_stored
from catalog.store.database import Catalog, Connection
from verifier.findings import Level

_NOTICE = "notice_id, run_id, about, zone, dataset_id, code, level, state, message, happened_at, noticed_at"
_LAST = "QUALIFY row_number() OVER (PARTITION BY about ORDER BY noticed_at DESC, notice_id DESC) = 1"
NO_ANSWER = "no answer"
"""How a trouble begins where nobody knows whether the message was taken all the same."""


class DeliveryState(StrEnum):
    """How far one channel has got with one notice."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"

    @property
    def is_done(self) -> bool:
        """True where nothing is left to do."""
        return self in (DeliveryState.SENT, DeliveryState.DROPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One step of telling a notice by a channel; `trouble` says why it could not be told, in words without the URL."""

    notice_id: str
    channel: str
    state: DeliveryState
    happened_at: datetime
    trouble: str | None = None

    def row(self) -> Row:
        """Return its row."""
        return {
            "notice_id": self.notice_id,
            "channel": storable(self.channel),
            "state": self.state.value,
            "trouble": self.trouble,
            "happened_at": to_stored(self.happened_at),
        }


@dataclass(frozen=True, slots=True)
class Pending:
    """A notice that a channel is still to tell.

    One that `is_doubtful` may have been told: the run that sent it did not live to know, or got no answer. A reminder
    was told before. One that is overtaken is of no use any more: the channel has heard a later word on the same, as
    where the segment of a killed run came to light later than what the next one told.
    """

    notice: Notice
    channel: str
    is_doubtful: bool = False
    is_reminder: bool = False
    is_overtaken: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """Where the last word on something went: the channels it is or was to be told by, and when each last did."""

    channels: frozenset[str] = frozenset()
    sent_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watched:
    """When people were last told of anything, when each dataset was first judged and each zone first seen whole."""

    until: datetime | None = None
    datasets: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    zones: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last notice of each thing and where it was told, by what it is about; what is still to be told."""

    last: Mapping[str, Notice]
    told: Mapping[str, Told]
    pending: tuple[Pending, ...]
    watched: Watched


def notice_row(notice: Notice) -> Row:
    """Return the row of a notice."""
    return {
        "notice_id": notice.notice_id,
        "run_id": notice.run_id,
        "about": storable(notice.about),
        "zone": storable(notice.zone),
        "dataset_id": None if notice.dataset_id is None else storable(notice.dataset_id),
        "code": notice.code,
        "level": notice.level.value,
        "state": notice.state.value,
        "message": storable(notice.message),
        "happened_at": to_stored(notice.happened_at),
        "noticed_at": to_stored(notice.noticed_at),
    }


def standing(catalog: Catalog, since: datetime) -> Standing:
    """Return what was noticed and told so far; of what is over, only what was noticed from `since` on."""
    with catalog.read() as connection:
        return Standing(
            last=_last(connection, since),
            told=_told(connection),
            pending=_pending(connection),
            watched=_watched(connection),
        )


def _last(connection: Connection, since: datetime) -> dict[str, Notice]:
    rows = connection.execute(
        f"""SELECT {_NOTICE} FROM (SELECT DISTINCT * FROM notice) {_LAST}
            AND (state = 'open' OR noticed_at >= ?) ORDER BY about""",
        [to_stored(since)],
    ).fetchall()
    notices = [_notice(row) for row in rows]
    return {notice.about: notice for notice in notices}


def _pending(connection: Connection) -> tuple[Pending, ...]:
    rows = connection.execute(
        f"""WITH noticed AS (SELECT DISTINCT * FROM notice), steps AS (
                SELECT notice_id, channel, arg_max(state, (happened_at, state)) AS newest,
                       bool_or(state = 'sent') AS was_sent,
                       bool_or(state = 'failed' AND starts_with(trouble, '{NO_ANSWER}')) AS was_unanswered
                FROM delivery GROUP BY notice_id, channel),
            heard AS (
                SELECT about, channel, max(noticed_at) AS until FROM steps JOIN noticed USING (notice_id) WHERE was_sent
                GROUP BY about, channel)
            SELECT channel, newest = 'sending' OR was_unanswered, was_sent, coalesce(until > noticed_at, false),
                   {_NOTICE}
            FROM steps JOIN noticed USING (notice_id) LEFT JOIN heard USING (about, channel)
            WHERE newest NOT IN ('sent', 'dropped') ORDER BY noticed_at, notice_id, channel"""
    ).fetchall()
    return tuple(Pending(_notice(row[4:]), restored(row[0]), *row[1:4]) for row in rows)


def _told(connection: Connection) -> dict[str, Told]:
    rows = connection.execute(
        f"""WITH opened AS (SELECT about FROM (SELECT DISTINCT * FROM notice) {_LAST} AND state = 'open'),
            over AS (SELECT about, max(noticed_at) AS until FROM notice WHERE state = 'resolved' GROUP BY about)
            SELECT n.about, d.channel, max(d.happened_at) FILTER (d.state = 'sent')
            FROM notice n SEMI JOIN opened USING (about) LEFT JOIN over o USING (about)
            JOIN delivery d USING (notice_id) WHERE o.until IS NULL OR n.noticed_at > o.until
            GROUP BY n.about, d.channel HAVING arg_max(d.state, (d.happened_at, d.state)) <> 'dropped'
            ORDER BY ALL"""
    ).fetchall()
    found: dict[str, dict[str, datetime | None]] = defaultdict(dict)
    for about, channel, sent_at in rows:
        found[restored(about)][restored(channel)] = from_stored(sent_at)
    return {
        about: Told(frozenset(channels), {c: at for c, at in channels.items() if at is not None})
        for about, channels in found.items()
    }


def _watched(connection: Connection) -> Watched:
    until = connection.execute(
        """SELECT max(moment) FROM (
               SELECT max(noticed_at) AS moment FROM notice UNION ALL SELECT max(finished_at) FROM night)"""
    ).fetchall()[0][0]
    datasets = connection.execute(
        "SELECT zone, dataset_id, min(recorded_at) FROM schedule_seen GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    zones = connection.execute(
        "SELECT zone, min(started_at) FROM scans WHERE complete GROUP BY zone ORDER BY zone"
    ).fetchall()
    return Watched(
        from_stored(until),
        {(restored(zone), restored(dataset_id)): at.replace(tzinfo=UTC) for zone, dataset_id, at in datasets},
        {restored(zone): at.replace(tzinfo=UTC) for zone, at in zones},
    )


def _notice(row: Sequence[Any]) -> Notice:
    notice_id, run_id, about, zone, dataset_id, code, level, state, message, happened_at, noticed_at = row
    return Notice(
        notice_id=notice_id,
        run_id=run_id,
        about=restored(about),
        zone=restored(zone),
        dataset_id=None if dataset_id is None else restored(dataset_id),
        code=code,
        level=Level(level),
        state=NoticeState(state),
        message=restored(message),
        happened_at=happened_at.replace(tzinfo=UTC),
        noticed_at=noticed_at.replace(tzinfo=UTC),
    )
