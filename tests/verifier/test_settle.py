"""When a snapshot counts as settled: by its manifest, by the quiet time, by two looks where a store keeps no clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.snapshots import (
    FOLDER,
    LANDED,
    MANIFEST,
    NOW,
    Memory,
    entries_of,
    manifest_bytes,
    minutes,
    part,
    seen,
    stored,
)

from verifier.expectation import Expectation
from verifier.model import Verdict

HERE = f"{FOLDER}/{MANIFEST}"
FRESH = stored(part(0), landed=NOW)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("quiet", "settled"), [(29.99, False), (30, True), (31, True)])
def test_it_settles_after_the_quiet_time_of_its_newest_file(quiet: float, settled: bool) -> None:
    report = Memory().look([seen(part(0)), seen(stored(part(1), landed=NOW - minutes(quiet)))])
    assert (report.verdict is not Verdict.ARRIVING) is settled
    assert report.settled_at == (NOW - minutes(quiet - 30) if settled else None)


def test_a_marker_that_is_written_last_keeps_it_open() -> None:
    marker = seen(stored(f"{FOLDER}/_SUCCESS", landed=NOW))
    assert Memory().look([seen(part(0)), marker]).verdict is Verdict.ARRIVING
    assert Memory().look([seen(part(0)), marker], at=NOW + minutes(30)).verdict is Verdict.GOOD


def test_no_quiet_time_turns_waiting_off() -> None:
    assert Memory().look([seen(FRESH)], expects=Expectation(quiet=timedelta())).verdict is Verdict.GOOD


def test_a_manifest_whose_files_are_all_there_settles_it_at_once() -> None:
    report = Memory().look([seen(FRESH)], manifests={HERE: manifest_bytes(entries_of([FRESH]))})
    assert (report.verdict, report.settled_at) == (Verdict.GOOD, NOW)


@pytest.mark.parametrize("size", [99, 101])
def test_a_manifest_whose_file_has_another_size_waits(size: int) -> None:
    manifests = {HERE: manifest_bytes(entries_of([stored(part(0), size)]))}
    assert Memory().look([seen(FRESH)], manifests=manifests).verdict is Verdict.ARRIVING
    assert Memory().look([seen(FRESH)], manifests=manifests, at=NOW + minutes(30)).verdict is not Verdict.ARRIVING


def test_a_manifest_whose_file_is_not_there_yet_waits_and_one_that_lists_nothing_says_nothing() -> None:
    manifests = {HERE: manifest_bytes(entries_of([FRESH, stored(part(1))]))}
    assert Memory().look([seen(FRESH)], manifests=manifests).verdict is Verdict.ARRIVING
    assert Memory().look([seen(FRESH)], manifests={HERE: manifest_bytes([])}).verdict is Verdict.ARRIVING


def test_once_settled_it_stays_so_when_a_file_changes_or_goes() -> None:
    memory = Memory()
    first = memory.look([seen(part(0)), seen(part(1))])
    changed = memory.look([seen(stored(part(0), size=7, landed=NOW)), seen(part(1))])
    assert (changed.verdict, changed.settled_at) == (Verdict.CORRUPT, first.settled_at)
    gone = memory.look([seen(stored(part(0), size=7, landed=NOW))])
    assert gone.settled_at == first.settled_at


def test_a_new_file_opens_it_again_and_a_new_marker_does_not() -> None:
    memory = Memory()
    memory.look([seen(part(0))])
    marker = seen(stored(f"{FOLDER}/_SUCCESS", landed=NOW))
    assert memory.look([seen(part(0)), marker]).verdict is Verdict.GOOD
    assert memory.look([seen(part(0)), marker, seen(stored(part(1), landed=NOW))]).verdict is Verdict.ARRIVING


def test_without_a_clock_of_the_store_two_looks_a_quiet_time_apart_settle_it() -> None:
    memory = Memory()
    timeless = seen(stored(part(0), landed=None))
    assert memory.look([timeless]).verdict is Verdict.ARRIVING
    assert memory.look([timeless], at=NOW + minutes(29)).verdict is Verdict.ARRIVING
    settled = memory.look([timeless], at=NOW + minutes(30))
    assert (settled.verdict, settled.settled_at, settled.landed_at) == (Verdict.GOOD, NOW + minutes(30), NOW)


def test_without_a_clock_a_file_that_grew_between_two_looks_starts_the_wait_anew() -> None:
    memory = Memory()
    memory.look([seen(stored(part(0), 50, landed=None))])
    grown = seen(stored(part(0), 60, landed=None))
    assert memory.look([grown], at=NOW + minutes(40)).verdict is Verdict.ARRIVING
    assert memory.look([grown], at=NOW + minutes(70)).verdict is Verdict.GOOD


def test_a_time_ahead_of_the_stores_own_clock_counts_from_when_it_was_seen() -> None:
    memory = Memory()
    ahead = seen(stored(part(0), landed=NOW + 365 * DAY))
    assert memory.look([ahead]).verdict is Verdict.ARRIVING
    assert memory.look([ahead], at=NOW + minutes(30)).verdict is Verdict.GOOD


def test_it_landed_when_its_newest_data_file_did_not_its_manifest() -> None:
    later = {HERE: manifest_bytes(entries_of([stored(part(0))]))}
    report = Memory().look([seen(part(0)), seen(stored(part(1), landed=LANDED - DAY))], manifests=later)
    assert report.landed_at == LANDED
