"""The units of systemd are ones that systemd takes, and they keep the watch from doing anything else."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
NIGHT, METRICS = UNITS / "landproof.service", UNITS / "landproof-metrics.service"
SERVE = UNITS / "landproof-serve.service"


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return parser


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed")
    ours = Path(sys.executable).parent / "landproof"
    for path in UNITS.glob("landproof*.*"):
        text = path.read_text(encoding="utf-8").replace("/usr/local/bin/landproof", str(ours))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    failed = "landproof-failed@landproof.service.service"
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"]
    names = ["landproof.service", "landproof.timer", "landproof-metrics.service", "landproof-serve.service", failed]
    done = subprocess.run([*command, *(f"./{name}" for name in names)], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "landproof" in line]) == (0, [])


@pytest.mark.parametrize("path", [NIGHT, METRICS, SERVE], ids=lambda path: path.name)
def test_the_services_may_write_to_their_state_only(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == "landproof"
    assert service["StateDirectory"] == "landproof"
    wanted = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "CapabilityBoundingSet": ""}
    assert {key: service[key] for key in wanted} == wanted
    assert "ReadWritePaths" not in service


def test_warnings_are_a_success_and_errors_are_told() -> None:
    night = unit(NIGHT)
    assert night["Service"]["ExecStart"].split()[1:] == ["nightly", "--config", "/etc/landproof/landproof.toml"]
    assert night["Service"]["SuccessExitStatus"] == "1"
    assert night["Unit"]["OnFailure"] == "landproof-failed@%n.service"
    assert (UNITS / "landproof-failed@.service").exists()


def test_the_service_listens_on_this_machine_only_and_is_not_started_again_for_wrong_settings() -> None:
    service = unit(SERVE)["Service"]
    words = service["ExecStart"].split()
    assert words[1:4] == ["serve", "--config", "/etc/landproof/landproof.toml"]
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert service["RestartPreventExitStatus"] == "64"


def test_a_night_that_was_slept_through_is_made_up_for() -> None:
    timer = unit(UNITS / "landproof.timer")["Timer"]
    assert timer["Persistent"] == "true"
    assert "RandomizedDelaySec" in timer
    assert timer["OnCalendar"].endswith("UTC")


def test_no_unit_holds_a_secret() -> None:
    for path in UNITS.iterdir():
        set_here = re.findall(r"^Environment=(\w+)=", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(set_here) <= {"LANDPROOF_CATALOG__PATH"}
