"""The contents of a bundle by the rules of its format, made up row by row; and bundles taken apart and put together.

What gathers a real bundle's contents is not asked: this is a second opinion on what `verify.py` is to accept.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from catalog.evidence.bag import manifest
from catalog.evidence.container import write_bundle
from catalog.evidence.statement import envelope, statement
from catalog.evidence.zip_bytes import Member, directory, local_header
from catalog.ledger.canonical import canonical
from catalog.ledger.merkle import Tree, leaf_hash, root_of
from catalog.ledger.notes import Checkpoint, Signer, signed_note

Row = dict[str, Any]
ORIGIN = "landproof/ledger/00112233445566778899aabbccddeeff"
SIGNER, OTHER_SIGNER = Signer("backup-ops", bytes(range(32))), Signer("somebody", bytes(range(1, 33)))
ZONE, DATASET, BY_CRON = "cja", "64e0c0ffee0123456789abcd", "64e0c0ffee0123456789abce"
NAME, VERSION = 'Web "events", all – ü', "0.1.0"
COLUMNS = (
    "zone", "dataset_id", "name", "due_at", "deadline", "status", "reason", "snapshot", "verdict", "depth", "coverage",
    "presence", "landed_at", "snapshot_entry", "slot_entry",
)  # fmt: skip
STATED = ("snapshots", "scans", "copies", "restores", "drills", "controls", "decisions")
ROWS = (*STATED, "files", "findings", "recovery")
_DIGEST = sha256(b"some bytes").hexdigest()


def at(day: int, hour: int = 1, minute: int = 0) -> str:
    """Return a moment of September 2026."""
    return f"2026-09-{day:02}T{hour:02}:{minute:02}:00Z"


def snapshot_id(day: int) -> str:
    """Return the id of a day's snapshot."""
    return f"{ZONE}/{DATASET}/202609{day:02}0100"


@dataclass(slots=True)
class Ledger:
    """A ledger that grows."""

    bodies: list[bytes] = field(default_factory=list)

    def append(self, kind: str, about: str, facts: Row) -> int:
        """Append an entry and return its sequence."""
        named = {"about": about, "by": "ops@host", "facts": facts, "kind": kind, "sequence": len(self.bodies)}
        rest = {"schema": "landproof/ledger-entry/1", "time": at(7), "tool_version": VERSION}
        self.bodies.append(canonical({**named, **rest}))
        return len(self.bodies) - 1

    @property
    def tree(self) -> Tree:
        """The tree over all entries."""
        return Tree(map(leaf_hash, self.bodies))

    def note(self, signer: Signer | None, size: int | None = None) -> bytes:
        """Return the note of a checkpoint, over all entries or the first `size`."""
        tree = self.tree
        size = tree.size if size is None else size
        return signed_note(Checkpoint(ORIGIN, size, tree.root(size), datetime(2026, 9, 7, tzinfo=UTC)), signer).encode()


