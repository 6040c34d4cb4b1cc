"""landproof copy between folders: what is there afterwards, what is known of it, and what stands in its way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import Answer, Document, finished, landproof, started
from support.processes import until
from support.zones import ALPHA, BETA, Zone, daily, digits, some_json

from fixtures.content import TIME, json_part

SOURCE = f"zone/{ALPHA}/{TIME}"
COPY = f"backup/{ALPHA}/{TIME}"
FOLDER = f"{ALPHA}/exportTime={TIME}"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone with one scanned export of three files and a manifest."""
    zone = Zone(tmp_path)
    zone.export(files=3, manifest_in="snapshot")
    zone.scan("--settle-minutes", 0)
    return zone


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where copies go; not there yet."""
    return tmp_path / "backup"


def copy(zone: Zone, to: object, *words: object, snapshots: tuple[str, ...] = (SOURCE,)) -> Answer:
    return zone.run("copy", *snapshots, "--to", to, "--workers", 0, *words)


def tree(root: Path) -> dict[str, bytes]:
    """Return all files below a folder with their bytes."""
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def only(answer: Answer) -> Document:
    (snapshot,) = answer.document["snapshots"]
    return dict(snapshot)


class TestAGoodCopy:
    """Everything arrives, and both places are known."""

    def test_is_equal_proved_and_told_in_its_document(self, zone: Zone, backup: Path) -> None:
        answer = copy(zone, backup)
        assert (answer.status, tree(backup)) == (0, tree(zone.root))
        document = answer.document
        assert document["schema"] == "landproof/copy/1"
        assert document["to"] == {"zone": "backup", "url": f"file://{backup}"}
        assert document["estimate"] is None
        total = sum(len(data) for data in tree(backup).values())
        assert document["counts"] == {
            "snapshots": 1, "files": 4, "copied": 4, "already_there": 0, "failed": 0, "bytes": total,
            "bytes_copied": total,
        }  # fmt: skip
        assert document["started_at"] < document["finished_at"]
        one = only(answer)
        assert one["findings"] == one["errors"] == []
        del one["findings"], one["errors"]
        assert one == {
            "id": SOURCE, "copy": COPY, "state": "complete", "verdict": "good", "depth": "full", "checked": 4,
            "files": 4, "bytes": total,
        }  # fmt: skip

    def test_is_recorded_with_the_digests_of_its_original(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        query = "SELECT zone, path, sha256 FROM files WHERE sha256 IS NOT NULL ORDER BY ALL"
        rows = zone.run("sql", query).document["rows"]
        of = {name: [row[1:] for row in rows if row[0] == name] for name in ("zone", "backup")}
        assert len(of["zone"]) == 4
        assert of["zone"] == of["backup"]
        recorded = zone.run(
            "sql", "SELECT source, target, target_url, complete, files, copied, already_there FROM copies"
        )
        assert recorded.document["rows"] == [[SOURCE, COPY, f"file://{backup}", True, 4, 4, 0]]

    def test_is_named_by_show_at_either_place(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        of_source, of_copy = (zone.run("show", one).document["copies"] for one in (SOURCE, COPY))
        told = {"state": "complete", "verdict": "good", "presence": "present"}
        for (found,), other, role, root in (
            (of_source, COPY, "copy", backup),
            (of_copy, SOURCE, "original", zone.root),
        ):
            assert datetime.fromisoformat(found.pop("copied_at")) <= datetime.now(UTC)
            assert found == {"id": other, "role": role, "url": f"file://{root}", **told}
        text = landproof("show", SOURCE, "--catalog", zone.catalog)
        assert COPY in text.out
        assert zone.run("show", SOURCE).status == 0

    def test_again_sends_nothing_but_reads_back(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        before = {p: p.stat().st_mtime_ns for p in backup.rglob("*.gz")}
        again = copy(zone, backup)
        assert (again.status, only(again)["state"]) == (0, "complete")
        assert (again.counts["copied"], again.counts["already_there"], again.counts["bytes_copied"]) == (0, 4, 0)
        assert {p: p.stat().st_mtime_ns for p in backup.rglob("*.gz")} == before

    def test_of_many_files_by_several_threads(self, tmp_path: Path, backup: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files=200)
        zone.scan("--settle-minutes", 0)
        answer = zone.run("copy", SOURCE, "--to", backup, "--workers", 8)
        assert (answer.status, answer.counts["copied"], tree(backup)) == (0, 200, tree(zone.root))

    def test_takes_loose_manifests_and_other_files_along_and_keeps_their_level(
        self, tmp_path: Path, backup: Path
    ) -> None:
        zone = Zone(tmp_path)
        zone.export(ALPHA, files=2, manifest_in="dataset")
        zone.export(BETA, files=2, manifest_in="zone")
        zone.put(f"{FOLDER}/notes.txt", b"of no known kind")
        zone.put(f"{FOLDER}/deep/{json_part(7)}", some_json())
        zone.put(f"{FOLDER}/_SUCCESS", b"")
        zone.put("stray.txt", b"not of a snapshot")
        before = {s["id"]: s["verdict"] for s in zone.scan("--settle-minutes", 0).document["snapshots"]}
        answer = copy(zone, backup, snapshots=(SOURCE, f"zone/{BETA}/{TIME}"))
        wanted = {p: d for p, d in tree(zone.root).items() if p not in ("stray.txt", f"{FOLDER}/_SUCCESS")}
        assert (answer.status, tree(backup)) == (0, wanted)
        assert {s["id"]: s["verdict"] for s in answer.document["snapshots"]} == before

    def test_of_a_corrupt_snapshot_preserves_it_as_it_is(self, tmp_path: Path, backup: Path) -> None:
        zone = Zone(tmp_path)
        zone.flip(zone.export(files=2, manifest_in="snapshot"))
        assert zone.scan("--settle-minutes", 0).status == 2
        answer = copy(zone, backup)
        assert (answer.status, tree(backup)) == (0, tree(zone.root))
        assert (only(answer)["state"], only(answer)["verdict"]) == ("complete", "corrupt")
        assert answer.codes["gzip.corrupt"] == 1

    def test_of_what_is_left_of_a_snapshot(self, zone: Zone, backup: Path) -> None:
        zone.remove(f"{FOLDER}/{json_part(1)}")
        assert zone.scan().status == 2
        answer = copy(zone, backup)
        assert (answer.status, tree(backup), only(answer)["verdict"]) == (0, tree(zone.root), "incomplete")

    def test_goes_by_the_template_of_a_configured_zone(self, tmp_path: Path, backup: Path) -> None:
        zone = Zone(tmp_path)
        zone.export()
        more = f'[zones.safe]\nurl = "{backup}"\ntemplate = "all/{{DATASET_ID}}-%DATETIME(YYYY-MM-dd_HH.mm)%"\n'
        zone.settings(more)
        zone.scan("zone", "--settle-minutes", 0)
        answer = copy(zone, "safe")
        moment = datetime.strptime(TIME, "%Y%m%d%H%M").replace(tzinfo=UTC)
        assert list(tree(backup)) == [f"all/{ALPHA}-{moment:%Y-%m-%d_%H.%M}/{json_part()}"]
        assert (answer.status, only(answer)["copy"]) == (0, f"safe/{ALPHA}/{TIME}")

    def test_of_a_file_too_large_to_be_judged_is_read_back_all_the_same(self, tmp_path: Path, backup: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files=2, manifest_in="snapshot")
        zone.settings("[limits]\nmanifest_bytes = 100\n")
        zone.scan("--settle-minutes", 0)
        answer = copy(zone, backup)
        assert (answer.status, only(answer)["verdict"], tree(backup)) == (0, "unverifiable", tree(zone.root))

    def test_of_what_was_only_listed_so_far(self, tmp_path: Path, backup: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files=2)
        zone.scan("--settle-minutes", 0, "--depth", "list")
        answer = copy(zone, backup)
        assert (answer.status, only(answer)["verdict"], tree(backup)) == (0, "good", tree(zone.root))
        assert copy(zone, backup).counts["already_there"] == 2

    def test_in_words(self, zone: Zone, backup: Path) -> None:
        told = landproof("copy", SOURCE, "--to", backup, "--workers", 0, "--catalog", zone.catalog)
        assert told.status == 0
        assert "complete  good     full    4 of 4" in told.out
        assert "copied 4 files" in told.out
        assert f"landproof show {COPY}" in told.out

    def test_may_itself_be_copied(self, zone: Zone, backup: Path, tmp_path: Path) -> None:
        copy(zone, backup)
        answer = copy(zone, tmp_path / "third", snapshots=(COPY,))
        assert (answer.status, tree(tmp_path / "third")) == (0, tree(zone.root))
        roles = [(c["role"], c["id"]) for c in zone.run("show", COPY).document["copies"]]
        assert roles == [("original", SOURCE), ("copy", f"third/{ALPHA}/{TIME}")]


class TestAnEstimate:
    """--estimate."""

    def test_tells_what_would_be_done_and_does_nothing(self, zone: Zone, backup: Path) -> None:
        answer = copy(zone, backup, "--estimate")
        total = sum(len(data) for data in tree(zone.root).values())
        assert (answer.status, backup.exists()) == (0, False)
        assert answer.document["estimate"] == {"files": 4, "bytes": total}
        assert (answer.counts["files"], answer.counts["copied"], answer.counts["already_there"]) == (4, 0, 0)
        assert zone.run("show", SOURCE).document["copies"] == []

    def test_knows_what_is_there_already(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        (backup / FOLDER / json_part(0)).unlink()
        (backup / FOLDER / json_part(1)).write_bytes(b"short")
        answer = copy(zone, backup, "--estimate")
        counts = answer.counts
        assert (answer.document["estimate"]["files"], counts["already_there"], counts["failed"]) == (1, 2, 1)
        told = landproof("copy", SOURCE, "--to", backup, "--estimate", "--catalog", zone.catalog)
        assert "would copy 1 file" in told.out
        assert "nothing was copied" in told.out


class TestWhatIsThereAlready:
    """Nothing is overwritten."""

    @pytest.mark.parametrize("size", ["same", "other"])
    def test_and_differs_is_a_mismatch_and_stays(self, zone: Zone, backup: Path, size: str) -> None:
        there = backup / FOLDER / json_part(1)
        there.parent.mkdir(parents=True)
        right = zone.file(FOLDER, 1).read_bytes()
        wrong = bytes(len(right)) if size == "same" else b"other"
        there.write_bytes(wrong)
        answer = copy(zone, backup)
        found = answer.only("copy.mismatch")
        assert (answer.status, there.read_bytes()) == (2, wrong)
        assert (found["level"], found["path"]) == ("error", f"{FOLDER}/{json_part(1)}")
        digests = {row[0] for row in zone.run("sql", "SELECT sha256 FROM files WHERE zone = 'zone'").document["rows"]}
        assert found["expected"] in digests
        assert found["actual"] not in digests
        assert (only(answer)["state"], answer.counts["copied"], answer.counts["failed"]) == ("incomplete", 3, 1)
        (copy_,) = zone.run("show", SOURCE).document["copies"]
        assert copy_["state"] == "incomplete"

    def test_and_is_equal_is_not_sent_again(self, zone: Zone, backup: Path) -> None:
        there = backup / FOLDER / json_part(1)
        there.parent.mkdir(parents=True)
        there.write_bytes(zone.file(FOLDER, 1).read_bytes())
        answer = copy(zone, backup)
        assert (answer.status, answer.counts["copied"], answer.counts["already_there"]) == (0, 3, 1)

    def test_and_is_no_file_at_all_is_an_error(self, zone: Zone, backup: Path) -> None:
        (backup / FOLDER / json_part(1)).mkdir(parents=True)
        answer = copy(zone, backup)
        (error,) = only(answer)["errors"]
        assert (answer.status, error["kind"], error["path"]) == (3, "exists", f"{FOLDER}/{json_part(1)}")

    def test_and_was_damaged_since_it_was_copied_is_seen(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        at_backup = Zone(zone.folder, "backup")
        at_backup.flip(FOLDER, 2)
        answer = copy(zone, backup)
        assert (answer.status, answer.only("copy.mismatch")["path"]) == (2, f"{FOLDER}/{json_part(2)}")


class TestAChangedSource:
    """The catalog says what is to be copied."""

    def test_is_not_copied_and_says_what_to_do(self, zone: Zone, backup: Path) -> None:
        zone.put(f"{FOLDER}/{json_part(1)}", some_json(9))
        answer = copy(zone, backup)
        (error,) = only(answer)["errors"]
        assert (answer.status, error["kind"], "scan" in error["hint"]) == (3, "changed", True)
        assert "changed since it was scanned" in error["message"]
        assert not (backup / FOLDER / json_part(1)).exists()
        assert (answer.counts["copied"], answer.counts["failed"], only(answer)["state"]) == (3, 1, "incomplete")

    def test_under_its_old_time_is_a_mismatch_and_nothing_is_stored(self, zone: Zone, backup: Path) -> None:
        zone.flip(FOLDER, 1)
        answer = copy(zone, backup)
        found = answer.only("copy.mismatch")
        assert (answer.status, found["path"]) == (2, f"{FOLDER}/{json_part(1)}")
        assert not (backup / FOLDER / json_part(1)).exists()
        assert (answer.counts["copied"], answer.counts["failed"]) == (3, 1)

    def test_that_lost_a_file_copies_the_others(self, zone: Zone, backup: Path) -> None:
        zone.remove(f"{FOLDER}/{json_part(1)}")
        answer = copy(zone, backup)
        assert (answer.status, answer.counts["copied"], answer.counts["failed"]) == (3, 3, 1)

    def test_that_is_whole_again_is_completed(self, zone: Zone, backup: Path) -> None:
        away = zone.folder / "away"
        zone.file(FOLDER, 1).rename(away)
        copy(zone, backup)
        away.rename(zone.file(FOLDER, 1))
        answer = copy(zone, backup)
        assert (answer.status, answer.counts["copied"], only(answer)["state"]) == (0, 1, "complete")
        (copy_,) = zone.run("show", SOURCE).document["copies"]
        assert copy_["state"] == "complete"


class TestRefusals:
    """What cannot come to a good end is told before anything is done."""

    @pytest.mark.parametrize("to", ["zone", "zone/inside", "."])
    def test_no_copy_in_the_same_place(self, zone: Zone, to: str) -> None:
        before = tree(zone.root)
        answer = copy(zone, zone.folder / to)
        assert (answer.status, "no other place" in answer.error["message"]) == (64, True)
        assert tree(zone.root) == before

    def test_no_copy_through_a_link_into_the_same_place(self, zone: Zone, backup: Path) -> None:
        backup.symlink_to(zone.root)
        assert copy(zone, backup).status == 64

    @pytest.mark.parametrize(
        ("template", "words"),
        [
            ("{DATASET_NAME}/{EXPORT_TIME}", "holds DATASET_NAME"),
            ("{DATASET_ID}/{DATETIME(YYYYMMdd)}", "has no place"),
            ("{EXPORT_TIME}", "has no place"),
        ],
    )
    def test_no_copy_where_the_template_cannot_tell_the_snapshot(
        self, tmp_path: Path, backup: Path, template: str, words: str
    ) -> None:
        zone = Zone(tmp_path)
        zone.export()
        zone.settings(f'[zones.safe]\nurl = "{backup}"\ntemplate = "{template}"\n')
        zone.scan("zone", "--settle-minutes", 0)
        answer = copy(zone, "safe")
        assert (answer.status, words in answer.error["message"], backup.exists()) == (64, True, False)

    def test_no_copy_of_what_is_arriving_gone_or_unknown(self, zone: Zone, backup: Path) -> None:
        zone.export(BETA, landed=datetime.now(UTC))
        zone.scan(zone.root)
        for snapshot, words in (
            (f"zone/{BETA}/{TIME}", "still arriving"),
            (f"zone/{ALPHA}/202001010000", "no snapshot"),
            (f"elsewhere/{ALPHA}/{TIME}", "no snapshot"),
        ):
            answer = copy(zone, backup, snapshots=(snapshot,))
            assert (answer.status, words in answer.error["message"], bool(answer.error["hint"])) == (64, True, True)
        zone.remove(ALPHA)
        zone.scan(zone.root, "--accept-vanished")
        answer = copy(zone, backup)
        assert (answer.status, "is vanished" in answer.error["message"]) == (64, True)
        assert not backup.exists()

    def test_no_two_files_for_one_place(self, zone: Zone, backup: Path) -> None:
        other = Zone(zone.folder, "other")
        other.export()
        landproof("scan", other.root, "--catalog", zone.catalog, "--settle-minutes", 0, "--workers", 0)
        answer = copy(zone, backup, snapshots=(SOURCE, f"other/{ALPHA}/{TIME}"))
        assert (answer.status, "would both become" in answer.error["message"]) == (64, True)

    def test_no_second_folder_for_one_snapshot(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup)
        answer = copy(zone, backup / "inside")
        assert (answer.status, "lies in another folder" in answer.error["message"]) == (64, True)

    def test_no_catalog_is_status_4_and_wrong_words_64(self, tmp_path: Path, backup: Path) -> None:
        where = ["--catalog", tmp_path / "none.duckdb", "--json"]
        assert landproof("copy", SOURCE, "--to", backup, *where).status == 4
        assert landproof("copy", "zone/x", "--to", backup, *where).status == 64
        assert landproof("copy", SOURCE, *where).status == 64
        assert landproof("copy", "--to", backup, *where).status == 64

    def test_a_folder_that_takes_nothing_is_told_for_every_file(self, zone: Zone, backup: Path) -> None:
        backup.write_bytes(b"a file in the way")
        answer = copy(zone, backup)
        assert (answer.status, answer.counts["failed"], only(answer)["verdict"]) == (3, 4, "unknown")
        assert zone.run("show", SOURCE).document["copies"] == []


class TestTheWatch:
    """What check says of places."""

    @pytest.fixture
    def zone(self, tmp_path: Path) -> Zone:
        """A zone that deletes after seven days, with an export that landed six days ago."""
        zone = Zone(tmp_path)
        landed = datetime.now(UTC) - timedelta(days=6)
        self.time = digits(landed)
        zone.export(time=self.time, files=2, landed=landed)
        zone.settings(f'[[datasets]]\nzone = "zone"\nid = "{ALPHA}"\nmin_good_copies = 2\n', zone="lifetime_days = 7")
        zone.scan("--settle-minutes", 0)
        return zone

    def test_expiring_and_too_few_fall_silent_with_a_copy_and_speak_again_without(
        self, zone: Zone, backup: Path
    ) -> None:
        before = zone.run("check")
        assert before.codes["zone.expiring"] == 1
        assert (before.only("copy.too-few")["expected"], before.only("copy.too-few")["actual"]) == ("at least 2", "1")
        assert copy(zone, backup, snapshots=(f"zone/{ALPHA}/{self.time}",)).status == 0
        after = zone.run("check")
        assert (after.status, after.codes) == (0, {})
        Zone(zone.folder, "backup").flip(f"{ALPHA}/exportTime={self.time}")
        os.utime(backup / f"{ALPHA}/exportTime={self.time}/{json_part()}")
        assert zone.scan(backup).status == 2
        assert set(zone.run("check").codes) == {"zone.expiring", "copy.too-few"}

    def test_a_copy_that_lacks_what_came_later_is_none(self, zone: Zone, backup: Path) -> None:
        copy(zone, backup, snapshots=(f"zone/{ALPHA}/{self.time}",))
        zone.put(f"{ALPHA}/exportTime={self.time}/{json_part(9)}", some_json(), datetime.now(UTC) - timedelta(days=6))
        zone.scan("--settle-minutes", 0)
        assert {"zone.expiring", "copy.too-few"} <= set(zone.run("check").codes)
        copy(zone, backup, snapshots=(f"zone/{ALPHA}/{self.time}",))
        assert {"zone.expiring", "copy.too-few"} & set(zone.run("check").codes) == set()

    def test_the_nightly_words_tell_of_it(self, zone: Zone) -> None:
        assert "copy.too-few" in landproof("nightly", "--config", zone.config).out


class TestEndings:
    """A copy that is not left to itself is simply run again."""

    @pytest.fixture
    def zone(self, tmp_path: Path) -> Zone:
        """An export of forty files, one of them large."""
        zone = Zone(tmp_path)
        zone.export(files=40)
        zone.put(f"{FOLDER}/large.bin", os.urandom(192 << 20))
        zone.scan("--settle-minutes", 0)
        return zone

    def copying(self, zone: Zone, backup: Path) -> subprocess.Popen[bytes]:
        """Start a copy and return in the middle of the large file."""
        process = started("copy", SOURCE, "--to", backup, "--catalog", zone.catalog, "--workers", 2)
        part = backup / FOLDER / ".large.bin.landproof-part"
        assert until(lambda: part.exists() and part.stat().st_size > 1 << 20)
        return process

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupted_one_is_130_and_leaves_nothing_half_done(
        self, zone: Zone, backup: Path, number: int
    ) -> None:
        process = self.copying(zone, backup)
        began = time.monotonic()
        os.kill(process.pid, number)
        answer = finished(process)
        assert time.monotonic() - began < 10
        assert (answer.status, "interrupted" in answer.err, "Traceback" in answer.err) == (130, True, False)
        there = tree(backup)
        assert [name for name in there if name.endswith(("-part", "large.bin"))] == []
        assert all(tree(zone.root)[name] == data for name, data in there.items())
        rest = copy(zone, backup)
        assert (rest.status, rest.counts["already_there"], tree(backup)) == (0, len(there), tree(zone.root))

    def test_a_killed_one_leaves_a_part_that_the_next_one_replaces(self, zone: Zone, backup: Path) -> None:
        process = self.copying(zone, backup)
        os.killpg(process.pid, signal.SIGKILL)
        finished(process)
        assert (backup / FOLDER / ".large.bin.landproof-part").exists()
        assert not (backup / FOLDER / "large.bin").exists()
        seen = zone.run("scan", backup, "--workers", 0)
        assert "layout.stray-file" not in seen.codes
        assert copy(zone, backup).status == 0
        assert tree(backup) == tree(zone.root)


def test_the_document_is_one_line_of_json_objects_only(zone: Zone, backup: Path) -> None:
    answer = copy(zone, backup)
    assert json.loads(answer.out)["schema"] == "landproof/copy/1"
    assert answer.err == ""


def test_schedules_of_both_places_are_judged_apart(zone: Zone, backup: Path) -> None:
    zone.settings(daily(ALPHA, starts_at="2026-09-20T01:00:00Z"))
    copy(zone, backup)
    assert {d["zone"] for d in zone.run("check").document["datasets"]} == {"zone"}
