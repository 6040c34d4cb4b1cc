"""A plan of a restore in the formats of the tools that load or copy its files; what is planned is not its business."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from catalog.restores.lists import azcopy_list, paths, rclone_list
from catalog.restores.loads import snowflake_sql, spark_script
from catalog.restores.plan import RestorePlan
from catalog.restores.sql import duckdb_sql
from catalog.restores.texts import Written


class Format(StrEnum):
    """How a plan is written."""

    TABLE = "table"
    JSON = "json"
    PATHS = "paths"
    SQL = "sql"
    SPARK = "spark"
    SNOWFLAKE = "snowflake"
    RCLONE = "rclone"
    AZCOPY = "azcopy"


_WRITERS: Mapping[Format, Callable[[RestorePlan], Written]] = {
    Format.PATHS: paths,
    Format.SPARK: spark_script,
    Format.SNOWFLAKE: snowflake_sql,
    Format.RCLONE: rclone_list,
    Format.AZCOPY: azcopy_list,
}


def written(plan: RestorePlan, form: Format, keys: Sequence[str] = (), order_by: str | None = None) -> Written:
    """Return the plan as text for a tool, with notes for a person; `keys` and `order_by` are those of SQL.

    Tables and documents are no texts for tools: a KeyError.
    """
    return duckdb_sql(plan, keys, order_by) if form is Format.SQL else _WRITERS[form](plan)
