"""landproof catalog …: what is recorded can be lost without loss, and that can be seen."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from support.landproof import Answer, landproof
from support.servers import S3Server, moto_s3
from support.stores import S3Store
from support.zones import ALPHA, BETA, Zone, daily, some_json

from fixtures.content import TIME, json_part, moment

QUESTIONS = (
    ("snapshots",), ("datasets",), ("show", f"zone/{BETA}/{TIME}"), ("history", f"zone/{BETA}/{TIME}"),
    ("sql", "SELECT scan_id, zone, state, counts FROM scans ORDER BY ALL"),
    ("sql", "SELECT * EXCLUDE (scan_key, snapshot_key) FROM files ORDER BY ALL"),
    ("sql", "SELECT * FROM slots ORDER BY ALL"),
)  # fmt: skip


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone scanned twice, with a file that changed in between, and checked."""
    zone = Zone(tmp_path)
    zone.settings(daily(ALPHA, 'name = "Web events"'))
    zone.exports(3)
    folder = zone.export(BETA)
    zone.scan()
    zone.put(f"{folder}/{json_part()}", some_json(9), moment("202609210100"))
    zone.run("nightly")
    return zone


def answers(zone: Zone) -> list[str]:
    return [zone.run(*words).out for words in QUESTIONS]


def segments(zone: Zone) -> list[Path]:
    return sorted((zone.config.parent / "landproof.segments").rglob("*.json.gz"))


def catalog(zone: Zone) -> Path:
    return zone.config.parent / "landproof.duckdb"


def test_each_scan_leaves_one_segment_and_a_night_what_it_noticed_and_itself(zone: Zone) -> None:
    kinds = [file.name.split("-")[1] for file in segments(zone)]
    assert kinds == ["scan", "ledger", "scan", "check", "notice", "night", "ledger"]
    again = zone.run("scan")
    assert again.counts["files_read"] == 0
    assert len(segments(zone)) == 9


def test_a_lost_catalog_answers_as_before_once_it_is_rebuilt(zone: Zone) -> None:
    before = answers(zone)
    catalog(zone).unlink()
    rebuilt = zone.run("catalog", "rebuild")
    assert (rebuilt.status, rebuilt.document["taken"], rebuilt.document["moved_aside"]) == (0, 7, None)
    assert answers(zone) == before
    verified = zone.run("catalog", "verify")
    assert (verified.status, verified.document["state"], verified.document["segments"]) == (0, "same", 7)
    assert zone.run("scan").counts["files_read"] == 0


def test_a_damaged_catalog_says_how_to_make_it_again_and_is_kept(zone: Zone) -> None:
    before, whole = answers(zone), catalog(zone).read_bytes()
    damaged = whole[:8192] + bytes(len(whole) - 8192)
    catalog(zone).write_bytes(damaged)
    refused = zone.run("snapshots")
    assert (refused.status, "is damaged" in refused.error["message"]) == (4, True)
    assert "landproof catalog rebuild" in refused.error["hint"]
    assert catalog(zone).read_bytes() == damaged
    rebuilt = zone.run("catalog", "rebuild")
    assert rebuilt.status == 0
    assert Path(rebuilt.document["moved_aside"]).read_bytes() == damaged
    assert answers(zone) == before


def test_a_mismatch_is_named_and_is_an_error(zone: Zone) -> None:
    with duckdb.connect(str(catalog(zone))) as connection:
        connection.execute("UPDATE snapshot_revision SET verdict = 'good'")
    answer = zone.run("catalog", "verify")
    assert (answer.status, answer.document["state"]) == (2, "differs")
    assert {m["kind"] for m in answer.document["mismatches"]} == {"differs"}
    assert "snapshot" in answer.document["mismatches"][0]["message"]
    text = landproof("catalog", "verify", "--config", zone.config)
    assert (text.status, text.out.count("differs: scan")) == (2, len(answer.document["mismatches"]))


def test_a_segment_cut_short_is_named_and_the_others_are_taken_in(zone: Zone) -> None:
    file = segments(zone)[-1]
    file.write_bytes(file.read_bytes()[:-1])
    assert zone.run("catalog", "verify").status == 2
    kept = zone.run("catalog", "rebuild")
    assert (kept.status, "no segment brings back" in kept.error["message"]) == (4, True)
    catalog(zone).rename(catalog(zone).with_suffix(".away"))
    rebuilt = zone.run("catalog", "rebuild")
    (refused,) = rebuilt.document["refused"]
    assert (rebuilt.status, rebuilt.document["taken"], refused["is_damaged"]) == (2, 6, True)
    assert file.name in refused["segment"]
    assert file.name in rebuilt.err


