"""landproof audit bundle: all of a period in one file, the same numbers as every look-up, the same bytes twice."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.evidence import DAYS, DELTA, GAMMA, Evidence, beginning, text, watched
from support.landproof import COMMAND, Document, landproof
from support.zones import ALPHA, BETA, Zone, daily, utc

import catalog.evidence.verify
from catalog.evidence.asked import Asked
from catalog.evidence.contents import LISTS, Contents
from catalog.evidence.gather.bundle import gather
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog

Rows = list[Document]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """A zone in which everything happened, and a bundle of it."""
    made = watched(tmp_path_factory.mktemp("evidence"))
    assert made.bundle("all").status == 0
    return made


@pytest.fixture(scope="module")
def told(evidence: Evidence) -> Contents:
    return evidence.contents("all")


def of(rows: Rows, dataset: str) -> Rows:
    return [row for row in rows if row["dataset_id"] == dataset]


def verified(path: Path) -> tuple[int, str]:
    """Check a bundle as an auditor does, with the program that is in it."""
    words = [sys.executable, "-I", catalog.evidence.verify.__file__, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


class TestThePopulation:
    def test_every_slot_that_was_due_is_there_once_whatever_became_of_it(self, told: Contents) -> None:
        rows = list(told.population())
        keys = [(row["zone"], row["dataset_id"], row["due_at"]) for row in rows]
        assert keys == sorted(set(keys))
        assert Counter(row["dataset_id"] for row in rows) == {ALPHA: DAYS, BETA: DAYS, GAMMA: DAYS}
        statuses = [row["status"] for row in of(rows, ALPHA)]
        assert statuses == [
            *("on_time", "arrived_late", "missing", "paused", "on_time", "on_time", "missing", "on_time")
        ]
        assert of(rows, ALPHA)[3]["reason"] == "planned move"
        assert {row["status"] for row in of(rows, GAMMA)} == {"unknown"}

    def test_a_slot_says_what_check_says(self, evidence: Evidence, told: Contents) -> None:
        at = ("--at", text(evidence.until), "--from", text(evidence.first))
        judged = {
            (d["zone"], d["dataset_id"], s["due_at"]): s
            for d in evidence.zone.run("check", *at).document["datasets"]
            for s in d["slots"]
            if s["status"] != "not_due"
        }
        rows = {(r["zone"], r["dataset_id"], r["due_at"]): r for r in told.population() if r["dataset_id"] != BETA}
        assert rows.keys() == judged.keys()
        for key, slot in judged.items():
            assert {n: rows[key][n] for n in ("deadline", "status", "snapshot", "verdict", "landed_at")} == {
                n: slot[n] for n in ("deadline", "status", "snapshot", "verdict", "landed_at")
            }

    def test_a_dataset_that_the_settings_have_no_more_is_judged_as_its_schedule_was(self, told: Contents) -> None:
        rows = of(list(told.population()), BETA)
        assert [row["status"] for row in rows] == ["on_time"] * 3 + ["missing"] * (DAYS - 3)
        assert rows[0]["reason"] == "not in the settings: by its schedule as last recorded"
        assert told.bundle()["remembered"] == [f"zone/{BETA}"]

    def test_a_dataset_without_slots_is_named(self, told: Contents) -> None:
        assert told.bundle()["not_judged"] == [["zone", DELTA, "has no schedule in the settings"]]

    def test_slots_and_the_snapshots_that_fill_them_name_each_other(self, told: Contents) -> None:
        filled = {(row["snapshot"], row["due_at"]) for row in told.population() if row["snapshot"]}
        assert filled == {(row["id"], row["due_at"]) for row in told.rows("snapshots") if row["due_at"]}
        entries = {row["id"]: row["entry"] for row in told.rows("snapshots")}
        assert all(row["snapshot_entry"] == entries.get(row["snapshot"]) for row in told.population())


class TestSnapshotsAndFiles:
    def test_they_are_those_that_the_look_ups_have(self, evidence: Evidence, told: Contents) -> None:
        known = evidence.zone.run("snapshots", *evidence.period).document["snapshots"]
        rows = {row["id"]: row for row in told.rows("snapshots")}
        assert rows.keys() == {one["id"] for one in known}
        for one in known:
            row = rows[one["id"]]
            same = ("export_time", "depth", "checked", "files", "bytes", "rows", "presence", "landed_at", "manifest")
            assert {n: row[n] for n in same} == {n: one[n] for n in same}
            assert (row["accepted_verdict"], row["accepted"]) == (one["verdict"], one["accepted"] > 0)
            assert row["full_read_at"] == one["last_full_read_at"]

    def test_all_files_are_there_the_gone_ones_too(self, evidence: Evidence, told: Contents) -> None:
        found = [(row["snapshot"], row["path"]) for row in told.rows("files")]
        assert found == sorted(found)
        same = ("path", "size", "sha256", "kind", "rows", "presence", "first_seen_at", "last_full_read_at")
        for day in (0, 4, 6):
            one = f"zone/{ALPHA}/{evidence.export_time(day)}"
            shown = evidence.zone.run("show", one).document["files"]
            rows = [row for row in told.rows("files") if row["snapshot"] == one]
            assert [{n: row[n] for n in same} for row in rows] == [{n: file[n] for n in same} for file in shown]
        assert {row["presence"] for row in rows} == {"vanished"}

    def test_what_was_accepted_shows_beside_the_verdict_of_the_bytes(self, evidence: Evidence, told: Contents) -> None:
        row = next(r for r in told.rows("snapshots") if r["id"] == f"zone/{ALPHA}/{evidence.export_time(5)}")
        assert (row["verdict"], row["accepted_verdict"], row["accepted"]) == ("corrupt", "good", True)

    def test_reading_again_without_a_change_is_told_with_its_entry(self, evidence: Evidence, told: Contents) -> None:
        row = next(r for r in told.rows("snapshots") if r["id"] == f"zone/{ALPHA}/{evidence.export_time(7)}")
        assert (row["reads"], len(row["read_entries"]), row["previous_entries"]) == (2, 1, [])


class TestFindings:
    def test_each_says_when_it_was_seen_and_what_closed_it(self, evidence: Evidence, told: Contents) -> None:
        rows = {(r["snapshot"], r["code"], r["path"]): r for r in told.rows("findings")}
        assert len(rows) == len(list(told.rows("findings")))
        closures = {(key[0] or "-")[-12:] + " " + key[1]: row["closure"] for key, row in rows.items()}
        own = evidence.export_time
        assert closures == {
            f"{own(4)} gzip.trailing-garbage": "read again",
            f"{own(4)} file.changed": None,
            f"{own(5)} gzip.trailing-garbage": "accepted",
            f"{own(6)} file.vanished": None,
            "- zone.unreachable": None,
            "- layout.stray-file": "accepted",
        }
        mended = next(r for r in rows.values() if r["closure"] == "read again")
        assert mended["first_seen_at"] == mended["last_seen_at"] < mended["closed_at"]
        accepted = next(r for r in rows.values() if r["closure"] == "accepted" and r["snapshot"])
        assert accepted["accepted"]["reason"] == "known since the move"

    def test_open_ones_are_those_that_show_has(self, evidence: Evidence, told: Contents) -> None:
        for one in evidence.zone.run("snapshots", *evidence.period).document["snapshots"]:
            seen = [(f["code"], f["path"], f["actual"], f["count"]) for f in one["findings"]]
            now = next(r["recorded_at"] for r in told.rows("snapshots") if r["id"] == one["id"])
            rows = [r for r in told.rows("findings") if r["snapshot"] == one["id"] and r["last_seen_at"] == now]
            assert [(r["code"], r["path"], r["actual"], r["count"]) for r in rows] == seen

    def test_those_of_a_zone_and_of_a_stray_file_are_told(self, told: Contents) -> None:
        rows = {r["code"]: r for r in told.rows("findings") if r["snapshot"] is None}
        assert rows.keys() == {"zone.unreachable", "layout.stray-file"}
        assert rows["layout.stray-file"]["path"] == "stray.bin"
        assert rows["layout.stray-file"]["first_entry"] < rows["layout.stray-file"]["last_entry"]


class TestWhatElseHappened:
    def test_scans_copies_drills_and_decisions_are_told_with_their_entries(self, told: Contents) -> None:
        counts = {name: len(list(told.rows(name))) for name in ("scans", "copies", "restores", "drills", "decisions")}
        assert counts == {"scans": 5, "copies": 1, "restores": 0, "drills": 1, "decisions": 3}
        assert Counter(row["state"] for row in told.rows("scans")) == {"complete": 3, "incomplete": 2}
        drill = next(iter(told.rows("drills")))
        assert (drill["state"], drill["rows_loaded"] > 0, drill["entry"] is not None) == ("passed", True, True)
        assert sorted(row["kind"] for row in told.rows("decisions")) == ["acceptance", "acceptance", "waiver"]

    def test_counts_are_those_of_the_rows(self, told: Contents) -> None:
        counts = told.bundle()["counts"]
        assert {name: counts[name] for name in LISTS} == {name: sum(1 for _ in told.rows(name)) for name in LISTS}
        assert counts["population"] == sum(counts["slots"].values()) == sum(1 for _ in told.population())
        assert told.bundle()["not_in_ledger"] == {"population": 1}


class TestTheFile:
    def test_the_program_in_it_finds_that_all_of_it_holds(self, evidence: Evidence) -> None:
        status, out = verified(evidence.path("all"))
        assert status == 0, out

    def test_it_is_the_same_twice_whatever_the_machine_is_set_to(self, evidence: Evidence) -> None:
        words = [COMMAND, "audit", "bundle", *evidence.period, "--config", evidence.zone.config, "--out"]
        for seed, zone in (("1", "Pacific/Auckland"), ("2", "America/New_York")):
            environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
            subprocess.run([*words, evidence.path(f"again-{seed}")], check=True, env=environment, capture_output=True)
        digests = {hashlib.sha256(evidence.path(n).read_bytes()).hexdigest() for n in ("all", "again-1", "again-2")}
        assert len(digests) == 1

    def test_the_answer_says_what_was_written_and_how_to_check_it(self, evidence: Evidence) -> None:
        path = evidence.path("words")
        answer = landproof("audit", "bundle", *evidence.period, "--config", evidence.zone.config, "--out", path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert answer.status == 0
        for part in (digest, "24 slots (7 missing, 1 arrived late, 8 unknown, 1 paused, 7 on time)", "signed by "):
            assert part in answer.out
        assert "not in the ledger: 1 of population" in answer.out
        assert f"check it: landproof audit verify {path}" in answer.out

    def test_nothing_is_recorded_and_nothing_left_behind(self, evidence: Evidence, tmp_path: Path) -> None:
        before = evidence.zone.catalog.read_bytes()
        answer = evidence.bundle("quiet", "--scratch", tmp_path)
        assert answer.document["sha256"] == hashlib.sha256(evidence.path("quiet").read_bytes()).hexdigest()
        assert evidence.zone.catalog.read_bytes() == before
        assert list(tmp_path.iterdir()) == []

    def test_no_secret_of_the_settings_is_in_it(self, evidence: Evidence) -> None:
        secret = "do-not-tell-4711"
        table = f'[pgp]\npassphrase = "{secret}"\n[adobe]\nclient_secret = "{secret}"\n'
        own = evidence.zone.folder / "secrets.toml"
        own.write_text(evidence.zone.config.read_text() + table)
        words = ("audit", "bundle", *evidence.period, "--config", own, "--out", evidence.path("secret"))
        assert landproof(*words).status == 0
        assert secret.encode() not in evidence.path("secret").read_bytes()
        assert b'"passphrase":"********"' in evidence.path("secret").read_bytes()


class TestAPart:
    def test_of_one_dataset_has_its_rows_alone(self, evidence: Evidence) -> None:
        evidence.bundle("alpha", "--dataset", "Web events")
        part = evidence.contents("alpha")
        assert {row["dataset_id"] for row in part.population()} == {ALPHA}
        assert {row["id"].split("/")[1] for row in part.rows("snapshots")} == {ALPHA}
        assert (part.bundle()["datasets"], part.bundle()["not_judged"]) == ([f"zone/{ALPHA}"], [])
        assert verified(evidence.path("alpha"))[0] == 0

    def test_of_one_zone_names_all_its_datasets(self, evidence: Evidence) -> None:
        evidence.bundle("other", "--zone", "other")
        part = evidence.contents("other")
        assert ({row["dataset_id"] for row in part.population()}, list(part.rows("snapshots"))) == ({GAMMA}, [])
        assert part.bundle()["datasets"] == [f"other/{GAMMA}"]
        assert verified(evidence.path("other"))[0] == 0

    def test_up_to_a_moment_is_judged_as_of_that_moment(self, evidence: Evidence) -> None:
        due = text(evidence.due(1))
        evidence.bundle("moment", period=("--from", due, "--to", due))
        part = evidence.contents("moment")
        assert [row["status"] for row in part.population() if row["dataset_id"] == ALPHA] == ["waiting"]
        status, out = verified(evidence.path("moment"))
        assert status == 0, out

    def test_that_goes_on_from_the_bundle_before_proves_that_it_does(self, evidence: Evidence) -> None:
        evidence.bundle("next", "--previous", evidence.path("all"))
        bundle = evidence.contents("next").bundle()
        assert bundle["previous"] == bundle["checkpoint"] | {"origin": bundle["origin"]}
        assert verified(evidence.path("next"))[0] == 0


def test_gathered_as_known_before_it_has_nothing_of_later(evidence: Evidence, told: Contents, tmp_path: Path) -> None:
    before = min(utc(row["recorded_at"]) for row in told.rows("copies"))
    asked = Asked(since=evidence.first, until=before, judged_at=before, tool_version="1", proved=False)
    settings = load_settings(evidence.zone.config, {})
    known = gather(settings, Catalog(evidence.zone.catalog).as_known_at(before), asked, tmp_path).contents
    assert known.bundle()["known_at"] == text(before)
    assert all(utc(row["recorded_at"]) <= before for row in known.rows("snapshots"))
    assert all(row["presence"] == "present" for row in known.rows("files"))
    assert [row["closure"] for row in known.rows("findings") if row["snapshot"]] == [None, "accepted"]
    assert max(row["sequence"] for row in known.rows("ledger")) < max(row["sequence"] for row in told.rows("ledger"))


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (("--to", "2026-01-01"), "--from"),
            (("--from", "2026-01-02", "--to", "2026-01-01"), "before --from"),
            (("--from", "2999-01-01", "--to", "2999-01-02"), "in the future"),
            (("--from", "2026-01-01", "--to", "2026-01-02", "--dataset", "nothing"), "no dataset nothing"),
            (("--from", "2026-01-01", "--to", "2026-01-02", "--dataset", "zone/nothing"), "no dataset zone/nothing"),
            (("--from", "2026-01-01", "--to", "2026-01-02", "--zone", "nowhere"), "no zone named nowhere"),
            (("--from", "2026-01-01", "--to", "2026-01-02", "--previous", "nothing.zip"), "is not there"),
        ],
    )
    def test_a_question_without_an_answer(self, evidence: Evidence, words: tuple[str, ...], message: str) -> None:
        answer = evidence.zone.run("audit", "bundle", *words, "--out", evidence.path("never"))
        assert answer.status == 64
        assert message in answer.error["message"]
        assert not evidence.path("never").exists()

    def test_to_overwrite_a_file(self, evidence: Evidence) -> None:
        before = evidence.path("all").read_bytes()
        answer = evidence.bundle("all")
        assert (answer.status, evidence.path("all").read_bytes()) == (64, before)

    def test_a_folder_that_is_not_there(self, evidence: Evidence) -> None:
        words = ("--out", evidence.zone.folder / "nowhere" / "b.zip")
        answer = evidence.zone.run("audit", "bundle", *evidence.period, *words)
        assert (answer.status, "nowhere is no folder" in answer.error["message"]) == (64, True)

    def test_a_catalog_that_is_not_there(self, tmp_path: Path) -> None:
        words = ("--from", "2026-01-01", "--to", "2026-01-02", "--catalog", tmp_path / "none.duckdb")
        assert landproof("audit", "bundle", *words, "--out", tmp_path / "b.zip", "--json").status == 4
        assert list(tmp_path.iterdir()) == []

    def test_the_bundle_of_another_ledger_as_the_one_before(self, evidence: Evidence, tmp_path: Path) -> None:
        other = small(tmp_path)
        words = ("--from", "2026-09-20", "--to", "2026-09-20", "--previous", evidence.path("all"))
        answer = other.run("audit", "bundle", *words, "--out", tmp_path / "b.zip")
        assert (answer.status, "is of ledger" in answer.error["message"]) == (64, True)
        assert not (tmp_path / "b.zip").exists()


def small(folder: Path) -> Zone:
    """Make a zone with one export, scanned."""
    zone = Zone(folder)
    zone.export()
    zone.settings(daily(starts_at="2026-09-20T01:00:00Z"))
    zone.scan()
    return zone


DAY = ("--from", "2026-09-20", "--to", "2026-09-20")


def altered(zone: Zone, *statements: str) -> None:
    """Change the catalog behind the program's back."""
    with duckdb.connect(str(zone.catalog)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_without_a_key_it_is_unsigned_and_says_so(tmp_path: Path) -> None:
    zone = small(tmp_path)
    answer = landproof("audit", "bundle", *DAY, "--config", zone.config, "--out", tmp_path / "b.zip")
    assert (answer.status, "UNSIGNED" in answer.out) == (0, True)
    assert verified(tmp_path / "b.zip")[0] == 1


def test_without_settings_there_are_no_slots_and_all_snapshots(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.exports(2)
    zone.scan()
    answer = zone.run("audit", "bundle", "--from", "2026-01-01", "--to", "2026-12-31", "--out", tmp_path / "b.zip")
    counts = answer.document["counts"]
    assert (answer.status, counts["population"], counts["snapshots"], counts["files"]) == (0, 0, 2, 2)
    status, out = verified(tmp_path / "b.zip")
    assert status == 1, out


def test_what_no_checkpoint_covers_is_not_bundled_before_there_is_one(tmp_path: Path) -> None:
    zone = small(tmp_path)
    altered(zone, "DELETE FROM checkpoint")
    answer = zone.run("audit", "bundle", *DAY, "--out", tmp_path / "b.zip")
    assert (answer.status, answer.error["hint"]) == (4, "run: landproof ledger checkpoint")
    zone.run("ledger", "checkpoint")
    assert zone.run("audit", "bundle", *DAY, "--out", tmp_path / "b.zip").status == 0


def test_a_snapshot_that_was_altered_in_the_catalog_contradicts_its_entry(tmp_path: Path) -> None:
    zone = small(tmp_path)
    altered(zone, "UPDATE snapshot_revision SET verdict = 'empty'")
    zone.run("audit", "bundle", *DAY, "--out", tmp_path / "b.zip")
    status, out = verified(tmp_path / "b.zip")
    wrong = [line for line in out.splitlines() if "data/snapshots.jsonl" in line and "verdict" in line]
    assert (status, len(wrong)) == (2, 1), out


def test_a_snapshot_that_was_deleted_from_the_catalog_is_told_by_the_ledger(tmp_path: Path) -> None:
    zone = small(tmp_path)
    altered(zone, *(f"DELETE FROM {table}" for table in ("file_revision", "snapshot_revision", "snapshot")))
    answer = zone.run("audit", "bundle", *DAY, "--out", tmp_path / "b.zip")
    rows = list(Contents(tmp_path / "b.zip").rows("snapshots"))
    assert [(row["verdict"], row["entry"]) for row in rows] == [("good", 0)]
    assert answer.document["only_in_ledger"] == 1
    assert verified(tmp_path / "b.zip")[0] == 2


def test_a_drill_that_was_deleted_from_the_catalog_is_told_by_the_ledger(tmp_path: Path) -> None:
    zone = small(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    zone.run("drill", ALPHA, "--workers", 0, "--scratch", scratch)
    altered(zone, "DELETE FROM drill")
    zone.run("audit", "bundle", "--from", "2026-09-20", "--to", "2999-01-01", "--out", tmp_path / "b.zip")
    rows = list(Contents(tmp_path / "b.zip").rows("drills"))
    assert [(row["dataset_id"], row["entry"] is not None) for row in rows] == [(ALPHA, True)]


def test_an_altered_ledger_is_not_bundled(tmp_path: Path) -> None:
    zone = small(tmp_path)
    altered(zone, "UPDATE ledger_entry SET body = replace(body, '\"good\"', '\"empty\"')")
    answer = zone.run("audit", "bundle", *DAY, "--out", tmp_path / "b.zip")
    assert (answer.status, "ledger verify" in answer.error["hint"]) == (4, True)


def test_slots_of_a_schedule_that_was_changed_stay_as_they_were_recorded(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    made = Evidence(zone, beginning(), beginning())
    zone.export(time=made.export_time(0), landed=made.due(0))
    zone.settings(daily(starts_at=text(made.first)))
    zone.scan()
    zone.run("check")
    zone.settings(daily(starts_at=text(made.first + timedelta(hours=1))))
    period = ("--from", text(made.first), "--to", text(made.first + timedelta(hours=2)))
    made.bundle("b", period=period)
    rows = [(row["due_at"], row["status"], row["reason"] or "") for row in made.contents("b").population()]
    assert rows[0][:2] == (text(made.first), "on_time")
    assert rows[0][2].startswith("as last recorded")
    assert len(rows) == 2
    status, out = verified(made.path("b"))
    assert status == 1, out


def test_without_a_name_the_bundle_is_called_by_its_period_and_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = small(tmp_path)
    monkeypatch.chdir(tmp_path)
    days = ("--from", "2026-09-20", "--to", "2026-09-21")
    assert zone.run("audit", "bundle", *days).document["path"] == "landproof-evidence-20260920-20260921.zip"
    assert verified(tmp_path / "landproof-evidence-20260920-20260921.zip")[0] in (0, 1)
    assert zone.run("audit", "bundle", *days).status == 64
