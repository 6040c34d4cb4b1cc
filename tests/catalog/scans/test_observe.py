"""What one scan after another says of a zone that changes in between; what is in single files is tested elsewhere."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.zones import ALPHA, BETA, Zone, some_json

from fixtures.content import TIME, json_part, moment


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path)


@pytest.mark.parametrize(
    ("depth", "place"),
    [
        ("list", "snapshot"),
        ("list", "zone"),
        ("structure", "dataset"),
        ("full", "snapshot"),
        ("full", "zone"),
        ("full", None),
    ],
)
def test_an_unchanged_zone_is_not_read_again(zone: Zone, depth: str, place: str | None) -> None:
    for time in ("202609180100", "202609190100", TIME):
        zone.export(ALPHA, time, 2, manifest_in=place)
    zone.flip(zone.export(BETA))
    zone.put("stray.txt", b"x")
    first = zone.scan("--depth", depth)
    again = zone.scan("--depth", depth)
    assert (again.counts["files_read"], again.counts["bytes_read"]) == (0, 0)
    assert again.counts["files_unchanged"] == again.counts["files"] == 7 + 3 * (place is not None)
    assert again.status == first.status
    assert again.document["snapshots"] == first.document["snapshots"]
    assert depth != "full" or first.status == 2
    assert again.document["strays"] == first.document["strays"]
    assert zone.run("sql", "SELECT count(*) FROM snapshot_revision").document["rows"] == [[4]]


def test_a_deeper_scan_reads_and_a_shallower_one_does_not_and_keeps_what_is_known(zone: Zone) -> None:
    zone.flip(zone.export(files=2, manifest_in="snapshot"))
    seen = [zone.scan("--depth", depth) for depth in ("list", "structure", "full", "structure", "list")]
    assert [a.counts["files_read"] for a in seen] == [1, 3, 3, 0, 0]
    assert [a.document["snapshots"][0]["depth"] for a in seen] == ["list", "structure", "full", "full", "full"]
    assert [a.status for a in seen][2:] == [2, 2, 2]


def test_one_new_snapshot_is_all_that_is_read(zone: Zone) -> None:
    zone.exports(3)
    zone.scan()
    zone.export(time="202609210100")
    again = zone.scan()
    assert (again.counts["files_read"], again.counts["files_unchanged"], again.status) == (1, 3, 0)


class TestAChangedFile:
    """A settled file that is no longer what it was."""

    def test_is_an_error_once_its_bytes_differ_and_stays_one(self, zone: Zone) -> None:
        folder = zone.export()
        first = zone.scan()
        path = zone.file(folder)
        original = path.read_bytes()
        zone.put(f"{folder}/{path.name}", some_json(), moment("202609210100"))
        for _ in range(3):
            changed = zone.scan()
            found = changed.only("file.changed")
            assert (changed.status, changed.verdicts[TIME]) == (2, "corrupt")
            assert (
                found["expected"]
                == zone.run("show", first.document["snapshots"][0]["id"]).document["files"][0]["reference_sha256"]
            )
        zone.put(f"{folder}/{path.name}", original, moment("202609220100"))
        assert ((seen := zone.scan()).status, seen.verdicts[TIME]) == (0, "good")

    def test_that_was_damaged_is_not_absolved_by_a_lesser_look_after_a_touch(self, zone: Zone) -> None:
        folder = zone.export(files={json_part(): b"not gzip"})
        assert zone.scan().verdicts[TIME] == "corrupt"
        for day in (21, 22, 23):
            zone.touch(f"{folder}/{json_part()}", moment(f"202609{day}0100"))
            lesser = zone.scan("--depth", "list")
            assert (lesser.status, lesser.verdicts[TIME]) == (2, "corrupt")
            assert {"gzip.corrupt", "file.changed"} <= set(lesser.codes)
        assert zone.scan().only("gzip.corrupt")["level"] == "error"

    def test_keeps_its_first_digest_as_the_reference_through_further_changes(self, zone: Zone) -> None:
        folder = zone.export()
        zone.scan()
        references = set()
        for day in (21, 22):
            zone.put(f"{folder}/{json_part()}", some_json(), moment(f"202609{day}0100"))
            references.add(zone.scan().only("file.changed")["expected"])
        assert len(references) == 1

    def test_of_the_same_size_and_time_is_nobodys_to_see(self, zone: Zone) -> None:
        folder = zone.export()
        zone.scan()
        zone.flip(folder)
        again = zone.scan()
        assert (again.status, again.counts["files_read"]) == (0, 0)

    def test_of_the_same_size_but_another_time_is_read(self, zone: Zone) -> None:
        folder = zone.export()
        zone.scan()
        zone.flip(folder)
        zone.touch(f"{folder}/{json_part()}", moment("202609210100"))
        again = zone.scan()
        assert again.only("file.changed")["level"] == "error"
        assert again.counts["files_read"] == 1

    @pytest.mark.parametrize("depth", ["list", "full"])
    def test_of_another_size_is_an_error_at_any_depth(self, zone: Zone, depth: str) -> None:
        folder = zone.export()
        zone.scan("--depth", depth)
        zone.put(f"{folder}/{json_part()}", some_json(9))
        for _ in range(2):
            changed = zone.scan("--depth", depth)
            assert changed.only("file.changed")["level"] == "error"
            assert changed.status == 2

    @pytest.mark.parametrize(("depth", "status"), [("list", 1), ("full", 0)])
    def test_that_was_only_touched_is_a_doubt_until_its_bytes_are_read(
        self, zone: Zone, depth: str, status: int
    ) -> None:
        folder = zone.export()
        zone.scan()
        zone.touch(f"{folder}/{json_part()}", moment("202609210100"))
        for _ in range(2):
            touched = zone.scan("--depth", depth)
            assert (touched.status, touched.verdicts[TIME]) == (status, "good")
            assert [f["level"] for f in touched.document["snapshots"][0]["findings"]] == ["warn"] * status
        assert zone.scan("--depth", "full").status == 0
        assert zone.scan("--depth", depth).status == 0

    def test_before_its_snapshot_settled_is_a_writers_business(self, zone: Zone) -> None:
        now = datetime.now(UTC)
        folder = zone.export(landed=now)
        assert zone.scan().verdicts[TIME] == "arriving"
        zone.put(f"{folder}/{json_part()}", some_json(), now - timedelta(minutes=40))
        assert ((seen := zone.scan()).status, seen.verdicts[TIME]) == (0, "good")

    def test_named_manifest_is_said_to_have_changed(self, zone: Zone) -> None:
        folder = zone.export(manifest_in="snapshot")
        zone.scan()
        path = next((zone.root / folder).glob("manifest-*"))
        zone.put(f"{folder}/{path.name}", path.read_bytes() + b"\n", moment("202609210100"))
        changed = zone.scan()
        assert changed.codes["manifest.changed"] == 1
        assert (changed.status, changed.verdicts[TIME]) == (2, "incomplete")


class TestAVanishedFile:
    """A settled file that is gone."""

    def test_leaves_its_snapshot_incomplete_until_it_comes_back(self, zone: Zone) -> None:
        folder = zone.export(files=3)
        zone.scan()
        path = zone.file(folder, 1)
        data = path.read_bytes()
        path.unlink()
        for _ in range(2):
            gone = zone.scan()
            snapshot = gone.document["snapshots"][0]
            assert (gone.status, snapshot["verdict"], snapshot["presence"]) == (2, "incomplete", "vanished")
            assert gone.only("file.vanished")["path"] == f"{folder}/{path.name}"
            assert (snapshot["checked"], snapshot["files"]) == (2, 2)
        zone.put(f"{folder}/{path.name}", data)
        back = zone.scan()
        assert (back.status, back.verdicts[TIME], back.document["snapshots"][0]["presence"]) == (0, "good", "present")
        assert back.counts["files_read"] == 1

    def test_that_comes_back_as_another_has_changed(self, zone: Zone) -> None:
        folder = zone.export(files=2)
        zone.scan()
        zone.file(folder, 1).unlink()
        zone.scan()
        zone.put(f"{folder}/{json_part(1)}", some_json())
        assert ((seen := zone.scan()).codes["file.changed"], seen.status) == (1, 2)

    def test_takes_its_whole_snapshot_and_dataset_with_it(self, zone: Zone) -> None:
        zone.export(ALPHA)
        zone.exports(2, BETA)
        zone.scan()
        zone.remove(f"{ALPHA}/exportTime={TIME}")
        for _ in range(2):
            gone = zone.scan()
            assert (gone.status, gone.verdicts[f"{ALPHA}/{TIME}"]) == (2, "incomplete")
            assert gone.counts["files_read"] == 0
        zone.remove(BETA)
        assert zone.scan().codes["file.vanished"] == 3
        assert {s["presence"] for s in zone.run("snapshots").document["snapshots"]} == {"vanished"}

    def test_stays_told_of_when_a_new_file_opens_its_snapshot_again(self, zone: Zone) -> None:
        folder = zone.export(files=3)
        zone.scan()
        zone.file(folder, 1).unlink()
        zone.put(f"{folder}/{json_part(7)}", some_json(), datetime.now(UTC))
        for _ in range(2):
            opened = zone.scan()
            assert (opened.verdicts[TIME], opened.codes["file.vanished"], opened.status) == ("arriving", 1, 2)
        zone.touch(f"{folder}/{json_part(7)}", moment("202609210100"))
        for _ in range(2):
            settled = zone.scan()
            assert (settled.verdicts[TIME], settled.codes["file.vanished"]) == ("incomplete", 1)

    def test_before_its_snapshot_settled_is_a_writers_business(self, zone: Zone) -> None:
        folder = zone.export(files=2, landed=datetime.now(UTC))
        zone.scan()
        zone.file(folder, 1).unlink()
        assert zone.scan().codes["file.vanished"] == 0
        assert zone.scan("--settle-minutes", 0).status == 0

    def test_has_expired_where_the_zone_deletes_by_itself(self, zone: Zone) -> None:
        zone.settings(zone="lifetime_days = 7")
        now = datetime.now(UTC)
        old, young = (now - timedelta(days=8)).strftime("%Y%m%d%H%M"), (now - timedelta(days=2)).strftime("%Y%m%d%H%M")
        zone.export(time=old)
        zone.export(time=young)
        zone.scan()
        zone.remove(f"{ALPHA}/exportTime={old}")
        first = zone.scan()
        assert first.codes["file.vanished"] == 0
        assert first.only("file.expired")["level"] == "info"
        presences = {s["id"][-12:]: s["presence"] for s in zone.run("snapshots").document["snapshots"]}
        assert presences == {old: "expired", young: "present"}
        assert len(zone.scan().document["snapshots"]) == 1
        zone.remove(f"{ALPHA}/exportTime={young}")
        assert zone.scan().codes["file.vanished"] == 1


class TestManyFilesGoneAtOnce:
    """A listing that lacks more than a tenth, and more than five, of what is known."""

    def lose(self, zone: Zone, count: int, of: int) -> list[str]:
        folders = zone.exports(of)
        zone.scan()
        for folder in folders[:count]:
            zone.remove(folder)
        zone.export(BETA)
        return folders[:count]

    @pytest.mark.parametrize(("count", "of"), [(5, 5), (6, 60)])
    def test_is_believed_up_to_a_tenth_or_to_five(self, zone: Zone, count: int, of: int) -> None:
        self.lose(zone, count, of)
        seen = zone.scan()
        assert (seen.status, seen.codes["file.vanished"], seen.codes["zone.mass-vanish"]) == (2, count, 0)

    @pytest.mark.parametrize(("count", "of"), [(6, 6), (6, 59)])
    def test_is_not_believed_beyond_and_nothing_known_is_touched(self, zone: Zone, count: int, of: int) -> None:
        self.lose(zone, count, of)
        seen = zone.scan()
        assert (seen.status, seen.codes["file.vanished"], seen.codes["zone.mass-vanish"]) == (3, 0, 1)
        verdicts = [s["verdict"] for s in seen.document["snapshots"]]
        assert verdicts == ["good"] * (of + 1)
        listed = zone.run("snapshots").document["snapshots"]
        assert {s["presence"] for s in listed} == {"present"}
        assert len(listed) == of + 1

    def test_is_confirmed_by_the_next_complete_listing(self, zone: Zone) -> None:
        self.lose(zone, 8, 10)
        assert [zone.scan().status for _ in range(3)] == [3, 2, 2]
        assert zone.scan().codes["file.vanished"] == 8

    def test_is_not_confirmed_by_a_listing_that_broke(self, zone: Zone) -> None:
        self.lose(zone, 8, 10)
        zone.scan()
        zone.root.rename(zone.folder / "elsewhere")
        assert zone.scan().status == 3
        (zone.folder / "elsewhere").rename(zone.root)
        assert zone.scan().status == 2

    def test_is_forgotten_when_everything_is_back(self, zone: Zone) -> None:
        folders = self.lose(zone, 0, 10)
        folders = sorted(str(p.relative_to(zone.root)) for p in zone.root.glob(f"{ALPHA}/*"))
        for folder in folders:
            (zone.root / folder).rename(zone.folder / Path(folder).name)
        assert zone.scan().status == 3
        for folder in folders:
            (zone.folder / Path(folder).name).rename(zone.root / folder)
        assert zone.scan().status == 0
        for folder in folders:
            zone.remove(folder)
        assert zone.scan().status == 3

    def test_is_believed_at_once_when_told_so(self, zone: Zone) -> None:
        self.lose(zone, 8, 10)
        assert zone.scan("--accept-vanished").codes["file.vanished"] == 8

    def test_counts_against_the_whole_zone_when_only_a_dataset_is_looked_at(self, zone: Zone) -> None:
        zone.exports(70, BETA)
        folders = zone.exports(7)
        zone.scan()
        for folder in folders:
            zone.remove(folder)
        seen = zone.scan("--dataset", ALPHA)
        assert (seen.codes["file.vanished"], seen.codes["zone.mass-vanish"]) == (7, 0)


class TestAnArrivingSnapshot:
    """What has landed moments ago."""

    def test_is_left_unjudged_with_its_errors_held_back(self, zone: Zone) -> None:
        folder = zone.export(files=2, landed=datetime.now(UTC))
        data = zone.file(folder, 1).read_bytes()
        zone.put(f"{folder}/{json_part(1)}", data[: len(data) // 2], datetime.now(UTC))
        seen = zone.scan()
        assert (seen.status, seen.verdicts[TIME], seen.counts["error"]) == (1, "arriving", 0)
        assert seen.document["snapshots"][0]["settled"] is False
        assert ((seen := zone.scan()).counts["files_read"], seen.status) == (0, 1)
        late = zone.scan("--settle-minutes", 0)
        assert (late.status, late.verdicts[TIME], late.counts["files_read"]) == (2, "corrupt", 0)

    def test_settles_at_once_when_its_manifest_is_kept(self, zone: Zone) -> None:
        zone.export(files=2, manifest_in="snapshot", landed=datetime.now(UTC))
        assert ((seen := zone.scan()).status, seen.verdicts[TIME]) == (0, "good")

    def test_settles_after_the_quiet_time(self, zone: Zone) -> None:
        now = datetime.now(UTC)
        folder = zone.export(landed=now - timedelta(minutes=29))
        assert zone.scan().verdicts[TIME] == "arriving"
        zone.touch(f"{folder}/{json_part()}", now - timedelta(minutes=31))
        assert zone.scan().verdicts[TIME] == "good"

    def test_waits_as_long_as_the_settings_say(self, zone: Zone) -> None:
        zone.settings(zone="settle_minutes = 90")
        zone.export(landed=datetime.now(UTC) - timedelta(minutes=60))
        assert zone.scan().verdicts[TIME] == "arriving"
        assert zone.scan("--settle-minutes", 59).verdicts[TIME] == "good"

    def test_is_opened_again_by_a_new_file_only(self, zone: Zone) -> None:
        folder = zone.export()
        zone.scan()
        zone.put(f"{folder}/{json_part(1)}", some_json(), datetime.now(UTC))
        opened = zone.scan()
        assert (opened.status, opened.verdicts[TIME], opened.counts["files_read"]) == (1, "arriving", 1)
        zone.touch(f"{folder}/{json_part(1)}", moment("202609210100"))
        assert zone.scan().verdicts[TIME] == "good"


class TestWhatCannotBeRead:
    """Entries that are listed and cannot be looked into."""

    @pytest.mark.parametrize("entry", ["fifo", "broken link"])
    def test_leaves_its_snapshot_unknown_and_is_tried_again(self, zone: Zone, entry: str) -> None:
        folder = zone.export(files=2)
        path = zone.root / folder / json_part(5)
        if entry == "fifo":
            os.mkfifo(path)
        else:
            path.symlink_to("nowhere")
        os.utime(path, (moment(TIME).timestamp(),) * 2, follow_symlinks=False)
        for _ in range(2):
            seen = zone.scan()
            snapshot = seen.document["snapshots"][0]
            assert (seen.status, snapshot["verdict"], snapshot["checked"], snapshot["files"]) == (3, "unknown", 2, 3)
            assert seen.only("file.unreadable")["path"] == f"{folder}/{path.name}"
        assert seen.counts["files_unchanged"] == 2
        path.unlink()
        zone.put(f"{folder}/{path.name}", some_json())
        again = zone.scan()
        assert (again.status, again.verdicts[TIME]) == (0, "good")

    def test_does_not_keep_its_neighbours_from_being_judged(self, zone: Zone) -> None:
        os.mkfifo(zone.root / zone.export() / json_part(5))
        zone.flip(zone.export(BETA))
        seen = zone.scan("--settle-minutes", 0)
        assert (seen.status, seen.verdicts) == (3, {f"{ALPHA}/{TIME}": "unknown", f"{BETA}/{TIME}": "corrupt"})


class TestSettingsThatChange:
    """What is judged anew without anything having changed in the zone."""

    def test_lift_a_limit_and_the_file_over_it_is_read(self, zone: Zone) -> None:
        zone.export(files={json_part(): some_json(400)})
        zone.settings("[limits]\nline_bytes = 64")
        assert zone.scan().verdicts[TIME] == "unverifiable"
        zone.settings()
        lifted = zone.scan()
        assert (lifted.verdicts[TIME], lifted.status) == ("good", 0)

    def test_forbid_what_was_allowed_without_a_read(self, zone: Zone) -> None:
        zone.export()
        assert zone.scan().status == 0
        zone.settings(f'[[datasets]]\nzone = "zone"\nid = "{ALPHA}"\nformat = "parquet"\n')
        judged = zone.scan()
        assert (judged.codes["layout.unexpected-format"], judged.status, judged.counts["files_read"]) == (1, 2, 0)
