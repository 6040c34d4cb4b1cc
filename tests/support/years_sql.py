"""Rows of years of nights in bulk, as scans and checks record them; not for whom, which `years_plan` says.

The bytes exist nowhere. Of one export there are up to three looks: while it arrives or lacks a part, when it has
settled, and when it is gone. A night looks at every zone once; some looks fail, and then the next one sees more.
"""

SEED = """
CREATE TEMP MACRO dice(what, d, n) AS (hash(what, {seed}, d, n) % 10000)::INTEGER;
CREATE TEMP MACRO hex32(what, a, b) AS md5(concat_ws('/', what, {seed}, a, b));
CREATE TEMP MACRO begins() AS TIMESTAMP '{begins}';
CREATE TEMP TABLE zones AS FROM incoming_zones;
CREATE TEMP TABLE dataset AS FROM incoming_datasets;
CREATE TEMP TABLE sets AS FROM incoming_sets;
INSERT INTO zone SELECT zone, url, begins() FROM zones ORDER BY z;
INSERT INTO column_set SELECT DISTINCT digest, columns FROM sets ORDER BY digest;

-- Every night's look at every zone: the last one ends shortly before the end, and one zone could not be reached in it.
CREATE TEMP TABLE nightly AS
SELECT k, z, zone, k * {zone_count} + z + 1 AS scan_key, TIMESTAMP '{last_night}' - to_days({days} - 1 - k)
    AS night_at,
       night_at + to_minutes(5 * z) + to_milliseconds(dice('scan ms', k, z)) AS started_at,
       started_at + to_seconds(70 + dice('scan s', k, z) % 200) AS finished_at,
       CASE WHEN k = {days} - 1 AND zone = 'partners' THEN 'network'
            WHEN dice('scan', k, z) < 40 THEN 'network' WHEN dice('scan', k, z) < 55 THEN 'denied'
            WHEN dice('scan', k, z) < 70 THEN 'cut' WHEN dice('scan', k, z) < 80 THEN 'killed'
            WHEN dice('scan', k, z) < 90 THEN 'suspect' END AS trouble
FROM range({days}) nights(k), zones;
"""

