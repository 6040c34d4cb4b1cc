"""Builds a catalog of years in a minute, the same for the same seed: every night's rows as a scan records them.

Some exports are missing, late, first incomplete or bad, and each is read again a year later; the bytes exist nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.store.codec import columns_digest, columns_text
from catalog.store.database import Catalog, Connection
from verifier.model import Column

ZONE, URL = "archive", "s3://exports/archive"
FIRST = datetime(2023, 1, 1, 2, tzinfo=UTC)
COLUMNS = tuple(Column(f"field{n}.value", "string", always=n % 3 == 0) for n in range(40))
_FILES_AT_ONCE = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to build: daily exports of so many datasets, so many data files in each."""

    datasets: int = 200
    days: int = 1095
    files: int = 20
    seed: int = 1

    def nights(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of nights of about the files that one transaction takes."""
        step = max(1, _FILES_AT_ONCE // (self.datasets * self.files))
        for first in range(0, self.days, step):
            yield first, min(first + step, self.days)

    def dataset_id(self, number: int) -> str:
        """Return the id of a dataset."""
        return f"64e0c0ffee01234567{number:06x}"

    def export_time(self, night: int) -> str:
        """Return the export time of a night."""
        return (FIRST + timedelta(days=night)).strftime("%Y%m%d%H%M")


# Moments: an export is made at 02:00, lands an hour or, late, nine hours later; the scan of the night is at 14:00, the
# export is missed at 08:00. A night's scan also sees again what was incomplete the night before.
_MACROS = """
CREATE TEMP MACRO dice(what, d, t) AS (hash(what, {seed}, d, t) % 10000)::INTEGER;
CREATE TEMP MACRO made_at(t) AS TIMESTAMP '{first}' + to_days(t);
CREATE TEMP MACRO hex32(what, a, b) AS md5(concat_ws('/', what, {seed}, a, b));
CREATE TEMP TABLE export AS
SELECT t, d, '64e0c0ffee01234567' || lpad(format('{{:x}}', d), 6, '0') AS dataset_id, made_at(t) AS export_at,
       strftime(made_at(t), '%Y%m%d%H%M') AS export_time, dice('missing', d, t) < 100 AS is_missing,
       dice('late', d, t) < 200 AS is_late, dice('partial', d, t) < 50 AS is_partial, dice('bad', d, t) < 50 AS is_bad,
       export_at + to_hours(CASE WHEN is_late THEN 9 ELSE 1 END) AS landed_at, export_at + to_hours(12) AS scanned_at,
       'tid-' || (hash('tid', {seed}, d, t) >> 1) || '-' || hex32('write', d, t)::UUID AS writer, NULL::INTEGER AS key
FROM range({first_night}, {last_night}) nights(t), range({datasets}) datasets(d);
UPDATE export SET key = n.key + (SELECT coalesce(max(snapshot_key), 0) FROM snapshot)
FROM (SELECT t, d, row_number() OVER (ORDER BY t, d) AS key FROM export WHERE NOT is_missing) n
WHERE export.t = n.t AND export.d = n.d;
CREATE TEMP TABLE look AS
SELECT e.*, e.t + 1 AS scan_key, scanned_at AS recorded_at, {files} - is_partial::INTEGER AS files, 0 AS from_file
FROM export e WHERE NOT is_missing
UNION ALL
SELECT e.* REPLACE (false AS is_partial), e.t + 2, scanned_at + INTERVAL 1 DAY, {files}, {files} - 1
FROM export e WHERE NOT is_missing AND is_partial AND t + 1 < {last_night};
"""

_SCANS = """
INSERT INTO scan BY NAME
SELECT t + 1 AS scan_key, hex32('scan', t, 0)[:24] AS scan_id, '{zone}' AS zone, '{url}' AS url, 's3' AS kind,
       'full' AS depth, '' AS scope, made_at(t) + to_hours(12) AS started_at, '0.1.0' AS tool_version,
       sha256('basis') AS basis FROM range({first_night}, {last_night}) nights(t) ORDER BY t;
INSERT INTO scan_end BY NAME
SELECT scan_key, started_at + to_minutes(20) AS finished_at, finished_at AS recorded_at, true AS complete,
       false AS suspect,
       '{{"datasets":{datasets},"snapshots":{datasets},"files":4000,"files_read":4000,"error":0}}' AS counts
FROM scan WHERE scan_key > {first_night} ORDER BY scan_key;
INSERT INTO snapshot
SELECT key, '{zone}', dataset_id, export_time, export_at, dataset_id || '/exportTime=' || export_time, writer,
       scanned_at
FROM export WHERE NOT is_missing ORDER BY key;
INSERT INTO snapshot_revision BY NAME
SELECT scan_key, key AS snapshot_key,
       CASE WHEN is_partial THEN 'incomplete' WHEN is_bad THEN 'corrupt' ELSE 'good' END AS verdict, 'full' AS depth,
       files AS checked, files, files AS data_files, files * 24000000 + dice('bytes', d, t) AS bytes,
       files * 60000 + dice('rows', d, t) AS rows, landed_at, landed_at + to_minutes(30) AS settled_at,
       'present' AS presence, '{columns}' AS columns_digest, export_at - to_days(1) AS events_from,
       export_at - to_milliseconds(dice('event', d, t)) AS events_to, hex32('listing', d, scan_key) AS listing_digest,
       md5('basis') AS basis, NOT is_partial AS is_final, files - from_file AS files_changed,
       files - from_file AS files_read, (files - from_file) * 24000000 AS bytes_read, recorded_at,
       200 AS unchecked_bytes
FROM look ORDER BY scan_key, dataset_id, export_time;
"""

_FILES = """
INSERT INTO file_revision BY NAME
SELECT scan_key, snapshot_key, 'part-' || lpad(n::VARCHAR, 5, '0') || '-' || chr(1) || '-' || (key * 40 + n)
       || '-1-c000' || CASE WHEN d % 2 = 0 THEN '.json.gz' ELSE '.snappy.parquet' END AS name,
       20000000 + (dice('size', key, n) * 797) AS size,
       landed_at - to_seconds({files} - n) + to_milliseconds(dice('ms', key, n) % 1000) AS modified_at,
       '"' || hex32('etag', key, n) || '"' AS etag, CASE WHEN d % 2 = 0 THEN 'json-gzip' ELSE 'parquet' END AS kind,
       'full' AS depth, true AS looked, 50000 + dice('rows', key, n) AS rows, sha256(hex32('bytes', key, n)) AS sha256,
       TRY_CAST('0x' || sha256[1:8] AS UINTEGER) AS sha256_head,
       CASE WHEN is_partial THEN NULL ELSE 'same' END AS reference, '{columns}' AS columns_digest,
       export_at - to_days(1) + to_milliseconds(dice('from', key, n)) AS events_from,
       export_at - to_milliseconds(dice('to', key, n)) AS events_to,
       CASE WHEN d % 2 = 0
            THEN '{{"members":1,"expanded_bytes":' || (100000000 + dice('x', key, n) * 3917)
                 || ',"unchecked_bytes":10,"lines":' || (50000 + dice('rows', key, n)) || '}}'
            ELSE '{{"row_groups":4,"pages":' || (160 + dice('pages', key, n) % 40) || ',"pages_with_checksum":0,'
                 || '"unchecked_bytes":' || (20000000 + dice('size', key, n) * 797) || ',"expanded_bytes":'
                 || (100000000 + dice('x', key, n) * 3917) || '}}' END AS facts,
       CASE WHEN is_bad AND n = 3 THEN '[{{"code":"gzip.truncated","level":"error","effect":"corrupt",'
            '"message":"the stream ends in the body of gzip member 1","count":1,"place":{{"offset":2342}}}}]' END
           AS findings,
       'present' AS presence, recorded_at - to_minutes(1) AS seen_at, recorded_at
FROM (SELECT l.*, key AS snapshot_key, n FROM look l, range({files}) parts(n)
      WHERE n >= from_file AND n < l.files ORDER BY scan_key, dataset_id, export_time, n);
INSERT INTO finding BY NAME
SELECT scan_key, key AS snapshot_key, 0 AS position, is_bad AS of_file,
       CASE WHEN is_bad THEN 'part-00003-' || chr(1) || '-' || (key * 40 + 3) || '-1-c000'
            || CASE WHEN d % 2 = 0 THEN '.json.gz' ELSE '.snappy.parquet' END END AS name,
       CASE WHEN is_bad THEN 'gzip.truncated' ELSE 'layout.part-gap' END AS code, 'error' AS level,
       CASE WHEN is_bad THEN 'corrupt' ELSE 'incomplete' END AS effect,
       CASE WHEN is_bad THEN 'the stream ends in the body of gzip member 1' ELSE 'a part is not there' END AS message,
       1 AS count FROM look WHERE is_bad OR is_partial ORDER BY scan_key, dataset_id, export_time;
INSERT INTO full_read
SELECT scan_key, key AS snapshot_key, NULL, recorded_at FROM look
UNION ALL
SELECT s.again, s.snapshot_key, NULL, s.export_at + to_days(365) + to_hours(12)
FROM (SELECT snapshot_key, export_at, date_diff('day', TIMESTAMP '{first}', export_at)::INTEGER + 366 AS again
      FROM snapshot WHERE export_at >= made_at({first_night} - 365) AND export_at < made_at({last_night} - 365)) s
ORDER BY ALL;
INSERT INTO batch
SELECT k.scan_key, coalesce(s.n, 0), coalesce(f.n, 0), coalesce(g.n, 0), 0, k.started_at, coalesce(r.n, 0)
FROM scan k
LEFT JOIN (SELECT scan_key, count(*) AS n FROM snapshot_revision GROUP BY ALL) s USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM file_revision WHERE scan_key > {first_night} GROUP BY ALL) f
     USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM finding GROUP BY ALL) g USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM full_read GROUP BY ALL) r USING (scan_key)
