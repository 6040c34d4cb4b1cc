"""What `landproof check` writes for pipelines and monitoring, over the demo, whose troubles are known."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.landproof import findings_of, landproof

from catalog.exit_status import ExitStatus


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo on which the watch ran once; only asked, never changed."""
    folder = tmp_path_factory.mktemp("reports") / "demo"
    assert landproof("demo", folder).status == ExitStatus.OK
    return folder / "landproof.toml"


def test_junit_and_sarif_are_written_beside_the_answer_and_agree_with_it(demo: Path, tmp_path: Path) -> None:
    junit, sarif = tmp_path / "landproof.xml", tmp_path / "landproof.sarif"
    answer = landproof("check", "--config", demo, "--json", "--junit", junit, "--sarif", sarif)
    assert answer.status == ExitStatus.ERRORS
    results = json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"]
    assert Counter(r["ruleId"] for r in results) == answer.codes
    root = ElementTree.parse(junit).getroot()
    slots = [s for d in answer.document["datasets"] for s in d["slots"]]
    bad = [s for s in slots if any(f["level"] == "error" for f in findings_of(s))]
    assert [root.get("failures"), root.get("errors")] == [str(len(bad)), "0"]
    assert len([c for c in root.iter("testcase") if str(c.get("name")).startswith("due ")]) == len(slots)


def test_a_run_later_has_the_same_fingerprints(demo: Path, tmp_path: Path) -> None:
    def prints(name: str) -> set[str]:
        landproof("check", "--config", demo, "--sarif", tmp_path / name)
        results = json.loads((tmp_path / name).read_text(encoding="utf-8"))["runs"][0]["results"]
        return {r["partialFingerprints"]["landproofFinding/v1"] for r in results}

    assert prints("one.sarif") == prints("two.sarif")


def test_nagios_gets_one_line_with_its_exit_status_and_more_below(demo: Path) -> None:
    answer = landproof("check", "--config", demo, "--nagios")
    first, *more = answer.out.splitlines()
    assert answer.status == ExitStatus.ERRORS
    assert first.startswith(
        "LANDPROOF CRITICAL - 4 datasets: 3 failing, 1 degraded (Web events, Orders, Call centre); "
    )
    assert "'slots missing'=1;;0;0;" in first
    assert "'age Orders'=" in first
    assert [line.split()[1] for line in more if line.startswith("error")] == [
        "manifest.file-missing:",
        "parquet.corrupt-page:",
        "schedule.missing:",
        "gzip.truncated:",
    ]


def test_a_report_that_cannot_be_written_is_wrong_usage(demo: Path, tmp_path: Path) -> None:
    answer = landproof("check", "--config", demo, "--junit", tmp_path / "nowhere" / "landproof.xml")
    assert answer.status == ExitStatus.USAGE
    assert "cannot be written: no such file or directory" in answer.err


def test_a_monitor_hears_that_nothing_could_be_judged_as_unknown(tmp_path: Path) -> None:
    answer = landproof("check", "--nagios", "--catalog", tmp_path / "none.duckdb")
    assert answer.status == 3
    assert answer.out.startswith("LANDPROOF UNKNOWN - ")
