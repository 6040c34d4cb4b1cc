"""The Airflow DAG and the Dagster job read exit statuses as they are meant; loaded where these are installed."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
AIRFLOW, DAGSTER = DEPLOY / "airflow" / "landproof_nightly.py", DEPLOY / "dagster" / "landproof_nightly.py"


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def called(path: Path, name: str) -> dict[str, Any]:
    """Return the keyword arguments of the one call of a name: constants as they are, anything else as its source."""
    calls = [n for n in ast.walk(tree(path)) if isinstance(n, ast.Call) and getattr(n.func, "id", None) == name]
    (call,) = calls
    return {k.arg or "": _value(k.value) for k in call.keywords}


def _value(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else ast.unparse(node)


def module(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int) -> ModuleType:
    """Load a file with a command in place of landproof that ends with a status."""
    command = tmp_path / "landproof"
    command.write_text(f"#!/bin/sh\necho night: $1\nexit {status}\n", encoding="utf-8")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("LANDPROOF_COMMAND", str(command))
    spec = importlib.util.spec_from_file_location(f"loaded_{path.parent.name}", path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, made)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("path", [AIRFLOW, DAGSTER], ids=lambda path: path.parent.name)
def test_the_file_compiles_and_needs_nothing_but_its_scheduler(path: Path) -> None:
    compile(tree(path), str(path), "exec")
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
    }
    assert imported - set(sys.stdlib_module_names) == {path.parent.name}


def test_the_task_of_airflow_is_not_retried_and_warnings_skip_it() -> None:
    task = called(AIRFLOW, "BashOperator")
    assert task["bash_command"] == "f'{COMMAND} nightly'"
    assert (task["retries"], task["skip_on_exit_code"], task["append_env"]) == (0, "WARNINGS", True)
    dag = called(AIRFLOW, "DAG")
    assert (dag["catchup"], dag["max_active_runs"]) == (False, 1)


def test_a_failed_night_of_dagster_is_not_retried() -> None:
    assert called(DAGSTER, "Failure")["allow_retries"] is False
    assert called(DAGSTER, "ScheduleDefinition")["execution_timezone"] == "UTC"


@pytest.mark.parametrize(("status", "outcome"), [(0, "passed"), (1, "skipped"), (2, "failed"), (3, "failed")])
def test_airflow_reads_exit_statuses(
    status: int, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("airflow", reason="Airflow is not installed")
    home = "airflow.sdk" if importlib.util.find_spec("airflow.sdk") else "airflow"  # the latter before Airflow 3
    exceptions = importlib.import_module(f"{home}.exceptions")
    task = module(AIRFLOW, monkeypatch, tmp_path, status).dag.get_task("nightly")
    try:
        task.execute({})
    except exceptions.AirflowSkipException:
        seen = "skipped"
    except exceptions.AirflowException:
        seen = "failed"
    else:
        seen = "passed"
    assert seen == outcome


@pytest.mark.parametrize(("status", "succeeds"), [(0, True), (1, True), (2, False), (3, False)])
def test_dagster_reads_exit_statuses(
    status: int, succeeds: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("dagster", reason="Dagster is not installed")
    job = module(DAGSTER, monkeypatch, tmp_path, status).landproof_nightly
    assert job.execute_in_process(raise_on_error=False).success is succeeds
