"""Catalogs that earlier programs left, as they are: each is brought up to date and answers as it did then."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from support.landproof import landproof

STORED = Path(__file__).parents[3] / "fixtures" / "catalogs"
VERSIONS = sorted(file.name.removesuffix(".duckdb.gz") for file in STORED.glob("*.duckdb.gz"))


@pytest.fixture
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "landproof.duckdb"
    path.write_bytes(gzip.decompress((STORED / f"{request.param}.duckdb.gz").read_bytes()))
    return path


def same_as_then(then: Any, now: Any) -> bool:
    """Fields may have been added, none is gone or has another value."""
    if isinstance(then, dict):
        return isinstance(now, dict) and all(key in now and same_as_then(then[key], now[key]) for key in then)
    if isinstance(then, list):
        return isinstance(now, list) and len(then) == len(now) and all(map(same_as_then, then, now))
    return bool(then == now)


def test_there_is_a_catalog_of_each_version() -> None:
    assert [name[:4] for name in VERSIONS] == ["0003", "0005"]


@pytest.mark.parametrize(("stored", "version"), [(v, v) for v in VERSIONS], indirect=["stored"])
def test_it_answers_as_it_did(stored: Path, version: str) -> None:
    answers = json.loads((STORED / f"{version}.json").read_text(encoding="utf-8"))
    assert len(answers) >= 6
    for words, then in answers.items():
        command, _, rest = words.partition(" ")
        now = landproof(command, *([rest] if rest else []), "--catalog", stored, "--json").document
        assert same_as_then(by_column(then), by_column(now)), words


def by_column(document: dict[str, Any]) -> Any:
    """Give the rows of an answer to SQL by the names of their columns, and any other document as it is."""
    if document["schema"] != "landproof/sql/1":
        return document
    return [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]


@pytest.mark.parametrize("stored", VERSIONS, indirect=True)
def test_what_it_recorded_before_there_were_segments_is_told_and_kept(stored: Path, tmp_path: Path) -> None:
    verified = landproof("catalog", "verify", "--catalog", stored, "--json")
    scans = landproof("sql", "SELECT count(*) FROM scans", "--catalog", stored, "--json").document["rows"][0][0]
    told = {m["subject"] for m in verified.document["mismatches"] if m["subject"].startswith("scan ")}
    assert (verified.status, len(told)) == (2, scans)
    refused = landproof("catalog", "rebuild", "--catalog", stored)
    assert (refused.status, "no segment" in refused.err) == (4, True)
    backup = tmp_path / "backup"
    assert landproof("catalog", "backup", backup, "--catalog", stored).status == 0
    before = landproof("snapshots", "--catalog", stored).out
    stored.unlink()
    assert landproof("catalog", "rebuild", "--backup", backup, "--catalog", stored).status == 0
    assert landproof("snapshots", "--catalog", stored).out == before