EXPORTS = """
CREATE TEMP TABLE due AS
SELECT * REPLACE (trouble AS trouble), row_number() OVER (PARTITION BY d ORDER BY export_at DESC)
       - count(*) FILTER (export_at > TIMESTAMP '{now}' - INTERVAL 4 HOUR) OVER (PARTITION BY d) AS back
FROM (SELECT s.*, s.n, begins() + to_days(flow_day) + to_minutes(minute_of_day + n * every_hours * 60) AS export_at
      FROM (SELECT *, unnest(range(-((flow_day - first_day) * 24 // every_hours),
                                   (last_day - flow_day) * 24 // every_hours + 2)) AS n FROM dataset) s)
WHERE export_at < TIMESTAMP '{now}' AND export_at < begins() + to_days(last_day + 1)
      AND export_at >= begins() + to_days(first_day);

CREATE TEMP TABLE export AS
SELECT e.*, CASE WHEN fate = 'arriving' THEN TIMESTAMP '{last_night}' - INTERVAL 10 MINUTE
                 WHEN is_late THEN export_at + to_minutes(300 + dice('late', d, n) % 240)
                 ELSE export_at + to_minutes(20 + dice('lands', d, n) % 50) END
            + to_milliseconds(dice('ms', d, n)) AS landed_at,
       (n = 0 OR (day = first_day AND first_day > 0)) AND mode <> 'full' AS is_full,
       greatest(1, round(rows * pow(1 + growth, day / 365.0)
           * CASE WHEN dayofweek(export_at) IN (0, 6) AND mode <> 'full' THEN weekend ELSE 1 END
           * (0.92 + dice('rows', d, n) / 62500.0) * CASE WHEN is_full THEN 60 WHEN fate = 'shrunk' THEN 0.07
               ELSE 1 END
       ))::BIGINT AS likely_rows,
       CASE WHEN day >= change3 THEN 3 WHEN day >= change2 THEN 2 WHEN day >= change1 THEN 1 ELSE 0 END AS version,
       strftime(export_at, '%Y%m%d%H%M') AS export_time, false AS is_copy, NULL::INTEGER AS key
FROM (SELECT d.*, date_diff('day', begins(), export_at)::INTEGER AS day,
             is_steady AND n >= 0 AND mode <> 'full' AS is_safe,
             (dice('late?', d, n) < 110 AND every_hours > 3) OR (trouble = 'late' AND back = 1) AS is_late,
             CASE WHEN back = 1 AND trouble IN ('missing', 'arriving', 'corrupt', 'incomplete', 'unreadable',
                 'shrunk')
                  THEN trouble
                  WHEN back = 5 AND trouble = 'vanished' THEN 'vanished'
                  WHEN is_encrypted THEN 'encrypted'
                  WHEN is_sparse AND dayofweek(export_at) IN (0, 6) THEN 'empty'
                  WHEN is_safe OR back < 3 THEN 'good'
                  WHEN dice('missing', d, n) < 60 THEN 'missing'
                  WHEN dice('fate', d, n) < 25 THEN 'corrupt'
                  WHEN dice('fate', d, n) < 50 AND has_manifest THEN 'incomplete'
                  WHEN dice('fate', d, n) < 110 AND has_manifest AND parts > 1 THEN 'healed'
                  WHEN dice('fate', d, n) < 125 THEN 'shrunk'
                  WHEN dice('fate', d, n) < 130 THEN 'unreadable'
                  WHEN dice('fate', d, n) < 133 THEN 'vanished'
                  ELSE 'good' END AS fate
      FROM due d) e;
DELETE FROM export WHERE fate = 'missing';

-- What a zone deletes by itself is, for some, preserved elsewhere first.
INSERT INTO export
SELECT * REPLACE ('archive' AS zone, landed_at + INTERVAL 12 HOUR AS landed_at, true AS is_copy)
FROM export WHERE zone = 'landing-zone' AND d % 5 <> 2 AND fate = 'good'
      AND landed_at + INTERVAL 12 HOUR < TIMESTAMP '{last_night}';

-- Which look first saw an export, and which first saw it settled.
CREATE TEMP TABLE believed AS FROM nightly WHERE trouble IS NULL;
CREATE TEMP TABLE looked AS
SELECT e.d, e.n, e.is_copy, s.scan_key AS seen_key, s.started_at AS seen_at, t.scan_key AS settled_key,
       t.started_at AS settled_seen_at, v.scan_key AS gone_key, v.started_at AS gone_at
FROM export e
ASOF JOIN believed s ON e.zone = s.zone AND e.landed_at <= s.started_at
ASOF LEFT JOIN believed t ON e.zone = t.zone AND e.landed_at + INTERVAL 30 MINUTE <= t.started_at
ASOF LEFT JOIN believed v ON e.zone = v.zone
    AND e.landed_at + CASE WHEN e.fate = 'vanished' THEN INTERVAL 3 DAY
                           WHEN e.zone = 'landing-zone' THEN INTERVAL 7 DAY
                               ELSE INTERVAL 9999 DAY END <= v.started_at;
UPDATE export SET key = k.key FROM (
    SELECT d, n, is_copy, row_number() OVER (ORDER BY seen_key, d, n)::INTEGER AS key FROM looked) k
WHERE export.d = k.d AND export.n = k.n AND export.is_copy = k.is_copy;
DELETE FROM export WHERE key IS NULL;

CREATE TEMP TABLE look AS
WITH full_look AS (SELECT e.*, l.* EXCLUDE (d, n, is_copy) FROM export e JOIN looked l USING (d, n, is_copy)),
phases AS (
    SELECT *, 'arriving' AS phase, seen_key AS scan_key, seen_at AS began FROM full_look
    WHERE settled_key IS NULL OR seen_key < settled_key
    UNION ALL
    SELECT *, 'lacking', settled_key, settled_seen_at FROM full_look WHERE fate = 'healed' AND settled_key IS NOT NULL
    UNION ALL
    SELECT full_look.*, 'settled', b.scan_key, b.started_at FROM full_look ASOF JOIN believed b
        ON b.zone = full_look.zone AND b.started_at > full_look.settled_seen_at
    WHERE fate = 'healed'
    UNION ALL
    SELECT *, 'settled', settled_key, settled_seen_at FROM full_look WHERE fate <> 'healed'
        AND settled_key IS NOT NULL
    UNION ALL
    SELECT *, 'gone', gone_key, gone_at FROM full_look WHERE gone_key > coalesce(settled_key, seen_key))
SELECT * EXCLUDE (began), began + to_seconds(20 + key % 40) + to_microseconds(key % 997) AS moment,
       began + INTERVAL 61 SECOND AS recorded_at, format = 'json' AS is_json,
       CASE WHEN phase IN ('arriving') AND parts > 1 THEN parts - 1
            WHEN phase = 'lacking' OR (fate = 'incomplete' AND parts > 1) THEN parts - 1 ELSE parts END AS there,
       CASE WHEN phase = 'arriving' THEN 'arriving' WHEN phase = 'lacking' THEN 'incomplete'
            WHEN phase = 'gone' AND fate = 'vanished' THEN 'incomplete'
            WHEN fate = 'corrupt' THEN 'corrupt' WHEN fate = 'incomplete' THEN 'incomplete'
            WHEN fate = 'unreadable' THEN 'unknown' WHEN fate = 'encrypted' THEN 'unverifiable'
            WHEN fate = 'empty' THEN 'empty' ELSE 'good' END AS verdict,
       CASE WHEN phase = 'gone' THEN CASE WHEN fate = 'vanished' THEN 'vanished' ELSE 'expired' END
            ELSE 'present' END AS presence,
       CASE WHEN phase = 'arriving' THEN 'list' ELSE 'full' END AS depth,
       'tid-' || (hash('tid', {seed}, d, n) >> 1) || '-' || hex32('write', d, n)::UUID AS writer,
       dataset_id || '/exportTime=' || export_time AS folder,
       'manifest-' || hex32('destination', d, 0)::UUID || '-' || hex32('run', d, n)::UUID || '.json' AS manifest,
       CASE WHEN fate = 'empty' THEN 0 ELSE likely_rows END AS all_rows
FROM phases WHERE scan_key IS NOT NULL;
"""

