"""The parsers of what people write, or name their files: URLs, templates, settings, schedules, questions in SQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from fuzz.mutations import mutated
from fuzz.targets import Target, as_text

from catalog.scans.reverify import parse_reverify
from catalog.schedule import parse_cron, parse_duration, parse_every, parse_moment
from catalog.settings.loading import load_settings
from catalog.store.database import Catalog
from catalog.store.sql import SqlLimits, run_sql
from verifier.backends.urls import join, last_segment, parse_location, relative_to
from verifier.errors import SettingsError, UsageError
from verifier.layout import (
    compile_layout,
    is_dataset_id,
    kind_by_name,
    parse_export_time,
    parse_manifest_name,
    parse_part_name,
)
from verifier.model import Depth

_SETTINGS = b"""
[catalog]
path = "landproof.duckdb"
[limits]
line_bytes = "64MiB"
[levels]
"layout.stray-file" = "info"
[zones.cja]
url = "s3://acme-backup/exports"
template = "{DATASET_ID}/{EXPORT_TIME}"
ignore = ["audience_*/**"]
lifetime_days = 7
[zones.cja.options]
key = "${KEY}"
[[datasets]]
zone = "cja"
id = "64e0c0ffee0123456789abcd"
every = "24h"
starts_at = "2026-01-01T01:00:00Z"
grace = "3h"
mode = "full"
"""
_URLS = [
    b"s3://bucket/pre%20fix/x",
    b"abfss://box@acme.dfs.core.windows.net/a/b",
    b"sftp://me:22@host.example:2222/home/../x",
    b"https://acme.blob.core.windows.net/box/a?sv=2024&sig=abc%3D",
    b"gs://bucket/a//b",
    b"file:///a%ff/b",
    b"~/x/../y",
    b"az://box@acme/x",
    b"sftp://u@[::1]:22/~/x",
]
_TEMPLATES = [
    b"{DATASET_ID}/{EXPORT_TIME}",
    b"%DATASET_NAME%/x-{DATETIME(YYYYMMdd_HHmmss)}",
    b"a/{DESTINATION}/{DATASET_ID}/{EXPORT_TIME}",
]
_PATHS = [
    b"64e0c0ffee0123456789abcd/exportTime=20261101010000/part-00003-tid-12-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-4-1-c000.gz.parquet",
    b"manifest-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9-0b8c5520-9999-4cff-bdf5-1f32c8c47cb9.json",
    b"exportTime=202611010100",
    b"202611010100",
    b"x.json.gz.gpg",
]
_SQL = [
    b"SELECT * FROM snapshots WHERE verdict = 'good' LIMIT 3",
    b"WITH a AS (SELECT 1 AS x) SELECT sum(x) FROM a",
    b"SHOW TABLES",
    b"SELECT * FROM read_csv('x.csv')",
    b"COPY snapshots TO 'x'",
    b"SELECT 1; DROP TABLE snapshots",
    b"FROM range(5)",
]
_WORDS = [
    b"%25",
    b"{EXPORT_TIME}",
    b"exportTime=",
    b"sv=",
    b"sig=",
    b"(",
    b")",
    b"--",
    b"/*",
    b"read_text(",
    b"ATTACH ",
    b";",
]


def _url(data: bytes) -> None:
    text = as_text(data)
    for kind in (None, "sftp", "azure-blob", "s3"):
        with suppress(UsageError):
            url = parse_location(text, {}, kind).url
            last_segment(url)
            relative_to(join(url, "a/b"), url)


def _path(data: bytes) -> None:
    text = as_text(data)
    for template in _TEMPLATES:
        compile_layout(template.decode(), above="some/where").place(text)
    for parse in (parse_export_time, parse_part_name, parse_manifest_name, kind_by_name, is_dataset_id):
        parse(text)


def _settings(data: bytes) -> object:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "landproof.toml")
        path.write_bytes(data)
        return load_settings(path, {"KEY": "x", "LANDPROOF_ZONES__CJA__SETTLE_MINUTES": as_text(data[:9])})


def _schedule(data: bytes) -> None:
    text = as_text(data)
    for parse in (parse_cron, parse_every, parse_duration, parse_moment):
        with suppress(ValueError):
            parse(text)


def _reverify(data: bytes) -> None:
    for depth in Depth:
        with suppress(UsageError):
            parse_reverify(as_text(data), depth)


@cache
def _catalog() -> Catalog:
    folder = tempfile.mkdtemp(prefix="landproof-fuzz-")
    catalog = Catalog(Path(folder, "landproof.duckdb"))
    with catalog.write():
        pass
    return catalog


def _sql(data: bytes) -> object:
    catalog = _catalog()
    before = sorted(path.name for path in catalog.path.parent.iterdir())
    try:
        return run_sql(catalog, as_text(data), SqlLimits(seconds=5, rows=10, memory="64MB", threads=1))
    finally:
        assert sorted(path.name for path in catalog.path.parent.iterdir()) == before


def text_targets() -> Iterator[Target]:
    """Yield the targets."""
    yield Target(name="URL", parse=_url, inputs=mutated(_URLS, _WORDS))
    templates = mutated(_TEMPLATES, _WORDS)
    yield Target(
        name="template",
        parse=lambda data: compile_layout(as_text(data)).place("a/b/c"),
        inputs=templates,
        may_raise=(UsageError,),
    )
    yield Target(name="path and file name", parse=_path, inputs=mutated(_PATHS, _WORDS))
    yield Target(name="settings", parse=_settings, inputs=mutated([_SETTINGS], _WORDS), may_raise=(SettingsError,))
    yield Target(
        name="schedule",
        parse=_schedule,
        inputs=mutated([b"0 1 * * *", b"*/15 0-23/2 1,15 * MON-FRI", b"24h", b"2026-01-01T01:00:00Z"]),
    )
    yield Target(
        name="--reverify", parse=_reverify, inputs=mutated([b"sample:1.5", b"older-than:30", b"budget:10GiB", b"all"])
    )
    yield Target(name="SQL", parse=_sql, inputs=mutated(_SQL, _WORDS), may_raise=(UsageError,), examples=15)
