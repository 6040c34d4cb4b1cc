"""Imports go one way, drivers stay in their rooms, and what is pure reads no clock, environment or file."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_CLOCKS_AND_FILES = ("now", "utcnow", "today", "open", "read_text", "read_bytes", "write_text", "write_bytes")


def _contracts() -> list[dict[str, object]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, object]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


def _pure_files() -> Iterator[str]:
    """Yield the path of every pure module, of those of a package each."""
    (pure,) = [c["source_modules"] for c in _contracts() if c.get("id") == "pure"]
    assert isinstance(pure, list)
    for module in pure:
        path = ROOT / module.replace(".", "/")
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_name(f"{path.name}.py")]
        yield from (str(file.relative_to(ROOT)) for file in files)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--no-cache", "--config", str(folder / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_imports_keep_their_directions() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", list(_pure_files()))
def test_pure_modules_read_no_clock_and_no_file(path: str) -> None:
    assert list(_calls(ast.parse((ROOT / path).read_text(encoding="utf-8")))) == []


def _calls(tree: ast.AST) -> Iterator[str]:
    """Yield where something named like a clock or a file is called; parameters called `now` are values, not calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _CLOCKS_AND_FILES:
                yield f"line {node.lineno}: {name}()"


def test_calls_to_a_clock_are_seen() -> None:
    tree = ast.parse("from datetime import datetime\nat = datetime.now()\nopen('x')\n")
    assert list(_calls(tree)) == ["line 2: now()", "line 3: open()"]
