"""The demo zone holds what is planted and nothing else, whenever it is built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.main import main
from catalog.demo import DATASETS, DemoDataset, Planted, build_demo
from verifier.errors import UsageError

CODES: Mapping[Planted, tuple[str, list[str]]] = {
    Planted.LATE: ("good", []),
    Planted.INCOMPLETE: ("incomplete", ["manifest.file-missing"]),
    Planted.CORRUPT_PAGE: ("corrupt", ["parquet.corrupt-page"]),
    Planted.TRUNCATED: ("corrupt", ["gzip.truncated"]),
    Planted.DUPLICATE_WRITE: ("good", ["layout.duplicate-part", "layout.second-write"]),
    Planted.MARKERS: ("good", ["layout.marker"]),
}
NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(f"{path.relative_to(folder)} {path.stat().st_mtime} ".encode() + path.read_bytes())
    return whole.hexdigest()


def _due(dataset: DemoDataset, exports_ago: int, now: datetime) -> datetime:
    """Return when the export that many before the newest was due; one due within the last hour may not be there yet."""
    newest = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    newest -= timedelta(hours=(newest.hour - dataset.at_hour) % dataset.every_hours)
    return newest - timedelta(hours=dataset.every_hours * exports_ago)


def _json(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main(argv)
    return status, json.loads(capsys.readouterr().out)


def test_the_same_moment_and_seed_give_the_same_zone(tmp_path: Path) -> None:
    build_demo(tmp_path / "one", NOW)
    build_demo(tmp_path / "two", NOW + timedelta(minutes=29))
    assert _digest(tmp_path / "one/zone") == _digest(tmp_path / "two/zone")


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    build_demo(tmp_path / "one", NOW)
    build_demo(tmp_path / "two", NOW, seed=8)
    assert _digest(tmp_path / "one/zone") != _digest(tmp_path / "two/zone")


@pytest.mark.parametrize("name", ["zone", "landproof.toml"])
def test_a_folder_that_holds_something_else_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UsageError):
        build_demo(tmp_path, NOW)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_a_place_that_takes_no_folder_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        build_demo(tmp_path / "file" / "demo", NOW)


def test_an_older_demo_is_replaced_with_what_was_recorded_of_it_and_nothing_else(tmp_path: Path) -> None:
    build_demo(tmp_path / "new", NOW)
    build_demo(tmp_path / "old", NOW - timedelta(days=3))
    (tmp_path / "old/landproof.duckdb").touch()
    (tmp_path / "old/notes.txt").touch()
    build_demo(tmp_path / "old", NOW)
    assert _digest(tmp_path / "old/zone") == _digest(tmp_path / "new/zone")
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["landproof.toml", "notes.txt", "zone"]


def test_a_scan_of_the_demo_finds_what_is_planted_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    config = str(build_demo(tmp_path, now))
    status, document = _json(["scan", "--config", config, "--json"], capsys)
    wanted = {
        (dataset.id, f"{_due(dataset, ago, now):%Y%m%d%H%M}"): CODES[planted]
        for dataset in DATASETS
        for ago, planted in dataset.planted.items()
        if planted is not Planted.MISSING
    }
    seen = {}
    for snapshot in document["snapshots"]:
        _, dataset_id, time = snapshot["id"].split("/")
        said = (snapshot["verdict"], sorted({finding["code"] for finding in snapshot["findings"]}))
        if said != ("good", []) or (dataset_id, time) in wanted:
            seen[dataset_id, time] = said
    assert seen == wanted
    strays = [(stray["path"], [finding["code"] for finding in stray["findings"]]) for stray in document["strays"]]
    assert strays == [("_$azuretmpfolder$/stage-0", ["layout.marker"])]
    assert [zone["findings"] for zone in document["zones"]] == [[]]
    assert status == 2


def test_a_nightly_run_on_the_demo_finds_one_export_missing_and_one_late(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    config = str(build_demo(tmp_path, now))
    assert main(["nightly", "--config", config]) == 2
    capsys.readouterr()
    status, document = _json(["check", "--config", config, "--json"], capsys)
    odd = {
        (dataset["dataset_id"], slot["due_at"]): slot["status"]
        for dataset in document["datasets"]
        for slot in dataset["slots"]
        if slot["status"] not in ("on_time", "not_due", "waiting")
    }
    assert odd == {
        (dataset.id, f"{_due(dataset, ago, now):%Y-%m-%dT%H:%M:%SZ}"): status_name
        for dataset in DATASETS
        for ago, planted in dataset.planted.items()
        for status_name in {Planted.MISSING: ["missing"], Planted.LATE: ["arrived_late"]}.get(planted, [])
    }
    statuses = {dataset["name"]: dataset["status"] for dataset in document["datasets"]}
    assert statuses == {
        "Web events": "failing",
        "Orders": "failing",
        "Customer profiles": "degraded",
        "Call centre": "failing",
    }
    assert document["findings"] == []
    assert status == 2
