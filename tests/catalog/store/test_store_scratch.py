"""Data files in a scratch database: counted, refused, or not judged for want of means; nothing of them is told."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from catalog.store import scratch
from catalog.store.scratch import Loaded, Loader, ScratchFile
from fixtures.content import events, gz, lines, parquet, table
from verifier.model import FileKind

LINE = 64 << 20


def put(folder: Path, *contents: bytes, kind: FileKind = FileKind.JSON_GZIP) -> list[ScratchFile]:
    """Write files into a folder, by numbers."""
    suffix = {FileKind.PARQUET: ".parquet", FileKind.JSON_GZIP: ".json.gz", FileKind.JSON: ".json"}[kind]
    files = []
    for number, data in enumerate(contents):
        (folder / f"{number:06}{suffix}").write_bytes(data)
        files.append(ScratchFile(f"{number:06}{suffix}", kind, f"known/{number}"))
    return files


def load_and_count(folder: Path, files: list[ScratchFile], line_bytes: int) -> Loaded:
    with closing(Loader(folder, line_bytes)) as loader:
        return loader.load(files)


@pytest.mark.parametrize("name", ["plain", "it's \"{a,b} #", "exportTime=202609200100"])
def test_all_rows_of_all_kinds_are_counted_whatever_the_folder_is_called(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    rows = events(1, 30)
    files = put(folder, parquet(table(rows)), parquet(table([])), kind=FileKind.PARQUET)
    files += put(folder, gz(lines(rows)), gz(b""), gz(lines(rows)[:-1]))
    files += put(folder, lines(rows), kind=FileKind.JSON)
    assert load_and_count(folder, files, LINE) == Loaded(rows=120)
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in files)


def test_columns_that_differ_are_put_side_by_side(tmp_path: Path) -> None:
    files = put(tmp_path, parquet(pa.table({"a": [1]})), parquet(pa.table({"b": ["x"]})), kind=FileKind.PARQUET)
    assert load_and_count(tmp_path, files, LINE).rows == 2


@pytest.mark.parametrize(
    "odd",
    [b'{"a": 1}\n{"a": "x"}\n', b'{"a": 1, "A": 2}\n', b"{}\n{}\n", b'{"": 1}\n', b'{"a": {}}\r\n\n{"a": [1]}\n'],
)
def test_lines_that_are_odd_and_legal_are_counted(tmp_path: Path, odd: bytes) -> None:
    expected = sum(1 for line in odd.splitlines() if line.strip())
    assert load_and_count(tmp_path, put(tmp_path, gz(odd)), LINE).rows == expected


def test_a_line_longer_than_usual_is_loaded_where_the_limit_allows_it(tmp_path: Path) -> None:
    files = put(tmp_path, gz(b'{"a": "' + b"x" * (40 << 20) + b'"}\n'))
    assert load_and_count(tmp_path, files, LINE).rows == 1
    refusal = load_and_count(tmp_path, files, 16 << 20).refusal
    assert refusal == "DuckDB refuses known/0 (InvalidInput)"


def test_the_refused_file_is_named_and_none_of_its_values(tmp_path: Path) -> None:
    bad = gz(b'{"a": "secret-value" "b"}\n')
    loaded = load_and_count(tmp_path, put(tmp_path, gz(b'{"a": 1}\n'), bad, bad), LINE)
    assert loaded.refusal is not None
    assert loaded.refusal.startswith("DuckDB refuses known/1 and 1 more")
    assert "secret" not in loaded.refusal
    assert loaded.rows is None


def test_files_that_fit_into_no_common_table_are_refused_together(tmp_path: Path) -> None:
    contents = [parquet(pa.table({"a": [1]})), parquet(pa.table({"a": [{"x": 1}]}))]
    refusal = load_and_count(tmp_path, put(tmp_path, *contents, kind=FileKind.PARQUET), LINE).refusal
    assert refusal is not None
    assert "does not put its 2 files into one table" in refusal


def test_too_little_memory_says_nothing_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scratch._OPTIONS, "memory_limit", "8MB")
    loaded = load_and_count(tmp_path, put(tmp_path, gz(b'{"a": 1}\n')), LINE)
    assert (loaded.rows, loaded.refusal) == (None, None)
    assert loaded.trouble is not None
    assert "too little memory" in loaded.trouble


def test_one_loader_goes_on_after_a_refusal_and_starts_anew_when_its_database_has_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, *_ = put(tmp_path, gz(b'{"a": 1}\n{"a": 2}\n'), gz(b"{"))
    database = tmp_path / ".database" / "scratch.duckdb"
    with closing(Loader(tmp_path, LINE)) as loader:
        assert [loader.load([file]).rows for file in (good, good, bad, good)] == [2, 2, None, 2]
        assert database.exists()
        monkeypatch.setattr(scratch, "_SMALL_BYTES", 1)
        assert loader.load([good]).rows == 2
        assert not database.exists()
        assert loader.load([good]).rows == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [good.name, bad.name]


def test_a_file_cannot_make_it_read_anything_else(tmp_path: Path) -> None:
    with closing(Loader(tmp_path, LINE)) as loader:
        connection = loader._opened()
        for question in ("FROM read_text('/etc/hostname')", "ATTACH '/tmp/other.duckdb'", "SET threads = 1"):
            with pytest.raises(duckdb.Error):
                connection.execute(question).fetchall()
