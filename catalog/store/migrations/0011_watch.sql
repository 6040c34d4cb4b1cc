-- What people said about slots and findings, what the watch noticed and told, and what Adobe said.

CREATE TABLE waiver (
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    reason VARCHAR NOT NULL,
    lifted BOOLEAN NOT NULL,
    said_by VARCHAR NOT NULL,
    said_at TIMESTAMP NOT NULL);

CREATE TABLE acceptance (
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR,
    export_time VARCHAR,
    path VARCHAR,
    code VARCHAR NOT NULL,
    actual VARCHAR,
    place VARCHAR,
    count BIGINT NOT NULL,
    reason VARCHAR NOT NULL,
    ends_at TIMESTAMP,
    lifted BOOLEAN NOT NULL,
    said_by VARCHAR NOT NULL,
    said_at TIMESTAMP NOT NULL);

CREATE TABLE night (
    run_id VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    exit_status INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    warnings INTEGER NOT NULL,
    tool_version VARCHAR NOT NULL);

CREATE TABLE notice (
    notice_id VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR,
    code VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    noticed_at TIMESTAMP NOT NULL);

CREATE TABLE delivery (
    notice_id VARCHAR NOT NULL,
    channel VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    trouble VARCHAR,
    happened_at TIMESTAMP NOT NULL);

CREATE TABLE flow_seen (
    flow_id VARCHAR NOT NULL,
    name VARCHAR,
    state VARCHAR NOT NULL,
    schedule VARCHAR NOT NULL,
    ends_at TIMESTAMP,
    facts VARCHAR NOT NULL,
    seen_at TIMESTAMP NOT NULL);

CREATE TABLE flow_run (
    run_id VARCHAR NOT NULL,
    flow_id VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    rows BIGINT,
    files BIGINT,
    bytes BIGINT,
    errors VARCHAR,
    raw VARCHAR NOT NULL,
    fetched_at TIMESTAMP NOT NULL);

CREATE TABLE empty_slot (
    zone VARCHAR NOT NULL,
    dataset_id VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    proven_at TIMESTAMP NOT NULL);

-- The last word on each counts. Of two at the same moment the one that lifts does: it quiets nothing.
CREATE VIEW waivers AS
SELECT * EXCLUDE (lifted) FROM (
    FROM waiver
    QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, starts_at, ends_at
                               ORDER BY said_at DESC, lifted DESC, reason, said_by) = 1)
WHERE NOT lifted;

CREATE VIEW acceptances AS
SELECT * EXCLUDE (lifted) FROM (
    FROM acceptance
    QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, export_time, path, code, actual, place
                               ORDER BY said_at DESC, lifted DESC, reason, said_by) = 1)
WHERE NOT lifted;

CREATE VIEW nights AS SELECT DISTINCT * FROM night;

-- A notice is told anew whenever what it is about turns; the last one says how that stands.
CREATE VIEW notices AS
SELECT n.*, coalesce(d.channels, 0) AS channels, coalesce(d.open, 0) AS undelivered
FROM (SELECT DISTINCT * FROM notice) n LEFT JOIN (
    SELECT notice_id, count(*) AS channels, count(*) FILTER (state NOT IN ('sent', 'dropped')) AS open
    FROM (FROM delivery QUALIFY row_number() OVER (PARTITION BY notice_id, channel ORDER BY happened_at DESC, state DESC) = 1)
    GROUP BY notice_id) d USING (notice_id);

CREATE VIEW flows AS
FROM flow_seen QUALIFY row_number() OVER (PARTITION BY flow_id ORDER BY seen_at DESC, facts DESC) = 1;

CREATE VIEW flow_runs AS
FROM flow_run QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY fetched_at DESC, raw DESC) = 1;

CREATE VIEW empty_slots AS
FROM empty_slot QUALIFY row_number() OVER (PARTITION BY zone, dataset_id, due_at ORDER BY proven_at, run_id) = 1;

-- What a snapshot is worth by its bytes alone, whatever was accepted of it.
CREATE VIEW judged_snapshots AS
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

-- Of the few snapshots of which findings were accepted, the verdict without these; the rule is that of every verdict.
-- What says that nobody could look keeps its effect, and so does a snapshot without data: a word makes neither good.
CREATE VIEW accepted_verdicts AS
WITH said AS (
    SELECT s.snapshot_key, s.folder, s.writer, a.path, a.code, a.actual, a.place, a.count
    FROM acceptances a JOIN snapshot s USING (zone, dataset_id, export_time)
    WHERE a.ends_at IS NULL OR a.ends_at > now() AT TIME ZONE 'UTC'),
