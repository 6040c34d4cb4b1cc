"""scan and show --excerpt: a short, escaped piece where a finding stands, on the terminal and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.landproof import landproof
from support.zones import ALPHA, Zone

from catalog.cli import excerpt
from fixtures.content import TIME, events, flipped, gz, json_part, lines, parquet

ID = f"zone/{ALPHA}/{TIME}"
SECRET = "geheim-4711"
BAD = b'{"_id": "' + SECRET.encode() + b' \xc3\xa9\x1b[31m", oops}\n'
SHOWN = 'excerpt: {"_id": "geheim-4711 \\xc3\\xa9\\x1b[31m", oops}'


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A line that is no JSON in the second gzip member of a file, and one in a file that is not compressed."""
    zone = Zone(tmp_path)
    plain = json_part(1).removesuffix(".gz")
    zone.export(files={json_part(): gz(lines(events(1, 3))) + gz(BAD + lines(events(2, 2))), plain: BAD})
    return zone


def scan(zone: Zone, *words: object) -> str:
    return landproof("scan", zone.root, "--catalog", zone.catalog, "--workers", 0, *words).out


def show(zone: Zone, *words: object) -> str:
    return landproof("show", ID, "--catalog", zone.catalog, *words).out


def test_a_bad_line_is_shown_escaped_where_it_was_asked_for(zone: Zone) -> None:
    assert scan(zone, "--excerpt").count(SHOWN) == 2
    assert show(zone, "--excerpt").count(SHOWN) == 2


def test_nothing_of_it_is_shown_or_kept_anywhere_else(zone: Zone) -> None:
    scan(zone, "--excerpt")
    show(zone, "--excerpt")
    for told in (scan(zone), show(zone), scan(zone, "--json"), show(zone, "--json"), scan(zone, "--jsonl")):
        assert "json.invalid-line" in told
        assert SECRET not in told
    kept = [path for path in zone.catalog.parent.iterdir() if path.is_file()]
    assert kept
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize("words", [["--json"], ["--jsonl"]])
def test_no_document_holds_a_piece(zone: Zone, words: list[str]) -> None:
    assert landproof("scan", zone.root, "--catalog", zone.catalog, "--excerpt", *words).status == 64
    assert landproof("show", ID, "--catalog", zone.catalog, "--excerpt", "--json").status == 64


def test_a_long_line_is_cut(zone: Zone) -> None:
    zone.export(time="202609210100", files={json_part(): gz(b'{"a": "' + b"\xff" * 500 + b'"\n')})
    (line,) = [one.strip() for one in scan(zone, "--excerpt").splitlines() if "\\xff" in one]
    assert line.startswith('excerpt: {"a": "\\xff\\xff')
    assert len(line) <= len("excerpt: ") + excerpt.MOST_CHARACTERS
    assert line.endswith("\\xff…")


def test_a_damaged_page_is_shown_in_hex(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    data = parquet()
    zone.export(files={"part-00000.gz.parquet": flipped(data, len(data) // 3)})
    scan(zone)
    told = show(zone, "--excerpt").splitlines()
    (number,) = [n for n, line in enumerate(told) if "parquet.corrupt-page" in line]
    offset = int(told[number + 1].partition(" offset ")[2].split(";")[0].split(",")[0])
    piece = (
        zone.file(f"{ALPHA}/exportTime={TIME}").with_name("part-00000.gz.parquet").read_bytes()[offset : offset + 24]
    )
    assert told[number + 3].strip() == f"excerpt: {piece.hex(' ')}"


def test_a_place_too_far_into_a_compressed_file_is_not_looked_for(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpt, "MOST_EXPANDED", 300)
    told = scan(zone, "--excerpt")
    assert (told.count(SHOWN), told.count("no excerpt: the place is too far into a compressed file")) == (1, 1)


def test_a_file_that_went_meanwhile_is_told_quietly(zone: Zone) -> None:
    scan(zone)
    for path in (zone.root / ALPHA / f"exportTime={TIME}").iterdir():
        path.unlink()
    assert "no excerpt: the file is gone" in show(zone, "--excerpt")


def test_a_store_that_cannot_be_reached_is_told_quietly(zone: Zone) -> None:
    scan(zone)
    folder = zone.root / ALPHA / f"exportTime={TIME}"
    for path in folder.iterdir():
        path.unlink()
        os.mkfifo(path)
    told = landproof("show", ID, "--catalog", zone.catalog, "--excerpt")
    assert (told.status, told.err) == (2, "")
    assert "no excerpt: the zone cannot be read now" in told.out
