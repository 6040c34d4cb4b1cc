"""The tools compared: each reads one file wholly and tells whether it noticed anything; one process runs them all."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache, partial
from pathlib import Path
from typing import Any

from verifier.backends.registry import open_backend
from verifier.backends.urls import parse_location
from verifier.changes import judge_change, next_known
from verifier.findings import Level
from verifier.formats.base import Limits
from verifier.model import Depth, FileReport
from verifier.verify import verify_file

OURS = "landproof full"
SEEN = "landproof, seen before"
_NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Answer(Enum):
    """What came of one tool's look at one damaged file; `OTHER` is other data than was written, without a word."""

    NOTICED = auto()
    OTHER = auto()
    SAME = auto()
    CRASHED = auto()
    HUNG = auto()

    @property
    def is_notice(self) -> bool:
        """True when whoever ran the tool would know that something is wrong."""
        return self not in (Answer.OTHER, Answer.SAME)


class UnsoundError(Exception):
    """A tool finds fault with the sound file: its answers about damaged ones would mean nothing."""


def tools_of(sound: Path) -> tuple[str, ...]:
    """Name the tools that read files of this kind, ours first."""
    return (*_OURS, *_peers(sound))


def look(tool: str, path: Path, sound: Path) -> Answer:
    """Let a tool look at a damaged copy of a sound file. Raises UnsoundError, or ends the process as the tool does."""
    if tool in _OURS:
        return _look_ourselves(tool, path, sound)
    try:
        expected = _sound(tool, sound)
    except Exception as error:
        raise UnsoundError(f"{tool} cannot read the sound file {sound.name}: {error}") from error
    try:
        return Answer.SAME if _peers(sound)[tool](path).equals(expected) else Answer.OTHER
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # a panic of Polars is no Exception
        return Answer.NOTICED


@cache
def _sound(tool: str, sound: Path) -> Any:
    return _peers(sound)[tool](sound)


def _report(path: Path, depth: Depth) -> FileReport:
    backend = open_backend(parse_location(str(path.parent)))
    try:
        listed = backend.stat(path.name)
        assert listed is not None
        return verify_file(backend, listed, depth, Limits())
    finally:
        backend.close()


def unchecked_bytes(path: Path) -> int | None:
    """Return how many bytes of a file our report says no checksum covers."""
    return _report(path, Depth.FULL).content.facts.get("unchecked_bytes")


@cache
def _sound_report(sound: Path) -> FileReport:
    report = _report(sound, Depth.FULL)
    if any(found.level is Level.ERROR for found in report.content.findings):
        raise UnsoundError(f"landproof finds errors in the sound file {sound.name}")
    return report


def _look_ourselves(tool: str, path: Path, sound: Path) -> Answer:
    known = next_known(None, _sound_report(sound), _NOW, settled=True)
    report = _report(path, _OURS[tool])
    findings = list(report.content.findings)
    if tool == SEEN and (changed := judge_change(known, report)):
        findings.append(changed)
    return Answer.NOTICED if any(found.level is Level.ERROR for found in findings) else Answer.SAME


_OURS = {
    "landproof list": Depth.LIST,
    "landproof structure": Depth.STRUCTURE,
    OURS: Depth.FULL,
    SEEN: Depth.FULL,
}


def _duckdb(query: str, path: Path) -> Any:
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        return connection.sql(query, params=[str(path)]).to_arrow_table()


def _polars(path: Path) -> Any:
    import polars

    if path.suffix == ".parquet":
        return polars.read_parquet(path, use_statistics=False)
    return polars.read_ndjson(path, infer_schema_length=None)


def _pyarrow(path: Path, *, checked: bool = False) -> Any:
    import pyarrow.json
    import pyarrow.parquet

    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path, page_checksum_verification=checked)
    with pyarrow.CompressedInputStream(path.open("rb"), "gzip") as stream:
        return pyarrow.json.read_json(io.BytesIO(stream.read()))


def _gzip(path: Path) -> Any:
    """Expand with gzip, which judges as `gzip -t` does."""
    import pyarrow

    return pyarrow.py_buffer(subprocess.run(["gzip", "-dc", path], check=True, capture_output=True).stdout)


def _peers(sound: Path) -> Mapping[str, Callable[[Path], Any]]:
    return _PARQUET if sound.suffix == ".parquet" else _NDJSON


_PARQUET: Mapping[str, Callable[[Path], Any]] = {
    "DuckDB": partial(_duckdb, "SELECT * FROM read_parquet(?)"),
    "Polars": _polars,
    "pyarrow": _pyarrow,
    "pyarrow, checksums on": partial(_pyarrow, checked=True),
}
_NDJSON: Mapping[str, Callable[[Path], Any]] = {
    "DuckDB": partial(_duckdb, "SELECT * FROM read_json(?, format = 'newline_delimited')"),
    "Polars": _polars,
    "pyarrow": _pyarrow,
    "gzip -t": _gzip,
}
