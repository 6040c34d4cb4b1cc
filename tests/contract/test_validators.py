"""What every validator promises, whatever its format: no damage passes, nothing raises, no limit is exceeded."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.parquet_files import StoredBytes, flipped, is_refused

from verifier.errors import NetworkError
from verifier.findings import Effect, Level
from verifier.formats.base import Limits
from verifier.model import Content, Depth, FileKind
from verifier.verify import VALIDATORS

ROWS = [{"id": 1, "name": "é"}, {"id": 2, "name": "b"}, {"id": 3, "name": None}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    options = {"write_statistics": False, "store_schema": False, "write_page_checksum": True, "use_dictionary": False}
    pq.write_table(pa.table({"name": ["é", "b", None]}), sink, compression="snappy", **options)
    return bytes(sink.getvalue())


SMALL = {FileKind.PARQUET: parquet(), FileKind.JSON_GZIP: gzip.compress(LINES, mtime=0), FileKind.JSON: LINES}
NAMES = {FileKind.PARQUET: "x.parquet", FileKind.JSON_GZIP: "x.json.gz", FileKind.JSON: "x.json"}
kinds = pytest.mark.parametrize("kind", list(SMALL), ids=str)
depths = pytest.mark.parametrize("depth", [Depth.STRUCTURE, Depth.FULL], ids=str)
places = pytest.mark.parametrize("is_local", [True, False], ids=["local", "remote"])


def verified(
    kind: FileKind, data: bytes, depth: Depth = Depth.FULL, limits: Limits | None = None, *, is_local: bool = True
) -> Content:
    return VALIDATORS[kind](StoredBytes(data, NAMES[kind], is_local=is_local), depth, limits or Limits())


def has_error(content: Content) -> bool:
    return any(f.level is Level.ERROR for f in content.findings)


def values(data: bytes) -> list[bytes | None]:
    """Read the only column as bytes, since no checksum guards what a footer says of its type."""
    (column,) = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False).columns
    read: list[bytes | None] = column.cast(pa.binary()).to_pylist()
    return read


def is_harmless(kind: FileKind, data: bytes) -> bool:
    """Prove with other tools than ours that every value has the same bytes, or that what is unguarded is whole rows."""
    if kind is FileKind.PARQUET:
        return values(data) == values(SMALL[kind])
    if kind is FileKind.JSON_GZIP:
        return gzip.decompress(data) == LINES
    return all(isinstance(json.loads(line), dict) for line in data.decode().split("\n") if line.strip(" \t\r"))


@kinds
@depths
@places
def test_a_sound_file_has_no_error_and_says_what_is_in_it(kind: FileKind, depth: Depth, is_local: bool) -> None:
    content = verified(kind, SMALL[kind], depth, is_local=is_local)
    assert not has_error(content)
    if depth is Depth.FULL:
        assert content.rows == 3
        assert content.sha256 == hashlib.sha256(SMALL[kind]).hexdigest()
        assert content.bytes_read >= len(SMALL[kind])
    else:
        assert content.sha256 is None
        assert content.rows in (3, None)


@kinds
@depths
def test_no_bytes_at_all_hold_no_rows_and_are_no_reason_to_raise(kind: FileKind, depth: Depth) -> None:
    content = verified(kind, b"", depth)
    assert not content.rows
    assert content.sha256 in (None, hashlib.sha256().hexdigest())


@kinds
@places
def test_every_cut_of_a_file_is_an_error_or_leaves_whole_rows(kind: FileKind, is_local: bool) -> None:
    data = SMALL[kind]
    for end in range(1, len(data)):
        content = verified(kind, data[:end], is_local=is_local)
        assert has_error(content) or (kind is FileKind.JSON and is_harmless(kind, data[:end])), end
        assert content.sha256 == hashlib.sha256(data[:end]).hexdigest()


@kinds
def test_every_single_flipped_bit_is_an_error_or_proven_harmless(kind: FileKind) -> None:
    data = SMALL[kind]
    passed = 0
    for at in range(len(data)):
        for bit in range(8):
            damaged = flipped(data, at, bit)
            content = verified(kind, damaged)
            assert content.sha256 == hashlib.sha256(damaged).hexdigest()
            if not is_refused(content):
                passed += 1
                assert is_harmless(kind, damaged), (at, bit)
    assert passed < len(data) * 8 * {FileKind.PARQUET: 0.35, FileKind.JSON_GZIP: 0.15, FileKind.JSON: 0.75}[kind]


@kinds
def test_at_depth_structure_no_cut_and_no_flipped_bit_raises(kind: FileKind) -> None:
    data = SMALL[kind]
    for at in range(len(data)):
        verified(kind, data[:at], Depth.STRUCTURE)
        verified(kind, flipped(data, at, at % 8), Depth.STRUCTURE)


@kinds
@depths
def test_content_of_another_kind_is_an_error(kind: FileKind, depth: Depth) -> None:
    for other, data in SMALL.items():
        if other is not kind:
            assert has_error(verified(kind, data, depth)), other
    for data in (b"\0" * 100, b"hello", b"\xff" * 9, b"PAR1", b"\x1f\x8b"):
        assert has_error(verified(kind, data, depth)), data


@kinds
@depths
@given(data=st.binary(max_size=300))
def test_no_bytes_make_it_raise(kind: FileKind, depth: Depth, data: bytes) -> None:
    head = SMALL[kind][: len(data) // 2]
    for content in (verified(kind, data, depth), verified(kind, head + data, depth)):
        assert content.rows is None or content.rows >= 0


@kinds
@pytest.mark.parametrize(
    "limits",
    [
        replace(Limits(), line_bytes=8),
        replace(Limits(), json_depth=0),
        replace(Limits(), expanded_bytes=16),
        replace(Limits(), footer_bytes=16),
        replace(Limits(), rows=1),
    ],
    ids=repr,
)
def test_over_a_limit_it_is_unverifiable_or_the_limit_is_none_of_its_own(kind: FileKind, limits: Limits) -> None:
    own = {
        FileKind.PARQUET: ("expanded_bytes", "footer_bytes", "rows"),
        FileKind.JSON_GZIP: ("line_bytes", "json_depth", "expanded_bytes"),
        FileKind.JSON: ("line_bytes", "json_depth"),
    }[kind]
    content = verified(kind, SMALL[kind], limits=limits)
    effects = {f.effect for f in content.findings if f.level is Level.ERROR}
    is_own = any(getattr(limits, name) != getattr(Limits(), name) for name in own)
    assert effects == ({Effect.UNVERIFIABLE} if is_own else set())
    assert content.sha256 == hashlib.sha256(SMALL[kind]).hexdigest()


@dataclass
class Failing(StoredBytes):
    """A source whose store stops answering after some calls."""

    def __init__(self, kind: FileKind, answers: int, *, is_local: bool) -> None:
        super().__init__(SMALL[kind], NAMES[kind], is_local=is_local)
        self.answers = answers
        self.has_failed = False

    def _ask(self) -> None:
        self.answers -= 1
        if self.answers < 0:
            self.has_failed = True
            raise NetworkError("the store did not answer")

    def read_range(self, start: int, end: int) -> bytes:
        self._ask()
        return super().read_range(start, end)

    def stream(self) -> Iterator[bytes]:
        for at in range(0, self.size, 50):
            self._ask()
            yield self.data[at : at + 50]


@kinds
@depths
@places
def test_what_the_store_raises_passes_through_and_is_never_taken_for_damage(
    kind: FileKind, depth: Depth, is_local: bool
) -> None:
    for answers in range(100):
        source = Failing(kind, answers, is_local=is_local)
        try:
            content = VALIDATORS[kind](source, depth, Limits())
        except NetworkError:
            assert source.has_failed
            continue
        assert not source.has_failed
        assert not has_error(content)
        return
    pytest.fail("it asks without end")


@kinds
def test_findings_carry_no_path_and_no_value_of_the_file(kind: FileKind) -> None:
    data = SMALL[kind].replace(b'"b"', b'"b').replace(b"\xc3\xa9", b"\xc3(")
    for damaged in (data, *(flipped(data, at, 2) for at in range(0, len(data), 7))):
        for found in verified(kind, damaged).findings:
            assert found.path is None
            assert "é" not in repr(found)
