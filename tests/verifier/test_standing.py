"""A look that failed, or was less hard, takes nothing away from what is known of the same version."""

from __future__ import annotations

from dataclasses import replace

from support.snapshots import LANDED, NOW, part, seen, stored

from verifier.changes import judge_change, next_known, standing
from verifier.errors import NetworkError
from verifier.model import Content, Depth, FileReport, KnownFile, finding
from verifier.verify import unreadable

SOUND = Content(rows=5, sha256="a" * 64)
PAGE = finding("parquet.corrupt-page", "a page is damaged")
ODD = finding("parquet.no-rows", "a valid file without rows")


def known(content: Content = SOUND) -> KnownFile:
    return next_known(None, seen(stored(part()), content), NOW, settled=True)


def failed() -> FileReport:
    return unreadable(stored(part()), NetworkError("no answer"))


def codes(report: FileReport) -> list[str]:
    return [f.code for f in report.content.findings]


def test_a_look_that_failed_says_so_beside_what_is_known() -> None:
    before = known(replace(SOUND, findings=(PAGE,)))
    report = standing(before, failed())
    assert (report.looked, report.content.sha256, report.content.rows) == (False, "a" * 64, 5)
    assert codes(report) == ["parquet.corrupt-page", "file.unreadable"]
    again = standing(next_known(before, report, NOW, settled=True), failed())
    assert codes(again) == ["parquet.corrupt-page", "file.unreadable"]


def test_a_change_once_found_stands_while_nobody_can_look() -> None:
    before = known()
    other = seen(stored(part()), replace(SOUND, sha256="b" * 64))
    found = judge_change(before, other)
    assert found is not None
    changed = replace(before, report=replace(other, content=replace(other.content, findings=(found,))))
    assert judge_change(changed, standing(changed, failed())) == found
    assert judge_change(before, standing(before, failed())) is None


def test_another_version_stands_for_itself() -> None:
    other = unreadable(stored(part(), size=9), NetworkError("no answer"))
    assert standing(known(), other) is other


def test_a_lesser_look_that_finds_nothing_new_leaves_all_that_is_known() -> None:
    lesser = seen(stored(part()), Content(rows=5, findings=(ODD,)), depth=Depth.STRUCTURE)
    before = known(replace(SOUND, findings=(ODD,)))
    assert standing(before, lesser) == before.report
    blind = next_known(before, standing(before, failed()), NOW, settled=True)
    assert standing(blind, lesser) == before.report


def test_a_lesser_look_that_finds_an_error_speaks_for_itself() -> None:
    lesser = seen(stored(part()), Content(findings=(PAGE,)), depth=Depth.STRUCTURE)
    assert standing(known(), lesser) is lesser
    assert standing(known(replace(SOUND, findings=(PAGE,))), lesser).content.sha256 == "a" * 64


def test_a_harder_look_takes_the_place_of_what_was_known() -> None:
    listed = next_known(None, seen(stored(part(), landed=LANDED), depth=Depth.LIST), NOW, settled=True)
    full = seen(stored(part(), landed=LANDED), SOUND)
    assert standing(listed, full) is full
