"""Every alert of the rules is tested, is about metrics that exist, and says how bad it is and what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.watched import FULL_FACTS

from catalog.metrics.families import registry_of

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
RULES, TESTS = FOLDER / "landproof.rules.yml", FOLDER / "landproof.rules.test.yml"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert "landproof" in rule["annotations"]["runbook"]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_is_about_metrics_that_exist(rule: dict[str, Any]) -> None:
    known = {family.name for family in registry_of(FULL_FACTS).collect()}
    named = set(re.findall(r"\blandproof_\w+", rule["expr"]))
    assert named
    assert named <= known


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_is_tested_and_explained(rule: dict[str, Any]) -> None:
    assert rule["alert"] in TESTS.read_text(encoding="utf-8")
    assert f"`{rule['alert']}`" in (FOLDER.parents[1] / "docs" / "nightly.md").read_text(encoding="utf-8")


def test_each_alert_fires_when_it_should_and_a_good_watch_is_quiet() -> None:
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed: it comes with Prometheus")
    done = subprocess.run([promtool, "test", "rules", str(TESTS)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
