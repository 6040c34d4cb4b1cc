"""One file looked at: classified, judged, hashed; whatever it or its store does becomes a report."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from support.shelves import Shelf
from support.snapshots import MANIFEST, manifest_bytes
from support.stores import LocalStore

from fixtures.content import gz, lines, parquet
from verifier.backends.registry import open_backend
from verifier.formats.base import Limits
from verifier.model import Depth, FileReport, StoredFile
from verifier.verify import read_manifest, verify_file

GOOD = {"x.parquet": parquet(), "x.json.gz": gz(lines()), "x.json": lines()}
PGP = b"-----BEGIN PGP MESSAGE-----\n\nhQGMA7Qg8BgAAAAAAQv+\n-----END PGP MESSAGE-----\n"


def look(path: str, data: bytes, depth: Depth = Depth.FULL, **how: Any) -> tuple[FileReport, Shelf]:
    shelf = Shelf({path: data}, **how)
    file = shelf.stat(path)
    assert file is not None
    report = verify_file(shelf, file, depth, Limits())
    assert shelf.opened == shelf.closed
    return report, shelf


def codes(report: FileReport) -> list[str]:
    return [f.code for f in report.content.findings]


def errors(report: FileReport) -> list[str]:
    return [f.code for f in report.content.findings if f.level == "error"]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("piece", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize(("path", "data"), GOOD.items(), ids=list(GOOD))
def test_a_sound_file_is_read_once_and_hashed_however_its_bytes_arrive(path: str, data: bytes, piece: int) -> None:
    report, shelf = look(path, data, piece=piece)
    assert (errors(report), report.depth, report.looked, report.content.rows) == ([], Depth.FULL, True, 40)
    assert report.content.sha256 == sha256(data)
    assert shelf.bytes_given == len(data)


@pytest.mark.parametrize("path", [*GOOD, "notes.csv"])
def test_at_depth_list_nothing_is_opened(path: str) -> None:
    report, shelf = look(path, GOOD.get(path, b"x"), Depth.LIST)
    assert (shelf.opened, report.depth, report.content.sha256, report.content.rows) == (0, Depth.LIST, None, None)
    assert codes(report) == (["file.unknown-kind"] if path == "notes.csv" else [])


@pytest.mark.parametrize("path", list(GOOD))
def test_at_depth_structure_no_hash_is_made_up(path: str) -> None:
    report, _ = look(path, GOOD[path], Depth.STRUCTURE)
    assert (errors(report), report.depth, report.content.sha256) == ([], Depth.STRUCTURE, None)


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("path", list(GOOD))
def test_zero_bytes_are_found_at_any_depth(path: str, depth: Depth) -> None:
    assert codes(look(path, b"", depth)[0]) == ["file.empty"]
    assert codes(look("empty.csv", b"", depth)[0]) == ["file.unknown-kind"]


@pytest.mark.parametrize("piece", [1, 5, 1 << 20])
@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("x.parquet", gzip.compress(b"{}\n", mtime=0), "file.kind-mismatch"),
        ("x.json.gz", parquet(), "file.kind-mismatch"),
        ("x.json.gz", lines(), "file.kind-mismatch"),
        ("x.json", gz(lines()), "file.kind-mismatch"),
        ("x.json.gz", PGP, "file.encrypted"),
        ("x.parquet.gpg", PGP, "file.encrypted"),
        ("x.parquet.gpg", parquet(), "file.kind-mismatch"),
        ("notes.csv", b"a,b\n", "file.unknown-kind"),
    ],
)
def test_what_no_validator_can_judge_is_said_and_hashed(path: str, data: bytes, code: str, piece: int) -> None:
    report, shelf = look(path, data, piece=piece)
    assert (codes(report), report.content.sha256, report.content.rows) == ([code], sha256(data), None)
    assert shelf.bytes_given == len(data)
    assert look(path, data, Depth.STRUCTURE)[0].content.sha256 is None


@pytest.mark.parametrize("path", [*GOOD, "notes.csv"])
def test_a_checksum_of_the_store_that_contradicts_the_bytes_is_found_at_full_depth_only(path: str) -> None:
    data = GOOD.get(path, b"x")
    assert "file.checksum-mismatch" in codes(look(path, data, lies=[path])[0])
    assert "file.checksum-mismatch" not in codes(look(path, data)[0])
    assert "file.checksum-mismatch" not in codes(look(path, data, Depth.STRUCTURE, lies=[path])[0])


def test_a_file_that_changed_after_it_was_listed_is_looked_at_as_it_is_now() -> None:
    shelf = Shelf({"x.json": b"{", MANIFEST: b"{"})
    listed = {path: shelf.stat(path) for path in shelf.files}
    shelf.files = {"x.json": lines(), MANIFEST: manifest_bytes([])}
    file, manifest_file = listed["x.json"], listed[MANIFEST]
    assert file is not None
    assert manifest_file is not None
    report = verify_file(shelf, file, Depth.FULL, Limits())
    assert (errors(report), report.file, report.content.rows) == ([], shelf.stat("x.json"), 40)
    of_manifest, manifest = read_manifest(shelf, manifest_file, Limits())
    assert (codes(of_manifest), of_manifest.file) == ([], shelf.stat(MANIFEST))
    assert manifest is not None


def test_a_file_that_is_gone_after_it_was_listed_is_unreadable_and_says_nothing_of_its_bytes() -> None:
    shelf = Shelf({})
    for path in ("x.json", "notes.csv", MANIFEST):
        file = StoredFile(path, 5)
        report = read_manifest(shelf, file, Limits())[0] if path == MANIFEST else verify_file(
            shelf, file, Depth.FULL, Limits()
        )  # fmt: skip
        assert (codes(report), report.looked, report.depth) == (["file.unreadable"], False, Depth.LIST)
        assert report.content.sha256 is None


def test_a_manifest_over_the_limit_is_not_read_not_even_when_it_grew() -> None:
    limits = Limits(manifest_bytes=10)
    shelf = Shelf({MANIFEST: b"x" * 11})
    report, manifest = read_manifest(shelf, StoredFile(MANIFEST, 11), limits)
    assert (codes(report), manifest, shelf.opened) == (["manifest.too-large"], None, 0)
    report, manifest = read_manifest(shelf, StoredFile(MANIFEST, 10), limits)
    assert (codes(report), manifest, shelf.bytes_given) == (["file.unreadable"], None, 0)


@pytest.mark.parametrize(
    ("data", "code"), [(PGP, "file.encrypted"), (gz(b"{}"), "file.kind-mismatch"), (b"", "manifest.invalid")]
)
def test_a_manifest_that_is_none_says_so_and_is_hashed(data: bytes, code: str) -> None:
    report, manifest = read_manifest(Shelf({MANIFEST: data}), StoredFile(MANIFEST, len(data)), Limits())
    assert (codes(report), manifest, report.content.sha256) == ([code], None, sha256(data))


@pytest.mark.parametrize("name", ["x.json.gz", "x.csv"])
def test_a_link_to_nowhere_or_a_pipe_is_unreadable_and_not_empty(tmp_path: Path, name: str) -> None:
    store = LocalStore(tmp_path / "zone")
    (store.root / name).symlink_to("nowhere")
    os.mkfifo(store.root / f"pipe-{name}")
    backend = open_backend(store.location())
    listed = [file for page in backend.list() for file in page]
    assert len(listed) == 2
    for file in listed:
        report = verify_file(backend, file, Depth.FULL, Limits())
        assert (codes(report), report.looked) == (["file.unreadable"], False)
