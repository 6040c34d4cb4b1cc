"""landproof restore plan: the chain to a moment, what is missing in it, and where its files are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.landproof import Answer, Document, landproof
from support.zones import ALPHA, BETA, Zone, daily, digits

DAY = timedelta(days=1)
FIRST = (datetime.now(UTC) - timedelta(hours=12)).replace(minute=0, second=0, microsecond=0) - 3 * DAY


def due(number: int) -> datetime:
    """When an export of day 0 to 3 was due; the last is half a day ago."""
    return FIRST + number * DAY


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def export(zone: Zone, *numbers: int, **more: Any) -> list[str]:
    return [zone.export(time=digits(due(n)), landed=due(n) + timedelta(minutes=7), **more) for n in numbers]


def plan(zone: Zone, *words: object, dataset: str = ALPHA) -> Answer:
    return zone.run("restore", "plan", dataset, *words)


def days(snapshots: list[Document]) -> list[int]:
    """Return the days of snapshots."""
    times = [digits(due(n)) for n in range(4)]
    return [times.index(s["id"].rpartition("/")[2]) for s in snapshots]


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A daily dataset of four slots; what came is for the test to say."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"', starts_at=text(FIRST)))
    return zone


def test_a_complete_chain_has_all_files_with_their_digests(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3, files=2, manifest_in="snapshot")
    zone.scan()
    answer = plan(zone, dataset="Web events")
    document = answer.document
    assert (answer.status, document["schema"], document["state"]) == (0, "landproof/restore-plan/1", "complete")
    assert (document["recovers_to"], document["mode"]) == (text(due(3)), "full-then-incremental")
    assert [s["role"] for s in document["snapshots"]] == ["full", *["increment"] * 3]
    assert (document["gaps"], document["lost"], document["expires_at"]) == ([], [], None)
    on_disk = [path for folder in folders for path in sorted((zone.root / folder).iterdir())]
    told = [(f["url"], f["size"], f["sha256"]) for f in document["files"]]
    assert sorted(told) == sorted(
        (f"file://{path}", path.stat().st_size, sha256(path.read_bytes()).hexdigest()) for path in on_disk
    )
    assert document["bytes"] == sum(path.stat().st_size for path in on_disk)
    assert document["rows"] == 4 * 2 * 5
    earlier = plan(zone, "--as-of", text(due(1))).document
    assert (days(earlier["snapshots"]), earlier["recovers_to"]) == ([0, 1], text(due(1)))


def test_a_plan_ends_before_a_gap_unless_that_is_accepted(zone: Zone) -> None:
    export(zone, 0, 1, 3)
    zone.scan()
    answer = plan(zone)
    document = answer.document
    assert (answer.status, document["state"], document["recovers_to"]) == (2, "gap", text(due(1)))
    assert (days(document["snapshots"]), days(document["lost"]), len(document["files"])) == ([0, 1], [3], 2)
    assert [(g["due_at"], g["status"], g["reason"]) for g in document["gaps"]] == [(text(due(2)), "missing", "missing")]
    accepted = plan(zone, "--accept-gaps")
    assert (accepted.status, days(accepted.document["snapshots"])) == (2, [0, 1, 3])
    assert accepted.document["gaps"] == document["gaps"]
    assert document["accepted"] is None


def test_who_goes_on_behind_a_gap_is_recorded(zone: Zone) -> None:
    export(zone, 0, 1, 3)
    zone.scan()
    question = "SELECT due_at, gap, accepted_by, reason FROM gap_acceptance"
    plan(zone)
    plan(zone, "--as-of", text(due(1)), "--accept-gaps")
    assert zone.run("sql", question).document["rows"] == []
    accepted = plan(zone, "--accept-gaps", "--reason", "that day is lost").document["accepted"]
    (row,) = zone.run("sql", question).document["rows"]
    assert row[1:] == ["missing", accepted["by"], "that day is lost"]
    assert "@" in accepted["by"]
    assert [g["due_at"] for g in accepted["gaps"]] == [text(due(2))]
    assert zone.run("catalog", "verify").document["state"] == "same"


def test_paths_that_end_before_a_gap_say_so_beside_them(zone: Zone) -> None:
    (folder, _) = export(zone, 0, 2)
    zone.scan()
    told = landproof("restore", "plan", ALPHA, "--format", "paths", "--config", zone.config)
    assert (told.status, told.out) == (2, f"file://{zone.file(folder)}\n")
    assert f"gap: recovers to {due(0):%Y-%m-%d %H:%M}Z" in told.err


def test_a_damaged_export_is_a_gap_that_names_it(zone: Zone) -> None:
    folders = export(zone, 0, 1, 2, 3)
    zone.flip(folders[2])
    zone.scan()
    document = plan(zone).document
    (gap,) = document["gaps"]
    assert (gap["reason"], gap["verdict"], days([{"id": gap["snapshot"]}])) == ("bad", "corrupt", [2])
    told = landproof("restore", "plan", ALPHA, "--config", zone.config)
    assert told.status == 2
    assert "left out, behind the first gap:" in told.out


def test_what_was_only_listed_counts_only_where_that_is_enough(zone: Zone) -> None:
    export(zone, 0, 1, 2, 3)
    zone.scan("--depth", "list")
    deep, shallow = plan(zone), plan(zone, "--depth", "list")
    assert (deep.status, deep.document["state"]) == (2, "broken")
    assert {g["reason"] for g in deep.document["gaps"]} == {"shallow"}
    assert (shallow.status, shallow.document["state"]) == (0, "complete")
    assert [f["sha256"] for f in shallow.document["files"]] == [None] * 4


def test_of_full_exports_the_newest_is_enough(zone: Zone) -> None:
    zone.settings(daily(ALPHA, 'mode = "full"', starts_at=text(FIRST)))
    export(zone, 0, 1, 2, 3)
    zone.scan()
    assert [days(plan(zone, "--as-of", text(due(n))).document["snapshots"]) for n in (1, 3)] == [[1], [3]]


def test_a_copy_stands_in_for_what_its_zone_deleted(zone: Zone, tmp_path: Path) -> None:
    zone.settings(daily(starts_at=text(FIRST)), zone="lifetime_days = 30")
    folders = export(zone, 0, 1, 2, 3)
    zone.scan()
    assert plan(zone).document["expires_at"] == text(due(0) + 30 * DAY + timedelta(minutes=7))
    ids = [f"zone/{ALPHA}/{digits(due(n))}" for n in range(4)]
    assert zone.run("copy", *ids[:2], "--to", tmp_path / "safe", "--workers", 0).status == 0
    kept = plan(zone, dataset=f"zone/{ALPHA}").document
    assert kept["expires_at"] == text(due(2) + 30 * DAY + timedelta(minutes=7))
    assert [len(s["places"]) for s in kept["snapshots"]] == [2, 2, 1, 1]
    zone.remove(folders[0])
    zone.scan()
    after = plan(zone, dataset=f"zone/{ALPHA}")
    assert (after.status, after.document["snapshots"][0]["places"]) == (0, [ids[0].replace("zone/", "safe/", 1)])
    first = after.document["files"][0]
    assert first["url"].startswith(f"file://{tmp_path}/safe/")
    assert sha256(Path(first["url"].removeprefix("file://")).read_bytes()).hexdigest() == first["sha256"]
    zone.remove(folders[2])
    zone.scan()
    lost = plan(zone, dataset=f"zone/{ALPHA}").document
    assert (lost["state"], [g["reason"] for g in lost["gaps"]]) == ("gap", ["gone"])


def test_a_dataset_nobody_configured_is_planned_with_its_doubts(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    export(zone, 0, 1, 3)
    zone.scan()
    document = plan(zone).document
    assert (document["state"], days(document["snapshots"])) == ("complete", [0, 1, 3])
    assert {"gaps-unknown", "full-assumed"} <= {d["kind"] for d in document["doubts"]}


def test_what_nobody_knows_is_wrong_usage(zone: Zone) -> None:
    export(zone, 0)
    zone.scan()
    assert [plan(zone, dataset=d).status for d in (BETA, f"zone/{BETA}", "Nothing")] == [64, 64, 64]
    assert plan(zone, "--as-of", "yesterday").status == 64
    assert plan(zone, "--as-of", text(FIRST - DAY)).document["state"] == "broken"
