"""How long ago bytes were last read, against what the settings want: told once for a dataset."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.judging import DAY, DUE, INSTANT, PROMISE, arrival, codes, judge

from catalog.judging.values import DatasetStatus
from verifier.findings import Level
from verifier.model import Presence, Verdict

CODE = "dataset.verification-overdue"
WANTED = 30 * DAY
AT = DUE + 40 * DAY
WEEKLY = replace(PROMISE, schedule=None, verify_every=WANTED)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"read_at": AT - WANTED - INSTANT}, True),
        ({"read_at": AT - WANTED}, False),
        ({"read_at": None}, True),
        ({"read_at": None, "landed_at": AT - WANTED}, False),
        ({"read_at": None, "landed_at": None}, True),
        ({"read_at": DUE, "verdict": Verdict.CORRUPT}, True),
        ({"read_at": DUE, "verdict": Verdict.UNVERIFIABLE}, True),
        ({"read_at": DUE, "verdict": Verdict.ARRIVING}, False),
        ({"read_at": DUE, "presence": Presence.VANISHED}, False),
        ({"read_at": DUE, "presence": Presence.EXPIRED}, False),
        ({"read_at": None, "data_files": 0}, False),
    ],
)
def test_a_snapshot_is_overdue_when_it_is_there_and_unread_for_too_long(more: dict[str, Any], told: bool) -> None:
    judged = judge(arrival(**more), at=AT, promise=WEEKLY)
    assert (CODE in codes(judged)) is told


def test_nothing_is_told_where_nothing_is_wanted() -> None:
    assert CODE not in codes(judge(arrival(), at=AT, promise=replace(WEEKLY, verify_every=None)))


def test_what_landed_after_the_moment_asked_about_was_not_there() -> None:
    assert CODE not in codes(judge(arrival(landed_at=AT + DAY), at=AT, promise=replace(WEEKLY, verify_every=DAY)))


def test_one_finding_tells_of_the_longest_unread_and_how_many_there_are() -> None:
    days = [arrival(DUE + n * DAY, DUE + n * DAY, read_at=DUE + timedelta(days=5 - n)) for n in range(3)]
    never = arrival(DUE + 3 * DAY, DUE + 3 * DAY)
    judged = judge(*days, at=AT, promise=WEEKLY)
    (found,) = [f for f in judged.findings if f.code == CODE]
    assert (found.level, found.count, found.expected) == (Level.WARN, 3, "every 30d")
    assert str(days[2].id) in found.message
    assert "2026-09-22T01:00:00Z" in found.message
    (found,) = [f for f in judge(*days, never, at=AT, promise=WEEKLY).findings if f.code == CODE]
    assert (found.count, str(never.id) in found.message) == (4, True)


def test_an_overdue_reading_degrades_the_dataset() -> None:
    assert judge(arrival(read_at=DUE), at=AT, promise=WEEKLY).status is DatasetStatus.DEGRADED
