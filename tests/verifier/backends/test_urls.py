from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.backends.base import Location
from verifier.backends.registry import open_backend
from verifier.backends.urls import join, last_segment, local_path, parse_location, printable, relative_to, shown
from verifier.errors import UsageError

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..")
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/data/zone", "file:///data/zone"),
        ("/data/zone///", "file:///data/zone"),
        ("//data/./zone//x/", "file:///data/zone/x"),
        ("/", "file:///"),
        ("/a b/é/100%", "file:///a%20b/%C3%A9/100%25"),
        ("/exportTime=202611010100", "file:///exportTime=202611010100"),
        ("file:///a%20b/%C3%A9/", "file:///a%20b/%C3%A9"),
        ("FILE://localhost/a", "file:///a"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("S3A://bucket/a b/é%20/", "s3://bucket/a b/é%20"),
        ("s3://bucket/a//b//", "s3://bucket/a//b"),
        ("s3://bucket/what?is=this", "s3://bucket/what?is=this"),
    ],
)
def test_places_have_one_canonical_url(text: str, url: str) -> None:
    assert parse_location(text).url == url
    assert parse_location(url).url == url


def test_relative_paths_and_the_home_folder_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert local_path(parse_location("zone").url) == str(tmp_path / "zone")
    assert local_path(parse_location("~/zone").url) == "/home/somebody/zone"
    assert local_path(parse_location("a/../b").url) == str(tmp_path.resolve() / "b")


def test_dots_after_a_link_mean_the_parent_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "far" / "target").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "target")
    assert local_path(parse_location(str(tmp_path / "link" / ".." / "x")).url) == str(tmp_path.resolve() / "far" / "x")
    assert local_path(parse_location(str(tmp_path / "link")).url) == str(tmp_path / "link")


def test_names_that_are_not_utf8_survive_in_the_url() -> None:
    path = os.fsdecode(b"/data/\xff")
    assert parse_location(path).url == parse_location(f"file://{path}").url == "file:///data/%FF"
    assert local_path("file:///data/%FF") == path
    assert last_segment("file:///data/%FF") == printable(os.fsdecode(b"\xff")) == "\\xff"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a\0b",
        "https://bucket.s3.amazonaws.com/x?X-Amz-Signature=hidden",
        "s3://key:hidden@bucket/x",
        "s3://hidden@bucket",
        "s3://bucket/x?X-Amz-Signature=hidden",
        "s3://bucket/x?a=b&AWSAccessKeyId=hidden&Expires=1",
        "s3://bucket/x?sig=hidden",
        "s3://",
        "s3:///x",
        "s3://b u/x",
        "s3://bucket/a/../b",
        "s3://bucket/./b",
        "s3://bucket/\udcff",
        "file://host/x",
        "file:x/../..//\0",
        "file:///x?y",
        "file:///x%00y",
        "http://[hidden/c",
        "https://[hidden/c/d",
        "az://container@account/x?sv=1&sig=hidden",
        "abfss://container@account.dfs.core.windows.net/x?sig=hidden",
    ],
)
def test_what_is_no_place_or_carries_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_location(text)
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


def test_an_unknown_scheme_or_kind_names_what_is_supported() -> None:
    with pytest.raises(UsageError, match=r"tape://; supported are local \(file://\), s3 \(s3://\)"):
        parse_location("tape://host/x")
    with pytest.raises(UsageError, match=r"tape; supported are local"):
        parse_location("/x", kind="tape")
    with pytest.raises(UsageError, match=r"kind s3, got one of kind local"):
        parse_location("/x", kind="s3")
    with pytest.raises(UsageError, match="tape"):
        open_backend(Location(kind="tape", url="tape://x"))


def test_options_that_no_driver_takes_are_refused_without_their_values() -> None:
    with pytest.raises(UsageError, match="endpont_url") as caught:
        open_backend(parse_location("s3://bucket", {"endpont_url": "hidden"}))
    assert caught.value.hint == "did you mean endpoint_url?"
    assert "hidden" not in str(caught.value)
    with pytest.raises(UsageError, match="key"):
        open_backend(parse_location("/x", {"key": "hidden"}))
    with pytest.raises(UsageError, match="etag_is_md5"):
        open_backend(parse_location("s3://bucket", {"etag_is_md5": "no"}))


def test_options_are_not_shown() -> None:
    assert "hidden" not in repr(parse_location("s3://bucket", {"secret": "hidden"}))


@given(
    st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["file:///zone", "file:///", "s3://bucket", "s3://b.c/p"])
)
def test_joining_and_taking_apart_are_each_others_reverse(names: list[str], root: str) -> None:
    path = "/".join(names)
    url = join(root, path)
    assert relative_to(url, root) == path
    assert last_segment(url) == names[-1]
    assert root.startswith("s3") or url.isascii()


def test_inside_is_decided_at_whole_segments() -> None:
    assert relative_to("s3://bucket/a", "s3://bucket/a") == ""
    assert relative_to("s3://bucket/ab", "s3://bucket/a") is None
    assert relative_to("s3://bucket2", "s3://bucket") is None
    assert relative_to("s3://bucket/a", "file:///bucket") is None
    assert relative_to("file:///a/b%20c", "file:///a") == "b c"
    assert relative_to("file:///a", "file:///a/b") is None


def test_what_would_steer_a_terminal_is_escaped_in_messages() -> None:
    assert shown("a\x1b[31m\n\udcffé") == "a\\x1b[31m\\n\\udcffé"
