"""What landproof doctor sees of a zone, a catalog and this program."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from support.landproof import Answer, landproof
from support.zones import Zone


def seen(answer: Answer) -> dict[tuple[str, str], str]:
    return {(c["subject"], c["name"]): c["status"] for c in answer.document["checks"]}


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    zone = Zone(tmp_path)
    zone.export()
    return zone


def test_a_good_zone_is_reached_listed_and_read_from(zone: Zone) -> None:
    zone.settings()
    zone.scan()
    answer = zone.run("doctor")
    assert (answer.status, set(seen(answer).values())) == (0, {"ok"})
    assert {name for _, name in seen(answer)} == {"versions", "catalog", "list", "read", "clock"}
    assert zone.run("doctor", "zone").status == 0


def test_a_place_needs_no_settings_and_nothing_is_recorded(zone: Zone) -> None:
    answer = zone.run("doctor", zone.root)
    assert (answer.status, seen(answer)["zone", "read"]) == (0, "ok")
    assert not zone.catalog.exists()


def test_a_zone_that_cannot_be_reached_is_3_and_the_others_are_examined(zone: Zone) -> None:
    answer = zone.run("doctor", zone.folder / "gone", zone.root)
    assert answer.status == 3
    assert seen(answer)["gone", "list"] == "error"
    assert seen(answer)["zone", "read"] == "ok"


def test_an_empty_zone_is_a_warning(tmp_path: Path) -> None:
    answer = Zone(tmp_path).run("doctor", tmp_path / "zone")
    assert (answer.status, seen(answer)["zone", "read"]) == (1, "warn")


def test_a_damaged_catalog_is_4_beside_what_the_zone_shows(zone: Zone) -> None:
    zone.catalog.write_bytes(b"no catalog")
    answer = zone.run("doctor", zone.root)
    assert answer.status == 4
    assert seen(answer)[str(zone.catalog), "catalog"] == "error"
    assert seen(answer)["zone", "read"] == "ok"


def test_without_a_zone_only_the_program_is_examined(zone: Zone) -> None:
    assert {name for _, name in seen(zone.run("doctor"))} == {"versions", "catalog"}


def test_a_person_is_given_a_hint(zone: Zone) -> None:
    told = landproof("doctor", zone.folder / "gone", "--catalog", zone.catalog)
    assert "gone" in told.out
    assert "error" in told.out


def test_versions_are_those_of_what_reads_and_reaches(zone: Zone) -> None:
    (check,) = (c for c in zone.run("doctor").document["checks"] if c["name"] == "versions")
    for library in ("landproof", "pyarrow", "duckdb", "botocore", "adlfs", "google-auth", "paramiko"):
        assert f"{library} {version(library)}" in check["message"]
