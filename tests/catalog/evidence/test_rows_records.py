"""Scans, restores, drills and decisions as rows: agreed ones once, what only one side has all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.evidence.asked import Asked
from catalog.evidence.rows.records import Record, decision_rows, matched, record_rows, scan_rows
from catalog.evidence.rows.values import Row
from catalog.ledger.canonical import canonical
from catalog.store.evidence_ledger import Told
from catalog.store.evidence_records import Begun
from catalog.store.ledger_facts import Fact

AT = datetime(2026, 9, 10, 1, tzinfo=UTC)
ASKED = Asked(since=AT, until=AT + timedelta(days=2), judged_at=AT + timedelta(days=2), tool_version="1")
SNAPSHOT = "zone/a/202609100100"


def text(days: float) -> str:
    return (AT + timedelta(days=days)).isoformat().replace("+00:00", "Z")


def fact(kind: str, about: str, facts: Row) -> Fact:
    return Fact(kind, about, AT.replace(tzinfo=None), {"recorded_at": text(0), **facts})


def told(sequence: int, of: Fact) -> Told:
    return Told(sequence, of.kind, of.about, canonical({"facts": of.facts}).decode())


def drill(state: str = "passed", days: float = 1, dataset: str = "a") -> Fact:
    facts: Row = {"zone": "zone", "dataset_id": dataset, "state": state, "finished_at": text(days)}
    return fact("drill", f"drill-{dataset}", facts)


def drills(records: list[Record], asked: Asked = ASKED) -> list[tuple[object, object]]:
    return [(row["state"], row["entry"]) for row in record_rows(records, "drills", asked, ())]


def test_what_both_have_is_told_once_with_its_entry() -> None:
    assert drills(matched([drill()], [told(7, drill())])) == [("passed", 7)]


def test_two_alike_have_an_entry_each() -> None:
    both = [drill(), drill()]
    assert drills(matched(both, [told(7, drill()), told(8, drill())])) == [("passed", 7), ("passed", 8)]


def test_what_was_altered_in_the_catalog_is_told_both_ways() -> None:
    records = matched([drill("passed")], [told(7, drill("failed"))])
    assert sorted(drills(records), key=str) == [("failed", 7), ("passed", None)]


def test_what_only_one_has_is_told() -> None:
    assert drills(matched([], [told(7, drill())])) == [("passed", 7)]
    assert drills(matched([drill()], [])) == [("passed", None)]


@pytest.mark.parametrize(("days", "count"), [(-0.1, 0), (0, 1), (2, 1), (2.1, 0)])
def test_what_ended_in_the_time_is_told(days: float, count: int) -> None:
    assert len(drills(matched([drill(days=days)], []))) == count


def test_of_some_datasets_only_theirs_are_told() -> None:
    some = Asked(since=AT, until=ASKED.until, judged_at=AT, tool_version="1", datasets=(("zone", "b"),))
    records = matched([drill(dataset="a"), drill("failed", dataset="b")], [])
    assert drills(records, some) == [("failed", None)]


def test_a_restore_that_never_ended_is_told_by_when_it_began() -> None:
    facts: Row = {"zone": "zone", "dataset_id": "a", "finished_at": None, "started_at": text(1)}
    records = matched([fact("restore", "r", facts)], [])
    assert len(record_rows(records, "restores", ASKED, ())) == 1


def test_copies_are_those_of_the_snapshots_whenever_they_were_made() -> None:
    facts: Row = {"source": SNAPSHOT, "target": "safe/a/202609100100", "finished_at": text(99)}
    records = matched([fact("copy", "safe/a/202609100100", facts)], [])
    assert len(record_rows(records, "copies", ASKED, {SNAPSHOT})) == 1
    assert len(record_rows(records, "copies", ASKED, {"safe/a/202609100100"})) == 1
    assert record_rows(records, "copies", ASKED, {"zone/a/202609110100"}) == []


def test_tests_of_controls_go_by_the_dataset_of_their_snapshot() -> None:
    records = matched([fact("control-test", SNAPSHOT, {"snapshot": SNAPSHOT, "finished_at": text(1)})], [])
    other = Asked(since=AT, until=ASKED.until, judged_at=AT, tool_version="1", zone="elsewhere")
    assert len(record_rows(records, "controls", ASKED, ())) == 1
    assert record_rows(records, "controls", other, ()) == []


@pytest.mark.parametrize(
    ("kind", "about", "facts", "touches"),
    [
        ("waiver", "zone/a", {"starts_at": text(-5), "ends_at": text(0)}, True),
        ("waiver", "zone/a", {"starts_at": text(2), "ends_at": text(9)}, True),
        ("waiver", "zone/a", {"starts_at": text(-5), "ends_at": text(-1)}, False),
        ("acceptance", SNAPSHOT, {"export_time": "202609100100", "said_at": text(50)}, True),
        ("acceptance", "zone/a/202601010100", {"export_time": "202601010100", "said_at": text(1)}, True),
        ("acceptance", "zone/a/202601010100", {"export_time": "202601010100", "said_at": text(50)}, False),
        ("acceptance", "zone", {"dataset_id": None, "said_at": text(1)}, True),
        ("gap-acceptance", "r", {"due_at": text(1), "accepted_at": text(50)}, True),
        ("gap-acceptance", "r", {"due_at": text(-9), "accepted_at": text(50)}, False),
        ("hold", SNAPSHOT, {"zone": None, "snapshot": SNAPSHOT, "said_at": text(50)}, True),
    ],
)
def test_decisions_are_those_that_touch_the_time_or_its_snapshots(
    kind: str, about: str, facts: Row, touches: bool
) -> None:
    whole: Row = {"zone": "zone", "dataset_id": "a", **facts}
    rows = decision_rows(matched([fact(kind, about, whole)], []), ASKED, {SNAPSHOT})
    assert [row["kind"] for row in rows] == ([kind] if touches else [])


def test_scans_that_never_ended_are_told_without_an_entry_in_their_turn() -> None:
    began = {"scan_id": "s2", "zone": "zone", "started_at": text(1), "complete": True}
    ended = fact("scan", "s2/zone", began)
    killed = Begun(
        *("s1/zone", "s1", "zone", "file:///z", "local", "full", "", (AT + timedelta(days=0.5)).replace(tzinfo=None)),
        *("unfinished", "1", None, None, None, "digest"),
    )
    rows = scan_rows(matched([ended], [told(3, ended)]), [killed], ASKED)
    assert [(row["scan_id"], row["state"], row["entry"]) for row in rows] == [
        ("s1", "unfinished", None),
        ("s2", "complete", 3),
    ]
