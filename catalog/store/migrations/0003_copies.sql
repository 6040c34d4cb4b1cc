-- Copies of snapshots at other places: one row whenever one was tried to its end. `source` and `target` are snapshot ids.

CREATE TABLE copies (
    source VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    target_url VARCHAR NOT NULL,
    complete BOOLEAN NOT NULL,
    files INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    copied INTEGER NOT NULL,
    already_there INTEGER NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    seconds DOUBLE NOT NULL,
    tool_version VARCHAR NOT NULL);

COMMENT ON TABLE copies IS 'one row whenever a snapshot was copied to another place, or that was tried';
COMMENT ON COLUMN copies.complete IS 'every file is there, read back, and has the bytes of the original';
COMMENT ON COLUMN copies.target_url IS 'of the zone the copy is in';
COMMENT ON COLUMN copies.already_there IS 'files that were there with the same bytes, and were not sent';
