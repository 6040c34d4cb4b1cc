"""`landproof demo`: build a small landing zone, run the nightly job on it, say what to try next."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from catalog.cli.nightly import watch_night
from catalog.cli.nightly_text import night_text
from catalog.cli.options import Json
from catalog.cli.render import text_of
from catalog.cli.sealed import sealed
from catalog.cli.session import open_session
from catalog.workflow import utc_now
from verifier.errors import UsageError

_FOLDER = typer.Argument(metavar="DIR", help="An empty or new folder; a demo that is there is built anew.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(*, folder: Annotated[Path, _FOLDER] = Path("demo"), wants_json: Json = False) -> int:
    """Build a small demo zone and run the nightly job on it.

    Four datasets over five weeks, with a missing, a late, an incomplete, a corrupt and a doubled export planted.
    """
    from catalog.demo import build_demo

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, expected a folder")
    settings = build_demo(folder, utc_now())
    # Named, so that no setting of the environment leads to another catalog.
    session = open_session(settings, folder / "landproof.duckdb", wants_json=wants_json)
    document, _ = watch_night(session)
    sealed(session, 0)
    text = "" if wants_json else night_text(document) + _next_steps(folder, document["scan"]["snapshots"])
    session.answer(document | {"schema": "landproof/demo/1"}, text)
    return 0


def _next_steps(folder: Path, snapshots: Iterable[dict[str, object]]) -> str:
    bad = next((s["id"] for s in snapshots if s["verdict"] == "corrupt"), next(iter(snapshots))["id"])
    place = shlex.quote(str(folder))
    config = f"--config {place}/landproof.toml"
    return text_of(
        "",
        f"The demo is in {folder}: {folder}/zone is the landing zone, {folder}/landproof.toml its settings. Try next:",
        "",
        f"  landproof serve {config}",
        f"  landproof show {bad} {config}",
        f"  landproof snapshots --latest-good {config}",
        f"  landproof check {config}",
        f"  landproof scan {place}/zone --catalog {place}/other.duckdb",
        f'  landproof sql "SELECT code, count(*) AS found FROM findings GROUP BY ALL ORDER BY 2 DESC" {config}',
        "",
        "Then cut a file in half, or delete one, and run: landproof nightly " + config,
    )
