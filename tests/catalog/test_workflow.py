"""Schedules judged by what scans have recorded: check and nightly, moment by moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, daily, digits, some_json

from fixtures.content import json_part

Z = "%Y-%m-%dT%H:%M:%SZ"
NOW = datetime.now(UTC).replace(microsecond=0)
DUE = (NOW - timedelta(hours=12)).replace(minute=0, second=0)
"""The newest slot: half a day ago, its grace over."""
FIRST = DUE - timedelta(days=3)


def slots(answer: Answer, dataset: str = ALPHA) -> dict[str, str]:
    """Return the status of each slot by its distance from the first, in days."""
    (judged,) = [d for d in answer.document["datasets"] if d["dataset_id"] == dataset]
    return {str((datetime.fromisoformat(s["due_at"]) - FIRST).days): s["status"] for s in judged["slots"]}


def at(moment: datetime) -> list[str]:
    return ["--at", moment.strftime(Z)]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Four daily slots; the second is late by an hour, the third never came."""
    zone = Zone(tmp_path)
    zone.settings(daily(starts_at=FIRST.strftime(Z)))
    for day, landed in ((0, timedelta(minutes=7)), (1, timedelta(hours=4)), (3, timedelta(minutes=7))):
        due = FIRST + timedelta(days=day)
        zone.export(time=digits(due), landed=due + landed)
    return zone


