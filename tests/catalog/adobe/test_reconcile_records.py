"""Runs and empty slots as they are recorded: only what is new, and read back as they were."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.adobe.parse import parse_run
from catalog.adobe.reconcile_fetch import recorded_runs, saved_runs
from catalog.adobe.reconcile_records import empty_slot_rows, run_of, run_rows
from catalog.adobe.reconcile_values import Reconciliation
from catalog.adobe.shapes import AnswerError
from verifier.errors import UsageError

NOW = datetime(2026, 9, 20, 5, tzinfo=UTC)
MILLISECONDS = 1_790_000_000_000


def item(identity: str, **more: object) -> dict[str, object]:
    metrics = {
        "durationSummary": {"startedAtUTC": MILLISECONDS, "completedAtUTC": MILLISECONDS + 9000},
        "recordSummary": {"outputRecordCount": 7},
        "statusSummary": {"status": "failed", "errors": [{"code": "A-1", "message": "half of a pair: \ud83d"}]},
    }
    return {"id": identity, "flowId": "flow", "createdAt": MILLISECONDS, "metrics": metrics, **more}


def test_run_is_recorded_and_read_back_whatever_stands_in_its_messages() -> None:
    run = parse_run(item("a"))
    (row,) = run_rows([run], NOW)
    assert (row["run_id"], row["flow_id"], row["status"], row["rows"], row["files"]) == ("a", "flow", "failed", 7, None)
    assert row["fetched_at"] == datetime(2026, 9, 20, 5)  # noqa: DTZ001  # as it is stored
    assert json.loads(row["errors"])[0]["code"] == "A-1"
    assert run_of(row) == run


def test_run_that_is_known_as_it_is_has_no_row_and_one_that_changed_has() -> None:
    before, after = parse_run(item("a")), parse_run(item("a", updatedAt=MILLISECONDS + 60_000))
    known = {before.id: before.raw}
    assert run_rows([before], NOW, known) == []
    assert [row["run_id"] for row in run_rows([after, parse_run(item("b"))], NOW, known)] == ["a", "b"]


def test_slot_is_recorded_as_empty_once_with_the_run_that_says_so() -> None:
    slots = (("z", "a", NOW), ("z", "b", NOW))
    result = Reconciliation(at=NOW, flows=(), proven_empty=slots, proofs={slots[0]: "r1", slots[1]: "r2"})
    (row,) = empty_slot_rows(result, [slots[0]])
    assert (row["zone"], row["dataset_id"], row["run_id"]) == ("z", "b", "r2")


def test_recorded_runs_are_known_until_the_newest_moment_in_them() -> None:
    later = parse_run(item("b", updatedAt=MILLISECONDS + 60_000))
    fetched = recorded_runs([parse_run(item("a")), later, parse_run(item("c", flowId="other"))])
    assert {flow: [run.id for run in runs] for flow, runs in fetched.runs.items()} == {
        "flow": ["a", "b"],
        "other": ["c"],
    }
    assert fetched.until == later.updated_at


def test_files_without_runs_or_with_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text('{"items": []}')
    with pytest.raises(UsageError, match="no run"):
        saved_runs([path])
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        saved_runs([path])
    path.write_text("[1]")
    with pytest.raises(AnswerError):
        saved_runs([path])
