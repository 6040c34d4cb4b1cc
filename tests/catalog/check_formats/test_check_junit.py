"""JUnit XML of a judged document, by the schema that Jenkins checks it with, whose rules are `_SCHEMA` here."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.watched import DATASET, checked, dataset, found, slot

from catalog.check_formats.junit import junit_text

# By element: required attributes, other attributes, elements inside. From junit-10.xsd of Jenkins' xUnit plugin, which
# no installed package has.
_SCHEMA: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def parsed(text: str) -> ElementTree.Element:
    """Parse a report and hold it against the schema."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        required, others, inside = _SCHEMA[element.tag]
        assert required <= set(element.keys()) <= required | others
        assert {child.tag for child in element} <= inside
    for suite in (root, *root.iter("testsuite")):
        for attribute, tag in (
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
            ("tests", "testcase"),
        ):
            if attribute in suite.keys():  # noqa: SIM118
                assert suite.get(attribute) == str(sum(1 for _ in suite.iter(tag)))
    return root


def case(*findings: dict[str, object], status: str = "on_time", **more: object) -> ElementTree.Element:
    """Return the case of the one slot of a document."""
    root = parsed(junit_text(checked(dataset([slot(19, status, findings, **more)]))))
    (one,) = [c for c in root.iter("testcase") if c.get("name") == "due 2026-09-19T01:00:00Z"]
    return one


def test_a_slot_that_is_good_passes() -> None:
    assert list(case()) == []


def test_a_slot_with_an_error_fails_with_all_of_its_findings_in_one() -> None:
    (failure,) = case(
        found("parquet.corrupt-page", path="a.parquet", expected=1, actual=2), found("gzip.corrupt", path="b.gz")
    )
    assert (failure.tag, failure.get("type")) == ("failure", "parquet.corrupt-page")
    assert failure.get("message") == "something is wrong (expected 1, got 2), and 1 more"
    assert (failure.text or "").splitlines() == [
        "error parquet.corrupt-page: a.parquet: something is wrong (expected 1, got 2)",
        "error gzip.corrupt: b.gz: something is wrong",
    ]


def test_a_slot_that_nobody_looked_for_is_an_error_and_no_failure() -> None:
    (error,) = case(found("schedule.unknown", "warn"), status="unknown")
    assert (error.tag, error.get("type")) == ("error", "schedule.unknown")


def test_a_slot_is_unknown_without_a_finding_too() -> None:
    assert [element.tag for element in case(status="unknown")] == ["error"]


def test_a_slot_that_is_known_to_be_bad_fails_though_a_file_could_not_be_read() -> None:
    (failure,) = case(found("file.unreadable"), found("gzip.corrupt"))
    assert failure.tag == "failure"
    assert "file.unreadable" in (failure.text or "")


@pytest.mark.parametrize("status", ["paused", "waiting", "not_due"])
def test_a_slot_that_is_not_judged_is_skipped(status: str) -> None:
    (skipped,) = case(status=status, reason="holidays")
    assert skipped.get("message") == f"{status.replace('_', ' ')}: holidays"


def test_a_slot_that_is_still_arriving_fails_where_it_has_an_error() -> None:
    assert [element.tag for element in case(found("gzip.corrupt"), status="waiting")] == ["failure"]


def test_an_accepted_error_fails_nothing_and_is_told_with_who_and_why() -> None:
    accepted = {"by": "ops@host", "at": "2026-09-19T08:00:00Z", "reason": "known", "until": "2026-10-01T00:00:00Z"}
    (out,) = case(found("gzip.corrupt", path="a.gz", accepted=accepted))
    assert out.tag == "system-out"
    expected = "error gzip.corrupt: a.gz: something is wrong [accepted by ops@host until 2026-10-01T00:00:00Z: known]"
    assert out.text == expected


def test_a_warning_fails_nothing_and_is_told() -> None:
    (out,) = case(found("schedule.late", "warn"), status="arrived_late")
    assert (out.tag, out.text) == ("system-out", "warn schedule.late: something is wrong")


def test_findings_about_no_slot_have_cases_of_their_own() -> None:
    stale = found("zone.stale", message="zone cja has no complete listing")
    document = checked(dataset([], [found("schedule.ended")]), findings=[stale])
    root = parsed(junit_text(document))
    outcomes = {(c.get("classname"), c.get("name")): [e.tag for e in c] for c in root.iter("testcase")}
    assert outcomes == {
        ("landproof.watch", "watch"): ["error"],
        (f"landproof.cja.{DATASET}", "dataset"): ["failure"],
    }


def test_a_night_tells_the_zones_that_could_not_be_listed() -> None:
    zones = [{"zone": "cja", "findings": [found("zone.unreachable")]}, {"zone": "other", "findings": []}]
    night = {"schema": "landproof/nightly/1", "scan": {"zones": zones}, "check": checked(dataset([slot(19)]))}
    (suite, _) = parsed(junit_text(night))
    assert [(c.get("name"), [e.tag for e in c]) for c in suite] == [("zone cja", ["error"])]


def test_names_of_cases_stay_the_same_when_the_outcome_changes() -> None:
    def names(*slots: dict[str, object]) -> list[tuple[str | None, str | None]]:
        root = parsed(junit_text(checked(dataset(list(slots)))))
        return [(c.get("classname"), c.get("name")) for c in root.iter("testcase")]

    assert names(slot(19), slot(20)) == names(slot(19, "missing", [found("schedule.missing")]), slot(20, "unknown"))


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_name_and_any_path_give_xml(name: str, path: str) -> None:
    findings = [found("gzip.corrupt", path=path, message=name), found("schedule.late", "warn", message=path)]
    parsed(junit_text(checked(dataset([slot(19, findings=findings)], name=name, zone=name or "z"))))


def test_characters_that_xml_has_not_are_shown_as_escapes() -> None:
    text = junit_text(checked(dataset([slot(19)], name="a\x00b\x1b\ud800\uffff\nc")))
    assert r"a\x00b\x1b\ud800\uffff\x0ac" in text