@dataclass(slots=True)
class Made:
    """The rows of a bundle before they are written; `previous_size` is how far the bundle before had come."""

    ledger: Ledger = field(default_factory=Ledger)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in ROWS})
    population: list[Row] = field(default_factory=list)
    settings: Row = field(default_factory=dict)
    signer: Signer | None = SIGNER
    previous_size: int | None = None

    def write(self, target: Path, *, timestamp_url: str | None = None) -> Path:
        """Write the bundle, by way of a folder beside it."""
        folder = target.with_suffix(".contents")
        folder.mkdir(parents=True)
        for name, content in self.files().items():
            (folder / name).write_bytes(content)
        return write_bundle(target, folder, signer=self.signer, timestamp_url=timestamp_url).path

    def files(self) -> dict[str, bytes]:
        """Return all files of `data/` by their names."""
        named, tree = self._named(), self.ledger.tree
        proofs = [{"sequence": n, "inclusion": [*map(_base64, tree.inclusion_proof(n))]} for n in named]
        files = {f"{name}.jsonl": lines(rows) for name, rows in self.rows.items()}
        files |= {
            "ledger.jsonl": b"".join(self.ledger.bodies[n] + b"\n" for n in named),
            "proofs.jsonl": lines(proofs),
            "checkpoint.txt": self.ledger.note(self.signer),
            "keys.txt": f"{self.signer.verifier.text}\n".encode() if self.signer else b"",
            "settings.json": canonical(self.settings),
            "population.csv": self._csv(),
        }
        if self.previous_size is not None:
            files |= self._previous(self.previous_size)
        return files | {"bundle.json": canonical(self._bundle(len(named)))}

    def _bundle(self, entries: int) -> Row:
        tree, size = self.ledger.tree, self.previous_size
        untold = {name: sum(row["entry"] is None for row in self.rows[name]) for name in STATED}
        untold["findings"] = sum(row["last_entry"] is None for row in self.rows["findings"])
        untold["recovery"] = sum(row["row"] == "state" and row["entry"] is None for row in self.rows["recovery"])
        untold["population"] = sum(row["slot_entry"] is None for row in self.population)
        counts = {"population": len(self.population), "ledger": entries, "proofs": entries}
        counts |= {name: len(rows) for name, rows in self.rows.items()}
        slots = dict(Counter(row["status"] for row in self.population))
        verdicts = dict(Counter(row["verdict"] for row in self.rows["snapshots"]))
        return {
            "schema": "landproof/audit-bundle/1", "period_from": at(1, 0), "period_to": "2026-09-06T23:59:59.999999Z",
            "judged_at": at(6, 2), "known_at": None, "datasets": None, "zone": None, "origin": ORIGIN,
            "checkpoint": {"size": tree.size, "root": tree.root().hex()},
            "previous": size and {"origin": ORIGIN, "size": size, "root": tree.root(size).hex()},
            "tool_version": VERSION, "not_judged": [], "not_in_ledger": untold, "remembered": [],
            "counts": {**counts, "slots": slots, "verdicts": verdicts},
            "settings_sha256": sha256(canonical(self.settings)).hexdigest(),
        }  # fmt: skip

    def _named(self) -> list[int]:
        found = {row[key] for row in self.population for key in ("snapshot_entry", "slot_entry")}
        for row in (row for rows in self.rows.values() for row in rows):
            found |= {row.get(key) for key in ("entry", "first_entry", "last_entry")}
            found |= {*row.get("previous_entries", ()), *row.get("read_entries", ())}
        return sorted(found - {None})

    def _csv(self) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(["" if row[name] is None else row[name] for name in COLUMNS] for row in self.population)
        return text.getvalue().encode()

    def _previous(self, size: int) -> dict[str, bytes]:
        tree = self.ledger.tree
        told = {"from_origin": ORIGIN, "from_size": size, "from_root": tree.root(size).hex(), "to_size": tree.size}
        proof = canonical({**told, "proof": [*map(_base64, tree.consistency_proof(size))]})
        return {"consistency.json": proof, "previous-checkpoint.txt": self.ledger.note(self.signer, size)}


def made(signer: Signer | None = SIGNER, previous_size: int | None = None) -> Made:
    """Return rows of six days, and of all else there is: exports on time, late at the deadline, missing, paused, again
    on time, and one awaited. The fifth is corrupt by its bytes and good by what was accepted.
    """
    it = Made(signer=signer, previous_size=previous_size, settings=_settings())
    for n in range(3):  # what no row tells of
        it.ledger.append("key", f"key-{n}", {"recorded_at": at(1), "name": f"key-{n}"})
    _add_scans(it)
    for day, landed, verdict in ((1, at(1, 2), "good"), (2, at(2, 4), "good"), (5, at(5, 1, 30), "corrupt")):
        _add_snapshot(it, day, landed, verdict)
    _add_population(it)
    _add_others(it)
    return it


