-- What is true now, made for questions in SQL. The window partitions begin with the columns one filters by (zone, dataset_id,
-- export_time), so that a filter reaches the tables below.

CREATE VIEW scans AS
SELECT k.scan_id, k.zone, k.url, k.kind, k.depth, k.scope, k.started_at, e.finished_at,
       CASE WHEN e.scan_key IS NULL THEN 'unfinished' WHEN e.complete THEN 'complete' ELSE 'incomplete' END AS state,
       coalesce(e.complete, false) AS complete, coalesce(e.suspect, false) AS suspect,
       e.counts, e.error_kind, e.error_message, e.error_hint, k.tool_version, k.basis, k.scan_key
FROM scan k LEFT JOIN scan_end e USING (scan_key);

CREATE VIEW looks AS
SELECT zone, scope, max(started_at) AS started_at
FROM scans WHERE complete AND NOT suspect GROUP BY zone, scope;

CREATE VIEW snapshots AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS id, s.zone, s.dataset_id, s.export_time, s.export_at,
       r.verdict, r.depth, r.checked, r.files, r.data_files, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence,
       r.manifest, r.events_from, r.events_to, s.recorded_at AS first_seen_at, r.recorded_at AS judged_at,
       max(r.recorded_at) FILTER (r.files_read > 0) OVER same AS verified_at,
       r.is_final, r.listing_digest, r.basis, r.columns_digest, r.scan_key, s.snapshot_key
FROM snapshot s JOIN snapshot_revision r USING (snapshot_key)
WINDOW same AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key),
       newest AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key ORDER BY r.recorded_at DESC, r.scan_key DESC)
QUALIFY row_number() OVER newest = 1;

CREATE VIEW file_revisions AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS snapshot, s.zone, s.dataset_id, s.export_time, s.export_at,
       to_path(f.name, s.folder, s.writer) AS path,
       f.size, f.modified_at, f.etag, f.kind, f.depth, f.looked, f.rows, f.sha256,
       CASE f.reference WHEN 'same' THEN f.size ELSE f.reference_size END AS reference_size,
       CASE f.reference WHEN 'same' THEN f.sha256 ELSE f.reference_sha256 END AS reference_sha256,
       f.events_from, f.events_to, f.facts, f.findings, f.presence, f.seen_at, f.recorded_at, f.columns_digest,
       f.name, f.scan_key, s.snapshot_key
FROM snapshot s JOIN file_revision f USING (snapshot_key);

CREATE VIEW files AS
SELECT f.* EXCLUDE (name),
       min(f.seen_at) OVER same AS first_seen_at,
       CASE WHEN f.presence = 'present' THEN greatest(f.recorded_at, l.started_at) ELSE NULL END AS last_seen_at
FROM file_revisions f LEFT JOIN looks l ON l.zone = f.zone AND l.scope = ''
WINDOW same AS (PARTITION BY f.zone, f.dataset_id, f.export_time, f.snapshot_key, f.name),
       newest AS (PARTITION BY f.zone, f.dataset_id, f.export_time, f.snapshot_key, f.name ORDER BY f.recorded_at DESC, f.scan_key DESC)
QUALIFY row_number() OVER newest = 1;

CREATE VIEW finding_revisions AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS snapshot, s.zone, s.dataset_id, s.export_time,
       f.code, f.level, to_path(f.name, s.folder, s.writer) AS path, f.message, f.expected, f.actual,
       f.count, f.place, f.effect, f.of_file, f.position, f.scan_key, s.snapshot_key
FROM snapshot s JOIN finding f USING (snapshot_key);

CREATE VIEW findings AS
SELECT f.* FROM finding_revisions f SEMI JOIN snapshots s USING (zone, dataset_id, export_time, snapshot_key, scan_key);

CREATE VIEW strays AS
SELECT k.zone, t.path, t.size, t.findings, t.recorded_at, k.scan_id
FROM stray t JOIN scan k USING (scan_key)
WHERE t.scan_key IN (SELECT arg_max(scan_key, started_at) FROM scans WHERE complete GROUP BY zone, scope);

CREATE VIEW schedules AS
SELECT zone, dataset_id, name, schedule, recorded_at FROM schedule_seen
QUALIFY row_number() OVER (PARTITION BY zone, dataset_id ORDER BY recorded_at DESC, rowid DESC) = 1;

CREATE VIEW datasets AS
SELECT n.zone, n.dataset_id, c.name, c.schedule, n.snapshots, n.newest_at, n.newest_good_at, n.bytes
FROM (SELECT zone, dataset_id, count(*) FILTER (presence = 'present') AS snapshots,
             max(export_at) FILTER (presence = 'present') AS newest_at,
             max(export_at) FILTER (presence = 'present' AND verdict = 'good') AS newest_good_at,
             coalesce(sum(bytes) FILTER (presence = 'present'), 0)::BIGINT AS bytes
      FROM snapshots GROUP BY zone, dataset_id) n
LEFT JOIN schedules c USING (zone, dataset_id);

CREATE VIEW slots AS
SELECT zone, dataset_id, due_at, after AS status, happened_at, snapshot, verdict, recorded_at FROM slot_transition
QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, due_at ORDER BY recorded_at DESC, happened_at DESC, rowid DESC) = 1;

COMMENT ON VIEW scans IS 'every look at a zone; state is complete, incomplete or unfinished';
COMMENT ON VIEW looks IS 'of each zone and scope (empty: the whole zone), when the newest complete and trusted listing began';
COMMENT ON VIEW snapshots IS 'every snapshot as known now; moments are UTC';
COMMENT ON COLUMN snapshots.checked IS 'how many of files were looked at to depth';
COMMENT ON COLUMN snapshots.rows IS 'null where not counted';
COMMENT ON COLUMN snapshots.landed_at IS 'when its newest data file did, by the storage''s clock';
COMMENT ON COLUMN snapshots.judged_at IS 'when this verdict was recorded';
COMMENT ON COLUMN snapshots.verified_at IS 'when bytes of it were last read';
COMMENT ON VIEW file_revisions IS 'every recorded state of every file';
COMMENT ON VIEW files IS 'every file as known now, the gone ones included: see presence';
COMMENT ON COLUMN files.first_seen_at IS 'when any version of it was first seen';
COMMENT ON COLUMN files.seen_at IS 'when this version was first seen';
COMMENT ON COLUMN files.last_seen_at IS 'the newest trusted listing of the whole zone that had it; null where it is gone';
COMMENT ON COLUMN files.reference_sha256 IS 'of the bytes first recorded once the snapshot had settled';
COMMENT ON VIEW finding_revisions IS 'the findings of every recorded state of every snapshot';
COMMENT ON VIEW findings IS 'the findings of every snapshot as known now';
COMMENT ON COLUMN findings.count IS 'how many occurrences it stands for';
COMMENT ON COLUMN findings.place IS 'where in the file: line, byte_offset, row_group, column, page, offset, entry';
COMMENT ON VIEW strays IS 'what belongs to no snapshot, by the newest complete listing';
COMMENT ON VIEW datasets IS 'every dataset with its newest and newest good export time; counts and bytes of what is present';
COMMENT ON VIEW slots IS 'every promised export and its status as last judged';
COMMENT ON VIEW schedules IS 'the schedule of each dataset as last seen';
