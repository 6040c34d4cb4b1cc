"""Where a drill takes its files from: the original, its copies, or one file from here and one from there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.landproof import landproof
from support.zones import ALPHA, Zone

from catalog.drills.run import drill
from catalog.drills.values import DrilledSnapshot, DrillResult, DrillRun, DrillState
from catalog.progress import Silence
from catalog.restores.plan import Wish
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from fixtures.content import TIME, json_part
from verifier.model import Depth

FOLDER = f"{ALPHA}/exportTime={TIME}"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A scanned export of three files, and a copy of it in the folder `safe`."""
    zone = Zone(tmp_path)
    zone.export(files=3)
    zone.scan("--settle-minutes", 0)
    copied = landproof(
        "copy", f"zone/{ALPHA}/{TIME}", "--to", tmp_path / "safe", "--catalog", zone.catalog, "--workers", 0
    )
    assert copied.status == 0
    return zone


def safe(zone: Zone) -> Zone:
    return Zone(zone.folder, "safe")


def drilled(zone: Zone, workers: int = 0, depth: Depth = Depth.FULL) -> DrillResult:
    scratch = zone.folder / "scratch"
    scratch.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    run = DrillRun(
        drill_id="drill-1",
        catalog=Catalog(zone.catalog),
        settings=load_settings(None, {}),
        progress=Silence(),
        clock=lambda: now,
        tool_version="0.1.0",
        workers=workers,
        scratch=scratch,
    )
    result = drill(Wish(zone="zone", dataset_id=ALPHA, as_of=now, depth=depth), run)
    assert list(scratch.iterdir()) == []
    return result


def only(result: DrillResult) -> DrilledSnapshot:
    (snapshot,) = result.snapshots
    return snapshot


def places(result: DrillResult) -> list[str]:
    return [place.zone for place in only(result).places]


def test_where_all_is_well_the_original_is_enough(zone: Zone) -> None:
    result = drilled(zone)
    assert (result.state, places(result), only(result).message) == (DrillState.PASSED, ["zone"], None)


@pytest.mark.parametrize("workers", [0, 3])
def test_a_damaged_file_is_taken_from_the_copy_and_that_is_said(zone: Zone, workers: int) -> None:
    zone.flip(FOLDER, 1)
    result = drilled(zone, workers)
    assert (result.state, result.rows_loaded, places(result)) == (DrillState.PASSED, 15, ["zone", "safe"])
    message = only(result).message
    assert message is not None
    assert message.startswith(f"taken from another place: {FOLDER}/{json_part(1)}: the bytes")
    assert (only(result).files, only(result).bytes) == (3, sum(p.stat().st_size for p in zone.root.rglob("*.gz")))


def test_each_file_may_come_from_another_place(zone: Zone) -> None:
    zone.flip(FOLDER, 0)
    safe(zone).flip(FOLDER, 2)
    assert drilled(zone).state is DrillState.PASSED
    safe(zone).flip(FOLDER, 0)
    result = drilled(zone)
    assert (result.state, only(result).rows_loaded) == (DrillState.FAILED, None)


def test_a_zone_that_is_gone_as_a_whole_is_stood_in_for(zone: Zone) -> None:
    zone.root.rename(zone.folder / "elsewhere")
    result = drilled(zone)
    assert (result.state, places(result)) == (DrillState.PASSED, ["safe"])


def test_what_may_be_at_a_place_that_cannot_be_asked_is_not_lost(zone: Zone) -> None:
    zone.flip(FOLDER, 1)
    blocked = safe(zone).file(FOLDER, 1)
    blocked.unlink()
    blocked.symlink_to(blocked)
    result = drilled(zone)
    assert (result.state, result.is_blind) == (DrillState.UNKNOWN, True)
    message = only(result).message
    assert message is not None
    assert message.startswith(f"could not fetch {FOLDER}/{json_part(1)}: ")


def test_files_without_a_digest_are_found_at_a_copy_by_name_and_size(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export(files=2)
    zone.scan("--settle-minutes", 0, "--depth", "list")
    snapshot = f"zone/{ALPHA}/{TIME}"
    landproof("copy", snapshot, "--to", tmp_path / "safe", "--catalog", zone.catalog, "--workers", 0)
    zone.file(FOLDER).unlink()
    result = drilled(zone, depth=Depth.LIST)
    assert (result.state, result.rows_loaded, sorted(places(result))) == (DrillState.PASSED, 10, ["safe", "zone"])