def tiny() -> Made:
    """Return rows of nothing at all."""
    it = Made(settings={"datasets": []})
    it.ledger.append("key", "key", {"recorded_at": at(1)})
    return it


def _settings() -> Row:
    own = {"zone": ZONE, "id": DATASET, "name": NAME, "every": "24h", "cron": None, "grace": "3h"}
    other = {"zone": ZONE, "id": BY_CRON, "name": None, "every": None, "cron": "0 1 * * 1", "grace": "3h"}
    more = {"starts_at": at(1), "ends_at": None, "enabled": True}
    return {"datasets": [{**own, **more}, {**other, **more}], "zones": {ZONE: {"url": "file:///exports"}}}


def _add_scans(it: Made) -> None:
    for day in (1, 2, 5):
        facts: Row = {
            "recorded_at": at(day, 5), "scan_id": f"scan-{day}", "zone": ZONE, "url": "file:///exports",
            "kind": "local", "depth": "full", "scope": "", "started_at": at(day, 5), "finished_at": at(day, 6),
            "complete": True, "suspect": False, "counts": {"files": 3}, "error_kind": None, "requests": 12,
            "endpoint": None, "identity": None, "run_by": "ops@host", "settings": _DIGEST, "tool_version": VERSION,
        }  # fmt: skip
        entry = it.ledger.append("scan", f"scan-{day}/{ZONE}", facts)
        it.rows["scans"].append({**facts, "state": "complete", "entry": entry})
    it.rows["scans"].append({**it.rows["scans"][0], "scan_id": "scan-6", "state": "unfinished", "entry": None})


def _add_snapshot(it: Made, day: int, landed: str, verdict: str) -> None:
    name, folder = snapshot_id(day), f"{DATASET}/exportTime=202609{day:02}0100"
    files = [
        {
            "snapshot": name, "path": f"{folder}/{part}.parquet", "size": 1000 + n, "sha256": _DIGEST if n else None,
            "kind": "parquet", "rows": 10, "presence": "vanished" if n == 2 else "present", "first_seen_at": landed,
            "last_full_read_at": at(day, 5),
        }
        for n, part in enumerate(("part-0", "part-1-ü", "part-2"))
    ]  # fmt: skip
    leaves = [canonical({key: row[key] for key in ("path", "sha256", "size")}) for row in files[:2]]
    found = _findings(name, str(files[0]["path"])) if verdict == "corrupt" else []
    facts: Row = {
        "recorded_at": at(day, 5), "scan": f"scan-{day}", "verdict": "arriving", "depth": "full", "checked": 2,
        "files": 2, "coverage": "2 of 2", "bytes": 2001, "rows": 20, "landed_at": landed, "settled_at": at(day, 5),
        "presence": "present", "manifest": None, "manifest_sha256": None,
        "files_root": root_of(map(leaf_hash, leaves)).hex(), "findings_sha256": findings_digest(found),
        "settings": _DIGEST, "tool_version": VERSION,
    }  # fmt: skip
    first = it.ledger.append("snapshot", name, facts)
    facts = {**facts, "recorded_at": at(day, 6), "verdict": verdict}
    entry = it.ledger.append("snapshot", name, facts)
    read = it.ledger.append("read", name, {"recorded_at": at(day, 7), "scan": f"scan-{day}", "files": None})
    own: Row = {"id": name, "zone": ZONE, "dataset_id": DATASET, "export_time": at(day), "due_at": at(day)}
    known = {"accepted": bool(found), "accepted_verdict": "good", "full_read_at": at(day, 7), "reads": 2}
    entries = {"entry": entry, "previous_entries": [first], "read_entries": [read]}
    it.rows["snapshots"].append({**own, **facts, **known, **entries})
    it.rows["files"] += files
    state = {"row": "state", "place": name, "entry": entry, "verdict": verdict, "bytes": 2001, "of": snapshot_id(1)}
    it.rows["recovery"] += [{"row": "chain", "dataset_id": DATASET}, state]
    seen = {"first_seen_at": at(day, 5), "last_seen_at": at(day, 6), "first_entry": first, "last_entry": entry}
    it.rows["findings"] += [{**row, **seen} for row in found]
    if found:
        gone = {"last_entry": first, "closed_at": at(day, 6), "closure": "read again", "actual": "2"}
        it.rows["findings"].append({**found[0], **seen, **gone})


