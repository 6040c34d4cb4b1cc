"""A plan as SQL for DuckDB: all its rows, or the last row of each key; runs nothing.

Manifests are left out: they hold no rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from catalog.restores.plan import PlannedFile, RestorePlan
from catalog.restores.texts import Written, azure_parts, cannot_read, data_files, head, place
from verifier.errors import UsageError

_GLOB = re.compile(r"[*?\[]")
_PARQUET = "union_by_name=true, hive_partitioning=false"
_JSON = (
    "format='newline_delimited', union_by_name=true, hive_partitioning=false, sample_size=-1, "
    "maximum_object_size=67108864"
)
_NEEDS = {
    "s3": "INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE s3, PROVIDER credential_chain)",
    "gs": "INSTALL httpfs; LOAD httpfs; CREATE SECRET (TYPE gcs, KEY_ID '…', SECRET '…')",
    "abfss": "INSTALL azure; LOAD azure; CREATE SECRET (TYPE azure, PROVIDER credential_chain, ACCOUNT_NAME '…')",
}


def duckdb_sql(plan: RestorePlan, keys: Sequence[str] = (), order_by: str | None = None) -> Written:
    """Return one SELECT of all rows, or with keys of the last row of each: by export time, then by a column.

    A key with dots is a field within structs. Rows without a key are all kept. Raises `UsageError` where DuckDB cannot
    read a file.
    """
    lines = list(head(plan, "--"))
    data = [f for f in plan.files if f.kind.is_data]
    if not data:
        return Written("".join(f"{line}\n" for line in [*lines, "-- no data files"]))
    lines += [f"-- first: {_NEEDS[s]}" for s in sorted({place(f.root)[0] for f in data}) if s in _NEEDS]
    lines += _last_rows(plan, data, keys, order_by) if keys else [*_reads(plan, "")]
    return Written("".join(f"{line}\n" for line in [*lines[:-1], f"{lines[-1]};"]))


def _reads(plan: RestorePlan, more: str) -> Iterator[str]:
    """Yield a read of all Parquet files, one of all JSON files, or both together."""
    parquet, json = (data_files(plan, parquet=is_so) for is_so in (True, False))
    if parquet:
        yield from _read("read_parquet", parquet, _PARQUET + more)
    if parquet and json:
        yield "UNION ALL BY NAME"
    if json:
        yield from _read("read_json", json, _JSON + more)


def _read(function: str, files: Iterable[PlannedFile], options: str) -> Iterator[str]:
    yield f"SELECT * FROM {function}(["
    listed = [f"    {text(_pattern(f.url))}" for f in files]
    yield from [f"{line}," for line in listed[:-1]]
    yield listed[-1]
    yield f"  ], {options})"


def _last_rows(
    plan: RestorePlan, data: Sequence[PlannedFile], keys: Sequence[str], order_by: str | None
) -> Iterator[str]:
    columns = [f"r.{_name(key)}" for key in keys]
    last = ["r.landproof_export_at DESC", *([f"r.{_name(order_by)} DESC NULLS LAST"] if order_by else [])]
    no_key = " AND ".join(f"{column} IS NULL" for column in columns)
    yield "WITH landproof_files(landproof_file, export_at) AS (VALUES"
    told = [f"    ({text(_path(f.url))}, TIMESTAMP '{f.snapshot.export_at:%Y-%m-%d %H:%M:%S}')" for f in data]
    yield from [f"{line}," for line in told[:-1]]
    yield told[-1]
    yield "), landproof_rows AS ("
    yield from _reads(plan, ", filename='landproof_file'")
    yield "), landproof_dated AS ("
    yield "  SELECT r.*, coalesce(f.export_at, error('a file is not in the plan')) AS landproof_export_at"
    yield "  FROM landproof_rows AS r LEFT JOIN landproof_files AS f USING (landproof_file)"
    yield ")"
    yield "-- rows without a key are all kept"
    yield "SELECT r.* EXCLUDE (landproof_file, landproof_export_at) FROM landproof_dated AS r"
    yield f"QUALIFY ({no_key}) OR row_number() OVER ("
    yield f"    PARTITION BY {', '.join(columns)} ORDER BY {', '.join(last)}, r.landproof_file DESC) = 1"


def _path(url: str) -> str:
    """Return a file's place as DuckDB writes it."""
    scheme, rest = place(url)
    if scheme == "file":
        return rest
    if scheme == "abfss":
        container, host, path = azure_parts(url)
        return f"abfss://{host}/{container}{path}"
    if scheme not in ("s3", "gs"):
        raise cannot_read("DuckDB", url)
    return url


def _pattern(url: str) -> str:
    """Return a place so that DuckDB, which takes it for a pattern, finds that file alone."""
    path = _path(url)
    if not _GLOB.search(path):
        return path
    if "\\" in path:
        hint = "copy it elsewhere under another name"
        raise UsageError(f"DuckDB cannot read a file whose name has a backslash beside *, ? or [: {url}", hint=hint)
    return _GLOB.sub(lambda match: f"[{match[0]}]", path)


def text(value: str) -> str:
    """Return a text as a literal of standard SQL."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _name(path: str) -> str:
    """Return a column, or with dots a field within structs, as an identifier."""
    if not path or "" in path.split("."):
        raise UsageError(f"expected the name of a column, or COLUMN.FIELD, got {path!r}")
    return ".".join('"' + part.replace('"', '""') + '"' for part in path.split("."))
