"""The end of a test run says which destinations were proved, and says it of no other."""

from __future__ import annotations

import pytest
from support.proved import PROPERTY, told_by


def report(destination: str, outcome: str, *, when: str = "call", suite: str = "test_backends.py") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=f"tests/contract/{suite}::test_it[{destination}]",
        location=("", 0, ""),
        keywords={},
        outcome=outcome,
        longrepr=("file", 1, "Skipped: its server is not installed") if outcome == "skipped" else None,
        when=when,
        user_properties=[(PROPERTY, destination)],
    )


def test_a_destination_whose_contract_tests_passed_is_proved_whatever_was_skipped_beside() -> None:
    reports = [
        report("a", "passed", when="setup"),
        report("a", "passed"),
        report("a", "skipped"),
        report("b", "passed"),
    ]
    assert told_by(reports) == ["destinations proved, by so many tests: a 1, b 1"]


def test_a_destination_is_not_proved_by_a_skip_a_failure_anywhere_or_another_suite() -> None:
    reports = [
        *(report("no-server", "skipped", when="setup") for _ in range(3)),
        report("nor-this", "skipped", when="setup"),
        report("failing", "passed"),
        report("failing", "failed", suite="test_others.py"),
        report("not-started", "failed", when="setup"),
        report("elsewhere", "passed", suite="test_others.py"),
    ]
    assert told_by(reports) == [
        "not proved: no-server, nor-this: its server is not installed",
        "not proved: failing, not-started: 1 of its tests failed",
        "not proved: elsewhere: the contract's tests were not run",
    ]


def test_a_run_about_no_destination_says_nothing() -> None:
    assert told_by([]) == []
