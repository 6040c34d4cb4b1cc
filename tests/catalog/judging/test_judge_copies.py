"""What a snapshot's copies are worth: whether it is preserved, and at how many good places it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.judging import DUE, PROMISE, arrival, codes, judge

from catalog.judging.copies import good_copies, is_good_itself, is_preserved
from catalog.judging.values import Place
from verifier.model import Depth, Presence, SnapshotId, SnapshotReport, Verdict

ID = SnapshotId("dlz", "64e0c0ffee0123456789abcd", "202609200100")
REPORT = SnapshotReport(
    id=ID,
    verdict=Verdict.GOOD,
    depth=Depth.FULL,
    checked=3,
    files=3,
    data_files=2,
    bytes=1000,
    rows=10,
    landed_at=None,
    settled_at=None,
)
PLACE = Place(SnapshotId("safe", ID.dataset_id, ID.export_time), Verdict.GOOD, Presence.PRESENT, 3, 1000, Depth.FULL)


@pytest.mark.parametrize(
    ("original", "there", "preserved", "good"),
    [
        (Verdict.GOOD, Verdict.GOOD, True, 1),
        (Verdict.GOOD, Verdict.CORRUPT, False, 0),
        (Verdict.GOOD, Verdict.INCOMPLETE, False, 0),
        (Verdict.GOOD, Verdict.UNKNOWN, False, 0),
        (Verdict.GOOD, Verdict.ARRIVING, False, 0),
        (Verdict.GOOD, Verdict.EMPTY, True, 1),
        (Verdict.CORRUPT, Verdict.CORRUPT, True, 0),
        (Verdict.INCOMPLETE, Verdict.CORRUPT, False, 0),
        (Verdict.CORRUPT, Verdict.GOOD, True, 1),
        (Verdict.UNVERIFIABLE, Verdict.UNVERIFIABLE, True, 0),
        (Verdict.ARRIVING, Verdict.ARRIVING, False, 0),
    ],
)
def test_a_copy_preserves_where_it_is_no_worse(original: Verdict, there: Verdict, preserved: bool, good: int) -> None:
    report, places = replace(REPORT, verdict=original), [replace(PLACE, verdict=there)]
    assert is_preserved(report, places) is preserved
    assert good_copies(report, places, encrypted=False) == good


@pytest.mark.parametrize(
    "place",
    [
        replace(PLACE, presence=Presence.VANISHED),
        replace(PLACE, presence=Presence.EXPIRED),
        replace(PLACE, files=2),
        replace(PLACE, bytes=999),
    ],
)
def test_a_copy_that_is_gone_or_lacks_something_preserves_nothing(place: Place) -> None:
    assert not is_preserved(REPORT, [place])
    assert good_copies(REPORT, [place], encrypted=False) == 0
    assert is_preserved(REPORT, [place, PLACE])


def test_a_copy_holds_what_its_original_has_lost_since() -> None:
    lost = replace(REPORT, files=1, bytes=10, presence=Presence.VANISHED, verdict=Verdict.INCOMPLETE)
    assert is_preserved(lost, [PLACE])
    assert not is_good_itself(lost, encrypted=False)


def test_where_encrypted_files_are_wanted_whole_is_good() -> None:
    report = replace(REPORT, verdict=Verdict.UNVERIFIABLE)
    places = [replace(PLACE, verdict=Verdict.UNVERIFIABLE)]
    assert (good_copies(report, places, encrypted=True), is_good_itself(report, encrypted=True)) == (1, True)
    assert (good_copies(report, places, encrypted=False), is_good_itself(report, encrypted=False)) == (0, False)


@pytest.mark.parametrize(("places", "wanted", "told"), [(1, 2, True), (2, 2, False), (0, 1, True), (1, None, False)])
def test_too_few_is_told_of_the_newest_settled_snapshot(places: int, wanted: int | None, told: bool) -> None:
    promise = replace(PROMISE, schedule=None, min_good_copies=wanted)
    older = arrival(DUE.replace(hour=0), good_places=0)
    newest = arrival(good_places=places)
    on_its_way = arrival(DUE.replace(hour=2), verdict=Verdict.ARRIVING, good_places=0)
    judged = judge(older, newest, on_its_way, at=DUE.replace(hour=9), promise=promise)
    assert ("copy.too-few" in codes(judged)) is told
