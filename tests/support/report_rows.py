"""Bundles of made-up rows, for reports: folders with the files that a bundle has in `data/`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.evidence.contents import POPULATION
from catalog.ledger.notes import Checkpoint, Signer, signed_note

Row = dict[str, Any]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 9, 1, 1, tzinfo=UTC)
HOSTILE = 'Orders <script>alert("x")</script> & Zoë\u202eevil\x00 注文 =1+1'


def text(at: datetime | None) -> str | None:
    """Write a moment as bundles do."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


@dataclass
class Bundle:
    """The rows of a bundle, to be written; lists by file."""

    since: datetime = START - HOUR
    until: datetime = START - HOUR + 30 * DAY
    judged_at: datetime = START - HOUR + 30 * DAY
    datasets: list[Row] = field(default_factory=list)
    population: list[Row] = field(default_factory=list)
    lists: dict[str, list[Row]] = field(default_factory=dict)
    signer: Signer | None = field(default_factory=lambda: Signer("night", bytes(range(32))))

    def add(self, name: str, /, **row: Any) -> Row:
        """Add one row to a list; its entry is its place in the ledger, None where it says so."""
        self.lists.setdefault(name, []).append(row)
        return row

    def entry(self, of: str, about: str, /, **facts: Any) -> int:
        """Append to the ledger and return the sequence."""
        sequence = len(self.lists.setdefault("ledger", []))
        self.add("ledger", kind=of, about=about, sequence=sequence, facts=facts)
        return sequence

    def write(self, folder: Path) -> Path:
        """Write all files below a folder, and return that."""
        data = folder / "data"
        data.mkdir(parents=True)
        bundle: Row = {
            "schema": "landproof/audit-bundle/1", "period_from": text(self.since), "period_to": text(self.until),
            "judged_at": text(self.judged_at), "datasets": None, "origin": "landproof/ledger/" + "ab" * 16,
            "checkpoint": {"size": len(self.lists.get("ledger", ())), "root": "cd" * 32}, "previous": None,
            "settings_sha256": "ef" * 32, "tool_version": "0.1.0", "counts": {}, "not_in_ledger": 0,
        }  # fmt: skip
        (data / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
        (data / "settings.json").write_text(json.dumps({"datasets": self.datasets}), encoding="utf-8")
        size, root = bundle["checkpoint"]["size"], bytes.fromhex(bundle["checkpoint"]["root"])
        note = signed_note(Checkpoint(bundle["origin"], size, root, self.judged_at), self.signer)
        (data / "checkpoint.txt").write_text(note, encoding="utf-8")
        keys = "" if self.signer is None else f"{self.signer.verifier.text}\n"
        (data / "keys.txt").write_text(keys, encoding="utf-8")
        with (data / "population.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, POPULATION, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.population)
        names = ("snapshots", "files", "findings", "scans", "copies", "restores", "drills", "controls", "decisions")
        for name in (*names, "ledger", "recovery"):
            lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in self.lists.get(name, ()))
            (data / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        return folder


@dataclass(frozen=True)
class Export:
    """What became of one slot."""

    status: str = "on_time"
    verdict: str | None = "good"
    depth: str = "full"
    presence: str = "present"
    late: timedelta = timedelta(minutes=7)
    reason: str | None = None
    code: str | None = None
    closed: bool = False
    accepted: Row | None = None


def dataset(
    bundle: Bundle, zone: str, dataset_id: str, due: Iterable[datetime], odd: Mapping[datetime, Export]
) -> None:
    """Add the slots of a dataset: all as they should be but for the odd ones; three files a snapshot."""
    name = next(d["name"] for d in bundle.datasets if (d["zone"], d["id"]) == (zone, dataset_id))
    for due_at in due:
        one = odd.get(due_at, Export())
        snapshot = f"{zone}/{dataset_id}/{due_at:%Y%m%d%H%M}" if one.status in ("on_time", "arrived_late") else None
        landed_at = due_at + one.late if snapshot else None
        entry = None
        if snapshot:
            entry = _snapshot(bundle, snapshot, due_at, one)
        about = f"{zone}/{dataset_id}@{text(due_at)}"
        noticed = text(due_at + 4 * HOUR)
        slot = bundle.entry("slot", about, after=one.status, before=None, recorded_at=noticed)
        told = (zone, dataset_id, name, text(due_at), text(due_at + 3 * HOUR), one.status, one.reason, snapshot)
        depth, coverage = (one.depth, "3 of 3") if snapshot else (None, None)
        verdict, presence = (one.verdict, one.presence) if snapshot else (None, None)
        seen = (verdict, depth, coverage, presence, text(landed_at), entry, slot)
        bundle.population.append(dict(zip(POPULATION, (*told, *seen), strict=True)))


def _snapshot(bundle: Bundle, snapshot: str, due_at: datetime, one: Export) -> int:
    zone, dataset_id, _ = snapshot.split("/")
    landed, looked = due_at + one.late, due_at + 4 * HOUR
    facts = {
        "verdict": one.verdict, "depth": one.depth, "presence": one.presence, "checked": 3, "files": 3, "bytes": 3000,
        "rows": 90, "landed_at": text(landed), "recorded_at": text(looked),
    }  # fmt: skip
    entry = bundle.entry("snapshot", snapshot, **facts)
    is_full = one.depth == "full" and one.presence == "present"
    bundle.add(
        "snapshots", id=snapshot, zone=zone, dataset_id=dataset_id, export_time=text(due_at), due_at=text(due_at),
        **facts, accepted=one.accepted is not None, accepted_verdict="good" if one.accepted else None,
        full_read_at=text(looked) if is_full else None, reads=2 if is_full else 0, entry=entry, previous_entries=[],
    )  # fmt: skip
    for number in range(3):
        bundle.add(
            "files", snapshot=snapshot, path=f"{dataset_id}/part-{number}.json.gz", size=1000, kind="ndjson", rows=30,
            sha256=f"{number:064x}" if is_full else None, presence=one.presence, first_seen_at=text(looked),
            last_full_read_at=text(looked) if is_full else None,
        )  # fmt: skip
    if one.code:
        closing = {"closed_at": text(looked + DAY), "closure": "read again"} if one.closed else {}
        if one.accepted:
            closing = {"closed_at": one.accepted["at"], "closure": "accepted"}
        bundle.add(
            "findings", snapshot=snapshot, zone=zone, code=one.code, level="error", path=f"{dataset_id}/part-1.json.gz",
            message="made up", expected="whole", actual="broken", count=2, place=None, position=0, first_entry=entry,
            first_seen_at=text(looked), last_seen_at=text(looked), last_entry=entry, accepted=one.accepted,
            **{"closed_at": None, "closure": None} | closing,
        )  # fmt: skip
    return entry


def scans(bundle: Bundle, zone: str, days: int, broken: frozenset[int] = frozenset()) -> None:
    """Add one scan a day, four hours after what was due; the broken ones did not get through."""
    for day in range(days):
        started = bundle.since + day * DAY + 5 * HOUR
        is_whole = day not in broken
        facts = {
            "scan_id": f"scan-{zone}-{day:03}", "zone": zone, "url": f"s3://b/{zone}", "kind": "s3", "depth": "full",
            "started_at": text(started), "finished_at": text(started + timedelta(minutes=20)), "complete": is_whole,
            "suspect": False, "error_kind": None if is_whole else "unreachable", "requests": 12, "endpoint": "s3:443",
            "identity": "AKIAEXAMPLE", "run_by": "watch@host", "tool_version": "0.1.0", "scope": None, "counts": {},
        }  # fmt: skip
        state = "complete" if is_whole else "incomplete"
        bundle.add("scans", **facts, state=state, entry=bundle.entry("scan", f"scan-{day}/{zone}", **facts))


def drill(bundle: Bundle, zone: str, dataset_id: str, at: datetime, state: str = "passed") -> None:
    """Add a drill of four and a half seconds."""
    message = None if state == "passed" else "rows differ: expected 90, got 89"
    facts = {
        "drill_id": f"drill-{at:%m%d}", "zone": zone, "dataset_id": dataset_id, "as_of": text(at),
        "recovers_to": text(at - 12 * HOUR), "depth": "full", "accepts_gaps": False, "state": state, "message": message,
        "snapshots": 2, "files": 6, "bytes": 6000, "rows": 180, "rows_loaded": 180, "fetch_milliseconds": 4200,
        "load_milliseconds": 300, "started_at": text(at), "finished_at": text(at + timedelta(minutes=1)),
        "tool_version": "0.1.0", "run_by": "watch@host",
    }  # fmt: skip
    bundle.add("drills", **facts, entry=bundle.entry("drill", f"drill-{at:%m%d}", **facts))


def recovery(bundle: Bundle, zone: str, dataset_id: str, due: Iterable[datetime], hours: int) -> Iterator[Row]:
    """Yield the rows of a recovery point: every good export of the bundle counts from when it landed."""
    key = {"zone": zone, "dataset_id": dataset_id}
    until = min(bundle.until, bundle.judged_at)
    yield key | {
        "row": "dataset", "mode": "full", "as_of": text(until), "depth": "full", "allow_empty": True, "flow_starts": [],
        "since": text(bundle.since), "until": text(until), "objective_ms": hours * 3_600_000, "grace_ms": 10_800_000,
        "lifetime_ms": None, "has_schedule": True,
    }  # fmt: skip
    good = {r["due_at"]: r for r in bundle.population if r["dataset_id"] == dataset_id and r["verdict"] == "good"}
    for due_at in due:
        slot = good.get(text(due_at))
        status = "missing" if slot is None else slot["status"]
        yield key | {"row": "slot", "due_at": text(due_at), "status": status, "proven_empty": False}
        look = {"place_zone": zone, "place_dataset_id": dataset_id, "started_at": text(due_at + 4 * HOUR)}
        yield key | look | {"row": "look"}
    for slot in good.values():
        named = {"snapshot": slot["snapshot"], "place": slot["snapshot"]}
        held = {
            "verdict": "good", "depth": "full", "checked": 3, "files": 3, "bytes": 3000, "rows": 90,
            "presence": "present", "deleted_at": None,
        }  # fmt: skip
        none = {"events_from": None, "events_to": None, "was_good": None}
        yield key | named | held | none | {"row": "place", "due_at": slot["due_at"], "accepted": False, "held": False}
        looked = text(datetime.fromisoformat(slot["due_at"]) + 4 * HOUR)
        at = {"recorded_at": looked, "listed_at": looked, "landed_at": slot["landed_at"]}
        yield key | named | held | at | {"row": "state"}


WEB, ORDERS = "64e0a1fa0000000000000001", "64e0be7a0000000000000002"
ACCEPTED = {"by": "ops@host", "at": "2026-09-21T08:00:00Z", "until": None, "reason": "known at the source"}


def month() -> Bundle:
    """A month of two datasets, one with all that can go wrong, the other with a hostile name."""
    bundle = Bundle()
    bundle.datasets = [
        {
            "zone": "cja",
            "id": WEB,
            "name": "Web events",
            "recovery_point": "36h",
            "retain": "20d",
            "verify_every": "14d",
        },
        {"zone": "cja", "id": ORDERS, "name": HOSTILE, "encrypted": True},
    ]
    days = [START + n * DAY for n in range(30)]
    odd = {
        days[4]: Export(code="gzip.corrupt", closed=True),
        days[8]: Export("missing", None, reason="export due then is missing"),
        days[10]: Export(verdict="incomplete", presence="vanished", code="file.vanished"),
        days[13]: Export("arrived_late", late=5 * HOUR),
        days[15]: Export(code="json.invalid-line", verdict="good", accepted=ACCEPTED),
        days[17]: Export(verdict="corrupt", code="gzip.corrupt"),
        days[19]: Export(depth="structure"),
        days[21]: Export("paused", None, reason="migration of the store"),
        days[22]: Export("paused", None, reason="migration of the store"),
        days[25]: Export("unknown", None, reason="no complete listing since"),
        days[28]: Export(presence="expired"),
    }
    dataset(bundle, "cja", WEB, days, odd)
    halves = [START + n * 12 * HOUR for n in range(60)]
    dataset(bundle, "cja", ORDERS, halves, {halves[3]: Export(verdict="unverifiable")})
    scans(bundle, "cja", 30, frozenset({7, 29}))
    drill(bundle, "cja", WEB, START + 6 * DAY, "failed")
    drill(bundle, "cja", WEB, START + 7 * DAY)
    restored = {
        "restore_id": "restore-1", "zone": "cja", "dataset_id": ORDERS, "as_of": text(days[20]), "depth": "full",
        "recovers_to": text(days[20]), "target_url": "file:///back", "state": "complete", "complete": True,
        "snapshots": 3, "files": 9, "bytes": 9000, "files_copied": 9, "bytes_copied": 9000, "tool_version": "0.1.0",
        "started_at": text(days[20] + HOUR), "finished_at": text(days[20] + 2 * HOUR), "milliseconds": 3_600_000,
        "run_by": "ops@host",
    }  # fmt: skip
    bundle.add("restores", **restored, entry=bundle.entry("restore", "restore-1", **restored))
    for damage, passed in (("flip a byte", True), ("cut the end off", False)):
        bundle.add(
            "controls", snapshot=f"cja/{WEB}/202609010100", damage=damage, expected="gzip.corrupt", passed=passed,
            found="gzip.corrupt" if passed else "", finished_at=text(days[24]), started_at=text(days[24]), path=None,
            test_id="t", run_by="ops@host", tool_version="0.1.0", entry=None,
        )  # fmt: skip
    waiver = {
        "zone": "cja", "dataset_id": WEB, "starts_at": text(days[21]), "ends_at": text(days[22]), "lifted": False,
        "reason": "migration of the store", "said_by": "ops@host", "said_at": text(days[20]),
    }  # fmt: skip
    bundle.add("decisions", kind="waiver", **waiver, entry=bundle.entry("waiver", f"cja/{WEB}", **waiver))
    bundle.lists["recovery"] = list(recovery(bundle, "cja", WEB, days, 36))
    return bundle


def large(datasets: int = 200, days: int = 365) -> Bundle:
    """A year of many datasets, with something odd here and there."""
    bundle = Bundle(until=START - HOUR + days * DAY, judged_at=START - HOUR + days * DAY)
    due = [START + n * DAY for n in range(days)]
    kinds = (
        Export("missing", None, reason="export is missing"),
        Export("arrived_late", late=6 * HOUR),
        Export(verdict="corrupt", code="gzip.corrupt", closed=True),
    )
    for number in range(datasets):
        dataset_id = f"{number:024x}"
        policies = {"recovery_point": "36h", "retain": "90d"} if number % 4 == 0 else {}
        bundle.datasets.append({"zone": "cja", "id": dataset_id, "name": f"Dataset {number} of many", **policies})
        odd = {due[(number * 37 + k * 101) % days]: kinds[(number + k) % 3] for k in range(number % 5)}
        dataset(bundle, "cja", dataset_id, due, odd)
        if policies:
            bundle.lists.setdefault("recovery", []).extend(recovery(bundle, "cja", dataset_id, due, 36))
    scans(bundle, "cja", days)
    return bundle
