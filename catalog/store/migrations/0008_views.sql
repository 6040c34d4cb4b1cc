-- What is true now, without sorting all that ever was: the newest state of a snapshot is found by a hash aggregate over a few
-- columns, and files and slots of which there is one state only, nearly all, are not looked at twice. Whatever is grouped or
-- sorted by begins with the columns one filters by (zone, dataset_id, export_time), so that a filter reaches the tables below.
-- No view goes by the order in which rows were put in: what was recorded on several machines may be taken in in any order.

-- Eight hex digits are enough to find a file by its bytes: a search has as many at least, and then compares all it has.
ALTER TABLE file_revision ADD COLUMN sha256_head UINTEGER;
ALTER TABLE file_revision ALTER COLUMN sha256_head TYPE UINTEGER USING TRY_CAST('0x' || sha256[1:8] AS UINTEGER);

CREATE VIEW turns AS
SELECT scan_key, row_number() OVER (ORDER BY started_at, scan_id, zone) AS turn FROM scan;

CREATE OR REPLACE VIEW snapshots AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS id, s.zone, s.dataset_id, s.export_time, s.export_at,
       r.verdict, r.depth, r.checked, r.files, r.data_files, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence,
       r.manifest, r.events_from, r.events_to, s.first_seen_at, r.recorded_at AS judged_at, s.verified_at,
       r.is_final, r.listing_digest, r.basis, r.columns_digest, r.scan_key, s.snapshot_key, r.unchecked_bytes
FROM (SELECT s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key,
             arg_max(r.scan_key, epoch_us(r.recorded_at)::HUGEINT * 4294967296 + t.turn) AS scan_key,
             min(r.recorded_at) AS first_seen_at, max(r.recorded_at) FILTER (r.files_read > 0) AS verified_at
      FROM snapshot s JOIN snapshot_revision r USING (snapshot_key) JOIN turns t USING (scan_key)
      GROUP BY s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key) s
JOIN snapshot_revision r USING (snapshot_key, scan_key);

-- A look that changed no file of a snapshot added none, so that one look that did has the only state of each.
CREATE VIEW newest_files AS
WITH looked_at AS NOT MATERIALIZED (
    SELECT s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key, any_value(s.folder) AS folder,
           any_value(s.writer) AS writer, count(*) FILTER (r.files_changed > 0) > 1 AS again
    FROM snapshot s JOIN snapshot_revision r USING (snapshot_key)
    GROUP BY s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key)
SELECT s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key, s.folder, s.writer, f.name, f.size,
       f.modified_at, f.etag, f.kind, f.depth, f.looked, f.rows, f.sha256, f.reference, f.reference_size,
       f.reference_sha256, f.columns_digest, f.events_from, f.events_to, f.facts, f.findings, f.presence, f.seen_at,
       f.recorded_at, f.scan_key, f.seen_at AS first_seen_at
FROM looked_at s JOIN file_revision f USING (snapshot_key) WHERE NOT s.again
UNION ALL
SELECT s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key, s.folder, s.writer, f.name, f.size,
       f.modified_at, f.etag, f.kind, f.depth, f.looked, f.rows, f.sha256, f.reference, f.reference_size,
       f.reference_sha256, f.columns_digest, f.events_from, f.events_to, f.facts, f.findings, f.presence, f.seen_at,
       f.recorded_at, f.scan_key, min(f.seen_at) OVER same AS first_seen_at
FROM looked_at s JOIN file_revision f USING (snapshot_key) JOIN turns t USING (scan_key) WHERE s.again
WINDOW same AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key, f.name),
       newest AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.export_at, s.snapshot_key, f.name
                  ORDER BY f.recorded_at DESC, t.turn DESC)
QUALIFY row_number() OVER newest = 1;

CREATE OR REPLACE VIEW files AS
SELECT f.zone || '/' || f.dataset_id || '/' || f.export_time AS snapshot, f.zone, f.dataset_id, f.export_time, f.export_at,
       to_path(f.name, f.folder, f.writer) AS path,
       f.size, f.modified_at, f.etag, f.kind, f.depth, f.looked, f.rows, f.sha256,
       CASE f.reference WHEN 'same' THEN f.size ELSE f.reference_size END AS reference_size,
       CASE f.reference WHEN 'same' THEN f.sha256 ELSE f.reference_sha256 END AS reference_sha256,
       f.events_from, f.events_to, f.facts, f.findings, f.presence, f.seen_at, f.recorded_at, f.columns_digest,
       f.scan_key, f.snapshot_key, f.first_seen_at,
       CASE WHEN f.presence = 'present' THEN greatest(f.recorded_at, l.started_at) ELSE NULL END AS last_seen_at
FROM newest_files f LEFT JOIN looks l ON l.zone = f.zone AND l.scope = '';

CREATE OR REPLACE VIEW last_full_reads AS
SELECT f.zone || '/' || f.dataset_id || '/' || f.export_time AS snapshot, f.zone, f.dataset_id, f.export_time,
       to_path(f.name, f.folder, f.writer) AS path, f.kind, f.size,
       CASE WHEN f.sha256 IS NULL THEN NULL ELSE greatest(w.read_at, n.read_at) END AS last_full_read_at, f.snapshot_key
