"""Findings of snapshots over all recorded states: filtered, counted in groups, a page at a time; not what they mean.

A finding seen again is the same one where code, snapshot, path and place are. It is open while the newest recorded
state of its snapshot has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from catalog.store.codec import FINDING_COLUMNS, finding_from, from_stored, restored, storable, to_moment
from catalog.store.database import Catalog, Connection
from catalog.store.said import acceptances_now
from verifier.findings import Level
from verifier.model import Finding, SnapshotId

_ORDER = "epoch_us(recorded_at)::HUGEINT * 4294967296 + turn"
# What passes by code and snapshot comes with all its states: what is told of it is the same however it is found.
_SEEN = f"""
CREATE OR REPLACE TEMP TABLE finding_seen AS
WITH wanted AS (
    SELECT snapshot_key, zone, dataset_id, export_time, export_at, folder, writer FROM snapshot WHERE {{of_snapshot}}),
found AS MATERIALIZED (
    SELECT f.scan_key, f.snapshot_key, f.code, f.level, coalesce(f.name, '') AS name,
           coalesce(f.place::VARCHAR, '') AS place, f.actual, f.count, {{hits}} AS hit
    FROM (FROM finding SEMI JOIN (SELECT snapshot_key, code FROM finding WHERE {{of_finding}})
          USING (snapshot_key, code)) f JOIN wanted s USING (snapshot_key)),
states AS (
    SELECT r.snapshot_key, r.scan_key, r.recorded_at, {_ORDER} AS nth
    FROM (FROM snapshot_revision SEMI JOIN found USING (snapshot_key)) r JOIN turns USING (scan_key)),
newest AS (SELECT snapshot_key, arg_max(scan_key, nth) AS newest FROM states GROUP BY snapshot_key)
SELECT f.snapshot_key, f.code, f.name, f.place, min(r.recorded_at) AS first_seen_at, max(r.recorded_at) AS last_seen_at,
       arg_max(f.scan_key, r.nth) AS scan_key, arg_max(f.level, r.nth) AS level, arg_max(f.actual, r.nth) AS actual,
       arg_max(f.count, r.nth) AS count, bool_or(f.scan_key = n.newest) AS is_open, false AS accepted
FROM found f JOIN states r USING (scan_key, snapshot_key) JOIN newest n USING (snapshot_key)
GROUP BY f.snapshot_key, f.code, f.name, f.place
HAVING {{having}}"""
# Once for all that follows: of most snapshots nothing was found.
_PLACES = "CREATE OR REPLACE TEMP TABLE finding_place AS FROM snapshot SEMI JOIN finding_seen USING (snapshot_key)"
# As the views have it: of the bytes that were there, at that place, not more often.
_ACCEPTED = """
UPDATE finding_seen SET accepted = true FROM (
    SELECT s.snapshot_key, s.folder, s.writer, a.path, a.code, a.actual, a.place, a.count
    FROM acceptances a JOIN finding_place s USING (zone, dataset_id, export_time)
    WHERE a.ends_at IS NULL OR a.ends_at > now() AT TIME ZONE 'UTC') a
WHERE finding_seen.is_open AND a.snapshot_key = finding_seen.snapshot_key AND a.code = finding_seen.code
  AND a.path IS NOT DISTINCT FROM to_path(nullif(finding_seen.name, ''), a.folder, a.writer)
  AND a.actual IS NOT DISTINCT FROM finding_seen.actual AND coalesce(a.place, '') = finding_seen.place
  AND finding_seen.count <= a.count"""
_ORDERED = "export_at DESC, zone, dataset_id, export_time, code, name, place"
_AFTER = """export_at < $export_at OR (export_at = $export_at AND
    (zone, dataset_id, export_time, code, name, place) > ($zone, $dataset_id, $export_time, $code, $name, $place))"""
_PAGE = f"""
CREATE OR REPLACE TEMP TABLE finding_page AS
SELECT s.zone, s.dataset_id, s.export_time, s.export_at, s.folder, s.writer, f.*
FROM finding_seen f JOIN finding_place s USING (snapshot_key) WHERE {{after}} ORDER BY {_ORDERED} LIMIT $limit"""
# The newest state that has a finding tells it; where it is there twice, the first as reported.
_TOLD = f"""
SELECT p.zone, p.dataset_id, p.export_time, p.export_at, p.name, p.place, p.first_seen_at, p.last_seen_at, p.is_open,
       g.gone_at, g.presence, t.alike, {", ".join(f"t.{c}" for c in FINDING_COLUMNS.split(", "))}
