"""How long ago a restore was last tried and worked, against what the settings want: told once for a dataset."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from support.judging import DAY, DUE, INSTANT, PROMISE, arrival, codes, judge

from catalog.judging.values import DatasetStatus, Drills
from verifier.findings import Level
from verifier.model import Presence, Verdict

CODE = "dataset.drill-overdue"
WANTED = 30 * DAY
AT = DUE + 40 * DAY
MONTHLY = replace(PROMISE, schedule=None, drill_every=WANTED)


def drilled(passed_at: datetime | None, not_passed_at: datetime | None = None) -> Drills:
    return Drills(passed_at, not_passed_at)


@pytest.mark.parametrize(
    ("drills", "told"),
    [
        (drilled(AT - WANTED - INSTANT), True),
        (drilled(AT - WANTED), False),
        (drilled(AT), False),
        (drilled(None, AT), True),
        (drilled(AT - WANTED, AT), False),
        (drilled(None), True),
    ],
)
def test_only_a_drill_that_passed_within_its_time_counts(drills: Drills, told: bool) -> None:
    judged = judge(arrival(), at=AT, promise=replace(MONTHLY, drills=drills))
    assert (CODE in codes(judged)) is told


def test_nothing_is_told_where_nothing_is_wanted() -> None:
    assert CODE not in codes(judge(arrival(), at=AT, promise=replace(MONTHLY, drill_every=None)))


@pytest.mark.parametrize(
    ("landed_at", "told"), [(AT - WANTED - INSTANT, True), (AT - WANTED, False), (None, True), (AT + DAY, False)]
)
def test_a_dataset_never_drilled_is_so_since_its_first_export_landed(landed_at: datetime | None, told: bool) -> None:
    newer = arrival(AT - DAY, AT - DAY)
    judged = judge(arrival(landed_at=landed_at), newer, at=AT, promise=MONTHLY)
    assert (CODE in codes(judged)) is told


def test_an_export_that_its_zone_deleted_since_counts_as_the_first() -> None:
    gone = arrival(presence=Presence.EXPIRED)
    newer = arrival(AT - DAY, AT - DAY)
    assert CODE in codes(judge(gone, newer, at=AT, promise=MONTHLY))
    assert CODE not in codes(judge(newer, at=AT, promise=MONTHLY))


def test_where_no_export_ever_came_there_is_nothing_to_be_drilled() -> None:
    assert CODE not in codes(judge(at=AT, promise=MONTHLY))
    assert CODE not in codes(judge(arrival(data_files=0, verdict=Verdict.INCOMPLETE), at=AT, promise=MONTHLY))


def test_it_is_told_when_the_last_one_passed_and_when_one_did_not_since() -> None:
    passed, not_passed = DUE + DAY, DUE + 2 * DAY

    def message(*drills: datetime | None) -> str:
        (found,) = judge(arrival(), at=AT, promise=replace(MONTHLY, drills=drilled(*drills))).findings
        assert (found.code, found.level, found.expected) == (CODE, Level.WARN, "every 30d")
        return found.message

    assert "2026-09-20T01:00:00Z" in message(passed)
    both = message(passed, not_passed)
    assert "2026-09-20T01:00:00Z" in both
    assert "2026-09-21T01:00:00Z" in both
    assert "2026-09-21" not in message(not_passed, passed).replace("the last that did was 2026-09-21T01:00:00Z", "")
    assert "none ever did" in message(None)


def test_an_overdue_drill_degrades_the_dataset() -> None:
    assert judge(arrival(), at=AT, promise=MONTHLY).status is DatasetStatus.DEGRADED
