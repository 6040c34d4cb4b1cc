"""Name and content both speak; where they disagree, that is found, and nothing is too odd to be classified."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.classify import Sniffed, judge_kind, sniff
from verifier.layout import kind_by_name
from verifier.model import FileKind

ARMOURED = b"-----BEGIN PGP MESSAGE-----\n\nhQGMA"
HEADS = {
    Sniffed.PARQUET: b"PAR1\x15\x04",
    Sniffed.GZIP: gzip.compress(b"{}", mtime=0),
    Sniffed.JSON: b' \r\n{"a":1}\n',
    Sniffed.PGP: ARMOURED,
    Sniffed.OTHER: b"hello world, this is text",
}


@pytest.mark.parametrize(("expected", "head"), HEADS.items())
def test_first_bytes_tell_what_content_is(expected: Sniffed, head: bytes) -> None:
    assert sniff(head) is expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", Sniffed.OTHER),
        (b"PAR", Sniffed.OTHER),
        (b"PARE", Sniffed.PARQUET),
        (b"\x1f", Sniffed.OTHER),
        (b"\x1f\x8b", Sniffed.GZIP),
        (b"[1]", Sniffed.JSON),
        (b"\xef\xbb\xbf{}", Sniffed.JSON),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", Sniffed.OTHER),
    ],
)
def test_the_edges_of_first_bytes(head: bytes, expected: Sniffed) -> None:
    assert sniff(head) is expected


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.parquet", Sniffed.PARQUET, None),
        ("x.parquet", Sniffed.GZIP, "file.kind-mismatch"),
        ("x.parquet", Sniffed.OTHER, None),
        ("x.json.gz", Sniffed.GZIP, None),
        ("x.json.gz", Sniffed.JSON, "file.kind-mismatch"),
        ("x.json.gz", Sniffed.PARQUET, "file.kind-mismatch"),
        ("x.json.gz", Sniffed.OTHER, None),
        ("x.json", Sniffed.JSON, None),
        ("x.json", Sniffed.GZIP, "file.kind-mismatch"),
        ("x.json", Sniffed.PARQUET, "file.kind-mismatch"),
        ("x.json", Sniffed.OTHER, None),
        ("manifest-1.json", Sniffed.GZIP, "file.kind-mismatch"),
        ("manifest-1.json", Sniffed.JSON, None),
        ("x.parquet", Sniffed.PGP, "file.encrypted"),
        ("x.json.gz.gpg", Sniffed.PGP, "file.encrypted"),
        ("x.csv", Sniffed.PGP, "file.encrypted"),
        ("x.json.gz.gpg", Sniffed.GZIP, "file.kind-mismatch"),
        ("x.parquet.PGP", Sniffed.PARQUET, "file.kind-mismatch"),
        ("x.csv", Sniffed.OTHER, "file.unknown-kind"),
        ("x.csv", Sniffed.GZIP, "file.unknown-kind"),
    ],
)
def test_name_and_content_disagree_or_not(name: str, content: Sniffed, code: str | None) -> None:
    found = judge_kind(name, kind_by_name(name), content)
    assert (found.code if found else None) == code


@given(st.text(max_size=30), st.binary(max_size=64))
def test_no_name_and_no_bytes_make_it_raise(name: str, head: bytes) -> None:
    kind = kind_by_name(name)
    if kind is not FileKind.MARKER:  # a scan never hands one in
        judge_kind(name, kind, sniff(head))