FROM newest_files f
LEFT JOIN (SELECT snapshot_key, max(read_at) AS read_at FROM full_read WHERE name IS NULL GROUP BY snapshot_key) w
     USING (snapshot_key)
LEFT JOIN (SELECT snapshot_key, name, max(read_at) AS read_at FROM full_read WHERE name IS NOT NULL
           GROUP BY snapshot_key, name) n USING (snapshot_key, name)
WHERE f.presence = 'present';

CREATE OR REPLACE VIEW strays AS
SELECT k.zone, t.path, t.size, t.findings, t.recorded_at, k.scan_id
FROM stray t JOIN scan k USING (scan_key)
WHERE t.scan_key IN (SELECT arg_max(scan_key, turn) FROM scans JOIN turns USING (scan_key)
                     WHERE complete GROUP BY zone, scope);

-- What follows upon itself unchanged was noticed in several places, and counts as noticed first.
CREATE OR REPLACE VIEW schedules AS
SELECT zone, dataset_id, name, schedule, recorded_at FROM (
    FROM schedule_seen
    WINDOW first AS (PARTITION BY zone, dataset_id ORDER BY recorded_at, schedule, name)
    QUALIFY row_number() OVER first = 1 OR schedule <> lag(schedule) OVER first
            OR name IS DISTINCT FROM lag(name) OVER first)
QUALIFY row_number() OVER (PARTITION BY zone, dataset_id
                           ORDER BY recorded_at DESC, schedule DESC, name DESC NULLS FIRST) = 1;

CREATE OR REPLACE VIEW slots AS
WITH slot AS NOT MATERIALIZED (
    SELECT zone, dataset_id, due_at, count(*) AS times, any_value(after) AS status,
           any_value(happened_at) AS happened_at, any_value(snapshot) AS snapshot, any_value(verdict) AS verdict,
           any_value(recorded_at) AS recorded_at
    FROM slot_transition GROUP BY zone, dataset_id, due_at)
SELECT zone, dataset_id, due_at, status, happened_at, snapshot, verdict, recorded_at FROM slot WHERE times = 1
UNION ALL
SELECT zone, dataset_id, due_at, after AS status, happened_at, snapshot, verdict, recorded_at FROM (
    SELECT t.* FROM slot_transition t JOIN (FROM slot WHERE times > 1) s USING (zone, dataset_id, due_at)
    WINDOW first AS (PARTITION BY t.zone, t.dataset_id, t.due_at
                     ORDER BY t.recorded_at, t.happened_at, t.after, t.snapshot, t.verdict)
    QUALIFY row_number() OVER first = 1 OR t.after <> lag(t.after) OVER first
            OR t.snapshot IS DISTINCT FROM lag(t.snapshot) OVER first
            OR t.verdict IS DISTINCT FROM lag(t.verdict) OVER first)
QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, due_at
                           ORDER BY recorded_at DESC, happened_at DESC, after DESC, snapshot DESC NULLS FIRST,
                                    verdict DESC NULLS FIRST) = 1;

COMMENT ON COLUMN file_revision.sha256_head IS 'the first eight digits of sha256 as a number; null as well where it was not put in';
COMMENT ON VIEW turns IS 'the looks in the order in which they began';
COMMENT ON VIEW snapshots IS 'every snapshot as known now; moments are UTC';
COMMENT ON COLUMN snapshots.checked IS 'how many of files were looked at to depth';
COMMENT ON COLUMN snapshots.rows IS 'null where not counted';
COMMENT ON COLUMN snapshots.landed_at IS 'when its newest data file did, by the storage''s clock';
COMMENT ON COLUMN snapshots.first_seen_at IS 'when the first record of it was made';
COMMENT ON COLUMN snapshots.judged_at IS 'when this verdict was recorded';
COMMENT ON COLUMN snapshots.verified_at IS 'when bytes of it were last read';
COMMENT ON COLUMN snapshots.unchecked_bytes IS 'stored bytes that no checksum inside the file covers; null where not all were read';
COMMENT ON VIEW newest_files IS 'what files is made of: the newest recorded state of every file, names as stored';
COMMENT ON VIEW files IS 'every file as known now, the gone ones included: see presence';
COMMENT ON COLUMN files.first_seen_at IS 'when any version of it was first seen';
COMMENT ON COLUMN files.seen_at IS 'when this version was first seen';
COMMENT ON COLUMN files.last_seen_at IS 'the newest trusted listing of the whole zone that had it; null where it is gone';
COMMENT ON COLUMN files.reference_sha256 IS 'of the bytes first recorded once the snapshot had settled';
COMMENT ON VIEW last_full_reads IS 'every file that is there, and when every byte of it was last read; null where that never was';
COMMENT ON VIEW strays IS 'what belongs to no snapshot, by the newest complete listing';
COMMENT ON VIEW schedules IS 'the schedule of each dataset as last seen; recorded_at is when it was first seen so';
COMMENT ON VIEW slots IS 'every promised export and its status as last judged; recorded_at is when it was first judged so';
