"""What the key's own holder cannot change unnoticed: rows against the ledger, files and findings, slots, counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.bundles import (
    BY_CRON,
    DATASET,
    SIGNER,
    Made,
    Row,
    at,
    base_of,
    findings_digest,
    lines,
    made,
    members_of,
    packed,
    restated,
    snapshot_id,
)

from catalog.evidence import verify
from catalog.ledger.canonical import canonical

Change = Callable[[Made], Any]


def first(name: str) -> Callable[[Made], Row]:
    """Return the first row of a file."""
    return lambda it: it.rows[name][0]


def set_in(row: Callable[[Made], Row], **values: Any) -> Change:
    """Change a row that was told truly."""
    return lambda it: row(it).update(values)


def slot(day: int) -> Callable[[Made], Row]:
    """Return the slot of a day."""
    return lambda it: it.population[day - 1]


def drop(name: str, index: int) -> Change:
    """Leave a row out."""
    return lambda it: it.rows[name].pop(index)


def _both(*changes: Change) -> Change:
    return lambda it: [change(it) for change in changes]


def _without_schedule(it: Made) -> None:
    it.settings["datasets"][0]["enabled"] = False


def _told_twice(it: Made) -> None:
    it.rows["snapshots"].append({**it.rows["snapshots"][0], "entry": None})


def _no_entry(it: Made) -> None:
    row = it.rows["snapshots"][0]
    row.update(verdict="incomplete", entry=None, previous_entries=[], read_entries=[], accepted=True)
    it.population[0]["snapshot_entry"] = None


CHANGES: dict[str, tuple[Change, str]] = {
    "a verdict": (set_in(first("snapshots"), verdict="empty", accepted=True), "data/snapshots.jsonl line 1"),
    "a depth": (set_in(first("snapshots"), depth="list"), "data/snapshots.jsonl line 1"),
    "a field left out": (lambda it: it.rows["snapshots"][0].pop("rows"), "data/snapshots.jsonl line 1"),
    "the root of files": (set_in(first("snapshots"), files_root="00" * 32), "data/snapshots.jsonl line 1"),
    "what was accepted": (set_in(first("snapshots"), accepted_verdict="empty"), "data/snapshots.jsonl line 1"),
    "a snapshot's dataset": (set_in(first("snapshots"), dataset_id=BY_CRON), "data/snapshots.jsonl line 1"),
    "a snapshot left out": (drop("snapshots", 0), "data/files.jsonl line 1"),
    "a snapshot twice": (_told_twice, "data/snapshots.jsonl line 4"),
    "another's entry": (set_in(first("snapshots"), entry=15), "data/snapshots.jsonl line 1"),
    "an entry that is no row's": (set_in(first("scans"), entry=2), "data/scans.jsonl line 1"),
    "an entry that is not there": (set_in(first("scans"), scan_id="scan-9"), "data/scans.jsonl line 1"),
    "older entries swapped": (
        set_in(first("snapshots"), previous_entries=[7, 6]),
        "data/snapshots.jsonl line 1",
    ),
    "a file's size": (set_in(first("files"), size=999), "data/files.jsonl"),
    "a file's digest": (set_in(lambda it: it.rows["files"][1], sha256="00" * 32), "data/files.jsonl"),
    "a file's path": (set_in(first("files"), path="elsewhere"), "data/files.jsonl"),
    "a file left out": (drop("files", 0), "data/files.jsonl"),
    "a file that is gone there again": (set_in(lambda it: it.rows["files"][2], presence="present"), "data/files.jsonl"),
    "files in another order": (lambda it: it.rows["files"].reverse(), "data/files.jsonl line 2"),
    "all files of a snapshot left out": (lambda it: it.rows["files"].__delitem__(slice(3)), "data/files.jsonl"),
    "a finding left out": (drop("findings", 1), "data/findings.jsonl"),
    "a finding milder": (set_in(lambda it: it.rows["findings"][1], level="info"), "data/findings.jsonl"),
    "findings in another order": (
        _both(set_in(first("findings"), position=0), set_in(lambda it: it.rows["findings"][1], position=1)),
        "data/findings.jsonl",
    ),
    "a finding said to be older": (set_in(lambda it: it.rows["findings"][1], last_entry=12), "data/findings.jsonl"),
    "a finding of nobody": (set_in(first("findings"), snapshot=snapshot_id(9)), "data/findings.jsonl line 1"),
    "a zone's finding by another's scan": (
        set_in(lambda it: it.rows["findings"][3], zone="other"),
        "data/findings.jsonl line 4",
    ),
    "a restore's time": (set_in(first("restores"), milliseconds=10), "data/restores.jsonl line 1"),
    "a drill's end": (set_in(first("drills"), state="failed"), "data/drills.jsonl line 1"),
    "a copy's target": (set_in(first("copies"), target="c/d/e"), "data/copies.jsonl line 1"),
    "a control that passed": (set_in(first("controls"), passed=1), "data/controls.jsonl line 1"),
    "a decision of another kind": (set_in(first("decisions"), kind="hold"), "data/decisions.jsonl line 1"),
    "a decision that is none": (set_in(first("decisions"), kind="drill"), "data/decisions.jsonl line 1"),
    "a state that recovery goes by": (set_in(lambda it: it.rows["recovery"][1], bytes=1), "data/recovery.jsonl line 2"),
    "a state of another": (set_in(lambda it: it.rows["recovery"][1], place="x"), "data/recovery.jsonl line 2"),
    "a slot left out": (lambda it: it.population.pop(2), "data/population.csv"),
    "a slot twice": (lambda it: it.population.insert(0, it.population[0]), "data/population.csv line 3"),
    "a slot too many": (
        lambda it: it.population.insert(6, {**it.population[5], "due_at": at(7), "deadline": at(7, 4)}),
        "data/population.csv",
    ),
    "slots in another order": (lambda it: it.population.reverse(), "data/population.csv line 3"),
    "missing, but on time": (set_in(slot(3), status="on_time"), "data/population.csv line 4"),
    "late at the deadline sharp, but on time": (set_in(slot(2), status="on_time"), "data/population.csv line 3"),
    "on time, but late": (set_in(slot(1), status="arrived_late"), "data/population.csv line 2"),
    "waiting, but missing": (set_in(slot(6), status="missing"), "data/population.csv line 7"),
    "missing, but waiting": (set_in(slot(3), status="waiting"), "data/population.csv line 4"),
    "not due": (set_in(slot(3), status="not_due"), "data/population.csv line 4"),
    "paused for no reason": (set_in(slot(4), reason=None), "data/population.csv line 5"),
    "another deadline": (set_in(slot(2), deadline=at(2, 5), status="on_time"), "data/population.csv"),
    "a slot's verdict": (set_in(slot(1), verdict="corrupt"), "data/population.csv line 2"),
    "a slot's depth": (set_in(slot(1), depth="list"), "data/population.csv line 2"),
    "when it landed": (set_in(slot(2), landed_at=at(2, 3), status="on_time"), "data/population.csv line 3"),
    "a slot's snapshot": (set_in(slot(1), snapshot=snapshot_id(2)), "data/population.csv line 2"),
    "a slot's snapshot taken away": (
        set_in(slot(1), snapshot=None, snapshot_entry=None, status="missing"),
        "data/population.csv",
    ),
    "a slot's entry of another": (set_in(slot(1), slot_entry=18), "data/population.csv line 2"),
    "slots of a dataset switched off": (_without_schedule, "data/population.csv"),
    "slots of a dataset nobody knows": (set_in(slot(8), dataset_id="z", reason=None), "data/population.csv"),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_what_is_told_and_was_recorded_otherwise_is_named(change: str, tmp_path: Path) -> None:
    told, expected = made(), CHANGES[change]
    expected[0](told)
    report = verify.check(told.write(tmp_path / "bundle.zip"))
    assert report.status == 2
    assert any(place.startswith(expected[1]) for place, _ in report.mismatches), report.mismatches
    assert "statement" in report.signers


def test_what_is_told_without_an_entry_is_counted_and_told_to_be_without(tmp_path: Path) -> None:
    told = made()
    _no_entry(told)
    report = verify.check(told.write(tmp_path / "bundle.zip"))
    assert any("1 in snapshots" in note for note in report.notes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("population", 7), ("snapshots", 4), ("files", 0), ("slots", {}), ("verdicts", {"good": 3}), ("proofs", 1),
        ("more", 1),
    ],
)  # fmt: skip
def test_counts_that_are_not_so_are_named(field: str, value: Any, tmp_path: Path) -> None:
    files = members_of(bundle := made().write(tmp_path / "bundle.zip"))
    about = json.loads(files["data/bundle.json"])
    about["counts"][field] = value
    changed = restated({**files, "data/bundle.json": canonical(about)}, SIGNER)
    report = verify.check(packed(tmp_path / "changed.zip", base_of(bundle), changed))
    assert [place for place, _ in report.mismatches] == ["data/bundle.json"]


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("checkpoint", {"size": 5, "root": "00" * 32}, "data/checkpoint.txt"),
        ("origin", "another", "data/checkpoint.txt"),
        ("previous", {"size": 1, "root": "", "origin": ""}, "data/bundle.json"),
        ("settings_sha256", "00" * 32, "data/settings.json"),
        ("not_in_ledger", {}, "data/bundle.json"),
        ("judged_at", at(5, 0), "data/population.csv"),
        ("period_from", at(2, 0), "data/population.csv"),
        ("datasets", ["cja/another"], "data/population.csv"),
        ("zone", "another", "data/population.csv"),
        ("schema", "landproof/scan/1", "data/bundle.json"),
        ("tool_version", 1, "bag-info.txt"),
        ("period_to", None, "data/bundle.json"),
        ("judged_at", "2026-09-07T00:00:00Z", "data/settings.json"),
    ],
)
def test_what_a_bundle_says_of_itself_and_is_not_so_is_named(
    field: str, value: Any, place: str, tmp_path: Path
) -> None:
    files = members_of(bundle := made().write(tmp_path / "bundle.zip"))
    about = {**json.loads(files["data/bundle.json"]), field: value}
    changed = restated({**files, "data/bundle.json": canonical(about)}, SIGNER)
    report = verify.check(packed(tmp_path / "changed.zip", base_of(bundle), changed))
    assert any(found.startswith(place) for found, _ in report.mismatches), report.mismatches


def _entries(files: dict[str, bytes]) -> list[Row]:
    return [json.loads(line) for line in files["data/ledger.jsonl"].splitlines()]


def test_entries_altered_dropped_swapped_or_given_anothers_proof_are_named(tmp_path: Path) -> None:
    files = members_of(bundle := made().write(tmp_path / "bundle.zip"))
    entries, proofs = _entries(files), [json.loads(line) for line in files["data/proofs.jsonl"].splitlines()]
    altered = [*entries[:4], {**entries[4], "by": "somebody@else"}, *entries[5:]]
    swapped = [entries[1], entries[0], *entries[2:]]
    numbered = [*entries[:4], {**entries[4], "sequence": 2}, *entries[5:]]
    mixed = [proofs[0] | {"inclusion": proofs[1]["inclusion"]}, *proofs[1:]]
    for name, rows in (
        ("ledger", altered), ("ledger", swapped), ("ledger", entries[1:]), ("ledger", entries[:-1]),
        ("ledger", [*entries, entries[0]]), ("ledger", numbered), ("proofs", mixed), ("proofs", proofs[1:]),
        ("proofs", proofs[:-1]), ("proofs", [*proofs, proofs[-1]]),
    ):  # fmt: skip
        changed = restated({**files, f"data/{name}.jsonl": lines(rows)}, SIGNER)
        report = verify.check(packed(tmp_path / "changed.zip", base_of(bundle), changed))
        named = [place for place, _ in report.mismatches if place.startswith(("data/ledger", "data/proofs"))]
        assert named, report.mismatches


@pytest.mark.parametrize(
    "line",
    [
        b'{"entry":null, "x":1}\n', b'{"x":1.5}\n', b'{"x":1,"x":1}\n', b"[]\n", b"\n", b"{}", b"\xff\n",
        b'{"b":1,"a":2}\n',
        b'{"x":NaN}\n', b'{"a":"\\u00fc"}\n', b"[" * 100_000 + b"\n", b'{"a":"\\ud800"}\n',
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["drills", "ledger", "files", "findings", "proofs"])
def test_lines_that_are_not_canonical_json_are_named(line: bytes, name: str, tmp_path: Path) -> None:
    files = members_of(bundle := made().write(tmp_path / "bundle.zip"))
    member = f"data/{name}.jsonl"
    changed = restated({**files, member: files[member] + line}, SIGNER)
    report = verify.check(packed(tmp_path / "changed.zip", base_of(bundle), changed))
    number = files[member].count(b"\n") + 1
    assert any(place == f"{member} line {number}" for place, _ in report.mismatches), report.mismatches


def test_an_entry_that_no_row_tells_any_more_is_named(tmp_path: Path) -> None:
    files = members_of(bundle := made().write(tmp_path / "bundle.zip"))
    about = json.loads(files["data/bundle.json"])
    about["counts"]["scans"] -= 1
    scans = files["data/scans.jsonl"].splitlines(keepends=True)
    rows = b"".join([scans[0], *scans[2:]])
    changed = restated({**files, "data/bundle.json": canonical(about), "data/scans.jsonl": rows}, SIGNER)
    report = verify.check(packed(tmp_path / "changed.zip", base_of(bundle), changed))
    assert [place for place, _ in report.mismatches] == ["data/ledger.jsonl"]


def test_findings_come_to_their_digest_whatever_order_they_are_told_in(tmp_path: Path) -> None:
    told = made()
    told.rows["findings"].reverse()
    assert findings_digest([]) == findings_digest(iter(()))
    assert verify.check(told.write(tmp_path / "bundle.zip")).status == 0


def test_slots_by_cron_are_not_recomputed_and_that_is_said(tmp_path: Path) -> None:
    report = verify.check(made().write(tmp_path / "bundle.zip"))
    assert report.status == 0
    assert any("cron" in note for note in report.notes)
    assert DATASET != BY_CRON


@pytest.mark.parametrize(
    ("every", "start", "end", "period", "days"),
    [
        ("24h", at(1), None, (at(1, 0), at(3, 0)), [at(1), at(2)]),
        ("24h", at(1), None, (at(2), at(3)), [at(2), at(3)]),
        ("24h", at(1), at(2), (at(1, 0), at(9)), [at(1)]),
        ("3h", at(1), None, (at(1, 2), at(1, 8)), [at(1, 4), at(1, 7)]),
        ("once", at(4), None, (at(1), at(9)), [at(4)]),
        ("once", at(4), at(4), (at(1), at(9)), []),
        ("once", at(4), None, (at(5), at(9)), []),
        ("7d", at(9), None, (at(1), at(8)), []),
        ("90m", None, None, (at(1), at(8)), []),
    ],
)
def test_slots_are_due_as_schedules_say(
    every: str, start: str | None, end: str | None, period: tuple[str, str], days: list[str]
) -> None:
    dataset = {"every": every, "starts_at": start, "ends_at": end}
    due = verify.due_times(dataset, verify.moment(period[0]), verify.moment(period[1]))
    assert list(due) == [verify.moment(day) for day in days]
