"""Judging what spans slots and datasets: expiry, stale zones, flows that stopped, transitions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.judging import (
    DAILY,
    DAY,
    DUE,
    GRACE,
    HOUR,
    INSTANT,
    OVER,
    PROMISE,
    arrival,
    codes,
    judge,
)

from catalog.judging.transitions import Transition, transitions
from catalog.judging.values import (
    DatasetJudgement,
    Lifetime,
    Look,
    Promise,
    SlotStatus,
)
from catalog.judging.zones import judge_credentials, judge_flows, judge_zone, stale_limit
from catalog.schedule import Cron, Every, Once, Schedule
from verifier.findings import Level
from verifier.model import Presence, Verdict


class TestExpiry:
    LANDED = DUE + HOUR
    PROMISE = replace(PROMISE, schedule=None, lifetime=Lifetime(7 * DAY, 2 * DAY))

    @pytest.mark.parametrize(
        ("age", "expected"),
        [
            (5 * DAY - INSTANT, []),
            (5 * DAY, ["zone.expiring"]),
            (7 * DAY - INSTANT, ["zone.expiring"]),
            (7 * DAY, []),
        ],
    )
    def test_it_is_told_from_the_warning_until_the_deletion(self, age: timedelta, expected: list[str]) -> None:
        judged = judge(arrival(landed_at=self.LANDED), at=self.LANDED + age, promise=self.PROMISE)
        assert codes(judged) == expected

    @pytest.mark.parametrize("safe", [{"preserved": True}, {"presence": Presence.EXPIRED}])
    def test_what_is_preserved_elsewhere_or_gone_is_not_told(self, safe: dict[str, object]) -> None:
        kept = arrival(landed_at=self.LANDED, **safe)
        assert codes(judge(kept, at=self.LANDED + 6 * DAY, promise=self.PROMISE)) == []

    def test_a_zone_that_deletes_nothing_warns_of_nothing(self) -> None:
        old = arrival(landed_at=self.LANDED)
        assert codes(judge(old, at=self.LANDED + 6 * DAY, promise=replace(self.PROMISE, lifetime=None))) == []


class TestZones:
    def test_a_listing_at_the_limit_is_fresh_and_one_before_it_stale(self) -> None:
        assert judge_zone("cja", Look(DUE), 26 * HOUR, DUE + 26 * HOUR) == ()
        (found,) = judge_zone("cja", Look(DUE - INSTANT), 26 * HOUR, DUE + 26 * HOUR)
        assert (found.code, found.level) == ("zone.stale", Level.ERROR)

    def test_a_zone_never_listed_is_stale(self) -> None:
        (found,) = judge_zone("cja", None, 26 * HOUR, DUE)
        assert found.message == ("zone cja has no complete listing of the last 26h: no complete listing is recorded")

    def test_the_limit_is_two_of_the_shortest_intervals_and_a_night(self) -> None:
        hourly, weekly = Schedule(Every(3 * HOUR, DUE)), Schedule(Cron("0 1 * * 1"))
        assert stale_limit([DAILY, weekly], DUE) == 2 * DAY
        assert stale_limit([hourly, DAILY], DUE) == 26 * HOUR
        assert stale_limit([weekly], DUE) == 14 * DAY
        assert stale_limit([Schedule(Once(DUE))], DUE) == 26 * HOUR


class TestFlows:
    AT = DUE + 2 * DAY + GRACE

    def judged(self, dataset: str, *filled: datetime, flow: str | None = "f1") -> tuple[DatasetJudgement, Promise]:
        promise = replace(PROMISE, dataset_id=dataset, flow=flow)
        arrivals = [arrival(due, landed_at=due + HOUR) for due in filled]
        return judge(*arrivals, at=self.AT, look=self.AT + DAY, promise=promise), promise

    def told(self, *pairs: tuple[DatasetJudgement, Promise]) -> list[str]:
        return [f.code for f in judge_flows([j for j, _ in pairs], [p for _, p in pairs])]

    def test_two_that_came_and_then_both_did_not_stopped_together(self) -> None:
        pairs = (self.judged("a", DUE, DUE + DAY), self.judged("b", DUE, DUE + DAY))
        assert self.told(*pairs) == ["schedule.stopped-together"]

    def test_it_stays_told_while_they_stay_away(self) -> None:
        assert self.told(self.judged("a", DUE), self.judged("b", DUE)) == ["schedule.stopped-together"]

    def test_one_that_still_comes_shows_the_flow_alive(self) -> None:
        all_came = self.judged("b", DUE, DUE + DAY, DUE + 2 * DAY)
        assert self.told(self.judged("a", DUE, DUE + DAY), all_came) == []

    def test_a_day_apart_is_not_together(self) -> None:
        assert self.told(self.judged("a", DUE, DUE + DAY), self.judged("b", DUE)) == []

    def test_what_never_came_did_not_stop(self) -> None:
        assert self.told(self.judged("a"), self.judged("b")) == []

    def test_one_alone_or_of_another_flow_or_without_one_is_no_flow(self) -> None:
        assert self.told(self.judged("a", DUE)) == []
        assert self.told(self.judged("a", DUE), self.judged("b", DUE, flow="f2")) == []
        assert self.told(self.judged("a", DUE, flow=None), self.judged("b", DUE, flow=None)) == []


class TestTransitions:
    def test_each_is_stamped_with_when_it_was_due(self) -> None:
        judged = judge(
            arrival(DUE, landed_at=DUE + HOUR),
            arrival(DUE + DAY, landed_at=OVER + DAY + HOUR),
            at=DUE + 3 * DAY,
            look=DUE + 9 * DAY,
        )
        assert transitions({}, judged.slots) == (
            Transition(DUE, None, SlotStatus.ON_TIME, DUE + HOUR),
            Transition(DUE + DAY, None, SlotStatus.ARRIVED_LATE, OVER + DAY + HOUR),
            Transition(DUE + 2 * DAY, None, SlotStatus.MISSING, OVER + 2 * DAY),
            Transition(DUE + 3 * DAY, None, SlotStatus.WAITING, DUE + 3 * DAY),
        )

    def test_only_changes_are_recorded_and_nothing_that_is_not_due(self) -> None:
        judged = judge(at=OVER + HOUR, look=OVER + DAY)
        previous = {DUE: SlotStatus.UNKNOWN}
        assert transitions(previous, judged.slots) == (Transition(DUE, SlotStatus.UNKNOWN, SlotStatus.MISSING, OVER),)
        assert transitions({DUE: SlotStatus.MISSING}, judged.slots) == ()

    def test_what_is_unknown_became_so_when_its_grace_was_over(self) -> None:
        (only,) = transitions({}, judge(at=OVER + HOUR).slots)
        assert only == Transition(DUE, None, SlotStatus.UNKNOWN, OVER)

    def test_one_that_starts_arriving_after_it_was_missing_is_awaited_from_then(self) -> None:
        late = arrival(landed_at=OVER + HOUR, verdict=Verdict.ARRIVING)
        (only,) = transitions({DUE: SlotStatus.MISSING}, judge(late, at=OVER + 2 * HOUR).slots)
        assert only == Transition(DUE, SlotStatus.MISSING, SlotStatus.WAITING, OVER + HOUR)


@pytest.mark.parametrize(
    ("ends_at", "count"),
    [(None, 0), (DUE + 7 * DAY + INSTANT, 0), (DUE + 7 * DAY, 1), (DUE + HOUR, 1), (DUE - HOUR, 1)],
)
def test_credentials_that_end_within_seven_days_are_told_of(ends_at: datetime | None, count: int) -> None:
    found = judge_credentials(ends_at, DUE)
    assert [f.code for f in found] == ["zone.credential-expiring"] * count
    assert {(f.level, f.actual) for f in found} <= {(Level.WARN, str(ends_at and f"{ends_at:%Y-%m-%dT%H:%M:%SZ}"))}
