"""Flows tonight against the night before: what changed is told with both states, and nothing that is told already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.flow_server import FlowServer

from catalog.adobe.client import FlowClient
from catalog.adobe.sync_fetch import fetch_flows
from catalog.adobe.watch import FlowSeen, flows_seen, watch_flows
from catalog.judging.values import Promise
from catalog.schedule import Every, Once, Schedule
from verifier.model import Finding

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 9, 20, 5, tzinfo=UTC)
END = NOW + 200 * DAY

SEEN = FlowSeen(
    flow_id="flow-1",
    name="nightly",
    state="enabled",
    schedule="every 24h from 2026-01-01T01:00:00Z, full-then-incremental",
    cadence="every 24h from 2026-01-01T01:00:00Z",
    template="%DATASET_ID%/%EXPORT_TIME%",
    ends_at=END,
    sources={"source-1": '"1"'},
    targets={"target-1": '"1"'},
    datasets={"a": "Orders", "b": None},
    seen_at=NOW - DAY,
)
DAILY = Schedule(Every(DAY, START), END)


def promise(schedule: Schedule | None = DAILY, **more: Any) -> Promise:
    return Promise(zone="cja", dataset_id="a", schedule=schedule, flow="flow-1", **more)


def night(
    *promises: Promise, now: datetime = NOW, before: FlowSeen | None = SEEN, **changes: Any
) -> tuple[Finding, ...]:
    """Return what is told of the flow with these changes since the night before."""
    flow = replace(SEEN, seen_at=now, **changes)
    return watch_flows(now, [flow], {} if before is None else {before.flow_id: before}, promises)


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [f.code for f in found]


def test_flow_as_it_was_is_not_told() -> None:
    assert night() == night(promise()) == night(before=None) == ()


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"schedule": "every 3h, full"}, SEEN.schedule, "every 3h, full"),
        ({"ends_at": NOW + 300 * DAY}, f"ends {END:%Y-%m-%dT%H:%M:%SZ}", "ends 2027-07-17T05:00:00Z"),
        ({"ends_at": None}, f"ends {END:%Y-%m-%dT%H:%M:%SZ}", "no end"),
        ({"template": "%DATASET_ID%"}, "'%DATASET_ID%/%EXPORT_TIME%'", "'%DATASET_ID%'"),
        ({"datasets": {"a": "Orders"}, "sources": {"source-2": '"1"'}}, "'Orders', 'b'", "'Orders'"),
        ({"sources": {"source-2": '"1"'}}, 'source-1 "1"', 'source-2 "1"'),
        ({"targets": {"target-1": '"2"'}}, 'target-1 "1"', 'target-1 "2"'),
        ({"state": "updating"}, "enabled", "updating"),
    ],
)
def test_change_is_told_once_with_both_states_and_the_datasets(changes: dict[str, Any], old: str, new: str) -> None:
    (found,) = night(**changes)
    assert (found.code, found.expected, found.actual) == ("schedule.changed", old, new)
    assert "dataflow 'nightly' (flow-1) of 'Orders'" in found.message
    assert "since 2026-09-19T05:00:00Z" in found.message


def test_dataset_that_got_another_name_or_is_hidden_tonight_is_no_change() -> None:
    assert night(datasets={"a": "Orders of all", "b": "Users"}) == ()
    assert night(datasets={}, sources={"source-1": None}, targets={"target-1": None}) == ()


def test_change_that_the_settings_have_followed_is_told_where_they_are_judged() -> None:
    new = {"schedule": "every 3h from …, full-then-incremental", "cadence": "every 3h from 2026-01-01T01:00:00Z"}
    synced = promise(Schedule(Every(timedelta(hours=3), START), END))
    assert codes(night(synced, **new)) == []
    assert codes(night(promise(), **new)) == ["schedule.changed"]
    assert codes(night(synced, promise(), **new)) == ["schedule.changed"]


def test_disabled_flow_is_told_every_night_while_the_settings_wait_for_it() -> None:
    off = replace(SEEN, state="disabled")
    assert codes(night(promise(), state="disabled")) == ["schedule.disabled"]
    assert codes(night(promise(), before=off, state="disabled")) == ["schedule.disabled"]
    assert codes(night(promise(enabled=False), before=off, state="disabled")) == []
    assert codes(night(before=off, state="disabled")) == [], "nobody waits for it"


def test_state_in_between_is_told_only_when_it_lasts() -> None:
    assert codes(night(promise(), state="updating")) == []
    assert codes(night(promise(), before=replace(SEEN, state="updating"), state="updating")) == ["schedule.disabled"]


@pytest.mark.parametrize(
    ("left", "code"), [(timedelta(), "schedule.ended"), (DAY, "schedule.ends-soon"), (30 * DAY, "schedule.ends-soon")]
)
def test_end_that_the_settings_lack_or_have_otherwise_is_told(left: timedelta, code: str) -> None:
    ends = NOW + left
    before = replace(SEEN, ends_at=ends)
    assert codes(night(before=before, ends_at=ends)) == [code]
    assert codes(night(promise(), before=before, ends_at=ends)) == [code]
    assert codes(night(promise(replace(DAILY, ends_at=None)), before=before, ends_at=ends)) == [code]
    assert codes(night(promise(replace(DAILY, ends_at=ends)), before=before, ends_at=ends)) == []


def test_end_says_what_the_settings_have() -> None:
    (found,) = night(promise(replace(DAILY, ends_at=None)), before=None, ends_at=NOW + 3 * DAY)
    assert found.message.endswith(": its exports end 2026-09-23T05:00:00Z at Adobe, in 3 days")
    assert "by the settings no end" in found.message


def test_end_far_away_of_a_single_export_or_of_what_is_off_is_not_told() -> None:
    soon = {"ends_at": NOW + DAY}
    before = replace(SEEN, ends_at=NOW + DAY)
    assert codes(night(before=replace(SEEN, ends_at=NOW + 31 * DAY), ends_at=NOW + 31 * DAY)) == []
    assert codes(night(before=replace(before, is_once=True), is_once=True, **soon)) == []
    assert codes(night(promise(enabled=False), before=before, **soon)) == []
    assert codes(night(before=replace(before, state="disabled"), state="disabled", **soon)) == []
    assert (
        codes(night(promise(Schedule(Once(START))), before=replace(before, is_once=True), is_once=True, **soon)) == []
    )


def test_schedule_that_adobe_does_not_offer_is_told_every_night() -> None:
    odd = replace(SEEN, odd="exports every 7 'hour'")
    (found,) = night(before=odd, odd=odd.odd)
    assert (found.code, found.level.value) == ("schedule.not-offered", "warn")
    assert found.message.endswith("exports every 7 'hour'")


def test_flow_that_is_gone_is_told_where_the_settings_wait_for_it() -> None:
    before = {SEEN.flow_id: SEEN}
    assert watch_flows(NOW, [], before) == ()
    assert codes(watch_flows(NOW, [], before, [promise()])) == ["schedule.disabled"]
    assert watch_flows(NOW, [], before, [promise(enabled=False)]) == ()


def test_names_of_adobe_stand_short_and_escaped() -> None:
    (found,) = night(name="night\x1b[31mly\n" * 99, template="x")
    assert found.message.isprintable()
    assert len(found.message) < 400


def test_flow_of_a_server_is_recorded_and_read_back_and_its_edits_are_seen(
    server: FlowServer, client: FlowClient
) -> None:
    flow = server.add_flow(
        "nightly", datasets={"a" * 24: "Orders"}, starts_at=START, ends_at=END, template="%DATASET_ID%/%EXPORT_TIME%"
    )

    def look() -> FlowSeen:
        (seen,) = flows_seen(fetch_flows(client), NOW)
        return seen

    first = look()
    assert FlowSeen.from_row(first.row()) == first
    assert first.is_as(replace(look(), seen_at=NOW + DAY))
    assert first.cadence == str(DAILY.cadence)
    assert first.ends_at == END
    server.flows[flow]["scheduleParams"] |= {"timeUnit": "hour", "interval": 3}
    target = server.targets[server.flows[flow]["targetConnectionIds"][0]]
    target["etag"] = '"edited"'
    second = look()
    assert not first.is_as(second)
    told = watch_flows(NOW, [second], {flow: FlowSeen.from_row(first.row())})
    assert codes(told) == ["schedule.changed", "schedule.changed"]
    assert str(told[0].actual).startswith("every 3h from 2026-01-01T01:00:00Z")
