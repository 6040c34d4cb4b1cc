"""Changed, vanished, expired: where a SHA-256 is recorded the bytes decide, and the first one stays the reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.snapshots import FOLDER, LANDED, MANIFEST, NOW, Memory, manifest_bytes, of_code, part, seen, stored, told

from verifier.changes import is_same_version, judge_absence, judge_change, next_known
from verifier.findings import Level
from verifier.model import Content, Depth, FileReport, KnownFile, Presence, Reference, StoredFile, Verdict, finding

LATER = LANDED + timedelta(hours=3)
WEEK = timedelta(days=7)
sizes, etags = st.integers(0, 3), st.sampled_from([None, "a", "b"])
times = st.sampled_from([None, LANDED, LATER])
files = st.builds(StoredFile, st.just(part()), sizes, times, etags)


def known(report: FileReport, *, settled: bool = True) -> KnownFile:
    return next_known(None, report, NOW, settled=settled)


def with_bytes(sha256: str, **fields: Any) -> FileReport:
    return seen(stored(part(), **fields), Content(rows=1, sha256=sha256 * 64))


@given(files, files)
def test_a_version_is_its_size_its_time_and_its_etag_where_both_have_one(one: StoredFile, other: StoredFile) -> None:
    assert is_same_version(one, one)
    assert is_same_version(one, other) == is_same_version(other, one)
    if is_same_version(one, other):
        assert (one.size, one.modified_at) == (other.size, other.modified_at)
        assert None in (one.etag, other.etag) or one.etag == other.etag


def test_other_bytes_under_the_same_size_and_time_are_a_change() -> None:
    found = judge_change(known(with_bytes("a")), with_bytes("b"))
    assert found is not None
    assert (found.code, found.level, found.expected, found.actual) == ("file.changed", Level.ERROR, "a" * 64, "b" * 64)


def test_the_same_bytes_under_another_time_and_etag_are_no_change() -> None:
    before = known(with_bytes("a", landed=LANDED, etag="1"))
    assert judge_change(before, with_bytes("a", landed=LATER, etag="2")) is None


@pytest.mark.parametrize("depth", [Depth.LIST, Depth.STRUCTURE])
@pytest.mark.parametrize("other", [{"landed": LATER}, {"etag": "2"}])
def test_at_lesser_depth_another_time_or_etag_alone_is_a_warning(depth: Depth, other: dict[str, Any]) -> None:
    before = known(with_bytes("a", landed=LANDED, etag="1"))
    fields: dict[str, Any] = {"landed": LANDED, "etag": "1"} | other
    file = stored(part(), **fields)
    found = judge_change(before, seen(file, depth=depth))
    assert found is not None
    assert (found.code, found.level) == ("file.changed", Level.WARN)


@pytest.mark.parametrize("depth", [Depth.LIST, Depth.STRUCTURE])
def test_another_size_is_a_change_at_any_depth(depth: Depth) -> None:
    found = judge_change(known(with_bytes("a")), seen(stored(part(), 99), depth=depth))
    assert found is not None
    assert (found.level, found.expected, found.actual) == (Level.ERROR, "100", "99")


def test_what_was_not_read_or_had_not_settled_cannot_have_changed() -> None:
    before = known(with_bytes("a"))
    assert judge_change(before, replace(with_bytes("b"), looked=False)) is None
    assert judge_change(known(with_bytes("a"), settled=False), with_bytes("b")) is None


def test_the_first_recorded_bytes_stay_the_reference_through_every_change() -> None:
    memory = Memory()
    memory.look([with_bytes("a")])
    for letter in "bcb":
        report = memory.look([with_bytes(letter)])
        assert (report.verdict, told(report)) == (Verdict.CORRUPT, {"file.changed": "error"})
        assert of_code(report.file_findings, "file.changed")[0].expected == "a" * 64
    assert memory.look([with_bytes("a")]).verdict is Verdict.GOOD


def test_bytes_that_changed_before_it_settled_are_nobodys_business() -> None:
    memory = Memory()
    memory.look([with_bytes("a", landed=NOW)])
    report = memory.look([with_bytes("b", landed=NOW)], at=NOW + WEEK)
    assert (report.verdict, told(report)) == (Verdict.GOOD, {})
    assert memory.files[part()].reference == Reference(100, "b" * 64)


def test_a_reference_without_bytes_is_completed_by_the_first_full_look() -> None:
    memory = Memory()
    memory.look([seen(part(), depth=Depth.LIST)], depth=Depth.LIST)
    assert memory.files[part()].reference == Reference(100, None)
    memory.look([with_bytes("a")])
    assert memory.files[part()].reference == Reference(100, "a" * 64)


def test_a_doubt_raised_at_lesser_depth_stays_until_the_bytes_are_read() -> None:
    memory = Memory()
    memory.look([with_bytes("a")])
    touched = seen(stored(part(), landed=LATER), depth=Depth.LIST)
    for _ in range(3):
        report = memory.look([touched], depth=Depth.LIST)
        assert (report.verdict, told(report)) == (Verdict.GOOD, {"file.changed": "warn"})
    assert told(memory.look([with_bytes("a", landed=LATER)])) == {}


def test_a_doubt_about_bytes_that_were_never_recorded_ends_with_the_first_full_look() -> None:
    memory = Memory()
    memory.look([seen(part(), depth=Depth.LIST)], depth=Depth.LIST)
    touched = stored(part(), landed=LATER)
    assert told(memory.look([seen(touched, depth=Depth.LIST)], depth=Depth.LIST)) == {"file.changed": "warn"}
    assert told(memory.look([seen(touched)])) == {}


def test_a_manifest_that_changed_says_so_by_its_own_code() -> None:
    memory, here = Memory(), f"{FOLDER}/{MANIFEST}"
    memory.look([seen(part())], manifests={here: manifest_bytes([])})
    report = memory.look([seen(part())], manifests={here: manifest_bytes([], more=1)})
    assert (report.verdict, told(report)["manifest.changed"]) == (Verdict.INCOMPLETE, "error")
    assert "file.changed" not in told(report)


def test_a_file_that_could_not_be_read_for_a_while_is_compared_with_its_reference_again() -> None:
    memory = Memory()
    memory.look([with_bytes("a")])
    failed = seen(part(), Content(findings=(finding("file.unreadable", "…"),)), depth=Depth.LIST, looked=False)
    assert memory.look([failed]).verdict is Verdict.UNKNOWN
    assert told(memory.look([with_bytes("b")])) == {"file.changed": "error"}


def absence(
    one: KnownFile, at: datetime, *, lifetime: timedelta | None = WEEK, settled: bool = True
) -> tuple[Presence, list[str], KnownFile]:
    changes, found = judge_absence([one], lifetime, at, settled=settled)
    after = changes[0].known if changes else one
    return after.presence, [f.code for f in found], after


@pytest.mark.parametrize(
    ("after", "lifetime", "presence", "codes"),
    [
        (WEEK, WEEK, Presence.EXPIRED, ["file.expired"]),
        (WEEK - timedelta(seconds=1), WEEK, Presence.VANISHED, ["file.vanished"]),
        (WEEK, None, Presence.VANISHED, ["file.vanished"]),
    ],
)
def test_gone_in_its_time_is_expired_and_otherwise_vanished(
    after: timedelta, lifetime: timedelta | None, presence: Presence, codes: list[str]
) -> None:
    assert absence(known(seen(part())), LANDED + after, lifetime=lifetime)[:2] == (presence, codes)


def test_what_vanished_before_its_time_does_not_expire_afterwards() -> None:
    _, _, vanished = absence(known(seen(part())), LANDED + timedelta(days=1))
    assert absence(vanished, LANDED + 2 * WEEK)[:2] == (Presence.VANISHED, ["file.vanished"])


def test_a_file_that_never_settled_goes_without_a_word_now_and_later() -> None:
    presence, codes, gone = absence(known(seen(part()), settled=False), NOW, settled=False)
    assert (presence, codes) == (Presence.VANISHED, [])
    assert absence(gone, NOW, settled=True)[1] == []


def test_an_unreadable_file_of_a_settled_snapshot_that_goes_is_a_loss() -> None:
    one = known(replace(seen(part()), looked=False))
    assert one.reference is None
    _, codes, gone = absence(one, NOW)
    assert codes == ["file.vanished"]
    assert absence(gone, NOW)[1] == ["file.vanished"]


@pytest.mark.parametrize("landed", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_no_time_of_a_file_is_too_odd_to_expire(landed: datetime) -> None:
    assert absence(known(seen(stored(part(), landed=landed))), NOW)[1] in (["file.expired"], ["file.vanished"])


def test_a_vanished_file_that_comes_back_unchanged_is_good_again() -> None:
    memory = Memory()
    memory.look([seen(part(0)), seen(part(1))])
    assert memory.look([seen(part(0))]).verdict is Verdict.INCOMPLETE
    back = memory.look([seen(part(0)), seen(part(1))])
    assert (back.verdict, back.presence, told(back)) == (Verdict.GOOD, Presence.PRESENT, {})
    assert memory.files[part(1)].presence is Presence.PRESENT
