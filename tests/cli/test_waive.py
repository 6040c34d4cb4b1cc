"""landproof waive: slots of which nothing is asked for a while stay in every report, and raise nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, Zone, daily

AT = "2026-09-20T12:00:00Z"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset whose export of the 19th never came, scanned."""
    zone = Zone(tmp_path)
    zone.export(time="202609180100")
    zone.export(time="202609200100")
    zone.settings(daily(ALPHA, 'name = "Web events"', starts_at="2026-09-18T01:00:00Z"))
    zone.scan()
    return zone


def check(zone: Zone) -> Answer:
    return zone.run("check", "--at", AT, "--from", "2026-09-18")


def statuses(answer: Answer) -> list[str]:
    return [s["status"] for s in answer.document["datasets"][0]["slots"]]


def waive(zone: Zone, first: str = "2026-09-19", last: str = "2026-09-19") -> Answer:
    return zone.run("waive", "Web events", "--from", first, "--to", last, "--reason", "planned move")


def test_a_waived_slot_is_paused_with_its_reason_and_the_status_is_quiet(zone: Zone) -> None:
    assert (check(zone).status, statuses(check(zone))) == (2, ["on_time", "missing", "on_time", "not_due"])
    assert waive(zone).status == 0
    after = check(zone)
    assert (after.status, statuses(after)) == (0, ["on_time", "paused", "on_time", "not_due"])
    assert after.document["counts"]["paused"] == 1
    assert after.document["datasets"][0]["slots"][1]["reason"] == "planned move"


def test_only_the_slots_of_the_period_are_waived(zone: Zone) -> None:
    waive(zone, "2026-09-20", "2026-09-25")
    assert statuses(check(zone))[1] == "missing"


def test_a_restore_through_a_waived_slot_has_a_gap(zone: Zone) -> None:
    waive(zone)
    plan = zone.run("restore", "plan", ALPHA, "--as-of", AT)
    assert (plan.status, plan.document["state"]) == (2, "gap")
    assert [g["status"] for g in plan.document["gaps"]] == ["paused"]


def test_taken_back_the_slot_is_missed_again(zone: Zone) -> None:
    waive(zone)
    assert zone.run("waive", "Web events", "--lift").document["state"] == "not waived any more"
    assert statuses(check(zone))[1] == "missing"
    assert zone.run("waive", "--list").document["waivers"] == []


def test_only_waivers_that_meet_the_period_are_taken_back(zone: Zone) -> None:
    waive(zone)
    waive(zone, "2026-10-01", "2026-10-02")
    zone.run("waive", "Web events", "--lift", "--from", "2026-10-02", "--to", "2026-10-31")
    assert [w["from"] for w in zone.run("waive", "--list").document["waivers"]] == ["2026-09-19T00:00:00Z"]


def test_it_is_kept_with_the_segments(zone: Zone) -> None:
    waive(zone)
    zone.catalog.unlink()
    assert zone.run("catalog", "rebuild").status == 0
    assert statuses(check(zone))[1] == "paused"


def test_who_waived_what_is_listed(zone: Zone) -> None:
    waive(zone)
    text = landproof("waive", "--list", "--config", zone.config).out
    assert "Web events" in text
    assert "planned move" in text
    assert "@" in text


@pytest.mark.parametrize(
    "words",
    [
        ("Web events", "--from", "2026-09-19", "--reason", "r"),
        ("Web events", "--from", "2026-09-19", "--to", "2026-09-20"),
        ("Web events", "--from", "2026-09-21", "--to", "2026-09-20", "--reason", "r"),
        ("nothing", "--from", "2026-09-19", "--to", "2026-09-20", "--reason", "r"),
        ("Web events", "--lift"),
        (),
    ],
)
def test_a_waiver_without_dataset_beginning_end_or_cause_is_refused(zone: Zone, words: tuple[str, ...]) -> None:
    assert zone.run("waive", *words).status == 64
    assert zone.run("waive", "--list").document["waivers"] == []