FILES = """
CREATE TEMP TABLE part AS
SELECT l.*, p, p >= parts AS is_manifest,
       CASE WHEN is_manifest THEN manifest
            ELSE 'part-' || lpad(p::VARCHAR, 5, '0') || '-' || chr(1) || '-' || (key * 8 + p) || '-1-c000'
                 || CASE WHEN is_json THEN '.json.gz' ELSE '.gz.parquet' END END AS name,
       CASE WHEN is_manifest THEN 410 + 260 * parts
            ELSE 900 + (all_rows // parts) * (60 + d % 90) + dice('size', key, p) END AS size,
       CASE WHEN is_manifest THEN NULL ELSE all_rows // parts + CASE WHEN p = 0 THEN all_rows % parts ELSE 0 END END
           AS n_rows,
       landed_at - to_seconds(CASE WHEN is_manifest THEN 0 ELSE 9 * (parts - p) END) AS modified_at,
       phase = 'settled' AND fate = 'unreadable' AND p = 0 AS is_unread, phase = 'settled' AND fate = 'corrupt'
           AND p = 0 AS is_bad
FROM (SELECT *, unnest(range(parts + CASE WHEN has_manifest THEN 1 ELSE 0 END)) AS p FROM look) l
WHERE p < there OR (p >= parts AND phase <> 'arriving');

INSERT INTO snapshot
SELECT key, zone, dataset_id, export_time, export_at, any_value(folder), any_value(writer), min(recorded_at)
FROM look GROUP BY ALL ORDER BY key;
INSERT INTO snapshot_revision BY NAME
SELECT l.scan_key, l.key AS snapshot_key, verdict, l.depth,
       CASE WHEN l.phase = 'arriving' THEN 0 WHEN fate = 'unreadable' THEN f.files - 1 ELSE f.files END AS checked,
       f.files, there AS data_files, f.bytes, CASE WHEN l.phase = 'arriving' OR fate IN ('encrypted', 'unreadable')
           THEN NULL ELSE f.rows END AS rows,
       landed_at, CASE WHEN l.phase <> 'arriving' THEN landed_at + INTERVAL 30 MINUTE END AS settled_at, presence,
       CASE WHEN has_manifest AND l.phase <> 'arriving' THEN manifest END AS manifest,
       CASE WHEN l.phase <> 'arriving' AND fate <> 'encrypted' THEN s.digest END AS columns_digest,
       CASE WHEN l.phase <> 'arriving' AND all_rows > 0 AND fate <> 'encrypted' THEN export_at - to_hours(CASE
           WHEN is_full OR mode = 'full' THEN 24 * greatest(day, 30) ELSE every_hours END) END AS events_from,
       CASE WHEN events_from IS NOT NULL THEN export_at - to_milliseconds(dice('event', d, n)) END AS events_to,
       CASE WHEN l.phase = 'gone' AND presence = 'expired' THEN '' ELSE hex32('listing', key, l.phase) END
           AS listing_digest,
       md5('basis') AS basis, l.phase <> 'arriving' AND verdict <> 'unknown' AS is_final,
       f.files AS files_changed, CASE WHEN l.phase IN ('settled', 'lacking') THEN f.files ELSE 0 END AS files_read,
       CASE WHEN l.phase IN ('settled', 'lacking') THEN f.bytes ELSE 0 END AS bytes_read, recorded_at,
       CASE WHEN is_json OR l.phase = 'arriving' THEN 0 ELSE f.bytes END AS unchecked_bytes
FROM look l JOIN sets s USING (column_set, version)
JOIN (SELECT scan_key, key, count(*)::INTEGER AS files, sum(size)::BIGINT AS bytes, sum(n_rows)::BIGINT AS rows
      FROM part GROUP BY ALL) f USING (scan_key, key)
ORDER BY l.scan_key, dataset_id, export_time;
INSERT INTO file_revision BY NAME
SELECT scan_key, key AS snapshot_key, name, size, modified_at, '"' || hex32('etag', key, p) || '"' AS etag,
       CASE WHEN is_manifest THEN 'manifest' WHEN is_json THEN 'json-gzip' ELSE 'parquet' END AS kind,
       CASE WHEN is_unread THEN 'list' ELSE depth END AS depth, phase <> 'arriving' AND NOT is_unread AS looked,
       CASE WHEN looked AND fate <> 'encrypted' THEN n_rows END AS rows,
       CASE WHEN looked THEN sha256(hex32('bytes', d, n) || p || fate) END AS sha256,
       TRY_CAST('0x' || sha256[1:8] AS UINTEGER) AS sha256_head, CASE WHEN looked THEN 'same' END AS reference,
       CASE WHEN looked AND NOT is_manifest AND fate <> 'encrypted' THEN s.digest END AS columns_digest,
       CASE WHEN columns_digest IS NOT NULL AND n_rows > 0 THEN export_at - to_hours(every_hours) END AS events_from,
       CASE WHEN columns_digest IS NOT NULL AND n_rows > 0 THEN export_at - to_milliseconds(dice('to', key, p)) END
           AS events_to,
       CASE WHEN NOT looked OR is_manifest THEN NULL
            WHEN is_json THEN '{{"members":1,"expanded_bytes":' || size * 6 || ',"lines":' || n_rows || '}}'
            ELSE '{{"row_groups":1,"pages":' || (20 + p) || ',"pages_with_checksum":0,"unchecked_bytes":' || size
                 || ',"expanded_bytes":' || size * 4 || '}}' END AS facts,
       CASE WHEN is_bad THEN '[' || {bad} || ']' WHEN is_unread THEN '[' || {unread} || ']'
            WHEN looked AND fate = 'encrypted' AND NOT is_manifest THEN '[' || {sealed} || ']' END AS findings,
       presence, moment AS seen_at, recorded_at
FROM part JOIN sets s USING (column_set, version) ORDER BY scan_key, key, name;
"""

