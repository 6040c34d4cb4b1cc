"""Which destinations the tests have proved, told by the reports of a run; not how each was tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

PROPERTY = "destination"
"""The property of a test's report, and the parameter of the test, that name the destination it is about."""

_CONTRACT = "test_backends.py"


def told_by(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return the lines that say which destinations were proved and which not, and why not; none where none was tried.

    One is proved when tests of the contract's suite passed for it and no test of any suite failed.
    """
    proved, others = list[str](), dict[str, list[str]]()
    for name, own in _by_destination(reports).items():
        reason = _why_not(own)
        if reason is None:
            proved.append(f"{name} {sum(_has_passed(report) for report in own)}")
        else:
            others.setdefault(reason, []).append(name)
    lines = [f"destinations proved, by so many tests: {', '.join(proved)}"] if proved else []
    return lines + [f"not proved: {', '.join(names)}: {reason}" for reason, names in others.items()]


def _by_destination(reports: Iterable[pytest.TestReport]) -> dict[str, list[pytest.TestReport]]:
    found: dict[str, list[pytest.TestReport]] = {}
    for report in reports:
        for name, value in report.user_properties:
            if name == PROPERTY:
                found.setdefault(str(value), []).append(report)
    return found


def _why_not(reports: Sequence[pytest.TestReport]) -> str | None:
    failed = {report.nodeid for report in reports if report.failed}
    if failed:
        return f"{len(failed)} of its tests failed"
    passed = [report.nodeid for report in reports if _has_passed(report)]
    if passed:
        return None if any(_CONTRACT in name for name in passed) else "the contract's tests were not run"
    skipped = next((report.longrepr for report in reports if report.skipped), None)
    return skipped[2].removeprefix("Skipped: ") if isinstance(skipped, tuple) else "no test was run"


def _has_passed(report: pytest.TestReport) -> bool:
    return report.passed and report.when == "call"