def test_a_backup_and_an_export_are_parquet_files_that_others_read(zone: Zone, tmp_path: Path) -> None:
    before = answers(zone)
    backed_up = zone.run("catalog", "backup", tmp_path / "backup")
    exported = zone.run("catalog", "export", tmp_path / "export")
    assert (backed_up.status, exported.status) == (0, 0)
    for file in exported.document["files"]:
        query = f"SELECT count(*) FROM '{tmp_path / 'export' / file['name']}'"
        assert duckdb.sql(query).fetchall() == [(file["rows"],)]
    shutil.rmtree(zone.config.parent / "landproof.segments")
    catalog(zone).unlink()
    assert zone.run("catalog", "rebuild").status == 4
    assert zone.run("catalog", "rebuild", "--backup", tmp_path / "backup").status == 0
    assert answers(zone) == before
    again = zone.run("catalog", "export", tmp_path / "export")
    assert (again.status, "not empty" in again.error["message"]) == (64, True)


def test_another_catalog_has_segments_of_its_own(zone: Zone, tmp_path: Path) -> None:
    other = tmp_path / "try.duckdb"
    before = segments(zone)
    assert landproof("scan", zone.root, "--config", zone.config, "--catalog", other).status == 0
    assert segments(zone) == before
    assert len(list((tmp_path / "try.segments").rglob("*.json.gz"))) == 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto_s3(tmp_path_factory.mktemp("moto")) as server:
        yield server


def machine(folder: Path, server: S3Server, zone: str) -> Zone:
    """A machine that looks at a zone of its own and shares the place of its segments, in the bucket of its zone."""
    folder.mkdir()
    one = Zone(folder, "exports")
    one.config.write_text(
        f'[catalog]\nsegments = "s3://landing/segments"\n[zones.{zone}]\nurl = "s3://landing/{zone}"\n'
        f'[zones.{zone}.options]\nendpoint_url = "{server.url}"\nkey = "testing-key"\nsecret = "testing-secret"\n'
        f'region = "us-east-1"\n[zones.{zone}-files]\nurl = "{one.root}"\n'
    )
    return one


def test_machines_share_one_place_of_segments(tmp_path: Path, server: S3Server) -> None:
    store = S3Store(server, "landing")
    for zone in ("a", "b"):
        store.put(f"{zone}/{ALPHA}/exportTime={TIME}/{json_part()}", some_json())
    here, there = (machine(tmp_path / name, server, name) for name in ("a", "b"))
    for one, name in ((here, "a"), (there, "b")):
        assert one.run("scan", name).counts["files"] == 1
    assert not (tmp_path / "a" / "landproof.segments").exists()

    def known(one: Zone) -> list[str]:
        return sorted(s["id"] for s in one.run("snapshots").document["snapshots"])

    assert known(here) == [f"a/{ALPHA}/{TIME}"]
    behind = here.run("catalog", "verify")
    assert [m["kind"] for m in behind.document["mismatches"]] == ["not-taken-in"] * 2
    for one, new in ((here, 2), (there, 3)):  # a scan and its checkpoint, and the checkpoint of who took in first
        taken: list[Answer] = [one.run("catalog", "ingest") for _ in range(2)]
        assert [answer.document["taken"] for answer in taken] == [new, 0]
        assert known(one) == [f"a/{ALPHA}/{TIME}", f"b/{ALPHA}/{TIME}"]
        assert one.run("catalog", "verify").document["state"] == "same"
    (tmp_path / "a" / "landproof.duckdb").unlink()
    assert here.run("catalog", "rebuild").document["taken"] == 6
    assert known(here) == known(there)


def test_segments_that_cannot_be_written_stop_a_scan_that_would_not_be_recorded(
    zone: Zone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answers(zone)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LANDPROOF_CATALOG__SEGMENTS", os.fspath(tmp_path / "file" / "x"))
    answer = zone.run("scan")
    monkeypatch.undo()
    assert answer.status == 4
    assert "nothing of this step was recorded" in json.loads(answer.err)["error"]["message"]
    scans = QUESTIONS.index(next(q for q in QUESTIONS if "FROM scans" in q[-1]))
    after = answers(zone)
    assert (after.pop(scans).count("unfinished"), before.pop(scans).count("unfinished")) == (1, 0)
    assert after == before


def test_a_catalog_inside_its_zone_is_no_stray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone(tmp_path, "a [zone]")
    zone.export(ALPHA)
    monkeypatch.chdir(zone.root)
    for _ in range(2):
        assert landproof("scan", ".", "--json").document["strays"] == []
    zone.put("landproof.segments.txt", b"x")
    estimated = landproof("scan", ".", "--estimate", "--json")
    (stray,) = landproof("scan", ".", "--json").document["strays"]
    assert (stray["path"], estimated.status) == ("landproof.segments.txt", 0)
