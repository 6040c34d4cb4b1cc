-- What was known at a moment in the past: nothing is ever overwritten, so that it can still be told.

CREATE MACRO snapshots_as_known_at(known_at) AS TABLE
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS id, s.zone, s.dataset_id, s.export_time, s.export_at,
       r.verdict, r.depth, r.checked, r.files, r.data_files, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence,
       r.manifest, r.events_from, r.events_to, min(r.recorded_at) OVER same AS first_seen_at,
       r.recorded_at AS judged_at, max(r.recorded_at) FILTER (r.files_read > 0) OVER same AS verified_at,
       r.is_final, r.scan_key, s.snapshot_key, r.unchecked_bytes
FROM snapshot s JOIN snapshot_revision r USING (snapshot_key) JOIN turns t USING (scan_key)
WHERE r.recorded_at <= known_at::TIMESTAMP
WINDOW same AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key),
       newest AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key ORDER BY r.recorded_at DESC, t.turn DESC)
QUALIFY row_number() OVER newest = 1;

CREATE MACRO files_as_known_at(known_at) AS TABLE
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS snapshot, s.zone, s.dataset_id, s.export_time, s.export_at,
       to_path(f.name, s.folder, s.writer) AS path, f.size, f.modified_at, f.etag, f.kind, f.depth, f.looked, f.rows,
       f.sha256, f.events_from, f.events_to, f.facts, f.findings, f.presence, f.seen_at, f.recorded_at, f.columns_digest,
       f.scan_key, s.snapshot_key, min(f.seen_at) OVER same AS first_seen_at
FROM snapshot s JOIN file_revision f USING (snapshot_key) JOIN turns t USING (scan_key)
WHERE f.recorded_at <= known_at::TIMESTAMP
WINDOW same AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key, f.name),
       newest AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key, f.name
                  ORDER BY f.recorded_at DESC, t.turn DESC)
QUALIFY row_number() OVER newest = 1;

CREATE MACRO slots_as_known_at(known_at) AS TABLE
SELECT zone, dataset_id, due_at, after AS status, happened_at, snapshot, verdict, recorded_at FROM (
    FROM slot_transition WHERE recorded_at <= known_at::TIMESTAMP
    WINDOW first AS (PARTITION BY zone, dataset_id, due_at ORDER BY recorded_at, happened_at, after, snapshot, verdict)
    QUALIFY row_number() OVER first = 1 OR after <> lag(after) OVER first
            OR snapshot IS DISTINCT FROM lag(snapshot) OVER first OR verdict IS DISTINCT FROM lag(verdict) OVER first)
QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, due_at
                           ORDER BY recorded_at DESC, happened_at DESC, after DESC, snapshot DESC NULLS FIRST,
                                    verdict DESC NULLS FIRST) = 1;
