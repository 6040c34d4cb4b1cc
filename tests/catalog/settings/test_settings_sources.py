"""Settings from the environment and from files: secrets and overrides."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.settings_files import DATASET, ZONE, load, mistakes

from catalog.settings.loading import load_settings


class TestSecrets:
    def test_they_come_from_the_environment_and_from_files_and_are_masked(self, tmp_path: Path) -> None:
        (tmp_path / "key.txt").write_text("from-file\n")
        options = '[zones.z.options]\nkey = "AKIA"\nsecret = "${S3_SECRET}"\ntoken = "file:key.txt"\n'
        settings = load(tmp_path, ZONE + options, S3_SECRET="from-env")
        better = '"${NAME}" takes it from the environment, "file:PATH" from a file'
        assert settings.warnings == (f"zones.z.options.key: a literal secret; {better}",)
        assert settings.zones["z"].filesystem_options() == {"key": "AKIA", "secret": "from-env", "token": "from-file"}
        for text in (repr(settings), str(settings), f"{settings.zones['z']}"):
            assert "from-env" not in text
            assert "from-file" not in text
            assert "AKIA" not in text

    @pytest.mark.parametrize(
        "name", ["secret", "token", "account_key", "sas_token", "connection_string", "password", "passphrase"]
    )
    def test_a_literal_one_works_and_warns(self, tmp_path: Path, name: str) -> None:
        settings = load(tmp_path, ZONE + f'[zones.z.options]\n{name} = "hush"')
        assert settings.zones["z"].filesystem_options() == {name: "hush"}
        assert [w.split(":")[0] for w in settings.warnings] == [f"zones.z.options.{name}"]
        assert "hush" not in repr(settings)

    def test_a_number_as_password_is_a_text_and_masked(self, tmp_path: Path) -> None:
        settings = load(tmp_path, ZONE + "[zones.z.options]\npassword = 12345")
        assert settings.zones["z"].filesystem_options() == {"password": "12345"}
        assert "12345" not in repr(settings)

    def test_options_in_options_are_resolved_too(self, tmp_path: Path) -> None:
        text = ZONE + '[zones.z.options.client_kwargs]\nregion_name = "${REGION}"\nnames = ["${REGION}", 1]\n'
        options = load(tmp_path, text, REGION="eu-1").zones["z"].filesystem_options()
        assert options == {"client_kwargs": {"region_name": "eu-1", "names": ["eu-1", 1]}}

    def test_a_file_url_as_option_is_no_reference(self, tmp_path: Path) -> None:
        settings = load(tmp_path, ZONE + '[zones.z.options]\nfo = "file:///no/such"')
        assert settings.zones["z"].options == {"fo": "file:///no/such"}

    def test_words_and_file_names_as_token_are_no_secrets(self, tmp_path: Path) -> None:
        for token in ("anon", "google_default", "/etc/key.json"):
            assert load(tmp_path, ZONE + f'[zones.z.options]\ntoken = "{token}"').warnings == ()

    def test_a_notice_url_with_a_token_warns_and_one_without_does_not(self, tmp_path: Path) -> None:
        settings = load(tmp_path, '[notify]\nurls = ["slack://hush/hush", "json://127.0.0.1:1/", "json://u:p@h/"]')
        assert [w.split(":")[0] for w in settings.warnings] == ["notify.urls[0]", "notify.urls[2]"]

    def test_what_they_refer_to_must_be_there(self, tmp_path: Path) -> None:
        text = '[zones.z]\nurl = "s3://${BUCKET}/p"\n[zones.z.options]\nsecret = "${NO_SUCH}"\ntoken = "file:no/such"\n'
        assert mistakes(tmp_path, text) == [
            "zones.z.url: environment variable BUCKET is not set",
            "zones.z.options.secret: environment variable NO_SUCH is not set",
            f"zones.z.options.token: file {tmp_path / 'no/such'} cannot be read: no such file or directory",
        ]
        assert load(tmp_path, '[zones.z]\nurl = "s3://${BUCKET}/p"', BUCKET="bkt").zones["z"].url == "s3://bkt/p"

    def test_no_mistake_shows_one(self, tmp_path: Path) -> None:
        text = (
            '[zones.z]\nurl = "sftp://me:hush@host/x"\n[notify]\nurls = [5551234]\n[adobe]\nclient_secret = 5551234\n'
        )
        lines = mistakes(tmp_path, text)
        assert lines == [
            "zones.z.url: expected a url without a password, which belongs into the zone's options",
            "notify.urls[0]: expected a text, got a value of another type, which is not shown",
            "adobe.client_secret: expected a text, got a value of another type, which is not shown",
        ]

    def test_elsewhere_a_dollar_is_a_dollar(self, tmp_path: Path) -> None:
        (dataset,) = load(tmp_path, ZONE + DATASET + 'name = "${NAME}"').datasets
        assert dataset.name == "${NAME}"


class TestEnvironment:
    def test_variables_override_scalars_whatever_their_case(self, tmp_path: Path) -> None:
        settings = load(
            tmp_path,
            ZONE + "[zones.Web-Shop]\nurl = '/a'\n",
            LANDPROOF_CATALOG__PATH="other.duckdb",
            landproof_zones__z__settle_minutes="0",
            LANDPROOF_ZONES__WEB_SHOP__URL="s3://other",
            LANDPROOF_ZONES__Z__OPTIONS__ANON="true",
            LANDPROOF_ZONES__Z__OPTIONS__SECRET="0123",
            LANDPROOF_ZONES__Z__OPTIONS__CLIENT_KWARGS__VERIFY="false",
            LANDPROOF_LIMITS__LINE_BYTES="1MiB",
            LANDPROOF_ZONES__Z__IGNORE='["tmp/**"]',
        )
        zone = settings.zones["z"]
        assert settings.catalog_path == tmp_path / "other.duckdb"
        assert (zone.settle_minutes, zone.ignore, settings.zones["Web-Shop"].url) == (0, ("tmp/**",), "s3://other")
        assert zone.filesystem_options() == {"anon": True, "secret": "0123", "client_kwargs": {"verify": False}}
        assert settings.limits().line_bytes == 1 << 20
        assert settings.warnings == ()

    def test_they_work_without_a_file(self) -> None:
        settings = load_settings(
            None, {"LANDPROOF_ZONES__CJA__URL": "s3://bkt", "LANDPROOF_CATALOG__PATH": "/c.duckdb"}
        )
        assert settings.zones["cja"].url == "s3://bkt"
        assert settings.catalog_path == Path("/c.duckdb")

    def test_names_without_two_underscores_are_not_ours(self, tmp_path: Path) -> None:
        load(tmp_path, "", LANDPROOF_CONFIG="x", LANDPROOF_CATALOG="y", OTHER_CATALOG__PTH="z")

    def test_mistakes_in_them_name_the_variable(self, tmp_path: Path) -> None:
        text = ZONE + DATASET
        assert mistakes(tmp_path, text, LANDPROOF_CATALOG__PTH="x", LANDPROOF_DATASETS__0__ID="b") == [
            "datasets: LANDPROOF_DATASETS__0__ID cannot reach into it: expected a table",
            "catalog.pth: unknown key in table [catalog]; the nearest known is 'path' (set by LANDPROOF_CATALOG__PTH)",
        ]

    def test_a_value_cannot_smuggle_in_another_key(self, tmp_path: Path) -> None:
        settings = load(tmp_path, "", LANDPROOF_CATALOG__PATH='"a"\nx = 1')
        assert settings.catalog_path.name == '"a"\nx = 1'
