"""landproof rpo: for how long a complete chain was no older than the objective, when it was not, and why."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, daily, digits

DAY, HOUR, LATE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=7)
FIRST = (datetime.now(UTC) - timedelta(hours=12)).replace(minute=0, second=0, microsecond=0) - 5 * DAY


def due(number: float) -> datetime:
    """When an export of day 0 to 5 was due; the last is half a day ago."""
    return FIRST + number * DAY


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def export(zone: Zone, *numbers: int, late: timedelta = LATE, dataset: str = ALPHA) -> list[str]:
    return [zone.export(dataset, time=digits(due(n)), landed=due(n) + late) for n in numbers]


def rpo(zone: Zone, *words: object, start: float = 1, end: float = 5.25, dataset: str = ALPHA) -> Answer:
    return zone.run("rpo", dataset, "--from", text(due(start)), "--to", text(due(end)), *words)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset of six slots; what came is for the test to say."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"', 'recovery_point = "30h"', starts_at=text(FIRST)))
    return zone


def test_exports_in_time_meet_the_objective_all_the_time(zone: Zone) -> None:
    export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    answer = rpo(zone, dataset="Web events")
    document = answer.document
    assert (answer.status, document["schema"], document["met_share"]) == (0, "landproof/rpo/1", 1)
    assert (document["from"], document["to"], document["cut_to_now"]) == (text(due(1)), text(due(5.25)), False)
    assert (document["zone"], document["dataset_id"], document["name"]) == ("zone", ALPHA, "Web events")
    assert (document["objective_seconds"], document["seconds"]) == (30 * 3600, 102 * 3600)
    assert [document[f"{s}_seconds"] for s in ("met", "missed", "unknown")] == [102 * 3600, 0, 0]
    assert [(s["state"], s["recovers_to"], s["why"]) for s in document["stretches"]] == [("met", text(due(5)), None)]
    worst = document["worst"]
    assert (worst["exposure_seconds"], worst["from"], worst["to"]) == (86_820, text(due(0)), text(due(1) + LATE))
    assert worst["why"]["due_at"] == text(due(1))


def test_a_missing_export_costs_the_time_until_the_end_and_is_named(zone: Zone) -> None:
    export(zone, 0, 1, 2, 4, 5)
    zone.scan()
    answer = rpo(zone)
    document = answer.document
    assert answer.status == 2
    assert [(s["from"], s["to"], s["state"]) for s in document["stretches"]] == [
        (text(due(1)), text(due(2) + 30 * HOUR), "met"),
        (text(due(2) + 30 * HOUR), text(due(5.25)), "missed"),
    ]
    assert (document["met_seconds"], document["missed_seconds"]) == (54 * 3600, 48 * 3600)
    why = document["worst"]["why"]
    assert (why["cause"], why["due_at"], document["worst"]["exposure_seconds"]) == ("missing", text(due(3)), 78 * 3600)
    assert document["stretches"][1]["exposure_seconds"] == 78 * 3600
    assert rpo(zone, "--objective", "80h").status == 0
    period = ("--from", text(due(1)), "--to", text(due(5.25)))
    out = landproof("rpo", ALPHA, *period, "--config", zone.config).out
    assert out.startswith("52.9 % of ")
    assert "a complete chain of Web events was no older than 30h\n" in out
    assert f"worst exposure 78h, from {text(due(2))[:16].replace('T', ' ')}Z" in out
    assert f"export due {text(due(3))} is missing" in out


def test_a_corrupt_export_and_what_comes_behind_it_is_worth_nothing(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3, 4, 5)
    zone.flip(folders[2])
    zone.scan()
    document = rpo(zone).document
    states = [(s["state"], s["why"] and s["why"]["cause"]) for s in document["stretches"]]
    assert states == [("met", None), ("missed", "bad")]
    assert document["stretches"][1]["why"]["snapshot"].endswith(digits(due(2)))


def test_what_was_not_read_in_full_is_unknown_and_a_warning(zone: Zone) -> None:
    export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan("--depth", "structure")
    answer = rpo(zone)
    document = answer.document
    assert (answer.status, document["met_share"]) == (1, 0)
    assert {s["why"]["cause"] for s in document["stretches"]} <= {"unseen", "unverified"}
    assert document["worst"] is None
    assert rpo(zone, "--fail-on", "error").status == 0


def test_a_snapshot_that_vanished_counts_until_it_was_last_seen(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    seen_at = datetime.now(UTC)
    zone.remove(folders[0])
    zone.scan("--accept-vanished")
    document = zone.run("rpo", ALPHA, "--from", text(due(1))).document
    assert [s["state"] for s in document["stretches"]] == ["met", "unknown", "missed"]
    assert [s["why"] and s["why"]["cause"] for s in document["stretches"]] == [None, "unverified", "gone"]
    assert datetime.fromisoformat(document["stretches"][0]["to"]) <= seen_at
    assert document["worst"]["exposure_seconds"] is None


def test_a_copy_stands_in_for_a_snapshot_that_is_gone_as_long_as_it_is_there(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    to = zone.folder / "safe"
    assert zone.run("copy", f"zone/{ALPHA}/{digits(due(0))}", "--to", to, "--workers", 0).status == 0
    zone.remove(folders[0])
    zone.scan("--accept-vanished")
    answer = zone.run("rpo", f"zone/{ALPHA}", "--from", text(due(1)))
    # Between the scan that saw the original last and the copy, nobody looked.
    assert [s["state"] for s in answer.document["stretches"]] == ["met", "unknown", "met"]
    assert answer.document["unknown_seconds"] < 3600
    shutil.rmtree(to / ALPHA)
    zone.scan(to, "--accept-vanished")
    states = [s["state"] for s in zone.run("rpo", f"zone/{ALPHA}", "--from", text(due(1))).document["stretches"]]
    assert states[:3] == ["met", "unknown", "met"]
    assert states[-1] == "missed"


def test_an_end_in_the_future_is_cut_to_now(zone: Zone) -> None:
    export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    before = datetime.now(UTC)
    answer = rpo(zone, end=50)
    assert answer.document["cut_to_now"] is True
    assert before <= datetime.fromisoformat(answer.document["to"]) <= datetime.now(UTC)
    parts = [answer.document[f"{state}_seconds"] for state in ("met", "missed", "unknown")]
    assert sum(parts) == pytest.approx(answer.document["seconds"])


def test_a_day_is_asked_about_whole(zone: Zone) -> None:
    export(zone, 0, 1, 2, 3, 4, 5)
    zone.scan()
    day = f"{due(2):%Y-%m-%d}"
    document = zone.run("rpo", ALPHA, "--from", day, "--to", day).document
    assert (document["seconds"], document["met_seconds"]) == (86_400, 86_400)
    assert document["to"] == f"{due(3):%Y-%m-%d}T00:00:00Z"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--objective", "soon"), "--objective: expected a duration"),
        (("--objective", "0h"), "--objective: expected a duration"),
        (("--fail-on", "no"), "--fail-on"),
        (("--from", "2999-01-01"), "is not after --from"),
        (("--from", "2999-01-01", "--to", "2999-02-01"), "in the future"),
    ],
)
def test_what_makes_no_sense_is_refused(zone: Zone, words: tuple[str, ...], message: str) -> None:
    zone.export(time=digits(due(0)), landed=due(0))
    zone.scan()
    answer = zone.run("rpo", ALPHA, *words)
    assert answer.status == 64
    assert message in answer.error["message"]


def test_a_dataset_without_objective_or_unknown_is_wrong_usage(zone: Zone) -> None:
    zone.settings(daily(ALPHA, starts_at=text(FIRST)))
    export(zone, 0)
    zone.scan()
    answer = rpo(zone)
    assert (answer.status, "has no objective" in answer.error["message"]) == (64, True)
    assert "recovery_point" in answer.error["hint"]
    assert rpo(zone, "--objective", "30h").status == 2
    unknown = rpo(zone, "--objective", "30h", dataset=BETA)
    assert (unknown.status, unknown.error["message"].startswith(f"no dataset {BETA}")) == (64, True)
