from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.backends.s3_pages import BadPageError, parse_page
from verifier.model import StoredFile

ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2026-11-01T01:02:03.500Z</LastModified>"
    "<ETag>&quot;9dd4e461268c8034f5c8564e155c67a6&quot;</ETag><Size>{}</Size>"
    "<Owner><ID>x</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>"
)


def page(*entries: str, tail: str = "<IsTruncated>false</IsTruncated>", count: int | None = None) -> bytes:
    keys = f"<KeyCount>{len(entries) if count is None else count}</KeyCount>" if count != -1 else ""
    inner = "".join(entries)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>bucket</Name>{keys}{tail}<EncodingType>url</EncodingType>{inner}</ListBucketResult>"
    ).encode()


def test_a_page_holds_its_objects_as_stored_files() -> None:
    found = parse_page(page(ENTRY.format("zone/a+b%2Bc%2Fd%25", 12)), "zone/", "zone/")
    expected = StoredFile(
        "a b+c/d%", 12, datetime(2026, 11, 1, 1, 2, 3, 500_000, tzinfo=UTC), "9dd4e461268c8034f5c8564e155c67a6"
    )
    assert found.files == [expected]
    assert found.next_token is None


def test_the_roots_own_placeholder_and_keys_outside_are_left_out_but_counted() -> None:
    entries = [ENTRY.format(key, 0) for key in ("zone/", "zone/a/", "other/b")]
    assert [file.path for file in parse_page(page(*entries), "zone/", "zone/").files] == ["a/"]


def test_keys_that_are_not_utf8_are_escaped() -> None:
    assert parse_page(page(ENTRY.format("a%FFb", 1)), "", "").files[0].path == "a\\xffb"


def test_a_page_that_counts_no_keys_is_taken_when_it_says_how_it_ends() -> None:
    assert len(parse_page(page(ENTRY.format("a", 1), count=-1), "", "").files) == 1


MORE = "<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>"


def test_a_token_leads_to_the_next_page() -> None:
    assert parse_page(page(tail=MORE.format("abc=")), "", "").next_token == "abc="


@pytest.mark.parametrize(
    "body",
    [
        b"",
        page()[:-1],
        page(count=1),
        page(ENTRY.format("a", 1), count=0),
        page(tail=""),
        page(tail="<IsTruncated>maybe</IsTruncated>"),
        page(tail=MORE.format("")),
        page(ENTRY.format("a", "x")),
        page(ENTRY.format("a", -1)),
        page(ENTRY.format("a", 1).replace("Key>", "Kez>")),
        page(ENTRY.format("a", 1).replace("03.500Z", "03.500")),
        page(ENTRY.format("a", 1).replace("2026-11", "2026-99")),
        b"<Error><Code>InternalError</Code></Error>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult>&a;</ListBucketResult>',
        b'{"json": true}',
    ],
)
def test_a_page_whose_end_cannot_be_trusted_is_refused(body: bytes) -> None:
    with pytest.raises(BadPageError):
        parse_page(body, "", "")


WHOLE = page(ENTRY.format("a/b", 1), ENTRY.format("a/c", 2), tail=MORE.format("next"))


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
