"""A plan as a script for Spark and as statements for Snowflake, which load all its rows; runs nothing.

Manifests are left out: they hold no rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from catalog.restores.plan import PlannedFile, RestorePlan
from catalog.restores.texts import Written, azure_parts, cannot_read, data_files, head, place, root_of

_MOST_FILES = 1000
"""Snowflake takes no longer list of files in one statement."""

_SPARK_GLOB = re.compile(r"[*?\[\]{}\\]")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_WILD = re.compile(r"[*?]")


def spark_script(plan: RestorePlan) -> Written:
    """Return a PySpark script whose `rows` are all rows. Raises `UsageError` where Spark cannot read a file."""
    lines = [*head(plan, "#"), "from pyspark.sql import SparkSession", "", "spark = SparkSession.builder.getOrCreate()"]
    parquet, documents = (data_files(plan, parquet=is_so) for is_so in (True, False))
    reads = []
    if parquet:
        lines += ["parquet_files = [", *_listed(parquet), "]"]
        reads.append('spark.read.option("mergeSchema", "true").parquet(*parquet_files)')
    if documents:
        lines += ["json_files = [", *_listed(documents), "]"]
        reads.append('spark.read.option("mode", "FAILFAST").json(json_files)')
    if not reads:
        return Written("".join(f"{line}\n" for line in [*head(plan, "#"), "# no data files"]))
    lines.append(f"rows = {reads[0]}")
    lines += [f"rows = rows.unionByName({read}, allowMissingColumns=True)" for read in reads[1:]]
    return Written("".join(f"{line}\n" for line in [*lines, "print(rows.count())"]))


def _listed(files: Iterable[PlannedFile]) -> Iterator[str]:
    # JSON's texts are Python's, too.
    yield from (f"    {json.dumps(_spark_path(f.url))}," for f in files)


def _spark_path(url: str) -> str:
    """Return a place as Hadoop writes it: nothing percent-encoded, and what a pattern is made of escaped."""
    scheme, rest = place(url)
    if scheme not in ("file", "s3", "gs", "abfss"):
        raise cannot_read("Spark", url)
    known = {"file": "file", "s3": "s3a"}.get(scheme, scheme)
    return f"{known}://{_SPARK_GLOB.sub(lambda match: chr(92) + match[0], rest)}"


def snowflake_sql(plan: RestorePlan) -> Written:
    """Return statements that load all rows into a table named after the dataset, one for each thousand files.

    Raises `UsageError` where Snowflake cannot read the place, or the files lie at several.
    """
    root, lines = root_of(plan, "Snowflake"), list(head(plan, "--"))
    if not any(f.kind.is_data for f in plan.files):
        return Written("".join(f"{line}\n" for line in [*lines, "-- no data files"]))
    table = f"landproof_{_NOT_A_NAME.sub('_', plan.wish.dataset_id)}"
    lines += _stage(plan, root, table)
    for parquet in (True, False):
        files = data_files(plan, parquet=parquet)
        if files:
            lines += _loads(files, table, "parquet" if parquet else "json")
    return Written("".join(f"{line}\n" for line in lines))


def _stage(plan: RestorePlan, root: str, table: str) -> Iterator[str]:
    """Yield what makes the stage; files of this machine are put into it one by one, in the folders they lie in."""
    scheme, rest = place(root)
    if scheme == "file":
        yield f"CREATE STAGE IF NOT EXISTS {table}_stage;"
        for file in (f for f in plan.files if f.kind.is_data):
            path = place(file.url)[1]
            if _WILD.search(path):
                raise cannot_read("Snowflake, which takes * and ? in a name for a pattern,", file.url)
            folder = file.stored.path.rpartition("/")[0]
            source, target = (_text(one) for one in (f"file://{path}", f"@{table}_stage/{folder}"))
            yield f"PUT {source} {target} AUTO_COMPRESS = FALSE;"
        return
    if scheme == "abfss":
        container, host, path = azure_parts(root)
        url = f"azure://{host.replace('.dfs.', '.blob.')}/{container}{path}"
    elif scheme in ("s3", "gs"):
        url = f"{'gcs' if scheme == 'gs' else scheme}://{rest}"
    else:
        raise cannot_read("Snowflake", root)
    yield "-- replace YOUR_INTEGRATION by the storage integration that may read the place"
    yield f"CREATE STAGE IF NOT EXISTS {table}_stage URL = {_text(f'{url}/')} STORAGE_INTEGRATION = YOUR_INTEGRATION;"


def _loads(files: Sequence[PlannedFile], table: str, kind: str) -> Iterator[str]:
    form, stage = f"{table}_{kind}", f"@{table}_stage"
    # One file of each snapshot shows every column there was; loading adds only a few by itself.
    samples = list({f.snapshot: f.stored.path for f in files}.values())[-_MOST_FILES:]
    yield f"CREATE FILE FORMAT IF NOT EXISTS {form} TYPE = {kind.upper()};"
    yield f"CREATE TABLE IF NOT EXISTS {table} USING TEMPLATE ("
    yield "  SELECT ARRAY_AGG(OBJECT_CONSTRUCT(*)) FROM TABLE(INFER_SCHEMA("
    yield f"    LOCATION => '{stage}', FILE_FORMAT => '{form}', FILES => ("
    yield from _texts(samples)
    yield "    ))));"
    yield f"ALTER TABLE {table} SET ENABLE_SCHEMA_EVOLUTION = TRUE;"
    for start in range(0, len(files), _MOST_FILES):
        batch = files[start : start + _MOST_FILES]
        yield f"COPY INTO {table} FROM {stage} FILES = ("
        yield from _texts([f.stored.path for f in batch])
        yield f"  ) FILE_FORMAT = (FORMAT_NAME = '{form}')"
        yield "  MATCH_BY_COLUMN_NAME = CASE_SENSITIVE ON_ERROR = ABORT_STATEMENT;"


def _texts(values: Sequence[str]) -> Iterator[str]:
    yield from (f"    {_text(value)}," for value in values[:-1])
    yield f"    {_text(values[-1])}"


def _text(value: str) -> str:
    """Return a text as a literal of Snowflake, where a backslash escapes."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{quoted}'"
