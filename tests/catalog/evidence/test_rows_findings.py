"""What becomes of a finding through the looks at its snapshot: seen, seen again, closed, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from catalog.accepting import Acceptance
from catalog.evidence.rows.findings import snapshot_findings, zone_findings
from catalog.evidence.rows.snapshots import Entries
from catalog.evidence.rows.values import Row
from catalog.store.evidence_records import ZoneFound, ZoneLook
from catalog.store.evidence_snapshots import FoundRow, State
from verifier.model import Accepted

DAY = datetime(2026, 9, 1, tzinfo=UTC).replace(tzinfo=None)


def state(look: int, *, presence: str = "present", changed: int = 0, read: int = 0) -> State:
    return State(
        n=1,
        snapshot_key=1,
        scan_key=look,
        id="zone/d/202609010100",
        zone="zone",
        dataset_id="d",
        export_at=DAY,
        recorded_at=DAY + timedelta(days=look),
        scan=f"scan-{look}",
        verdict="corrupt",
        depth="full",
        checked=1,
        files=1,
        bytes=1,
        rows=1,
        landed_at=DAY,
        settled_at=DAY,
        presence=presence,
        manifest=None,
        settings="",
        tool_version="1",
        files_changed=changed,
        files_read=read,
    )


def found(look: int, code: str = "gzip.corrupt", *, position: int = 0, message: str = "m", count: int = 1) -> FoundRow:
    return FoundRow(1, look, position, "a/b", code, "error", message, None, "7", count, '{"offset":3}')


def told(states: Sequence[State], rows: Sequence[FoundRow], accepted: Sequence[Acceptance] = ()) -> list[Row]:
    entries = {(f"{s.recorded_at.isoformat()}Z", s.scan): 100 + s.scan_key for s in states}
    return snapshot_findings(states, rows, Entries(entries, (), {}), accepted)


def moment(look: int) -> str:
    return f"{(DAY + timedelta(days=look)).isoformat()}Z"


def test_one_that_every_look_had_is_told_once_and_open() -> None:
    (row,) = told([state(1), state(2)], [found(1, message="first"), found(2, message="last")])
    assert (row["first_seen_at"], row["last_seen_at"], row["closed_at"], row["closure"]) == (
        moment(1),
        moment(2),
        None,
        None,
    )
    assert (row["message"], row["first_entry"], row["last_entry"]) == ("last", 101, 102)
    assert row["place"] == {"offset": 3}


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (state(2, read=1, changed=1), "read again"),
        (state(2, changed=1), "files changed"),
        (state(2), "judged again"),
        (state(2, presence="expired"), "snapshot gone"),
        (state(2, presence="vanished", changed=1, read=1), "snapshot gone"),
    ],
)
def test_one_that_the_next_look_had_not_was_closed_by_that(after: State, why: str) -> None:
    (row,) = told([state(1), after, state(3)], [found(1)])
    assert (row["last_seen_at"], row["closed_at"], row["closure"]) == (moment(1), moment(2), why)


def test_one_that_came_back_is_open_since_the_first_time() -> None:
    (row,) = told([state(1), state(2, read=1), state(3, read=1)], [found(1), found(3)])
    assert (row["first_seen_at"], row["last_seen_at"], row["closure"]) == (moment(1), moment(3), None)


def test_one_that_stayed_with_a_snapshot_that_went_is_closed_when_that_did() -> None:
    states = [state(1), state(2, presence="vanished"), state(3, presence="vanished")]
    rows = told(states, [found(1), found(2), found(3), found(3, "file.vanished", position=1)])
    assert [(row["code"], row["closed_at"], row["closure"]) for row in rows] == [
        ("gzip.corrupt", moment(2), "snapshot gone"),
        ("file.vanished", None, None),
    ]


def test_two_alike_in_one_look_are_two() -> None:
    rows = told([state(1), state(2)], [found(1), found(1, position=1), found(2)])
    assert [(row["last_seen_at"], row["closure"]) for row in rows] == [(moment(2), None), (moment(1), "judged again")]


@pytest.mark.parametrize(("count", "closure"), [(1, "accepted"), (2, None)])
def test_an_accepted_one_is_closed_by_that_unless_it_grew(count: int, closure: str | None) -> None:
    said = Accepted(by="a@b", at=DAY.replace(tzinfo=UTC), reason="known", until=None)
    accepted = Acceptance(
        subject=("zone", "d", "202609010100"),
        path="a/b",
        code="gzip.corrupt",
        actual="7",
        where={"offset": 3},
        count=1,
        accepted=said,
    )
    (row,) = told([state(1)], [found(1, count=count)], [accepted])
    assert row["closure"] == closure
    assert (row["accepted"] is None) == (closure is None)


def test_one_of_a_zone_is_closed_by_the_next_complete_look_of_the_same_scope() -> None:
    looks = [
        ZoneLook("zone", "", 1, "s1/zone", DAY, complete=False),
        ZoneLook("zone", "", 2, "s2/zone", DAY + timedelta(days=2), complete=False),
        ZoneLook("zone", "", 3, "s3/zone", DAY + timedelta(days=3), complete=True),
        ZoneLook("zone", "dataset d", 4, "s4/zone", DAY + timedelta(days=1), complete=True),
    ]
    one = ZoneFound("zone", "", 1, 1, 0, None, None, "zone.unreachable", "error", "m", None, None, 1, None)
    (row,) = zone_findings([one], looks, {"s1/zone": 9}, {})
    assert (row["closed_at"], row["closure"], row["first_entry"]) == (moment(3), "looked again", 9)
