"""Copies as second places of one backup: in plans, before a zone deletes, and in the count of good places."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.landproof import Answer, Document
from support.zones import ALPHA, Zone, digits

from fixtures.content import json_part

LANDED = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=6)
TIME = digits(LANDED)
FOLDER = f"{ALPHA}/exportTime={TIME}"


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """A zone that deletes after seven days, with an export of six days ago that is wanted at three good places."""
    zone = Zone(tmp_path)
    zone.export(time=TIME, files=2, landed=LANDED)
    zone.settings(f'[[datasets]]\nzone = "zone"\nid = "{ALPHA}"\nmin_good_copies = 3\n', zone="lifetime_days = 7")
    zone.scan("--settle-minutes", 0)
    return zone


def at(zone: Zone, name: str) -> Zone:
    """The place a copy is at."""
    return Zone(zone.folder, name)


def copy(zone: Zone, source: str, target: str) -> None:
    to = zone.folder / target
    assert zone.run("copy", f"{source}/{ALPHA}/{TIME}", "--to", to, "--workers", 0).status == 0


def places(zone: Zone, dataset: str = f"zone/{ALPHA}") -> list[str]:
    """The zones that a plan knows for the one snapshot; none where there is no chain."""
    document = zone.run("restore", "plan", dataset).document
    return [place.partition("/")[0] for one in document["snapshots"] for place in one["places"]]


def too_few(zone: Zone) -> str | None:
    """How many good places check counts, where it says that they are too few."""
    answer = zone.run("check")
    return str(answer.only("copy.too-few")["actual"]) if "copy.too-few" in answer.codes else None


def is_expiring(zone: Zone) -> bool:
    return "zone.expiring" in zone.run("check").codes


def scan(zone: Zone, name: str, *words: object) -> Answer:
    return zone.scan(zone.folder / name, *words)


def snapshot(answer: Answer) -> Document:
    (one,) = answer.document["snapshots"]
    return dict(one)


def test_an_original_found_corrupt_is_stood_in_for_by_a_copy_made_while_it_was_good(zone: Zone) -> None:
    copy(zone, "zone", "safe")
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["zone", "safe"], "2", False)
    zone.flip(FOLDER)
    os.utime(zone.file(FOLDER), (LANDED.timestamp(), LANDED.timestamp() + 1))
    assert zone.scan("--settle-minutes", 0).verdicts == {TIME: "corrupt"}
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["safe"], "1", False)
    first = zone.run("restore", "plan", f"zone/{ALPHA}").document["files"][0]
    assert first["url"].startswith(f"file://{zone.folder}/safe/")


def test_an_original_that_its_zone_deleted_is_stood_in_for(zone: Zone) -> None:
    copy(zone, "zone", "safe")
    for number in range(2):
        zone.touch(f"{FOLDER}/{json_part(number)}", LANDED - timedelta(days=8))
    zone.scan("--settle-minutes", 0)
    zone.remove(FOLDER)
    assert zone.scan().codes["file.expired"] > 0
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["safe"], "1", False)


def test_a_copy_of_a_copy_is_a_place_like_any_other(zone: Zone) -> None:
    copy(zone, "zone", "safe")
    copy(zone, "safe", "vault")
    assert (places(zone), too_few(zone)) == (["zone", "safe", "vault"], None)
    assert places(zone, f"vault/{ALPHA}") == ["vault", "safe", "zone"]
    at(zone, "safe").remove(ALPHA)
    scan(zone, "safe", "--accept-vanished")
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["zone", "vault"], "2", False)
    zone.remove(FOLDER)
    zone.scan("--accept-vanished")
    assert places(zone) == ["vault"]


def test_a_copy_later_found_corrupt_counts_no_more_and_takes_no_other_with_it(zone: Zone) -> None:
    copy(zone, "zone", "safe")
    copy(zone, "safe", "vault")
    at(zone, "safe").flip(FOLDER)
    os.utime(at(zone, "safe").file(FOLDER))
    assert snapshot(scan(zone, "safe"))["verdict"] == "corrupt"
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["zone", "vault"], "2", False)
    at(zone, "vault").flip(FOLDER, 1)
    os.utime(at(zone, "vault").file(FOLDER, 1))
    scan(zone, "vault")
    assert (places(zone), too_few(zone), is_expiring(zone)) == (["zone"], "1", True)


def test_a_copy_of_what_was_bad_by_then_is_no_place_for_what_was_good(zone: Zone) -> None:
    zone.flip(FOLDER)
    os.utime(zone.file(FOLDER), (LANDED.timestamp(), LANDED.timestamp() + 1))
    assert zone.scan("--settle-minutes", 0).verdicts == {TIME: "corrupt"}
    copy(zone, "zone", "safe")
    copy(zone, "safe", "vault")
    assert (places(zone), too_few(zone)) == ([], "0")
    assert not is_expiring(zone)  # it is preserved as it is


def test_a_copy_whose_bytes_nobody_has_read_since_they_changed_does_not_count(zone: Zone) -> None:
    copy(zone, "zone", "safe")
    copy(zone, "zone", "vault")
    assert too_few(zone) is None
    for number in range(2):
        path = at(zone, "safe").file(FOLDER, number)
        path.write_bytes(path.read_bytes())
    seen = snapshot(scan(zone, "safe", "--depth", "list"))
    assert (seen["depth"], seen["verdict"]) == ("list", "good")
    assert (places(zone), too_few(zone)) == (["zone", "vault"], "2")
    scan(zone, "safe")
    assert (places(zone), too_few(zone)) == (["zone", "safe", "vault"], None)


def test_an_original_that_was_only_listed_is_no_verified_place(tmp_path: Path) -> None:
    zone = Zone(tmp_path)
    zone.export(time=TIME, landed=LANDED)
    zone.settings(f'[[datasets]]\nzone = "zone"\nid = "{ALPHA}"\nmin_good_copies = 2\n')
    zone.scan("--settle-minutes", 0, "--depth", "list")
    copy(zone, "zone", "safe")
    assert (places(zone), too_few(zone)) == (["safe"], "1")
    zone.scan()
    assert (places(zone), too_few(zone)) == (["zone", "safe"], None)
