"""landproof restore run: what is at the target afterwards, what stands in its way, what is known of it."""

from __future__ import annotations

import os
import signal
import subprocess
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from support.landproof import Answer, finished, landproof, started
from support.processes import until
from support.proxy import Rule, faulty_proxy, is_read, unavailable
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, days_before, digits, some_json

from fixtures.content import TIME, json_part, moment
from verifier.backends import retry

TIMES = days_before(TIME, 4)
WORDS_LISTED = ("restore", "run", ALPHA, "--depth", "list")
PART = f".{json_part(90)}.landproof-part"
OURS = {"SHA256SUMS", "landproof-restore.json"}


def folder(number: int) -> str:
    return f"{ALPHA}/exportTime={TIMES[number]}"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A full export and three increments, daily, of two files and a manifest each; scanned."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, starts_at=f"{moment(TIMES[0]):%Y-%m-%dT%H:%M:%SZ}"))
    for time in TIMES:
        zone.export(time=time, files=2, manifest_in="snapshot")
    zone.scan("--settle-minutes", 0)
    return zone


@pytest.fixture
def listed(tmp_path: Path) -> Zone:
    """One export of many small files and a large one, listed only."""
    zone = Zone(tmp_path)
    export = zone.export(files=20)
    with (zone.root / export / json_part(90)).open("wb") as large:
        large.truncate(160 << 20)
    zone.scan("--settle-minutes", 0, "--depth", "list")
    return zone


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where a restore goes; not there yet."""
    return tmp_path / "restored"


def restore(zone: Zone, to: object, *words: object, dataset: str = f"zone/{ALPHA}", workers: int = 0) -> Answer:
    return zone.run("restore", "run", dataset, "--as-of", TIME, "--to", to, "--workers", workers, *words)


def tree(root: Path) -> dict[str, bytes]:
    """Return all files below a folder with their bytes, without those that a restore writes itself."""
    found = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    return {path: data for path, data in found.items() if path not in OURS}


def sums_are_right(to: Path) -> bool:
    """Let coreutils judge."""
    judged = subprocess.run(["sha256sum", "-c", "SHA256SUMS", "--quiet", "--strict"], cwd=to, capture_output=True)
    return judged.returncode == 0


def rows(zone: Zone, query: str) -> list[list[object]]:
    found: list[list[object]] = zone.run("sql", query).document["rows"]
    return found


class TestAWholeRestore:
    """Everything arrives."""

    @pytest.mark.parametrize("workers", [0, 4])
    def test_is_equal_proved_and_told(self, zone: Zone, to: Path, workers: int) -> None:
        answer = restore(zone, to, workers=workers)
        assert (answer.status, tree(to)) == (0, tree(zone.root))
        assert sums_are_right(to)
        document = answer.document
        assert (document["schema"], document["state"]) == ("landproof/restore-run/1", "complete")
        total = sum(len(data) for data in tree(zone.root).values())
        assert document["counts"] == {
            "snapshots": 4, "files": 12, "bytes": total, "copied": 12, "bytes_copied": total, "already_there": 0,
            "failed": 0, "digested_on_the_way": 0, "from_another_place": 0,
        }  # fmt: skip
        one = next(f for f in document["files"] if f["path"] == f"{folder(2)}/{json_part(1)}")
        data = zone.file(folder(2), 1).read_bytes()
        assert one == {
            "path": f"{folder(2)}/{json_part(1)}", "url": f"file://{to}/{folder(2)}/{json_part(1)}",
            "size": len(data), "sha256": sha256(data).hexdigest(), "digest": "recorded",
            "source": f"file://{zone.file(folder(2), 1)}", "state": "copied",
        }  # fmt: skip
        assert Answer(0, (to / "landproof-restore.json").read_text(), "").document["files"] == document["files"]
        assert (document["plan"]["state"], document["accepted"], document["errors"]) == ("complete", None, [])

    def test_again_changes_nothing_and_reads_back(self, zone: Zone, to: Path) -> None:
        restore(zone, to)
        before = {p: p.stat().st_mtime_ns for p in to.rglob("*")}
        again = restore(zone, to)
        assert (again.status, again.counts["copied"], again.counts["already_there"]) == (0, 0, 12)
        assert {p: p.stat().st_mtime_ns for p in to.rglob("*")} == before

    def test_is_recorded_and_measured(self, listed: Zone, to: Path) -> None:
        plan = ("restore", "plan", ALPHA, "--depth", "list")
        assert listed.run(*plan).document["estimated_seconds"] is None
        answer = restore(listed, to, "--depth", "list", dataset=ALPHA)
        query = "SELECT restore_id, target_url, state, complete, files, bytes_copied FROM restores"
        assert rows(listed, query) == [
            [answer.document["restore_id"], f"file://{to}", "complete", True, 21, answer.counts["bytes"]]
        ]
        assert listed.run(*plan).document["estimated_seconds"] > 0
        told = landproof(*plan, "--catalog", listed.catalog)
        assert "by restores that were measured" in told.out

    def test_of_files_never_read_in_full_digests_them_and_says_so(self, tmp_path: Path, to: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files=2)
        zone.scan("--settle-minutes", 0, "--depth", "list")
        assert restore(zone, to, dataset=ALPHA).status == 2
        answer = restore(zone, to, "--depth", "list", dataset=ALPHA)
        assert (answer.status, answer.counts["digested_on_the_way"], tree(to)) == (0, 2, tree(zone.root))
        assert {f["digest"] for f in answer.document["files"]} == {"computed"}
        assert sums_are_right(to)
        assert restore(zone, to, "--depth", "list", dataset=ALPHA).counts["already_there"] == 2

    def test_with_names_that_need_care(self, tmp_path: Path, to: Path) -> None:
        zone = Zone(tmp_path)
        names = ["part-00000 a 'quoted' \"name\".json.gz", "part-00001-größe\\back.json.gz", "part-00002-\n.json.gz"]
        zone.export(files={name: some_json() for name in names})
        zone.scan("--settle-minutes", 0)
        answer = restore(zone, to, dataset=ALPHA)
        assert (answer.status, tree(to)) == (0, tree(zone.root))
        assert sums_are_right(to)

    def test_in_words(self, zone: Zone, to: Path) -> None:
        words = ["restore", "run", ALPHA, "--as-of", TIME, "--to", to, "--config", zone.config]
        told = landproof(*words)
        assert told.status == 0
        assert "copied 12 files" in told.out
        assert "sha256sum -c SHA256SUMS" in told.out


class TestWhatIsThereAlready:
    """Nothing is overwritten."""

    @pytest.mark.parametrize("size", ["same", "other"])
    def test_and_differs_is_a_mismatch_and_stays(self, zone: Zone, to: Path, size: str) -> None:
        there = to / folder(1) / json_part(1)
        there.parent.mkdir(parents=True)
        wrong = bytes(zone.file(folder(1), 1).stat().st_size) if size == "same" else b"other"
        there.write_bytes(wrong)
        answer = restore(zone, to)
        assert (answer.status, answer.only("copy.mismatch")["path"]) == (2, f"{folder(1)}/{json_part(1)}")
        assert there.read_bytes() == wrong
        assert (answer.document["state"], answer.counts["copied"], answer.counts["failed"]) == ("incomplete", 11, 1)
        assert not OURS & {p.name for p in to.iterdir()}

    def test_and_was_never_digested_is_a_mismatch_all_the_same(self, tmp_path: Path, to: Path) -> None:
        zone = Zone(tmp_path)
        export = zone.export(files=2)
        zone.scan("--settle-minutes", 0, "--depth", "list")
        there = to / export / json_part(1)
        there.parent.mkdir(parents=True)
        there.write_bytes(b"other")
        answer = restore(zone, to, "--depth", "list", dataset=ALPHA)
        assert (answer.status, answer.counts["failed"], there.read_bytes()) == (2, 1, b"other")

    def test_and_is_another_restore_is_left_alone_altogether(self, zone: Zone, to: Path) -> None:
        zone.run("restore", "run", ALPHA, "--as-of", TIMES[1], "--to", to)
        before = tree(to)
        answer = restore(zone, to)
        assert (answer.status, answer.only("copy.mismatch")["path"]) == (2, "SHA256SUMS")
        assert tree(to) == before
        assert sums_are_right(to)

    def test_and_belongs_to_nothing_is_named(self, zone: Zone, to: Path) -> None:
        stray = to / folder(1) / "part-00007-from-elsewhere.json.gz"
        stray.parent.mkdir(parents=True)
        stray.write_bytes(some_json())
        answer = restore(zone, to)
        assert (answer.status, answer.document["others"]) == (0, [str(stray.relative_to(to))])
        assert sums_are_right(to)

    def test_and_is_no_folder_is_said(self, zone: Zone, to: Path) -> None:
        to.write_bytes(b"a file")
        assert restore(zone, to).status == 3


class TestAnInterruptedRestore:
    """It goes on where it was."""

    def test_killed_in_the_middle_is_completed(self, listed: Zone, to: Path) -> None:
        words = [*WORDS_LISTED, "--to", to, "--catalog", listed.catalog]
        process = started(*words, "--workers", 2)
        assert until(lambda: any(part.stat().st_size > 1 << 20 for part in to.rglob(PART)))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        whole, left = tree(listed.root), {p: d for p, d in tree(to).items() if "landproof-part" not in p}
        assert len(left) < len(tree(to))
        assert all(data == whole[path] for path, data in left.items())
        assert not OURS & {p.name for p in to.iterdir()}
        answer = landproof(*words, "--json")
        assert (answer.status, tree(to) == whole) == (0, True)
        assert answer.counts["already_there"] == len(left)
        assert sums_are_right(to)

    def test_by_the_user_says_so_and_is_recorded(self, listed: Zone, to: Path) -> None:
        words = [*WORDS_LISTED, "--to", to, "--catalog", listed.catalog]
        process = started(*words)
        assert until(lambda: any(to.rglob(PART)))
        os.kill(process.pid, signal.SIGINT)
        answer = finished(process)
        assert (answer.status, "Traceback" in answer.err) == (130, False)
        assert rows(listed, "SELECT state FROM restores") == [["interrupted"]]
        assert not list(to.rglob(".*.landproof-part"))
        assert landproof(*words).status == 0


class TestGaps:
    """They are never restored over silently."""

    @pytest.fixture
    def gapped(self, zone: Zone) -> Zone:
        zone.flip(folder(2))
        assert zone.scan("--settle-minutes", 0, "--reverify", "all").status == 2
        return zone

    def test_refuse_a_restore_and_say_what_is_missing(self, gapped: Zone, to: Path) -> None:
        answer = restore(gapped, to)
        assert (answer.status, answer.document["state"], to.exists()) == (2, "refused", False)
        assert [g["snapshot"] for g in answer.document["plan"]["gaps"]] == [f"zone/{ALPHA}/{TIMES[2]}"]
        told = landproof("restore", "run", ALPHA, "--as-of", TIME, "--to", to, "--config", gapped.config)
        assert (told.status, "--accept-gaps" in told.out, TIMES[2] in told.out) == (2, True, True)
        assert rows(gapped, "SELECT count(*) FROM restores") == [[0]]

    def test_that_are_accepted_are_recorded_with_who_and_why(self, gapped: Zone, to: Path) -> None:
        answer = restore(gapped, to, "--accept-gaps", "--reason", "the flow failed that day")
        accepted = answer.document["accepted"]
        assert (answer.status, answer.document["state"], answer.counts["snapshots"]) == (0, "complete", 3)
        assert (accepted["reason"], "@" in accepted["by"]) == ("the flow failed that day", True)
        assert not [path for path in tree(to) if TIMES[2] in path]
        assert sums_are_right(to)
        query = "SELECT restore_id, gap, snapshot, accepted_by, reason FROM gap_acceptance"
        assert rows(gapped, query) == [
            [answer.document["restore_id"], "bad", f"zone/{ALPHA}/{TIMES[2]}", accepted["by"], accepted["reason"]]
        ]

    def test_are_accepted_on_record_before_anything_is_copied(self, listed: Zone, to: Path) -> None:
        listed.settings(daily(ALPHA, starts_at=f"{moment(TIME) - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"))
        listed.export(time=digits(moment(TIME) - timedelta(days=2)))
        listed.scan("--settle-minutes", 0, "--depth", "list")
        words = [*WORDS_LISTED, "--as-of", TIME, "--to", to, "--accept-gaps", "--config", listed.config]
        process = started(*words)
        assert until(lambda: any(to.rglob(PART)))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert rows(listed, "SELECT state, finished_at FROM restores") == [["running", None]]
        assert rows(listed, "SELECT gap FROM gap_acceptance") == [["missing"]]

    def test_before_everything_are_refused_though_accepted(self, zone: Zone, to: Path) -> None:
        zone.flip(folder(0))
        zone.scan("--settle-minutes", 0, "--reverify", "all")
        answer = restore(zone, to, "--accept-gaps")
        assert (answer.status, answer.document["state"], to.exists()) == (2, "refused", False)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder in which none can be made")
def test_a_target_that_cannot_be_made_is_no_loss_of_the_files(zone: Zone) -> None:
    answer = restore(zone, Path("/proc/nowhere"))
    assert (answer.status, answer.document["state"]) == (3, "incomplete")


class TestSeveralPlaces:
    """A file is read from the next place where one fails."""

    @pytest.fixture
    def copied(self, zone: Zone, tmp_path: Path) -> Zone:
        """The zone with a copy of all of it in `safe`, whose folders are named otherwise."""
        more = f'[zones.safe]\nurl = "{tmp_path / "safe"}"\ntemplate = "all/{{DATASET_ID}}/{{EXPORT_TIME}}/x"\n'
        zone.config.write_text(zone.config.read_text() + more)
        ids = [f"zone/{ALPHA}/{time}" for time in TIMES]
        assert zone.run("copy", *ids, "--to", "safe", "--workers", 0).status == 0
        return zone

    @pytest.mark.parametrize("harm", ["missing", "other bytes", "other size"])
    def test_what_one_lost_comes_from_the_other(self, copied: Zone, to: Path, harm: str) -> None:
        whole = tree(copied.root)
        if harm == "missing":
            copied.remove(f"{folder(1)}/{json_part(0)}")
        elif harm == "other bytes":
            copied.flip(folder(1))
        else:
            copied.put(f"{folder(1)}/{json_part(0)}", some_json(9))
        answer = restore(copied, to)
        assert (answer.status, tree(to)) == (0, whole)
        assert (answer.counts["from_another_place"], answer.codes) == (1, {})
        (turned,) = answer.document["turned"]
        assert turned["url"].startswith(f"file://{copied.root}/")
        one = next(f for f in answer.document["files"] if f["path"] == f"{folder(1)}/{json_part(0)}")
        assert one["source"].startswith(f"file://{copied.folder}/safe/all/")
        assert sums_are_right(to)

    def test_what_its_zone_deleted_keeps_its_paths(self, copied: Zone, to: Path) -> None:
        whole = tree(copied.root)
        copied.remove(folder(0))
        copied.scan("zone", "--accept-vanished")
        assert (restore(copied, to).status, tree(to)) == (0, whole)

    def test_what_all_lost_is_missing(self, copied: Zone, to: Path) -> None:
        copied.remove(f"{folder(1)}/{json_part(0)}")
        for path in (copied.folder / "safe").rglob(f"*{TIMES[1]}*/x/{json_part(0)}"):
            path.unlink()
        answer = restore(copied, to)
        assert (answer.status, answer.document["state"], answer.counts["failed"]) == (2, "incomplete", 1)
        assert len(answer.document["errors"]) == 2
        assert not OURS & {p.name for p in to.iterdir()}


class TestAChangedSource:
    """Where a SHA-256 is recorded, the bytes decide."""

    def test_with_the_same_bytes_at_another_time_is_good(self, zone: Zone, to: Path) -> None:
        zone.touch(f"{folder(1)}/{json_part(0)}", moment(TIME) + timedelta(days=9))
        answer = restore(zone, to)
        assert (answer.status, tree(to)) == (0, tree(zone.root))

    def test_with_other_bytes_is_not_restored(self, zone: Zone, to: Path) -> None:
        zone.flip(folder(1))
        answer = restore(zone, to)
        (error,) = answer.document["errors"]
        assert (answer.status, error["kind"], error["path"]) == (2, "mismatch", f"{folder(1)}/{json_part(0)}")
        assert f"{folder(1)}/{json_part(0)}" not in tree(to)


class TestWrongUsage:
    """Said before anything is copied."""

    def test_to_a_store_that_takes_no_files(self, zone: Zone) -> None:
        zone.flip(folder(2))
        zone.scan("--settle-minutes", 0, "--reverify", "all")
        answer = restore(zone, "ftp://127.0.0.1:9/here", "--accept-gaps")
        assert (answer.status, "nothing can be copied" in answer.error["message"]) == (64, True)
        assert rows(zone, "SELECT count(*) FROM gap_acceptance") == [[0]]

    def test_shows_no_secret_of_a_url(self, zone: Zone) -> None:
        zone.flip(folder(0))
        zone.scan("--settle-minutes", 0, "--reverify", "all")
        answer = restore(zone, "https://acme.blob.core.windows.net/there/x?sv=2024-01-01&sig=very-secret")
        assert (answer.status, answer.document["state"]) == (2, "refused")
        assert answer.document["to"]["url"] == "abfss://there@acme.dfs.core.windows.net/x"
        assert "very-secret" not in answer.out + answer.err

    def test_into_the_zone_itself(self, zone: Zone) -> None:
        assert restore(zone, zone.root / "here").status == 64
        assert restore(zone, zone.folder).status == 64

    def test_of_an_unknown_dataset_or_to_nowhere(self, zone: Zone, to: Path) -> None:
        assert restore(zone, to, dataset=BETA).status == 64
        assert zone.run("restore", "run", ALPHA).status == 64


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries and hardly a pause between them."""
    monkeypatch.setattr(retry, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "GREATEST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(retry, "TRIES", 3)


@pytest.mark.usefixtures("short_waits")
def test_to_and_from_buckets_and_past_one_that_does_not_answer(zone: Zone, to: Path) -> None:
    whole = tree(zone.root)
    with moto_s3(zone.folder) as server:
        bucket, target = S3Store(server, "backup"), S3Store(server, "target")
        options = "".join(f'{key} = "{value}"\n' for key, value in bucket.location().options.items())
        places = {"safe": bucket.location("here"), "other": target.location()}
        text = zone.config.read_text()
        for name, place in places.items():
            text += f'\n[zones.{name}]\nurl = "{place.url}"\n[zones.{name}.options]\n{options}'
        zone.config.write_text(text)
        ids = [f"zone/{ALPHA}/{time}" for time in TIMES]
        assert zone.run("copy", *ids, "--to", "safe", "--workers", 2).status == 0
        there = restore(zone, "other", workers=3)
        assert (there.status, there.counts["copied"]) == (0, 12)
        assert restore(zone, "other", workers=3).counts["already_there"] == 12
        zone.remove(ALPHA)
        first_place = restore(zone, to, workers=2)
        assert (first_place.status, tree(to), first_place.counts["from_another_place"]) == (0, whole, 12)
        with faulty_proxy(server.url, Rule(is_read, unavailable)) as proxy:
            zone.config.write_text(text.replace(server.url, proxy.url))
            unread = restore(zone, zone.folder / "nothing", workers=2)
        assert (unread.status, unread.counts["failed"]) == (3, 12)
        assert not [s for s in bucket.secrets if s in there.out + unread.out + unread.err]


def test_a_catalog_that_cannot_be_written_costs_the_record_not_the_restore(zone: Zone, to: Path) -> None:
    if os.geteuid() == 0:
        lock = zone.folder / "landproof.duckdb.lock"
        lock.unlink(missing_ok=True)
        lock.mkdir()
    else:
        zone.folder.chmod(0o500)
    try:
        answer = restore(zone, to if os.geteuid() == 0 else Path("/tmp") / zone.folder.name)
    finally:
        zone.folder.chmod(0o700)
    assert answer.status == 4
    assert (answer.document["state"], sums_are_right(to)) == ("complete", True)
