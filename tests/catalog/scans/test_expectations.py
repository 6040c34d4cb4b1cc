"""What a scan expects of a dataset: settings before habits, and a digest of it all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.settings_files import load
from support.zones import ALPHA, BETA, Zone, daily, days_before

from catalog.scans.expectations import Habits, quiet_time
from catalog.settings.loading import ZoneSettings
from fixtures.content import TIME
from verifier.groups import Groups
from verifier.model import SnapshotId, StoredFile


def groups(*has_manifest: bool) -> Groups:
    made = Groups("z")
    for time, has in zip(days_before(TIME, len(has_manifest)), has_manifest, strict=True):
        folder = f"{ALPHA}/exportTime={time}"
        names = ["part.json.gz", *(["manifest-a-b.json"] if has else [])]
        made.opened((ALPHA, time)).files.extend(StoredFile(f"{folder}/{name}", 1) for name in names)
    made.seal(lambda key: key)
    return made


def has_habit(listed: Groups, index: int) -> bool:
    habits = Habits()
    habits.listed(listed)
    return habits.has_manifests(SnapshotId("z", *list(listed)[index]))


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], False),
        ([True], False),
        ([True, True], True),
        ([True, True, False], False),
        ([True, True, True, False], True),
    ],
)
def test_a_habit_is_two_others_and_three_of_four(others: list[bool], expected: bool) -> None:
    assert has_habit(groups(*others, False), -1) is expected


def test_its_own_manifest_makes_no_habit() -> None:
    assert not has_habit(groups(True, True), 0)


def test_quiet_time_is_as_asked_for_else_as_set_else_half_an_hour(tmp_path: Path) -> None:
    zone: ZoneSettings = load(tmp_path, '[zones.z]\nurl = "s3://bucket"\nsettle_minutes = 5\n').zones["z"]
    assert quiet_time(zone, 0) == timedelta()
    assert quiet_time(zone, None) == timedelta(minutes=5)
    assert quiet_time(None, None) == timedelta(minutes=30)


class TestAMissingManifest:
    """Seen through whole scans."""

    def test_is_a_warning_first_and_an_error_a_day_later(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.settings(*(daily(each, "manifest = true") for each in (ALPHA, BETA)))
        now = datetime.now(UTC)
        zone.export(ALPHA, landed=now - timedelta(hours=24))
        zone.export(BETA, landed=now - timedelta(hours=25))
        seen = zone.scan()
        assert seen.verdicts == {f"{ALPHA}/{TIME}": "good", f"{BETA}/{TIME}": "incomplete"}
        assert [s["findings"][0]["level"] for s in seen.document["snapshots"]] == ["warn", "error"]
        assert (seen.codes["manifest.missing"], seen.status) == (2, 2)

    @pytest.mark.parametrize("place", ["snapshot", "dataset", "zone"])
    def test_is_told_by_habit_also_when_only_its_snapshot_is_looked_at(self, tmp_path: Path, place: str) -> None:
        zone = Zone(tmp_path)
        for time in days_before("202609190100", 3):
            zone.export(time=time, manifest_in=place)
        folder = zone.export()
        zone.export(BETA)
        assert zone.scan().only("manifest.missing")["level"] == "error"
        one = f"zone/{ALPHA}/{TIME}"
        for words in (["--snapshot", one], ["--dataset", ALPHA], ["--from", TIME], [zone.root / folder], []):
            again = zone.run("scan", *(words if words and words[0] != "--from" else [zone.root, *words]))
            assert (again.codes["manifest.missing"], again.status) == (1, 2), words
            assert again.counts["files_read"] == 0
        assert zone.run("show", one).status == 2

    def test_is_not_asked_for_where_settings_say_so(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        for time in days_before("202609190100", 3):
            zone.export(time=time, manifest_in="snapshot")
        zone.export()
        zone.settings(daily(ALPHA, "manifest = false"))
        assert zone.scan().codes["manifest.missing"] == 0
