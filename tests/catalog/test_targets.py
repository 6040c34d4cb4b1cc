"""Texts become zones: by name, by place, inside another, beside another."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.settings_files import load

from catalog.settings.loading import Settings
from catalog.targets import Target, find_targets
from verifier.errors import UsageError

NOTHING: dict[str, str] = {}


def resolved(
    texts: list[str], settings: Settings | None = None, known: dict[str, str] = NOTHING
) -> list[tuple[str, str, str]]:
    return [(t.zone, t.location.url, t.prefix) for t in find_targets(texts, settings or Settings(), known)]


@pytest.fixture
def two_zones(tmp_path: Path) -> Settings:
    return load(tmp_path, '[zones.outer]\nurl = "s3://bkt/p"\n[zones.inner]\nurl = "s3://bkt/p/deep"\n')


@pytest.mark.parametrize(
    ("text", "zone", "url"),
    [
        ("/data/landing", "landing", "file:///data/landing"),
        ("/data/landing/", "landing", "file:///data/landing"),
        ("file:///data/landing", "landing", "file:///data/landing"),
        ("/data/with space", "with space", "file:///data/with%20space"),
        ("/", "root", "file:///"),
        ("s3://bucket", "bucket", "s3://bucket"),
        ("s3://bucket/some/prefix/", "prefix", "s3://bucket/some/prefix"),
    ],
)
def test_a_bare_place_is_a_zone_named_after_its_last_segment(text: str, zone: str, url: str) -> None:
    assert resolved([text]) == [(zone, url, "")]


def test_a_relative_path_is_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolved(["landing"])[0][1] == (tmp_path / "landing").as_uri()


def test_nothing_asked_for_is_every_configured_zone(two_zones: Settings) -> None:
    assert resolved([], two_zones) == [("outer", "s3://bkt/p", ""), ("inner", "s3://bkt/p/deep", "")]


def test_nothing_asked_for_and_nothing_configured_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no zone to look at"):
        find_targets([], Settings(), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outer", ("outer", "s3://bkt/p", "")),
        ("s3://bkt/p/", ("outer", "s3://bkt/p", "")),
        ("s3://bkt/p/64e0", ("outer", "s3://bkt/p", "64e0")),
        ("s3://bkt/p/deep/64e0", ("inner", "s3://bkt/p/deep", "64e0")),
        ("s3://bkt/pq", ("pq", "s3://bkt/pq", "")),
        ("s3://bkt", ("bkt", "s3://bkt", "")),
    ],
)
def test_a_place_inside_a_configured_zone_is_that_part_of_the_nearest(
    two_zones: Settings, text: str, expected: tuple[str, str, str]
) -> None:
    assert resolved([text], two_zones) == [expected]


def test_a_place_inside_a_known_zone_is_that_part_of_it() -> None:
    known = {"landing": "file:///data/landing"}
    assert resolved(["/data/landing/64e0"], known=known) == [("landing", "file:///data/landing", "64e0")]


def test_a_configured_zone_goes_before_a_known_one_around_it(two_zones: Settings) -> None:
    assert resolved(["s3://bkt/p/64e0"], two_zones, {"old": "s3://bkt/p/64e0"}) == [("outer", "s3://bkt/p", "64e0")]


def test_a_name_that_another_place_has_gets_a_number() -> None:
    known = {"landing": "file:///other/landing", "landing-2": "file:///third/landing"}
    assert resolved(["/data/landing"], known=known)[0][0] == "landing-3"


def test_two_places_of_one_name_in_one_run_are_told_apart() -> None:
    assert [zone for zone, _, _ in resolved(["/a/landing", "/b/landing", "s3://bkt/landing"])] == [
        "landing",
        "landing-2",
        "landing-3",
    ]


@pytest.mark.parametrize(
    ("texts", "prefixes"),
    [
        (["outer", "s3://bkt/p"], [""]),
        (["s3://bkt/p/64e0", "outer"], [""]),
        (["s3://bkt/p/64e0", "s3://bkt/p/64e0/exportTime=202609200100", "s3://bkt/p/64e1"], ["64e0", "64e1"]),
    ],
)
def test_what_lies_inside_another_place_asked_for_is_looked_at_once(
    two_zones: Settings, texts: list[str], prefixes: list[str]
) -> None:
    assert [prefix for _, _, prefix in resolved(texts, two_zones)] == prefixes


class TestPlacesInAzure:
    """One container in all the ways to write it."""

    URL = "abfss://exports@acme.dfs.core.windows.net/cja"
    HTTPS = "https://acme.blob.core.windows.net/exports/cja/64e0?sv=1&sig=hush"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        zone = '[zones.cja]\nurl = "az://exports/cja"\noptions = {account_name = "acme", sas_token = "${S}"}\n'
        return load(tmp_path, zone, S="sig=own")

    @pytest.mark.parametrize(
        "text",
        [
            "az://exports/cja/64e0",
            "abfss://exports@acme.dfs.core.windows.net/cja/64e0/",
            "wasbs://exports@acme.blob.core.windows.net/cja/64e0",
            HTTPS,
        ],
    )
    def test_each_is_inside_the_configured_zone_whose_options_win(self, settings: Settings, text: str) -> None:
        (target,) = find_targets([text], settings, {})
        assert (target.zone, target.location.url, target.prefix) == ("cja", self.URL, "64e0")
        assert target.location.options == {"account_name": "acme", "sas_token": "sig=own"}

    def test_a_sas_in_the_text_reaches_a_zone_known_by_its_url(self) -> None:
        (target,) = find_targets([self.HTTPS], Settings(), {"cja": self.URL})
        assert (target.zone, target.location.url, target.prefix, target.is_new) == ("cja", self.URL, "64e0", False)
        assert target.location.options == {"sas_token": "sv=1&sig=hush"}
        assert "hush" not in repr(target)

    def test_without_the_account_it_is_wrong_usage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("ACCOUNT_NAME", "CONNECTION_STRING"):
            monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
        with pytest.raises(UsageError, match="account is not named"):
            find_targets(["az://exports/cja"], Settings(), {"cja": self.URL})

    def test_without_it_a_place_that_may_be_in_two_zones_is_wrong_usage(self, tmp_path: Path) -> None:
        zones = [f'[zones.{a}]\nurl = "az://exports/cja"\noptions = {{account_name = "{a}"}}\n' for a in ("one", "two")]
        settings = load(tmp_path, "".join(zones))
        with pytest.raises(UsageError, match="one and two"):
            find_targets(["az://exports/cja/64e0"], settings, {})
        assert resolved(["az://exports@two/cja/64e0"], settings)[0][0] == "two"


def test_user_and_port_in_the_text_reach_a_known_place_on_an_sftp_server() -> None:
    url = "sftp://me@host:2222/exports"
    (target,) = find_targets([f"{url}/64e0"], Settings(), {"sftp": url})
    assert (target.zone, target.location.url, target.prefix) == ("sftp", url, "64e0")
    assert target.location.options == {"username": "me", "port": 2222}


def test_a_port_from_the_environment_is_the_one_in_the_url(tmp_path: Path) -> None:
    zone = '[zones.z]\nurl = "sftp://me@host/exports"\noptions = {port = "${PORT}"}\n'
    for port, url in (("2222", "sftp://me@host:2222/exports"), ("22", "sftp://me@host/exports")):
        assert resolved([f"{url}/64e0"], load(tmp_path, zone, PORT=port)) == [("z", url, "64e0")]


@pytest.mark.parametrize(
    "text",
    [
        "https://acme.blob.core.windows.net/exports/a%20b?sig=hush",
        "http://127.0.0.1:10000/devstoreaccount1/exports/x?sig=hush",
        "wasbs://exports@acme.blob.core.windows.net/x",
        "gcs://bucket/x/",
        "sftp://me@HOST:22//x//y/",
        "sftp://me@[::1]:2222/x",
        "dlz://prod/x/",
        "S3A://bucket/a b/?",
    ],
)
def test_a_recorded_place_is_found_again_by_its_url_and_by_the_text(text: str) -> None:
    url = _only(text).location.url
    for again in (text, url, f"{url}/"):
        assert resolved([again], known={"z": url}) == [("z", url, "")]


def test_a_text_without_the_user_is_in_the_zone_that_has_it_in_its_options(tmp_path: Path) -> None:
    settings = load(tmp_path, '[zones.z]\nurl = "sftp://host/exports"\noptions = {username = "me"}\n')
    assert resolved(["sftp://host/exports/64e0"], settings) == [("z", "sftp://me@host/exports", "64e0")]


class TestLandingZones:
    ADOBE = '[adobe]\nclient_id = "id"\nclient_secret = "${HUSH}"\norg_id = "org"\n'

    def test_how_to_ask_adobe_goes_to_them_alone(self, tmp_path: Path) -> None:
        zones = '[zones.a]\nurl = "dlz://prod/x"\n[zones.b]\nurl = "s3://bucket"\n'
        settings = load(tmp_path, zones + self.ADOBE, HUSH="hush")
        targets = find_targets(["a", "b", "dlz://dev"], settings, {})
        logins = [t.location.options.get("adobe") for t in targets]
        assert logins == [settings.adobe.login(), None, settings.adobe.login()]
        assert settings.adobe.login()["client_secret"] == "hush"
        assert "hush" not in repr(targets)

    @pytest.mark.parametrize(
        ("text", "days"),
        [
            ("dlz://prod", 7),
            ("https://acme.blob.core.windows.net/dlz-destination?sig=hush", 7),
            ("abfss://dlz-destination@acme.dfs.core.windows.net/x", 7),
            ("abfss://other@acme.dfs.core.windows.net/dlz-destination", None),
            ("s3://bucket/dlz-destination", None),
            ("/data/dlz-destination", None),
        ],
    )
    def test_the_lifetime_of_a_bare_place_follows_from_its_kind(self, text: str, days: int | None) -> None:
        lifetime = _only(text).lifetime
        assert (lifetime.days if lifetime else None) == days


@pytest.mark.parametrize(
    "text", ["", "tape://host/x", "s3://user:hunter2@bucket/x", "s3://bucket/x?X-Amz-Signature=hunter2"]
)
def test_what_is_no_place_is_wrong_usage_and_shows_no_secret(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_targets([text], Settings(), {})
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_the_root_of_a_target_is_its_path_inside_its_store() -> None:
    roots = {text: _only(text).root for text in ("/data/a b", "s3://bucket", "s3://bucket/p/q")}
    assert roots == {"/data/a b": "data/a b", "s3://bucket": "", "s3://bucket/p/q": "p/q"}


def _only(text: str) -> Target:
    (target,) = find_targets([text], Settings(), {})
    return target
