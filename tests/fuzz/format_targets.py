"""The parsers of file formats, with whole files as well as their parts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace

from fuzz.mutations import mutated, refooted
from fuzz.targets import Target
from support.parquet_files import StoredBytes, footer_of, footer_start, pages_of, written
from support.snapshots import MANIFEST, entries_of, manifest_bytes, stored

from fixtures.content import gz, lines, parquet
from verifier.classify import sniff
from verifier.formats.base import MIB, Limits
from verifier.formats.gzip import Inflated, Stored
from verifier.formats.json_line import judge_line
from verifier.formats.manifest import parse_manifest
from verifier.formats.parquet_footer import parse_footer
from verifier.formats.parquet_pages import PageError, read_pages
from verifier.formats.parquet_thrift import ThriftError
from verifier.formats.pgp import is_pgp
from verifier.formats.pgp_packets import Armour, FrameError, Frames
from verifier.model import Content, Depth, FileKind
from verifier.verify import VALIDATORS

LIMITS = replace(Limits(), expanded_bytes=64 * MIB, line_bytes=MIB)
_STRUCTURED = [
    written(compression=codec, data_page_version=version, write_page_checksum=False, row_group_size=40)
    for codec, version in (("none", "1.0"), ("snappy", "2.0"), ("gzip", "1.0"), ("zstd", "2.0"))
]
_PARQUET = [*_STRUCTURED, written(), parquet()]
_FOOTERS = [data[footer_start(data) : -8] for data in _PARQUET]
_ROWS = lines()[:3000]
_ODD_LINES = (
    b'{"a":"\\ud83d\\ude00 \\ud800","b":[1e5,-0.0,true,null],"timestamp":"2026-01-01T00:00:00Z"}\n\n\xef\xbb\xbf{}\r\n'
)
_GZIPPED = [gz(_ROWS), gz(_ODD_LINES) * 3, gzip.compress(_ROWS, 0), gz(b"") + gz(_ROWS) + bytes(9)]
_NAMED = bytes((31, 139, 8, 30, 0, 0, 0, 0, 0, 255, 3, 0)) + b"abcname\0comment\0"
_JSON = [_ROWS, _ODD_LINES, b"[\n" + _ROWS.replace(b"\n", b",\n"), json.dumps({"a": {"b": [1] * 9}}, indent=1).encode()]
_PGP = [
    b"\xc1\xc0\x4c" + bytes((3,)) + bytes(8) + b"\x01" + bytes(255) + b"\xd2\xe9\x01" + bytes(512) + b"\x05hello",
    b"\x85\x01\x0c\x03" + bytes(267) + b"\xd2\xff\x00\x00\x00\x40\x01" + bytes(63),
    b"\xc3\x04\x04\x09\x00\x02\xd2\x3f\x02" + bytes(62),
]
_ARMOURED = b"-----BEGIN PGP MESSAGE-----\nVersion: x\n\nhQEMA0AAAAAAAAAAAQf/AAAA\n=AAAA\n-----END PGP MESSAGE-----\n"
_NAMES = {FileKind.PARQUET: "x.gz.parquet", FileKind.JSON_GZIP: "x.json.gz", FileKind.JSON: "x.json"}


def _verify(kind: FileKind, depth: Depth, data: bytes) -> Content:
    content = VALIDATORS[kind](StoredBytes(data, _NAMES[kind]), depth, LIMITS)
    assert content.rows is None or content.rows >= 0
    assert (content.sha256 is not None) == (depth is Depth.FULL)
    return content


def _pages(data: bytes) -> object:
    chunk = replace(footer_of(_PARQUET[0]).chunks[0], data_offset=4, dictionary_offset=0, size=len(data))
    held = b"PAR1" + data
    return list(read_pages(lambda start, end: held[start:end], chunk))


def _chunk_bytes(data: bytes) -> bytes:
    pages = pages_of(data, 0, 0)
    return data[pages[0].offset : pages[-1].end]


def _inflate(data: bytes) -> int:
    pieces = [data[start : start + 7] for start in range(0, len(data), 7)]
    return sum(map(len, Inflated(Stored(iter(pieces)), len(data), LIMITS)))


def _frames(data: bytes) -> bool:
    frames = Frames()
    for start in range(0, len(data), 5):
        frames.feed(data[start : start + 5])
    return frames.ends_whole


def _armour(data: bytes) -> bytes:
    armour = Armour()
    return b"".join([*(armour.feed(data[start : start + 11]) for start in range(0, len(data), 11)), armour.finish()])


def _manifest(data: bytes) -> object:
    return parse_manifest(data, MANIFEST)


def format_targets() -> Iterator[Target]:
    """Yield the targets, parts before wholes."""
    manifest = manifest_bytes(entries_of([stored("a.parquet", 1), stored("b.parquet", 2)]))
    inputs = mutated(_FOOTERS)
    yield Target(
        name="Parquet footer", parse=lambda data: parse_footer(data, 4), inputs=inputs, may_raise=(ThriftError,)
    )
    chunks = mutated([_chunk_bytes(data) for data in _PARQUET])
    yield Target(name="Parquet page headers", parse=_pages, inputs=chunks, may_raise=(PageError,))
    for depth, examples in ((Depth.STRUCTURE, 30), (Depth.FULL, 40)):
        files = mutated(_PARQUET) | refooted(_PARQUET)
        yield _whole(FileKind.PARQUET, depth, files, examples)
        yield _whole(FileKind.JSON_GZIP, depth, mutated([*_GZIPPED, _NAMED + _GZIPPED[0][10:]]), examples)
        yield _whole(FileKind.JSON, depth, mutated(_JSON), examples)
    yield Target(
        name="NDJSON in gzip",
        parse=lambda data: _verify(FileKind.JSON_GZIP, Depth.FULL, gz(data)),
        inputs=mutated(_JSON),
    )
    yield Target(name="gzip stream", parse=_inflate, inputs=mutated(_GZIPPED))
    yield Target(
        name="NDJSON line", parse=lambda data: judge_line(data, 64), inputs=mutated([_ROWS[:400], _ODD_LINES[:90]])
    )
    yield Target(name="manifest", parse=_manifest, inputs=mutated([manifest]))
    yield Target(
        name="first bytes", parse=lambda data: (is_pgp(data[:64]), sniff(data[:64])), inputs=mutated([*_PGP, _ARMOURED])
    )
    yield Target(name="PGP packets", parse=_frames, inputs=mutated(_PGP), may_raise=(FrameError,))
    yield Target(name="PGP armour", parse=_armour, inputs=mutated([_ARMOURED]), may_raise=(FrameError,))


def _whole(kind: FileKind, depth: Depth, inputs: object, examples: int) -> Target:
    return Target(
        name=f"{kind} at depth {depth}",
        parse=lambda data: _verify(kind, depth, data),
        inputs=inputs,
        examples=examples,
    )
