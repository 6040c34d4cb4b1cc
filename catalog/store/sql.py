"""One read-only question in the user's own SQL; sees the catalog and nothing else of the machine, changes nothing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from catalog.store.database import OPTIONS, Catalog, Connection
from verifier.errors import UsageError

# Table functions that only compute or describe the catalog. All others are refused: they read files (also the catalog's
# own, whose closing would drop DuckDB's lock), run other SQL, or change settings.
_TABLE_FUNCTIONS = frozenset(
    {"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary"}
    | {"histogram", "histogram_values", "duckdb_columns", "duckdb_constraints", "duckdb_functions", "duckdb_keywords"}
    | {"duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views", "pragma_table_info", "pragma_version"}
    | {"snapshots_as_known_at", "files_as_known_at", "slots_as_known_at"}
)
_REFUSED_FUNCTIONS = frozenset({"write_log", "setval", "nextval", "sleep_ms", "getenv"})
_HINT = "see what there is with: SHOW TABLES, DESCRIBE snapshots"


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """What one question may cost; `rows` is how many are given at most."""

    seconds: float = 30.0
    rows: int = 10_000
    memory: str = "512MB"
    threads: int = 2


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """The names of the columns and the rows, as Python values; `is_cut` where there were more rows than the limit."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def run_sql(catalog: Catalog, statement: str, limits: SqlLimits | None = None) -> SqlAnswer:
    """Return the answer to one SELECT (also WITH, FROM, VALUES, SHOW, DESCRIBE, SUMMARIZE).

    Raises UsageError for anything else, for SQL that is wrong and for a question over the limits. The time limit
    interrupts; a single step that builds huge values may run on past it.
    """
    limits = limits or SqlLimits()
    _examine(statement, in_past=catalog.known_at is not None)
    options = dict(OPTIONS) | {
        "enable_external_access": "false",
        "allow_community_extensions": "false",
        "temp_directory": "",
        "memory_limit": limits.memory,
        "threads": str(limits.threads),
    }
    with catalog.read(options) as connection:
        connection.execute("SET lock_configuration = true")
        with _explained(), _time_limit(connection, limits.seconds):
            result = connection.execute(statement)
            columns = tuple(str(column[0]) for column in result.description or ())
            rows = result.fetchmany(limits.rows + 1)
    return SqlAnswer(columns, rows[: limits.rows], len(rows) > limits.rows)


def _examine(statement: str, *, in_past: bool) -> None:
    """Raise UsageError unless the text is one SELECT that names only what belongs to the catalog, as known then."""
    try:
        statement.encode()
    except UnicodeEncodeError:
        raise UsageError("sql: expected UTF-8, got bytes that are none", hint=_HINT) from None
    with _explained(), duckdb.connect(":memory:", config=dict(OPTIONS)) as parser:
        statements = parser.extract_statements(statement)
        if len(statements) != 1:
            raise UsageError(f"sql: expected one statement, got {len(statements)}", hint=_HINT)
        if statements[0].type is not duckdb.StatementType.SELECT:
            kind = statements[0].type.name.lower()
            raise UsageError(f"sql: expected a SELECT, got a statement of type {kind}", hint=_HINT)
        text = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchall()[0][0]
    tree = json.loads(text)
    if tree.get("error") is not False:
        raise UsageError("sql: expected a SELECT that can be looked through, got another kind of statement", hint=_HINT)
    for node in _nodes(tree):
        _examine_node(node)
        if in_past and node.get("type") == "BASE_TABLE" and (node.get("schema_name") or node.get("catalog_name")):
            raise UsageError("sql: with --as-known-at, expected the names of tables without a schema", hint=_HINT)


def _examine_node(node: dict[str, Any]) -> None:
    kind = node.get("type")
    if kind == "TABLE_FUNCTION":
        for name in _names(node.get("function") or {}):
            if name not in _TABLE_FUNCTIONS:
                raise UsageError(f"sql: the table function {name} is not allowed here", hint=_HINT)
    elif kind == "BASE_TABLE" and re.search(r"[/\\.:*]", str(node.get("table_name", ""))):
        raise UsageError("sql: expected a table or view of the catalog, got what may be the name of a file", hint=_HINT)
    elif node.get("class") == "FUNCTION":
        for name in _names(node):
            if name in _REFUSED_FUNCTIONS:
                raise UsageError(f"sql: the function {name} is not allowed here", hint=_HINT)


def _names(function: dict[str, Any]) -> set[str]:
    """All names that a call goes by in the tree; a call without any is an unknown kind and has the empty one."""
    path = (function.get("qualified_name") or {}).get("path") or [""]
    return {str(function.get("function_name", "")).lower(), str(path[-1]).lower().strip('"')}


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


@contextmanager
def _time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise UsageError(f"sql: took longer than {seconds:g} s", hint="ask for less, or allow more time") from error
    finally:
        timer.cancel()
        timer.join()


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what is wrong with the SQL into a UsageError; damage to the file stays what it is."""
    try:
        yield
    except (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException, duckdb.IOException):
        raise
    except duckdb.OutOfMemoryException as error:
        raise UsageError("sql: needs more memory than one question may have", hint="ask for less at once") from error
    except duckdb.Error as error:
        if "Corrupt database file" in str(error):
            raise
        message, hint = _cleaned(str(error))
        raise UsageError(f"sql: {message}", hint=hint) from error


def _cleaned(text: str) -> tuple[str, str]:
    """DuckDB's message in one line without its class, and what it proposes."""
    head = re.sub(r"^[A-Za-z][A-Za-z ]* Error: ", "", text.strip()).partition("\n\n")[0]
    message, _, proposal = head.partition("\n")
    message = message.strip().rstrip("!.")
    return message[:1].lower() + message[1:], " ".join(proposal.split()) or _HINT