def _findings(name: str, path: str) -> list[Row]:
    shape: Row = {"snapshot": name, "zone": ZONE, "closed_at": None, "closure": None, "accepted": None, "count": 1}
    said = {"by": "ops@host", "at": at(5, 8), "until": None, "reason": "known"}
    one = {"code": "parquet.corrupt-page", "level": "error", "path": path, "message": "a page is corrupt"}
    other = {"code": "file.odd", "level": "info", "path": None, "message": "odd – ü", "expected": None, "actual": None}
    return [
        {**shape, **other, "place": None, "position": 1},
        {**shape, **one, "expected": "1", "actual": "3", "place": {"row_group": 0}, "position": 0, "accepted": said},
    ]


def findings_digest(rows: Iterable[Row]) -> str:
    """Return the digest of a snapshot's findings."""
    fields = ("actual", "code", "count", "expected", "level", "message", "path", "place")
    in_order = sorted(rows, key=lambda row: row["position"])
    return sha256(canonical([{field: row[field] for field in fields} for row in in_order])).hexdigest()


def _add_population(it: Made) -> None:
    snapshots = {row["id"]: row for row in it.rows["snapshots"]}
    for day, status in enumerate(("on_time", "arrived_late", "missing", "paused", "on_time", "waiting"), start=1):
        known: Row = snapshots.get(snapshot_id(day), {})
        filled = {"snapshot": known.get("id"), "verdict": known.get("accepted_verdict")}
        facts = {"recorded_at": at(day, 5), "due_at": at(day), "before": "waiting", "after": status}
        facts |= {"happened_at": at(day, 4), **filled}
        awaited = status == "waiting"
        entry = None if awaited else it.ledger.append("slot", f"{ZONE}/{DATASET}@{at(day)}", facts)
        own: Row = {"zone": ZONE, "dataset_id": DATASET, "name": NAME, "due_at": at(day), "deadline": at(day, 4)}
        own |= {"status": status, "reason": "a holiday" if status == "paused" else None}
        own |= {key: known.get(key) for key in ("depth", "coverage", "presence", "landed_at")}
        it.population.append({**own, **filled, "snapshot_entry": known.get("entry"), "slot_entry": entry})
    other = {**dict.fromkeys(COLUMNS), "zone": ZONE, "dataset_id": BY_CRON, "status": "unknown"}
    it.population.append({**other, "due_at": at(1), "deadline": at(1, 4)})
    gone = "as last recorded: no schedule has this slot any more"
    it.population.append({**other, "due_at": at(3), "deadline": at(3, 4), "status": "missing", "reason": gone})


