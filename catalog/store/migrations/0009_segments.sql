-- What was recorded as one, by the path of its segment: what is in here is not taken in again.

CREATE TABLE segment (
    path VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    sha256 VARCHAR,
    records INTEGER NOT NULL,
    written_at TIMESTAMP NOT NULL);

COMMENT ON TABLE segment IS 'one row for each segment whose records are in this catalog';
COMMENT ON COLUMN segment.path IS 'below the folder or URL of the segments';
COMMENT ON COLUMN segment.sha256 IS 'of the file; null where none was written';
