"""How many bytes no checksum covers: told for every file that was read whole, guessed for none."""

from __future__ import annotations

import gzip

import pytest
from support.shelves import Shelf
from support.snapshots import manifest_bytes
from support.stores import LocalStore

from fixtures.content import gz, lines, parquet
from verifier.backends.registry import open_backend
from verifier.formats.base import Limits
from verifier.model import Depth, FileReport
from verifier.verify import read_manifest, verify_file

GZIP_HEADER = len(gzip.compress(b"")[:10])
FILES = {"x.parquet": parquet(), "x.json.gz": gz(lines()), "x.json": lines(), "notes.csv": b"a,b\n"}


def look(path: str, depth: Depth = Depth.FULL, *, store: LocalStore | None = None, lies: bool = False) -> FileReport:
    data = FILES[path]
    if store:
        store.put(path, data)
    shelf = open_backend(store.location()) if store else Shelf({path: data}, lies=[path] if lies else ())
    file = shelf.stat(path)
    assert file is not None
    return verify_file(shelf, file, depth, Limits())


def test_of_gzip_only_the_header_is_not_covered(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    assert look("x.json.gz", store=store).content.unchecked_bytes == GZIP_HEADER


@pytest.mark.parametrize("path", ["x.json", "notes.csv"])
def test_of_plain_files_nothing_is_covered(path: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    assert look(path, store=store).content.unchecked_bytes == len(FILES[path])


@pytest.mark.parametrize("path", FILES)
def test_the_stores_own_checksum_counts_for_nothing_so_that_a_file_tells_the_same_everywhere(
    path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    here = look(path, store=store).content.unchecked_bytes
    assert here
    assert [look(path, lies=lies).content.unchecked_bytes for lies in (False, True)] == [here, here]


@pytest.mark.parametrize("path", ["x.parquet", "x.json.gz"])
@pytest.mark.parametrize("depth", [Depth.LIST, Depth.STRUCTURE])
def test_of_what_was_not_read_whole_nothing_is_known(path: str, depth: Depth) -> None:
    assert look(path, depth).content.unchecked_bytes is None


def test_of_parquet_that_has_no_footer_nothing_is_covered(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    store.put("x.parquet", FILES["x.parquet"][:-20])
    backend = open_backend(store.location())
    file = backend.stat("x.parquet")
    assert file is not None
    report = verify_file(backend, file, Depth.FULL, Limits())
    assert report.content.unchecked_bytes == len(FILES["x.parquet"]) - 20


def test_of_a_manifest_nothing_is_covered() -> None:
    shelf = Shelf({"manifest.json": manifest_bytes([])})
    file = shelf.stat("manifest.json")
    assert file is not None
    assert read_manifest(shelf, file, Limits())[0].content.unchecked_bytes == file.size
