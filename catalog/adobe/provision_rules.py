"""An export of the settings into what Adobe is sent, refused here where Adobe would refuse it; nothing is asked.

The values of its login are not looked at: they may stay references until they are sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from catalog.adobe.kinds import KINDS
from catalog.adobe.logins import LoginSpec, choose_login
from catalog.adobe.model import DatasetRef, EligibleDataset
from catalog.adobe.provision_values import Wanted
from catalog.adobe.schedules import same_spelling
from catalog.adobe.told import quoted
from catalog.schedule import parse_every
from catalog.settings.exports import ExportTable
from verifier.errors import UsageError

_HOURS = (3, 6, 8, 9, 12)
_PATH = re.compile(r"[0-9a-zA-Z/!\-_.*'()]+")
_ANY = re.compile(r"[^\x00-\x1f]+")
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_OF_GOOGLE = re.compile(r"(?!goog)(?!.*g(?:oo|00)gle)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_CONTAINER = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
PLACES = {
    "s3": {"bucket": ("bucketName", _BUCKET), "path": ("path", _PATH)},
    "azure-blob": {"container": ("container", _CONTAINER), "path": ("path", _PATH)},
    "adls-gen2": {"path": ("path", _ANY)},
    "data-landing-zone": {"path": ("path", _ANY)},
    "gcs": {"bucket": ("bucketName", _BUCKET_OF_GOOGLE), "path": ("path", _PATH)},
    "sftp": {"remote_path": ("remotePath", _ANY)},
}
"""By kind, the keys of the settings for the place with Adobe's name and form of each."""


class _Mistakes:
    """Gathers what is wrong, so that all of it is told at once."""

    def __init__(self, where: str) -> None:
        self.where, self.found = where, list[str]()

    def add(self, key: str, text: str) -> None:
        self.found.append(f"{self.where}.{key}: {text}")

    def refuse(self) -> None:
        if self.found:
            raise UsageError("; ".join(self.found))


def want(export: ExportTable, at: int, eligible: Sequence[EligibleDataset], now: datetime) -> Wanted:
    """Return what Adobe is to have for an export, number `at` of the settings.

    Raises `UsageError` with everything that Adobe would refuse.
    """
    mistakes = _Mistakes(f"adobe.exports[{at}]")
    login: LoginSpec | None = None
    try:
        login = choose_login(export.kind, export.connection)
    except ValueError as error:
        mistakes.add("connection", str(error))
    place = _place(export, mistakes)
    schedule = _schedule(export, now, mistakes)
    datasets = _datasets(export, eligible, mistakes)
    mistakes.refuse()
    return Wanted(
        name=export.name,
        kind=KINDS[export.kind],
        datasets=datasets,
        login=login,
        login_params=export.connection,
        encryption_key=export.encryption_key,
        place=place,
        schedule=schedule,
        warnings=tuple(_warnings(export)),
    )


def _place(export: ExportTable, mistakes: _Mistakes) -> dict[str, object]:
    keys = PLACES[export.kind]
    found: dict[str, object] = {"mode": "Server-to-server"}
    for key in ("bucket", "container", "path", "remote_path"):
        value = getattr(export, key)
        if key not in keys:
            if value is not None:
                mistakes.add(key, f"not for {export.kind}, which takes {' and '.join(keys)}")
            continue
        name, pattern = keys[key]
        if value is None:
            mistakes.add(key, f"required for {export.kind}, but not there")
        elif not pattern.fullmatch(value):
            mistakes.add(key, f"not of the form that Adobe takes, got {quoted(value)}")
        found[name] = value
    found["compression"] = "GZIP" if export.compressed else "NONE"
    found["datasetFileType"] = export.format.upper()
    return found if export.manifest is None else {**found, "includeFileManifest": export.manifest}


def _schedule(export: ExportTable, now: datetime, mistakes: _Mistakes) -> dict[str, object]:
    is_full = export.mode == "full"
    every = export.every or ("once" if is_full else "24h")
    interval = parse_every(every)
    hours = 0 if interval is None else interval.total_seconds() / 3600
    if is_full and hours:
        mistakes.add("every", f'full exports are made once only: expected "once", got {every!r}')
    elif not is_full and hours != 24 and hours not in _HOURS:
        mistakes.add("every", f"expected 3h, 6h, 8h, 9h, 12h or 24h for increments, got {every!r}")
    if export.ends_at is not None and export.ends_at <= max(export.starts_at, now):
        mistakes.add("ends_at", "expected a time to come, and after starts_at")
    found: dict[str, object] = {
        "exportMode": "DAILY_FULL_EXPORT" if is_full else "FIRST_FULL_THEN_INCREMENTAL",
        "timeUnit": "hour" if hours in _HOURS else "day",
        "interval": int(hours) if hours in _HOURS else int(hours // 24),
        "startTime": int(export.starts_at.timestamp()),
    }
    if export.ends_at is not None:
        found["endTime"] = int(export.ends_at.timestamp())
    if export.template is not None:
        found["foldernameTemplate"] = same_spelling(export.template)
        if "EXPORT_TIME" in export.template and "DATETIME(" in export.template:
            mistakes.add("template", "expected EXPORT_TIME or DATETIME, got both")
    return found


def _datasets(export: ExportTable, eligible: Sequence[EligibleDataset], mistakes: _Mistakes) -> tuple[DatasetRef, ...]:
    if not export.datasets:
        mistakes.add("datasets", "expected the ids or names of datasets, got none")
    found: dict[str, DatasetRef] = {}
    for at, text in enumerate(export.datasets):
        matching = [d for d in eligible if d.id == text] or [d for d in eligible if d.name == text]
        if len(matching) == 1:
            found.setdefault(matching[0].id, DatasetRef(matching[0].id, matching[0].name))
            continue
        ids = ", ".join(d.id for d in matching)
        why = f"several datasets go by it: {ids}" if matching else "Adobe lists no such dataset among those to export"
        mistakes.add(f"datasets[{at}]", f"{quoted(text)}: {why}")
    return tuple(found.values())


def _warnings(export: ExportTable) -> Iterator[str]:
    if export.ends_at is None:
        yield "no ends_at: Adobe ends a new dataflow by itself after about six months"
    if export.format == "json" and not export.compressed:
        yield "uncompressed JSON, which Adobe's guardrails rule out: expect .json.gz, or a refusal"
    if export.format == "parquet" and not export.compressed:
        yield "uncompressed Parquet: Adobe fails an export with more than a million records"
    if export.every == "8h":
        yield "every 8 hours is in Adobe's guardrails, but not in its API's reference, which has 9: it may be refused"
    if export.encryption_key is not None and export.kind == "data-landing-zone":
        yield "Adobe's own specification of a Data Landing Zone has no encryption: it may be refused"
    if export.manifest is None:
        yield "no manifest is asked for: with manifest = true, files that are missing show at once"
    if export.template and len(export.datasets) > 1 and "DATASET_" not in export.template:
        yield "a template without DATASET_ID: the files of several datasets mix in one folder"
