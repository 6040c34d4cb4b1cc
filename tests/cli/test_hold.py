"""landproof hold: snapshots that are kept whatever a policy says, with who said so, when and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, Zone, daily, utc

FIRST, LAST = f"zone/{ALPHA}/202609190100", f"zone/{ALPHA}/202609200100"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset of fulls with two exports, scanned."""
    zone = Zone(tmp_path)
    zone.export(time="202609190100")
    zone.export(time="202609200100")
    zone.settings(daily(ALPHA, 'name = "Web events"', 'mode = "full"', starts_at="2026-09-19T01:00:00Z"))
    zone.scan()
    return zone


def add(zone: Zone, *snapshots: str, reason: str = "audit of 2026") -> Answer:
    return zone.run("hold", "add", *snapshots, "--reason", reason)


def held(zone: Zone) -> list[str]:
    return [one["snapshot"] for one in zone.run("hold", "list").document["holds"]]


def statuses(zone: Zone) -> list[str]:
    document = zone.run("retention", "--policy", "keep-last=1").document
    return [s["status"] for s in document["datasets"][0]["snapshots"]]


def test_a_hold_is_recorded_with_who_when_and_why(zone: Zone) -> None:
    answer = add(zone, FIRST)
    document = answer.document
    assert (answer.status, document["schema"], document["state"]) == (0, "landproof/hold/1", "on hold")
    (one,) = document["holds"]
    assert (one["snapshot"], one["reason"], one["presence"]) == (FIRST, "audit of 2026", "present")
    assert "@" in one["by"]
    assert utc(one["at"]).year >= 2026
    assert zone.run("hold", "list").document["holds"] == document["holds"]


def test_a_held_snapshot_is_never_superseded_until_that_is_taken_back(zone: Zone) -> None:
    assert statuses(zone) == ["superseded", "needed"]
    add(zone, FIRST)
    assert statuses(zone) == ["held", "needed"]
    taken_back = zone.run("hold", "remove", FIRST, "--reason", "audit is over").document
    assert (taken_back["state"], taken_back["holds"][0]["reason"]) == ("not on hold any more", "audit is over")
    assert (held(zone), statuses(zone)) == ([], ["superseded", "needed"])


def test_the_newest_goes_by_its_shortcuts_and_the_same_twice_is_one_hold(zone: Zone) -> None:
    answer = add(zone, "Web events/latest", f"{ALPHA}/latest-good", LAST, FIRST)
    assert [one["snapshot"] for one in answer.document["holds"]] == [LAST, FIRST]
    assert held(zone) == [FIRST, LAST]


def test_held_again_it_has_the_new_reason(zone: Zone) -> None:
    add(zone, FIRST)
    add(zone, FIRST, reason="a second audit")
    assert [one["reason"] for one in zone.run("hold", "list").document["holds"]] == ["a second audit"]


def test_a_hold_on_a_snapshot_that_is_gone_is_said(zone: Zone) -> None:
    add(zone, FIRST)
    zone.remove(f"{ALPHA}/exportTime=202609190100")
    zone.scan("--accept-vanished")
    listed = zone.run("hold", "list")
    assert listed.document["holds"][0]["presence"] == "vanished"
    assert f"{FIRST} is on hold, and not there any more: vanished" in listed.err
    assert statuses(zone) == ["gone_early", "needed"]
    assert zone.run("retention").status == 2


def test_holds_are_kept_with_the_segments_and_in_the_ledger(zone: Zone) -> None:
    add(zone, FIRST)
    told = zone.run("sql", "SELECT about FROM ledger_entry WHERE kind = 'hold'").document
    assert told["rows"] == [[FIRST]]
    zone.catalog.unlink()
    assert zone.run("catalog", "rebuild").status == 0
    assert held(zone) == [FIRST]


def test_who_held_what_is_listed(zone: Zone) -> None:
    add(zone, FIRST)
    text = landproof("hold", "list", "--config", zone.config).out
    assert text.startswith("1 snapshot on hold\n")
    assert "audit of 2026" in text
    assert FIRST in text


@pytest.mark.parametrize(
    "words",
    [
        ("add", FIRST),
        ("add", FIRST, "--reason", " "),
        ("add", "--reason", "r"),
        ("add", f"zone/{ALPHA}/202609010100", "--reason", "r"),
        ("add", FIRST, "nothing", "--reason", "r"),
        ("remove", FIRST, "--reason", "r"),
        (),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_recorded(zone: Zone, words: tuple[str, ...]) -> None:
    assert zone.run("hold", *words).status == 64
    assert held(zone) == []
