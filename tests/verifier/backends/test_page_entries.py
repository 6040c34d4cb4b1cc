"""Entries of a page that are read at once: never otherwise than a whole parser of XML reads them."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.backends.page_entries import plain_entries

FIELDS = ("Key", "LastModified", "ETag", "Size")
AMAZON = (
    "<Contents><Key>a/{0}</Key><LastModified>2026-11-01T01:02:03.000Z</LastModified><ETag>&quot;{0}&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
)
INDENTED = (
    "\n  <Contents>\n    <Key>b/{0}</Key>\n    <LastModified>2026</LastModified>\n    <ETag>&#34;e&#34;</ETag>\n"
    "    <Size>2</Size>\n\t<Owner>\n<ID>x</ID><DisplayName/></Owner>\n  </Contents>\n"
)
LESS = "<Contents><Size>3</Size><ETag>e</ETag><LastModified>t</LastModified><Key> c&gt;{0} </Key></Contents>"


def page(*entries: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>\n', tail: str = "") -> bytes:
    inner = "".join(entry.format(number) for number, entry in enumerate(entries))
    return f'{head}<ListBucketResult xmlns="http://x/"><Name>n</Name>{inner}<KeyCount>1</KeyCount>{tail}</ListBucketResult>'.encode()


def by_tree(body: bytes) -> list[tuple[str | None, ...]]:
    """Read the entries as a whole parser does."""
    top = fromstring(body)
    space = top.tag[: top.tag.rfind("}") + 1]
    return [tuple(entry.findtext(f"{space}{field}") for field in FIELDS) for entry in top.findall(f"{space}Contents")]


def at_once(body: bytes) -> list[tuple[str, ...]] | None:
    """Read the entries at once where they are plain and the page around them is whole."""
    plain = plain_entries(body, "Contents", FIELDS)
    if plain is None:
        return None
    try:
        top: Element = fromstring(plain.frame)
    except (ParseError, ValueError, LookupError):
        return None
    space = top.tag[: top.tag.rfind("}") + 1]
    return list(plain.rows) if len(top.findall(f"{space}Contents")) == 1 else None


@pytest.mark.parametrize(
    "body",
    [
        page(AMAZON, AMAZON, AMAZON),
        page(INDENTED, INDENTED),
        page(AMAZON, INDENTED, AMAZON, INDENTED),
        page(AMAZON, head=""),
        page(AMAZON, head='\ufeff<?xml version="1.0" encoding="utf-8" standalone="yes"?>'),
        page(AMAZON.replace("a/", "ä/日本/😀")),
    ],
)
def test_pages_as_stores_write_them_are_read_at_once_as_by_a_tree(body: bytes) -> None:
    assert at_once(body) == by_tree(body)


def test_a_field_may_lie_deeper() -> None:
    blob = "<Blob><Name>{0}</Name><Properties><Content-Length>7</Content-Length><Etag/></Properties></Blob>"
    plain = plain_entries(page(blob, blob), "Blob", ("Properties/Content-Length", "Name"))
    assert plain
    assert plain.rows == [("7", "0"), ("7", "1")]


@pytest.mark.parametrize(
    "body",
    [
        page(),
        page(LESS),
        page(AMAZON.replace("a/", "a&amp;/")),
        page(AMAZON.replace("<Key>", "<Key >")),
        page(AMAZON.replace("<Key>", '<Key type="x">')),
        page(AMAZON.replace("</Contents>", "<Key>again</Key></Contents>")),
        page(AMAZON.replace("<ETag>&quot;{0}&quot;</ETag>", "")),
        page(AMAZON.replace("<ETag>&quot;{0}&quot;</ETag>", "<ETag/>")),
        page(AMAZON.replace("a/", "a\r\n/")),
        page(AMAZON, "<!-- between -->", AMAZON),
        page(AMAZON, "<CommonPrefixes><Prefix>p</Prefix></CommonPrefixes>", AMAZON),
        page(AMAZON, "words", AMAZON),
        page(f"<Nested>{AMAZON}</Nested>"),
        page(f"<!--{AMAZON}-->"),
        page(f"<![CDATA[{AMAZON}]]>"),
        page(AMAZON, tail=AMAZON.replace("<Contents>", '<Contents new="x">')),
        page(AMAZON.replace("<Size>", "<ns:Size>").replace("</Size>", "</ns:Size>")).replace(
            b"xmlns=", b'xmlns:ns="y" xmlns='
        ),
        page(AMAZON.replace("a/", "ü/"), head='<?xml version="1.0" encoding="iso-8859-1"?>'),
        page(AMAZON.replace("a/", "a" * 20_000)),
        page(AMAZON, head="").decode().encode("utf-16"),
    ],
)
def test_what_is_not_plain_is_left_to_the_tree(body: bytes) -> None:
    by_tree(body)
    assert at_once(body) is None


@pytest.mark.parametrize(
    "body",
    [
        page(AMAZON.replace("a/", "a\x01/")),
        page(AMAZON.replace("a/", "a]]>/")),
        page(AMAZON.replace("a/", "a\ufffe/")),
        page(AMAZON.replace("a/", "a&nbsp;/")),
        page(AMAZON.replace("</Key>", "</Kez>")),
        page(AMAZON.replace("</Contents>", "")),
        page(AMAZON).replace(b"a/", b"\xff/"),
    ],
)
def test_what_is_no_xml_is_never_read_at_once(body: bytes) -> None:
    with pytest.raises(ParseError):
        by_tree(body)
    assert at_once(body) is None


WHOLE = page(AMAZON, INDENTED, AMAZON)
PIECES = [
    b"<",
    b">",
    b"/",
    b"&",
    b"<Key>",
    b"</Key>",
    b"<Contents>",
    b"</Contents>",
    b"<!--",
    b"\r",
    b"]]>",
    b"\xc3",
    b"&quot;",
]


@settings(max_examples=400)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=3)),
        min_size=1,
        max_size=3,
    )
)
def test_no_damage_is_read_otherwise_than_by_a_tree(changes: list[tuple[int, int, bytes]]) -> None:
    body = WHOLE
    for start, gone, new in changes:
        body = body[:start] + new + body[start + gone :]
    found = at_once(body)
    if found is not None:
        assert found == by_tree(body)
