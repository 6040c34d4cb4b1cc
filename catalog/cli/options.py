"""The options that many commands share, and how their texts become values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier.errors import UsageError

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
