-- How many stored bytes of a snapshot no checksum inside the file covers; null where one of its files was not read whole,
-- and in what was recorded before this was.

ALTER TABLE snapshot_revision ADD COLUMN unchecked_bytes BIGINT;

CREATE OR REPLACE VIEW snapshots AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS id, s.zone, s.dataset_id, s.export_time, s.export_at,
       r.verdict, r.depth, r.checked, r.files, r.data_files, r.bytes, r.rows, r.landed_at, r.settled_at, r.presence,
       r.manifest, r.events_from, r.events_to, s.recorded_at AS first_seen_at, r.recorded_at AS judged_at,
       max(r.recorded_at) FILTER (r.files_read > 0) OVER same AS verified_at,
       r.is_final, r.listing_digest, r.basis, r.columns_digest, r.scan_key, s.snapshot_key, r.unchecked_bytes
FROM snapshot s JOIN snapshot_revision r USING (snapshot_key)
WINDOW same AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key),
       newest AS (PARTITION BY s.zone, s.dataset_id, s.export_time, s.snapshot_key ORDER BY r.recorded_at DESC, r.scan_key DESC)
QUALIFY row_number() OVER newest = 1;

COMMENT ON VIEW snapshots IS 'every snapshot as known now; moments are UTC';
COMMENT ON COLUMN snapshots.checked IS 'how many of files were looked at to depth';
COMMENT ON COLUMN snapshots.rows IS 'null where not counted';
COMMENT ON COLUMN snapshots.landed_at IS 'when its newest data file did, by the storage''s clock';
COMMENT ON COLUMN snapshots.judged_at IS 'when this verdict was recorded';
COMMENT ON COLUMN snapshots.verified_at IS 'when bytes of it were last read';
COMMENT ON COLUMN snapshots.unchecked_bytes IS 'stored bytes that no checksum inside the file covers; null where not all were read';