WHERE k.scan_key > {first_night} ORDER BY k.scan_key;
"""

_SLOTS = """
INSERT INTO slot_transition
SELECT '{zone}', dataset_id, export_at, before, after, happened_at, snapshot, verdict, recorded_at FROM (
    SELECT *, NULL AS before, CASE WHEN is_missing OR is_late THEN 'missing' ELSE 'on_time' END AS after,
           CASE WHEN is_missing OR is_late THEN export_at + to_hours(6) ELSE landed_at END AS happened_at,
           CASE WHEN after = 'on_time' THEN '{zone}/' || dataset_id || '/' || export_time END AS snapshot,
           CASE WHEN after <> 'on_time' THEN NULL WHEN is_bad THEN 'corrupt' ELSE 'good' END AS verdict,
           export_at + to_hours(7) AS recorded_at FROM export
    UNION ALL
    SELECT *, 'missing', 'arrived_late', landed_at, '{zone}/' || dataset_id || '/' || export_time,
           CASE WHEN is_bad THEN 'corrupt' ELSE 'good' END, scanned_at FROM export WHERE is_late AND NOT is_missing)
ORDER BY recorded_at, dataset_id;
"""


def build(path: Path, plan: Plan) -> Catalog:
    """Build a catalog at a path where there is none, through the program's own writer; some minutes at full size."""
    catalog = Catalog(path)
    with catalog.write() as connection:
        _begin(connection, plan)
    for first_night, last_night in plan.nights():
        with catalog.write() as connection:
            names = {
                "seed": plan.seed, "datasets": plan.datasets, "files": plan.files, "zone": ZONE, "url": URL,
                "first": f"{FIRST:%Y-%m-%d %H:%M:%S}", "first_night": first_night, "last_night": last_night,
                "columns": columns_digest(columns_text(COLUMNS)),
            }  # fmt: skip
            for part in (_MACROS, _SCANS, _FILES, _SLOTS):
                connection.execute(part.format(**names))
    return catalog


def _begin(connection: Connection, plan: Plan) -> None:
    text, first = columns_text(COLUMNS), FIRST.replace(tzinfo=None)
    connection.execute("INSERT INTO zone VALUES (?, ?, ?)", [ZONE, URL, first])
    connection.execute("INSERT INTO column_set VALUES (?, ?)", [columns_digest(text), text])
    connection.execute(
        """INSERT INTO schedule_seen
           SELECT ?, '64e0c0ffee01234567' || lpad(format('{:x}', d), 6, '0'), 'Dataset ' || d,
                  'every 24h from 2023-01-01T02:00:00Z, grace 6h', ? FROM range(?) datasets(d)""",
        [ZONE, first, plan.datasets],
    )
