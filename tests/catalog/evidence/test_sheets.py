"""The files of a bundle's rows: written in one spelling, counted, the entries they name kept apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.evidence.contents import POPULATION, Contents
from catalog.evidence.rows.values import Row
from catalog.evidence.sheets import Sheets


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def test_rows_come_back_as_they_were_and_are_counted(data: Path) -> None:
    rows: list[Row] = [{"b": "é", "a": None}, {"a": [1, {"c": True}], "b": "\n"}]
    with Sheets(data) as sheets:
        sheets.add("files", rows)
    assert list(Contents(data.parent).rows("files")) == rows
    assert (data / "files.jsonl").read_bytes().splitlines()[0] == '{"a":null,"b":"é"}'.encode()
    assert (sheets.counts["files"], sheets.counts["findings"]) == (2, 0)


def test_entries_that_rows_name_are_given_back_each_once_in_order(data: Path) -> None:
    with Sheets(data) as sheets:
        sheets.add_stated("snapshots", [{"entry": 900, "previous_entries": [3, 17], "read_entries": [4]}])
        sheets.add_stated("snapshots", [{"entry": None, "previous_entries": [3], "read_entries": []}])
        sheets.name(0)
    assert sheets.named() == [0, 3, 4, 17, 900]
    assert sheets.not_in_ledger["snapshots"] == 1


def test_a_population_comes_back_with_nulls_and_numbers(data: Path) -> None:
    row: Row = dict.fromkeys(POPULATION) | {"zone": 'a "b", c', "reason": "two\nlines", "slot_entry": 0}
    with Sheets(data) as sheets:
        sheets.add_population([row | {"status": "missing"}])
    assert list(Contents(data.parent).population()) == [row | {"status": "missing"}]
    assert (sheets.named(), sheets.slots, sheets.not_in_ledger["population"]) == ([0], {"missing": 1}, 0)
    assert b"\r" not in (data / "population.csv").read_bytes()


def test_nothing_is_written_over(data: Path) -> None:
    (data / "files.jsonl").write_bytes(b"")
    with pytest.raises(FileExistsError), Sheets(data):
        pass
