"""The report is a pure function of the rows: each number is counted again by a program that knows csv and json only."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.report_rows import (
    ACCEPTED,
    DAY,
    HOUR,
    ORDERS,
    START,
    WEB,
    Bundle,
    Export,
    dataset,
    drill,
    month,
    scans,
    text,
)

from catalog.evidence.contents import Contents
from catalog.evidence.report.document import report_document, report_of
from catalog.evidence.report.values import ExceptionKind, ExceptionState, Report
from verifier.errors import LandproofError

Row = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows of a month with all that can go wrong."""
    return month().write(tmp_path_factory.mktemp("month"))


@pytest.fixture(scope="module")
def told(folder: Path) -> Report:
    return report_of(Contents(folder))


def rows(folder: Path, name: str) -> list[Row]:
    return [json.loads(line) for line in (folder / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def counted(folder: Path) -> dict[str, int | None]:
    """Count every figure again; a second writing of the rules, which shares nothing with the first."""
    with (folder / "data/population.csv").open(encoding="utf-8", newline="") as file:
        slots = list(csv.DictReader(file))
    snapshots, files, made = rows(folder, "snapshots"), rows(folder, "files"), rows(folder, "scans")
    drills, restores = rows(folder, "drills"), rows(folder, "restores")
    controls, decisions = rows(folder, "controls"), rows(folder, "decisions")
    policies = json.loads((folder / "data/settings.json").read_text(encoding="utf-8"))["datasets"]
    about = json.loads((folder / "data/bundle.json").read_text(encoding="utf-8"))
    found: dict[str, int | None] = {"slots.total": len(slots)}
    for status in ("on_time", "arrived_late", "missing", "unknown", "paused", "waiting"):
        found[f"slots.{status}"] = sum(s["status"] == status for s in slots)
    accepted = {s["id"] for s in snapshots if s["accepted"]}
    good = [s for s in slots if s["verdict"] in ("good", "empty") and s["snapshot"] not in accepted]
    found["slots.good"] = len(good)
    found["slots.proved"] = sum(
        s["status"] == "on_time" and s["depth"] == "full" and s["presence"] != "vanished" for s in good
    )
    found["snapshots.total"] = len(snapshots)
    for verdict in ("good", "empty", "corrupt", "incomplete", "unknown", "unverifiable", "arriving"):
        found[f"snapshots.{verdict}"] = sum(s["verdict"] == verdict for s in snapshots)
    for depth in ("full", "structure", "list"):
        found[f"snapshots.depth_{depth}"] = sum(s["depth"] == depth for s in snapshots)
    for presence in ("vanished", "expired"):
        found[f"snapshots.{presence}"] = sum(s["presence"] == presence for s in snapshots)
    found["snapshots.accepted"] = sum(s["accepted"] for s in snapshots)
    found["snapshots.reads"] = sum(s["reads"] for s in snapshots)
    found |= {"files.total": len(files), "files.bytes": sum(f["size"] for f in files)}
    found["files.hashed"] = sum(f["sha256"] is not None for f in files)
    found["files.gone"] = sum(f["presence"] != "present" for f in files)
    found["scans.total"] = len(made)
    for state in ("complete", "incomplete", "unfinished"):
        found[f"scans.{state}"] = sum(s["state"] == state for s in made)
    found["scans.suspect"] = sum(bool(s["suspect"]) for s in made)
    worked = [d for d in drills if d["state"] == "passed"]
    found |= {"drills.total": len(drills), "drills.passed": len(worked)}
    found["drills.slowest_ms"] = max((d["fetch_milliseconds"] + d["load_milliseconds"] for d in worked), default=None)
    back = [r for r in restores if r["complete"]]
    found |= {"restores.total": len(restores), "restores.passed": len(back)}
    found["restores.slowest_ms"] = max((r["milliseconds"] for r in back), default=None)
    found["datasets.total"] = len({(s["zone"], s["dataset_id"]) for s in [*slots, *snapshots, *drills, *restores]})
    found["datasets.restore_tested"] = len({(r["zone"], r["dataset_id"]) for r in [*worked, *back]})
    found |= {"controls.total": len(controls), "controls.passed": sum(c["passed"] for c in controls)}
    for kind in ("waiver", "acceptance", "gap-acceptance", "hold"):
        found[f"decisions.{kind}"] = sum(d["kind"] == kind for d in decisions)
    found["ledger.entries"] = len(rows(folder, "ledger"))
    backed = [*snapshots, *made, *rows(folder, "copies"), *restores, *drills, *controls, *decisions]
    found["ledger.without_entry"] = sum(r["entry"] is None for r in backed)
    return found | _overdue(policies, snapshots, about) | _exceptions(folder, slots, snapshots)


def _overdue(policies: list[Row], snapshots: list[Row], about: Row) -> dict[str, int | None]:
    at, overdue = datetime.fromisoformat(about["judged_at"]), 0
    for policy in policies:
        own = [s for s in snapshots if (s["zone"], s["dataset_id"]) == (policy["zone"], policy["id"])]
        if policy.get("verify_every"):
            due = at - timedelta(days=int(policy["verify_every"].removesuffix("d")))
            reads = [s["full_read_at"] for s in own if s["presence"] == "present"]
            overdue += sum(read is None or datetime.fromisoformat(read) < due for read in reads)
    return {"looked.overdue": overdue}


def _exceptions(folder: Path, slots: list[Row], snapshots: list[Row]) -> dict[str, int | None]:
    """Of this month: no two exports of one slot, so that nothing is made up for by another."""
    states: Counter[str] = Counter()
    states["open"] += sum(s["status"] in ("missing", "unknown") for s in slots)
    states["closed"] += sum(s["status"] == "arrived_late" for s in slots)
    states["waived"] += sum(s["status"] == "paused" for s in slots)
    live = set()
    for finding in rows(folder, "findings"):
        state = "accepted" if finding["accepted"] else "closed" if finding["closed_at"] else "open"
        states[state] += 1
        if state != "closed":
            live.add(finding["snapshot"])
    for snapshot in snapshots:
        if snapshot["verdict"] not in ("good", "empty", "arriving") and snapshot["id"] not in live:
            is_opaque = snapshot["verdict"] == "unverifiable" and snapshot["dataset_id"] == ORDERS
            states["expected" if is_opaque else "open"] += 1
    whole = [s["started_at"] for s in rows(folder, "scans") if s["state"] == "complete"]
    for scan in rows(folder, "scans"):
        if scan["state"] != "complete":
            states["closed" if any(at > scan["started_at"] for at in whole) else "open"] += 1
    passed = [d["finished_at"] for d in rows(folder, "drills") if d["state"] == "passed"]
    for one in rows(folder, "drills"):
        if one["state"] != "passed":
            states["closed" if any(at > one["finished_at"] for at in passed) else "open"] += 1
    states["open"] += sum(not c["passed"] for c in rows(folder, "controls"))
    told: dict[str, int | None] = {"exceptions.total": states.total()}
    return told | {f"exceptions.{s}": states[s] for s in ("open", "closed", "accepted", "waived", "expected")}


def test_every_figure_is_counted_again_from_the_rows_alone(folder: Path, told: Report) -> None:
    again = counted(folder)
    # What is judged of chains has its own tests, and is compared with `rpo` and `retention` where there is a catalog.
    figures = {f.key: f.value for f in told.figures if not f.key.startswith(("recovery.", "retention."))}
    assert figures == again
    assert len({f.key for f in told.figures}) == len(told.figures)


def test_the_calendar_says_of_each_day_what_became_of_it(folder: Path, told: Report) -> None:
    web, orders = told.datasets
    assert [m.days.strip() for m in web.calendar] == ["........M.V..L.K.C.S.PP..?..X.", ""]
    assert (web.calendar[0].slots, web.calendar[0].fine) == (30, 21)
    assert orders.calendar[0].days[:4] == ".U.."
    assert sum(m.fine for d in told.datasets for m in d.calendar) == told.figure("slots.proved").value


def test_each_exception_says_when_it_was_seen_and_how_it_was_closed(told: Report) -> None:
    by_kind = {(e.kind.value, e.state.value): e for e in told.exceptions}
    missing = by_kind["missing", "open"]
    assert (missing.about, missing.first_seen_at) == ("slot 2026-09-09T01:00:00Z", START + 8 * DAY + 4 * HOUR)
    assert missing.last_seen_at == told.about.judged_at
    again = by_kind["corrupt", "closed"]
    assert (again.what, again.closure, again.closed_at) == ("gzip.corrupt", "read again", START + 5 * DAY + 4 * HOUR)
    accepted = by_kind["corrupt", "accepted"]
    assert accepted.closure == "accepted by ops@host: known at the source"
    late = by_kind["late", "closed"]
    assert (late.first_seen_at, late.closed_at) == (START + 13 * DAY + 3 * HOUR, START + 13 * DAY + 5 * HOUR)
    assert by_kind["restore-test", "closed"].closure == "drill drill-0908 passed"
    assert by_kind["scan", "closed"].closure == "scan scan-cja-008 was complete"
    assert by_kind["scan", "open"].about == "scan scan-cja-029"
    assert by_kind["waived", "waived"].closure == "migration of the store"
    assert by_kind["unverifiable", "expected"].dataset_id == ORDERS
    assert by_kind["control", "open"].what == "cut the end off: expected gzip.corrupt, found nothing"
    assert (ExceptionKind.VANISHED.value, "open") in by_kind


def test_open_exceptions_come_first_and_the_worst_of_them_before_the_others(told: Report) -> None:
    states = [e.state for e in told.exceptions]
    assert states == sorted(states, key=list(ExceptionState).index)
    kinds = [e.kind for e in told.exceptions if e.state is ExceptionState.OPEN]
    assert kinds == sorted(kinds, key=list(ExceptionKind).index)
    assert kinds[0] is ExceptionKind.MISSING


def test_lengths_of_recovery_points_are_those_of_their_stretches(told: Report) -> None:
    recovery = told.datasets[0].recovery
    assert recovery is not None
    lengths: Counter[str] = Counter()
    for stretch in recovery.stretches:
        lengths[stretch.state] += (stretch.ends_at - stretch.starts_at) // timedelta(milliseconds=1)
    assert (recovery.met_ms, recovery.missed_ms, recovery.unknown_ms) == tuple(
        lengths[state] for state in ("met", "missed", "unknown")
    )
    assert sum(lengths.values()) == 30 * 86_400_000
    # Each missing or bad export costs the time from 36 hours after the one before to when the next had landed.
    assert recovery.missed_ms == (4 * (12 * 60 + 7) + 36 * 60 + 7) * 60_000
    assert [d.recovery is None for d in told.datasets] == [False, True]


def test_what_a_policy_needs_and_what_is_on_hold_is_counted_of_all_snapshots(tmp_path: Path) -> None:
    bundle = month()
    held = next(r for r in bundle.lists["recovery"] if r["row"] == "place" and r["snapshot"].endswith("/202609010100"))
    held["held"] = True
    gone = next(r for r in bundle.lists["recovery"] if r["row"] == "place" and r["snapshot"].endswith("/202609300100"))
    gone["presence"] = "vanished"
    retention = report_of(Contents(bundle.write(tmp_path))).datasets[0].retention
    assert retention is not None
    assert (retention.retain_ms, retention.held, retention.oldest_needed_at) == (20 * 86_400_000, 1, START)
    assert retention.gone_early == (f"cja/{WEB}/202609300100",)
    # Good ones of the last 20 days but the one that is gone, and the one on hold.
    assert retention.needed + len(retention.gone_early) == 15
    assert retention.verified == retention.needed + 1
    assert retention.superseded + retention.expired == 24 - 15 - 1


def test_a_bad_export_that_another_one_of_its_slot_makes_up_for_is_closed(tmp_path: Path) -> None:
    bundle = Bundle()
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": None}]
    dataset(bundle, "cja", WEB, [START], {START: Export(verdict="corrupt", code="gzip.corrupt")})
    second = {**bundle.lists["snapshots"][0], "id": f"cja/{WEB}/202609010105", "verdict": "good"}
    bundle.add("snapshots", **second)
    bundle.population[0] |= {"snapshot": second["id"], "verdict": "good"}
    (one,) = report_of(Contents(bundle.write(tmp_path))).exceptions
    assert (one.state, one.closure) == (ExceptionState.CLOSED, f"another export fills its slot: {second['id']}")


def test_findings_alike_in_one_snapshot_are_one_exception_and_open_while_any_of_them_is(tmp_path: Path) -> None:
    bundle = Bundle()
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": "Web"}]
    dataset(bundle, "cja", WEB, [START], {START: Export(verdict="corrupt", code="gzip.corrupt")})
    (first,) = bundle.lists["findings"]
    bundle.add("findings", **{**first, "path": "b", "closed_at": text(START + DAY), "closure": "read again"})
    (one,) = report_of(Contents(bundle.write(tmp_path))).exceptions
    assert (one.count, one.state, one.closed_at) == (4, ExceptionState.OPEN, None)


def test_warnings_and_what_is_worth_knowing_are_no_exceptions(tmp_path: Path) -> None:
    bundle = Bundle()
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": "Web"}]
    dataset(bundle, "cja", WEB, [START], {START: Export(code="layout.stray-file")})
    bundle.lists["findings"][0]["level"] = "warn"
    assert report_of(Contents(bundle.write(tmp_path))).exceptions == ()


def test_a_missing_slot_that_no_check_recorded_says_so(tmp_path: Path) -> None:
    bundle = Bundle()
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": "Web"}]
    dataset(bundle, "cja", WEB, [START], {START: Export("missing", None)})
    bundle.population[0]["slot_entry"] = None
    (one,) = report_of(Contents(bundle.write(tmp_path))).exceptions
    assert (one.first_seen_at, one.what) == (None, "the export did not come")


def test_what_was_noticed_only_after_the_moment_of_judging_was_not_last_seen_before_that(tmp_path: Path) -> None:
    bundle = replace(Bundle(), judged_at=START + 3 * HOUR)
    bundle.datasets = [{"zone": "cja", "id": WEB, "name": "Web"}]
    dataset(bundle, "cja", WEB, [START], {START: Export("missing", None)})
    (one,) = report_of(Contents(bundle.write(tmp_path))).exceptions
    assert one.first_seen_at == one.last_seen_at == START + 4 * HOUR


def test_a_period_of_which_nothing_is_known_is_reported_as_that(tmp_path: Path) -> None:
    report = report_of(Contents(Bundle(signer=None).write(tmp_path)))
    assert (report.figure("slots.total").value, report.datasets, report.exceptions) == (0, (), ())
    assert report.about.signed_by is None
    assert report.limits[0].title == "Nobody signed this record"


def test_who_signed_is_told_by_the_signature_and_not_by_a_list_of_keys(tmp_path: Path) -> None:
    signed = Bundle()
    assert signed.signer is not None
    folder = signed.write(tmp_path / "signed")
    assert report_of(Contents(folder)).about.signed_by == signed.signer.verifier.text
    note = folder / "data" / "checkpoint.txt"
    note.write_text(note.read_text(encoding="utf-8").replace("time 2026", "time 2027"), encoding="utf-8")
    assert report_of(Contents(folder)).about.signed_by is None


def test_the_longest_time_without_a_look_counts_to_the_ends_of_the_period(tmp_path: Path) -> None:
    bundle = Bundle()
    scans(bundle, "cja", 10)
    (zone,) = report_of(Contents(bundle.write(tmp_path))).zones
    assert (zone.scans, zone.complete, zone.longest_gap_ms) == (10, 10, (20 * 24 + 19) * 3_600_000)


def test_a_drill_without_a_later_one_that_passed_stays_open(tmp_path: Path) -> None:
    bundle = Bundle()
    drill(bundle, "cja", WEB, START)
    drill(bundle, "cja", WEB, START + DAY, "failed")
    drill(bundle, "cja", ORDERS, START + 2 * DAY)
    (one,) = report_of(Contents(bundle.write(tmp_path))).exceptions
    assert (one.kind, one.state) == (ExceptionKind.RESTORE_TEST, ExceptionState.OPEN)


def test_every_requirement_names_figures_that_there_are(told: Report) -> None:
    known = {f.key for f in told.figures}
    assert all(set(r.figures) <= known and r.figures for r in told.requirements)
    frameworks = " ".join(f"{r.framework} {r.control}" for r in told.requirements)
    for name in ("A.8.13", "A1.2", "A1.3", "CP-9(1)", "2024/2690", "Article 12", "164.308(a)(7)", "32(1)(c) and (d)"):
        assert name in frameworks


def test_a_row_of_another_kind_is_told_with_its_place(tmp_path: Path) -> None:
    bundle = month()
    bundle.lists["snapshots"][2]["depth"] = None
    with pytest.raises(LandproofError, match=r"snapshots\.jsonl, line 3: expected `str`"):
        report_of(Contents(bundle.write(tmp_path)))


def test_the_document_has_everything_under_its_name_and_no_fractions(told: Report) -> None:
    document = report_document(told)
    assert document["schema"] == "landproof/audit-report/1"
    assert document["about"]["judged_at"] == "2026-10-01T00:00:00Z"
    assert {f["key"]: f["value"] for f in document["figures"]} == {f.key: f.value for f in told.figures}
    json.dumps(document, allow_nan=False)
    assert not [v for v in _leaves(document) if isinstance(v, float)]


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    return [leaf for inner in value for leaf in _leaves(inner)] if isinstance(value, list) else [value]


def test_what_is_judged_later_than_the_period_counts_months_of_the_period_only(tmp_path: Path) -> None:
    bundle = replace(month(), judged_at=datetime(2026, 12, 24, tzinfo=UTC))
    report = report_of(Contents(bundle.write(tmp_path)))
    assert [m.month for m in report.datasets[0].calendar] == ["2026-09", "2026-10"]


_DATED = st.dictionaries(
    st.integers(0, 29),
    st.sampled_from(
        [
            Export("missing", None, reason="missing"),
            Export("unknown", None),
            Export("paused", None, reason="waived"),
            Export("waiting", None),
            Export("arrived_late", late=6 * HOUR),
            Export(verdict="corrupt", code="gzip.corrupt"),
            Export(verdict="good", code="gzip.corrupt", closed=True),
            Export(verdict="corrupt", code="json.invalid-line", accepted={**ACCEPTED}),
            Export(verdict="incomplete", presence="vanished"),
            Export(verdict="unverifiable"),
            Export(verdict="empty", depth="list"),
            Export(presence="expired"),
        ]
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None)
@given(web=_DATED, orders=_DATED, broken=st.frozensets(st.integers(0, 29), max_size=3))
def test_whatever_happened_all_figures_are_counted_again_from_the_rows(
    web: dict[int, Export], orders: dict[int, Export], broken: frozenset[int]
) -> None:
    bundle = Bundle()
    bundle.datasets = [
        {"zone": "cja", "id": WEB, "name": "Web", "verify_every": "9d"},
        {"zone": "cja", "id": ORDERS, "name": None, "encrypted": True},
    ]
    days = [START + n * DAY for n in range(30)]
    dataset(bundle, "cja", WEB, days, {days[n]: one for n, one in web.items()})
    dataset(bundle, "cja", ORDERS, days, {days[n]: one for n, one in orders.items()})
    scans(bundle, "cja", 30, broken)
    with TemporaryDirectory() as name:
        folder = bundle.write(Path(name) / "rows")
        figures = {f.key: f.value for f in report_of(Contents(folder)).figures}
        again = counted(folder)
    assert {key: figures[key] for key in again} == again
