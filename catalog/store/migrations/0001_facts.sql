-- What was seen, appended and never overwritten. All moments are UTC in TIMESTAMP columns without a zone.
-- No secondary indexes and no foreign keys: rows are inserted sorted, and one writer keeps them consistent.
-- The keys (scan_key, snapshot_key) are short numbers of this file only; scans and snapshots are known outside by their ids.

CREATE TABLE zone (
    zone VARCHAR PRIMARY KEY,
    url VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE scan (
    scan_key INTEGER PRIMARY KEY,
    scan_id VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    depth VARCHAR NOT NULL,
    scope VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    tool_version VARCHAR NOT NULL,
    basis VARCHAR NOT NULL);

CREATE TABLE scan_end (
    scan_key INTEGER NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    complete BOOLEAN NOT NULL,
    suspect BOOLEAN NOT NULL,
    counts JSON NOT NULL,
    error_kind VARCHAR,
    error_message VARCHAR,
    error_hint VARCHAR);

-- One row a transaction: how many rows it brought, so that a catalog can be checked against itself.
CREATE TABLE batch (
    scan_key INTEGER NOT NULL,
    snapshots INTEGER NOT NULL,
    files INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    strays INTEGER NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

-- Paths are half of what there is to keep, and nearly the same within a snapshot. A `name` in the tables below is the path
-- below the snapshot's folder, with \x01 for its `writer` (the ids that all part files of one write share), or, where that
-- does not fit, '/' and the whole path.
CREATE TABLE snapshot (
    snapshot_key INTEGER NOT NULL,
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    export_time VARCHAR NOT NULL,
    export_at TIMESTAMP NOT NULL,
    folder VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE column_set (
    digest VARCHAR PRIMARY KEY,
    columns JSON NOT NULL);

CREATE TABLE snapshot_revision (
    scan_key INTEGER NOT NULL,
    snapshot_key INTEGER NOT NULL,
    verdict VARCHAR NOT NULL,
    depth VARCHAR NOT NULL,
    checked INTEGER NOT NULL,
    files INTEGER NOT NULL,
    data_files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    rows BIGINT,
    landed_at TIMESTAMP,
    settled_at TIMESTAMP,
    presence VARCHAR NOT NULL,
    manifest VARCHAR,
    columns_digest VARCHAR,
    events_from TIMESTAMP,
    events_to TIMESTAMP,
    listing_digest VARCHAR NOT NULL,
    basis VARCHAR NOT NULL,
    is_final BOOLEAN NOT NULL,
    files_changed INTEGER NOT NULL,
    files_read INTEGER NOT NULL,
    bytes_read BIGINT NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

-- `reference` is 'same' where the first recorded bytes are these, 'other' where the next two columns hold them.
CREATE TABLE file_revision (
    scan_key INTEGER NOT NULL,
    snapshot_key INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    modified_at TIMESTAMP,
    etag VARCHAR,
    kind VARCHAR NOT NULL,
    depth VARCHAR NOT NULL,
    looked BOOLEAN NOT NULL,
    rows BIGINT,
    sha256 VARCHAR,
    reference VARCHAR,
    reference_size BIGINT,
    reference_sha256 VARCHAR,
    columns_digest VARCHAR,
    events_from TIMESTAMP,
    events_to TIMESTAMP,
    facts JSON,
    findings JSON,
    presence VARCHAR NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

-- All findings of a snapshot's revision, in the order in which they were reported.
CREATE TABLE finding (
    scan_key INTEGER NOT NULL,
    snapshot_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    of_file BOOLEAN NOT NULL,
    name VARCHAR,
    code VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    effect VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    expected VARCHAR,
    actual VARCHAR,
    count BIGINT NOT NULL,
    place JSON);

CREATE TABLE stray (
    scan_key INTEGER NOT NULL,
    path VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    findings JSON NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE zone_finding (
    scan_key INTEGER NOT NULL,
    position INTEGER NOT NULL,
    path VARCHAR,
    code VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    effect VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    expected VARCHAR,
    actual VARCHAR,
    count BIGINT NOT NULL,
    place JSON);

CREATE TABLE slot_transition (
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL,
    before VARCHAR,
    after VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    snapshot VARCHAR,
    verdict VARCHAR,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE schedule_seen (
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    name VARCHAR,
    schedule VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE event (
    happened_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    detail JSON NOT NULL);

CREATE MACRO to_name(path, folder, writer) AS
    CASE WHEN NOT starts_with(path, folder || '/') OR path[length(folder) + 2] = '/' OR contains(path, chr(1))
         THEN '/' || path
         WHEN writer = '' THEN path[length(folder) + 2:]
         ELSE replace(path[length(folder) + 2:], writer, chr(1)) END;

CREATE MACRO to_path(name, folder, writer) AS
    CASE WHEN name[1] = '/' THEN name[2:] ELSE folder || '/' || replace(name, chr(1), writer) END;

COMMENT ON TABLE scan IS 'one look at one zone, from its start; without a row in scan_end it is running or was killed';
COMMENT ON TABLE snapshot_revision IS 'one row whenever what is known of a snapshot changed; the newest is what is true now';
COMMENT ON TABLE file_revision IS 'one row whenever a file was first seen, read again or found gone; the newest is what is true now';
COMMENT ON TABLE slot_transition IS 'one row whenever the status of a promised export changed, stamped with the moment it was due to change';
COMMENT ON TABLE event IS 'what was done to the catalog itself';
