from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from verifier.backends.azure_pages import BadPageError, http_time, parse_page

TIME = "Sun, 22 Nov 2026 02:32:59 GMT"


def blob(name: str, more: str = "", *, properties: str = "", attributes: str = "") -> str:
    facts = f"<Last-Modified>{TIME}</Last-Modified><Etag>0x8D1</Etag><Content-Length>7</Content-Length>{properties}"
    return f"<Blob><Name{attributes}>{name}</Name><Properties>{facts}</Properties>{more}</Blob>"


def page(*blobs: str, following: str = "<NextMarker />") -> bytes:
    text = f"<EnumerationResults><Prefix>r/</Prefix><Blobs>{''.join(blobs)}</Blobs>{following}</EnumerationResults>"
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>{text}'.encode()


def names(*blobs: str, prefix: str = "") -> list[str]:
    return [file.path for file in parse_page(page(*blobs), "", prefix).files]


def test_a_page_is_its_blobs_and_the_marker_of_the_next() -> None:
    found = parse_page(page(blob("r/a"), following="<NextMarker>2!x </NextMarker>"), "r/", "r/")
    (file,) = found.files
    assert (file.path, file.size, file.etag) == ("a", 7, "0x8D1")
    assert file.modified_at == datetime(2026, 11, 22, 2, 32, 59, tzinfo=UTC)
    assert found.next_marker == "2!x "
    assert parse_page(page(), "", "").next_marker is None


def test_a_page_cut_at_any_byte_is_refused() -> None:
    whole = page(blob("a"), blob("b", "<Metadata><k>v</k></Metadata>"), following="<NextMarker>m</NextMarker>")
    assert len(parse_page(whole, "", "").files) == 2
    for end in range(len(whole)):
        with pytest.raises(BadPageError):
            parse_page(whole[:end], "", "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"<Error><Code>InternalError</Code></Error>",
        b"<!DOCTYPE x><EnumerationResults><Blobs/><NextMarker/></EnumerationResults>",
        b"<EnumerationResults><Blobs/></EnumerationResults>",
        b"<EnumerationResults><NextMarker/></EnumerationResults>",
        page(following="<NextMarker/><NextMarker>m</NextMarker>"),
        page("<BlobPrefix><Name>a/</Name></BlobPrefix>"),
        page("<Blob><Name>a</Name></Blob>"),
        page(blob("")),
        page(blob("a").replace("<Content-Length>7", "<Content-Length>-7")),
        page(blob("a").replace("<Content-Length>7", "<Content-Length>many")),
        page(blob("a").replace(TIME, "yesterday")),
        page(blob("a").replace("Last-Modified", "Created")),
    ],
)
def test_what_is_not_a_whole_page_is_refused(body: bytes) -> None:
    with pytest.raises(BadPageError):
        parse_page(body, "", "")


@pytest.mark.parametrize(
    "folder",
    [
        blob("f", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"),
        blob("f", "<Metadata><a>b</a><Hdi_isfolder>True</Hdi_isfolder></Metadata>"),
        blob("f", properties="<ResourceType>directory</ResourceType>"),
        blob("f/"),
    ],
)
def test_what_stands_for_a_folder_ends_in_a_slash(folder: str) -> None:
    assert names(folder) == ["f/"]


@pytest.mark.parametrize(
    "file",
    [
        blob("f", "<Metadata><hdi_isfolder>false</hdi_isfolder></Metadata>"),
        blob("f", "<Metadata><note>true</note></Metadata>"),
        blob("f", properties="<ResourceType>file</ResourceType>"),
    ],
)
def test_other_metadata_make_no_folder(file: str) -> None:
    assert names(file) == ["f"]


def test_names_are_exact_and_only_what_is_marked_so_is_decoded() -> None:
    assert names(blob("a%2Fb &amp; &lt;c&gt; "), blob("a%EF%BF%BE%2Fb", attributes=' Encoded="true"')) == [
        "a%2Fb & <c> ",
        "a\ufffe/b",
    ]


def test_names_outside_the_prefix_and_the_root_itself_are_left_out() -> None:
    body = page(blob("r/"), blob("r/a/1"), blob("r/ab"), blob("elsewhere"))
    assert [file.path for file in parse_page(body, "r/", "r/a/").files] == ["a/1"]
    assert [file.path for file in parse_page(body, "r/", "r/").files] == ["a/1", "ab"]


@pytest.mark.parametrize("month", range(1, 13))
def test_times_are_those_of_http(month: int) -> None:
    moment = datetime(2026, month, 9, 1, 2, 3, tzinfo=UTC)
    assert http_time(format_datetime(moment, usegmt=True)) == moment


@pytest.mark.parametrize("text", ["", "Sun, 22 Nov 2026 02:32:59 +0000", "Sun, 22 Nob 2026 02:32:59 GMT", TIME[1:]])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        http_time(text)
