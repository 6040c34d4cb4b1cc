"""The document of `audit selftest`, and the exit status it comes to."""

from __future__ import annotations

from catalog.answers import Document, moment
from catalog.evidence.damages.values import ControlState, ControlTest, SelfTest, TestedSnapshot
from catalog.exit_status import ExitStatus


def selftest_document(result: SelfTest) -> Document:
    """Return the document: what was tested, on which snapshots, and what came of each damage."""
    return {
        "schema": "landproof/audit-selftest/1",
        "test_id": result.test_id,
        "tool_version": result.tool_version,
        "run_by": result.run_by,
        "started_at": moment(result.started_at),
        "finished_at": moment(result.finished_at),
        "counts": {
            "fired": result.count(ControlState.FIRED),
            "silent": result.count(ControlState.SILENT),
            "not_tested": result.count(ControlState.NOT_TESTED),
        },
        "formats_missing": list(result.missing),
        "snapshots": [_snapshot(one) for one in result.snapshots],
        "controls": [_control(one) for one in result.controls],
    }


def selftest_status(result: SelfTest) -> ExitStatus:
    """A control that stays silent is an error; nothing tested, or a snapshot that could not be, is no answer."""
    if result.count(ControlState.SILENT):
        return ExitStatus.ERRORS
    could_not = any(one.reason for one in result.snapshots)
    return ExitStatus.NOT_LOOKED if could_not or not result.count(ControlState.FIRED) else ExitStatus.OK


def _snapshot(tested: TestedSnapshot) -> Document:
    return {
        "id": str(tested.snapshot),
        "kind": tested.kind.value if tested.kind else None,
        "files": tested.files,
        "bytes": tested.bytes,
        "state": ControlState.NOT_TESTED.value if tested.reason else "tested",
        "reason": tested.reason,
    }


def _control(test: ControlTest) -> Document:
    return {
        "snapshot": str(test.snapshot),
        "damage": test.damage,
        "path": test.path,
        "expected": list(test.expected),
        "found": list(test.found),
        "state": test.state.value,
        "reason": test.reason,
        "started_at": moment(test.started_at),
        "finished_at": moment(test.finished_at),
    }
