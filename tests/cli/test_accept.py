"""landproof accept: a known finding stays in every report and raises nothing any more, as long as it is the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from support.landproof import landproof
from support.zones import ALPHA, Zone, daily, some_json

from fixtures.content import TIME, json_part, moment

SNAPSHOT = f"zone/{ALPHA}/{TIME}"
CODE = "gzip.trailing-garbage"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """One export of two files, one of them with something behind its end, scanned."""
    zone = Zone(tmp_path)
    folder = zone.export(files=2)
    zone.put(f"{folder}/{json_part(0)}", zone.file(folder).read_bytes() + b"behind")
    zone.settings(daily(starts_at="2026-09-20T01:00:00Z"))
    assert zone.scan().status == 2
    return zone


def accept(zone: Zone, *words: object, subject: str = SNAPSHOT) -> int:
    return zone.run("accept", subject, "--code", CODE, "--reason", "known since the move", *words).status


class TestAnAcceptedError:
    def test_it_raises_no_status_of_a_later_scan_and_is_counted_all_the_same(self, zone: Zone) -> None:
        accept(zone)
        again = zone.scan()
        assert (again.status, again.counts["error"], again.counts["files_read"]) == (0, 1, 0)
        found = again.only(CODE)
        assert (found["level"], found["accepted"]["reason"]) == ("error", "known since the move")
        assert "@" in found["accepted"]["by"]
        assert found["accepted"]["until"] is None

    def test_it_raises_none_of_show_and_check(self, zone: Zone) -> None:
        assert zone.run("show", SNAPSHOT).status == 2
        accept(zone)
        assert zone.run("show", SNAPSHOT).status == 0
        check = zone.run("check", "--at", "2026-09-20T12:00:00Z", "--from", "2026-09-20").document
        assert check["datasets"][0]["status"] == "ok"
        assert check["datasets"][0]["slots"][0]["verdict"] == "good"
        assert check["datasets"][0]["slots"][0]["findings"][0]["accepted"]["reason"] == "known since the move"

    def test_its_snapshot_is_good_to_every_look_up_and_the_judgement_of_its_bytes_stays(self, zone: Zone) -> None:
        accept(zone)
        assert [s["id"] for s in zone.run("snapshots", "--latest-good").document["snapshots"]] == [SNAPSHOT]
        assert zone.run("snapshots", "--verdict", "corrupt").document["snapshots"] == []
        assert zone.run("datasets").document["datasets"][0]["newest_good_at"] == "2026-09-20T01:00:00Z"
        rows = zone.run(
            "sql", "SELECT j.verdict, s.verdict, accepted FROM judged_snapshots j JOIN snapshots s USING (id)"
        )
        assert rows.document["rows"] == [["corrupt", "good", True]]

    def test_a_restore_counts_it_and_says_so(self, zone: Zone) -> None:
        plan = zone.run("restore", "plan", ALPHA, "--as-of", "2026-09-20T12:00:00Z").document
        assert plan["state"] != "complete"
        accept(zone)
        plan = zone.run("restore", "plan", ALPHA, "--as-of", "2026-09-20T12:00:00Z").document
        assert {"kind": "accepted", "snapshot": SNAPSHOT} in plan["doubts"]
        assert [s["id"] for s in plan["snapshots"]] == [SNAPSHOT]

    def test_the_same_damage_elsewhere_in_the_file_is_not_accepted(self, zone: Zone) -> None:
        accept(zone)
        path = zone.root / f"{ALPHA}/exportTime={TIME}/{json_part(0)}"
        path.write_bytes(path.read_bytes()[:40])
        again = zone.scan()
        assert again.status == 2
        assert again.document["snapshots"][0]["verdict"] == "corrupt"

    def test_when_its_time_is_over_it_counts_again(self, zone: Zone) -> None:
        accept(zone, "--until", (datetime.now(UTC) + timedelta(hours=1)).isoformat())
        assert zone.run("show", SNAPSHOT).status == 0
        with duckdb.connect(str(zone.catalog)) as connection:
            connection.execute("UPDATE acceptance SET ends_at = now()::TIMESTAMP - INTERVAL 1 HOUR")
        assert zone.run("show", SNAPSHOT).status == 2
        assert zone.scan().status == 2
        assert len(zone.run("snapshots", "--verdict", "corrupt").document["snapshots"]) == 1

    def test_taken_back_it_counts_again(self, zone: Zone) -> None:
        accept(zone)
        assert zone.run("accept", SNAPSHOT, "--code", CODE, "--lift").document["state"] == "taken back"
        assert zone.run("show", SNAPSHOT).status == 2
        assert zone.run("accept", "--list").document["acceptances"] == []

    def test_it_is_kept_with_the_segments(self, zone: Zone) -> None:
        accept(zone)
        assert zone.run("catalog", "verify").status == 0
        zone.catalog.unlink()
        assert zone.run("catalog", "rebuild").status == 0
        assert zone.run("show", SNAPSHOT).status == 0


class TestWhatMayBeAccepted:
    def test_one_file_by_its_path(self, zone: Zone) -> None:
        path = f"{ALPHA}/exportTime={TIME}/{json_part(0)}"
        assert accept(zone, subject=path) == 0
        assert [a["path"] for a in zone.run("accept", "--list").document["acceptances"]] == [path]
        assert zone.run("show", SNAPSHOT).status == 0

    def test_a_file_that_belongs_to_no_snapshot(self, zone: Zone) -> None:
        accept(zone)
        zone.put("left/behind.txt", b"x")
        assert zone.scan().status == 1
        assert zone.run("accept", "left/behind.txt", "--code", "layout.stray-file", "--reason", "ours").status == 0
        again = zone.scan()
        assert (again.status, again.counts["warn"]) == (0, 1)
        assert again.only("layout.stray-file")["accepted"]["reason"] == "ours"

    def test_what_nobody_can_look_into_is_quiet_and_never_good(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files={f"{json_part(0)}.pgp": b"\x85\x01\x0c\x03" + bytes(264)})
        zone.settings(daily())
        before = zone.scan()
        assert (before.status, before.verdicts) == (1, {TIME: "unverifiable"})
        codes = [code for code in before.codes if code.startswith(("file.", "pgp."))]
        words = [word for code in codes for word in ("--code", code)]
        assert zone.run("accept", SNAPSHOT, *words, "--reason", "opened elsewhere").status == 0
        after = zone.scan()
        assert (after.status, after.verdicts) == (0, {TIME: "unverifiable"})
        assert zone.run("show", SNAPSHOT).status == 0
        assert zone.run("snapshots", "--latest-good").document["snapshots"] == []

    def test_a_snapshot_without_data_is_quiet_and_never_good(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.put(f"{ALPHA}/exportTime={TIME}/_SUCCESS", b"")
        zone.settings(daily())
        assert zone.scan().verdicts == {TIME: "incomplete"}
        zone.run("accept", SNAPSHOT, "--code", "snapshot.no-data-files", "--reason", "known")
        after = zone.scan()
        assert (after.status, after.verdicts) == (0, {TIME: "incomplete"})

    def test_a_change_of_bytes_but_not_the_next_one(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        folder = zone.export()
        zone.settings(daily())
        zone.scan()
        for days in (1, 2):
            zone.put(f"{folder}/{json_part(0)}", some_json(5 + days), moment(TIME) + timedelta(days=days))
            changed = zone.scan()
            assert (changed.status, changed.verdicts) == (2, {TIME: "corrupt"})
            assert zone.run("accept", SNAPSHOT, "--code", "file.changed", "--reason", "sent again").status == 0
            after = zone.scan()
            assert (after.status, after.verdicts) == (0, {TIME: "good"})

    @pytest.mark.parametrize(
        ("words", "text"),
        [
            ((SNAPSHOT, "--code", "gzip.bom", "--reason", "r"), "the nearest known is 'gzip.bomb'"),
            ((SNAPSHOT, "--code", "gzip.bomb", "--reason", "r"), "no finding gzip.bomb of"),
            ((SNAPSHOT, "--code", "gzip.corrupt"), "--reason"),
            ((SNAPSHOT, "--code", "gzip.corrupt", "--reason", " "), "--reason"),
            (("nowhere/at/all.gz", "--code", "gzip.corrupt", "--reason", "r"), "no snapshot or path"),
            ((SNAPSHOT, "--code", "gzip.corrupt", "--reason", "r", "--until", "2020-01-01"), "is over already"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_and_changes_nothing(
        self, zone: Zone, words: tuple[str, ...], text: str
    ) -> None:
        answer = zone.run("accept", *words)
        assert answer.status == 64
        assert text in answer.error["message"]
        assert zone.run("accept", "--list").document["acceptances"] == []


def test_people_see_who_accepted_what_and_why(zone: Zone) -> None:
    accept(zone, "--until", "2030-01-01T00:00:00Z")
    shown = landproof("show", SNAPSHOT, "--config", zone.config).out
    assert "good at depth full, checked 2 of 2 files; 1 finding accepted" in shown
    assert "good (accepted)" in landproof("snapshots", "--config", zone.config).out
    assert zone.run("snapshots").document["snapshots"][0]["accepted"] == 1
    assert "accepted by " in shown
    assert "until 2030-01-01 00:00Z: known since the move" in shown
