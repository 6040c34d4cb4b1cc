"""What every table of the settings shares, and the table of an export that is to be set up at Adobe; sends nothing.

What its login takes stays a reference until it is sent: who only scans needs no credentials for writing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

from catalog.settings.values import EveryText, Moment, Secret, Template
from verifier.backends.references import Reference

Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]
Held = str | int | Secret | Reference
"""A value of a login: as it is, hidden, or what stands for it."""

SECRET_PARAMS = frozenset(
    {
        "s3AccessKey",
        "s3SecretKey",
        "connectionString",
        "servicePrincipalKey",
        "accessKeyId",
        "secretAccessKey",
        "password",
        "sshKey",
    }
)
"""What of Adobe's logins is shown nowhere."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?")
_Place = tuple[str | int, ...]


class Table(BaseModel):
    """What all tables share: frozen, no unknown keys, no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("expected at most 64 letters, digits, spaces, dots, dashes or underscores, no space at an end")
    return value


def _held(value: object) -> Held:
    if isinstance(value, bool) or not isinstance(value, str | int | Secret | Reference):
        raise ValueError("expected a text or a whole number, got a value of another type, which is not shown")
    return value


class ExportTable(Table):
    """A dataflow that Adobe is to have: where to and with which login, which datasets, how written and when."""

    name: Annotated[str, AfterValidator(_name)]
    kind: Literal["s3", "azure-blob", "adls-gen2", "gcs", "sftp", "data-landing-zone"]
    connection: dict[str, Annotated[Held, PlainValidator(_held)]] = {}
    encryption_key: Annotated[Held, PlainValidator(_held)] | None = None
    bucket: Text | None = None
    container: Text | None = None
    path: Text | None = None
    remote_path: Text | None = None
    datasets: Texts
    format: Literal["parquet", "json"] = "parquet"
    compressed: bool = True
    manifest: bool | None = None
    template: Template | None = None
    mode: Literal["full-then-incremental", "full"] = "full-then-incremental"
    every: EveryText | None = None
    starts_at: Moment
    ends_at: Moment | None = None


def _apart(exports: tuple[ExportTable, ...]) -> tuple[ExportTable, ...]:
    names = [export.name for export in exports]
    if several := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"expected exports with names of their own, got {several[0]!r} more than once")
    return exports


Exports = Annotated[tuple[ExportTable, ...], Field(strict=False), AfterValidator(_apart)]


def hold_back(
    adobe: dict[str, object],
    referred: Callable[[str, _Place], Reference | None],
    warn: Callable[[str, _Place], None],
) -> None:
    """Put references and hidden values in place of the texts in the logins of all exports."""
    exports = adobe.get("exports")
    for at, export in enumerate(exports if isinstance(exports, list) else ()):
        if not isinstance(export, dict):
            continue
        place: _Place = ("adobe", "exports", at)
        if isinstance(key := export.get("encryption_key"), str):
            export["encryption_key"] = referred(key, (*place, "encryption_key")) or key
        login = export.get("connection")
        if not isinstance(login, dict):
            continue
        for name, value in login.items():
            keys = (*place, "connection", name)
            if not isinstance(value, str):
                continue
            reference = referred(value, keys)
            if reference is None and name in SECRET_PARAMS:
                warn(value, keys)
            login[name] = reference or (Secret(value) if name in SECRET_PARAMS else value)
