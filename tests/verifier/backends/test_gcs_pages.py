from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.backends.gcs_pages import BadPageError, parse_page
from verifier.model import StoredFile


def entry(name: str, **other: object) -> dict[str, object]:
    known = {"name": name, "size": "12", "generation": "1795314347168645", "timeCreated": "2026-11-01T01:02:03.5Z"}
    return {**known, **other}


def page(*items: object, **more: object) -> bytes:
    return json.dumps({"kind": "storage#objects", "items": items, **more}).encode()


def test_a_page_holds_its_objects_as_stored_files() -> None:
    found = parse_page(page(entry("zone/a b+c%20/d#?", updated="2027-01-01T00:00:00Z")), "zone/", "zone/")
    expected = StoredFile("a b+c%20/d#?", 12, datetime(2026, 11, 1, 1, 2, 3, 500_000, tzinfo=UTC), "1795314347168645")
    assert found.files == [expected]
    assert found.next_token is None


def test_the_roots_own_placeholder_and_names_outside_are_left_out() -> None:
    items = [entry(name) for name in ("zone/", "zone/a/", "other/b")]
    assert [file.path for file in parse_page(page(*items), "zone/", "zone/").files] == ["a/"]


def test_a_page_without_objects_is_one() -> None:
    assert parse_page(b'{"kind": "storage#objects"}', "", "").files == []


def test_a_token_leads_to_the_next_page() -> None:
    assert parse_page(page(nextPageToken="abc="), "", "").next_token == "abc="


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        page() + page(),
        page(kind="storage#buckets"),
        page(prefixes=["folder/"]),
        page(nextPageToken=""),
        page(entry("a")).replace(b"items", b"itemz"),
        page(nextPageToken=7),
        page("text"),
        page({"name": "a"}),
        page(entry("a", size="-1")),
        page(entry("a", size=12)),
        page(entry("a", size="\u0663")),
        page(entry("a", generation="x")),
        page(entry("a", timeCreated="yesterday")),
        page(entry("a", timeCreated="2026-11-01T01:02:03.5")),
        page().replace(b"storage", b"stor\xffage"),
        b'{"error": {"code": 503}}',
        b"<html><body>sign in</body></html>",
    ],
)
def test_a_page_whose_end_cannot_be_trusted_is_refused(body: bytes) -> None:
    with pytest.raises(BadPageError):
        parse_page(body, "", "")


def test_no_name_is_in_what_a_page_is_refused_with() -> None:
    with pytest.raises(BadPageError) as caught:
        parse_page(page(entry("name-of-a-person", size=None)), "", "")
    assert "person" not in f"{caught.value}{caught.value.__cause__}"


WHOLE = page(entry("a/b"), entry("a/\u00e9"), nextPageToken="next")


def test_no_cut_makes_a_page_shorter() -> None:
    for end in range(len(WHOLE)):
        with pytest.raises(BadPageError):
            parse_page(WHOLE[:end], "", "")


@settings(max_examples=300)
@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_no_wrong_byte_raises_anything_else(position: int, byte: int) -> None:
    changed = bytearray(WHOLE)
    changed[position] = byte
    try:
        files = parse_page(bytes(changed), "", "").files
    except BadPageError:
        return
    assert len(files) == 2
