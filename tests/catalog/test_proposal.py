"""What init makes of a zone, and that its proposal holds."""

from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import ALPHA, BETA, Zone, digits, some_json

from fixtures.content import TIME, json_part, parquet, part

NOW = datetime.now(UTC).replace(second=0, microsecond=0)


def init(zone: Zone) -> Answer:
    return landproof("init", zone.root, "--output", zone.config, "--json")


def table(zone: Zone, dataset: str = ALPHA) -> dict[str, object]:
    tables = tomllib.loads(zone.config.read_text())["datasets"]
    return next(dict(each) for each in tables if each["id"] == dataset)


def regular(zone: Zone, hours: int, count: int, jitter: range, seed: int = 1) -> None:
    """Write exports that start some minutes after their slots, the newest slot half an interval ago."""
    dice = random.Random(seed)
    due = NOW - timedelta(hours=hours) / 2 - timedelta(minutes=dice.randrange(60))
    for back in range(count):
        moment = due - back * timedelta(hours=hours) + timedelta(minutes=dice.choice(jitter))
        zone.export(ALPHA, digits(moment), landed=moment + timedelta(minutes=1))


@pytest.mark.parametrize(("hours", "seed"), [(3, 1), (6, 2), (12, 3), (24, 4), (24, 5)])
def test_a_regular_zone_is_found_on_time_right_after(tmp_path: Path, hours: int, seed: int) -> None:
    zone = Zone(tmp_path)
    regular(zone, hours, 7, range(21), seed)
    assert init(zone).document["datasets"][0]["every_hours"] == hours
    night = zone.run("nightly", "--fail-on", "warn")
    counts = night.document["check"]["counts"]
    assert (counts["on_time"], counts["missing"], counts["arrived_late"], night.status) == (7, 0, 0, 0)
    assert night.document["check"]["datasets"][0]["findings"] == []


def test_an_export_by_hand_does_not_move_the_schedule(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    for back in range(8):
        moment = NOW - timedelta(hours=12) - back * timedelta(days=1)
        zone.export(time=digits(moment), landed=moment)
    by_hand = NOW - timedelta(hours=12, days=3) - timedelta(hours=5)
    zone.export(time=digits(by_hand), landed=by_hand)
    init(zone)
    counts = zone.run("nightly").document["check"]["counts"]
    assert (counts["on_time"], counts["missing"]) == (8, 0)


def test_a_gap_is_still_a_gap(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    for back in (0, 1, 2, 4, 5):
        moment = NOW - timedelta(hours=12) - back * timedelta(days=1)
        zone.export(time=digits(moment), landed=moment)
    init(zone)
    assert zone.run("nightly").document["check"]["counts"]["missing"] == 1


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_exports_promise_nothing(tmp_path: Path, count: int) -> None:
    zone = Zone(tmp_path)
    zone.exports(count)
    init(zone)
    assert "every" not in table(zone)
    assert "starts_at" not in table(zone)
    assert zone.run("nightly").status == 0


def test_format_compression_and_manifests_are_seen_where_they_are_clear(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export(ALPHA, files={part(0, "gz.parquet"): parquet()}, manifest_in="snapshot")
    zone.export(BETA, files={json_part(): some_json(), part(1, "json"): b"{}\n"})
    init(zone)
    alpha, beta = table(zone, ALPHA), table(zone, BETA)
    assert (alpha["format"], alpha["compressed"], alpha["manifest"]) == ("parquet", True, True)
    assert (beta["format"], "compressed" in beta, beta["manifest"]) == ("json", False, False)


@pytest.mark.parametrize(("place", "expected"), [("snapshot", True), ("dataset", True), ("zone", None)])
def test_manifests_above_the_exports_are_not_taken_for_none(tmp_path: Path, place: str, expected: bool | None) -> None:
    zone = Zone(tmp_path)
    zone.export(manifest_in=place)
    init(zone)
    assert table(zone).get("manifest") is expected
    assert zone.run("nightly").status == 0


@pytest.mark.parametrize("name", ["emoji 😀 :x:", 'quo"te\\', "new\nline", "dot.ted ü"])
def test_whatever_the_zone_is_called_the_settings_load(tmp_path: Path, name: str) -> None:
    zone = Zone(tmp_path, name)
    zone.export()
    zone.export(f"data {name}")
    assert init(zone).status == 0
    assert zone.run("nightly").document["scan"]["counts"]["snapshots"] == 2


def test_an_empty_zone_gives_settings_without_datasets(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    assert init(zone).document["datasets"] == []
    assert list(tomllib.loads(zone.config.read_text())["zones"]) == ["zone"]


def test_without_a_zone_a_file_to_fill_in_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert landproof("init").status == 0
    assert tomllib.loads(Path("landproof.toml").read_text()) == {"catalog": {"path": "landproof.duckdb"}}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export()
    init(zone)
    before = zone.config.read_bytes()
    again = init(zone)
    assert (again.status, "not overwritten" in again.error["message"]) == (64, True)
    assert zone.config.read_bytes() == before


@pytest.mark.parametrize("output", ["nowhere/landproof.toml", "."])
def test_a_place_that_cannot_be_written_is_wrong_usage(tmp_path: Path, output: str) -> None:
    assert landproof("init", "--output", tmp_path / output).status == 64


def test_a_zone_that_is_not_there_is_3_and_leaves_no_file(tmp_path: Path) -> None:
    refused = landproof("init", tmp_path / "gone", "--output", tmp_path / "x.toml", "--json")
    assert (refused.status, (tmp_path / "x.toml").exists()) == (3, False)


def test_a_person_is_told_what_was_seen(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.exports(4, last=TIME)
    told = landproof("init", zone.root, "--output", zone.config).out
    assert ALPHA in told
    assert "24h" in told
    assert "written: " in told
