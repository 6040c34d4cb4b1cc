"""Texts become zones: by name, by place, inside another, beside another."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.settings_files import load

from catalog.settings import Settings
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


@pytest.mark.parametrize(
    "text", ["", "ftp://host/x", "s3://user:hunter2@bucket/x", "s3://bucket/x?X-Amz-Signature=hunter2"]
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
