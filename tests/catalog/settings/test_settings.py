"""Settings: what a file comes to."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.settings_files import DATASET, ZONE, load

from catalog.schedule import Cron, Every, Once, Schedule
from catalog.settings.loading import Settings, find_settings, load_settings
from verifier.errors import SettingsError
from verifier.findings import Level
from verifier.formats.base import Limits

CONTRACT = """
[catalog]
path = "landproof.duckdb"
segments = "landproof.segments"
checkpoints = "s3://locked/checkpoints"

[limits]
line_bytes = "64MiB"
json_depth = 512
expanded_bytes = "64GiB"
expansion_ratio = 500
footer_bytes = "64MiB"
manifest_bytes = "16MiB"

[levels]
"layout.stray-file" = "info"

[zones.cja]
url = "s3://acme-backup/exports"
template = "{DATASET_ID}/{EXPORT_TIME}"
settle_minutes = 30
lifetime_days = 7
expiry_warning_days = 2
ignore = ["audience_*/**"]
[zones.cja.options]
endpoint_url = "http://127.0.0.1:9000"

[[datasets]]
zone = "cja"
id = "64e0c0ffee0123456789abcd"
name = "Web events"
every = "24h"
starts_at = "2026-01-01T01:00:00Z"
ends_at = "2027-01-01T01:00:00Z"
grace = "3h"
mode = "full-then-incremental"
format = "parquet"
compressed = true
manifest = true
encrypted = false
allow_empty = true
recovery_point = "36h"

