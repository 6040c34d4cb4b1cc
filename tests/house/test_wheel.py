"""The wheel holds the two packages and nothing else, and runs from where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, offline, as a release does; return it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("verifier", "catalog", "tests", "fixtures", "bench", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / f"landproof-{VERSION}-py3-none-any.whl"


def _sources() -> set[str]:
    """Return what of the two packages belongs into the wheel."""
    found = (p for name in ("verifier", "catalog") for p in (ROOT / name).rglob("*"))
    return {str(p.relative_to(ROOT)) for p in found if p.is_file() and "__pycache__" not in p.parts}


def test_wheel_holds_the_two_packages_the_licence_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    described = f"landproof-{VERSION}.dist-info"
    own = {name for name in names if not name.startswith(f"{described}/")}
    assert own == _sources()
    assert {Path(name).suffix for name in own} == {".css", ".html", ".js", ".py", ".sql", ".svg", ".txt"}
    assert f"{described}/licenses/LICENSE" in names
    assert names - own == {
        f"{described}/{name}" for name in ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE", "RECORD")
    }


def test_installed_wheel_runs_without_the_repository(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}

    def run(*arguments: str) -> str:
        command = [sys.executable, str(target / "bin" / "landproof"), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("--version") == f"landproof {VERSION}\n"
    place = run_python(environment, tmp_path, "import catalog; print(catalog.__file__)")
    assert place == f"{target / 'catalog' / '__init__.py'}\n"
    assert "What is due" in run("demo", str(tmp_path / "demo"))


def run_python(environment: dict[str, str], folder: Path, program: str) -> str:
    """Run a line of Python with an environment and return what it printed."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
