-- Restores, and who accepted which gaps for them. A restore has one row whenever what is known of it changed: it began,
-- which is only recorded where gaps were accepted, or it came to an end.

CREATE TABLE restore (
    restore_id VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    as_of TIMESTAMP NOT NULL,
    recovers_to TIMESTAMP,
    depth VARCHAR NOT NULL,
    target_url VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    complete BOOLEAN NOT NULL,
    snapshots INTEGER NOT NULL,
    files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    files_copied INTEGER NOT NULL,
    bytes_copied BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    seconds DOUBLE,
    tool_version VARCHAR NOT NULL);

CREATE TABLE gap_acceptance (
    restore_id VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL,
    gap VARCHAR NOT NULL,
    snapshot VARCHAR,
    accepted_by VARCHAR NOT NULL,
    reason VARCHAR,
    accepted_at TIMESTAMP NOT NULL);

COMMENT ON TABLE restore IS 'one row whenever a restore began for which gaps were accepted, and whenever one ended';
COMMENT ON COLUMN restore.as_of IS 'the moment that was to be gone back to';
COMMENT ON COLUMN restore.recovers_to IS 'the newest moment that is covered without a gap';
COMMENT ON COLUMN restore.state IS 'running, complete, incomplete (something is not there as it should be) or interrupted';
COMMENT ON COLUMN restore.complete IS 'every file of the plan is at the target, with its size and SHA-256';
COMMENT ON COLUMN restore.files_copied IS 'that were not there yet';
COMMENT ON COLUMN restore.seconds IS 'from the beginning to the end of copying';
COMMENT ON TABLE gap_acceptance IS 'one row for every gap that was accepted for a restore, written before anything was copied';
COMMENT ON COLUMN gap_acceptance.due_at IS 'when the export that is missing or does not count was due, or its export time';
COMMENT ON COLUMN gap_acceptance.gap IS 'why the export does not count: missing, bad, gone, …';
COMMENT ON COLUMN gap_acceptance.accepted_by IS 'user@host';

CREATE VIEW restores AS
    FROM restore
    QUALIFY row_number() OVER (PARTITION BY restore_id ORDER BY finished_at DESC NULLS LAST) = 1;

COMMENT ON VIEW restores IS 'every restore, as it ended; running where it has not, or was killed';
