"""landproof scan --reverify: what has not changed is read again, all or a part of it, and when that was is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.landproof import Answer, landproof
from support.proxy import Proxy, Rule, faulty_proxy, is_read, refused
from support.servers import moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, utc

from fixtures.content import TIME, json_part

TIMES = ("202609180100", "202609190100", TIME)


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """Three exports of two files each, scanned once, the first longest ago."""
    zone = Zone(tmp_path)
    zone.exports(3, files=2)
    zone.scan()
    for number, time in enumerate(TIMES):
        age(zone, time, 30 - number)
    return zone


def age(zone: Zone, time: str, days: int) -> None:
    """Make what was read of an export have been read so many days ago."""
    with duckdb.connect(str(zone.catalog)) as connection:
        connection.execute(
            """UPDATE full_read SET read_at = now()::TIMESTAMP - to_days(CAST(? AS INTEGER))
               WHERE snapshot_key IN (SELECT snapshot_key FROM snapshot WHERE export_time = ?)""",
            [days, time],
        )


def read_in(zone: Zone, scan: Answer) -> list[str]:
    """Return the names of what a scan read in full: files by path, whole snapshots by their export time."""
    query = (
        f"SELECT coalesce(path, export_time) FROM full_reads WHERE scan_id = '{scan.document['scan_id']}' ORDER BY 1"
    )
    return [name for (name,) in zone.run("sql", query).document["rows"]]


def paths(zone: Zone) -> list[str]:
    return sorted(str(p.relative_to(zone.root)) for p in zone.root.rglob("*.gz"))


def last_read(zone: Zone) -> dict[str, str | None]:
    """Return when each snapshot was last read in full, by export time."""
    found = zone.run("snapshots").document["snapshots"]
    return {s["id"].rsplit("/", 1)[1]: s["last_full_read_at"] for s in found}


class TestBitRot:
    """A byte that turned under the same size and time."""

    def test_is_found_by_reading_again_and_by_nothing_else(self, zone: Zone) -> None:
        folder = f"{ALPHA}/exportTime={TIME}"
        zone.flip(folder, 1)
        assert (zone.scan().status, zone.scan("--depth", "structure").status) == (0, 0)
        found = zone.scan("--reverify", "all")
        assert (found.status, found.counts["files_read"], found.verdicts[TIME]) == (2, 6, "corrupt")
        assert found.only("file.changed")["path"] == f"{folder}/{json_part(1)}"
        again = zone.scan()
        assert (again.status, again.counts["files_read"], again.verdicts[TIME]) == (2, 0, "corrupt")

    def test_that_is_undone_is_good_once_it_was_read_again(self, zone: Zone) -> None:
        folder = f"{ALPHA}/exportTime={TIME}"
        zone.flip(folder)
        assert zone.scan("--reverify", "all").status == 2
        zone.flip(folder)
        assert zone.scan().status == 2
        mended = zone.scan("--reverify", "all")
        assert (mended.status, mended.verdicts[TIME]) == (0, "good")


def test_all_reads_manifests_too_and_records_the_reads_alone(zone: Zone) -> None:
    zone.export(BETA, files=2, manifest_in="snapshot")
    zone.scan()
    before = zone.run("sql", "SELECT count(*) FROM file_revision").document["rows"]
    seen = zone.scan("--reverify", "all")
    assert (seen.status, seen.counts["files_read"], seen.counts["files_unchanged"]) == (0, 9, 0)
    assert seen.document["reverify"] | {"bytes": 0, "of_bytes": 0} == {
        "asked": "all", "files": 8, "bytes": 0, "of_files": 8, "of_bytes": 0, "runs": None,
    }  # fmt: skip
    assert zone.run("sql", "SELECT count(*) FROM file_revision").document["rows"] == before
    assert read_in(zone, seen) == sorted([*TIMES, TIME])


def test_nothing_is_read_again_unasked(zone: Zone) -> None:
    seen = zone.scan()
    assert (seen.counts["files_read"], seen.document["reverify"], read_in(zone, seen)) == (0, None, [])


@pytest.mark.parametrize(("percent", "count"), [("0.1", 1), ("34", 3)])
def test_a_sample_is_drawn_by_the_id_of_the_scan(zone: Zone, percent: str, count: int) -> None:
    seen = zone.scan("--reverify", f"sample:{percent}")
    assert seen.counts["files_read"] == seen.document["reverify"]["files"] == count
    drawn = sorted(paths(zone), key=lambda path: lot(seen.document["scan_id"], path))[:count]
    told = [path for name in read_in(zone, seen) for path in paths(zone) if name in path]
    assert sorted(told) == sorted(drawn)


def lot(scan_id: str, path: str) -> int:
    return int.from_bytes(hashlib.md5(f"{scan_id}/zone/{path}".encode()).digest()[:8], "little")


def test_what_is_old_is_read_and_what_is_not_is_not(zone: Zone) -> None:
    seen = zone.scan("--reverify", "older-than:28.5")
    assert read_in(zone, seen) == list(TIMES[:2])
    assert zone.scan("--reverify", "older-than:28.5").counts["files_read"] == 0
    assert last_read(zone)[TIME] < min(filter(None, (last_read(zone)[time] for time in TIMES[:2])))


def test_a_budget_takes_the_longest_unread_first_until_all_have_been_read(zone: Zone) -> None:
    sizes = {path: (zone.root / path).stat().st_size for path in paths(zone)}
    budget = sum(sorted(sizes.values())[-2:])
    order = []
    for run in range(3):
        seen = zone.scan("--reverify", f"budget:{budget}")
        assert (seen.document["reverify"]["runs"], seen.counts["bytes_read"] <= budget) == (3, True)
        order += read_in(zone, seen)
        assert run == 2 or seen.document["reverify"]["of_files"] == 6
    assert order == list(TIMES)


def test_a_budget_smaller_than_any_file_reads_one(zone: Zone) -> None:
    seen = zone.scan("--reverify", "budget:1")
    assert (seen.counts["files_read"], seen.document["reverify"]["runs"]) == (1, 6)
    told = landproof("scan", zone.root, "--catalog", zone.catalog, "--reverify", "budget:1B", "--workers", 0).out
    assert "read again by budget:1B: 1 of 6 files" in told
    assert "at this budget every byte is read again within 6 runs" in told


def test_a_budget_is_spent_over_all_zones_by_age(zone: Zone, tmp_path: Path) -> None:
    other = Zone(tmp_path, "other")
    other.export(BETA, "202609180100")
    landproof("scan", zone.root, other.root, "--catalog", zone.catalog, "--workers", 0)
    age(zone, "202609180100", 40)
    first = Zone(tmp_path).file(f"{ALPHA}/exportTime=202609180100").stat().st_size
    both = landproof("scan", other.root, zone.root, "--catalog", zone.catalog, "--workers", 0, "--json",
                     "--reverify", f"budget:{first * 3 - 20}")  # fmt: skip
    assert both.counts["files_read"] == 2
    assert both.document["reverify"]["of_files"] == 7


def test_a_part_of_a_zone_is_chosen_from_alone(zone: Zone) -> None:
    seen = zone.scan("--reverify", "budget:1GiB", "--from", "2026-09-19")
    assert (seen.document["reverify"]["of_files"], read_in(zone, seen)) == (4, list(TIMES[1:]))
    one = zone.scan("--reverify", "all", "--snapshot", f"zone/{ALPHA}/{TIME}")
    assert (one.document["reverify"]["files"], read_in(zone, one)) == (2, [TIME])
    folder = landproof("scan", zone.root / ALPHA / f"exportTime={TIME}", "--catalog", zone.catalog, "--workers", 0,
                       "--reverify", "sample:1", "--json")  # fmt: skip
    assert (folder.counts["files_read"], folder.document["reverify"]["of_files"]) == (1, 2)


def test_a_lesser_look_reads_again_and_loses_nothing_of_what_is_known(zone: Zone) -> None:
    before = zone.run("show", f"zone/{ALPHA}/{TIME}").document
    seen = zone.scan("--reverify", "all", "--depth", "structure")
    assert (seen.status, seen.counts["files_read"], read_in(zone, seen)) == (0, 6, [])
    after = zone.run("show", f"zone/{ALPHA}/{TIME}").document
    assert [f | {"last_seen_at": None} for f in after["files"]] == [f | {"last_seen_at": None} for f in before["files"]]
    assert after["snapshot"]["last_full_read_at"] == before["snapshot"]["last_full_read_at"]
    path = zone.file(f"{ALPHA}/exportTime={TIME}")
    stat = path.stat()
    path.write_bytes(bytes(stat.st_size))
    zone.touch(str(path.relative_to(zone.root)), utc(before["files"][0]["modified_at"]))
    assert zone.scan("--reverify", "all", "--depth", "structure").verdicts[TIME] == "corrupt"


def test_a_file_that_came_later_is_not_made_older_by_those_before_it(zone: Zone) -> None:
    zone.put(f"{ALPHA}/exportTime={TIME}/{json_part(2)}", zone.file(f"{ALPHA}/exportTime=202609190100").read_bytes())
    seen = zone.scan()
    assert read_in(zone, seen) == [f"{ALPHA}/exportTime={TIME}/{json_part(2)}"]
    reads = [f["last_full_read_at"] for f in zone.run("show", f"zone/{ALPHA}/{TIME}").document["files"]]
    assert reads[0] == reads[1] == last_read(zone)[TIME]
    assert utc(reads[2]) - utc(reads[0]) > timedelta(days=27)


def test_what_was_never_read_in_full_says_so(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export(files=2)
    zone.scan("--depth", "structure")
    assert last_read(zone) == {TIME: None}
    zone.scan()
    assert last_read(zone)[TIME] is not None
    zone.touch(f"{ALPHA}/exportTime={TIME}/{json_part()}", utc("2026-09-21T01:00:00Z"))
    zone.scan("--depth", "structure")
    assert last_read(zone) == {TIME: None}


@pytest.mark.parametrize(
    "how",
    ["", "al", "all:1", "sample", "sample:", "sample:0", "sample:101", "sample:nan", "sample:1/0", "older-than:0",
     "older-than:40000", "budget:0", "budget:1XB", "budget:-1"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, how: str) -> None:
    refused = Zone(tmp_path).scan("--reverify", how)
    assert (refused.status, "--reverify" in refused.error["message"]) == (64, True)


@pytest.mark.parametrize(("how", "depth"), [("all", "list"), ("sample:5", "list"), ("budget:1GB", "structure")])
def test_a_depth_that_reads_too_little_is_refused(tmp_path: Path, how: str, depth: str) -> None:
    assert Zone(tmp_path).scan("--reverify", how, "--depth", depth).status == 64


def test_gone_snapshots_stay_as_they_are(zone: Zone) -> None:
    zone.remove(f"{ALPHA}/exportTime={TIME}")
    gone = zone.scan()
    again = zone.scan("--reverify", "all")
    assert (gone.status, again.status, again.counts["files_read"]) == (2, 2, 4)
    assert again.document["snapshots"] == gone.document["snapshots"]


class TestAStoreThatCannotBeReadNow:
    """Its listing is there, its files are not."""

    @pytest.fixture
    def proxy(self, tmp_path: Path) -> Iterator[Proxy]:
        with moto_s3(tmp_path) as server, faulty_proxy(server.url) as proxy:
            zone = Zone(tmp_path)
            zone.exports(2)
            store = S3Store(server, "landing")
            for path in paths(zone):
                store.put(f"zone/{path}", (zone.root / path).read_bytes())
            zone.config.write_text(
                f'[catalog]\npath = "landproof.duckdb"\n[zones.zone]\nurl = "s3://landing/zone"\n[zones.zone.options]\n'
                f'endpoint_url = "{proxy.url}"\nkey = "testing-key"\nsecret = "testing-secret"\nregion = "us-east-1"\n'
            )
            yield proxy

    def test_leaves_what_was_known_and_is_unknown_until_it_was_read(self, proxy: Proxy, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        assert zone.scan("--settle-minutes", 0).status == 0
        before = zone.run("show", f"zone/{ALPHA}/{TIME}").document
        proxy.rules.append(Rule(is_read, refused(403, "<Error><Code>AccessDenied</Code></Error>")))
        blind = zone.scan("--reverify", "all")
        assert (blind.status, blind.verdicts[TIME], set(blind.codes)) == (3, "unknown", {"file.unreadable"})
        during = zone.run("show", f"zone/{ALPHA}/{TIME}").document
        for kept in ("sha256", "reference_sha256", "rows", "last_full_read_at"):
            assert during["files"][0][kept] == before["files"][0][kept]
        assert during["snapshot"]["last_full_read_at"] == before["snapshot"]["last_full_read_at"]
        proxy.rules.clear()
        seen = zone.scan()
        assert (seen.status, seen.verdicts[TIME], seen.counts["files_read"]) == (0, "good", 2)


class TestAnOverdueReading:
    """`verify_every` of a dataset and `check`."""

    @pytest.fixture
    def zone(self, zone: Zone) -> Zone:
        zone.settings(daily(ALPHA, 'verify_every = "684h"', "enabled = false"), daily(BETA, "enabled = false"))
        return zone

    def test_is_a_warning_until_all_was_read_again(self, zone: Zone) -> None:
        told = zone.run("check")
        found = told.only("dataset.verification-overdue")
        assert (told.status, found["level"], found["count"]) == (2 if "zone.stale" in told.codes else 1, "warn", 2)
        assert f"zone/{ALPHA}/{TIMES[0]}" in found["message"]
        assert told.document["datasets"][0]["status"] == "degraded"
        assert "dataset.verification-overdue" in landproof("nightly", "--config", zone.config).out
        zone.scan("--reverify", "older-than:28.5")
        assert "dataset.verification-overdue" not in zone.run("check").codes

    def test_is_made_good_by_the_nightly_run_itself(self, zone: Zone) -> None:
        night = zone.run("nightly", "--reverify", "older-than:28.5", "--workers", 0)
        assert night.document["scan"]["reverify"]["files"] == 4
        assert "dataset.verification-overdue" not in str(night.document["check"])
        assert zone.run("nightly", "--reverify", "yesterday").status == 64

    def test_is_told_as_of_the_moment_asked_about(self, zone: Zone) -> None:
        zone.scan("--reverify", "all")
        assert "dataset.verification-overdue" not in zone.run("check").codes
        before = utc(zone.run("sql", "SELECT max(started_at) FROM scans").document["rows"][0][0]) - timedelta(hours=1)
        told = zone.run("check", "--at", before.isoformat())
        assert told.only("dataset.verification-overdue")["count"] == 2

    def test_does_not_count_what_is_gone(self, zone: Zone) -> None:
        for time in TIMES[:2]:
            zone.remove(f"{ALPHA}/exportTime={time}")
        zone.scan()
        assert "dataset.verification-overdue" not in zone.run("check").codes