def _add_others(it: Made) -> None:
    moments = {"recorded_at": at(6), "started_at": at(6), "finished_at": at(6)}
    first, own = snapshot_id(1), {"zone": ZONE, "dataset_id": DATASET}
    records: tuple[tuple[str, str, str, Row], ...] = (
        ("copies", "copy", f"b/{first}", {"source": first, "target": f"b/{first}", "complete": True, "files": 2}),
        ("restores", "restore", "r-1", {"restore_id": "r-1", **own, "state": "complete", "milliseconds": 1500}),
        ("drills", "drill", "d-1", {"drill_id": "d-1", **own, "state": "passed", "load_milliseconds": 70}),
        ("controls", "control-test", first, {"test_id": "t-1", "snapshot": first, "damage": "a bit", "passed": True}),
        ("decisions", "waiver", f"{ZONE}/{DATASET}", {**own, "reason": "a holiday"}),
        ("decisions", "acceptance", snapshot_id(5), {**own, "export_time": "202609050100", "place": {"row_group": 0}}),
        ("decisions", "acceptance", ZONE, {"zone": ZONE, "dataset_id": None, "export_time": None, "path": "stray"}),
        ("decisions", "gap-acceptance", "r-1", {"restore_id": "r-1", **own, "due_at": at(3)}),
        ("decisions", "hold", first, {"snapshot": first, "reason": "a lawsuit", "lifted": False}),
    )
    for name, kind, about, some in records:
        facts = {**moments, **some}
        row = {**facts, "entry": it.ledger.append(kind, about, facts)}
        it.rows[name].append({**row, "kind": kind} if name == "decisions" else row)
    zone = {"snapshot": None, "zone": ZONE, "code": "layout.stray-file", "level": "warn", "path": "x", "message": "m"}
    scan = it.rows["scans"][0]["entry"]
    seen = {"first_entry": scan, "last_entry": scan, "position": None, "count": 1, "place": None, "closed_at": None}
    it.rows["findings"].append({**zone, **seen, "actual": None, "expected": None})


# --- Bundles taken apart and put together ----------------------------------------------------------------------------


def members_of(bundle: Path) -> dict[str, bytes]:
    """Return the files of a bundle by their names below its top folder."""
    with zipfile.ZipFile(bundle) as opened:
        return {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


def base_of(bundle: Path) -> str:
    """Return the name of a bundle's top folder."""
    with zipfile.ZipFile(bundle) as opened:
        return opened.namelist()[0].partition("/")[0]


def packed(target: Path, base: str, files: Mapping[str, bytes]) -> Path:
    """Write files as a ZIP whose directory fits them, whatever else may be wrong with them."""
    return zipped(target, [(f"{base}/{name}", files[name]) for name in sorted(files)])


def zipped(target: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """Write members as a ZIP in this order."""
    data, entries = bytearray(), list[Member]()
    for name, content in members:
        entries.append(Member(name, len(data), len(content), zlib.crc32(content)))
        data += local_header(entries[-1]) + content
    target.write_bytes(data + directory(entries, len(data)))
    return target


def rebagged(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files with manifests and sum that fit them; the statement stays as it is."""
    kept = {name: content for name, content in files.items() if name != "tagmanifest-sha256.txt"}
    payload = [name for name in kept if name.startswith("data/")]
    octets = sum(len(kept[name]) for name in payload)
    info = kept["bag-info.txt"].decode().splitlines()[:-1]
    kept["bag-info.txt"] = "\n".join([*info, f"Payload-Oxum: {octets}.{len(payload)}", ""]).encode()
    kept["manifest-sha256.txt"] = manifest(_digests(kept), payload)
    return {**kept, "tagmanifest-sha256.txt": manifest(_digests(kept), [n for n in kept if not n.startswith("data/")])}


def restated(files: Mapping[str, bytes], signer: Signer | None) -> dict[str, bytes]:
    """Return files with a new statement about them, signed by a key or by none, and manifests that fit."""
    kept = rebagged(files)
    digests = _digests(kept)
    signed = [name for name in kept if name.startswith("data/")]
    signed += ["README.txt", "bag-info.txt", "bagit.txt", "verify.py"]
    predicate = {"bundle": json.loads(kept["data/bundle.json"]), "timestamped": "timestamp.tsr" in kept}
    text = statement({name: digests[name] for name in signed}, predicate)
    return rebagged({**kept, "statement.dsse.json": envelope(text, signer)})


def lines(rows: Iterable[Row]) -> bytes:
    """Return rows as lines of canonical JSON."""
    return b"".join(canonical(row) + b"\n" for row in rows)


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
