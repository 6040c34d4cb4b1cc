"""`landproof audit selftest`: arguments, one test of our controls, its document or its words, its exit status."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from catalog.answers import Document
from catalog.cli.options import CatalogPath, Config, Json
from catalog.cli.progress import shown_progress
from catalog.cli.sealed import sealed
from catalog.cli.session import Session, open_session
from catalog.evidence.damages.table import BEYOND, EXPECTED
from catalog.evidence.selftest.answers import selftest_document, selftest_status
from catalog.evidence.selftest.copy import Original, choose, original_of
from catalog.evidence.selftest.run import Means
from catalog.evidence.selftest.run import selftest as test_controls
from catalog.questions.naming import find_contents
from verifier.errors import UsageError

_SNAPSHOT = typer.Argument(
    metavar="SNAPSHOT", help="Its id, or DATASET/latest-good (default: the newest good one of each format)."
)
_DATASET = typer.Option(
    "--dataset", metavar="DATASET", help="The newest good snapshot of this one: id, ZONE/ID or name."
)
_CODE = typer.Option("--code", metavar="CODE", help="Only what is to raise this finding; may be repeated.")
_SCRATCH = typer.Option("--scratch", metavar="DIR", help="Where damaged copies are kept meanwhile (default: TMPDIR).")


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("selftest")(selftest)


def selftest(
    *,
    snapshot: Annotated[str | None, _SNAPSHOT] = None,
    dataset: Annotated[str | None, _DATASET] = None,
    code: Annotated[list[str] | None, _CODE] = None,
    scratch: Annotated[Path | None, _SCRATCH] = None,
    config: Config = None,
    catalog: CatalogPath = None,
    wants_json: Json = False,
) -> int:
    """Damage copies of real snapshots in every known way.

    Each control must notice: one that stays silent is an error. The originals are only read, the copies are private and
    are removed; what came of it is recorded.
    """
    codes = frozenset(code or ())
    if unknown := codes - EXPECTED:
        raise UsageError(f"--code: no damage is to raise {', '.join(sorted(unknown))}", hint=_hint(unknown))
    session = open_session(config, catalog, wants_json=wants_json)
    originals, missing = _chosen(session, snapshot, dataset)
    with shown_progress() as progress:
        means = Means(
            settings=session.settings,
            catalog=session.catalog,
            scratch=(scratch or Path(tempfile.gettempdir())).resolve(),
            progress=progress,
            codes=codes,
        )
        result = test_controls(originals, missing, means)
    document = selftest_document(result)
    session.answer(document, "" if wants_json else _text(document))
    return sealed(session, int(selftest_status(result)))


def _hint(codes: Collection[str]) -> str:
    reasons = [BEYOND[one] for one in sorted(codes) if one in BEYOND]
    return reasons[0] if reasons else f"there are {', '.join(sorted(EXPECTED))}"


def _chosen(session: Session, snapshot: str | None, dataset: str | None) -> tuple[list[Original], list[str]]:
    if snapshot and dataset:
        raise UsageError("audit selftest takes a snapshot or --dataset, not both")
    if snapshot:
        return [original_of(contents) for contents in find_contents(session, snapshot)], []
    found, missing = choose(session.catalog, session.find_dataset(dataset) if dataset else None)
    if not found:
        whose = f" of {dataset}" if dataset else " small enough"
        hint = "scan first, or name one; see them with: landproof snapshots --latest-good"
        raise UsageError(f"no good snapshot{whose} to be tested in catalog {session.catalog.path}", hint=hint)
    return found, missing


def _text(document: Document) -> str:
    counts = document["counts"]
    silent = [one for one in document["controls"] if one["state"] == "silent"]
    lines = []
    for one in silent:
        where = f" in {one['path']}" if one["path"] else ""
        lines.append(f"NOT NOTICED: {one['damage']}{where}")
        lines.append(f"  expected {' or '.join(one['expected'])}, found {', '.join(one['found']) or 'nothing'}")
    for one in document["snapshots"]:
        what = (
            f"could not be tested: {one['reason']}" if one["reason"] else f"{one['files']} files, {one['bytes']} bytes"
        )
        lines.append(f"{one['id']}: {what}")
        lines += [f"  {line}" for line in _controls(document, one["id"])]
    lines += [f"no {name} snapshot could be tested" for name in document["formats_missing"]]
    total = f"{counts['fired']} controls fired, {counts['silent']} did not, {counts['not_tested']} were not tested"
    lines.append(f"{total}; nothing of the originals was changed")
    return "\n".join(lines)


def _controls(document: Document, snapshot: str) -> list[str]:
    """Return a line for each damage, and one for all that were not tested for the same reason."""
    own = [one for one in document["controls"] if one["snapshot"] == snapshot]
    tested = [one for one in own if one["state"] != "not tested"]
    lines = [f"{one['state']:<7} {one['damage']} -> {' or '.join(one['expected'])}" for one in tested]
    reasons: dict[str, list[str]] = {}
    for one in own:
        if one["state"] == "not tested":
            reasons.setdefault(one["reason"], []).append(one["damage"])
    return lines + [f"not tested ({reason}): {_some(names)}" for reason, names in reasons.items()]


def _some(names: list[str]) -> str:
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 3 else ", ".join(names)