[notify]
urls = ["${SLACK_URL}"]
[adobe]
client_id = "abc"
client_secret = "${ADOBE_SECRET}"
org_id = "1@AdobeOrg"
flows = ["f-1"]
"""
ENVIRONMENT = {"SLACK_URL": "slack://tokenA/tokenB", "ADOBE_SECRET": "p8e-hush"}


class TestTheContractsExample:
    def test_it_loads_without_a_warning(self, tmp_path: Path) -> None:
        settings = load(tmp_path, CONTRACT, **ENVIRONMENT)
        assert settings.warnings == ()
        assert settings.catalog_path == tmp_path / "landproof.duckdb"
        assert settings.segments == str(tmp_path / "landproof.segments")
        assert settings.checkpoints == "s3://locked/checkpoints"
        assert settings.limits() == Limits()
        assert settings.levels == {"layout.stray-file": Level.INFO}
        assert settings.zones["cja"].ignore == ("audience_*/**",)
        assert settings.zones["cja"].lifetime == timedelta(days=7)
        assert settings.zones["cja"].filesystem_options() == {"endpoint_url": "http://127.0.0.1:9000"}
        assert [u.reveal() for c in settings.channels for u in c.urls] == ["slack://tokenA/tokenB"]
        assert settings.adobe.flows == ("f-1",)

    def test_its_dataset_has_its_schedule(self, tmp_path: Path) -> None:
        dataset = load(tmp_path, CONTRACT, **ENVIRONMENT).dataset("cja", "64e0c0ffee0123456789abcd")
        assert dataset is not None
        start, end = datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 1, tzinfo=UTC)
        assert dataset.schedule() == Schedule(Every(timedelta(days=1), start), end, timedelta(hours=3))
        assert dataset.recovery_point == timedelta(hours=36)

    def test_an_unknown_dataset_has_no_settings(self, tmp_path: Path) -> None:
        settings = load(tmp_path, CONTRACT, **ENVIRONMENT)
        assert settings.dataset("cja", "other") is None
        assert settings.dataset("other", "64e0c0ffee0123456789abcd") is None


class TestDefaults:
    def test_without_a_file_there_are_no_zones_and_the_catalog_is_here(self) -> None:
        settings = load_settings(None, {})
        assert settings == Settings()
        assert (settings.catalog_path, settings.segments) == (Path("landproof.duckdb"), "landproof.segments")
        assert (settings.zones, settings.datasets, settings.levels) == ({}, (), {})
        assert settings.limits() == Limits()

    def test_a_zone_needs_a_url_and_nothing_else(self, tmp_path: Path) -> None:
        zone = load(tmp_path, ZONE).zones["z"]
        assert (zone.template, zone.settle_minutes, zone.expiry_warning_days) == ("{DATASET_ID}/{EXPORT_TIME}", 30, 2)
        assert (zone.kind, zone.lifetime, zone.stale_after, zone.options) == (None, None, None, {})

    def test_a_data_landing_zone_deletes_after_seven_days(self, tmp_path: Path) -> None:
        zone = load(tmp_path, ZONE + 'kind = "data-landing-zone"').zones["z"]
        assert zone.lifetime == timedelta(days=7)
        zone = load(tmp_path, ZONE + 'kind = "data-landing-zone"\nlifetime_days = 9').zones["z"]
        assert zone.lifetime == timedelta(days=9)

    def test_a_dataset_without_every_and_cron_has_no_schedule(self, tmp_path: Path) -> None:
        (dataset,) = load(tmp_path, ZONE + DATASET).datasets
        assert dataset.schedule() is None
        assert (dataset.format, dataset.compressed, dataset.manifest) == (None, None, None)
        assert (dataset.allow_empty, dataset.encrypted, dataset.enabled, dataset.flow) == (True, False, True, None)

    def test_segments_stand_beside_the_catalog(self, tmp_path: Path) -> None:
        settings = load(tmp_path, '[catalog]\npath = "data/c.duckdb"')
        assert settings.segments == str(tmp_path / "data" / "c.segments")


class TestSchedules:
    @pytest.mark.parametrize(
        ("lines", "cadence"),
        [
            ('every = "once"\nstarts_at = 2026-01-01T01:00:00Z', Once(datetime(2026, 1, 1, 1, tzinfo=UTC))),
            ('cron = "0 1 * * *"', Cron("0 1 * * *")),
            (
                'cron = "0  1 * * *"\nstarts_at = "2026-01-01T03:00:00+02:00"',
                Cron("0 1 * * *", datetime(2026, 1, 1, 1, tzinfo=UTC)),
            ),
        ],
    )
    def test_once_and_cron(self, tmp_path: Path, lines: str, cadence: Once | Cron) -> None:
        (dataset,) = load(tmp_path, ZONE + DATASET + lines).datasets
        assert dataset.schedule() == Schedule(cadence)


class TestPlaces:
    def test_relative_ones_start_at_the_settings_folder(self, tmp_path: Path) -> None:
        text = (
            '[catalog]\npath = "c.duckdb"\n[zones.a]\nurl = "zone"\n[zones.b]\nurl = "/x"\n[zones.c]\nurl = "file:///y"'
        )
        settings = load(tmp_path, text)
        assert settings.catalog_path == tmp_path / "c.duckdb"
        assert [z.url for z in settings.zones.values()] == [str(tmp_path / "zone"), "/x", "file:///y"]

    def test_the_explicit_file_wins_then_the_variable_then_the_folder(self, tmp_path: Path) -> None:
        for name in ("one.toml", "two.toml"):
            (tmp_path / name).write_text("")
        assert find_settings(None, {}, tmp_path) is None
        (tmp_path / "landproof.toml").write_text("")
        assert find_settings(None, {}, tmp_path) == tmp_path / "landproof.toml"
        assert find_settings(None, {"LANDPROOF_CONFIG": "two.toml"}, tmp_path) == tmp_path / "two.toml"
        assert find_settings(Path("one.toml"), {"LANDPROOF_CONFIG": "two.toml"}, tmp_path) == tmp_path / "one.toml"

    def test_a_named_file_that_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match=r"the settings file .*no\.toml, which is not there"):
            find_settings(Path("no.toml"), {}, tmp_path)
        with pytest.raises(SettingsError, match=r"LANDPROOF_CONFIG names .*no\.toml, which is not there"):
            find_settings(None, {"LANDPROOF_CONFIG": "no.toml"}, tmp_path)


class TestLevels:
    def test_codes_may_stand_without_quotes(self, tmp_path: Path) -> None:
        settings = load(tmp_path, '[levels]\nlayout.stray-file = "info"\n"schedule.late" = "error"\n')
        assert settings.levels == {"layout.stray-file": Level.INFO, "schedule.late": Level.ERROR}


class TestDigest:
    def test_it_is_the_same_for_the_same_settings_in_another_order(self, tmp_path: Path) -> None:
        other = DATASET.replace('"a"', '"b"')
        assert load(tmp_path, ZONE + DATASET + other).digest() == load(tmp_path, ZONE + other + DATASET).digest()

    @pytest.mark.parametrize(
        "line", ['url = "s3://elsewhere"\n', 'url = "s3://bkt/p"\n[zones.z.options]\nsecret = "x"\n']
    )
    def test_places_and_secrets_do_not_change_it(self, tmp_path: Path, line: str) -> None:
        assert load(tmp_path, f"[zones.z]\n{line}").digest() == load(tmp_path, ZONE).digest()

    @pytest.mark.parametrize(
        "more",
        [
            "settle_minutes = 31",
            "lifetime_days = 7",
            'kind = "data-landing-zone"',
            'ignore = ["x"]',
            'template = "{DATASET_ID}/x/{EXPORT_TIME}"',
            "[limits]\nrows = 5",
            '[levels]\n"file.changed" = "warn"',
            DATASET,
        ],
    )
    def test_what_influences_judgement_changes_it(self, tmp_path: Path, more: str) -> None:
        assert load(tmp_path, ZONE + more).digest() != load(tmp_path, ZONE).digest()


def test_judging_needs_no_pydantic() -> None:
    script = "import sys; from catalog.judging import slots, transitions, zones; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
