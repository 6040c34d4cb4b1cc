"""The output of a monitoring plugin, taken apart as the Monitoring Plugins guidelines say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.watched import DATASET, checked, dataset, found, slot

from catalog.check_formats.nagios import LONGEST, nagios_error_line, nagios_line, nagios_status
from catalog.exit_status import ExitStatus

_VALUE = re.compile(r"'([^'=]+)'=(U|-?[0-9.]+)(s|%|B|c)?((?:;[-0-9.:~@]*){0,4})")


def values(output: str) -> dict[str, str]:
    """Return value and unit of the performance data by label; all of it is in the guidelines' form."""
    first = output.splitlines()[0]
    data = first.split("|")[1]
    assert _VALUE.sub("", data).strip() == "", data
    return {found[1]: found[2] + (found[3] or "") for found in _VALUE.finditer(data)}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ExitStatus.OK, "OK"),
        (ExitStatus.WARNINGS, "WARNING"),
        (ExitStatus.ERRORS, "CRITICAL"),
        (ExitStatus.NOT_LOOKED, "UNKNOWN"),
        (ExitStatus.CATALOG, "UNKNOWN"),
    ],
)
def test_the_first_word_is_what_the_exit_status_means(status: ExitStatus, word: str) -> None:
    assert nagios_line(checked(dataset([slot(19)])), status).startswith(f"LANDPROOF {word} - ")


def test_a_good_watch_in_one_line() -> None:
    output = nagios_line(checked(dataset([slot(19), slot(20)])), ExitStatus.OK)
    assert output == (
        "LANDPROOF OK - 1 dataset ok; 2 on time |"
        " 'slots on time'=2;;;0;2 'slots late'=0;0;;0;2 'slots missing'=0;;0;0;2 'slots unknown'=0;;;0;2"
        " 'datasets failing'=0;;0;0;1 'errors'=0;;0;0 'warnings'=0;0;;0 'age Web events'=18000s;;;0\n"
    )


def test_errors_come_before_warnings_and_accepted_ones_not_at_all() -> None:
    accepted = {"by": "ops@host", "at": "2026-09-19T08:00:00Z", "reason": "known", "until": None}
    slots = [
        slot(17, "arrived_late", [found("schedule.late", "warn", "it was late")]),
        slot(18, findings=[found("gzip.corrupt", accepted=accepted)]),
        slot(19, "missing", [found("schedule.missing", message="it is missing")]),
    ]
    output = nagios_line(checked(dataset(slots, status="failing")), ExitStatus.ERRORS)
    first, *lines = output.splitlines()
    assert first.startswith(
        "LANDPROOF CRITICAL - 1 dataset: 1 failing (Web events); 1 on time; 1 arrived late; 1 missing |"
    )
    assert lines == [
        "error schedule.missing: Web events, due 2026-09-19T01:00:00Z: it is missing",
        "warn schedule.late: Web events, due 2026-09-17T01:00:00Z: it was late",
    ]
    seen = values(output)
    assert (seen["errors"], seen["warnings"], seen["datasets failing"], seen["slots missing"]) == ("1", "1", "1", "1")


def test_the_age_is_that_of_the_newest_good_export() -> None:
    corrupt = slot(20, verdict="corrupt")
    assert values(nagios_line(checked(dataset([slot(18), slot(19), corrupt])), ExitStatus.ERRORS))[
        "age Web events"
    ] == (f"{29 * 3600}s")


def test_an_empty_export_counts_unless_it_may_not_be_empty() -> None:
    def age(*findings: dict[str, Any]) -> str:
        document = checked(dataset([slot(19), slot(20, verdict="empty", findings=findings)]))
        return values(nagios_line(document, ExitStatus.OK))["age Web events"]

    assert age(found("snapshot.no-new-data", "info")) == f"{5 * 3600}s"
    assert age(found("snapshot.empty")) == f"{29 * 3600}s"


def test_the_age_of_what_never_was_good_is_unknown_and_no_number() -> None:
    assert values(nagios_line(checked(dataset([slot(19, "missing")])), ExitStatus.ERRORS))["age Web events"] == "U"


def test_datasets_of_one_name_are_told_apart() -> None:
    document = checked(dataset([slot(19)]), dataset([slot(19)], zone="other"))
    assert {f"age cja/{DATASET}", f"age other/{DATASET}"} <= set(values(nagios_line(document, ExitStatus.OK)))


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_and_no_message_breaks_the_form(name: str, message: str) -> None:
    document = checked(dataset([slot(19, findings=[found("gzip.corrupt", message=message)])], name=name))
    output = nagios_line(document, ExitStatus.ERRORS)
    assert output.count("|") == 1
    assert output.endswith("\n")
    assert len(output.splitlines()) == 2
    assert len(values(output)) == 8


@pytest.mark.parametrize("many", [3, 40, 400])
def test_the_output_is_bounded_and_says_what_is_left_out(many: int) -> None:
    findings = [found("gzip.corrupt", message="x" * 500, path="ü" * 300)]
    datasets = [dataset([slot(19, findings=findings)], name=f"Dataset {n} of many") for n in range(many)]
    output = nagios_line(checked(*datasets), ExitStatus.ERRORS)
    assert len(output.encode()) <= LONGEST
    told = [line for line in output.splitlines()[1:] if line.startswith("error")]
    left_out = re.search(r"^and (\d+) more$", output, re.MULTILINE)
    assert len(told) + (int(left_out[1]) if left_out else 0) == many
    ages = [label for label in values(output) if label.startswith("age ")]
    without = re.search(r"^performance data of (\d+) more", output, re.MULTILINE)
    assert len(ages) + (int(without[1]) if without else 0) == many


def test_what_is_no_plugin_s_status_is_unknown() -> None:
    assert [nagios_status(status) for status in (0, 1, 2, 3, 4, 64, 130)] == [0, 1, 2, 3, 3, 3, 3]


def test_where_nothing_could_be_judged_the_reason_is_in_the_line() -> None:
    assert nagios_error_line("catalog a|b: does not exist") == "LANDPROOF UNKNOWN - catalog a\\x7cb: does not exist\n"
