-- When every byte of a file was last read: one row a snapshot where all its files were read in one look, which is the common
-- case, else one a file. Reading again what has not changed leaves no other trace.

CREATE TABLE full_read (
    scan_key INTEGER NOT NULL,
    snapshot_key INTEGER NOT NULL,
    name VARCHAR,
    read_at TIMESTAMP NOT NULL);

ALTER TABLE batch ADD COLUMN reads INTEGER DEFAULT 0;

-- Reads of before are told by the first record of each file's bytes.
INSERT INTO full_read
WITH first AS (
    SELECT snapshot_key, name, min(scan_key) AS scan_key, min(recorded_at) AS read_at
    FROM file_revision WHERE sha256 IS NOT NULL GROUP BY snapshot_key, name, sha256),
whole AS (
    SELECT f.scan_key, f.snapshot_key FROM first f
    JOIN (SELECT snapshot_key, count(DISTINCT name) AS files FROM file_revision GROUP BY snapshot_key) USING (snapshot_key)
    GROUP BY f.scan_key, f.snapshot_key, files HAVING count(DISTINCT f.name) = files)
SELECT DISTINCT scan_key, snapshot_key, CASE WHEN w.scan_key IS NULL THEN f.name END AS name,
       min(read_at) OVER (PARTITION BY scan_key, snapshot_key) AS read_at
FROM first f LEFT JOIN whole w USING (scan_key, snapshot_key)
ORDER BY scan_key, snapshot_key, name;

INSERT INTO batch (scan_key, snapshots, files, findings, strays, recorded_at, reads)
SELECT scan_key, 0, 0, 0, 0, max(read_at), count(*) FROM full_read GROUP BY scan_key ORDER BY scan_key;

CREATE VIEW full_reads AS
SELECT s.zone || '/' || s.dataset_id || '/' || s.export_time AS snapshot, s.zone, s.dataset_id, s.export_time,
       to_path(r.name, s.folder, s.writer) AS path, r.read_at, k.scan_id, r.scan_key, s.snapshot_key
FROM snapshot s JOIN full_read r USING (snapshot_key) JOIN scan k USING (scan_key);

CREATE VIEW last_full_reads AS
SELECT f.snapshot, f.zone, f.dataset_id, f.export_time, f.path, f.kind, f.size,
       CASE WHEN f.sha256 IS NULL THEN NULL ELSE greatest(w.read_at, n.read_at) END AS last_full_read_at, f.snapshot_key
FROM (FROM file_revisions
      QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, export_time, snapshot_key, name
                                 ORDER BY recorded_at DESC, scan_key DESC) = 1) f
LEFT JOIN (SELECT snapshot_key, max(read_at) AS read_at FROM full_read WHERE name IS NULL GROUP BY snapshot_key) w
     USING (snapshot_key)
LEFT JOIN (SELECT snapshot_key, name, max(read_at) AS read_at FROM full_read WHERE name IS NOT NULL
           GROUP BY snapshot_key, name) n USING (snapshot_key, name)
WHERE f.presence = 'present';

COMMENT ON TABLE full_read IS 'one row whenever every byte of a file, or of all files of a snapshot (name is null), was read';
COMMENT ON VIEW full_reads IS 'every time that every byte of a file was read; path is null where all of the snapshot''s files were';
COMMENT ON VIEW last_full_reads IS 'every file that is there, and when every byte of it was last read; null where that never was';
