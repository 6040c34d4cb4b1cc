"""Manifests above their snapshots, from one scan to the next."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.zones import ALPHA, BETA, Zone, days_before

from fixtures.content import TIME, json_part, manifest


@pytest.fixture(params=["dataset", "zone"])
def zone(request: pytest.FixtureRequest, tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    for time in days_before(TIME, 2):
        zone.export(ALPHA, time, 2, manifest_in=request.param)
    return zone


def test_a_loss_is_seen_by_the_manifest_above(zone: Zone) -> None:
    zone.file(f"{ALPHA}/exportTime={TIME}", 1).unlink()
    for _ in range(2):
        seen = zone.scan()
        assert (seen.verdicts, seen.status) == ({"202609190100": "good", TIME: "incomplete"}, 2)
        assert seen.codes["manifest.file-missing"] == 1
        assert seen.document["strays"] == []
    assert seen.counts["files_read"] == 0


@pytest.mark.parametrize("part", [ALPHA, f"{ALPHA}/exportTime={TIME}"])
def test_a_part_of_the_zone_is_judged_with_the_manifest_above_it(zone: Zone, part: str) -> None:
    zone.scan("--depth", "list")
    deeper = zone.run("scan", zone.root / part)
    assert {s["depth"] for s in deeper.document["snapshots"]} == {"full"}
    assert (deeper.status, deeper.codes["file.vanished"]) == (0, 0)
    zone.remove(f"{ALPHA}/exportTime={TIME}")
    gone = zone.run("scan", zone.root / part)
    assert (gone.status, gone.verdicts[TIME], gone.codes["file.vanished"]) == (2, "incomplete", 2)


def test_many_manifests_above_a_part_are_not_taken_for_gone(zone: Zone) -> None:
    for time in days_before("202608010100", 9):
        zone.export(ALPHA, time, 1, manifest_in="zone")
    zone.scan()
    assert zone.run("scan", zone.root / ALPHA).codes["zone.mass-vanish"] == 0


def test_a_manifest_that_goes_is_told_of(zone: Zone) -> None:
    zone.scan()
    next(zone.root.rglob(f"manifest-*{TIME}.json")).unlink()
    assert zone.scan().codes["file.vanished"] == 1
    assert zone.scan().codes["file.vanished"] == 1


def test_a_manifest_that_speaks_of_nothing_here_is_a_stray_with_what_it_lacks(zone: Zone) -> None:
    said = manifest([{"sinkPath": "/elsewhere", "name": json_part(), "size": 9}])
    zone.put(next(iter(said)), next(iter(said.values())))
    for _ in range(2):
        seen = zone.scan()
        (stray,) = seen.document["strays"]
        assert {f["code"] for f in stray["findings"]} == {"manifest.file-missing", "layout.stray-file"}
        assert set(seen.verdicts.values()) == {"good"}


def test_a_manifest_above_that_arrives_after_its_snapshot_is_joined_to_it(zone: Zone) -> None:
    path = next(zone.root.rglob(f"manifest-*{TIME}.json"))
    data, place = path.read_bytes(), str(path.relative_to(zone.root))
    path.unlink()
    zone.scan()
    zone.put(place, data)
    joined = zone.scan()
    assert joined.document["snapshots"][-1]["manifest"] == path.name
    assert joined.status == 0
    zone.export(BETA)
    assert zone.scan().counts["files_read"] == 1
