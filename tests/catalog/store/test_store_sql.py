"""SQL of a user's own reads the catalog, reaches nothing else and changes nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from support.recording import begin_scan, record_snapshots

from catalog.store.database import Catalog
from catalog.store.sql import SqlLimits, run_sql
from verifier.errors import CatalogError, UsageError


@pytest.fixture(scope="module")
def filled(tmp_path_factory, samples):
    """One catalog for all questions: none of them changes it."""
    catalog = Catalog(tmp_path_factory.mktemp("asked") / "landproof.duckdb")
    begin_scan(catalog, samples.start())
    record_snapshots(catalog, "scan-1", [samples.change("202611010100")], samples.NOW)
    return catalog


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("SELECT 41 + 1 AS answer", (42,)),
        ("select verdict, files from snapshots;", ("good", 3)),
        ("FROM datasets SELECT dataset_id", ("64e0c0ffee0123456789abcd",)),
        ("WITH n AS (SELECT count(*) AS c FROM files) SELECT c FROM n", (3,)),
        ("VALUES (1, 'a')", (1, "a")),
        ("SELECT export_at FROM snapshots", (datetime(2026, 11, 1, 1, tzinfo=UTC).replace(tzinfo=None),)),
        ("SELECT f.code FROM findings f JOIN snapshots s ON s.id = f.snapshot ORDER BY 1", ("layout.part-gap",)),
        ("SELECT count(*) FROM range(10)", (10,)),
        ("SELECT unnest([1, 2]) -- a remark", (1,)),
        ("SELECT now() IS NOT NULL", (True,)),
        ("SELECT a.table_name FROM duckdb_tables() a ORDER BY 1", ("acceptance",)),
    ],
)
def test_a_question_is_answered(filled, statement, first):
    assert run_sql(filled, statement).rows[0] == first


@pytest.mark.parametrize("statement", ["SHOW TABLES", "DESCRIBE snapshots", "SUMMARIZE files", "TABLE snapshots"])
def test_the_catalog_can_be_explored(filled, statement):
    answer = run_sql(filled, statement)
    assert answer.rows
    assert len(answer.columns) == len(answer.rows[0])


def test_no_more_rows_are_given_than_asked_for(filled):
    answer = run_sql(filled, "SELECT range AS n FROM range(1000)", SqlLimits(rows=10))
    assert (answer.columns, len(answer.rows), answer.is_cut) == (("n",), 10, True)
    assert not run_sql(filled, "SELECT range AS n FROM range(10)", SqlLimits(rows=10)).is_cut


ATTEMPTS = [
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM READ_TEXT('{file}')",
    "SELECT * FROM main.read_text('{file}')",
    'SELECT * FROM "read_text"(\'{file}\')',
    "SELECT * FROM system.main.read_text('{file}')",
    "SELECT (SELECT max(content) FROM read_text('{file}'))",
    "SELECT 1 WHERE EXISTS (FROM read_blob('{file}'))",
    "WITH x AS (FROM read_csv('{file}')) FROM x",
    "WITH x AS MATERIALIZED (FROM read_csv('{file}')) FROM x",
    "FROM read_blob('{catalog}')",
    "FROM read_blob('{catalog}.lock')",
    "FROM read_duckdb('{catalog}')",
    "FROM '{file}'",
    "FROM \"{file}\"",
    "FROM '{catalog}'",
    "FROM glob('/*')",
    "FROM read_json('{file}')",
    "FROM read_parquet('{file}')",
    "FROM parquet_metadata('{file}')",
    "FROM sniff_csv('{file}')",
    "DESCRIBE FROM read_text('{file}')",
    "SUMMARIZE FROM read_text('{file}')",
    "SUMMARIZE '{file}'",
    "FROM query('FROM read_text(''{file}'')')",
    "FROM query_table('{file}')",
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{file}'')'))",
    "SELECT * FROM (VALUES (1)) t(i), LATERAL (SELECT * FROM read_text('{file}'))",
    "SELECT 1 UNION ALL SELECT content FROM read_text('{file}')",
    "SELECT 1 ORDER BY (SELECT content FROM read_text('{file}'))",
    "SELECT list_transform([1], lambda x: (SELECT content FROM read_text('{file}')))",
    "PIVOT (FROM read_text('{file}')) ON filename USING count(*)",
    "SELECT getenv('HOME')",
    "SELECT write_log('x')",
    "FROM duckdb_logs()",
    "FROM enable_logging()",
    "FROM force_checkpoint()",
    "FROM checkpoint()",
    "FROM secret_frame",
    "COPY (SELECT 1) TO '{file}'",
    "COPY (SELECT 1) TO '{catalog}.wal'",
    "COPY snapshot TO '{file}'",
    "COPY snapshot FROM '{file}'",
    "EXPORT DATABASE '{file}.folder'",
    "IMPORT DATABASE '{file}.folder'",
    "ATTACH '{file}.duckdb'",
    "ATTACH ':memory:' AS m",
    "DETACH landproof",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "SET memory_limit = '10GB'",
    "SET enable_external_access = true",
    "RESET ALL",
    "CREATE TABLE x (i INTEGER)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE MACRO x() AS 1",
    "CREATE SECRET s (TYPE s3)",
    "INSERT INTO zone VALUES ('a', 'b', now())",
    "WITH x AS (SELECT 1) INSERT INTO zone SELECT 'a', 'b', now()",
    "UPDATE zone SET url = 'x'",
    "DELETE FROM zone",
    "MERGE INTO zone USING zone z ON true WHEN MATCHED THEN DELETE",
    "DROP TABLE zone",
    "ALTER TABLE zone ADD COLUMN x INTEGER",
    "TRUNCATE zone",
    "VACUUM",
    "ANALYZE",
    "CHECKPOINT",
    "FORCE CHECKPOINT",
    "BEGIN",
    "COMMIT",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "CALL pragma_version()",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE zone",
    "",
    "   ;  ",
    "-- nothing",
    "SELECT ?",
    "SELECT $name",
    "SELEC 1",
    "SELECT * FROM nowhere",
    "SELECT nothing FROM snapshots",
    "SELECT 'a'::INTEGER",
]  # fmt: skip


def everything(folder: Path) -> dict[str, str]:
    return {
        str(p): sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.endswith(".lock")
    }


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_else_is_reached_and_nothing_is_changed(filled, tmp_path, attempt):
    secret_frame = [1]
    file = tmp_path / "secret.csv"
    file.write_text("a,b\ncoffee,tea\n")
    before = everything(tmp_path) | everything(filled.path.parent)
    with pytest.raises(UsageError) as caught:
        run_sql(filled, attempt.format(file=file, catalog=filled.path))

    assert everything(tmp_path) | everything(filled.path.parent) == before
    assert caught.value.message.startswith("sql: ")
    assert "\n" not in caught.value.message
    assert "coffee" not in caught.value.message
    assert secret_frame == [1]


def test_what_is_wrong_is_said_with_what_duckdb_proposes(filled):
    with pytest.raises(UsageError) as caught:
        run_sql(filled, "SELECT * FROM snapshot_s")
    assert "snapshot_s does not exist" in caught.value.message
    assert "Did you mean" in caught.value.hint


def test_a_question_in_bytes_that_are_not_utf8_is_refused(filled):
    with pytest.raises(UsageError, match="UTF-8"):
        run_sql(filled, "SELECT '\udc80'")


def test_a_question_that_takes_too_long_is_interrupted(filled):
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"longer than 0\.3 s"):
        run_sql(
            filled,
            "SELECT sum(a.range * b.range) FROM range(10000000) a, range(1000000) b",
            SqlLimits(seconds=0.3),
        )
    assert time.monotonic() - started < 10


def test_a_question_that_needs_too_much_memory_is_refused(filled):
    with pytest.raises(UsageError, match="memory"):
        run_sql(filled, "SELECT list(range) FROM range(100000000)", SqlLimits(memory="32MB"))


def test_without_a_catalog_there_is_nothing_to_ask(tmp_path):
    with pytest.raises(CatalogError, match="does not exist"):
        run_sql(Catalog(tmp_path / "none.duckdb"), "SELECT 1")
