"""Files, functions and parameter lists stay small, nothing is left undone, and nothing names a place it was made at."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.reference import commands

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES, MOST_IN_A_FUNCTION, MOST_PARAMETERS = 300, 40, 5
_PACKAGES = ("verifier", "catalog")
_MODULES = sorted(path for package in _PACKAGES for path in (ROOT / package).rglob("*.py"))
_TEXTS = [
    path
    for folder in (*_PACKAGES, "tests", "fixtures", "bench", "docs", "requirements", ".ci")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".md", ".sql", ".txt", ".json", ".toml", "") and path.is_file()
] + [path for path in ROOT.iterdir() if (path.is_file() and path.suffix in (".md", ".toml")) or path.name == "Makefile"]
_UNDONE = re.compile(r"\b(?:T[O]DO|FI[X]ME|X[X]X)\b")
_PLACES = re.compile(r"/wor[k]/|/roo[t]/|/opt/py[p]i|py[p]i\.org|pythonhos[t]ed|index[-_]ur[l]|find-lin[k]s")
_ALONE = {ROOT / "catalog" / "evidence" / "verify.py"}
"""One file because it goes into every bundle, for people who have nothing else of ours."""
_MIRRORS = {("model.py", "finding")}
"""Functions that take a value's fields by their names, as its class does."""


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_command(path: Path, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A command's parameters are its options; the library reads them from the signature."""
    return path.parent.name == "cli" and function.name in _command_names()


def _command_names() -> set[str]:
    return {name.split()[-1] for name in commands()}


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_small_and_so_are_its_functions(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES or path in _ALONE
    for function in _functions(path):
        if _is_command(path, function):
            continue
        arguments = function.args
        count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
        own = sum(1 for a in arguments.args[:1] if a.arg in ("self", "cls"))
        assert _code_lines(function) <= MOST_IN_A_FUNCTION, function.name
        assert count - own <= MOST_PARAMETERS or (path.name, function.name) in _MIRRORS, function.name


@pytest.mark.parametrize("path", [p for p in _MODULES if p.name == "__init__.py"], ids=lambda p: p.parent.name)
def test_package_file_holds_a_docstring_and_no_code(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_says_what_it_is_responsible_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_nothing_is_left_undone_and_nothing_names_a_place() -> None:
    found = {}
    for path in _TEXTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        if match := _UNDONE.search(text) or _PLACES.search(text):
            found[str(path.relative_to(ROOT))] = match[0]
    assert found == {}


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))


def test_requirements_are_hashed_and_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        pinned = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        assert pinned
        assert [line for line in pinned if "==" not in line or "--hash=sha256:" not in line or "://" in line] == []


def test_requirements_of_a_run_are_those_of_its_tests() -> None:
    def pins(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^([\w.-]+==[^\s;]+)", text, re.MULTILINE))

    assert pins("runtime.txt") <= pins("dev.txt")


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    pinned = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    for dependency in (*project["dependencies"], *(d for extra in extras.values() for d in extra)):
        name = re.split(r"[\[<>=!~;]", dependency)[0].strip()
        if name != project["name"]:
            assert re.search(rf"^{name}==", pinned, re.MULTILINE | re.IGNORECASE), name
