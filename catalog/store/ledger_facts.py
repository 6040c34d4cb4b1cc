"""What a ledger tells of everything recorded: facts by kind, made of the tables alone; not the entries that tell them.

Facts are told anew from the tables whenever a ledger is verified, so that a row altered since is noticed.
"""

from __future__ import annotations

import json
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import pyarrow as pa

from catalog.ledger.canonical import Plain, canonical_plain, checked
from catalog.ledger.merkle import leaf_hash, root_of
from catalog.store.database import Connection

_THEN = "SEMI JOIN ledger_moment USING (recorded_at)"
_ID = "s.zone || '/' || s.dataset_id || '/' || s.export_time"
_MILLISECONDS = "round(1000 * {0})::BIGINT AS {1}"
# By kind: what each fact is about, when it was recorded, and its other fields. Of columns that begin with an underscore
# more is made below.
_QUERIES: Mapping[str, str] = {
    "snapshot": f"""
        SELECT {_ID} AS about, r.recorded_at, k.scan_id AS scan, r.verdict, r.depth, r.checked, r.files,
               r.checked || ' of ' || r.files AS coverage, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence,
               r.manifest, r.basis AS settings, k.tool_version, r.scan_key AS _scan, r.snapshot_key AS _snapshot
        FROM (FROM snapshot_revision {_THEN}) r JOIN snapshot s USING (snapshot_key) JOIN scan k USING (scan_key)""",
    "read": f"""
        SELECT {_ID} AS about, f.read_at AS recorded_at, k.scan_id AS scan,
               CASE WHEN count(*) = count(f.name) THEN count(*) END AS files
        FROM (FROM full_read SEMI JOIN ledger_moment ON read_at = recorded_at) f
        JOIN snapshot s USING (snapshot_key) JOIN scan k USING (scan_key)
        ANTI JOIN (FROM snapshot_revision {_THEN}) r
            ON r.scan_key = f.scan_key AND r.snapshot_key = f.snapshot_key AND r.recorded_at = f.read_at
        GROUP BY ALL""",
    "slot": f"""
        SELECT zone || '/' || dataset_id || '@' || strftime(due_at, '%Y-%m-%dT%H:%M:%SZ') AS about, recorded_at, due_at,
               before, after, happened_at, snapshot, verdict
        FROM slot_transition {_THEN}""",
    "scan": f"""
        SELECT k.scan_id || '/' || k.zone AS about, e.recorded_at, k.scan_id, k.zone, k.url, k.kind, k.depth, k.scope,
               k.started_at, e.finished_at, e.complete, e.suspect, e.counts AS _json_counts, e.error_kind, e.requests,
               k.endpoint, k.identity, k.run_by, k.basis AS settings, k.tool_version
        FROM (FROM scan_end {_THEN}) e JOIN scan k USING (scan_key)""",
    "copy": f"""
        SELECT target AS about, * EXCLUDE (seconds), {_MILLISECONDS.format("seconds", "milliseconds")}
        FROM copies {_THEN}""",
    "restore": f"""
        SELECT restore_id AS about, * EXCLUDE (seconds), {_MILLISECONDS.format("seconds", "milliseconds")}
        FROM restore {_THEN}""",
    "gap-acceptance": f"SELECT restore_id AS about, * FROM gap_acceptance {_THEN}",
    "drill": f"""
        SELECT drill_id AS about, * EXCLUDE (fetch_seconds, load_seconds),
               {_MILLISECONDS.format("fetch_seconds", "fetch_milliseconds")},
               {_MILLISECONDS.format("load_seconds", "load_milliseconds")}
        FROM drill {_THEN}""",
    "waiver": f"SELECT zone || '/' || dataset_id AS about, * FROM waiver {_THEN}",
    "acceptance": f"""
        SELECT concat_ws('/', zone, dataset_id, export_time) AS about, * EXCLUDE (place), place AS _json_place
        FROM acceptance {_THEN}""",
    "hold": f"SELECT snapshot AS about, * FROM hold {_THEN}",
    "control-test": f"SELECT snapshot AS about, * FROM control_test {_THEN}",
    "key": f"SELECT name AS about, * FROM signing_key {_THEN}",
}
# Of every snapshot's revision the files as known then: of each the newest state that is not newer than the revision.
_FILES = f"""
SELECT scan_key, snapshot_key, to_path(name, folder, writer) AS path, state.size, state.sha256
FROM (SELECT r.scan_key, r.snapshot_key, f.name, any_value(s.folder) AS folder, any_value(s.writer) AS writer,
             arg_max({{size: f.size, sha256: f.sha256, presence: f.presence}},
                     epoch_us(f.recorded_at)::HUGEINT * 4294967296 + t.turn) AS state
      FROM (SELECT v.*, n.turn AS then_turn FROM snapshot_revision v JOIN turns n USING (scan_key) {_THEN}) r
      JOIN snapshot s USING (snapshot_key) JOIN file_revision f USING (snapshot_key)
      JOIN turns t ON t.scan_key = f.scan_key
      WHERE (f.recorded_at, t.turn) <= (r.recorded_at, r.then_turn)
      GROUP BY r.scan_key, r.snapshot_key, f.name)
WHERE state.presence = 'present' ORDER BY scan_key, snapshot_key, path"""
_FINDINGS = f"""
SELECT f.scan_key, f.snapshot_key, f.code, f.level, to_path(f.name, s.folder, s.writer) AS path, f.message, f.expected,
       f.actual, f.count, f.place
FROM finding f SEMI JOIN (FROM snapshot_revision {_THEN}) r USING (scan_key, snapshot_key)
JOIN snapshot s USING (snapshot_key)
ORDER BY f.scan_key, f.snapshot_key, f.position"""
_MOMENTS = """
SELECT recorded_at FROM snapshot_revision UNION SELECT read_at FROM full_read UNION
SELECT recorded_at FROM slot_transition UNION SELECT recorded_at FROM scan_end UNION
SELECT recorded_at FROM copies UNION SELECT recorded_at FROM restore UNION
SELECT recorded_at FROM gap_acceptance UNION SELECT recorded_at FROM drill UNION
SELECT recorded_at FROM waiver UNION SELECT recorded_at FROM acceptance UNION SELECT recorded_at FROM hold UNION
SELECT recorded_at FROM control_test UNION SELECT recorded_at FROM signing_key"""

