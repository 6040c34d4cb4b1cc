"""Every fixture zone gives exactly what its EXPECTED.json says, phase by phase; what is in a zone is in fixtures/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.main import main
from fixtures import build
from fixtures.case import NEAR, moments
from verifier.findings import REGISTER

Document = dict[str, Any]

ZONES = Path(build.__file__).parent / "zones"
FAMILIES = ("layout", "file", "pgp", "gzip", "json", "parquet", "schema", "manifest", "snapshot", "schedule", "zone")
_NOW = re.compile(r"now[+-]\d+[mhd]")


def _expected(name: str) -> Document:
    document: Document = json.loads((ZONES / name / "EXPECTED.json").read_text(encoding="utf-8"))
    return document


def _resolved(keyed: Document, now: datetime, form: str) -> Document:
    """Write out the keys, or their ends, that are relative to the moment of building."""
    return {moments(_NOW.sub(lambda match: f"{{{match[0]}}}", key), now, form): value for key, value in keyed.items()}


def _codes(findings: Iterable[Document]) -> list[str]:
    return sorted({finding["code"] for finding in findings})


def _seen(document: Document) -> Document:
    """Return a document in the terms of EXPECTED.json."""
    if document["schema"] == "landproof/scan/1":
        return {
            "snapshots": {
                snapshot["id"].split("/", 1)[1]: {"verdict": snapshot["verdict"], "codes": _codes(snapshot["findings"])}
                for snapshot in document["snapshots"]
            },
            "strays": {stray["path"]: _codes(stray["findings"]) for stray in document["strays"]},
            "zone": _codes(finding for zone in document["zones"] for finding in zone["findings"]),
        }
    return {
        "slots": {
            dataset["dataset_id"]: {
                slot["due_at"]: [slot["status"], _codes(slot["findings"])] for slot in dataset["slots"]
            }
            for dataset in document["datasets"]
        },
        "datasets": {
            dataset["dataset_id"]: [dataset["status"], _codes(dataset["findings"])] for dataset in document["datasets"]
        },
        "findings": _codes(document["findings"]),
    }


def _wanted(phase: Document, now: datetime) -> Document:
    wanted = {key: value for key, value in phase.items() if key not in ("command", "exit_status")}
    if "snapshots" in wanted:
        wanted["snapshots"] = _resolved(wanted["snapshots"], now, "%Y%m%d%H%M")
    if "slots" in wanted:
        wanted["slots"] = {key: _resolved(due, now, "%Y-%m-%dT%H:%M:%SZ") for key, due in wanted["slots"].items()}
    return wanted


def _run(
    name: str, index: int, folder: Path, now: datetime, capsys: pytest.CaptureFixture[str]
) -> tuple[int, Document]:
    arguments = build.command(name, index, folder, now)
    if arguments[0] == "scan":
        arguments += ["--workers", "0"]  # worker processes have tests of their own, and take a second to start
    status = main(arguments)
    document: Document = json.loads(capsys.readouterr().out)
    return status, document


@pytest.mark.parametrize("name", build.zone_names())
def test_zone_gives_exactly_what_is_expected(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = _expected(name)["phases"]
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    assert [phase["command"] for phase in expected] == [phase.command[0] for phase in build.phases(name)]
    for index, phase in enumerate(expected):
        status, document = _run(name, index, tmp_path, now, capsys)
        wanted = _wanted(phase, now)
        seen = _seen(document)
        for dataset, slots in seen.get("slots", {}).items():
            wanted.get("slots", {}).setdefault(dataset, slots)  # a dataset of which EXPECTED says nothing
        assert {key: seen[key] for key in wanted} == wanted, f"phase {index}"
        assert status == phase["exit_status"], f"phase {index}"


def test_zones_have_an_expectation_each_and_no_expectation_lacks_a_zone() -> None:
    assert {path.parent.name for path in ZONES.glob("*/EXPECTED.json")} == set(build.zone_names())


def _raised(value: object) -> set[str]:
    """Return every code anywhere in an expectation."""
    if isinstance(value, dict):
        return set().union(*(_raised(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_raised(part) for part in value))
    return {value} if isinstance(value, str) and value in REGISTER else set()


def test_every_code_is_raised_by_the_zone_named_after_it() -> None:
    raised = {name.replace("-", ".", 1): _raised(_expected(name)["phases"]) for name in build.zone_names()}
    codes = {code for code in REGISTER if code.partition(".")[0] in FAMILIES} - set(build.NOT_HERE)
    assert {code for code in codes if code not in raised.get(code, ())} == set()


def test_near_misses_never_have_the_code_they_come_near_to() -> None:
    for name in build.zone_names():
        code = name.replace("-", ".", 1)
        for phase in _expected(name)["phases"]:
            keyed = phase.get("snapshots", {}) | phase.get("slots", {}) | phase.get("datasets", {})
            near = [value for key, value in keyed.items() if key.startswith(NEAR[:8])]
            assert code not in _raised(near), name


def test_a_folder_with_a_bad_export_time_is_one_stray_that_counts_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, document = _run("layout-bad-export-time", 0, tmp_path, datetime.now(UTC), capsys)
    assert [finding["count"] for stray in document["strays"] for finding in stray["findings"]] == [2]