FINDINGS = """
CREATE TEMP TABLE found AS
SELECT scan_key, key, 0 AS turn, true AS of_file, name, j->>'$.code' AS code, j->>'$.level' AS level, j->>'$.effect'
    AS effect,
       j->>'$.message' AS message, j->>'$.expected' AS expected, j->>'$.actual' AS actual, 1 AS count, j->'$.place'
           AS place
FROM (SELECT scan_key, key, name, CASE WHEN is_bad THEN {bad} WHEN is_unread THEN {unread} ELSE {sealed} END::JSON
    AS j
      FROM part WHERE is_bad OR is_unread OR (fate = 'encrypted' AND phase <> 'arriving' AND NOT is_manifest))
UNION ALL
SELECT scan_key, key, 1, true, name, 'file.' || presence, CASE presence WHEN 'expired' THEN 'info' ELSE 'error' END,
       CASE presence WHEN 'expired' THEN 'none' ELSE 'incomplete' END,
       CASE presence WHEN 'expired' THEN 'gone, as the zone''s lifetime says' ELSE 'was recorded and is gone' END,
       CASE presence WHEN 'vanished' THEN size::VARCHAR END, NULL, 1, NULL
FROM part WHERE presence <> 'present'
UNION ALL
SELECT scan_key, key, 2, false, 'part-' || lpad((parts - 1)::VARCHAR, 5, '0') || '-' || chr(1) || '-'
       || (key * 8 + parts - 1) || '-1-c000' || CASE WHEN is_json THEN '.json.gz' ELSE '.gz.parquet' END,
       'manifest.file-missing', 'error', 'incomplete', manifest || ' lists a file that is not there', NULL, NULL,
           1, NULL
FROM look WHERE verdict = 'incomplete' AND phase <> 'gone'
UNION ALL
SELECT scan_key, key, 3, false, NULL, 'snapshot.shrunk', 'warn', 'none',
       'rows are far below what 28 good snapshots before make usual at such a time',
       (all_rows * 12) || ' to ' || (all_rows * 17) || ' rows', all_rows::VARCHAR, 1, NULL
FROM look WHERE fate = 'shrunk' AND phase = 'settled'
UNION ALL
SELECT scan_key, key, 4, false, NULL, 'snapshot.no-new-data', 'info', 'none', 'valid, zero rows', NULL, NULL, 1, NULL
FROM look WHERE fate = 'empty' AND phase = 'settled'
UNION ALL
SELECT scan_key, key, 5, false, NULL, 'layout.second-write', 'warn', 'none',
    'part files of 2 writes, of which one repeats the other', '1', '2', 1, NULL
FROM look WHERE phase = 'settled' AND dice('second', d, n) < 8 AND fate = 'good' AND parts > 1
UNION ALL
SELECT scan_key, key, 6, false, NULL, 'schema.column-added', 'info', 'none', 'column _acme.custom.attribute0' || c
    || ' is new since '
       || zone || '/' || dataset_id || '/' || before, NULL, 'long', 1, NULL
FROM (SELECT *, lag(version) OVER one AS was, lag(export_time) OVER one AS before FROM look WHERE phase = 'settled'
    AND NOT is_copy
      WINDOW one AS (PARTITION BY d ORDER BY export_at)), range(1, 3) columns(c) WHERE version = 1 AND was = 0
UNION ALL
SELECT scan_key, key, 7, false, NULL, 'schema.column-removed', 'warn', 'none', 'column device.type of '
       || zone || '/' || dataset_id || '/' || before || ' is gone', 'string', NULL, 1, NULL
FROM (SELECT *, lag(version) OVER one AS was, lag(export_time) OVER one AS before FROM look WHERE phase = 'settled'
    AND NOT is_copy
      WINDOW one AS (PARTITION BY d ORDER BY export_at)) WHERE version = 2 AND was = 1
UNION ALL
SELECT scan_key, key, 8, false, NULL, 'schema.type-changed', 'warn', 'none',
    'column _acme.custom.attribute01 has another type than in '
       || zone || '/' || dataset_id || '/' || before, 'long', 'double', 1, NULL
FROM (SELECT *, lag(version) OVER one AS was, lag(export_time) OVER one AS before FROM look WHERE phase = 'settled'
    AND NOT is_copy
      WINDOW one AS (PARTITION BY d ORDER BY export_at)) WHERE version = 3 AND was = 2;
INSERT INTO finding BY NAME
SELECT scan_key, key AS snapshot_key, (row_number() OVER (PARTITION BY scan_key, key ORDER BY of_file, turn, name,
    message) - 1)::INTEGER AS position,
       of_file, name, code, level, effect, message, expected, actual, count, place
FROM found ORDER BY scan_key, key, position;
INSERT INTO full_read
SELECT scan_key, key, NULL, recorded_at FROM look WHERE phase IN ('settled', 'lacking') AND fate <> 'unreadable'
UNION ALL
SELECT b.scan_key, e.key, NULL, b.started_at + INTERVAL 62 SECOND
FROM look e JOIN believed b ON b.zone = e.zone AND b.k = date_diff('day', begins(), e.landed_at) + 180
WHERE e.phase = 'settled' AND e.zone <> 'landing-zone' AND e.key % 7 = 0 AND fate = 'good'
ORDER BY ALL;
"""

