-- The ledger, and what else is evidence: holds, tests of our own controls, who looked as whom.

-- What is recorded counts from this moment on, whatever it is about.
ALTER TABLE scan ADD COLUMN run_by VARCHAR;
ALTER TABLE scan ADD COLUMN endpoint VARCHAR;
ALTER TABLE scan ADD COLUMN identity VARCHAR;
ALTER TABLE scan_end ADD COLUMN requests BIGINT;
ALTER TABLE scan_end ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE copies ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE copies ADD COLUMN run_by VARCHAR;
ALTER TABLE restore ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE restore ADD COLUMN run_by VARCHAR;
ALTER TABLE drill ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE drill ADD COLUMN run_by VARCHAR;
ALTER TABLE gap_acceptance ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE waiver ADD COLUMN recorded_at TIMESTAMP;
ALTER TABLE acceptance ADD COLUMN recorded_at TIMESTAMP;
UPDATE scan_end SET recorded_at = finished_at;
UPDATE copies SET recorded_at = finished_at;
UPDATE restore SET recorded_at = coalesce(finished_at, started_at);
UPDATE drill SET recorded_at = finished_at;
UPDATE gap_acceptance SET recorded_at = accepted_at;
UPDATE waiver SET recorded_at = said_at;
UPDATE acceptance SET recorded_at = said_at;

CREATE TABLE hold (
    snapshot VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    lifted BOOLEAN NOT NULL,
    said_by VARCHAR NOT NULL,
    said_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE control_test (
    test_id VARCHAR NOT NULL,
    snapshot VARCHAR NOT NULL,
    damage VARCHAR NOT NULL,
    path VARCHAR,
    expected VARCHAR NOT NULL,
    found VARCHAR NOT NULL,
    passed BOOLEAN NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    run_by VARCHAR NOT NULL,
    tool_version VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

CREATE TABLE signing_key (
    name VARCHAR NOT NULL,
    verifier VARCHAR NOT NULL,
    follows VARCHAR,
    said_by VARCHAR NOT NULL,
    said_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

-- Of ledgers there may be several: this catalog's own, and those of others that were taken in.
CREATE TABLE own_ledger (
    origin VARCHAR NOT NULL,
    begun_at TIMESTAMP NOT NULL);

CREATE TABLE ledger_entry (
    origin VARCHAR NOT NULL,
    sequence BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    body VARCHAR NOT NULL,
    leaf BLOB NOT NULL,
    appended_at TIMESTAMP NOT NULL);

CREATE TABLE ledger_head (
    origin VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    peaks VARCHAR NOT NULL,
    appended_at TIMESTAMP NOT NULL);

CREATE TABLE checkpoint (
    origin VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    note VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    recorded_at TIMESTAMP NOT NULL);

-- Of two words at the same moment the one that holds counts: it loses nothing.
CREATE VIEW holds AS
SELECT * EXCLUDE (lifted) FROM (
    FROM hold QUALIFY row_number() OVER (PARTITION BY snapshot ORDER BY said_at DESC, lifted, reason, said_by) = 1)
WHERE NOT lifted;

CREATE OR REPLACE VIEW scans AS
SELECT k.scan_id, k.zone, k.url, k.kind, k.depth, k.scope, k.started_at, e.finished_at,
       CASE WHEN e.scan_key IS NULL THEN 'unfinished' WHEN e.complete THEN 'complete' ELSE 'incomplete' END AS state,
       coalesce(e.complete, false) AS complete, coalesce(e.suspect, false) AS suspect,
       e.counts, e.error_kind, e.error_message, e.error_hint, k.tool_version, k.basis, k.scan_key,
       e.requests, k.endpoint, k.identity, k.run_by
FROM scan k LEFT JOIN scan_end e USING (scan_key);

COMMENT ON COLUMN scan.run_by IS 'user@host';
COMMENT ON COLUMN scan.endpoint IS 'host and port that were asked; null for a folder';
COMMENT ON COLUMN scan.identity IS 'who the store was asked as: an access key id, an account, a user; never a secret';
COMMENT ON COLUMN scan_end.requests IS 'how many requests were sent to the store; null where they cannot be counted';
COMMENT ON TABLE hold IS 'one row whenever a snapshot was put on hold, or that was taken back';
COMMENT ON TABLE control_test IS 'one row for each way in which a scratch copy of a snapshot was damaged to see that it is noticed';
COMMENT ON COLUMN control_test.damage IS 'what was done to the copy';
COMMENT ON COLUMN control_test.expected IS 'the code of the finding that had to come';
COMMENT ON COLUMN control_test.found IS 'the codes that came';
COMMENT ON TABLE signing_key IS 'one row whenever a key came into use; follows is the key before it';
COMMENT ON TABLE own_ledger IS 'the ledger that this catalog writes; others in it were taken in with segments';
COMMENT ON TABLE ledger_entry IS 'one row for each entry of a ledger; body is its canonical JSON, which the other columns repeat, leaf its hash in the tree';
COMMENT ON TABLE ledger_head IS 'how far this catalog''s ledger has grown, with the hashes it grows on from';
COMMENT ON TABLE checkpoint IS 'one row for each checkpoint of a ledger: its note, signed where there was a key';
COMMENT ON VIEW holds IS 'the snapshots that are on hold';
COMMENT ON VIEW scans IS 'every look at a zone; state is complete, incomplete or unfinished';