FROM finding_page p JOIN (
    SELECT f.scan_key, f.snapshot_key, f.code, coalesce(f.name, '') AS name, coalesce(f.place::VARCHAR, '') AS key,
           count(*) AS alike, any_value(f.place)::VARCHAR AS place,
           to_path(any_value(f.name), any_value(p.folder), any_value(p.writer)) AS path,
           {", ".join(f"arg_min(f.{c}, f.position) AS {c}" for c in ("level", "effect", "message", "count"))},
           arg_min([f.expected], f.position)[1] AS expected, arg_min([f.actual], f.position)[1] AS actual
    FROM finding f JOIN (SELECT DISTINCT scan_key, snapshot_key, folder, writer FROM finding_page) p
        USING (scan_key, snapshot_key) GROUP BY ALL) t
    ON t.scan_key = p.scan_key AND t.snapshot_key = p.snapshot_key AND t.code = p.code AND t.name = p.name
    AND t.key = p.place
JOIN (SELECT p.snapshot_key, p.code, p.name, p.place,
             min(r.recorded_at) FILTER (r.recorded_at > p.last_seen_at) AS gone_at,
             arg_max(r.presence, {_ORDER}) AS presence
      FROM finding_page p JOIN snapshot_revision r USING (snapshot_key) JOIN turns ON turns.scan_key = r.scan_key
      GROUP BY ALL) g
    ON g.snapshot_key = p.snapshot_key AND g.code = p.code AND g.name = p.name AND g.place = p.place
