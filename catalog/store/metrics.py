"""What metrics tell of zones, datasets and nights, as recorded: a few numbers each; judges nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from catalog.metrics_values import DatasetKey, Night, Nights, RecordedFacts
from catalog.store.codec import from_stored, restored
from catalog.store.database import Catalog, Connection
from verifier.model import FileKind

_DATA_KINDS = ", ".join(f"'{kind.value}'" for kind in FileKind if kind.is_data)
_NIGHT = "SELECT run_id, started_at, finished_at, exit_status, errors, warnings FROM nights"
_UNREAD = f"""
SELECT zone, dataset_id, min(coalesce(last_full_read_at, first_seen_at)), count(*) FILTER (last_full_read_at IS NULL)
FROM (SELECT f.zone, f.dataset_id, f.first_seen_at,
             CASE WHEN f.sha256 IS NOT NULL THEN greatest(w.read_at, n.read_at) END AS last_full_read_at
      FROM newest_files f
      LEFT JOIN (SELECT snapshot_key, max(read_at) AS read_at FROM full_read WHERE name IS NULL
                 GROUP BY snapshot_key) w USING (snapshot_key)
      LEFT JOIN (SELECT snapshot_key, name, max(read_at) AS read_at FROM full_read WHERE name IS NOT NULL
                 GROUP BY snapshot_key, name) n USING (snapshot_key, name)
      WHERE f.presence = 'present' AND f.kind IN ({_DATA_KINDS}))
GROUP BY zone, dataset_id
"""
_SNAPSHOTS = """
SELECT zone, dataset_id, verdict, count(*), max(export_at), arg_max(bytes, export_at), arg_max(rows, export_at)
FROM snapshots WHERE presence = 'present' GROUP BY zone, dataset_id, verdict ORDER BY ALL
"""


def last_nights(catalog: Catalog) -> Nights:
    """Return the newest nightly run, and the newest that could look at everything."""
    with catalog.read() as connection:
        last = _night(connection, "TRUE")
        return Nights(last, last if last is None or last.has_looked else _night(connection, "exit_status IN (0, 1, 2)"))


def zone_listings(catalog: Catalog) -> dict[str, datetime]:
    """Return when the newest complete and trusted listing of each zone began."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT zone, started_at FROM looks WHERE scope = '' ORDER BY zone").fetchall()
    return {restored(zone): started_at.replace(tzinfo=UTC) for zone, started_at in rows}


def recorded_facts(
    catalog: Catalog, no_empty: Collection[tuple[str, str]] = ()
) -> dict[tuple[str, str], RecordedFacts]:
    """Return what is recorded of each dataset that has snapshots, by zone and id.

    An empty snapshot counts as one that can be relied on, but for the datasets in `no_empty`.
    """
    with catalog.read() as connection:
        rows = connection.execute(_SNAPSHOTS).fetchall()
        unread = {
            (restored(zone), restored(dataset)): (from_stored(since), int(never))
            for zone, dataset, since, never in connection.execute(_UNREAD).fetchall()
        }
    counts: dict[tuple[str, str], dict[str, int]] = {}
    newest: dict[tuple[str, str], tuple[datetime, int, int | None]] = {}
    for zone, dataset, verdict, count, export_at, size, counted in rows:
        key = (restored(zone), restored(dataset))
        counts.setdefault(key, {})[verdict] = count
        counts_as_good = verdict == "good" or (verdict == "empty" and key not in no_empty)
        if counts_as_good and (key not in newest or newest[key][0] < export_at):
            newest[key] = (export_at, size, counted)
    facts = {}
    for key, by_verdict in counts.items():
        export_at, size, counted = newest.get(key, (None, None, None))
        since, never = unread.get(key, (None, None))
        facts[key] = RecordedFacts(
            newest_good_at=from_stored(export_at),
            newest_good_bytes=size,
            newest_good_rows=counted,
            unread_since=since,
            never_read=never,
            snapshots=by_verdict,
        )
    return facts


def recorded_names(catalog: Catalog) -> dict[tuple[str, str], DatasetKey]:
    """Return every dataset whose schedule was recorded with its name then, by zone and id."""
    with catalog.read() as connection:
        rows = connection.execute("SELECT zone, dataset_id, name FROM schedules ORDER BY ALL").fetchall()
    named = [DatasetKey(restored(zone), restored(dataset), name or "") for zone, dataset, name in rows]
    return {(key.zone, key.dataset_id): key for key in named}


def _night(connection: Connection, condition: str) -> Night | None:
    rows = connection.execute(f"{_NIGHT} WHERE {condition} ORDER BY started_at DESC, run_id DESC LIMIT 1").fetchall()
    for run_id, started_at, finished_at, exit_status, errors, warnings in rows:
        begin, end = started_at.replace(tzinfo=UTC), finished_at.replace(tzinfo=UTC)
        return Night(run_id, begin, end, exit_status, errors, warnings)
    return None
