"""What `restore plan` and `restore run` are both asked: the options; what answers them is not here."""

from __future__ import annotations

import typer

DATASET = typer.Argument(metavar="DATASET", help="Id, ZONE/ID or name.")
AS_OF = typer.Option("--as-of", metavar="TIME", help="The moment to go back to (default: now).")
DEPTH = typer.Option("--depth", help="How hard a snapshot was looked at, at least, to count.")
REASON = typer.Option("--reason", metavar="TEXT", help="Why the gaps are accepted; recorded with them.")