NIGHTS = """
CREATE TEMP TABLE brought AS
SELECT r.scan_key, count(*) AS snapshots, count(DISTINCT s.dataset_id) AS datasets, sum(r.files) AS files,
    sum(r.bytes) AS bytes,
       sum(coalesce(r.rows, 0)) AS rows, sum(r.files_read) AS files_read, sum(r.bytes_read) AS bytes_read
FROM snapshot_revision r JOIN snapshot s USING (snapshot_key) GROUP BY ALL;
CREATE TEMP TABLE levels AS
SELECT scan_key, count(*) FILTER (level = 'error') AS error, count(*) FILTER (level = 'warn') AS warn,
       count(*) FILTER (level = 'info') AS info FROM finding GROUP BY ALL;
INSERT INTO scan BY NAME
SELECT scan_key, hex32('scan', k, 0)[:24] AS scan_id, n.zone, z.url, z.kind, 'full' AS depth, '' AS scope, started_at,
       '0.1.0' AS tool_version, sha256('basis') AS basis, 'landproof@backup01' AS run_by, z.endpoint, z.identity
FROM nightly n JOIN zones z USING (zone) ORDER BY scan_key;
INSERT INTO scan_end BY NAME
SELECT n.scan_key, finished_at, trouble IS NULL OR trouble = 'suspect' AS complete, trouble IS NOT DISTINCT
    FROM 'suspect' AS suspect,
       json_object('datasets', coalesce(b.datasets, 0), 'snapshots', coalesce(b.snapshots, 0), 'files',
           coalesce(b.files, 0),
                   'bytes', coalesce(b.bytes, 0), 'rows', coalesce(b.rows, 0), 'files_read', coalesce(b.files_read,
                       0),
                   'files_unchanged', 40 * least(k, 300), 'bytes_read', coalesce(b.bytes_read, 0), 'error',
                       coalesce(l.error, 0),
                   'warn', coalesce(l.warn, 0), 'info', coalesce(l.info, 0)) AS counts,
       CASE trouble WHEN 'cut' THEN 'source' WHEN 'suspect' THEN NULL ELSE trouble END AS error_kind,
       CASE trouble WHEN 'network' THEN z.endpoint || ' did not answer within 60 seconds'
                    WHEN 'denied' THEN z.url || ': listing was denied'
                    WHEN 'cut' THEN z.url || ': the listing broke off after 12 pages' END AS error_message,
       CASE trouble WHEN 'network' THEN 'check address, credentials and network with: landproof doctor'
                    WHEN 'denied' THEN 'the credentials need permission to list the bucket' END AS error_hint,
       finished_at AS recorded_at, 20 + coalesce(b.files, 0) * 2 AS requests
FROM nightly n JOIN zones z USING (zone) LEFT JOIN brought b USING (scan_key) LEFT JOIN levels l USING (scan_key)
WHERE trouble IS DISTINCT FROM 'killed' ORDER BY n.scan_key;
INSERT INTO zone_finding BY NAME
SELECT scan_key, 0 AS position, CASE trouble WHEN 'suspect' THEN 'zone.mass-vanish' ELSE 'zone.unreachable' END
    AS code, 'error' AS level,
       'none' AS effect, CASE trouble WHEN 'suspect'
           THEN '212 of 640 known files are gone at once; what was known of them stands'
       ELSE 'could not be listed' END AS message, CASE trouble WHEN 'suspect' THEN '640' END AS expected,
       CASE trouble WHEN 'suspect' THEN '428' END AS actual, 1 AS count
FROM nightly WHERE trouble IN ('suspect', 'network', 'denied', 'cut')
UNION ALL BY NAME
SELECT scan_key, 0 AS position, 'zone.writable' AS code, 'info' AS level, 'none' AS effect,
       'the credentials allow writing' AS message, 1 AS count FROM nightly WHERE zone = 'lake' AND trouble IS NULL
ORDER BY scan_key;
INSERT INTO stray BY NAME
SELECT scan_key, zone || '-leftover/' || c || CASE WHEN c = 0 THEN '/_SUCCESS.crc' ELSE '/upload-' || c
    || '.tmp' END AS path, 12 + c * 4096 AS size,
       '[{{"code":"layout.stray-file","level":"warn","effect":"none",'
 || '"message":"in no snapshot, and no marker","count":1}}]' AS findings,
       started_at + INTERVAL 61 SECOND AS recorded_at
FROM nightly, range(3) strays(c) WHERE trouble IS NULL AND zone IN ('cja', 'partners')
    AND k > {days} - 40 ORDER BY scan_key, path;
INSERT INTO batch
SELECT k.scan_key, coalesce(s.n, 0), coalesce(f.n, 0), coalesce(g.n, 0), coalesce(t.n, 0),
    k.started_at + INTERVAL 61 SECOND, coalesce(r.n, 0)
FROM scan k
LEFT JOIN (SELECT scan_key, count(*) AS n FROM snapshot_revision GROUP BY ALL) s USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM file_revision GROUP BY ALL) f USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM finding GROUP BY ALL) g USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM stray GROUP BY ALL) t USING (scan_key)
LEFT JOIN (SELECT scan_key, count(*) AS n FROM full_read GROUP BY ALL) r USING (scan_key) ORDER BY k.scan_key;
INSERT INTO night BY NAME
SELECT 'night-' || strftime(any_value(night_at), '%Y%m%d') AS run_id, any_value(night_at) AS started_at,
    max(finished_at) AS finished_at,
       CASE WHEN bool_or(trouble IN ('network', 'denied', 'cut')) THEN 3 WHEN sum(coalesce(l.error, 0)) > 0 THEN 2
            WHEN sum(coalesce(l.warn, 0)) > 0 THEN 1 ELSE 0 END AS exit_status,
       sum(coalesce(l.error, 0))::INTEGER AS errors, sum(coalesce(l.warn, 0))::INTEGER AS warnings, '0.1.0'
           AS tool_version
FROM nightly LEFT JOIN levels l USING (scan_key) GROUP BY k ORDER BY k;
"""

