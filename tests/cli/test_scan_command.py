"""landproof scan as a user calls it: places, selections, settings, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.landproof import landproof
from support.zones import ALPHA, BETA, Zone, daily, days_before, some_json

from fixtures.content import TIME, json_part, parquet, part


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    for dataset in (ALPHA, BETA):
        for time in days_before(TIME, 2):
            zone.export(dataset, time)
    return zone


class TestAPlace:
    """What is asked for by a path or URL."""

    def test_may_be_a_dataset_or_a_snapshot_folder_without_any_settings(self, zone: Zone) -> None:
        for place, count in ((f"{ALPHA}", 2), (f"{ALPHA}/exportTime={TIME}", 1)):
            catalog = zone.folder / f"{count}.duckdb"
            seen = landproof("scan", zone.root / place, "--catalog", catalog, "--json", "--workers", 0)
            assert {s["dataset_id"] for s in seen.document["snapshots"]} == {ALPHA}
            assert (seen.counts["snapshots"], seen.status) == (count, 0)

    def test_may_be_a_url_or_a_relative_path_of_the_same_zone(
        self, zone: Zone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(zone.folder)
        first = zone.scan()
        for place in (zone.root.as_uri(), "zone", "./zone/", "zone/../zone"):
            again = landproof("scan", place, "--catalog", "landproof.duckdb", "--json", "--workers", 0)
            assert again.document["zones"] == first.document["zones"]
            assert again.counts["files_read"] == 0

    @pytest.mark.parametrize("configured", [True, False])
    def test_inside_a_zone_is_that_part_of_it(self, zone: Zone, configured: bool) -> None:
        if configured:
            zone.settings()
        zone.scan()
        part_of_it = zone.run("scan", zone.root / ALPHA)
        assert part_of_it.document["zones"][0]["zone"] == "zone"
        assert (part_of_it.counts["snapshots"], part_of_it.counts["files_read"]) == (2, 0)
        assert zone.run("sql", "SELECT count(*) FROM snapshots").document["rows"] == [[4]]

    def test_that_is_not_there_is_not_a_finding_about_data(self, zone: Zone) -> None:
        missing = landproof("scan", zone.folder / "nowhere", "--catalog", zone.catalog, "--json")
        (seen,) = missing.document["zones"]
        assert (missing.status, seen["complete"], seen["error"]["kind"]) == (3, False, "not-found")
        assert seen["findings"][0]["code"] == "zone.unreachable"
        assert "nowhere" in seen["error"]["message"]

    def test_that_is_a_file_is_refused_with_words_a_person_understands(self, zone: Zone) -> None:
        file = zone.file(f"{ALPHA}/exportTime={TIME}")
        bare = landproof("scan", file, "--catalog", zone.folder / "other.duckdb", "--json")
        assert bare.status == 3
        assert "folder" in bare.document["zones"][0]["error"]["message"]
        zone.scan()
        inside = zone.run("scan", file)
        assert (inside.status, inside.document["snapshots"]) == (1, [])
        assert f"no folder of exports at {file.relative_to(zone.root)}" in inside.only("zone.empty")["message"]

    def test_without_anything_in_it_is_never_good(self, tmp_path: Path) -> None:
        empty = Zone(tmp_path).scan()
        assert (empty.status, empty.only("zone.empty")["level"], empty.document["snapshots"]) == (1, "warn", [])
        (tmp_path / "zone" / "_SUCCESS").touch()
        assert Zone(tmp_path).scan().codes["zone.empty"] == 1

    def test_may_share_its_name_with_others(self, tmp_path: Path) -> None:
        zones = [Zone(tmp_path / folder, "exports") for folder in ("a", "b", "c")]
        for zone in zones:
            zone.export()
        places = [z.root for z in zones]
        both = landproof("scan", *places[:2], "--catalog", tmp_path / "c.duckdb", "--json", "--workers", 0)
        assert [z["zone"] for z in both.document["zones"]] == ["exports", "exports-2"]
        third = landproof("scan", places[2], places[0], "--catalog", tmp_path / "c.duckdb", "--json", "--workers", 0)
        assert [z["zone"] for z in third.document["zones"]] == ["exports-3", "exports"]
        assert third.counts["files_unchanged"] == 1

    def test_that_cannot_be_reached_leaves_the_others_their_record(self, zone: Zone) -> None:
        both = landproof("scan", zone.folder / "gone", zone.root, "--catalog", zone.catalog, "--json", "--workers", 0)
        assert (both.status, both.counts["snapshots"]) == (3, 4)
        assert [z["complete"] for z in both.document["zones"]] == [False, True]
        assert zone.run("sql", "SELECT zone, state FROM scans ORDER BY zone").document["rows"] == [
            ["zone", "complete"],
        ]


class TestASelection:
    """--dataset, --snapshot, --from and --to."""

    @pytest.mark.parametrize("text", [ALPHA, f"zone/{ALPHA}", "Web / events", "alpha"])
    def test_of_a_dataset_is_by_id_zone_and_id_or_name(self, zone: Zone, text: str) -> None:
        name = text if text in ("alpha", "Web / events") else "other"
        zone.settings(daily(ALPHA, f'name = "{name}"'), daily(BETA, 'name = "beta"'))
        seen = zone.scan("--dataset", text)
        assert {s["dataset_id"] for s in seen.document["snapshots"]} == {ALPHA}

    def test_of_a_name_that_two_datasets_have_is_wrong_usage(self, zone: Zone) -> None:
        zone.settings(daily(ALPHA, 'name = "same"'), daily(BETA, 'name = "same"'))
        refused = zone.scan("--dataset", "same")
        assert (refused.status, "one dataset of zone 'zone' with this name" in refused.error["message"]) == (64, True)

    def test_of_an_id_that_two_zones_have_is_clear_once_the_zone_is_told(self, tmp_path: Path) -> None:
        zones = [Zone(tmp_path / name, name) for name in ("left", "right")]
        catalog = tmp_path / "c.duckdb"
        for zone in zones:
            zone.export()
        words = ["--catalog", catalog, "--json", "--workers", 0]
        landproof("scan", zones[0].root, zones[1].root, *words)
        assert landproof("scan", "--dataset", ALPHA, *words).status == 64
        for selected in (["--dataset", f"left/{ALPHA}"], [zones[0].root, "--dataset", ALPHA]):
            assert [z["zone"] for z in landproof("scan", *selected, *words).document["zones"]] == ["left"]
        assert landproof("snapshots", "--zone", "left", "--dataset", ALPHA, *words[:3]).status == 0

    def test_of_a_snapshot_needs_no_place(self, zone: Zone) -> None:
        zone.scan()
        one = landproof("scan", "--snapshot", f"zone/{BETA}/{TIME}", "--catalog", zone.catalog, "--json")
        assert [s["id"] for s in one.document["snapshots"]] == [f"zone/{BETA}/{TIME}"]

    @pytest.mark.parametrize(
        ("words", "times"),
        [
            (["--from", "2026-09-20"], [TIME]),
            (["--to", "2026-09-19"], ["202609190100"]),
            (["--from", "2026-09-19T01:00:00Z", "--to", "202609190100"], ["202609190100"]),
            (["--from", "2026-09-20T03:00:00+02:00"], [TIME]),
        ],
    )
    def test_of_a_period_is_by_export_time_both_ends_included(
        self, zone: Zone, words: list[str], times: list[str]
    ) -> None:
        seen = zone.scan("--dataset", ALPHA, *words)
        assert list(seen.verdicts) == times

    def test_that_matches_nothing_is_no_success(self, zone: Zone) -> None:
        for words in (["--dataset", "64e0000000000000000000ff"], ["--from", "2026-12-01"]):
            seen = zone.scan(*words)
            assert (seen.status, seen.only("zone.empty")["message"]) == (1, "nothing that was asked for was there")

    def test_leaves_what_was_not_asked_for_as_it_is(self, zone: Zone) -> None:
        zone.scan()
        zone.remove(BETA)
        assert zone.scan("--dataset", ALPHA).status == 0
        assert zone.scan("--from", "2026-12-01").codes["file.vanished"] == 0
        presences = zone.run("snapshots", "--dataset", BETA).document["snapshots"]
        assert {s["presence"] for s in presences} == {"present"}

    def test_counts_as_proof_for_its_dataset_only(self, zone: Zone) -> None:
        zone.settings(daily(ALPHA), daily(BETA))
        zone.scan("--dataset", ALPHA)
        checked = zone.run("check", "--at", "2026-09-23T00:00:00Z", "--from", "2026-09-21T00:00:00Z").document
        statuses = {d["dataset_id"]: {s["status"] for s in d["slots"]} for d in checked["datasets"]}
        assert statuses == {ALPHA: {"missing", "not_due"}, BETA: {"unknown", "not_due"}}


class TestSettings:
    """What landproof.toml changes about a scan."""

    @pytest.mark.parametrize(
        ("template", "path", "identity"),
        [
            ("{DATASET_ID}/{EXPORT_TIME}", f"any/where/{ALPHA}/exportTime={TIME}", f"{ALPHA}/{TIME}"),
            ("%DESTINATION%/%DATASET_NAME%/%EXPORT_TIME%", f"s3/Web Events/exportTime={TIME}", f"Web Events/{TIME}"),
            ("{DATASET_NAME}/{DATETIME(YYYYMMdd_HHmmss)}", "web/20260920_010000", "web/20260920010000"),
            ("daily/{DATETIME(YYYYMMdd)}", "daily/20260920", "zone/202609200000"),
        ],
    )
    def test_give_the_template(self, tmp_path: Path, template: str, path: str, identity: str) -> None:
        zone = Zone(tmp_path)
        zone.settings(zone=f'template = "{template}"')
        zone.put(f"{path}/{json_part()}", some_json())
        seen = zone.scan()
        assert [s["id"] for s in seen.document["snapshots"]] == [f"zone/{identity}"]
        assert seen.codes["layout.mixed-datasets"] == (template == "daily/{DATETIME(YYYYMMdd)}")

    def test_ignore_what_is_no_export(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export()
        zone.put("audience_7/members.csv", b"x")
        zone.put("notes/readme.txt", b"x")
        zone.settings(zone='ignore = ["audience_*/**", "*.txt"]')
        assert ((seen := zone.scan()).document["strays"], seen.status) == ([], 0)
        zone.settings(zone='ignore = ["audience_*/**"]')
        assert [s["path"] for s in zone.scan().document["strays"]] == ["notes/readme.txt"]

    def test_change_levels_verdict_and_exit_status_with_them_without_a_read(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        name = part(0, "gz.parquet")
        zone.export(files={name: parquet(compression="snappy")})
        assert ((seen := zone.scan()).status, seen.verdicts[TIME]) == (1, "good")
        zone.settings('[levels]\n"parquet.codec-mismatch" = "error"')
        worse = zone.scan()
        assert (worse.status, worse.verdicts[TIME], worse.counts["files_read"]) == (2, "corrupt", 0)
        zone.settings('[levels]\n"parquet.codec-mismatch" = "info"')
        better = zone.scan()
        assert (better.status, better.verdicts[TIME], better.counts["files_read"]) == (0, "good", 0)

    def test_soften_an_error(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.export(files={json_part(): b""})
        assert ((seen := zone.scan()).status, seen.verdicts[TIME]) == (2, "corrupt")
        zone.settings('[levels]\n"file.empty" = "info"')
        assert ((seen := zone.scan()).status, seen.counts["error"]) == (0, 0)

    def test_with_mistakes_are_told_of_all_at_once(self, tmp_path: Path) -> None:
        zone = Zone(tmp_path)
        zone.config.write_text(
            '[zone.x]\nurl = "s3://bucket"\n[catalog]\npth = "x"\n[[datasets]]\nzone = "y"\nid = "a"\n'
        )
        for command in ("scan", "check", "nightly", "snapshots", "doctor"):
            refused = zone.run(command)
            assert refused.status == 64
            assert all(word in refused.error["message"] for word in ("zone", "zones", "pth", "path", "y"))


@pytest.mark.parametrize(
    "words",
    [
        ["--depth", "deep"],
        ["--workers", "-1"],
        ["--settle-minutes", "soon"],
        ["--settle-minutes", "99999999999"],
        ["--from", "yesterday"],
        ["--from", "0001-01-01T00:00:00+14:00"],
        ["--from", "2026-09-20", "--to", "2026-09-19"],
        ["--snapshot", "zone/64e0"],
        ["--snapshot", f"nozone/{ALPHA}/{TIME}"],
        ["--dataset", f"nozone/{ALPHA}"],
        ["--fail-on", "never"],
        ["--unknown"],
        ["--config", "nowhere.toml"],
        ["tape://host/x"],
    ],
)
def test_wrong_usage_is_64_and_reads_nothing(zone: Zone, words: list[str]) -> None:
    refused = landproof(
        "scan", *([] if words[0].startswith("ftp") else [zone.root]), "--catalog", zone.catalog, "--json", *words
    )
    assert (refused.status, refused.out, refused.error["exit_status"]) == (64, "", 64)
    assert not zone.catalog.exists()


def test_warnings_alone_may_be_forgiven_but_not_errors(zone: Zone) -> None:
    zone.put("stray.txt", b"x")
    assert [zone.scan("--fail-on", level).status for level in ("warn", "error")] == [1, 0]
    zone.flip(zone.export(time="202609210100"))
    assert zone.scan("--fail-on", "error").status == 2


def test_lines_stream_each_snapshot_and_end_with_the_document_without_them(zone: Zone) -> None:
    whole = zone.scan()
    streamed = landproof("scan", zone.root, "--catalog", zone.catalog, "--jsonl", "--workers", 0)
    *snapshots, last = (json.loads(line) for line in streamed.out.splitlines())
    assert snapshots == whole.document["snapshots"]
    assert last["schema"] == "landproof/scan/1"
    assert "snapshots" not in last
    assert last["counts"]["files"] == 4


def test_words_tell_what_was_found_and_what_to_do(zone: Zone) -> None:
    zone.flip(zone.export(ALPHA, "202609210100"))
    told = landproof("scan", zone.root, "--catalog", zone.catalog, "--workers", 0)
    assert told.status == 2
    assert "gzip." in told.out
    assert "hint: " in told.out
    assert "1 corrupt, 4 good" in told.out
    assert told.err == ""
