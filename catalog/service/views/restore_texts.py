"""A plan as texts to copy: for the tools that load or copy, and as commands; which files it has is not decided here."""

from __future__ import annotations

import shlex
from datetime import datetime, time

from catalog.answers import Document, moment
from catalog.judging.chain_values import ChainState
from catalog.restores.formats import Format, written
from catalog.restores.plan import RestorePlan
from verifier.errors import UsageError

TEXTS = (Format.PATHS, Format.SQL, Format.SPARK, Format.SNOWFLAKE, Format.RCLONE, Format.AZCOPY)
_TARGET = "FOLDER"


def texts_object(plan: RestorePlan, *, is_whole: bool) -> list[Document]:
    """Return the plan in each format: its text and notes, or why there is none.

    A part of a plan looks like a whole one: where not all files are known here there are no texts, only the formats.
    """
    if not plan.chain.members:
        return []
    return [_text(plan, form) if is_whole else {"format": form.value, "text": None, "notes": [], "trouble": None}
            for form in TEXTS]  # fmt: skip


def _text(plan: RestorePlan, form: Format) -> Document:
    document: Document = {"format": form.value, "text": None, "notes": [], "trouble": None}
    try:
        found = written(plan, form)
    except UsageError as error:
        return document | {"trouble": {"message": error.message, "hint": error.hint}}
    return document | {"text": found.text, "notes": list(found.notes)}


def commands_object(plan: RestorePlan, known_at: datetime | None) -> Document:
    """Return the commands of a restore: to run it, to prove it, to load it, to try it.

    `run` is the one to run: to the last moment without a gap, unless gaps are accepted; null where nothing can be.
    """
    wish, chain = plan.wish, plan.chain
    dataset = f"{wish.zone}/{wish.dataset_id}"
    is_cut = chain.state is ChainState.GAP and not wish.accepts_gaps
    reaches = chain.recovers_to if is_cut and chain.recovers_to is not None else wish.as_of
    then = ["--as-of", _spelled(reaches), *(["--depth", wish.depth.value] if wish.depth.value != "full" else [])]
    gaps = ["--accept-gaps"] if wish.accepts_gaps else []
    reason = ["--reason", "WHY"] if wish.accepts_gaps else []
    is_possible = bool(chain.members) and known_at is None
    return {
        "run": _command("restore", "run", dataset, *then, "--to", _TARGET, *gaps, *reason) if is_possible else None,
        "check": f"(cd {_TARGET} && sha256sum -c --quiet SHA256SUMS)" if is_possible else None,
        "load": _command("restore", "plan", dataset, *then, *gaps, "--format", "sql", "--at", _TARGET) + " > load.sql"
        if is_possible
        else None,
        "drill": _command("drill", dataset, *then, *gaps) if is_possible else None,
    }


def _spelled(at: datetime) -> str:
    """Write a moment as the command reads it: the end of a day is its date."""
    return at.date().isoformat() if at.time() == time.max else moment(at) or ""


def _command(*words: str) -> str:
    return shlex.join(["landproof", *words])