class TestChecking:
    """landproof check."""

    def test_tells_on_time_late_missing_and_what_is_next(self, zone: Zone) -> None:
        zone.scan()
        checked = zone.run("check")
        assert slots(checked) == {"0": "on_time", "1": "arrived_late", "2": "missing", "3": "on_time", "4": "not_due"}
        assert checked.counts == {
            "on_time": 2, "arrived_late": 1, "waiting": 0, "missing": 1, "unknown": 0, "paused": 0, "not_due": 1
        }  # fmt: skip
        assert (checked.status, checked.document["datasets"][0]["status"]) == (2, "failing")

    @pytest.mark.parametrize(("after", "status"), [(-1, "on_time"), (0, "arrived_late")])
    def test_is_late_at_the_deadline_sharp(self, tmp_path: Path, after: int, status: str) -> None:
        zone = Zone(tmp_path)
        zone.settings(daily(starts_at=DUE.strftime(Z)))
        zone.export(time=digits(DUE), landed=DUE + timedelta(hours=3, seconds=after))
        zone.scan()
        assert slots(zone.run("check"))["3"] == status

    def test_without_a_look_since_the_deadline_nothing_is_missing_and_nothing_good(self, zone: Zone) -> None:
        zone.scan()
        later = DUE + timedelta(days=1, hours=4)
        asked = zone.run("check", *at(later))
        assert slots(asked)["4"] == "unknown"
        assert asked.status == 3

    def test_of_a_zone_that_was_never_seen_whole_is_unknown(self, zone: Zone) -> None:
        zone.root.rename(zone.folder / "away")
        assert zone.scan().status == 3
        asked = zone.run("check")
        assert set(slots(asked).values()) == {"unknown", "not_due"}
        assert asked.status == 3

    def test_waits_within_grace_and_while_something_arrives(self, zone: Zone) -> None:
        due = NOW.replace(minute=0, second=0) - timedelta(hours=1)
        zone.settings(daily(starts_at=due.strftime(Z)), daily(BETA, starts_at=due.strftime(Z)))
        zone.export(BETA, digits(due), landed=NOW)
        zone.scan()
        waiting = zone.run("check")
        assert waiting.counts["waiting"] == 2
        assert waiting.status == 1
        settled = zone.scan("--settle-minutes", 0)
        assert settled.status == 0
        assert ((seen := zone.run("check")).counts["waiting"], seen.status) == (1, 0)

    def test_as_of_a_moment_in_the_past_sees_only_what_had_landed(self, zone: Zone) -> None:
        zone.scan()
        assert slots(zone.run("check", *at(FIRST + timedelta(days=1, hours=2)))) == {
            "0": "on_time",
            "1": "waiting",
            "2": "not_due",
        }
        assert slots(zone.run("check", *at(FIRST + timedelta(days=1, hours=3, minutes=30))))["1"] == "missing"

    @pytest.mark.parametrize("moment", ["2001-01-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
    def test_at_the_ends_of_time_answers_too(self, zone: Zone, moment: str) -> None:
        zone.scan()
        far = zone.run("check", "--at", moment)
        assert far.status in (0, 3)
        assert far.document["at"][:4] == moment[:4]

    def test_from_a_moment_leaves_out_what_was_due_before(self, zone: Zone) -> None:
        zone.scan()
        assert "2" not in slots(zone.run("check", "--from", (FIRST + timedelta(days=2, hours=1)).strftime(Z)))
        assert zone.run("check", "--from", "2999-01-01").status == 64

    def test_sees_what_is_bad_in_a_slot(self, zone: Zone) -> None:
        zone.flip(zone.export(BETA, digits(DUE)))
        zone.settings(daily(starts_at=DUE.strftime(Z)), daily(BETA, 'name = "Web"', starts_at=DUE.strftime(Z)))
        zone.scan()
        checked = zone.run("check")
        judged = {d["dataset_id"]: (d["status"], d["slots"][0]["verdict"]) for d in checked.document["datasets"]}
        assert judged == {ALPHA: ("ok", "good"), BETA: ("failing", "corrupt")}
        assert checked.status == 2
        told = landproof("check", "--config", zone.config)
        assert "Web" in told.out

    def test_tells_a_person_which_snapshot_a_finding_is_about(self, zone: Zone) -> None:
        folder = zone.export(BETA, digits(DUE))
        zone.put(f"{folder}/{json_part(0).replace('tid-4', 'tid-5')}", some_json())
        zone.settings(daily(BETA, 'name = "Web"', starts_at=DUE.strftime(Z)))
        zone.scan()
        told = landproof("check", "--config", zone.config).out
        assert f"layout.second-write  Web zone/{BETA}/{digits(DUE)}\n" in told

    def test_of_a_dataset_without_a_schedule_goes_by_its_newest_snapshot(self, zone: Zone) -> None:
        zone.settings(f'[[datasets]]\nzone = "zone"\nid = "{ALPHA}"\n')
        zone.scan()
        assert ((seen := zone.run("check")).status, seen.document["datasets"][0]["slots"]) == (0, [])
        zone.flip(zone.export(time=digits(DUE + timedelta(hours=1))))
        zone.scan()
        assert zone.run("check").status == 2

    def test_of_some_zones_leaves_the_others_out(self, zone: Zone) -> None:
        other = f'[zones.other]\nurl = "{zone.folder}/other"\n'
        zone.settings(daily(starts_at=FIRST.strftime(Z)), other, daily(BETA, zone="other"))
        zone.scan()
        assert [d["zone"] for d in zone.run("check", "zone").document["datasets"]] == ["zone"]
        assert zone.run("check").status == 3
        assert zone.run("check", "elsewhere").status == 64

    def test_where_nothing_is_promised_is_wrong_usage(self, zone: Zone) -> None:
        zone.scan()
        zone.settings(f'[zones.other]\nurl = "{zone.folder}/other"\n', daily(BETA))
        assert (zone.run("check", "other").status, zone.run("check", "zone").status) == (64, 2)
        zone.settings()
        assert zone.run("check").status == 64

    def test_without_a_catalog_is_4_and_makes_none(self, zone: Zone) -> None:
        asked = zone.run("check")
        assert (asked.status, "does not exist" in asked.error["message"]) == (4, True)
        assert not zone.catalog.exists()

    def test_records_a_slots_change_once_and_nothing_when_asked_about_the_past(self, zone: Zone) -> None:
        query = 'SELECT before, "after" FROM slot_transition ORDER BY due_at, recorded_at'
        zone.scan()
        zone.run("check", *at(NOW))
        assert zone.run("sql", query).document["rows"] == []
        zone.run("check")
        first = zone.run("sql", query).document["rows"]
        assert [row[1] for row in first][:4] == ["on_time", "arrived_late", "missing", "on_time"]
        zone.run("check")
        assert zone.run("sql", query).document["rows"] == first
        zone.export(time=digits(FIRST + timedelta(days=2)), landed=NOW - timedelta(hours=1))
        zone.scan()
        zone.run("check")
        changed = zone.run("sql", query).document["rows"]
        assert (len(changed), ["missing", "arrived_late"] in changed) == (len(first) + 1, True)
        status = "SELECT status FROM slots WHERE due_at = (SELECT min(due_at) + INTERVAL 2 DAY FROM slots)"
        assert zone.run("sql", status).document["rows"] == [["arrived_late"]]

    def test_tells_once_that_a_schedule_changed(self, zone: Zone) -> None:
        zone.scan()
        zone.run("check")
        zone.settings(daily(starts_at=DUE.strftime(Z)))
        zone.scan()
        assert zone.run("check").only("schedule.changed")["level"] == "warn"
        assert zone.run("check").codes["schedule.changed"] == 0

    def test_may_forgive_warnings(self, zone: Zone) -> None:
        zone.scan()
        words = ["--from", (FIRST + timedelta(days=1)).strftime(Z), *at(FIRST + timedelta(days=1, hours=5))]
        assert [zone.run("check", *words, "--fail-on", level).status for level in ("warn", "error")] == [1, 0]


class TestANight:
    """landproof nightly."""

    def test_scans_and_checks(self, zone: Zone) -> None:
        night = zone.run("nightly")
        assert night.status == 2
        assert night.document["schema"] == "landproof/nightly/1"
        assert night.document["scan"]["counts"]["files_read"] == 3
        assert night.document["check"]["counts"]["missing"] == 1
        assert zone.run("nightly").document["scan"]["counts"]["files_read"] == 0

    def test_with_everything_there_is_0(self, zone: Zone) -> None:
        zone.settings(daily(starts_at=DUE.strftime(Z)))
        assert zone.run("nightly").status == 0

    def test_goes_on_when_a_zone_cannot_be_reached(self, zone: Zone) -> None:
        zone.settings(
            f'[zones.away]\nurl = "{zone.folder}/away"\n', daily(starts_at=DUE.strftime(Z)), daily(BETA, zone="away")
        )
        night = zone.run("nightly")
        assert night.status == 3
        judged = {d["zone"]: d["status"] for d in night.document["check"]["datasets"]}
        assert judged == {"zone": "ok", "away": "unknown"}

    def test_without_datasets_still_tells_what_it_saw(self, zone: Zone) -> None:
        zone.settings()
        night = zone.run("nightly")
        assert (night.status, len(night.document["scan"]["snapshots"])) == (0, 3)
        assert night.document["check"]["datasets"] == []

    def test_without_zones_is_wrong_usage(self, tmp_path: Path) -> None:
        (tmp_path / "landproof.toml").write_text("")
        assert landproof("nightly", "--config", tmp_path / "landproof.toml").status == 64

    def test_tells_a_person_the_gist_then_both_parts(self, zone: Zone) -> None:
        zone.put(f"{ALPHA}/{json_part()}", b"x")
        told = landproof("nightly", "--config", zone.config).out
        gist, seen = told.split("What was seen")
        seen, due = seen.split("What is due")
        assert "1 error, 1 warning" in gist.splitlines()[0]
        assert "schedule.missing" in gist
        assert (seen.count("layout.stray-file"), due.count("layout.stray-file")) == (1, 0)
        assert "schedule.missing" in due