ORDER BY {", ".join(f"p.{c}" for c in _ORDERED.split(", "))}"""
_COUNTS = """count(*) AS findings, count(DISTINCT snapshot_key) AS snapshots,
    count(*) FILTER (level = 'error') AS errors, count(*) FILTER (level = 'warn') AS warnings,
    count(*) FILTER (level = 'info') AS infos,
    count(*) FILTER (accepted) AS accepted, count(*) FILTER (is_open) AS open,
    min(first_seen_at), max(last_seen_at)"""


class Grouping(StrEnum):
    """What findings are counted by; `DAY` is that of the export."""

    CODE = "code"
    DATASET = "dataset"
    ZONE = "zone"
    DAY = "day"


_KEYS = {
    Grouping.CODE: ("code",),
    Grouping.DATASET: ("zone", "dataset_id"),
    Grouping.ZONE: ("zone",),
    Grouping.DAY: ("strftime(export_at, '%Y-%m-%d')",),
}


class After(NamedTuple):
    """Where a page ended: the finding after which the next begins, as stored."""

    export_at: datetime
    zone: str
    dataset_id: str
    export_time: str
    code: str
    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings; `from_at` to `to_at` is the time of the export. What is empty or None means any."""

    codes: Sequence[str] = ()
    levels: Sequence[Level] = ()
    zone: str | None = None
    dataset_id: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    accepted: bool | None = None
    only_open: bool = True
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFinding:
    """A finding as last seen. `gone_at`: the first state after that; `alike`: how many there were at its place."""

    snapshot: SnapshotId
    presence: str
    finding: Finding
    first_seen_at: datetime
    last_seen_at: datetime
    gone_at: datetime | None
    is_open: bool
    alike: int


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """How many findings go by a key: in how many snapshots, of which level, how many are accepted and open."""

    key: tuple[str, ...]
    findings: int
    snapshots: int
    errors: int
    warnings: int
    infos: int
    accepted: int
    open: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class FindingPage:
    """All that pass, counted; their groups, the worst or newest first, at most so many; one page of them."""

    total: FindingGroup
    groups: tuple[FindingGroup, ...]
    groups_more: int
    findings: tuple[FoundFinding, ...]
    next: After | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How much to return: the findings after one, and groups by something, at most so many of each."""

    by: Grouping = Grouping.CODE
    limit: int = 50
    groups: int = 100
    after: After | None = None


def find_findings(catalog: Catalog, wanted: FindingFilter, page: Page) -> FindingPage:
    """Return the findings of snapshots that pass a filter, newest export first, then by dataset, code and place."""
    with catalog.read() as connection:
        _choose(connection, wanted)
        groups = _groups(connection, page.by)
        total = _group(connection.execute(f"SELECT {_COUNTS} FROM finding_seen").fetchall()[0], 0)
        found, then = _page(connection, page)
    return FindingPage(total, tuple(groups[: page.groups]), max(len(groups) - page.groups, 0), tuple(found), then)


def _choose(connection: Connection, wanted: FindingFilter) -> None:
    """Put what passes into the table `finding_seen`, a row each."""
    of_snapshot = _all(
        ("zone = ?", wanted.zone and storable(wanted.zone)),
        ("dataset_id = ?", wanted.dataset_id and storable(wanted.dataset_id)),
        ("export_at >= ?", to_moment(wanted.from_at)),
        ("export_at <= ?", to_moment(wanted.to_at)),
    )
    levels = [level.value for level in wanted.levels] or None
    of_finding = _all(("list_contains(?, code)", list(wanted.codes) or None), ("list_contains(?, level)", levels))
    having = _all(("list_contains(?, arg_max(f.level, r.nth))", levels))
    text = storable(wanted.text).lower() if wanted.text else None
    hits = "NULL" if text is None else f"({' OR '.join(f'contains(lower({c}), ?)' for c in _TEXTS)})"
    conditions = [having[0]]
    conditions += ["bool_or(f.scan_key = n.newest)"] if wanted.only_open else []
    conditions += ["arg_max(f.hit, r.nth)"] if text is not None else []
    query = _SEEN.format(
        of_snapshot=of_snapshot[0], hits=hits, of_finding=of_finding[0], having=" AND ".join(conditions)
    )
    texts = [] if text is None else [text] * len(_TEXTS)
    connection.execute(query, [*of_snapshot[1], *texts, *of_finding[1], *having[1]])
    connection.execute(_PLACES)
    connection.execute(_ACCEPTED)
    if wanted.accepted is not None:
        connection.execute("DELETE FROM finding_seen WHERE accepted <> ?", [wanted.accepted])


_TEXTS = ("f.message", "to_path(f.name, s.folder, s.writer)", "f.expected", "f.actual")


def _all(*conditions: tuple[str, object]) -> tuple[str, list[object]]:
    """SQL that all conditions hold whose value is given, and the values."""
    used = [(text, value) for text, value in conditions if value is not None]
    return " AND ".join(text for text, _ in used) or "TRUE", [value for _, value in used]


def _groups(connection: Connection, by: Grouping) -> list[FindingGroup]:
    keys = _KEYS[by]
    order = "1 DESC" if by is Grouping.DAY else f"errors DESC, warnings DESC, findings DESC, {', '.join(keys)}"
    rows = connection.execute(
        f"""SELECT {", ".join(keys)}, {_COUNTS} FROM finding_seen JOIN finding_place USING (snapshot_key)
            GROUP BY {", ".join(keys)} ORDER BY {order}"""
    ).fetchall()
    return [_group(row, len(keys)) for row in rows]


def _group(row: Sequence[Any], keys: int) -> FindingGroup:
    findings, snapshots, errors, warnings, infos, accepted, still_open, first, last = row[keys:]
    return FindingGroup(
        key=tuple(restored(str(key)) for key in row[:keys]),
        findings=findings,
        snapshots=snapshots,
        errors=errors,
        warnings=warnings,
        infos=infos,
        accepted=accepted,
        open=still_open,
        first_seen_at=from_stored(first),
        last_seen_at=from_stored(last),
    )


def _page(connection: Connection, page: Page) -> tuple[list[FoundFinding], After | None]:
    values: dict[str, object] = {"limit": page.limit}
    if page.after is not None:
        values |= page.after._asdict()
    connection.execute(_PAGE.format(after=_AFTER if page.after else "TRUE"), values)
    rows = connection.execute(_TOLD).fetchall()
    said = acceptances_now(connection)
    found = []
    for zone, dataset_id, export_time, _, _, _, first, last, is_open, gone_at, presence, alike, *columns in rows:
        snapshot = SnapshotId(restored(zone), restored(dataset_id), restored(export_time))
        finding = finding_from(columns)
        if is_open:
            (finding,) = said.mark((snapshot.zone, snapshot.dataset_id, snapshot.export_time), [finding])
        found.append(
            FoundFinding(
                snapshot=snapshot,
                presence=presence,
                finding=finding,
                first_seen_at=first.replace(tzinfo=UTC),
                last_seen_at=last.replace(tzinfo=UTC),
                gone_at=None if is_open else from_stored(gone_at),
                is_open=is_open,
                alike=alike,
            )
        )
    if len(rows) < page.limit:
        return found, None
    zone, dataset_id, export_time, export_at, name, place, *_ = rows[-1]
    return found, After(export_at, zone, dataset_id, export_time, found[-1].finding.code, name, place)
