"""Settings: where zones are, in whatever form it is written, and what in it is secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.settings_files import load, mistakes

SAS = "sv=2024-11-04&si=dlz-1&sr=c&sp=rl&sig=hush%2Fhush%3D"
URI = f"https://acme.blob.core.windows.net/dlz-destination?{SAS}"
CANONICAL = "abfss://dlz-destination@acme.dfs.core.windows.net"


class TestASignatureInAUrl:
    @pytest.mark.parametrize("url", ['"${DLZ_SAS_URI}"', '"file:uri.txt"', f'"{URI}"', '"${HOST}?${SAS}"'])
    def test_is_taken_out_of_it_wherever_it_comes_from(self, tmp_path: Path, url: str) -> None:
        (tmp_path / "uri.txt").write_text(f"{URI}\n")
        environment = {"DLZ_SAS_URI": URI, "HOST": URI.partition("?")[0], "SAS": SAS}
        settings = load(tmp_path, f"[zones.z]\nurl = {url}\n", **environment)
        zone = settings.zones["z"]
        assert (zone.url, zone.filesystem_options()) == (URI.partition("?")[0], {"sas_token": SAS})
        assert (zone.location().url, zone.location().kind) == (CANONICAL, "data-landing-zone")
        texts = (repr(settings), str(zone), f"{zone.location()!r}", str(settings.document.model_dump()))
        assert [text for text in texts if "hush" in text] == []
        literal = url == f'"{URI}"'
        assert [w.split(":")[0] for w in settings.warnings] == ["zones.z.url"] * literal
        assert "hush" not in str(settings.warnings)

    def test_overrides_from_the_environment_do_not_warn(self, tmp_path: Path) -> None:
        settings = load(tmp_path, '[zones.z]\nurl = "/x"\n', LANDPROOF_ZONES__Z__URL=URI)
        assert (settings.zones["z"].filesystem_options(), settings.warnings) == ({"sas_token": SAS}, ())

    def test_does_not_go_before_the_option(self, tmp_path: Path) -> None:
        text = f'[zones.z]\nurl = "{URI}"\n[zones.z.options]\nsas_token = "${{OTHER}}"\n'
        assert load(tmp_path, text, OTHER="sig=other").zones["z"].filesystem_options() == {"sas_token": "sig=other"}

    @pytest.mark.parametrize(
        "url",
        [
            f"{CANONICAL}/x?{SAS}",
            f"az://dlz-destination/x?{SAS}",
            f"https://acme.example.com/x?{SAS}",
            "s3://bucket/x?X-Amz-Signature=hush",
            "gs://bucket/x?X-Goog-Signature=hush",
            "sftp://host/x?password=hush",
            "dlz://prod/x?token=hush",
            "https://user:hush@acme.blob.core.windows.net/c",
        ],
    )
    def test_is_refused_where_none_belongs_and_never_shown(self, tmp_path: Path, url: str) -> None:
        (line,) = mistakes(tmp_path, f'[zones.z]\nurl = "{url}"\noptions = {{account_name = "acme"}}\n')
        assert line.startswith("zones.z.url: ")
        assert "hush" not in line


class TestPlaces:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (
                'url = "az://c00/p"\noptions = {account_name = "acme"}',
                'url = "abfss://c00@acme.dfs.core.windows.net/p/"',
            ),
            (f'url = "{CANONICAL}"', f'url = "{URI}"'),
            ('url = "sftp://host:22/p"\noptions = {username = "me"}', 'url = "sftp://me@HOST/p"'),
            ('url = "gs://bucket/p"', 'url = "gcs://bucket/p/"'),
            ('url = "landing"', 'url = "./landing/"'),
        ],
    )
    def test_one_place_written_in_two_ways_is_one_place(self, tmp_path: Path, one: str, other: str) -> None:
        text = f"[zones.a]\n{one}\n[zones.b]\n{other}\n"
        assert mistakes(tmp_path, text) == ["zones.b.url: expected another place than that of zone 'a'"]

    def test_all_that_are_none_are_told_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("ACCOUNT_NAME", "CONNECTION_STRING"):
            monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
        text = """
            [zones.bare]
            url = "az://c00/p"
            [zones.other]
            url = "s3://bucket"
            kind = "sftp"
            [zones.two]
            url = "abfss://c00@acme.dfs.core.windows.net"
            options = {account_name = "other"}
            [zones.unknown]
            url = "tape://host"
        """
        lines = mistakes(tmp_path, text)
        assert [line.split(":")[0] for line in lines] == [f"zones.{z}.url" for z in ("bare", "other", "two", "unknown")]
        for line, words in zip(
            lines, ("account is not named; write", "of kind s3", "name other", "tape://"), strict=True
        ):
            assert words in line

    @pytest.mark.parametrize(
        ("lines", "days"),
        [
            (f'url = "{URI}"', 7),
            (f'url = "{CANONICAL}/exports"', 7),
            ('url = "dlz://prod"', 7),
            ('url = "dlz://prod"\nlifetime_days = 9', 9),
            ('url = "s3://bucket/dlz-destination"\nkind = "data-landing-zone"', 7),
            ('url = "s3://bucket/dlz-destination"', None),
            ('url = "abfss://c00@acme.dfs.core.windows.net"\nkind = "data-landing-zone"', 7),
        ],
    )
    def test_the_lifetime_follows_from_the_kind_named_or_not(
        self, tmp_path: Path, lines: str, days: int | None
    ) -> None:
        lifetime = load(tmp_path, f"[zones.z]\n{lines}\n").zones["z"].lifetime
        assert (lifetime.days if lifetime else None) == days


class TestFilesInOptions:
    def test_relative_paths_start_at_the_settings_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/somebody")
        text = """
            [zones.z]
            url = "sftp://host/x"
            [zones.z.options]
            key_filename = "keys/id"
            known_hosts = "~/.ssh/known_hosts"
            [zones.g]
            url = "gs://bucket"
            [zones.g.options]
            token = "${TOKEN_FILE}"
            [zones.h]
            url = "~/landing"
        """
        settings = load(tmp_path, text, TOKEN_FILE="reader.json")
        options = settings.zones["z"].filesystem_options()
        assert options["key_filename"] == str(tmp_path / "keys/id")
        assert options["known_hosts"] == "/home/somebody/.ssh/known_hosts"
        assert settings.zones["g"].filesystem_options() == {"token": str(tmp_path / "reader.json")}
        assert settings.zones["h"].url == "/home/somebody/landing"

    def test_absolute_paths_and_words_stay(self, tmp_path: Path) -> None:
        text = '[zones.z]\nurl = "gs://bucket"\noptions = {token = "anon", known_hosts = "/etc/hosts.known"}\n'
        assert load(tmp_path, text).zones["z"].options == {"token": "anon", "known_hosts": "/etc/hosts.known"}


class TestSecretsInOptions:
    @pytest.mark.parametrize(
        "options",
        [
            'sas_uri = "hush"',
            'client_secret = "hush"',
            'private_key = "hush"',
            'client_kwargs = {aws_secret_access_key = "hush"}',
            'client_kwargs = {aws_access_key_id = "hush"}',
            's3_additional_kwargs = {SSECustomerKey = "hush"}',
            'token = {type = "service_account", private_key = "hush"}',
            'token = {type = "authorized_user", refresh_token = "hush"}',
            'endpoint_url = "https://me:hush@proxy.example.com"',
            'config_kwargs = {proxies = {https = "http://me:hush@proxy.example.com:3128"}}',
            'endpoint_url = "https://example.com/?sig=hush"',
            'x = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=hush"',
        ],
    )
    def test_each_is_masked_and_a_literal_one_warns(self, tmp_path: Path, options: str) -> None:
        settings = load(tmp_path, f'[zones.z]\nurl = "s3://bucket"\noptions = {{{options}}}\n')
        assert "hush" not in f"{settings!r} {settings.zones['z'].options}"
        assert len(settings.warnings) == 1
        assert "hush" in str(settings.zones["z"].filesystem_options())

    def test_adobes_is_masked_and_reaches_who_asks(self, tmp_path: Path) -> None:
        text = (
            '[adobe]\nclient_id = "id"\nclient_secret = "${HUSH}"\norg_id = "o"\nims_url = "https://ims.example.com"\n'
        )
        adobe = load(tmp_path, text, HUSH="hush").adobe
        assert "hush" not in repr(adobe)
        login = adobe.login()
        assert (login["client_id"], login["client_secret"], login["sandbox"]) == ("id", "hush", "prod")
        assert (login["ims_url"], "platform_url" in login, "flows" in login) == (
            "https://ims.example.com",
            False,
            False,
        )
        assert "client_id" not in load(tmp_path, "").adobe.login()