SLOTS = """
CREATE TEMP TABLE checks AS SELECT DISTINCT k, night_at + INTERVAL 35 MINUTE AS checked_at FROM nightly;
CREATE TEMP TABLE judged AS
SELECT d.d, d.n, d.zone, d.dataset_id, d.export_at AS due_at,
       d.export_at + to_hours(CASE WHEN d.every_hours = 3 THEN 2 ELSE 3 END) AS deadline, e.landed_at, l.recorded_at
           AS seen_at,
       CASE WHEN e.key IS NOT NULL THEN d.zone || '/' || d.dataset_id || '/' || e.export_time END AS snapshot,
           l.verdict
FROM due d LEFT JOIN export e ON e.d = d.d AND e.n = d.n AND NOT e.is_copy
LEFT JOIN (FROM look WHERE phase = 'settled') l ON l.key = e.key;
CREATE TEMP TABLE turned AS
SELECT zone, dataset_id, due_at, NULL::VARCHAR AS before, CASE WHEN landed_at > deadline THEN 'arrived_late'
    ELSE 'on_time' END AS after,
       landed_at AS happened_at, snapshot, verdict, checked_at AS recorded_at, 1 AS turn
FROM judged ASOF JOIN checks ON seen_at <= checked_at WHERE seen_at IS NOT NULL
UNION ALL
SELECT zone, dataset_id, due_at, NULL, 'missing', deadline, NULL, NULL, checked_at, 0
FROM judged ASOF JOIN checks ON deadline <= checked_at WHERE seen_at IS NULL OR checked_at < seen_at;
INSERT INTO slot_transition BY NAME
SELECT * EXCLUDE (turn, before), lag(after) OVER (PARTITION BY zone, dataset_id, due_at ORDER BY turn) AS before
    FROM turned
ORDER BY recorded_at, zone, dataset_id, due_at, turn;
INSERT INTO schedule_seen BY NAME
SELECT zone, dataset_id, title AS name, 'every ' || every_hours || 'h from '
       || strftime(begins() + to_days(first_day) + to_minutes(minute_of_day), '%Y-%m-%dT%H:%M:%SZ') || ', grace 3h'
           AS schedule,
       begins() + to_days(first_day) + INTERVAL 1 HOUR AS recorded_at FROM dataset WHERE flow_day > first_day
UNION ALL
SELECT zone, dataset_id, title AS name, 'every ' || every_hours || 'h from '
       || strftime(begins() + to_days(flow_day) + to_minutes(minute_of_day), '%Y-%m-%dT%H:%M:%SZ')
       || CASE WHEN trouble = 'ended' THEN strftime(begins() + to_days(last_day + 1), ' until %Y-%m-%dT%H:%M:%SZ')
           ELSE '' END
       || CASE WHEN every_hours = 3 THEN ', grace 2h' ELSE ', grace 3h' END,
       greatest(begins() + to_days(flow_day) + INTERVAL 1 HOUR, begins() + INTERVAL 2 HOUR) AS recorded_at
           FROM dataset
ORDER BY recorded_at, zone, dataset_id;
INSERT INTO copies BY NAME
SELECT 'landing-zone/' || dataset_id || '/' || export_time AS source, 'archive/' || dataset_id || '/' || export_time
    AS target,
       '{archive}' AS target_url, true AS complete, r.files, r.bytes, r.files AS copied, 0 AS already_there,
           l.landed_at - INTERVAL 4 MINUTE AS started_at,
       l.landed_at AS finished_at, 231.5 AS seconds, '0.1.0' AS tool_version, l.landed_at AS recorded_at,
           'landproof@backup01' AS run_by
FROM look l JOIN snapshot_revision r ON r.scan_key = l.scan_key AND r.snapshot_key = l.key
WHERE is_copy AND phase = 'settled' ORDER BY l.landed_at, dataset_id;
"""

STEPS = (SEED, EXPORTS, FILES, FINDINGS, NIGHTS, SLOTS)
BAD = """CASE WHEN is_json
 THEN '{{"code":"gzip.corrupt","level":"error","effect":"corrupt",'
 || '"message":"the CRC of gzip member 1 is wrong","expected":"9c1f00d2",'
      || '"actual":"17aa03be","count":1,"place":{{"offset":' || (size - 8) || '}}}}'
 ELSE '{{"code":"parquet.corrupt-page","level":"error","effect":"corrupt",'
 || '"message":"a page cannot be decompressed","count":1,'
      || '"place":{{"row_group":0,"column":"web.webPageDetails.URL","page":3,"offset":' || (size // 2)
          || '}}}}' END"""
UNREAD = """'{{"code":"file.unreadable","level":"error","effect":"unknown",'
 || '"message":"could not be read: the connection was closed","actual":"network","count":1}}'"""
SEALED = """'{{"code":"file.encrypted","level":"info","effect":"unverifiable",'
 || '"message":"a PGP message; its content was not judged","count":1}}'"""
