"""The names of segments: of any zone and id, in order of time, and read back only where they are a segment's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.segments.names import SegmentKind, parse_segment_name, segment_path

AT = datetime(2026, 11, 1, 1, 2, 3, 123456, UTC)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=120)
PATH = "2026/11/20261101T010203123456Z-scan-s1-dlz~2dprod-0007.json.gz"


def test_a_name_says_when_what_and_of_which_zone():
    assert segment_path(SegmentKind.SCAN, "s1", "dlz-prod", AT, 7) == PATH
    found = parse_segment_name(PATH)
    assert found is not None
    assert (found.path, found.written_at, found.kind) == (PATH, AT, SegmentKind.SCAN)
    assert (found.id, found.zone, found.part) == ("s1", "dlz-prod", 7)


@given(
    st.text(st.characters(exclude_categories=()), min_size=1, max_size=6), TEXTS, st.datetimes(), st.integers(0, 9999)
)
def test_any_zone_at_any_moment_makes_a_name_that_is_read_back(identity, zone, moment, part):
    at = moment.replace(tzinfo=UTC)
    path = segment_path(SegmentKind.CHECK, identity, zone, at, part)
    found = parse_segment_name(path)
    assert found is not None
    assert (found.id, found.written_at, found.kind, found.part) == (identity, at, SegmentKind.CHECK, part)
    assert found.zone in (zone, None)
    assert len(path.rpartition("/")[2]) < 240
    assert path.isascii()


def test_a_zone_too_long_for_a_name_is_left_to_the_header_and_still_makes_names_of_its_own():
    paths = {segment_path(SegmentKind.SCAN, "s1", "z" * 200 + end, AT, 0) for end in "ab"}
    assert len(paths) == 2
    assert [parse_segment_name(path).zone for path in paths] == [None, None]


@given(st.lists(st.datetimes(), min_size=2, max_size=5, unique=True))
def test_names_in_order_are_segments_in_order_of_time(moments):
    aware = [moment.replace(tzinfo=UTC) for moment in moments]
    paths = {segment_path(SegmentKind.SCAN, "s1", "zone", at, 0): at for at in aware}
    assert [paths[path] for path in sorted(paths)] == sorted(aware)


def test_one_moment_has_one_name_wherever_it_was_written():
    elsewhere = AT.astimezone(timezone(timedelta(hours=-9)))
    assert segment_path(SegmentKind.SCAN, "s1", "z", elsewhere, 0) == segment_path(SegmentKind.SCAN, "s1", "z", AT, 0)


@pytest.mark.parametrize(
    "path",
    [
        PATH.replace("2026/11/", "2026/12/"),
        PATH.replace("2026/11/", ""),
        PATH.replace("scan", "scam"),
        PATH.replace("20261101", "20261131"),
        PATH.replace("T01", "T24"),
        PATH.replace("~2d", "~2D"),
        PATH.replace("~2d", "~61"),
        PATH.replace("~2d", "~ff"),
        PATH.replace("~2d", "~"),
        PATH.replace("~2d", "z" * 120),
        PATH.replace("~2d", "-"),
        PATH.replace("s1", ""),
        PATH.replace("s1", "s" * 81),
        PATH.replace("0007", "7"),
        PATH + ".part",
        PATH + "\n",
        f"x/{PATH}",
        PATH.replace("/20261101T", "/.20261101T") + ".landproof-part",
        "",
    ],
)
def test_what_is_not_quite_a_name_is_none(path):
    assert parse_segment_name(PATH) is not None
    assert parse_segment_name(path) is None


@pytest.mark.parametrize(
    ("identity", "at", "part"),
    [
        ("", AT, 0),
        ("s" * 81, AT, 0),
        ("-" * 27, AT, 0),
        ("s", AT.replace(tzinfo=None), 0),
        ("s", AT, -1),
        ("s", AT, 10_000),
    ],
)
def test_what_makes_no_name_is_refused(identity, at, part):
    with pytest.raises(ValueError, match="expected"):
        segment_path(SegmentKind.SCAN, identity, "zone", at, part)
