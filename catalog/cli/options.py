"""The options that many commands share, and how their texts become values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from verifier.errors import UsageError
from verifier.layout import parse_export_time
from verifier.model import SnapshotId

_CONFIG = "Settings (default: LANDPROOF_CONFIG, or landproof.toml here)."
_CATALOG = "Catalog (default: the settings', or landproof.duckdb here)."
_DATASET = "Only this dataset: id, ZONE/ID or name."
_REVERIFY = "Read again what has not changed: all, sample:PCT, older-than:DAYS or budget:BYTES."
_EXCERPT = "Show a short, escaped piece of a file where a finding stands; it is kept nowhere."

_AS_KNOWN_AT = "Answer with what was recorded by this moment (default: with all that is known today)."

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=_CONFIG)]
CatalogPath = Annotated[Path | None, typer.Option("--catalog", metavar="FILE", help=_CATALOG)]
Json = Annotated[bool, typer.Option("--json", help="Print the document as JSON.")]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Earliest export time, included.")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Latest export time, included.")]
Zone = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="Only this zone.")]
Dataset = Annotated[str | None, typer.Option("--dataset", metavar="DATASET", help=_DATASET)]
Offset = Annotated[int, typer.Option("--offset", metavar="N", min=0, max=10**9, help="Leave out so many of the first.")]
AsKnownAt = Annotated[str | None, typer.Option("--as-known-at", metavar="TIME", help=_AS_KNOWN_AT)]
Reverify = Annotated[str | None, typer.Option("--reverify", metavar="HOW", help=_REVERIFY)]
WantsExcerpt = Annotated[bool, typer.Option("--excerpt", help=_EXCERPT)]
FailOn = Annotated[str, typer.Option("--fail-on", metavar="LEVEL", help="warn, or error: warnings alone exit with 0.")]


def parse_moment(text: str, option: str, *, is_end: bool = False) -> datetime:
    """Read a moment: RFC 3339, a date (its start, or as an end its last microsecond), or an export time's digits; UTC.

    Raises `UsageError` that names the option.
    """
    digits = parse_export_time(text)
    if digits:
        return digits
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time.max if is_end else time.min, UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        hint = "write 2026-09-20, 2026-09-20T01:00:00Z or 202609200100"
        raise UsageError(f"{option}: expected a time, got {text!r}", hint=hint) from None


def parse_known_at(text: str | None) -> datetime | None:
    """Read `--as-known-at`; raises `UsageError` for the future, of which nothing is known."""
    if text is None:
        return None
    from catalog.workflow import utc_now  # loaded here: most look-ups do without it

    moment = parse_moment(text, "--as-known-at")
    if moment > utc_now():
        raise UsageError(f"--as-known-at {text} is in the future, of which nothing is known")
    return moment


def parse_period(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Read `--from` and `--to`; raises `UsageError` where the end is before the start."""
    first = parse_moment(start, "--from") if start else None
    last = parse_moment(end, "--to", is_end=True) if end else None
    if first and last and last < first:
        raise UsageError(f"--to {end} is before --from {start}")
    return first, last


def refuse_excerpt(*, wanted: bool, in_document: bool) -> None:
    """Keep what is inside a file out of documents: raises `UsageError` where both were asked for."""
    if wanted and in_document:
        raise UsageError(
            "--excerpt shows what is inside a file, which no document does", hint="leave out --json and --jsonl"
        )


def parse_fail_on(text: str) -> bool:
    """Tell whether warnings alone are to be failures."""
    if text not in ("warn", "error"):
        raise UsageError(f"--fail-on: expected warn or error, got {text!r}")
    return text == "warn"


def parse_snapshot_id(text: str) -> SnapshotId:
    """Read `ZONE/DATASET_ID/EXPORT_TIME`; raises `UsageError` for anything else."""
    parts = text.split("/")
    if len(parts) != 3 or not all(parts) or parse_export_time(parts[2]) is None:
        hint = "snapshots are named ZONE/DATASET_ID/EXPORT_TIME, as landproof snapshots lists them"
        raise UsageError(f"expected the id of a snapshot, got {text!r}", hint=hint)
    return SnapshotId(*parts)