_ROW_OF: Mapping[str, str] = {kind: kind for kind in _QUERIES} | {"scan": "scan-end", "key": "signing-key"}
ROWS = frozenset({*_ROW_OF.values(), "finding"})
"""The names of the rows of a journal's entry that a ledger tells of."""
_Revision = tuple[int, int]
_Name = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing recorded: of which kind, about what, when, and everything that is told of it."""

    kind: str
    about: str
    recorded_at: datetime
    facts: dict[str, Plain]

    @property
    def digest(self) -> bytes:
        """What tells it from every other."""
        return self.digest_of(self.kind, self.about, self.facts)

    @staticmethod
    def digest_of(kind: str, about: str, facts: dict[str, Plain]) -> bytes:
        """Return the digest of a fact, given by its parts."""
        return sha256(canonical_plain([kind, about, facts])).digest()


def recorded_moments(connection: Connection) -> list[datetime]:
    """Return all moments as of which anything is recorded that a ledger tells of, in order."""
    return [row[0] for row in connection.execute(f"SELECT * FROM ({_MOMENTS}) ORDER BY 1").fetchall()]


def facts_of(connection: Connection, moments: Sequence[datetime], of: Collection[str] = ROWS) -> Iterator[Fact]:
    """Yield what was recorded as of these moments in rows of these names, by kind and what it is about."""
    connection.register("ledger_moment", pa.table({"recorded_at": pa.array(moments, pa.timestamp("us"))}))
    for kind, query in ((kind, query) for kind, query in _QUERIES.items() if _ROW_OF[kind] in of):
        found = connection.execute(f"SELECT * FROM ({query}) ORDER BY ALL")
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        if kind == "snapshot" and rows:
            _complete(connection, rows, has_findings="finding" in of)
        for row in rows:
            about, recorded_at = row.pop("about"), row["recorded_at"]
            yield Fact(kind, about, recorded_at, {k.removeprefix("_json_"): _told(k, v) for k, v in row.items()})


def root_as_told(connection: Connection, fact: Fact, scans: Sequence[str]) -> str:
    """Return the root over the files of a snapshot's state by what these scans alone have recorded of it."""
    connection.register("ledger_moment", pa.table({"recorded_at": pa.array([fact.recorded_at], pa.timestamp("us"))}))
    connection.register("ledger_scan", pa.table({"scan_id": pa.array(scans, pa.string())}))
    query = _FILES.replace("JOIN turns t ON", "SEMI JOIN (FROM scan SEMI JOIN ledger_scan USING (scan_id)) o ON "
                           "o.scan_key = f.scan_key JOIN turns t ON")  # fmt: skip
    rows = connection.execute(
        f"""SELECT path, size, sha256 FROM ({query}) f JOIN scan k USING (scan_key) JOIN snapshot s USING (snapshot_key)
            WHERE {_ID} = ? AND k.scan_id = ? ORDER BY path""",
        [fact.about, fact.facts["scan"]],
    ).fetchall()
    return root_of(_leaf(*row) for row in rows).hex()


def _leaf(path: str, size: int, sha256: str | None) -> bytes:
    return leaf_hash(canonical_plain({"path": path, "sha256": sha256, "size": size}))


def _complete(connection: Connection, rows: Sequence[dict[str, Any]], *, has_findings: bool) -> None:
    """Add to the rows of snapshots what is told of their files and findings."""
    manifests = {(row["_scan"], row["_snapshot"], row["manifest"]) for row in rows if row["manifest"] is not None}
    leaves, sums = _leaves(connection, manifests)
    findings = _findings(connection) if has_findings else {}
    for row in rows:
        key = row.pop("_scan"), row.pop("_snapshot")
        row["files_root"] = root_of(leaves.get(key, ())).hex()
        row["manifest_sha256"] = sums.get((*key, row["manifest"]))
        row["findings_sha256"] = sha256(canonical_plain(findings.get(key, []))).hexdigest()


def _leaves(
    connection: Connection, manifests: Collection[_Name]
) -> tuple[dict[_Revision, list[bytes]], dict[_Name, str | None]]:
    """Return the leaves of each revision's files, and the SHA-256 of those that are its manifest."""
    leaves, sums = defaultdict[_Revision, list[bytes]](list), dict[_Name, str | None]()
    for scan, snapshot, path, size, digest in connection.execute(_FILES).fetchall():
        leaves[scan, snapshot].append(_leaf(path, size, digest))
        if (name := (scan, snapshot, posixpath.basename(path))) in manifests:
            sums[name] = digest
    return leaves, sums


def _findings(connection: Connection) -> dict[_Revision, list[Plain]]:
    found = defaultdict[_Revision, list[Plain]](list)
    names = ("code", "level", "path", "message", "expected", "actual", "count")
    for scan, snapshot, *values, place in connection.execute(_FINDINGS).fetchall():
        one: dict[str, Plain] = dict(zip(names, values, strict=True))
        found[scan, snapshot].append(one | {"place": checked(json.loads(place)) if place else None})
    return found


def _told(name: str, value: object) -> Plain:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if name.startswith("_json_"):
        return checked(json.loads(str(value))) if value else None
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"expected a plain value for {name}, got {type(value).__name__}")
