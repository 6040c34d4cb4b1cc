"""landproof audit sample: drawn from a catalog, from a bundle and by hand, a sample is the same."""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from support.landproof import Document, landproof
from support.zones import ALPHA, BETA, Zone, daily, days_before

from catalog.evidence.sampling import FORMULA

FIRST, LAST = "2026-09-01", "2026-09-21"
PERIOD = ("--from", FIRST, "--to", LAST)


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Zone:
    """Three weeks of two datasets, one of which misses some days, and one file cut."""
    zone = Zone(tmp_path_factory.mktemp("sampled"))
    zone.exports(20, last="202609200100")
    for time in days_before("202609200100", 20)[::2]:
        zone.export(BETA, time)
    zone.settings(daily(), daily(BETA))
    zone.file(f"{ALPHA}/exportTime=202609180100").write_bytes(b"\x1f\x8b")
    zone.scan("--settle-minutes", 0)
    return zone


@pytest.fixture(scope="module")
def bundle(zone: Zone) -> Path:
    """The bundle of the same time."""
    path = zone.folder / "evidence.zip"
    assert landproof("audit", "bundle", *PERIOD, "--out", path, "--config", zone.config).status in (0, 1)
    return path


def sampled(zone: Zone, *words: object) -> Document:
    answer = landproof("audit", "sample", *words, "--config", zone.config, "--json")
    assert answer.status == 0
    return answer.document


def by_hand(bundle: Path, seed: str, count: int) -> list[tuple[str, str]]:
    """Draw with nothing but the CSV and SHA-256."""
    with zipfile.ZipFile(bundle) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/data/population.csv")]
        rows = list(csv.reader(io.StringIO(archive.read(name).decode())))[1:]
    slots = [f"{row[0]}/{row[1]}@{row[3]}" for row in rows]
    draws = [(hashlib.sha256(f"{seed}\n{slot}".encode()).hexdigest(), slot) for slot in slots]
    return [(slot, draw) for draw, slot in sorted(draws)[:count]]


def test_a_sample_is_what_an_auditor_draws_by_hand(zone: Zone, bundle: Path) -> None:
    document = sampled(zone, "--seed", "auditor 7", "--count", 9, *PERIOD)
    assert (document["schema"], document["formula"]) == ("landproof/audit-sample/1", FORMULA)
    assert [(one["slot"], one["draw"]) for one in document["sample"]] == by_hand(bundle, "auditor 7", 9)
    slot = document["sample"][0]["slot"]
    command = ["sh", "-c", 'printf "%s\\n%s" "$1" "$2" | sha256sum', "sh", "auditor 7", slot]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.split()[0] == document["sample"][0]["draw"]


def test_a_bundle_gives_the_same_sample_without_a_catalog(zone: Zone, bundle: Path) -> None:
    drawn = sampled(zone, "--seed", "x", "--count", 5, "--by", "status", *PERIOD)
    answer = landproof("audit", "sample", "--seed", "x", "--count", 5, "--by", "status", "--bundle", bundle, "--json")
    held = answer.document
    assert (held["sample"], held["strata"]) == (drawn["sample"], drawn["strata"])
    assert held["population"]["sha256"] == drawn["population"]["sha256"]
    assert {one["name"] for one in held["strata"]} == {"on_time", "missing"} | {s["name"] for s in drawn["strata"]}


def test_each_row_says_what_to_look_at(zone: Zone) -> None:
    document = sampled(zone, "--seed", "x", "--count", 100, *PERIOD)
    assert len(document["sample"]) == document["population"]["rows"] > 30
    for one in document["sample"]:
        paths = [file["path"] for file in one["files"]]
        assert bool(paths) == (one["snapshot"] is not None)
        for file in one["files"]:
            assert hashlib.sha256((zone.root / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        for step in one["look_at"]:
            if step.startswith("landproof "):
                words = step.split()[1:]
                assert landproof(*words, "--config", zone.config).status in (0, 1, 2, 3), step


def test_one_dataset_is_drawn_from_alone(zone: Zone) -> None:
    document = sampled(zone, "--seed", "x", "--count", 100, "--dataset", BETA, *PERIOD)
    assert {one["dataset_id"] for one in document["sample"]} == {BETA}


def test_the_words_name_each_slot_with_its_files(zone: Zone) -> None:
    told = landproof("audit", "sample", "--seed", "x", "--count", 3, *PERIOD, "--config", zone.config)
    drawn = sampled(zone, "--seed", "x", "--count", 3, *PERIOD)
    assert all(one["slot"] in told.out and one["draw"] in told.out for one in drawn["sample"])
    assert drawn["population"]["sha256"] in told.out


def test_nothing_due_is_not_a_sample(zone: Zone) -> None:
    answer = landproof(
        "audit",
        "sample",
        "--seed",
        "x",
        "--count",
        1,
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-02",
        "--config",
        zone.config,
    )
    assert answer.status == 3


@pytest.mark.parametrize(
    "words",
    [
        ["--seed", "", "--count", 1],
        ["--seed", "x", "--count", 0],
        ["--seed", "x", "--count", 1, "--bundle", "BUNDLE", "--from", "2026-01-01"],
        ["--seed", "x", "--count", 1, "--bundle", "no-such-file.zip"],
    ],
)
def test_what_cannot_be_drawn_is_wrong_usage(zone: Zone, bundle: Path, words: list[object]) -> None:
    words = [bundle if word == "BUNDLE" else word for word in words]
    settings = [] if "--bundle" in words else ["--config", zone.config]
    assert landproof("audit", "sample", *words, *settings).status == 64
