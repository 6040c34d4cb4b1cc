"""The bytes that no checksum covers, as people are told of them: in documents, in text, and from scan to scan."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.landproof import Document, landproof
from support.zones import ALPHA, Zone

from fixtures.content import lines, parquet

PLAIN = lines()
PARQUET = parquet()
SENTENCE = "covered by no checksum; from now on their SHA-256 is the reference"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    zone.export(files={"part-00000.parquet": PARQUET, "part-00001.json": PLAIN}, manifest_in="snapshot")
    return zone


def _snapshot(zone: Zone) -> Document:
    (snapshot,) = zone.run("snapshots").document["snapshots"]
    return snapshot


def test_a_scan_counts_them_for_what_it_reads_for_the_first_time(zone: Zone) -> None:
    first, again = zone.scan(), zone.scan()
    (seen,) = first.document["snapshots"]
    shown = zone.run("show", seen["id"]).document
    by_file = {file["path"].rsplit("/", 1)[-1]: file["unchecked_bytes"] for file in shown["files"]}
    assert by_file["part-00001.json"] == len(PLAIN)
    assert 0 < by_file["part-00000.parquet"] < len(PARQUET)
    assert len(by_file) == 3
    assert seen["unchecked_bytes"] == shown["snapshot"]["unchecked_bytes"] == sum(by_file.values())
    assert (first.counts["unchecked_bytes"], first.counts["unchecked_files"]) == (sum(by_file.values()), 3)
    assert (again.counts["unchecked_bytes"], again.counts["unchecked_files"]) == (0, 0)
    assert (
        again.document["snapshots"][0]["unchecked_bytes"] == _snapshot(zone)["unchecked_bytes"] == sum(by_file.values())
    )


def test_reading_the_same_bytes_again_counts_nothing_and_other_bytes_count(zone: Zone) -> None:
    zone.scan()
    again = zone.scan("--reverify", "all")
    assert (again.counts["files_read"], again.counts["unchecked_bytes"]) == (3, 0)
    path = f"{ALPHA}/exportTime=202609200100/part-00001.json"
    (found,) = zone.root.rglob("part-00001.json")
    zone.put(str(found.relative_to(zone.root)), PLAIN.replace(b"\n", b" \n", 1))
    changed = zone.scan()
    assert (changed.counts["unchecked_bytes"], changed.counts["unchecked_files"]) == (len(PLAIN) + 1, 1), path


def test_a_snapshot_that_was_not_read_whole_has_none_to_tell(zone: Zone) -> None:
    for depth in ("list", "structure"):
        seen = zone.scan("--depth", depth)
        assert seen.document["snapshots"][0]["unchecked_bytes"] is None
    assert _snapshot(zone)["unchecked_bytes"] is None
    text = landproof("show", _snapshot(zone)["id"], "--catalog", zone.catalog).out
    assert "no checksum covers  -" in text
    zone.scan()
    assert _snapshot(zone)["unchecked_bytes"] > len(PLAIN)


def test_people_are_told_in_one_line_once(zone: Zone) -> None:
    words = ["scan", zone.root, "--catalog", zone.catalog, "--workers", 0]
    first, again = landproof(*words), landproof(*words)
    told = [line for line in first.out.splitlines() if SENTENCE in line]
    assert len(told) == 1
    assert told[0].endswith(f" bytes in 3 files are {SENTENCE}")
    assert SENTENCE not in again.out
    text = landproof("show", _snapshot(zone)["id"], "--catalog", zone.catalog).out
    assert f"no checksum covers  {_snapshot(zone)['unchecked_bytes']:,} bytes".replace(",", " ") in text
    assert "unchecked" in text