left_over AS (
    SELECT f.scan_key, f.snapshot_key, f.effect
    FROM (FROM finding SEMI JOIN said USING (snapshot_key)) f
    LEFT JOIN said a ON a.snapshot_key = f.snapshot_key AND a.code = f.code
        AND a.path IS NOT DISTINCT FROM to_path(f.name, a.folder, a.writer)
        AND a.actual IS NOT DISTINCT FROM f.actual AND a.place IS NOT DISTINCT FROM f.place::VARCHAR AND f.count <= a.count
    WHERE (a.snapshot_key IS NULL OR f.effect IN ('unknown', 'unverifiable')) AND (f.level = 'error' OR f.effect = 'unverifiable')),
worst AS (
    SELECT scan_key, snapshot_key,
           min(list_position(['corrupt', 'incomplete', 'unknown', 'unverifiable'], effect)) AS place
    FROM left_over GROUP BY scan_key, snapshot_key)
SELECT r.scan_key, r.snapshot_key,
       CASE WHEN w.place IS NOT NULL THEN ['corrupt', 'incomplete', 'unknown', 'unverifiable'][w.place]
            WHEN r.checked < r.files OR r.files = 0 THEN 'unknown'
            WHEN r.rows = 0 THEN 'empty' ELSE 'good' END AS verdict
FROM (FROM snapshot_revision SEMI JOIN said USING (snapshot_key)) r LEFT JOIN worst w USING (scan_key, snapshot_key)
WHERE r.settled_at IS NOT NULL AND r.data_files > 0;

CREATE OR REPLACE VIEW snapshots AS
SELECT s.* REPLACE (coalesce(a.verdict, s.verdict) AS verdict), coalesce(a.verdict <> s.verdict, false) AS accepted
FROM judged_snapshots s LEFT JOIN accepted_verdicts a USING (snapshot_key, scan_key);

COMMENT ON TABLE waiver IS 'one row whenever the slots of a dataset due in a period were waived, or that was taken back';
COMMENT ON COLUMN waiver.ends_at IS 'the last moment that is waived';
COMMENT ON COLUMN waiver.said_by IS 'user@host';
COMMENT ON TABLE acceptance IS 'one row whenever a finding as it was seen was accepted, or that was taken back';
COMMENT ON COLUMN acceptance.path IS 'the file that the finding is about; null where it is about the snapshot';
COMMENT ON COLUMN acceptance.dataset_id IS 'null for what belongs to no snapshot';
COMMENT ON COLUMN acceptance.actual IS 'what was there when it was accepted: what is found otherwise later is not accepted';
COMMENT ON COLUMN acceptance.count IS 'how many occurrences the finding stood for';
COMMENT ON COLUMN acceptance.ends_at IS 'until when; null for ever';
COMMENT ON TABLE night IS 'one row for each nightly run that came to its end';
COMMENT ON COLUMN night.exit_status IS 'before --fail-on';
COMMENT ON TABLE notice IS 'one row whenever something that people should know of turned';
COMMENT ON COLUMN notice.about IS 'what it is about: the same from its beginning to its end';
COMMENT ON COLUMN notice.state IS 'open, or resolved';
COMMENT ON COLUMN notice.happened_at IS 'when it was due to turn, not when somebody noticed';
COMMENT ON TABLE delivery IS 'one row for each step of telling a notice by a channel';
COMMENT ON COLUMN delivery.state IS 'due, sending, sent, failed, or dropped where the channel is no more';
COMMENT ON TABLE flow_seen IS 'one row whenever a dataflow of Adobe was seen otherwise than before';
COMMENT ON TABLE flow_run IS 'one row whenever a run of a dataflow was seen otherwise than before; raw is what Adobe said';
COMMENT ON TABLE empty_slot IS 'one row for each promised export of which a run of Adobe says that there was nothing to export';
COMMENT ON VIEW waivers IS 'the periods that are waived';
COMMENT ON VIEW acceptances IS 'what is accepted, also where its time is over';
COMMENT ON VIEW nights IS 'every nightly run that came to its end';
COMMENT ON VIEW notices IS 'every notice, and by how many channels it was to be told and was not yet';
COMMENT ON VIEW flows IS 'every dataflow as last seen';
COMMENT ON VIEW flow_runs IS 'every run of a dataflow as last seen';
COMMENT ON VIEW empty_slots IS 'every slot that is known to have had nothing to export';
COMMENT ON VIEW judged_snapshots IS 'every snapshot as its bytes were judged, whatever was accepted';
COMMENT ON VIEW accepted_verdicts IS 'the verdicts of snapshots of which findings are accepted now, without these';
COMMENT ON VIEW snapshots IS 'every snapshot as known now, without what is accepted of it; moments are UTC';
COMMENT ON COLUMN snapshots.verdict IS 'accepted findings take no effect; see judged_snapshots';
COMMENT ON COLUMN snapshots.accepted IS 'its bytes were judged otherwise, and that was accepted';
