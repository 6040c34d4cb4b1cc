-- Restores that were tried in a scratch database: one row for each that came to its end.

CREATE TABLE drill (
    drill_id VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    as_of TIMESTAMP NOT NULL,
    recovers_to TIMESTAMP,
    depth VARCHAR NOT NULL,
    accepts_gaps BOOLEAN NOT NULL,
    state VARCHAR NOT NULL,
    message VARCHAR,
    snapshots INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    rows BIGINT,
    rows_loaded BIGINT NOT NULL,
    fetch_seconds DOUBLE NOT NULL,
    load_seconds DOUBLE NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    tool_version VARCHAR NOT NULL);

COMMENT ON TABLE drill IS 'one row whenever a restore of a dataset was tried in a scratch database';
COMMENT ON COLUMN drill.as_of IS 'the moment that was to be gone back to';
COMMENT ON COLUMN drill.recovers_to IS 'the newest moment that was covered without a gap; null where there was no full export';
COMMENT ON COLUMN drill.state IS 'passed: the restore would have worked; failed: it would not; unknown: that could not be found out';
COMMENT ON COLUMN drill.bytes IS 'of the data files that were fetched';
COMMENT ON COLUMN drill.rows IS 'as recorded of the snapshots before; null where those of one were not known';
COMMENT ON COLUMN drill.rows_loaded IS 'as counted in the scratch database';
