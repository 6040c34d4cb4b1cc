"""The document of `check` as JUnit XML, which Jenkins, GitLab and others read; writes no file.

One suite for the zones and the watch, one for each dataset; a case for each slot, and one for what is about no slot.
The names of cases stay the same from night to night, so that a history can be kept of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from catalog.check_formats.parts import (
    COULD_NOT_LOOK,
    Document,
    Found,
    dataset_findings,
    finding_line,
    judged_part,
    message_of,
    open_ones,
    slot_findings,
    visible,
    watch_findings,
)

_SKIPPED = ("paused", "not_due", "waiting")


@dataclass(frozen=True, slots=True)
class _Case:
    """One case; `status` is that of its slot, None where it is about none."""

    name: str
    found: Sequence[Found]
    status: str | None = None
    reason: str | None = None


def junit_text(document: Document) -> str:
    """Return the XML of a document of `check` or `nightly`.

    An open error is a failure; a slot nobody knows about, or a zone nobody could look at, an error; a slot that is
    paused, waiting or not due is skipped. Warnings and what was accepted stand in `system-out` and fail nothing.
    """
    judged = judged_part(document)
    suites = ElementTree.Element("testsuites", name="landproof")
    stamp = str(judged["at"])
    watch = [_Case(str(subject), found) for subject, found in _by_subject(watch_findings(document))]
    suites.append(_suite("landproof", "landproof.watch", watch or [_Case("watch", ())], stamp))
    for dataset in judged["datasets"]:
        place = f"{dataset['zone']}/{dataset['dataset_id']}"
        cases = [_Case("dataset", list(dataset_findings(dataset)))]
        for slot in dataset["slots"]:
            found = list(slot_findings(dataset, slot))
            cases.append(_Case(f"due {slot['due_at']}", found, slot["status"], slot.get("reason")))
        label = f"{dataset['name']} ({place})" if dataset["name"] else place
        suites.append(_suite(label, f"landproof.{place.replace('.', '_').replace('/', '.')}", cases, stamp))
    for kind in ("tests", "failures", "errors"):
        suites.set(kind, str(sum(int(suite.get(kind, 0)) for suite in suites)))
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, encoding="unicode")}\n'


def _by_subject(found: Iterable[Found]) -> list[tuple[object, list[Found]]]:
    groups: dict[object, list[Found]] = {}
    for one in found:
        groups.setdefault(one.subject, []).append(one)
    return list(groups.items())


def _suite(name: str, classname: str, cases: Sequence[_Case], stamp: str) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=visible(name), timestamp=stamp)
    suite.extend(_case(case, visible(classname)) for case in cases)
    counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for attribute, tag in counted.items():
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _case(case: _Case, classname: str) -> ElementTree.Element:
    element = ElementTree.Element("testcase", classname=classname, name=visible(case.name))
    bad = open_ones(case.found, "error")
    failures = [one for one in bad if one.finding["code"] not in COULD_NOT_LOOK]
    blind = [one for one in open_ones(case.found, "error", "warn") if one.finding["code"] in COULD_NOT_LOOK]
    if failures:
        _outcome(element, "failure", bad)
    elif blind or case.status == "unknown":
        _outcome(element, "error", blind or list(case.found))
    elif case.status in _SKIPPED:
        why = f": {case.reason}" if case.reason else ""
        ElementTree.SubElement(element, "skipped", message=visible(f"{case.status.replace('_', ' ')}{why}"))
    told = [finding_line(one.finding) for one in case.found if one not in bad and one not in blind]
    if told:
        ElementTree.SubElement(element, "system-out").text = "\n".join(told)
    return element


def _outcome(case: ElementTree.Element, tag: str, found: Sequence[Found]) -> None:
    """Add one element for all: readers show the first and drop others."""
    if not found:
        ElementTree.SubElement(case, tag, type="schedule.unknown", message="nobody has looked since it was due")
        return
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    message = visible(f"{message_of(found[0].finding)}{more}")
    outcome = ElementTree.SubElement(case, tag, type=found[0].finding["code"], message=message)
    outcome.text = "\n".join(finding_line(one.finding) for one in found)
